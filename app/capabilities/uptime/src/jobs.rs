//! Work that runs by itself: hours and days from the log of checks, packing, ageing out, and the status page's maintenances.

use std::collections::HashMap;
use std::time::Duration;

use capability::{Cx, Work};
use kernel::ids::MonitorId;
use kernel::time::{DAY, HOUR};
use kernel::{Fact, Result, Time};
use work::Job;

use crate::model::arithmetic::Tally;
use crate::model::check::Sample;
use crate::model::window::WindowRule;
use crate::store;
use crate::store::rollups::Rollup;

const ROLLUP: &str = "uptime.rollup";
const PRUNE: &str = "uptime.prune";
const MAINTENANCE: &str = "uptime.maintenance";
const HOURS: &str = "hours";
const DAYS: &str = "days";
const PACKED: &str = "packed";
/// Rows of single checks are kept so long; hourly blocks take over from them.
const ROWS_KEPT: Duration = Duration::from_secs(48 * 3_600);
pub const HOURS_KEPT_DAYS: u32 = 396;
/// Stretches older than this are only known by the days' sums.
const TRANSITIONS_KEPT: Duration = Duration::from_secs(400 * 86_400);
/// After an hour's end its last checks and those of other vantages may still be under way.
const LATE: Duration = Duration::from_secs(150);
/// A vantage that could not send keeps an hour of results; an hour is packed when they are in.
const SPOOLED: Duration = Duration::from_secs(70 * 60);

pub fn register(work: &mut Work) {
    work.job(ROLLUP, |cx, _| roll_up(cx));
    work.every(ROLLUP, Duration::from_secs(120));
    work.job(PRUNE, |cx, _| prune(cx));
    work.every(PRUNE, Duration::from_secs(1_800));
    work.job(MAINTENANCE, announce);
    work.reaction("maintenance_announced", MAINTENANCE);
    work.reaction("maintenance_ended", MAINTENANCE);
}

/// Sums up every hour that is not closed yet, and closes those that are over. Repeating it changes nothing.
pub async fn roll_up(cx: Cx) -> Result<()> {
    let now = cx.now();
    let cursor = cx.read(|r| store::states::cursor(r, HOURS)).await?;
    let oldest = cx.telemetry.read(store::checks::oldest).await?;
    let Some(mut hour) = cursor.or(oldest.map(Time::hour_start)) else { return Ok(()) };
    // A clock that ran ahead once left a cursor in the future; nothing would be summed up until then.
    hour = hour.min(now.hour_start());
    while hour <= now.hour_start() {
        let is_over = hour + HOUR + LATE <= now;
        sum_hour(&cx, hour, is_over).await?;
        if !is_over {
            break;
        }
        hour = hour + HOUR;
    }
    close_days(&cx, hour).await?;
    pack_hours(&cx, now).await
}

async fn samples_of(cx: &Cx, hour: Time) -> Result<HashMap<MonitorId, Vec<Sample>>> {
    cx.telemetry
        .read(move |r| {
            let mut samples: HashMap<MonitorId, Vec<Sample>> = HashMap::new();
            store::checks::each(r, hour, hour + HOUR, |id, sample| samples.entry(id).or_default().push(sample))?;
            Ok(samples)
        })
        .await
}

/// Packs hours that hardly anything can still come in for.
async fn pack_hours(cx: &Cx, now: Time) -> Result<()> {
    let cursor = cx.read(|r| store::states::cursor(r, PACKED)).await?;
    let oldest = cx.telemetry.read(store::checks::oldest).await?;
    let Some(first) = cursor.or(oldest.map(Time::hour_start)) else { return Ok(()) };
    let mut hour = first.min(now.hour_start());
    if hour < first {
        // Kept, or it would be put off with every hour.
        cx.write(move |tx| store::states::set_cursor(tx, PACKED, hour)).await?;
    }
    while hour + HOUR + SPOOLED <= now {
        let mut blocks: Vec<(MonitorId, Vec<Sample>)> = samples_of(cx, hour).await?.into_iter().collect();
        blocks.sort_by_key(|(id, _)| *id);
        if !blocks.is_empty() {
            let save =
                move |tx: &mut db::Tx<'_>| blocks.iter().try_for_each(|(id, samples)| store::checks::save_block(tx, hour, *id, samples));
            cx.telemetry.write(save).await?;
        }
        hour = hour + HOUR;
        cx.write(move |tx| store::states::set_cursor(tx, PACKED, hour)).await?;
    }
    Ok(())
}

async fn sum_hour(cx: &Cx, hour: Time, is_over: bool) -> Result<()> {
    let samples = samples_of(cx, hour).await?;
    let mut rollups: Vec<(MonitorId, Rollup)> = samples.iter().map(|(id, samples)| (*id, Rollup::of(samples))).collect();
    rollups.sort_by_key(|(id, _)| *id);
    cx.write(move |tx| {
        rollups.iter().try_for_each(|(id, rollup)| store::rollups::save_hour(tx, hour, *id, rollup))?;
        store::states::set_cursor(tx, HOURS, if is_over { hour + HOUR } else { hour })
    })
    .await
}

/// Days whose last hour is closed.
async fn close_days(cx: &Cx, hours_closed_until: Time) -> Result<()> {
    loop {
        let first = cx.read(|r| store::states::cursor(r, DAYS)).await?;
        let latest = hours_closed_until.day_start();
        let day = first.map_or(latest, |first| first.min(latest));
        let is_over = day + DAY <= hours_closed_until;
        if !is_over && first == Some(day) {
            return Ok(());
        }
        cx.write(move |tx| {
            if is_over {
                let sums: HashMap<MonitorId, Rollup> = store::rollups::sums(tx, day, day + DAY)?.into_iter().collect();
                for monitor in store::monitors::list(tx)? {
                    let spans = store::states::history(tx, monitor.id, day, day + DAY)?;
                    let tally = Tally::of(&spans, day, day + DAY);
                    let empty = Rollup::default();
                    let rollup = sums.get(&monitor.id).unwrap_or(&empty);
                    if rollup.checks() > 0 || tally.uptime().is_some() {
                        store::rollups::save_day(tx, day, monitor.id, rollup, &tally)?;
                    }
                }
            }
            store::states::set_cursor(tx, DAYS, if is_over { day + DAY } else { day })
        })
        .await?;
        if !is_over {
            return Ok(());
        }
    }
}

/// Ages out, a little at a time.
pub async fn prune(cx: Cx) -> Result<()> {
    let now = cx.now();
    let (packed, keep_days) = cx.read(|r| Ok((store::states::cursor(r, PACKED)?, crate::settings::keep_checks_days(r)?))).await?;
    // Rows leave only after their hour was packed.
    let rows = packed.map_or(Time(i64::MIN), |packed| packed.min(now - ROWS_KEPT));
    let blocks = now - DAY * keep_days;
    while cx.telemetry.write(move |tx| store::checks::prune(tx, rows, blocks)).await? > 0 {}
    cx.write(move |tx| {
        store::rollups::prune(tx, now - DAY * HOURS_KEPT_DAYS)?;
        store::states::prune(tx, now - TRANSITIONS_KEPT)?;
        crate::check_ins::tidy(tx)
    })
    .await
}

/// The status page announced, moved or ended a maintenance: notices of its monitors are held meanwhile.
async fn announce(cx: Cx, job: Job) -> Result<()> {
    let fact = job.fact()?;
    cx.write(move |tx| {
        match fact {
            Fact::MaintenanceAnnounced { maintenance, title, monitors, starts_at, ends_at } if !monitors.is_empty() => {
                let zone = capability::settings::text(tx, &capability::settings::ZONE)?;
                let rule = WindowRule::Once { from: starts_at, to: ends_at, zone };
                store::windows::announce(tx, maintenance.0, &title, &monitors, &rule)?;
            }
            Fact::MaintenanceAnnounced { maintenance, .. } | Fact::MaintenanceEnded { maintenance, .. } => {
                store::windows::end_announced(tx, maintenance.0)?;
            }
            _ => {}
        }
        tx.signal(crate::CONFIG_TOPIC);
        Ok(())
    })
    .await
}
