//! One rehearsal, step by step: room, sentinel, the live state, arrival, restore, comparison.

use capability::Cx;
use db::{Db, File, Inspected};
use kernel::time::Stopwatch;
use kernel::{Error, Result, Time};
use replica::capture::Base;
use replica::engine::Replica;
use replica::restore::{self, RestoreError, Wanted};
use ring::digest::{SHA256, digest};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use super::scratch::Scratch;
use crate::model::report::{Report, compare_rows, needed_room};
use crate::pages::bytes;
use crate::{Copies, FILES, store};

/// How long the sentinel may need to arrive.
const ARRIVAL: Duration = Duration::from_secs(300);
const TRIES: usize = 5;
/// Pages named in a report that differs.
const NAMED: usize = 10;

/// How much is free, when not the disk is asked: for tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Room {
    pub free_bytes: Option<u64>,
}

/// The live file at one transaction, as far as it is compared.
struct Live {
    txid: u64,
    page_size: u32,
    /// Half a SHA-256 of each page, in order: 16 bytes for 4,096.
    pages: Vec<(u32, [u8; 16])>,
    rows: Vec<(String, u64)>,
}

/// Fills in the report; an error says why it ends early.
pub async fn rehearse(cx: &Cx, report: &mut Report, room: Room) -> Result<()> {
    let copies = Copies::of(cx).ok_or_else(|| Error::unavailable("Nothing is copied any more: no destination is configured."))?;
    let file = FILES.into_iter().find(|file| file.file_name() == report.file).ok_or_else(|| Error::not_found("file"))?;
    let replica = copies.replica(file);
    let destination = report.destination.clone();
    let store = replica.store(&destination).ok_or_else(|| Error::unavailable(format!("{destination} is not configured any more.")))?;
    check_room(cx, replica, room)?;
    let db = match file {
        File::Hermetic => cx.hermetic.clone(),
        File::Telemetry => cx.telemetry.clone(),
    };
    report.sentinel = kernel::ids::random_public_id();
    let sentinel = report.sentinel.clone();
    db.write(move |tx| store::write_sentinel(tx, &sentinel)).await?;
    let count = replica.source().committed().count;
    let (live, lag) = beside(live_state(&db, replica, cx.now()), replica.reached_count(&destination, count, ARRIVAL)).await?;
    (report.txid, report.lag_ms) = (Some(live.txid), Some(millis(lag)));
    replica.arrived(&destination, live.txid, ARRIVAL).await?;

    let scratch = Scratch::new(&cx.boot.data_dir)?;
    let restored = scratch.path(file.file_name());
    restore_to(&store, report, live.txid, &restored).await?;
    let (rows, pages, page_size) = (live.rows, live.pages, live.page_size);
    let (now, token) = (cx.now(), report.sentinel.clone());
    let compared = blocking(move || {
        // The scratch folder lives as long as somebody looks into it, even when the drill is given up meanwhile.
        let _scratch = &scratch;
        let found = db::inspect_file(&restored)?;
        let has_sentinel = found.problems.is_empty() && db::read_file(&restored, now, |r| store::has_sentinel(r, &token))?;
        let differing = differing_pages(&restored, page_size, &pages)?;
        Ok((found, has_sentinel, differing, pages.len()))
    });
    let (Inspected { problems, rows: restored_rows }, has_sentinel, differing, pages) = compared.await?;
    report.tables = if problems.is_empty() { compare_rows(rows, restored_rows) } else { Vec::new() };
    report.integrity = Some(problems);
    report.has_sentinel = Some(has_sentinel);
    report.page_size = page_size;
    report.pages = Some(pages as u64);
    report.differing_pages = differing.len() as u64;
    report.first_differing = differing.into_iter().take(NAMED).collect();
    report.conclude();
    Ok(())
}

/// How long the arrival takes, while something else takes its own time: reading a large file must not count as lag.
pub(crate) async fn beside<T>(work: impl Future<Output = Result<T>>, arrival: impl Future<Output = Result<()>>) -> Result<(T, Duration)> {
    let watch = Stopwatch::start();
    let arrival = async {
        arrival.await?;
        Ok(watch.elapsed())
    };
    tokio::try_join!(work, arrival)
}

fn check_room(cx: &Cx, replica: &Replica, room: Room) -> Result<()> {
    let size = std::fs::metadata(replica.source().path()).map_or(0, |file| file.len()) + replica.status().log_bytes;
    let needed = needed_room(size);
    let free = match room.free_bytes {
        Some(free) => free,
        None => crate::disk::free_bytes(&cx.boot.data_dir)?,
    };
    if free >= needed {
        return Ok(());
    }
    Err(Error::unavailable(format!(
        "Not enough of the disk is free for a drill: {} are needed, {} are free. Nothing was written.",
        bytes(needed),
        bytes(free)
    )))
}

/// Holds the present moment still only as long as its pages are read.
async fn live_state(db: &Db, replica: &Replica, now: Time) -> Result<Live> {
    for _ in 0..TRIES {
        let own = replica.clone();
        let live = blocking(move || own.capture().base(&**own.source(), true, now)?.map(|base| read_live(&base)).transpose()).await?;
        if let Some(live) = live {
            return Ok(live);
        }
        // Every page has to be copied first: what is in the spool does not lead on from what was there.
        tracing::debug!(path = %db.path().display(), "the drill waits for a whole copy");
        replica.reached(ARRIVAL).await?;
    }
    Err(Error::unavailable("The live file could not be held still for the comparison. Please run the drill again."))
}

fn read_live(base: &Base) -> Result<Live> {
    let pinned = base.held().downcast_ref::<Mutex<db::Pinned>>();
    let pinned = pinned.ok_or_else(|| Error::internal("looking into a moment that is held by no database of ours"))?;
    let rows = pinned.lock().unwrap_or_else(std::sync::PoisonError::into_inner).count_rows()?;
    let mut pages = Vec::new();
    base.each_page(|pgno, page| {
        pages.push((pgno, hash(page)));
        Ok(())
    })
    .map_err(|error| Error::internal("reading the pages of the live file").because(error))?;
    Ok(Live { txid: base.txid(), page_size: base.page_size(), pages, rows })
}

fn hash(page: &[u8]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&digest(&SHA256, page).as_ref()[..16]);
    half
}

async fn restore_to(store: &replica::store::Store, report: &mut Report, txid: u64, out: &Path) -> Result<()> {
    let failed = |error: RestoreError| Error::unavailable(format!("The copy cannot be restored: {error}"));
    let watch = Stopwatch::start();
    let survey = restore::survey(store).await.map_err(failed)?;
    let plan = survey.plan(store, Wanted::Transaction(txid)).await.map_err(failed)?;
    (report.fetched_files, report.fetched_bytes) = (plan.route.len() as u64, plan.bytes);
    let restored = restore::run(store, &survey, plan, out, &|_| ()).await.map_err(failed)?;
    report.restore_ms = Some(millis(watch.elapsed()));
    report.damaged = restored.damaged;
    if restored.txid != txid {
        report.problems.push(format!("Transaction {txid} was asked for, {} was restored.", restored.txid));
    }
    Ok(())
}

/// Numbers of the pages that are not what the live file had, in order; pages behind its end count too.
fn differing_pages(path: &PathBuf, page_size: u32, live: &[(u32, [u8; 16])]) -> Result<Vec<u32>> {
    let reading = |error| Error::unavailable("The restored file cannot be read.").because(error);
    let mut file = std::io::BufReader::with_capacity(1 << 20, std::fs::File::open(path).map_err(reading)?);
    let length = file.get_ref().metadata().map_err(reading)?.len();
    let mut page = vec![0; page_size as usize];
    let mut at = 0;
    let mut differing = Vec::new();
    for (pgno, expected) in live {
        // The lock page is in no copy.
        for _ in at + 1..*pgno {
            file.read_exact(&mut page).map_err(reading)?;
        }
        at = *pgno;
        if u64::from(at) * u64::from(page_size) > length {
            differing.push(at);
            continue;
        }
        file.read_exact(&mut page).map_err(reading)?;
        if hash(&page) != *expected {
            differing.push(at);
        }
    }
    let end = u32::try_from(length / u64::from(page_size.max(1))).unwrap_or(u32::MAX);
    differing.extend((at + 1..=end).take(NAMED));
    Ok(differing)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(Error::internal("a drill panicked").because(error)))
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
