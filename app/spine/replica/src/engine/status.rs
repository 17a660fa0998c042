//! How far the copies are, for pages, metrics and alerts.

use kernel::Time;
use std::collections::BTreeMap;

use super::Shared;
use crate::capture::{Capture, Doubt};
use crate::files::{Entry, SNAPSHOT_LEVEL};
use crate::notes;
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
    let snapshot_error = progress.snapshot_error.clone();
    drop(progress);
    Status {
        txid: shared.capture.txid(),
        spool_bytes,
        spool_files,
        log_bytes: shared.capture.log_mark().map_or(0, |(length, _)| length),
        capture_error,
        last_doubt,
        destinations: shared.destinations.iter().map(|port| destination(shared, port, snapshot_error.as_ref())).collect(),
    }
}

fn destination(shared: &Shared, port: &super::Port, snapshot_error: Option<&(Time, String)>) -> DestinationStatus {
    let state = port.state();
    let remote = state.listing.as_ref();
    let shipped = *port.shipped.borrow();
    // Until it is listed, what the last process knew must do; and where that is nothing, nothing is said.
    let known = if remote.is_some() { Some(shipped) } else { Some(port.reached()).filter(|reached| *reached > 0) };
    let local = shared.capture.spool().listing();
    let waits = |entry: &&Entry| entry.level < SNAPSHOT_LEVEL && known.is_some_and(|known| entry.span.max > known);
    // It matters where there is nothing to restore from.
    let without_copy = snapshot_error.filter(|_| remote.is_some() && shipped == 0);
    DestinationStatus {
        name: port.destination.name.clone(),
        is_append_only: port.destination.is_append_only,
        reached: remote.map(|_| shipped),
        behind: known.map_or(0, |known| shared.capture.txid().saturating_sub(known)),
        behind_bytes: local.level(0).filter(waits).map(|entry| entry.size).sum(),
        waiting_since: local.all().filter(waits).map(|entry| entry.at).min(),
        failing: state.failing.clone().or_else(|| without_copy.cloned()).or_else(|| state.failing_aside.clone()),
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

const REMEMBERED: &str = "reached.json";

/// How far each destination was when this was last written: read again at the next start, so that an outage that outlasts a restart
/// is not forgotten.
pub(super) fn remembered(capture: &Capture) -> BTreeMap<String, u64> {
    notes::read(capture.spool().folder(), REMEMBERED).unwrap_or_default()
}

pub(super) fn remember(shared: &Shared) {
    let all: BTreeMap<&str, u64> = shared.destinations.iter().map(|port| (port.destination.name.as_str(), port.reached())).collect();
    // It is for people alone: what must be right is asked of the destination.
    if let Err(error) = notes::write(shared.capture.spool().folder(), REMEMBERED, &all) {
        tracing::debug!(error = %error, "how far the copies are could not be noted");
    }
}
