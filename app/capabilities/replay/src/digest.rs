//! How segments become replays: each is filed once in telemetry.db, what it adds goes into the state with the cursor.

use capability::Cx;
use capability::digest::{Change, Digest};
use ingest::{Item, Kind, pack, recording};
use kernel::{Error, Result};
use std::collections::BTreeMap;

use crate::model::recording::{Content, content};
use crate::model::told;
use crate::store::{self, Gain, Key, NewSegment};

pub struct Replays;

/// Names the cursor.
pub const NAME: &str = "replay";

/// Segments of one transaction of telemetry.db: the door waits behind it.
const PORTION: usize = 50;

/// Why what came of a deleted replay is not kept, as outcomes have it.
pub const DELETED: &str = "replay_deleted";

impl Digest for Replays {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kinds(&self) -> &'static [Kind] {
        // A video is kept as it is, and counted by the door; nobody shows it.
        &[Kind::ReplayEvent, Kind::ReplayRecording]
    }

    fn digest(&self, cx: &Cx, items: &[Item]) -> Result<Change> {
        let mut gains: BTreeMap<Key, Gain> = BTreeMap::new();
        let mut segments = Vec::new();
        let gone = gone(cx, items)?;
        for item in items {
            let Some(key) = key_of(item) else { continue };
            if gone.contains_key(&item.id) {
                continue;
            }
            match item.kind {
                Kind::ReplayEvent => {
                    let told = told::read(&item.payload()?, item.head.user_agent.as_deref());
                    let gain = gains.entry(key).or_default();
                    gain.came = gain.came.max(Some(item.received_at));
                    gain.told.extend(told);
                }
                _ => segments.push(segment_of(item, key)?),
            }
        }
        for portion in segments.chunks(PORTION) {
            let portion = portion.to_vec();
            for new in cx.telemetry.write_blocking(move |tx| file(tx, portion))? {
                add(gains.entry(new.key).or_default(), new);
            }
        }
        take_out(cx, gone)?;
        Ok(Box::new(move |tx| gains.iter().try_for_each(|(key, gain)| store::gain(tx, *key, gain))))
    }
}

fn key_of(item: &Item) -> Option<Key> {
    item.event_id.map(|sdk_id| Key { project: item.project, sdk_id })
}

/// Items of replays that somebody deleted while their tab was open.
fn gone(cx: &Cx, items: &[Item]) -> Result<BTreeMap<i64, store::Refused>> {
    cx.hermetic.read_blocking(|r| {
        let mut gone = BTreeMap::new();
        for item in items {
            if let Some(key) = key_of(item)
                && store::is_gone(r, key)?
            {
                let bytes = item.stored_bytes() as u64;
                gone.insert(
                    item.id,
                    store::Refused { project: item.project, item: item.id, kind: item.kind, received_at: item.received_at, bytes },
                );
            }
        }
        Ok(gone)
    })
}

fn take_out(cx: &Cx, gone: BTreeMap<i64, store::Refused>) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    cx.telemetry.write_blocking(move |tx| gone.values().try_for_each(|item| store::refuse(tx, item, DELETED)))
}

fn segment_of(item: &Item, key: Key) -> Result<NewSegment> {
    let payload = item.payload()?;
    let (segment, json) = recording::split(&payload).ok_or_else(|| Error::internal("a recording without its line"))?;
    let json = std::str::from_utf8(json).map_err(|error| Error::internal("reading a recording").because(error))?;
    let Content { span, told, events, has_snapshot, page, moments } =
        content(json).map_err(|error| Error::internal("reading a recording").because(error))?;
    let (from, to) = span.or(told).unwrap_or((item.received_at, item.received_at));
    let moments = serde_json::to_vec(&moments).map_err(|error| Error::internal("writing moments").because(error))?;
    Ok(NewSegment {
        key,
        segment,
        item: item.id,
        received_at: item.received_at,
        from,
        to,
        is_played: span.is_some(),
        events,
        has_snapshot,
        page,
        raw_bytes: json.len() as u64,
        bytes: item.stored_bytes() as u64,
        moments: pack::pack(&moments),
    })
}

/// Those that count.
fn file(tx: &mut db::Tx<'_>, portion: Vec<NewSegment>) -> Result<Vec<NewSegment>> {
    let mut filed = Vec::with_capacity(portion.len());
    for new in portion {
        if store::file(tx, &new)? {
            filed.push(new);
        }
    }
    Ok(filed)
}

fn add(gain: &mut Gain, new: NewSegment) {
    gain.segments += 1;
    gain.highest = gain.highest.max(Some(new.segment));
    gain.events += new.events;
    gain.raw_bytes += new.raw_bytes;
    gain.bytes += new.bytes;
    gain.came = gain.came.max(Some(new.received_at));
    if new.is_played {
        let (from, to) = gain.span.unwrap_or((new.from, new.to));
        gain.span = Some((from.min(new.from), to.max(new.to)));
    }
    if !new.page.is_empty() && !gain.pages.contains(&new.page) {
        gain.pages.push(new.page);
    }
}
