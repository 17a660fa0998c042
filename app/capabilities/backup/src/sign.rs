//! Reports are signed with the instance's own key: what was written into the table later, by other hands, does not hold.

use kernel::ids::digest;
use kernel::{Result, Sealer, Secret};

use crate::model::report::Drill;

fn context(drill: &Drill) -> String {
    format!("backup_drills.report:{}:{}:{}", drill.id, drill.file, drill.destination)
}

/// The digest of all that is shown of it, sealed for this drill alone: only who has the key file can make one that opens.
pub fn sign(sealer: &Sealer, drill: &Drill) -> Result<String> {
    sealer.seal(&context(drill), &Secret::new(signed_text(drill)))
}

pub fn holds(sealer: &Sealer, drill: &Drill) -> bool {
    !drill.signature.is_empty() && sealer.open(&context(drill), &drill.signature).is_ok_and(|sealed| sealed.expose() == signed_text(drill))
}

/// All that is shown of a drill, field by field.
fn signed_text(drill: &Drill) -> String {
    let outcome = drill.outcome.as_str();
    let shown = (outcome, &drill.asked_by, drill.asked_at, drill.ended_at, &drill.summary, &drill.report);
    digest(&serde_json::to_string(&shown).unwrap_or_default())
}
