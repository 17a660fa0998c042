//! A house with one project, and SDKs that send what was recorded, or what a test makes up.

use identity::projects::DsnKey;
use ingest::EventId;
use kernel::Time;
use kernel::ids::ProjectId;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use testkit::TestHouse;
use testkit::recorded::{self, Envelope};

use crate::model::{Moment, Replay, Search, Timeline};
use crate::{read, store};

/// When made-up replays begin: some minutes before the frozen clock of the house.
pub const START: i64 = 1_772_452_200_000;

pub struct Bench {
    pub house: TestHouse,
    pub project: ProjectId,
    pub key: DsnKey,
}

/// A recorded replay: what its page sent that belongs to it.
pub struct Recorded {
    pub name: String,
    pub envelopes: Vec<Envelope>,
}

impl Recorded {
    pub fn all() -> Vec<Recorded> {
        let of_replay = |envelope: &Envelope| envelope.parts.iter().any(|part| part.kind() == "replay_recording");
        let all: Vec<Recorded> = recorded::replays()
            .into_iter()
            .map(|(name, envelopes)| Recorded { name, envelopes: envelopes.into_iter().filter(of_replay).collect() })
            .collect();
        assert!(all.len() >= 5, "five were recorded, and they are never missing");
        all
    }

    /// By a reading of its own: the numbers of its segments, and the events of each.
    pub fn segments(&self) -> Vec<(u64, Vec<Value>)> {
        self.envelopes.iter().map(|envelope| plain(&payload(envelope))).collect()
    }
}

/// The recording of an envelope.
pub fn payload(envelope: &Envelope) -> Vec<u8> {
    envelope.parts.iter().find(|part| part.kind() == "replay_recording").expect("a recording").payload.clone()
}

fn plain(payload: &[u8]) -> (u64, Vec<Value>) {
    let end = payload.iter().position(|byte| *byte == b'\n').expect("a line");
    let header: Value = serde_json::from_slice(&payload[..end]).expect("JSON");
    let body = &payload[end + 1..];
    let json = if body.first() == Some(&b'[') {
        body.to_vec()
    } else {
        let mut json = Vec::new();
        flate2::read::ZlibDecoder::new(body).read_to_end(&mut json).expect("zlib");
        json
    };
    (header["segment_id"].as_u64().expect("a number"), serde_json::from_slice(&json).expect("a list"))
}

/// An envelope as an SDK sends it, packed.
pub fn envelope(id: &str, segment: u32, events: &Value, told: &Value) -> Vec<u8> {
    let mut packed =
        flate2::write::ZlibEncoder::new(format!("{{\"segment_id\":{segment}}}\n").into_bytes(), flate2::Compression::default());
    packed.write_all(events.to_string().as_bytes()).expect("zlib");
    let recording = packed.finish().expect("zlib");
    let head = format!(
        "{{\"event_id\":\"{id}\"}}\n{{\"type\":\"replay_event\"}}\n{told}\n{{\"type\":\"replay_recording\",\"length\":{}}}\n",
        recording.len()
    );
    [head.as_bytes(), &recording].concat()
}

/// What an SDK tells with a segment, and whatever else the test says.
pub fn told(id: &str, segment: u32, more: &Value) -> Value {
    let mut told = json!({
        "replay_id": id, "segment_id": segment, "replay_type": "session", "replay_start_timestamp": START as f64 / 1_000.0,
        "timestamp": (START + 5_000 * i64::from(segment + 1)) as f64 / 1_000.0, "error_ids": [], "trace_ids": [], "urls": ["https://shop.example/"],
    });
    for (name, value) in more.as_object().expect("an object") {
        told[name] = value.clone();
    }
    told
}

/// A page with some movement: what fills five seconds.
pub fn events(segment: u32) -> Value {
    let at = |ms: i64| START + 5_000 * i64::from(segment) + ms;
    json!([
        {"type": 4, "data": {"href": "https://shop.example/", "width": 800, "height": 600}, "timestamp": at(0)},
        {"type": 2, "data": {"node": {"type": 0, "childNodes": [], "id": 1}, "initialOffset": {"left": 0, "top": 0}}, "timestamp": at(1)},
        {"type": 3, "data": {"source": 1, "positions": [{"x": 1, "y": 2, "id": 1, "timeOffset": 0}]}, "timestamp": at(4_900)},
    ])
}

pub fn id(number: u32) -> String {
    format!("{number:032x}")
}

impl Bench {
    pub async fn new() -> Bench {
        let house = TestHouse::new(&[&crate::Replay]).await;
        let (project, key) = house.project("Shop").await;
        Bench { house, project: project.id, key }
    }

    /// Answered with 200, as everything of replays is.
    pub async fn report(&self, envelope: Vec<u8>) {
        self.house.report(&self.key, envelope).await.expect(200);
    }

    pub async fn send(&self, recorded: &Recorded) {
        for envelope in &recorded.envelopes {
            self.report(envelope.request.body.clone()).await;
        }
    }

    pub async fn segment(&self, number: u32, segment: u32, more: Value) {
        let id = id(number);
        self.report(envelope(&id, segment, &events(segment), &told(&id, segment, &more))).await;
    }

    /// Digests and computes the signals.
    pub async fn digest(&self) -> usize {
        let count = self.house.digest().await;
        crate::jobs::weigh_now(self.house.cx.clone()).await.expect("signals");
        count
    }

    pub async fn repack(&self) {
        crate::jobs::repack_now(self.house.cx.clone()).await.expect("packing");
    }

    pub async fn prune(&self) {
        crate::jobs::prune_now(self.house.cx.clone()).await.expect("ageing out");
    }

    pub async fn find(&self, query: &str) -> Vec<Replay> {
        let project = self.project;
        let search = Search::parse(query, &move |name| (name == "shop").then_some(project));
        assert_eq!(search.problems, Vec::<String>::new(), "{query}");
        self.house.cx.read(move |r| store::list(r, &search, None, 100)).await.expect("a list").replays
    }

    pub async fn only(&self) -> Replay {
        let mut found = self.find("").await;
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    pub async fn by_sdk_id(&self, id: &str) -> Replay {
        let id = EventId::parse(id).expect("an id");
        self.house.cx.read(move |r| store::by_sdk_id(r, id)).await.expect("a replay").remove(0)
    }

    async fn reading<T: Send + 'static>(&self, replay: &Replay, f: impl FnOnce(&capability::House, &Replay) -> T + Send + 'static) -> T {
        let (house, replay) = (self.house.cx.clone(), replay.clone());
        tokio::task::spawn_blocking(move || f(&house, &replay)).await.expect("a thread")
    }

    pub async fn timeline(&self, replay: &Replay) -> Timeline {
        self.reading(replay, |house, replay| read::timeline(house, replay).expect("a timeline")).await
    }

    pub async fn moments(&self, replay: &Replay) -> Vec<Moment> {
        self.reading(replay, |house, replay| read::moments(house, replay).expect("moments")).await
    }

    /// Everything a player gets, part after part.
    pub async fn played(&self, replay: &Replay) -> Vec<Value> {
        let mut all = Vec::new();
        for part in self.timeline(replay).await.parts {
            let json = self.reading(replay, move |house, replay| read::part(house, replay, &part.name.to_string()).expect("a part")).await;
            all.extend(serde_json::from_slice::<Vec<Value>>(&json).expect("a list"));
        }
        all
    }

    /// Everything as it was recorded.
    pub async fn recorded(&self, replay: &Replay) -> Vec<Value> {
        let mut all = Vec::new();
        for part in self.timeline(replay).await.parts {
            let lists = self.reading(replay, move |house, replay| read::recorded_part(house, replay, part.name).expect("a part")).await;
            all.extend(lists.iter().flat_map(|list| serde_json::from_str::<Vec<Value>>(list).expect("a list")));
        }
        all
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        self.house.cx.telemetry.read(move |r| r.value(sql, [])).await.expect("a count")
    }

    /// `accepted 3`, `duplicate 1`, … of replays.
    pub async fn outcomes(&self) -> Vec<String> {
        let sums = self.house.cx.telemetry.read(|r| ingest::store::sum_outcomes(r, None, Time(0))).await.expect("outcomes");
        let mut told: Vec<String> = sums
            .into_iter()
            .filter(|sum| sum.category == "replay" && sum.quantity > 0)
            .map(|sum| format!("{} {}", if sum.reason.is_empty() { "accepted" } else { sum.reason.as_str() }, sum.quantity))
            .collect();
        told.sort();
        told
    }
}
