//! Events from the recorded ones: as varied as those of a small SaaS, the same in each run.

use serde_json::{Value, json};
use std::io::Write as _;

/// Families of errors, the frequent ones first.
const TYPES: u64 = 200;
const TEMPLATES: [&str; 8] = [
    "order {n} could not be charged",
    "connection to 10.0.{m}.{m} timed out after {n} ms",
    "user_{n} has no address",
    "unexpected token at position {n}",
    "GET https://api.example.com/v1/items/{n} answered 502",
    "cannot read properties of undefined (reading 'total')",
    "no such file: uploads/{n}.png",
    "invoice {n} of 2026-11-{d} is not balanced",
];

pub struct Corpus {
    /// Gzip, ready to be sent.
    pub bodies: Vec<Vec<u8>>,
    plain: usize,
}

impl Corpus {
    pub fn make(count: usize, seed: u64) -> Corpus {
        let bases = bases();
        assert!(!bases.is_empty(), "there are no recorded events; name their folder with HERMETIC_FIXTURES");
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut corpus = Corpus { bodies: Vec::with_capacity(count), plain: 0 };
        for _ in 0..count {
            // The larger ones more often, as servers report more than browsers do.
            let base = (0..3).map(|_| dice.below(bases.len() as u64) as usize).max().unwrap_or(0);
            let event = vary(bases[base].clone(), &mut dice);
            corpus.add(&event);
        }
        corpus
    }

    fn add(&mut self, event: &Value) {
        let payload = serde_json::to_vec(event).unwrap();
        self.plain += payload.len();
        let head = json!({"event_id": event["event_id"], "sent_at": event["timestamp"]});
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
        write!(packer, "{head}\n{{\"type\":\"event\"}}\n").unwrap();
        packer.write_all(&payload).unwrap();
        self.bodies.push(packer.finish().unwrap());
    }

    pub fn plain_mean(&self) -> f64 {
        self.plain as f64 / self.bodies.len() as f64
    }

    pub fn wire_mean(&self) -> f64 {
        self.bodies.iter().map(Vec::len).sum::<usize>() as f64 / self.bodies.len() as f64
    }
}

fn vary(mut event: Value, dice: &mut Dice) -> Value {
    let family = dice.zipf(TYPES);
    let (n, m, d) = (dice.below(1_000_000), dice.below(256), 1 + dice.below(28));
    let text =
        TEMPLATES[(family % 8) as usize].replace("{n}", &n.to_string()).replace("{m}", &m.to_string()).replace("{d}", &format!("{d:02}"));
    event["event_id"] = Value::from(format!("{:016x}{:016x}", dice.word(), dice.word()));
    let now = kernel::Clock::System.now();
    event["timestamp"] = Value::from(now.rfc3339_millis());
    event["release"] = Value::from(format!("shop@2.{}.0", dice.below(6)));
    event["environment"] = Value::from(if dice.below(5) == 0 { "staging" } else { "production" });
    let user = dice.below(5_000);
    event["user"] = json!({"id": user.to_string(), "email": format!("person{user}@example.com")});
    let values = match event.get_mut("exception") {
        Some(Value::Object(exception)) => exception.get_mut("values"),
        other => other,
    };
    if let Some(last) = values.and_then(Value::as_array_mut).and_then(|values| values.last_mut()) {
        last["type"] = Value::from(format!("Problem{family}"));
        last["value"] = Value::from(text);
        let frames = last.pointer_mut("/stacktrace/frames").and_then(Value::as_array_mut);
        if let Some(frame) = frames.and_then(|frames| frames.last_mut()) {
            frame["function"] = Value::from(format!("step_{}", family % 50));
        }
    }
    event
}

/// The recorded events that have an exception, the smallest first.
fn bases() -> Vec<Value> {
    let parts = testkit::recorded::envelopes("").into_iter().flat_map(|envelope| envelope.parts);
    let events = parts.filter(|part| part.kind() == "event").filter_map(|part| serde_json::from_slice::<Value>(&part.payload).ok());
    // One of them is nearly a megabyte, a case of its own.
    let mut bases: Vec<Value> = events.filter(|event| event.get("exception").is_some() && event.to_string().len() < 40_000).collect();
    bases.sort_by_cached_key(|event| event.to_string());
    bases.sort_by_key(|event| event.to_string().len());
    bases
}

pub struct Dice(pub u64);

impl Dice {
    pub fn word(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.word() >> 11) % limit.max(1)
    }

    /// 0 is the most frequent: each half as often as twice its number.
    fn zipf(&mut self, limit: u64) -> u64 {
        let uniform = (self.word() >> 11) as f64 / (1_u64 << 53) as f64;
        let number = (limit as f64 + 1.0).powf(uniform) - 1.0;
        (number as u64).min(limit - 1)
    }
}
