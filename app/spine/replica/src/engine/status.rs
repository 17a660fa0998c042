//! How far the copies are, for pages, metrics and alerts.

use kernel::Time;

use super::Shared;
use crate::capture::Doubt;
use crate::files::{Entry, SNAPSHOT_LEVEL};
use crate::store::Counts;

#[derive(Debug, Clone)]
pub struct Status {
    /// The last transaction in the spool.
    pub txid: u64,
    /// Bytes of the spool.
    pub spool_bytes: u64,
    pub spool_files: u64,
    /// Bytes in the log that are not in the database yet.
    pub log_bytes: u64,
    /// Since when nothing can be captured, and why.
    pub capture_error: Option<(Time, String)>,
    /// The last time every page had to be copied, why, and in which transaction.
    pub last_doubt: Option<(Time, Doubt, u64)>,
    pub destinations: Vec<DestinationStatus>,
}

#[derive(Debug, Clone)]
pub struct DestinationStatus {
    pub name: String,
    pub is_append_only: bool,
    /// `None` until it was listed.
    pub reached: Option<u64>,
    /// Transactions that are here and not there.
    pub behind: u64,
    /// Bytes that wait for it.
    pub behind_bytes: u64,
    /// Since when its oldest missing transaction waits.
    pub waiting_since: Option<Time>,
    pub failing: Option<(Time, String)>,
    /// Another instance holds the path.
    pub is_refused: bool,
    pub honours_conditions: Option<bool>,
    pub refuses_deletes: Option<String>,
    pub last_upload: Option<Time>,
    pub files: u64,
    pub bytes: u64,
    pub snapshots: Vec<Entry>,
    pub oldest: Option<Time>,
    pub counts: Counts,
}

pub(super) fn of(shared: &Shared) -> Status {
    let (spool_bytes, spool_files) = {
        let listing = shared.capture.spool().listing();
        (listing.bytes(), listing.all().count() as u64)
    };
    let progress = shared.progress();
    let (capture_error, last_doubt) = (progress.capture_error.clone(), progress.last_doubt);
    let waiting: Vec<(u64, Time)> = progress.waiting.iter().copied().collect();
    drop(progress);
    Status {
        txid: shared.capture.txid(),
        spool_bytes,
        spool_files,
        log_bytes: shared.capture.log_mark().map_or(0, |(length, _)| length),
        capture_error,
        last_doubt,
        destinations: shared.destinations.iter().map(|port| destination(shared, port, &waiting)).collect(),
    }
}

fn destination(shared: &Shared, port: &super::Port, waiting: &[(u64, Time)]) -> DestinationStatus {
    let state = port.state();
    let shipped = *port.shipped.borrow();
    let local = shared.capture.spool().listing();
    let remote = state.listing.as_ref();
    DestinationStatus {
        name: port.destination.name.clone(),
        is_append_only: port.destination.is_append_only,
        reached: remote.map(|_| shipped),
        behind: shared.capture.txid().saturating_sub(shipped),
        behind_bytes: local.level(0).filter(|entry| entry.span.max > shipped).map(|entry| entry.size).sum(),
        waiting_since: waiting.iter().find(|(txid, _)| *txid > shipped).map(|(_, since)| *since),
        failing: state.failing.clone(),
        is_refused: state.is_refused,
        honours_conditions: state.honours_conditions,
        refuses_deletes: state.refuses_deletes.clone(),
        last_upload: state.last_upload,
        files: remote.map_or(0, |listing| listing.all().count() as u64),
        bytes: remote.map_or(0, crate::files::Listing::bytes),
        snapshots: remote.map(|listing| listing.level(SNAPSHOT_LEVEL).copied().collect()).unwrap_or_default(),
        oldest: remote.and_then(|listing| listing.all().map(|entry| entry.at).min()),
        counts: port.destination.store.counts(),
    }
}
