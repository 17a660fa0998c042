//! How segments become replays.

use capability::Cx;
use capability::digest::{Change, Digest};
use ingest::{Item, Kind};
use kernel::Result;

pub struct Replays;

/// Names the cursor.
pub const NAME: &str = "replay";

impl Digest for Replays {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::ReplayEvent, Kind::ReplayRecording, Kind::ReplayVideo]
    }

    fn digest(&self, _cx: &Cx, _items: &[Item]) -> Result<Change> {
        Ok(Box::new(|_| Ok(())))
    }
}
