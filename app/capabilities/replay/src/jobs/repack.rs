//! Packing what is idle: segments of one replay repeat each other, so together they take half of what they take alone.

use capability::{Cx, House};
use ingest::{Kind, pack};
use kernel::time::MINUTE;
use kernel::{Error, Result, Time};
use std::time::Duration;

use super::blocking;
use crate::model::parts::runs;
use crate::store::{self, FiledSegment, Key};
use crate::{digest, read};

/// SDKs end a session that rests for so long.
const IDLE: Duration = MINUTE.saturating_mul(15);
/// Half as fast as 9 and 3 % smaller on the recorded replays; 15 is another 2 % for five times the time.
const LEVEL: i32 = 11;
/// Replays of one run: what is left waits for the next.
const MOST: u32 = 2_000;
/// Reports that leave the log in one transaction.
const REPORTS: u32 = 200;

pub async fn run(cx: Cx) -> Result<()> {
    let before = cx.now() - IDLE;
    let cursor = cx.read(|r| ingest::store::cursor(r, digest::NAME)).await?;
    let packed = pack_idle(&cx, before, cursor).await;
    drop_reports(&cx, before, cursor).await?;
    packed
}

/// What cannot be packed stays as it is, and in nobody's way.
async fn pack_idle(cx: &Cx, before: Time, cursor: i64) -> Result<()> {
    for key in cx.telemetry.read(move |r| store::idle(r, before, MOST)).await? {
        if let Err(error) = blocking(cx, move |house| repack(house, key, cursor)).await {
            tracing::warn!(replay = %key.sdk_id, error = error.chain(), "a replay could not be packed; its segments stay alone");
        }
    }
    Ok(())
}

/// Packs the segments of one replay that the digest is done with. A run that cannot be read does not keep the others from it.
fn repack(house: &House, key: Key, cursor: i64) -> Result<()> {
    let loose = house.telemetry.read_blocking(|r| store::segments(r, key))?;
    let loose: Vec<FiledSegment> = loose.into_iter().filter(|segment| segment.item.is_some_and(|item| item <= cursor)).collect();
    let packed: Vec<Result<()>> = runs(loose).into_iter().map(|run| repack_run(house, key, run)).collect();
    packed.into_iter().collect()
}

fn repack_run(house: &House, key: Key, run: Vec<FiledSegment>) -> Result<()> {
    let (recording, moments) = house.telemetry.read_blocking(|r| together(r, &run))?;
    let (recording, moments) = (packed(&recording)?, packed(&moments)?);
    house.telemetry.write_blocking(move |tx| store::put_together(tx, key, &run, &recording, &moments).map(|_| ()))
}

/// A list of the segments' lists, and one of what happened in each.
fn together(r: &db::Reader<'_>, run: &[FiledSegment]) -> Result<(Vec<u8>, Vec<u8>)> {
    let (mut recording, mut moments) = (b"[".to_vec(), b"[".to_vec());
    for (index, segment) in run.iter().enumerate() {
        if index > 0 {
            recording.push(b',');
            moments.push(b',');
        }
        let item = segment.item.ok_or_else(|| Error::internal("a segment without its item"))?;
        recording.extend_from_slice(read::one(r, item)?.as_bytes());
        match store::moments_of(r, segment.id)? {
            Some(packed) => moments.extend_from_slice(&pack::unpack(&packed)?),
            None => moments.extend_from_slice(b"[]"),
        }
    }
    recording.push(b']');
    moments.push(b']');
    Ok((recording, moments))
}

fn packed(plain: &[u8]) -> Result<Vec<u8>> {
    zstd::bulk::compress(plain, LEVEL).map_err(|error| Error::internal("packing a replay").because(error))
}

/// What SDKs told of a replay is a part of its row by now: each report is as large as the segment that came with it.
async fn drop_reports(cx: &Cx, before: Time, cursor: i64) -> Result<()> {
    loop {
        let old = cx.telemetry.read(move |r| ingest::store::items_before(r, &[Kind::ReplayEvent], before, REPORTS)).await?;
        let done: Vec<i64> = old.into_iter().filter(|item| *item <= cursor).collect();
        if done.is_empty() {
            return Ok(());
        }
        cx.telemetry.write(move |tx| ingest::store::remove_items(tx, &done)).await?;
    }
}
