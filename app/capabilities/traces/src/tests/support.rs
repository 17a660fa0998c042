//! A house with a project, and ways to report to it.

use capability::Capability;
use identity::projects::ProjectDraft;
use ingest::{Head, Item, Kind, NewItem, TraceHead, pack};
use kernel::Time;
use kernel::ids::ProjectId;
use serde_json::{Value, json};
use std::io::Read as _;
use std::path::PathBuf;
use testkit::TestHouse;

use crate::model::batch::{Batch, Known, Rules};
use crate::model::cell::Cell;
use crate::model::family::Family;
use crate::model::findings::Limits;
use crate::model::rows::Name;
use crate::model::span::{SpanId, TraceId};
use crate::model::window::Window;
use crate::store::names;
use crate::store::rollups::{self, Filter};

pub static ALONE: &[&dyn Capability] = &[&crate::Traces];

pub struct Watched {
    pub house: TestHouse,
    pub project: ProjectId,
}

impl Watched {
    pub async fn new() -> Watched {
        let house = TestHouse::new(ALONE).await;
        let (project, _) = house.cx.write(|tx| identity::store::new_project(tx, ProjectDraft::named("Shop"))).await.expect("a project");
        Watched { house, project: project.id }
    }

    /// Keeps an item as the door would.
    pub async fn report(&self, kind: Kind, payload: &Value) -> i64 {
        self.report_bytes(kind, Head::default(), payload.to_string().into_bytes()).await
    }

    pub async fn report_bytes(&self, kind: Kind, head: Head, payload: Vec<u8>) -> i64 {
        let item = NewItem { project: self.project, kind, event_id: None, head, payload: pack::pack(&payload), quantity: 1 };
        self.house.cx.telemetry.write(move |tx| ingest::store::append(tx, &item)).await.expect("the item is kept")
    }

    pub async fn digest(&self) -> usize {
        self.house.digest().await
    }

    /// Everything that was ever counted, by name.
    pub async fn counted(&self, family: Family) -> Vec<(Name, Cell)> {
        let window = Window { from: Time(0), to: self.house.clock.now() + kernel::time::DAY };
        self.counted_in(family, window, Filter::default()).await
    }

    pub async fn counted_in(&self, family: Family, window: Window, filter: Filter) -> Vec<(Name, Cell)> {
        let window = Window { from: window.from.max(self.house.clock.now().day_start() - kernel::time::DAY * 400), ..window };
        let read = move |r: &db::Reader<'_>| {
            let mut cells = std::collections::BTreeMap::<_, Cell>::new();
            rollups::each(r, family, window, &filter, |row| row.cell.add_to(cells.entry(row.name).or_default()))?;
            let named = cells.into_iter().map(|(id, cell)| Ok((names::find(r, id)?.expect("the name of a row"), cell)));
            named.collect::<kernel::Result<Vec<_>>>()
        };
        let mut counted = self.house.cx.read(read).await.expect("the rollups");
        counted.sort_by(|one, other| (&one.0.name, &one.0.op).cmp(&(&other.0.name, &other.0.op)));
        counted
    }

    pub async fn one(&self, family: Family, name: &str) -> Cell {
        let counted = self.counted(family).await;
        let found = counted.iter().find(|(own, _)| own.name == name);
        found.unwrap_or_else(|| panic!("{name} is not among {:?}", counted.iter().map(|(own, _)| &own.name).collect::<Vec<_>>())).1.clone()
    }
}

/// Admits every name and knows no page.
pub struct Stranger;

impl Known for Stranger {
    fn admits(&mut self, _: &Name, _: Time) -> kernel::Result<bool> {
        Ok(true)
    }

    fn admits_environment(&mut self, _: ProjectId, _: &str) -> kernel::Result<bool> {
        Ok(true)
    }

    fn page(&mut self, _: ProjectId, _: TraceId, _: SpanId) -> kernel::Result<Option<String>> {
        Ok(None)
    }
}

pub const RULES: Rules = Rules { apdex: 500_000, limits: Limits { slow: 1_000_000, repeated: 50_000 } };

pub fn batch_of(items: &[Item], rules: &Rules) -> Batch {
    Batch::of(items, rules, &mut Stranger).expect("a batch")
}

pub fn hex(number: u64) -> String {
    format!("{number:016x}")
}

pub fn trace(number: u64) -> String {
    format!("{number:032x}")
}

/// Seconds since 1970 at the start of the frozen clock.
pub fn start() -> f64 {
    1_772_452_800.0
}

/// A span v2: `parent` 0 for a root.
pub fn span(trace_id: u64, id: u64, parent: u64, name: &str, op: &str, from_ms: f64, ms: f64) -> Value {
    let mut span = json!({
        "trace_id": trace(trace_id), "span_id": hex(id), "name": name, "status": "ok", "is_segment": parent == 0,
        "start_timestamp": start() + from_ms / 1000.0, "end_timestamp": start() + (from_ms + ms) / 1000.0,
        "attributes": {
            "sentry.op": {"value": op, "type": "string"},
            "sentry.segment.name.source": {"value": "route", "type": "string"},
        },
    });
    if parent != 0 {
        span["parent_span_id"] = json!(hex(parent));
        span["attributes"]["sentry.segment.id"] = json!({"value": hex(parent), "type": "string"});
    }
    span
}

pub fn with(mut span: Value, name: &str, value: impl Into<Value>) -> Value {
    let value = value.into();
    let kind = match &value {
        Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        Value::Array(_) => "array",
        Value::Number(number) if number.is_f64() => "double",
        _ => "integer",
    };
    span["attributes"][name] = json!({"value": value, "type": kind});
    span
}

pub fn container(spans: Vec<Value>) -> Value {
    json!({"version": 2, "items": spans})
}

/// An envelope of recorded traffic, as far as this capability reads it.
pub struct Recorded {
    pub kind: Kind,
    pub head: Head,
    pub payload: Vec<u8>,
}

/// The recorded requests of a folder, in their order; nothing where they are not on this machine.
#[expect(clippy::disallowed_methods, reason = "tests are told by the environment where the recorded traffic lies")]
pub fn recorded(folder: &str) -> Vec<Recorded> {
    let root = std::env::var("HERMETIC_FIXTURES")
        .map_or_else(|_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/fixtures"), PathBuf::from);
    let folder = root.join("envelopes").join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "json"));
    files.sort();
    if files.is_empty() {
        say_missing(&folder);
    }
    files.iter().flat_map(|file| items_of(file)).collect()
}

fn say_missing(folder: &std::path::Path) {
    eprintln!("SKIPPED: no recorded traffic in {}; name its folder in HERMETIC_FIXTURES", folder.display());
}

fn items_of(file: &std::path::Path) -> Vec<Recorded> {
    let request: Value = serde_json::from_slice(&std::fs::read(file).expect("a request")).expect("JSON");
    if !request["path"].as_str().is_some_and(|path| path.contains("/envelope")) {
        return Vec::new();
    }
    let encoding = request["headers"].as_array().into_iter().flatten().find_map(|pair| {
        let name = pair[0].as_str()?.to_ascii_lowercase();
        (name == "content-encoding").then(|| pair[1].as_str().unwrap_or_default().to_owned())
    });
    let body = decoded(encoding.as_deref().unwrap_or_default(), std::fs::read(file.with_extension("body")).expect("a body"));
    let (head, mut rest) = line(&body);
    let head: Value = serde_json::from_slice(head).unwrap_or_default();
    let mut items = Vec::new();
    while !rest.is_empty() {
        let (own, after) = line(rest);
        rest = after;
        let Ok(own) = serde_json::from_slice::<Value>(own) else { continue };
        let payload = match own["length"].as_u64() {
            Some(length) => {
                let (payload, after) = rest.split_at(usize::try_from(length).expect("a length"));
                rest = after.strip_prefix(b"\n").unwrap_or(after);
                payload
            }
            None => {
                let (payload, after) = line(rest);
                rest = after;
                payload
            }
        };
        if let Some(kind @ (Kind::Transaction | Kind::Spans)) = own["type"].as_str().and_then(Kind::from_item_type) {
            items.push(Recorded { kind, head: head_of(&head), payload: payload.to_vec() });
        }
    }
    items
}

fn head_of(head: &Value) -> Head {
    let text = |name: &str| head["trace"][name].as_str().map(str::to_owned);
    let rate = head["trace"]["sample_rate"].as_str().and_then(|rate| rate.parse().ok());
    let trace = TraceHead {
        trace_id: text("trace_id"),
        sample_rate: rate,
        release: text("release"),
        environment: text("environment"),
        transaction: text("transaction"),
    };
    Head { trace: Some(trace), ..Head::default() }
}

fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[]),
    }
}

fn decoded(encoding: &str, body: Vec<u8>) -> Vec<u8> {
    let mut out = Vec::new();
    match encoding {
        "br" => brotli::Decompressor::new(body.as_slice(), 4096).read_to_end(&mut out).map(|_| out).expect("brotli"),
        "gzip" => flate2::read::MultiGzDecoder::new(body.as_slice()).read_to_end(&mut out).map(|_| out).expect("gzip"),
        _ => body,
    }
}

/// When the traffic was recorded: a day on which nothing of it is in the future.
pub const RECORDED: Time = Time(1_795_426_000_000);
