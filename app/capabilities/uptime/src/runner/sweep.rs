//! What changes by the mere passing of time: windows begin and end, beats stay away, parents come back, flapping settles, data
//! goes missing. Once a second over all monitors.

use std::collections::HashMap;
use std::sync::Arc;

use kernel::Time;
use kernel::ids::MonitorId;

use super::{Book, Desk};
use crate::model::heartbeat::{Beat, excused, next_deadline, overdue, take_in};
use crate::model::judge::{Around, attend};
use crate::model::watch::Watch;

pub const EVERY_MS: u64 = 1_000;

impl Desk {
    pub fn sweep(&self) {
        let now = self.cx.now();
        self.look_for_overdue(now);
        let mut book = self.book();
        let arounds = arounds(&book, now);
        for (id, watched) in &mut book.monitors {
            let Some(around) = arounds.get(id) else { continue };
            let (state, changes) = attend(&watched.state, around, &watched.rules(), now);
            if state == watched.state {
                continue;
            }
            let is_news = !changes.is_empty() || state.shown() != watched.state.shown() || state.told != watched.state.told;
            watched.state = state;
            if is_news {
                self.ledger.step(watched.monitor.clone(), watched.state.clone(), changes);
            }
        }
    }

    /// Heartbeats whose time is over.
    fn look_for_overdue(&self, now: Time) {
        let late: Vec<_> = {
            let book = self.book();
            let beats = book.monitors.iter().filter_map(|(id, watched)| match &watched.monitor.watch {
                Watch::Heartbeat(beat) if !watched.monitor.paused => Some((*id, beat, watched)),
                _ => None,
            });
            beats
                .filter_map(|(id, beat, watched)| {
                    let state = excused(beat, &watched.beat, book.unwatched_until);
                    next_deadline(beat, &state).filter(|deadline| *deadline <= now)?;
                    let judged = watched.state.last.as_ref().map(|last| last.at);
                    Some((id, overdue(beat, &state, judged, now)?))
                })
                .collect()
        };
        for (id, check) in late {
            self.conclude(id, check);
        }
    }

    /// An inbound beat that is on disk already.
    pub fn take_beat(&self, id: MonitorId, beat: &Beat) {
        let check = {
            let mut book = self.book();
            let Some(watched) = book.monitors.get_mut(&id) else { return };
            let (state, check) = take_in(&watched.beat, beat);
            watched.beat = state;
            check
        };
        if let Some(check) = check {
            self.conclude(id, check);
        }
    }
}

fn arounds(book: &Book, now: Time) -> HashMap<MonitorId, Around> {
    // Asked once per window, not once per monitor and window: a cron expression is not cheap.
    let active: Vec<_> =
        book.windows.iter().filter(|window| window.is_on).filter_map(|window| Some((window, window.rule.covering(now)?.0))).collect();
    let around = |(id, watched): (&MonitorId, &super::Watched)| {
        let maintenance_since = active.iter().filter(|(window, _)| window.covers(*id)).map(|(_, from)| *from).min();
        let parent_down = if watched.monitor.depends_on.is_empty() { None } else { book.holding_parent(*id, now) };
        let fails_since = watched.state.first_fail.as_ref().map(|failure| failure.at);
        let is_parent_asked = book.asks_a_parent(*id, fails_since, now);
        (*id, Around { is_paused: watched.monitor.paused, maintenance_since, parent_down, is_parent_asked })
    };
    book.monitors.iter().map(around).collect()
}

/// Shared with the pages: the newest full check of a monitor.
pub fn last_check(desk: &Desk, id: MonitorId) -> Option<Arc<crate::model::check::Check>> {
    desk.book().monitors.get(&id).and_then(|watched| watched.last.clone())
}
