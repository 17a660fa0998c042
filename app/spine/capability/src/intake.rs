//! What the observation door needs of the house: its settings, the loop that writes its counts, and the job that ages out what nobody
//! else evicts.

use db::Reader;
use ingest::action::OptOut;
use ingest::quota::Allowances;
use ingest::retention::{self, Windows};
use kernel::Result;
use kernel::time::HOUR;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::settings::{self, TOPIC};
use crate::{Cx, Gauge, House, Section, Setting, SettingKind, Tasks, Work};

const PER_MINUTE: SettingKind = SettingKind::Number { min: 1.0, max: 100_000_000.0, unit: "a minute" };
const DAYS: SettingKind = SettingKind::Number { min: 1.0, max: 3_650.0, unit: "days" };

const ERRORS: Setting = Setting {
    key: "ingest.errors_per_minute",
    label: "Errors and feedback",
    help: "For each project. Beyond it programs are told to hold back, and what they lose is counted.",
    kind: PER_MINUTE,
    default: "300000",
};
const TRACES: Setting = Setting {
    key: "ingest.traces_per_minute",
    label: "Spans and profiles",
    help: "For each project; every span counts.",
    kind: PER_MINUTE,
    default: "3000000",
};
const LOGS: Setting = Setting {
    key: "ingest.logs_per_minute",
    label: "Log lines and measurements",
    help: "For each project; every line counts.",
    kind: PER_MINUTE,
    default: "3000000",
};
const OTHERS: Setting = Setting {
    key: "ingest.others_per_minute",
    label: "Sessions, check-ins, segments of replays",
    help: "For each project; each of the three by itself. Of replays no program hears of the limit: it would record no more.",
    kind: PER_MINUTE,
    default: "300000",
};
const ACTIONS: Setting = Setting {
    key: "ingest.actions_per_minute",
    label: "Actions of contacts",
    help: "For each project; every action counts. SDKs of analytics are told to come again later.",
    kind: PER_MINUTE,
    default: "3000000",
};
const OPT_OUT: Setting = Setting {
    key: "ingest.opt_out",
    label: "Browsers that ask not to be followed",
    help: "By Global Privacy Control or Do Not Track. What is not kept is counted, and nothing else.",
    kind: SettingKind::Choice(&[
        ("anonymous", "Keep nothing of visitors who are not signed in"),
        ("all", "Keep nothing"),
        ("ignore", "Keep everything"),
    ]),
    default: "anonymous",
};
const RAW_DAYS: Setting = Setting {
    key: "ingest.raw_days",
    label: "Keep profiles and measurements",
    help: "They are stored as they come, and so is what SDKs tell of their own losses.",
    kind: DAYS,
    default: "30",
};
const RAW_MEGABYTES: Setting = Setting {
    key: "ingest.raw_megabytes",
    label: "Space for profiles and measurements",
    help: "The oldest go first once they need more.",
    kind: SettingKind::Number { min: 1.0, max: 1_000_000.0, unit: "MB" },
    default: "1024",
};
const COUNTED_DAYS: Setting = Setting {
    key: "ingest.counted_days",
    label: "Keep single sessions and check-ins",
    help: "What they mean for releases and monitors is counted when they come and is kept longer.",
    kind: DAYS,
    default: "14",
};

pub(crate) const SECTION: Section = Section {
    title: "What programs report",
    about: "How much each project may report, and for how long what is kept that no other section names.",
    fields: &[ERRORS, TRACES, LOGS, OTHERS, ACTIONS, OPT_OUT, RAW_DAYS, RAW_MEGABYTES, COUNTED_DAYS],
};

const SWEEP: &str = "ingest.sweep";
/// How long the count of something refused may lie in memory.
const FLUSH: Duration = Duration::from_secs(3);
/// The command line changes keys and settings from another process, whose commits tell nothing here: so many flushes later they are read anew.
const FORGET: u32 = 10;

pub(crate) fn work(work: &mut Work) {
    work.job(SWEEP, |cx: Cx, _| async move { sweep(&cx).await });
    work.every(SWEEP, HOUR);
}

/// Writes the door's counts every few seconds (and once more after the last answer: see `serve`) and tells it what the settings allow.
pub(crate) fn start(cx: &Cx, tasks: &mut Tasks) {
    let shutdown = tasks.shutdown();
    tasks.spawn("ingest.counts", counts(cx.clone(), shutdown.clone()));
    tasks.spawn("ingest.settings", follow_settings(cx.clone(), shutdown));
}

async fn counts(cx: Cx, shutdown: CancellationToken) {
    let mut rounds = 0_u32;
    loop {
        let is_over = tokio::select! {
            () = shutdown.cancelled() => true,
            () = tokio::time::sleep(FLUSH) => false,
        };
        if let Err(error) = cx.ingest.flush().await {
            tracing::warn!(error = error.chain(), "what was refused could not be counted; trying again");
        }
        if is_over {
            return;
        }
        rounds += 1;
        if rounds.is_multiple_of(FORGET) {
            read_anew(&cx).await;
        }
    }
}

/// What another process may have changed.
async fn read_anew(cx: &Cx) {
    cx.ingest.forget_keys();
    read_allowances(cx).await;
}

/// Limits, and whom the door does not follow.
async fn read_allowances(cx: &Cx) {
    match cx.read(|r| Ok((allowances(r)?, opt_out(r)?))).await {
        Ok((allowances, opt_out)) => {
            cx.ingest.set_allowances(allowances);
            cx.ingest.set_opt_out(opt_out);
        }
        Err(error) => tracing::warn!(error = error.chain(), "the limits of the door could not be read; the old ones stay"),
    }
}

async fn follow_settings(cx: Cx, shutdown: CancellationToken) {
    let mut signals = cx.hermetic.signals();
    read_allowances(&cx).await;
    loop {
        let signal = tokio::select! {
            () = shutdown.cancelled() => return,
            signal = signals.recv() => signal,
        };
        match signal {
            Ok(TOPIC) | Err(RecvError::Lagged(_)) => read_allowances(&cx).await,
            Ok(_) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// What the settings let each project report.
pub fn allowances(r: &Reader<'_>) -> Result<Allowances> {
    let limit = |setting| whole(r, setting);
    Ok(Allowances {
        errors: limit(&ERRORS)?,
        traces: limit(&TRACES)?,
        logs: limit(&LOGS)?,
        others: limit(&OTHERS)?,
        actions: limit(&ACTIONS)?,
    })
}

fn opt_out(r: &Reader<'_>) -> Result<OptOut> {
    Ok(OptOut::parse(&settings::text(r, &OPT_OUT)?).unwrap_or_default())
}

/// What the door keeps in memory, for Prometheus.
pub(crate) fn gauges(house: &House) -> Vec<Gauge> {
    let gauge = |name, help, value: u64| Gauge { name, help, labels: Vec::new(), value: value as f64 };
    vec![
        gauge("hermetic_ingest_backlog_items", "Items that the slowest digest has not read yet.", house.ingest.backlog()),
        gauge("hermetic_ingest_requests", "Reports that are being taken at this moment.", house.ingest.requests() as u64),
    ]
}

fn windows(r: &Reader<'_>) -> Result<Windows> {
    Ok(Windows {
        raw_days: whole(r, &RAW_DAYS)?,
        raw_bytes: u64::from(whole(r, &RAW_MEGABYTES)?) * 1_000_000,
        counted_days: whole(r, &COUNTED_DAYS)?,
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a setting's range lies within u32")]
fn whole(r: &Reader<'_>, setting: &Setting) -> Result<u32> {
    Ok(settings::number(r, setting)?.clamp(1.0, f64::from(u32::MAX)) as u32)
}

async fn sweep(cx: &Cx) -> Result<()> {
    let windows = cx.read(windows).await?;
    let removed = retention::sweep(&cx.hermetic, &cx.telemetry, windows, cx.now()).await?;
    if removed > 0 {
        tracing::info!(items = removed, "items of the log were past their time and were removed");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
