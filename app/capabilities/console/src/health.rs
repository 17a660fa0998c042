//! Whether this instance lives and can work: `/healthz`, `/readyz`, `/metrics`, and what the doctor says of the spine.
//!
//! - [`live`]: the process answers; touches nothing else, so that a full disk does not get it restarted
//! - [`ready`]: measured at most every few seconds, however often it is asked
//! - [`metrics`]: everybody's gauges, the front's counters, the process itself
//! - [`vitals`]: the same facts for the page "Health"

use axum::response::{IntoResponse, Response};
use capability::{Cx, Diagnosis, Gauge, settings};
use db::{Db, Reader};
use frontend::Tone;
use http::{HeaderValue, StatusCode, header};
use kernel::time::describe_duration;
use kernel::{Error, Result, Time};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::Mutex;
use web::{Json, Reply, State};

use crate::model::{self, Probe, Readiness};
use crate::store;

/// A database that does not answer within this is not ready.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a measurement counts.
const FRESH: Duration = Duration::from_secs(5);
/// A due delivery that waits so long is worth a word.
const SLOW_OUTBOX: Duration = Duration::from_secs(300);

/// The last measurement, and of which instance it is: tests run several in one process. Held while measuring, so that a
/// hundred askers cost one look.
static LAST: Mutex<Option<(PathBuf, Time, Readiness)>> = Mutex::const_new(None);

pub(crate) async fn live() -> &'static str {
    "ok\n"
}

pub(crate) async fn ready(State(cx): State<Cx>) -> Response {
    let readiness = readiness(&cx).await;
    let code = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(readiness)).into_response()
}

pub(crate) async fn metrics(State(cx): State<Cx>) -> Reply {
    let own = cx.clone();
    let mut gauges = cx.read(move |r| own.registry.gauges(&own, r)).await?;
    gauges.extend(process_gauges());
    let mut text = String::new();
    model::exposition(&gauges, &mut text);
    cx.metrics.write_prometheus(&mut text);
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

pub(crate) async fn readiness(cx: &Cx) -> Readiness {
    let mut last = LAST.lock().await;
    let now = cx.now();
    if let Some((folder, at, readiness)) = &*last
        && *folder == cx.boot.data_dir
        && *at <= now
        && now.since(*at) < FRESH
    {
        return readiness.clone();
    }
    let readiness = model::judge(&probe(cx).await);
    *last = Some((cx.boot.data_dir.clone(), now, readiness.clone()));
    readiness
}

async fn probe(cx: &Cx) -> Probe {
    let database = databases(cx).await.err().map(|error| error.message().to_owned());
    // With a database that does not answer there is nothing more to learn from it.
    let measured = if database.is_none() { answer_in_time(cx.read(measure)).await.unwrap_or_default() } else { (Some(cx.now()), None) };
    let folder = cx.boot.data_dir.clone();
    let disk = tokio::task::spawn_blocking(move || (free_bytes(&folder), try_writing(&folder))).await;
    let (free_bytes, disk) = disk.unwrap_or_default();
    let (next_schedule, outbox_since) = measured;
    Probe { now: cx.now(), started_at: cx.started_at, database, next_schedule, outbox_since, free_bytes, disk }
}

fn measure(r: &Reader<'_>) -> Result<(Option<Time>, Option<Time>)> {
    let next = work::store::list_schedules(r)?.into_iter().map(|(_, next_at, _)| next_at).min();
    Ok((next, work::store::outbox_since(r)?))
}

async fn databases(cx: &Cx) -> Result<()> {
    answer_in_time(cx.hermetic.read(store::ping)).await?;
    answer_in_time(cx.telemetry.read(store::ping)).await?;
    answer_in_time(cx.hermetic.write(store::ping_writer)).await
}

async fn answer_in_time<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    let slow = || Error::unavailable(format!("no answer within {}", describe_duration(PATIENCE)));
    tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err(slow()))
}

fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// A file system that went read-only after a disk fault still shows its free space; only a write tells.
fn try_writing(folder: &Path) -> Option<String> {
    let file = folder.join(".readiness");
    let written = std::fs::write(&file, b"ok").and_then(|()| std::fs::remove_file(&file));
    written.err().map(|error| format!("the data folder takes no data: {error}"))
}

/// What the page "Health" shows besides the diagnoses.
#[derive(Debug, Clone)]
pub(crate) struct Vitals {
    pub version: &'static str,
    pub sqlite: String,
    pub public_url: String,
    pub data_dir: String,
    pub started_at: Time,
    pub now: Time,
    /// Name and bytes of each database file with its write-ahead log.
    pub files: Vec<(String, u64)>,
    pub free_bytes: Option<u64>,
    pub resident_bytes: Option<u64>,
    pub waiting: u64,
    pub oldest_waiting: Option<Time>,
}

pub(crate) async fn vitals(cx: &Cx) -> Result<Vitals> {
    let (sqlite, (waiting, oldest_waiting)) = cx.read(|r| Ok((store::sqlite_version(r)?, work::store::outbox_backlog(r)?))).await?;
    let (databases, folder) = ([cx.hermetic.clone(), cx.telemetry.clone()], cx.boot.data_dir.clone());
    let measured = tokio::task::spawn_blocking(move || (databases.iter().map(file_size).collect(), free_bytes(&folder), process())).await;
    let (files, free_bytes, process) = measured.map_err(|error| Error::internal("measuring the data folder").because(error))?;
    Ok(Vitals {
        version: cx.boot.version,
        sqlite,
        public_url: cx.boot.public_url.as_str().to_owned(),
        data_dir: cx.boot.data_dir.display().to_string(),
        started_at: cx.started_at,
        now: cx.now(),
        files,
        free_bytes,
        resident_bytes: process.map(|process| process.resident_bytes),
        waiting,
        oldest_waiting,
    })
}

fn file_size(db: &Db) -> (String, u64) {
    let path = db.path();
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    (name, length(path) + length(Path::new(&log)))
}

/// Of the spine's: the outbox and what was given up. The capabilities tell their own.
pub(crate) fn gauges(r: &Reader<'_>) -> Result<Vec<Gauge>> {
    let (waiting, _) = work::store::outbox_backlog(r)?;
    let lag = work::store::outbox_since(r)?.map_or(Duration::ZERO, |since| r.now.since(since));
    #[expect(clippy::cast_precision_loss, reason = "Prometheus knows floats only")]
    let count = |value: u64| value as f64;
    let gauge = |name, help, value| Gauge { name, help, labels: Vec::new(), value };
    Ok(vec![
        gauge("hermetic_console_outbox_waiting_count", "Deliveries that are not finished.", count(waiting)),
        gauge("hermetic_console_outbox_lag_seconds", "How long the longest-waiting due delivery has waited.", lag.as_secs_f64()),
        gauge("hermetic_console_dead_deliveries_count", "Deliveries that were given up.", count(work::store::count_dead_deliveries(r)?)),
        gauge("hermetic_console_dead_jobs_count", "Jobs that were given up.", count(work::store::count_dead_jobs(r)?)),
    ])
}

/// What is to be said of the spine.
pub(crate) fn diagnose(r: &Reader<'_>) -> Result<Vec<Diagnosis>> {
    let mut told = vec![mail_diagnosis(r)?];
    let dead_jobs = work::store::count_dead_jobs(r)?;
    if dead_jobs > 0 {
        told.push(Diagnosis {
            tone: Tone::Warn,
            subject: "Jobs".into(),
            finding: format!("{} given up after the last try.", counted(dead_jobs, "job was", "jobs were")),
            advice: "Look at Jobs: repeat or discard them.".into(),
        });
    }
    let dead = work::store::count_dead_deliveries(r)?;
    if dead > 0 {
        told.push(Diagnosis {
            tone: Tone::Warn,
            subject: "Deliveries".into(),
            finding: format!("{} given up after the last try.", counted(dead, "notice was", "notices were")),
            advice: "Look at Deliveries: repeat or discard them.".into(),
        });
    }
    let lag = work::store::outbox_since(r)?.map_or(Duration::ZERO, |since| r.now.since(since));
    let (waiting, _) = work::store::outbox_backlog(r)?;
    told.push(if lag > SLOW_OUTBOX {
        Diagnosis {
            tone: Tone::Bad,
            subject: "Outbox".into(),
            finding: format!("A due delivery has waited for {}.", describe_duration(lag)),
            advice: "Restart Hermetic and look at its log; nothing is lost.".into(),
        }
    } else {
        good(
            "Outbox",
            if waiting == 0 { "Nothing waits.".to_owned() } else { format!("{} on the way.", counted(waiting, "delivery", "deliveries")) },
        )
    });
    Ok(told)
}

fn mail_diagnosis(r: &Reader<'_>) -> Result<Diagnosis> {
    let kind = model::find_setting(settings::SPINE_SECTIONS, "outbound.mail_kind").map(|setting| settings::text(r, setting)).transpose()?;
    Ok(match kind.as_deref() {
        Some("smtp") => good("Mail", "Leaves through your SMTP server.".to_owned()),
        Some("resend") => good("Mail", "Leaves through Resend.".to_owned()),
        _ => Diagnosis {
            tone: Tone::Info,
            subject: "Mail".into(),
            finding: "No way to send mail is chosen, so notices by mail wait.".into(),
            advice: "Choose how to send mail".into(),
        },
    })
}

fn good(subject: &str, finding: String) -> Diagnosis {
    Diagnosis { tone: Tone::Good, subject: subject.to_owned(), finding, advice: String::new() }
}

pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

struct Process {
    resident_bytes: u64,
    cpu_seconds: f64,
}

/// From /proc; `None` where there is none.
fn process() -> Option<Process> {
    let memory = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = memory.split_whitespace().nth(1)?.parse().ok()?;
    let times = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold blanks; utime and stime are the 12th and 13th fields after it.
    let mut fields = times.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks: u64 = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    let page_size = u64::try_from(rustix::param::page_size()).ok()?;
    #[expect(clippy::cast_precision_loss, reason = "Prometheus knows floats only")]
    let cpu_seconds = ticks as f64 / rustix::param::clock_ticks_per_second() as f64;
    Some(Process { resident_bytes: pages * page_size, cpu_seconds })
}

fn process_gauges() -> Vec<Gauge> {
    let Some(process) = process() else { return Vec::new() };
    #[expect(clippy::cast_precision_loss, reason = "Prometheus knows floats only")]
    let resident = process.resident_bytes as f64;
    let gauge = |name, help, value| Gauge { name, help, labels: Vec::new(), value };
    vec![
        gauge("process_resident_memory_bytes", "Resident memory of this process.", resident),
        gauge("process_cpu_seconds_total", "Processor time of this process.", process.cpu_seconds),
    ]
}
