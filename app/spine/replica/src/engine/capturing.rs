//! Log → spool, as often as [`super::Options`] says and never without a commit.

use kernel::Time;
use kernel::time::Stopwatch;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

use super::Shared;
use crate::capture::Captured;
use crate::source::Commits;

/// After a failure: disk full, mostly.
const RETRY: Duration = Duration::from_secs(2);
/// The command line commits from another process, which tells nobody: the log's own time does. A look costs no request.
const LOOK: Duration = Duration::from_secs(5);

pub(super) async fn run(shared: Arc<Shared>) {
    let mut commits = shared.source.commits();
    commits.mark_changed();
    let mut log = None;
    let mut sent: Option<Stopwatch> = None;
    // What was committed before the start is counted nowhere.
    let mut is_first = true;
    loop {
        let woken = wait(&shared, &mut commits, &mut log, sent.as_ref()).await;
        let is_last = woken == Woken::Last;
        let is_quiet = woken != Woken::Commits || is_first;
        sent = Some(Stopwatch::start());
        commits.mark_unchanged();
        let known = shared.source.committed();
        let now = shared.clock.now();
        let captured = shared.blocking(move |shared| match is_quiet {
            true => shared.capture.run_quietly(&*shared.source, now),
            false => shared.capture.run(&*shared.source, known, now),
        });
        match captured.await {
            Ok(captured) => {
                is_first = false;
                note(&shared, known, &captured, now);
            }
            Err(error) => {
                tracing::error!(error = error.chain(), "the log could not be copied to the spool; it stays where it is");
                shared.progress().capture_error.get_or_insert((now, error.public_message().to_owned()));
                if !is_last {
                    sleep(RETRY).await;
                    commits.mark_changed();
                    continue;
                }
            }
        }
        if is_last || shared.capture.read_bytes() >= shared.options.checkpoint_bytes {
            seal(&shared).await;
        }
        if is_last {
            shared.ended.send_replace(true);
            return;
        }
    }
}

#[derive(PartialEq, Eq)]
enum Woken {
    Commits,
    /// Somebody else may have written.
    Look,
    Last,
}

/// Until there is something to capture.
async fn wait(
    shared: &Shared,
    commits: &mut tokio::sync::watch::Receiver<Commits>,
    log: &mut Option<(u64, std::time::SystemTime)>,
    sent: Option<&Stopwatch>,
) -> Woken {
    loop {
        tokio::select! {
            () = shared.shutdown.cancelled() => return Woken::Last,
            changed = commits.changed() => if changed.is_err() { return Woken::Last } else { break },
            () = shared.urgent.notified() => return Woken::Commits,
            () = sleep(LOOK) => {
                let now = shared.capture.log_mark();
                if *log != now {
                    *log = now;
                    return Woken::Look;
                }
            }
        }
    }
    // Never sooner than `gather` after the last time: commits 25 ms apart would each cost an upload. And not woken by each commit:
    // at hundreds a second that would cost more than all the rest.
    let mut left = shared.options.gather;
    let since = sent.map_or(left, Stopwatch::elapsed);
    let mut pause = shared.options.idle.max(left.saturating_sub(since));
    while !left.is_zero() {
        pause = pause.min(left);
        let seen = commits.borrow_and_update().count;
        tokio::select! {
            () = shared.shutdown.cancelled() => return Woken::Last,
            () = shared.urgent.notified() => break,
            () = sleep(pause) => {}
        }
        if commits.borrow().count == seen {
            break;
        }
        left -= pause;
        pause = shared.options.idle;
    }
    Woken::Commits
}

fn note(shared: &Shared, known: Commits, captured: &Captured, now: Time) {
    let txid = shared.capture.txid();
    let mut progress = shared.progress();
    progress.capture_error = None;
    if let Some(doubt) = captured.doubt {
        tracing::info!(reason = %doubt, txid, "the whole database was copied");
        progress.last_doubt = Some((now, doubt, txid));
    }
    let is_new = txid > *shared.added.borrow();
    progress.captured.send_replace((known.count, txid));
    drop(progress);
    if is_new {
        shared.added.send_replace(txid);
    }
}

async fn seal(shared: &Arc<Shared>) {
    let now = shared.clock.now();
    let before = shared.capture.txid();
    let sealed = shared.blocking(move |shared| shared.capture.seal(&*shared.source, now)).await;
    if let Err(error) = sealed {
        tracing::warn!(error = error.chain(), "the log could not be moved into the database; it grows until it can");
    }
    let after = shared.capture.txid();
    if after > before {
        shared.added.send_replace(after);
    }
}
