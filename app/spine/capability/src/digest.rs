//! Digests: what a capability makes of the items that programs reported.
//!
//! The log is read by cursor in batches. What a batch changes in hermetic.db happens in ONE transaction with the move of the cursor:
//! exactly once, whatever dies when. What a digest writes to telemetry.db on the way (rows that lead to its items) must come out the
//! same when it is written again.

use db::Tx;
use ingest::store;
use ingest::{Item, Kind};
use kernel::time::Stopwatch;
use kernel::{Error, Result};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::hand::Hand;
use crate::{Cx, Tasks};

/// At most so many items at once: enough to share the cost of a commit, few enough to hold in memory.
const BATCH_ROWS: usize = 250;
/// Packed bytes; unpacked they are some five times as many.
const BATCH_BYTES: usize = 1 << 20;
/// How long to wait before a batch is tried again that could not be stored.
const AGAIN: Duration = Duration::from_secs(1);

/// A digest that has just looked lets more come together first: in a burst every commit would wake all of them, and the looking alone
/// would cost the clients their answers. A single report is digested at once.
const GATHER: Duration = Duration::from_millis(50);

const LONGEST_REST: Duration = Duration::from_millis(500);
/// Items: half a minute's work.
const FAR_BEHIND: u64 = 50_000;

/// What a batch changes in hermetic.db. Runs on the writer thread, so it only writes what was worked out before.
pub type Change = Box<dyn FnOnce(&mut Tx<'_>) -> Result<()> + Send>;

pub trait Digest: Sync {
    /// The capability's word; where it has several digests, `word.noun`. Names the cursor.
    fn name(&self) -> &'static str;

    /// What it reads. Nobody else may read the same kind under the same name.
    fn kinds(&self) -> &'static [Kind];

    /// Works out what the items mean. Runs on a blocking thread, may read both files and write to telemetry.db. An error on account of
    /// one item gives up the batch: it is then tried item by item, and the one is passed over and counted.
    fn digest(&self, cx: &Cx, items: &[Item]) -> Result<Change>;
}

/// One loop per digest, so that one that cannot go on waits by itself. They take turns, batch by batch: in a burst one batch lies unpacked
/// in memory instead of five; what is slow within a batch is waited for by all.
pub fn start(cx: &Cx, tasks: &mut Tasks) -> Result<()> {
    crate::intake::start(cx, tasks);
    let turns = Arc::new(Mutex::new(Hand::start()?));
    for digest in cx.registry.digests() {
        let shutdown = tasks.shutdown();
        tasks.spawn(digest.name(), run(cx.clone(), digest, Arc::clone(&turns), shutdown));
    }
    Ok(())
}

/// Digests until the end of the server.
async fn run(cx: Cx, digest: &'static dyn Digest, turns: Arc<Mutex<Hand>>, shutdown: CancellationToken) {
    let mut signals = cx.telemetry.signals();
    let mut place = Place::default();
    let mut looked: Option<Stopwatch> = None;
    loop {
        let early = looked.map_or(Duration::ZERO, |watch| GATHER.saturating_sub(watch.elapsed()));
        if !early.is_zero() {
            tokio::time::sleep(early).await;
        }
        let hand = turns.lock().await;
        let watch = Stopwatch::start();
        let stepped = step(Turn { cx: &cx, hand: &hand, digest }, &mut place).await;
        drop(hand);
        looked = Some(watch);
        let wait = match stepped {
            Ok(0) => None,
            Ok(_) if shutdown.is_cancelled() => return,
            Ok(count) => {
                if count >= BATCH_ROWS {
                    looked = None;
                    tokio::time::sleep(rest(watch.elapsed(), cx.ingest.is_busy(), cx.ingest.backlog())).await;
                }
                continue;
            }
            Err(error) => {
                tracing::warn!(digest = digest.name(), error = error.chain(), "what was reported could not be digested; trying again");
                Some(AGAIN)
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {}
            news = told(&mut signals), if wait.is_none() => if !news { return },
        }
    }
}

/// While clients wait at the door a digest rests as long as its batch took: half of the time the two writers and a core are the door's
/// alone. Not so when it has fallen so far behind that the door would soon have to send clients away.
fn rest(took: Duration, is_door_busy: bool, behind: u64) -> Duration {
    if is_door_busy && behind < FAR_BEHIND { took.min(LONGEST_REST) } else { Duration::ZERO }
}

/// `false` once nobody can tell any more.
async fn told(signals: &mut tokio::sync::broadcast::Receiver<db::Signal>) -> bool {
    loop {
        match signals.recv().await {
            Ok(ingest::TOPIC) | Err(RecvError::Lagged(_)) => return true,
            Ok(_) => {}
            Err(RecvError::Closed) => return false,
        }
    }
}

/// Digests everything that lies there; gives how many items that were. For tests and commands.
pub async fn drain(cx: &Cx, digest: &'static dyn Digest) -> Result<usize> {
    let mut place = Place::default();
    let hand = Hand::start()?;
    let mut all = 0;
    loop {
        match step(Turn { cx, hand: &hand, digest }, &mut place).await? {
            0 => return Ok(all),
            some => all += some,
        }
    }
}

/// Where a loop is. Beyond the stored cursor lie only items of other kinds. A step that fails gives it up: some of its batch may have been
/// applied, and only the stored cursor knows how much.
#[derive(Default)]
struct Place(Option<i64>);

/// Whose turn it is, and who works for it meanwhile.
#[derive(Clone, Copy)]
struct Turn<'a> {
    cx: &'a Cx,
    hand: &'a Hand,
    digest: &'static dyn Digest,
}

/// One batch; gives how many items it had, 0 when there was nothing.
async fn step(turn: Turn<'_>, place: &mut Place) -> Result<usize> {
    let Turn { cx, digest, .. } = turn;
    let cursor = match place.0.take() {
        Some(cursor) => cursor,
        None => cx.read(move |r| store::cursor(r, digest.name())).await?,
    };
    let batch = cx.telemetry.read(move |r| store::next_batch(r, cursor, digest.kinds(), BATCH_ROWS, BATCH_BYTES)).await?;
    let count = batch.items.len();
    if count > 0 {
        let items = Arc::new(batch.items);
        match apply(turn, Arc::clone(&items), 0..count, batch.upto).await {
            Ok(()) => {}
            Err(error) if is_passing(&error) => return Err(error),
            Err(_) => one_by_one(turn, items, batch.upto).await?,
        }
    }
    place.0 = Some(batch.upto);
    cx.ingest.note_digested(digest.name(), batch.upto);
    Ok(count)
}

/// The same batch may succeed later: nothing is wrong with its items.
fn is_passing(error: &Error) -> bool {
    error.kind == kernel::Kind::Unavailable
}

async fn apply(turn: Turn<'_>, items: Arc<Vec<Item>>, range: std::ops::Range<usize>, upto: i64) -> Result<()> {
    let Turn { cx, digest, .. } = turn;
    let house = cx.clone();
    let change = turn.hand.run(move || digest.digest(&house, &items[range])).await?;
    cx.write(move |tx| {
        change(tx)?;
        store::set_cursor(tx, digest.name(), upto)
    })
    .await
}

/// One item that cannot be digested must not hold up the others for ever.
async fn one_by_one(turn: Turn<'_>, items: Arc<Vec<Item>>, upto: i64) -> Result<()> {
    for at in 0..items.len() {
        let is_last = at + 1 == items.len();
        let after = if is_last { upto } else { items[at].id };
        match apply(turn, Arc::clone(&items), at..at + 1, after).await {
            Ok(()) => {}
            Err(error) if is_passing(&error) => return Err(error),
            Err(error) => pass_over(turn, &items[at], after, &error).await?,
        }
    }
    Ok(())
}

async fn pass_over(turn: Turn<'_>, item: &Item, after: i64, error: &Error) -> Result<()> {
    let Turn { cx, digest, .. } = turn;
    tracing::error!(digest = digest.name(), item = item.id, error = error.chain(), "an item could not be digested and is passed over");
    let (id, project, category) = (item.id, item.project, item.kind.category());
    cx.telemetry.write(move |tx| store::count_passed(tx, digest.name(), id, (project, category))).await?;
    cx.write(move |tx| store::set_cursor(tx, digest.name(), after)).await
}

#[cfg(test)]
mod tests;
