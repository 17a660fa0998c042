//! Replays made from the recorded ones: 12 segments each, every one different from the others, with an id of their own.

use serde_json::{Value, json};
use std::io::Read as _;
use testkit::recorded;

pub const SEGMENTS: usize = 12;

/// Envelopes as an SDK sends them, a replay's in a row.
pub struct Corpus {
    pub replays: Vec<Vec<Vec<u8>>>,
    /// What arrives, in bytes, and the recordings in it as JSON.
    pub wire: u64,
    pub raw: u64,
    /// What is played of it, in minutes.
    pub minutes: f64,
    pub events: u64,
}

struct Recorded {
    told: Value,
    /// Without the line that names the segment, as it was packed by the SDK.
    body: Vec<u8>,
    raw: u64,
    events: u64,
    seconds: f64,
}

impl Corpus {
    pub fn make(count: usize) -> Corpus {
        let pool: Vec<Recorded> = recorded::replays().into_iter().flat_map(|(_, envelopes)| envelopes.into_iter().filter_map(of)).collect();
        assert!(pool.len() > SEGMENTS, "the recordings are missing");
        let mut corpus = Corpus { replays: Vec::with_capacity(count), wire: 0, raw: 0, minutes: 0.0, events: 0 };
        for replay in 0..count {
            let id = format!("{:032x}", (replay as u128 + 1) * 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835 % (1 << 127));
            let mut envelopes = Vec::with_capacity(SEGMENTS);
            for segment in 0..SEGMENTS {
                let recorded = &pool[(replay * 5 + segment) % pool.len()];
                envelopes.push(envelope(&id, segment, recorded));
                corpus.raw += recorded.raw;
                corpus.events += recorded.events;
                corpus.minutes += recorded.seconds / 60.0;
            }
            corpus.wire += envelopes.iter().map(|envelope| envelope.len() as u64).sum::<u64>();
            corpus.replays.push(envelopes);
        }
        corpus
    }
}

fn of(envelope: recorded::Envelope) -> Option<Recorded> {
    let part = |kind: &str| envelope.parts.iter().find(|part| part.kind() == kind).map(|part| part.payload.clone());
    let recording = part("replay_recording")?;
    let told: Value = serde_json::from_slice(&part("replay_event")?).ok()?;
    let line = recording.iter().position(|byte| *byte == b'\n')? + 1;
    let body = recording[line..].to_vec();
    let mut json = Vec::new();
    match body.first() {
        Some(b'[') => json.extend_from_slice(&body),
        _ => drop(flate2::read::ZlibDecoder::new(body.as_slice()).read_to_end(&mut json).ok()?),
    }
    let events: Vec<Value> = serde_json::from_slice(&json).ok()?;
    let times = events.iter().filter(|event| event["type"] != 5).filter_map(|event| event["timestamp"].as_f64());
    let (from, to) = times.fold((f64::MAX, f64::MIN), |(from, to), at| (from.min(at), to.max(at)));
    Some(Recorded { told, raw: json.len() as u64, events: events.len() as u64, seconds: (to - from).max(0.0) / 1e3, body })
}

fn envelope(id: &str, segment: usize, recorded: &Recorded) -> Vec<u8> {
    let mut told = recorded.told.clone();
    (told["replay_id"], told["event_id"], told["segment_id"]) = (json!(id), json!(id), json!(segment));
    told["user"] = json!({"id": format!("u_{id}"), "email": format!("{}@example.com", &id[..8])});
    let recording = [format!("{{\"segment_id\":{segment}}}\n").as_bytes(), &recorded.body].concat();
    let head = format!(
        "{{\"event_id\":\"{id}\",\"sdk\":{{\"name\":\"sentry.javascript.browser\",\"version\":\"11.12.0\"}}}}\n{{\"type\":\"replay_event\"}}\n{told}\n\
         {{\"type\":\"replay_recording\",\"length\":{}}}\n",
        recording.len()
    );
    [head.as_bytes(), &recording].concat()
}
