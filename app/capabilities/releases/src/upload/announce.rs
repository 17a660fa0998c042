//! The others are told of what came in: frames that could not be read before may be readable now.

use capability::House;
use kernel::{Fact, Result};

use crate::TOPIC;
use crate::store::artifacts::{self, Bundle};

/// A fact is a row that everybody reads: large builds are told in parts.
const IDS_PER_FACT: usize = 500;

/// Writes the fact, then notes that it was written. Between the two a crash may come: then it is told again, which does no harm.
pub fn announce(house: &House, bundle: &Bundle) -> Result<()> {
    if bundle.is_announced {
        return Ok(());
    }
    let id = bundle.id;
    let debug_ids = house.telemetry.read_blocking(|r| artifacts::list_debug_ids(r, id))?;
    let debug_ids: Vec<String> = debug_ids.iter().map(ToString::to_string).collect();
    let (project, release) = (bundle.project, bundle.release.clone());
    house.hermetic.write_blocking(move |tx| {
        let parts: Vec<&[String]> = if debug_ids.is_empty() { vec![&[]] } else { debug_ids.chunks(IDS_PER_FACT).collect() };
        for part in parts {
            work::record(tx, &Fact::ArtifactsAdded { project, debug_ids: part.to_vec(), release: release.clone(), at: tx.now })?;
        }
        tx.signal(TOPIC);
        Ok(())
    })?;
    house.telemetry.write_blocking(move |tx| artifacts::set_announced(tx, id))
}

/// Those that a crash left untold.
pub fn announce_waiting(house: &House) -> Result<()> {
    for bundle in house.telemetry.read_blocking(|r| artifacts::list_unannounced(r, 100))? {
        announce(house, &bundle)?;
    }
    Ok(())
}
