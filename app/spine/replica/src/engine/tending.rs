//! Merging, whole copies, and keeping the spool small. Wakes when a merge is due, a snapshot is wanted or something was
//! shipped; sleeps for good while nothing is committed.

use kernel::{Error, Result, Time};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

use super::{Replica, Shared};
use crate::files::{Entry, SNAPSHOT_LEVEL, Span};
use crate::levels::{self, MERGED};
use crate::ltx::{Decoder, LtxError};
use crate::merge::{merge, merged_header};
use crate::queue;

/// Open at once while merging; each costs a page and a buffer.
const MOST_INPUTS: usize = 256;
/// Above the levels that are merged by time: everything a destination missed, in one file.
const CATCH_UP_LEVEL: u8 = 4;
/// A merge that is due now may need a moment until the destinations are listed.
const SOON: Duration = Duration::from_secs(2);
/// Tries to make a whole copy are never rarer than this many times the first pause.
const LONGEST: u32 = 64;
/// How long fine files wait for a destination that is away, by level.
const PATIENCE: [Duration; 3] = [Duration::from_secs(600), Duration::from_secs(3_600), Duration::from_secs(6 * 3_600)];

pub(super) async fn run(shared: Arc<Shared>) {
    let mut added = shared.added.subscribe();
    let mut is_wanted = false;
    let mut failures = 0;
    loop {
        if tend(&shared, std::mem::take(&mut is_wanted)).await {
            failures = 0;
        } else {
            // Each try may write the whole database to a disk that is full.
            let pause = shared.options.retry * 2_u32.saturating_pow(failures).min(LONGEST);
            failures += 1;
            tokio::select! { () = shared.shutdown.cancelled() => return, () = sleep(pause) => {} }
        }
        // After it: what it added itself must not wake it. What a commit added meanwhile is due at some time.
        added.borrow_and_update();
        let now = shared.clock.now();
        let due = levels::next_due(&shared.capture.spool().listing(), |level| shared.made(level), now)
            .map(|due| if due > now { due.since(now) } else { SOON });
        let waits = async {
            match due {
                Some(span) => sleep(span).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = shared.shutdown.cancelled() => return,
            () = waits => {}
            () = shared.snapshot_wanted.notified() => is_wanted = true,
            () = shared.tidy.notified() => {}
            // Only the first transaction after a pause needs a new look at what is due.
            changed = added.changed(), if due.is_none() => if changed.is_err() { return },
        }
    }
}

/// Gives whether every whole copy that was wanted could be made.
async fn tend(shared: &Arc<Shared>, is_wanted: bool) -> bool {
    let now = shared.clock.now();
    let merged = shared.blocking(move |shared| {
        while merge_next(shared, now)? {}
        Ok(())
    });
    if let Err(error) = merged.await {
        tracing::warn!(error = error.chain(), "files of the spool could not be merged; they stay as they are");
    }
    let mut is_made = true;
    if is_wanted || is_snapshot_due(shared, now) {
        let made = shared.blocking(move |shared| snapshot(shared, now)).await;
        is_made = note_snapshot(shared, made, now);
    }
    let tidied = shared.blocking(move |shared| tidy(shared, now)).await;
    if let Err(error) = tidied {
        tracing::warn!(error = error.chain(), "the spool could not be tidied");
    }
    for port in &shared.destinations {
        port.changed.notify_one();
    }
    shared.added.send_modify(|_| ());
    is_made
}

fn note_snapshot(shared: &Shared, made: Result<bool>, now: Time) -> bool {
    match made {
        Ok(is_made) => {
            shared.progress().snapshot_error = None;
            if !is_made {
                // The next capture writes every page first.
                shared.urgent.notify_one();
            }
            is_made
        }
        Err(error) => {
            tracing::warn!(error = error.chain(), "the whole copy could not be made; it is tried again");
            shared.progress().snapshot_error.get_or_insert((now, error.public_message().to_owned()));
            false
        }
    }
}

fn merge_next(shared: &Shared, now: Time) -> Result<bool> {
    let _work = shared.spool_work();
    for (level, period) in MERGED {
        let inputs = {
            let listing = shared.capture.spool().listing();
            let mut inputs = levels::next_merge(&listing, level, period, shared.made(level), now);
            inputs.truncate(MOST_INPUTS);
            inputs
        };
        if !inputs.is_empty() {
            return match merge_into(shared, level, &inputs) {
                Ok(_) => Ok(true),
                Err(error) => remove_damaged(shared, &inputs)?.then_some(true).ok_or(error),
            };
        }
    }
    Ok(false)
}

/// A file that rotted on this disk would stop all merging behind it. What it held is at the destinations, or comes with the next
/// whole copy: without it nothing joins on.
fn remove_damaged(shared: &Shared, inputs: &[Entry]) -> Result<bool> {
    let spool = shared.capture.spool();
    let mut is_any = false;
    for input in inputs {
        let Err(error) = spool.open_file(input.level, input.span).and_then(Decoder::verify) else { continue };
        if matches!(&error, LtxError::Io(error) if error.kind() != std::io::ErrorKind::UnexpectedEof) {
            continue;
        }
        tracing::warn!(level = input.level, file = input.span.file_name(), error = %error, "a file of the spool is damaged and was removed");
        spool
            .remove(input.level, input.span)
            .map_err(|error| Error::unavailable("A file of the spool cannot be removed.").because(error))?;
        is_any = true;
    }
    Ok(is_any)
}

fn merge_into(shared: &Shared, level: u8, inputs: &[Entry]) -> Result<Entry> {
    let spool = shared.capture.spool();
    let failed = |error: LtxError| Error::unavailable("Merging files of the spool failed.").because(error);
    let mut decoders = Vec::with_capacity(inputs.len());
    for input in inputs {
        decoders.push(spool.open_file(input.level, input.span).map_err(failed)?);
    }
    let headers: Vec<_> = decoders.iter().map(|decoder| *decoder.header()).collect();
    let header = merged_header(&headers).ok_or_else(|| Error::internal("files to merge do not follow each other"))?;
    let entry = spool.write(level, header, |encoder| merge(&mut decoders, header.commit, encoder)).map_err(failed)?;
    shared.note_made();
    Ok(entry)
}

fn is_snapshot_due(shared: &Shared, now: Time) -> bool {
    // While a destination has not been listed it is not known what it has.
    shared.destinations.iter().any(|port| {
        port.state().listing.as_ref().is_some_and(|remote| {
            let is_waiting = shared.capture.spool().listing().level_max(SNAPSHOT_LEVEL) > remote.level_max(SNAPSHOT_LEVEL);
            !is_waiting && !remote.is_empty() && levels::snapshot_due(remote, shared.options.snapshot_every, now)
        })
    })
}

/// Gives whether there is one now; there is none while the log is doubted.
fn snapshot(shared: &Shared, now: Time) -> Result<bool> {
    let _work = shared.spool_work();
    let Some(base) = shared.capture.base(&*shared.source, true, now)? else { return Ok(shared.capture.txid() == 0) };
    let span = Span { min: 1, max: base.txid() };
    let spool = shared.capture.spool();
    if base.txid() == 0 || spool.listing().holds(SNAPSHOT_LEVEL, span) {
        return Ok(true);
    }
    spool
        .write(SNAPSHOT_LEVEL, base.header(span, now), |encoder| base.write(encoder))
        .map_err(|error| Error::unavailable("Writing a whole copy into the spool failed.").because(error))?;
    shared.note_made();
    Ok(true)
}

/// What everybody has goes; a spool that grows all the same is joined into one file.
fn tidy(shared: &Shared, now: Time) -> Result<()> {
    let spool = shared.capture.spool();
    // Files that are old because nobody ran for hours have not been waiting: the destinations may answer in a moment.
    let waited = |entry: &Entry| now.since(entry.at.max(shared.started_at));
    let is_old = |entry: &Entry| PATIENCE.get(usize::from(entry.level)).is_some_and(|patience| waited(entry) > *patience);
    let proof: Vec<u64> = shared.destinations.iter().map(|port| port.newest()).collect();
    let spent = with_remotes(shared, |remotes| queue::spent(&spool.listing(), remotes, &proof, |level| shared.made(level), is_old));
    for entry in spent {
        spool
            .remove(entry.level, entry.span)
            .map_err(|error| Error::unavailable("A file of the spool cannot be removed.").because(error))?;
    }
    if spool.listing().bytes() > shared.options.spool_bytes {
        catch_up(shared)?;
    }
    Ok(())
}

/// Joins all that no destination has into one file and drops its parts.
fn catch_up(shared: &Shared) -> Result<()> {
    let _work = shared.spool_work();
    let spool = shared.capture.spool();
    let reached = shared.destinations.iter().map(|port| port.reached()).min().unwrap_or(0);
    let mut inputs = queue::chain(&spool.listing(), reached);
    inputs.truncate(MOST_INPUTS);
    if inputs.len() < 2 {
        return Ok(());
    }
    let joined = merge_into(shared, CATCH_UP_LEVEL, &inputs)?;
    let newest = spool.listing().level(0).next_back().map(|entry| entry.span);
    let parts: Vec<Entry> = {
        let listing = spool.listing();
        let is_part = |entry: &&Entry| {
            entry.span.min >= joined.span.min
                && entry.span.max <= joined.span.max
                && entry.level < CATCH_UP_LEVEL
                && Some(entry.span) != newest
        };
        listing.all().filter(is_part).copied().collect()
    };
    for part in parts.iter().chain(inputs.iter().filter(|input| input.level == CATCH_UP_LEVEL && input.span != joined.span)) {
        spool.remove(part.level, part.span).map_err(|error| Error::unavailable("A file of the spool cannot be removed.").because(error))?;
    }
    Ok(())
}

fn with_remotes<T>(shared: &Shared, decide: impl FnOnce(&[&crate::files::Listing]) -> T) -> T {
    let states: Vec<_> = shared.destinations.iter().map(|port| port.state()).collect();
    let none = crate::files::Listing::default();
    let listings: Vec<_> = states.iter().map(|state| state.listing.as_ref().unwrap_or(&none)).collect();
    decide(&listings)
}

impl Replica {
    /// Merges, snapshots and tidies now, for tests with a frozen clock.
    #[doc(hidden)]
    pub async fn tend_now(&self) {
        let _ = tend(&self.0, false).await;
    }
}
