//! Reading a replay out of both files: its timeline, the parts that a player asks for, what happened in it.
//!
//! Everything here reads and unpacks: on a blocking thread.

use capability::House;
use ingest::{Kind, pack, recording};
use kernel::{Error, Result, Time};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::io::Read as _;

use crate::model::moment::LONGEST;
use crate::model::recording::time_of;
use crate::model::{Moment, Part, Replay, Timeline, What, neutral, parts};
use crate::store::{self, FiledSegment, Key};

/// Of a chunk once it is unpacked.
const MOST: u64 = 64 << 20;
/// Of one replay. With texts as long as they may be, these are some 35 MB.
pub(crate) const MOMENTS: usize = 50_000;
/// Errors whose moment is looked up.
const ERRORS: usize = 100;

fn key(replay: &Replay) -> Key {
    Key { project: replay.project, sdk_id: replay.sdk_id }
}

/// How the recording is cut into parts.
pub fn timeline(house: &House, replay: &Replay) -> Result<Timeline> {
    let segments = house.telemetry.read_blocking(|r| store::segments(r, key(replay)))?;
    let parts: Vec<Part> = parts::parts(&segments, replay.started_at);
    let duration_ms = replay.finished_at.0 - replay.started_at.0;
    Ok(Timeline { started_at: replay.started_at.0, duration_ms, segments: segments.len(), parts })
}

/// A part as a JSON list of rrweb events that are safe to be played, in the order of their times (in milliseconds).
pub fn part(house: &House, replay: &Replay, name: &str) -> Result<Vec<u8>> {
    let missing = || Error::not_found("part of this replay");
    let recorded = recorded(house, key(replay), parts::Name::parse(name).ok_or_else(missing)?)?.ok_or_else(missing)?;
    Ok(neutral::feed(recorded.iter().map(String::as_str)))
}

/// The segments of a part as they were recorded: scrubbed, but not made safe. Only for files that are saved.
pub fn recorded_part(house: &House, replay: &Replay, name: parts::Name) -> Result<Vec<String>> {
    Ok(recorded(house, key(replay), name)?.unwrap_or_default())
}

fn recorded(house: &House, key: Key, name: parts::Name) -> Result<Option<Vec<String>>> {
    house.telemetry.read_blocking(|r| {
        let segments = store::segments_between(r, key, name.first, name.last)?;
        if !parts::is_a_part(&segments) {
            return Ok(None);
        }
        let mut opened = Opened::default();
        let lists = segments.iter().map(|segment| match segment.item {
            Some(item) => one(r, item),
            None => opened.take(r, key, segment),
        });
        lists.collect::<Result<_>>().map(Some)
    })
}

/// The chunk that was unpacked last: the segments of a part mostly lie in one.
#[derive(Default)]
struct Opened {
    chunk: Option<i64>,
    /// By the id of the segment.
    lists: BTreeMap<i64, String>,
}

impl Opened {
    fn take(&mut self, r: &db::Reader<'_>, key: Key, segment: &FiledSegment) -> Result<String> {
        let missing = || Error::not_found("part of this replay");
        let chunk = segment.chunk.ok_or_else(missing)?;
        if self.chunk != Some(chunk) {
            let segments = store::segments_of_chunk(r, key, chunk)?;
            let lists = cut(&whole_chunk(r, chunk)?, &segments)?;
            *self = Opened { chunk: Some(chunk), lists: segments.iter().map(|segment| segment.id).zip(lists).collect() };
        }
        self.lists.remove(&segment.id).ok_or_else(missing)
    }
}

/// A segment that lies alone.
pub(crate) fn one(r: &db::Reader<'_>, item: i64) -> Result<String> {
    let item = ingest::store::find_item(r, item)?.ok_or_else(|| Error::not_found("segment"))?;
    let payload = item.payload()?;
    let (_, json) = recording::split(&payload).ok_or_else(|| Error::internal("a recording without its line"))?;
    String::from_utf8(json.to_vec()).map_err(|error| Error::internal("reading a recording").because(error))
}

fn whole_chunk(r: &db::Reader<'_>, chunk: i64) -> Result<String> {
    let packed = store::chunk_recording(r, chunk)?.ok_or_else(|| Error::not_found("part of this replay"))?;
    String::from_utf8(unpack(&packed)?).map_err(|error| Error::internal("reading a chunk").because(error))
}

/// A chunk is a list of the segments' lists; how long each of them is stands beside it.
fn cut(all: &str, segments: &[FiledSegment]) -> Result<Vec<String>> {
    let mut at = 1;
    let mut lists = Vec::with_capacity(segments.len());
    for segment in segments {
        let end = at + usize::try_from(segment.raw_bytes).unwrap_or(usize::MAX);
        let json = all.get(at..end).ok_or_else(|| Error::internal("a chunk is shorter than its segments"))?;
        lists.push(json.to_owned());
        at = end + 1;
    }
    Ok(lists)
}

pub(crate) fn unpack(packed: &[u8]) -> Result<Vec<u8>> {
    let damaged = |error: std::io::Error| Error::internal("unpacking a chunk").because(error);
    let mut plain = Vec::new();
    zstd::stream::read::Decoder::new(packed).map_err(damaged)?.take(MOST).read_to_end(&mut plain).map_err(damaged)?;
    Ok(plain)
}

/// Everything that the recording says has happened, in the order of time.
pub fn moments(house: &House, replay: &Replay) -> Result<Vec<Moment>> {
    house.telemetry.read_blocking(|r| moments_of(r, key(replay)))
}

/// No more than [`MOMENTS`], and one segment's or chunk's after the other, so that no recording fills the memory by what happened in it.
pub(crate) fn moments_of(r: &db::Reader<'_>, key: Key) -> Result<Vec<Moment>> {
    let (chunks, loose) = store::places_of_moments(r, key)?;
    let mut all: Vec<Moment> = Vec::new();
    for chunk in chunks {
        if all.len() >= MOMENTS {
            break;
        }
        let Some(packed) = store::chunk_moments(r, chunk)? else { continue };
        let json = unpack(&packed)?;
        for list in parse::<Vec<&RawValue>>(&json)? {
            add(&mut all, list.get().as_bytes())?;
        }
    }
    for segment in loose {
        if all.len() >= MOMENTS {
            break;
        }
        let Some(packed) = store::moments_of(r, segment)? else { continue };
        add(&mut all, &pack::unpack(&packed)?)?;
    }
    all.sort_by_key(|moment| moment.at);
    Ok(all)
}

/// The moments of one segment, as far as there is room for them.
fn add(all: &mut Vec<Moment>, json: &[u8]) -> Result<()> {
    if all.len() < MOMENTS {
        all.extend(parse::<Vec<Moment>>(json)?);
        all.truncate(MOMENTS);
    }
    Ok(())
}

fn parse<'a, T: serde::Deserialize<'a>>(json: &'a [u8]) -> Result<T> {
    serde_json::from_slice(json).map_err(|error| Error::internal("reading moments").because(error))
}

/// The errors of the replay that lie in the log, each when it happened; in the order of time.
pub fn errors(house: &House, replay: &Replay) -> Result<Vec<Moment>> {
    house.telemetry.read_blocking(|r| {
        let mut found = Vec::new();
        for id in replay.errors.iter().take(ERRORS) {
            let items = ingest::store::items_of_event(r, replay.project, *id, 90)?;
            if let Some(item) = items.iter().find(|item| item.kind == Kind::Event) {
                let event: Value = serde_json::from_slice(&item.payload()?).unwrap_or_default();
                let at = moment_of(&event["timestamp"]).unwrap_or(item.received_at);
                found.push(Moment { at, what: What::Error { id: id.to_string(), message: title(&event) } });
            }
        }
        found.sort_by_key(|moment| moment.at);
        Ok(found)
    })
}

/// Seconds, or RFC 3339.
pub(crate) fn moment_of(value: &Value) -> Option<Time> {
    value.as_f64().map(time_of).or_else(|| Time::parse_rfc3339(value.as_str()?))
}

fn title(event: &Value) -> String {
    let exceptions = event["exception"]["values"].as_array().or_else(|| event["exception"].as_array());
    let text = match exceptions.and_then(|all| all.last()) {
        Some(last) => [&last["type"], &last["value"]].iter().filter_map(|part| part.as_str()).collect::<Vec<_>>().join(": "),
        None => event["message"].as_str().or_else(|| event["logentry"]["formatted"].as_str()).unwrap_or("an error").to_owned(),
    };
    kernel::text::shorten(&text, LONGEST)
}
