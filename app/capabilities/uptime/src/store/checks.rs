//! The log of checks in `telemetry.db`: rows for two days, hourly blocks for ninety.

use db::{Reader, Tx};
use kernel::ids::MonitorId;
use kernel::{Result, Time};
use rusqlite::{Row, params};

use crate::model::block;
use crate::model::check::{Phases, Reason, Sample, Verdict};
use crate::model::varint;

/// One batch, one transaction. A row that is there already (a vantage sent it twice) stays as it is.
pub fn append(tx: &mut Tx<'_>, batch: &[(MonitorId, Sample)]) -> Result<()> {
    for (id, sample) in batch {
        tx.run(
            "insert into uptime_checks (at, monitor_id, vantage, verdict, reason, code, phases) values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
            params![
                sample.at.0,
                id.0,
                sample.vantage,
                sample.verdict.number(),
                sample.reason.map_or(0, Reason::number),
                sample.code,
                pack(&sample.phases),
            ],
        )?;
    }
    Ok(())
}

fn pack(phases: &Phases) -> Vec<u8> {
    let mut out = Vec::with_capacity(16);
    varint::put(&mut out, u64::from(phases.total));
    for part in phases.parts() {
        varint::put(&mut out, part.map_or(0, |micros| u64::from(micros) + 1));
    }
    out
}

fn unpack(mut bytes: &[u8]) -> Phases {
    let mut next = || varint::take(&mut bytes).and_then(|value| u32::try_from(value).ok()).unwrap_or(0);
    let total = next();
    Phases::from_parts(std::array::from_fn(|_| next().checked_sub(1)), total)
}

fn sample(row: &Row<'_>) -> rusqlite::Result<(MonitorId, Sample)> {
    let phases = row.get_ref(6)?.as_blob().map(unpack).unwrap_or_default();
    let sample = Sample {
        at: Time(row.get(0)?),
        vantage: row.get(2)?,
        verdict: Verdict::from_number(row.get(3)?).unwrap_or(Verdict::Skipped),
        reason: Reason::from_number(row.get(4)?),
        code: row.get(5)?,
        phases,
    };
    Ok((MonitorId(row.get(1)?), sample))
}

/// Walks all checks of a time in order, without holding them.
pub fn each(r: &Reader<'_>, from: Time, to: Time, mut each: impl FnMut(MonitorId, Sample)) -> Result<()> {
    // By the primary key.
    r.each(
        "select at, monitor_id, vantage, verdict, reason, code, phases from uptime_checks where at >= ? and at < ? order by at",
        params![from.0, to.0],
        |row| {
            let (id, sample) = sample(row)?;
            each(id, sample);
            Ok(())
        },
    )
}

/// The newest checks of a monitor, newest first: out of the rows of the last hours, then out of blocks.
pub fn latest(r: &Reader<'_>, id: MonitorId, before: Time, limit: usize) -> Result<Vec<Sample>> {
    let mut found = Vec::new();
    let mut to = before;
    // Hour by hour backwards: a monitor's checks lie scattered among all others', so that a wide range would read them all.
    for _ in 0..6 {
        let from = Time((to.0 - 1).div_euclid(3_600_000) * 3_600_000);
        let rows = r.rows(
            "select at, monitor_id, vantage, verdict, reason, code, phases from uptime_checks where at >= ? and at < ? and monitor_id = ? \
             order by at desc limit ?",
            params![from.0, to.0, id.0, u32::try_from(limit - found.len()).unwrap_or(u32::MAX)],
            sample,
        )?;
        found.extend(rows.into_iter().map(|(_, sample)| sample));
        if found.len() >= limit {
            break;
        }
        to = from;
    }
    Ok(found)
}

/// All checks of a monitor in a time, oldest first. A packed hour comes from its block alone: it is packed when the last
/// results of a vantage can be in, and its rows, scattered among those of all monitors, would cost a thousand times as much.
pub fn between(r: &Reader<'_>, id: MonitorId, from: Time, to: Time) -> Result<Vec<Sample>> {
    let mut found = Vec::new();
    let mut hour = from.hour_start();
    while hour < to {
        let end = hour + kernel::time::HOUR;
        let is_packed: bool = r.value("select exists (select 1 from uptime_blocks where at = ?)", [hour.0])?;
        if is_packed {
            let block = r.row("select body from uptime_blocks where at = ? and monitor_id = ?", params![hour.0, id.0], |row| {
                row.get::<_, Vec<u8>>(0)
            })?;
            let samples = block.map(|body| block::decode(&body)).transpose()?.unwrap_or_default();
            found.extend(samples.into_iter().filter(|sample| sample.at >= from && sample.at < to));
        } else {
            let rows = r.rows(
                "select at, monitor_id, vantage, verdict, reason, code, phases from uptime_checks where at >= ? and at < ? and monitor_id = ? \
                 order by at limit 20000",
                params![hour.max(from).0, end.min(to).0, id.0],
                sample,
            )?;
            found.extend(rows.into_iter().map(|(_, sample)| sample));
        }
        hour = end;
    }
    Ok(found)
}

pub fn save_block(tx: &mut Tx<'_>, hour: Time, id: MonitorId, samples: &[Sample]) -> Result<()> {
    tx.run(
        "insert into uptime_blocks (at, monitor_id, checks, body) values (?, ?, ?, ?) \
         on conflict (at, monitor_id) do update set checks = excluded.checks, body = excluded.body",
        params![hour.0, id.0, u32::try_from(samples.len()).unwrap_or(u32::MAX), block::encode(samples)?],
    )?;
    Ok(())
}

/// Rows before `rows`, blocks before `blocks`; at most an hour of a big house per call, so that no write waits long.
pub fn prune(tx: &mut Tx<'_>, rows: Time, blocks: Time) -> Result<usize> {
    let oldest = tx.row("select at from uptime_checks order by at limit 1", [], |row| row.get(0).map(Time))?;
    let upto = oldest.map_or(rows, |oldest| rows.min(oldest + kernel::time::HOUR));
    let removed = tx.run("delete from uptime_checks where at < ?", [upto.0])?;
    Ok(removed + tx.run("delete from uptime_blocks where at < ?", [blocks.0])?)
}

pub fn oldest(r: &Reader<'_>) -> Result<Option<Time>> {
    r.row("select at from uptime_checks order by at limit 1", [], |row| row.get(0).map(Time))
}
