//! Events and attachments go by age, and beyond their room by how little they tell. Counts and history stay.

use capability::{Cx, Digest as _};
use kernel::{Result, Time};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::digest::Events;
use crate::model::relevance::TELLING;
use crate::settings;
use crate::store::evict::{self, Candidate};
use crate::store::{counts, events, hashes};

/// So many at a time, so that the writer is never held for long.
pub const BATCH: u32 = 200;

struct Limits {
    /// The last item that is counted. What came after it may be in a batch whose change was lost with the power: it will be digested again, and
    /// an event that is gone by then would be missing in the counts for ever.
    counted: i64,
    keep_since: Time,
    event_bytes: u64,
    attachment_bytes: u64,
}

pub async fn evict(cx: &Cx) -> Result<()> {
    let limits = cx
        .read(|r| {
            Ok(Limits {
                counted: ingest::store::cursor(r, Events.name())?,
                keep_since: settings::keep_since(r)?,
                event_bytes: settings::event_bytes(r)?,
                attachment_bytes: settings::attachment_bytes(r)?,
            })
        })
        .await?;
    by_age(cx, &limits).await?;
    by_room(cx, &limits).await?;
    attachments(cx, &limits).await
}

/// Everything, however telling: who promises ninety days keeps nothing for ninety-one.
async fn by_age(cx: &Cx, limits: &Limits) -> Result<()> {
    let (keep_since, counted) = (limits.keep_since, limits.counted);
    loop {
        let old = cx.telemetry.read(move |r| evict::older_than(r, keep_since, counted, BATCH)).await?;
        if old.is_empty() {
            return Ok(());
        }
        cx.telemetry.write(move |tx| evict::remove_events(tx, &old)).await?;
    }
}

/// The least telling first. In a second round, when nothing else is left, the telling ones, too.
async fn by_room(cx: &Cx, limits: &Limits) -> Result<()> {
    let (room, counted) = (limits.event_bytes, limits.counted);
    for spares_telling in [true, false] {
        let mut after = (i64::MIN, i64::MIN);
        loop {
            let (_, bytes) = cx.telemetry.read(|r| events::size_of(r, "events")).await?;
            let surplus = bytes.saturating_sub(room);
            if surplus == 0 {
                return Ok(());
            }
            let place = after;
            let candidates = cx.telemetry.read(move |r| evict::least_telling(r, place, counted, BATCH)).await?;
            let Some(last) = candidates.last() else { break };
            if spares_telling && candidates.first().is_some_and(|event| event.relevance >= i64::from(TELLING)) {
                break;
            }
            after = (last.relevance, last.item);
            let (spared, mut going) = if spares_telling { divide(cx, candidates).await? } else { (Vec::new(), candidates) };
            cut(&mut going, surplus);
            cx.telemetry
                .write(move |tx| {
                    // Not looked at again with the duplicates.
                    spared.iter().try_for_each(|event| evict::raise(tx, event.item, TELLING))?;
                    evict::remove_events(tx, &going)
                })
                .await?;
        }
    }
    Ok(())
}

/// Only as many as are too much.
fn cut(going: &mut Vec<Candidate>, surplus: u64) {
    let mut freed = 0;
    let needed = going.iter().take_while(|event| {
        let is_needed = freed < surplus;
        freed += event.bytes.unsigned_abs();
        is_needed
    });
    let count = needed.count();
    going.truncate(count);
}

/// Those that must stay while others can go, and the others.
async fn divide(cx: &Cx, candidates: Vec<Candidate>) -> Result<(Vec<Candidate>, Vec<Candidate>)> {
    let wanted: HashSet<i64> = candidates.iter().map(|event| event.hash).collect();
    let telling = cx
        .read(move |r| {
            let mut telling: HashMap<i64, HashSet<i64>> = HashMap::new();
            for hash in wanted {
                telling.insert(hash, hashes::telling_items(r, hash)?.into_iter().collect());
            }
            Ok(telling)
        })
        .await?;
    Ok(candidates.into_iter().partition(|event| {
        event.relevance >= i64::from(TELLING) || telling.get(&event.hash).is_some_and(|items| items.contains(&event.item))
    }))
}

/// Items of errors' kinds that no row leads to: feedback, whose words are kept elsewhere, and what could not be digested.
pub async fn strays(cx: &Cx) -> Result<()> {
    let (keep_since, counted) = cx.read(|r| Ok((settings::keep_since(r)?, ingest::store::cursor(r, Events.name())?))).await?;
    loop {
        let mut old = cx.telemetry.read(move |r| ingest::store::items_before(r, Events.kinds(), keep_since, BATCH)).await?;
        old.retain(|item| *item <= counted);
        if old.is_empty() {
            return Ok(());
        }
        cx.telemetry.write(move |tx| ingest::store::remove_items(tx, &old)).await?;
    }
}

/// What leads to items of projects that are gone. The door removes the items, a day later; their rows would go on being counted as room that
/// is taken, and events of others would go for them.
pub async fn orphans(cx: &Cx) -> Result<()> {
    const SPAN: u32 = 5_000;
    let mut after = 0;
    let known: Arc<Vec<i64>> = Arc::new(cx.read(identity::store::list_projects).await?.into_iter().map(|project| project.id.0).collect());
    loop {
        let own = Arc::clone(&known);
        let (orphans, last) = cx.telemetry.read(move |r| evict::orphans(r, &own, after, SPAN)).await?;
        for part in orphans.chunks(BATCH as usize) {
            let part = part.to_vec();
            cx.telemetry.write(move |tx| evict::remove_events(tx, &part)).await?;
        }
        let Some(last) = last else { break };
        after = last;
    }
    loop {
        let own = Arc::clone(&known);
        let files = cx.telemetry.read(move |r| evict::orphaned_attachments(r, &own, BATCH)).await?;
        if files.is_empty() {
            return Ok(());
        }
        cx.telemetry.write(move |tx| evict::remove_attachments(tx, &files)).await?;
    }
}

/// What names users goes with their events; how many they were stays.
pub async fn names(cx: &Cx) -> Result<()> {
    const HASHES: u32 = 500;
    let keep_since = cx.read(settings::keep_since).await?;
    let mut after = 0;
    while let Some(upto) = cx.read(move |r| hashes::step(r, after, HASHES)).await? {
        cx.write(move |tx| counts::forget_names(tx, (after, upto), keep_since)).await?;
        after = upto;
    }
    Ok(())
}

async fn attachments(cx: &Cx, limits: &Limits) -> Result<()> {
    let (keep_since, room, counted) = (limits.keep_since, limits.attachment_bytes, limits.counted);
    loop {
        let going = cx
            .telemetry
            .read(move |r| {
                let (_, bytes) = events::size_of(r, "attachments")?;
                let mut surplus = i64::try_from(bytes.saturating_sub(room)).unwrap_or(i64::MAX);
                let oldest = evict::oldest_attachments(r, counted, BATCH)?;
                let going = oldest.into_iter().take_while(|(_, received_at, size)| {
                    let goes = *received_at < keep_since || surplus > 0;
                    surplus -= size;
                    goes
                });
                Ok(going.map(|(item, ..)| item).collect::<Vec<i64>>())
            })
            .await?;
        if going.is_empty() {
            return Ok(());
        }
        cx.telemetry.write(move |tx| evict::remove_attachments(tx, &going)).await?;
    }
}
