//! Hours (kept 13 months) and days (kept for good) of each monitor.

use db::{Reader, Tx};
use kernel::ids::MonitorId;
use kernel::{Result, Time};
use rusqlite::{Row, params};
use std::time::Duration;

use crate::model::arithmetic::Tally;
use crate::model::check::{Sample, Verdict};
use crate::model::histogram::Histogram;

/// Counts of verdicts and the latencies of what answered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rollup {
    pub ok: u64,
    pub slow: u64,
    pub fail: u64,
    pub latencies: Histogram,
}

impl Rollup {
    /// Latencies are those of what answered here; a timeout would only show the timeout.
    pub fn of(samples: &[Sample]) -> Rollup {
        let mut rollup = Rollup::default();
        for sample in samples.iter().filter(|sample| sample.vantage == 0) {
            match sample.verdict {
                Verdict::Ok => rollup.ok += 1,
                Verdict::Slow => rollup.slow += 1,
                Verdict::Fail => rollup.fail += 1,
                Verdict::Skipped => {}
            }
            if matches!(sample.verdict, Verdict::Ok | Verdict::Slow) {
                rollup.latencies.add(u64::from(sample.phases.total));
            }
        }
        rollup
    }

    /// One rollup for each `step` of time in which there were checks, oldest first. `samples` are in the order of their time.
    pub fn steps(samples: &[Sample], step: Duration) -> Vec<(Time, Rollup)> {
        let step = i64::try_from(step.as_millis()).unwrap_or(i64::MAX).max(1);
        let start = |sample: &Sample| sample.at.0.div_euclid(step) * step;
        samples.chunk_by(|a, b| start(a) == start(b)).map(|chunk| (Time(start(&chunk[0])), Rollup::of(chunk))).collect()
    }

    pub fn merge(&mut self, other: &Rollup) {
        self.ok += other.ok;
        self.slow += other.slow;
        self.fail += other.fail;
        self.latencies.merge(&other.latencies);
    }

    pub fn checks(&self) -> u64 {
        self.ok + self.slow + self.fail
    }
}

fn rollup(row: &Row<'_>) -> rusqlite::Result<(Time, Rollup)> {
    let latencies = row.get_ref(4)?.as_blob().ok().and_then(Histogram::decode).unwrap_or_default();
    let count = |at| row.get::<_, i64>(at).map(i64::unsigned_abs);
    Ok((Time(row.get(0)?), Rollup { ok: count(1)?, slow: count(2)?, fail: count(3)?, latencies }))
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub fn save_hour(tx: &mut Tx<'_>, hour: Time, id: MonitorId, rollup: &Rollup) -> Result<()> {
    tx.run(
        "insert into uptime_hours (at, monitor_id, ok, slow, fail, latencies) values (?, ?, ?, ?, ?, ?) on conflict (at, monitor_id) do update \
         set ok = excluded.ok, slow = excluded.slow, fail = excluded.fail, latencies = excluded.latencies",
        params![hour.0, id.0, signed(rollup.ok), signed(rollup.slow), signed(rollup.fail), rollup.latencies.encode()],
    )?;
    Ok(())
}

pub fn save_day(tx: &mut Tx<'_>, day: Time, id: MonitorId, rollup: &Rollup, tally: &Tally) -> Result<()> {
    tx.run(
        "insert into uptime_days (at, monitor_id, ok, slow, fail, latencies, up_ms, degraded_ms, down_ms, maintenance_ms, nodata_ms) \
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (at, monitor_id) do update set ok = excluded.ok, slow = excluded.slow, \
         fail = excluded.fail, latencies = excluded.latencies, up_ms = excluded.up_ms, degraded_ms = excluded.degraded_ms, \
         down_ms = excluded.down_ms, maintenance_ms = excluded.maintenance_ms, nodata_ms = excluded.nodata_ms",
        params![
            day.0,
            id.0,
            signed(rollup.ok),
            signed(rollup.slow),
            signed(rollup.fail),
            rollup.latencies.encode(),
            tally.up,
            tally.degraded,
            tally.down,
            tally.maintenance,
            tally.nodata
        ],
    )?;
    Ok(())
}

/// A monitor's hours, oldest first. One seek per hour: the table is led by time, so a range would read everybody's rows.
pub fn hours(r: &Reader<'_>, id: MonitorId, from: Time, to: Time) -> Result<Vec<(Time, Rollup)>> {
    r.rows(
        "with recursive hours (at) as (values (?1) union all select at + 3600000 from hours where at + 3600000 < ?2) \
         select rows.at, rows.ok, rows.slow, rows.fail, rows.latencies from hours cross join uptime_hours rows on rows.at = hours.at and rows.monitor_id = ?3",
        params![from.hour_start().0, to.0, id.0],
        rollup,
    )
}

pub fn days(r: &Reader<'_>, id: MonitorId, from: Time, to: Time) -> Result<Vec<(Time, Rollup)>> {
    r.rows(
        "with recursive days (at) as (values (?1) union all select at + 86400000 from days where at + 86400000 < ?2) \
         select rows.at, rows.ok, rows.slow, rows.fail, rows.latencies from days cross join uptime_days rows on rows.at = days.at and rows.monitor_id = ?3",
        params![from.day_start().0, to.0, id.0],
        rollup,
    )
}

/// Every monitor that has hours in a time, with their sum.
pub fn sums(r: &Reader<'_>, from: Time, to: Time) -> Result<Vec<(MonitorId, Rollup)>> {
    let rows = r.rows(
        "select at, ok, slow, fail, latencies, monitor_id from uptime_hours where at >= ? and at < ? order by monitor_id limit 200000",
        params![from.0, to.0],
        |row| Ok((MonitorId(row.get(5)?), rollup(row)?.1)),
    )?;
    let mut sums: Vec<(MonitorId, Rollup)> = Vec::new();
    for (id, hour) in rows {
        match sums.last_mut() {
            Some((last, sum)) if *last == id => sum.merge(&hour),
            _ => sums.push((id, hour)),
        }
    }
    Ok(sums)
}

pub fn prune(tx: &mut Tx<'_>, hours_before: Time) -> Result<usize> {
    tx.run("delete from uptime_hours where at < ?", [hours_before.0])
}
