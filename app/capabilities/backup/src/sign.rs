//! Reports are signed with the instance's own key: what was written into the table later, by other hands, does not hold.

use kernel::ids::digest;
use kernel::{Result, Sealer, Secret};

use crate::model::report::Drill;

fn context(drill: &Drill) -> String {
    format!("backup_drills.report:{}:{}:{}", drill.id, drill.file, drill.destination)
}

/// The digest of the report, sealed for this drill alone: only who has the key file can make one that opens.
pub fn sign(sealer: &Sealer, drill: &Drill) -> Result<String> {
    sealer.seal(&context(drill), &Secret::new(signed_text(drill)))
}

pub fn holds(sealer: &Sealer, drill: &Drill) -> bool {
    !drill.signature.is_empty() && sealer.open(&context(drill), &drill.signature).is_ok_and(|sealed| sealed.expose() == signed_text(drill))
}

fn signed_text(drill: &Drill) -> String {
    format!("{} {}", drill.outcome.as_str(), digest(&drill.report))
}
