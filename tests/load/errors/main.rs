//! The benchmark of errors: our server and Bugsink 2.6.2, each alone on the machine, with the same events from the same sender.
//!
//! - `corpus`: events made from recorded ones, with fresh ids and a few hundred families; `sender`: 16 clients that keep alive
//! - `ours`, `bugsink`: one server each, and how many events it has digested; `process`: what a group of processes took
//! - `pages`: how fast what people look at is answered
//!
//! Run by `tests/run errors`. ERRORS_EVENTS changes the number, ERRORS_BURST=0 leaves out the burst of 20,000, ERRORS_PEER=0 the peer
//! (its column is empty then), ERRORS_LARGE=1 adds a million events.
#![expect(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a driver run by hand: it prints its table and stops at what is broken"
)]

mod bugsink;
mod corpus;
mod large;
mod ours;
mod pages;
mod process;
mod sender;

use kernel::time::Stopwatch;
use std::time::Duration;
use tests::table::{self, Row};

use crate::corpus::Corpus;
use crate::pages::Times;
use crate::process::Taken;
use crate::sender::Sent;

const CLIENTS: usize = 16;
/// What digests it all must have done so within this.
const PATIENCE: Duration = Duration::from_secs(600);

/// A server of errors under test.
pub trait Server {
    /// Host and port, the path and the key of the project.
    fn door(&self) -> (String, String, String);
    /// Events that are in an issue by now.
    fn digested(&self) -> u64;
    /// Bytes of its files.
    fn stored(&self) -> u64;
    fn meter(&self) -> process::Meter;
}

/// What one run gave.
#[derive(Default)]
struct Run {
    sent: Sent,
    digested_per_second: f64,
    seconds_behind: f64,
    taken: Taken,
    stored_per_event: f64,
}

#[tokio::main]
async fn main() {
    let count = tests::switch("ERRORS_EVENTS").and_then(|text| text.parse().ok()).unwrap_or(5_000);
    let corpus = Corpus::make(count, 1);
    println!("{count} events, {:.1} kB each as JSON, {:.1} kB on the wire", corpus.plain_mean() / 1e3, corpus.wire_mean() / 1e3);
    let burst = (tests::switch("ERRORS_BURST").as_deref() != Some("0")).then(|| Corpus::make(20_000, 2));

    let ours = ours::Ours::start().await;
    let idle = ours.meter().read();
    let own = run(&ours, &corpus).await;
    let own_pages = ours.pages().await;
    let own_burst = match &burst {
        Some(burst) => Some(run(&ours, burst).await),
        None => None,
    };
    match tests::switch("ERRORS_LARGE") {
        Some(_) => large::run(ours).await,
        None => drop(ours),
    }

    let peer = if tests::switch("ERRORS_PEER").as_deref() == Some("0") { None } else { Some(peer(&corpus).await) };
    let (their_idle, real, real_pages) = peer.unwrap_or_default();

    table::print(
        &format!("{count} events from {CLIENTS} clients; real: Bugsink 2.6.2"),
        &[
            Row::shown("accepted", "/s", own.sent.per_second, real.sent.per_second),
            Row::shown("accept, p50", "ms", own.sent.p50, real.sent.p50),
            Row::at_most("accept, p99", "ms", 15.0, own.sent.p99, real.sent.p99),
            Row::at_least("digested, until all are", "/s", 1_000.0, own.digested_per_second, real.digested_per_second),
            Row::at_least_times("  beside the peer", "×", 10.0, own.digested_per_second, real.digested_per_second),
            Row::shown("behind when the last was accepted", "s", own.seconds_behind, real.seconds_behind),
            Row::at_most(
                "processor per event",
                "ms",
                2.0,
                own.taken.cpu_seconds * 1e3 / count as f64,
                real.taken.cpu_seconds * 1e3 / count as f64,
            ),
            Row::at_most("memory, idle", "MB", 60.0, idle.memory / 1e6, their_idle.memory / 1e6),
            Row::shown("memory, peak", "MB", own.taken.peak / 1e6, real.taken.peak / 1e6),
            Row::at_most("stored per event", "kB", 6.0, own.stored_per_event / 1e3, real.stored_per_event / 1e3),
            Row::at_most("issue list", "ms", 20.0, own_pages.list.ms, real_pages.list.ms),
            Row::at_most("issue list, HTML", "kB", 100.0, own_pages.list.bytes / 1e3, real_pages.list.bytes / 1e3),
            Row::at_most("event page", "ms", 10.0, own_pages.event.ms, real_pages.event.ms),
            Row::shown("event page, HTML", "kB", own_pages.event.bytes / 1e3, real_pages.event.bytes / 1e3),
        ],
    );
    if let Some(burst) = own_burst {
        table::print(
            "a burst of 20,000 events, ours alone",
            &[
                Row::shown("accepted", "/s", burst.sent.per_second, 0.0),
                Row::at_most("accept, p99", "ms", 15.0, burst.sent.p99, 0.0),
                Row::at_least("digested, until all are", "/s", 1_000.0, burst.digested_per_second, 0.0),
                Row::at_most("processor per event", "ms", 2.0, burst.taken.cpu_seconds * 1e3 / 20_000.0, 0.0),
                Row::at_most("memory, peak", "MB", 120.0, burst.taken.peak / 1e6, 0.0),
            ],
        );
    }
}

async fn peer(corpus: &Corpus) -> (Taken, Run, Pages) {
    let theirs = bugsink::Bugsink::start().await;
    let idle = theirs.meter().read();
    (idle, run(&theirs, corpus).await, theirs.pages().await)
}

async fn run(server: &impl Server, corpus: &Corpus) -> Run {
    let (before, stored) = (server.digested(), server.stored());
    let meter = server.meter();
    let watch = Stopwatch::start();
    let sent = sender::send(server.door(), corpus, CLIENTS).await;
    let accepted_at = watch.elapsed();
    let wanted = before + sent.accepted;
    while server.digested() < wanted {
        assert!(watch.elapsed() < PATIENCE, "{} of {wanted} were digested in {PATIENCE:?}", server.digested());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let seconds = watch.elapsed().as_secs_f64();
    Run {
        digested_per_second: sent.accepted as f64 / seconds,
        seconds_behind: seconds - accepted_at.as_secs_f64(),
        taken: meter.read(),
        stored_per_event: (server.stored() - stored) as f64 / sent.accepted as f64,
        sent,
    }
}

/// The pages that people look at most.
#[derive(Default)]
pub struct Pages {
    pub list: Times,
    pub event: Times,
}
