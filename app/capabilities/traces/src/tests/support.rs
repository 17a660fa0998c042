//! A house with a project, and ways to report to it.

use capability::Capability;
use identity::projects::ProjectDraft;
use ingest::{Head, Item, Kind, NewItem, TraceHead, pack};
use kernel::Time;
use kernel::ids::ProjectId;
use serde_json::{Value, json};
use testkit::TestHouse;
use testkit::recorded::Envelope;

use crate::model::batch::{Batch, Known, Rules};
use crate::model::cell::Cell;
use crate::model::family::Family;
use crate::model::findings::Limits;
use crate::model::rows::{Leads, Name};
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

/// Everything that a batch hands on to the log.
pub fn leads_of(items: &[Item], rules: &Rules) -> Leads {
    let mut all = Leads::default();
    let mut keep = |leads: Leads| {
        all.roots.extend(leads.roots);
        all.flushes.extend(leads.flushes);
        all.findings.extend(leads.findings);
        Ok(())
    };
    Batch::of(items, rules, &mut Stranger, &mut keep).expect("a batch");
    all
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

/// The recorded items of a folder, in their order; nothing where they are not on this machine.
pub fn recorded(folder: &str) -> Vec<Recorded> {
    let of_envelope = |envelope: Envelope| {
        let head = head_of(&envelope.header);
        envelope.parts.into_iter().filter_map(move |part| match Kind::from_item_type(part.kind()) {
            Some(kind @ (Kind::Transaction | Kind::Spans)) => Some(Recorded { kind, head: head.clone(), payload: part.payload }),
            _ => None,
        })
    };
    testkit::recorded::envelopes(folder).into_iter().flat_map(of_envelope).collect()
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

/// When the traffic was recorded: a day on which nothing of it is in the future.
pub const RECORDED: Time = Time(1_795_426_000_000);
