//! Check-ins that the digest wrote down: judged here, in their order, each once.

use kernel::Result;
use kernel::ids::MonitorId;
use std::sync::atomic::{AtomicI64, Ordering};

use super::Desk;
use crate::model::heartbeat::{Beat, take_in};
use crate::store;

/// Beats that are read at once.
const BATCH: u32 = 1_000;

/// The newest item whose beat was judged or passed on.
#[derive(Default)]
pub struct Place(AtomicI64);

impl Desk {
    /// Judges what was written since it was last called. A monitor that is not in the book yet is loaded first: it then remembers
    /// what it has heard.
    pub async fn take_check_ins(&self) -> Result<()> {
        loop {
            let from = self.check_ins.0.load(Ordering::Relaxed);
            let beats = self.cx.read(move |r| store::beats::after_item(r, from, BATCH)).await?;
            let Some((_, last, _)) = beats.last() else { return Ok(()) };
            let last = *last;
            let has_new = {
                let book = self.book();
                beats.iter().any(|(id, _, _)| !book.monitors.contains_key(id))
            };
            if has_new {
                self.reload().await?;
            }
            for (id, item, beat) in &beats {
                self.take_check_in(*id, *item, beat);
            }
            self.check_ins.0.store(last, Ordering::Relaxed);
        }
    }

    fn take_check_in(&self, id: MonitorId, item: i64, beat: &Beat) {
        let check = {
            let mut book = self.book();
            let Some(watched) = book.monitors.get_mut(&id).filter(|watched| watched.beat.item < item) else { return };
            let (state, check) = take_in(&watched.beat, beat);
            watched.beat = state;
            watched.beat.item = item;
            check
        };
        if let Some(check) = check {
            self.conclude(id, check);
        }
    }
}
