//! A house with errors in it, and events to report to it.

use capability::{Capability, Digest as _};
use ingest::{EventId, Head, Kind, NewItem, pack};
use kernel::ids::{IssueId, ProjectId};
use kernel::{Fact, Time};
use serde_json::{Value, json};
use testkit::TestHouse;

use crate::Errors;
use crate::digest::Events;
use crate::model::Issue;
use crate::store::{hashes, issues};

pub static HOUSE: &[&dyn Capability] = &[&Errors];

pub struct Kit {
    pub house: TestHouse,
    pub project: ProjectId,
}

impl Kit {
    pub async fn new() -> Kit {
        Self::with(HOUSE).await
    }

    pub async fn with(capabilities: &'static [&'static dyn Capability]) -> Kit {
        let house = TestHouse::new(capabilities).await;
        let project = new_project(&house, "Shop").await;
        Kit { house, project }
    }

    pub fn now(&self) -> Time {
        self.house.clock.now()
    }

    /// Appends one item as the door would, and gives its id.
    pub async fn send(&self, kind: Kind, payload: &[u8]) -> i64 {
        self.send_as(self.project, kind, payload, Head::default()).await
    }

    pub async fn send_as(&self, project: ProjectId, kind: Kind, payload: &[u8], head: Head) -> i64 {
        let id = serde_json::from_slice::<Value>(payload).ok();
        let event_id = id.and_then(|value| EventId::parse(value.get("event_id")?.as_str()?));
        let item = NewItem { project, kind, event_id, head, payload: pack::pack(payload), quantity: 1 };
        self.house.cx.telemetry.write(move |tx| ingest::store::append(tx, &item)).await.unwrap()
    }

    pub async fn send_event(&self, event: &Value) -> i64 {
        self.send(Kind::Event, event.to_string().as_bytes()).await
    }

    /// Reports and digests one event; gives the issue it belongs to.
    pub async fn issue_for(&self, event: &Value) -> IssueId {
        let item = self.send_event(event).await;
        self.house.digest().await;
        self.issue_of(item).await
    }

    /// Digests what is new up to where its rows are in telemetry.db; then the power goes, before the change is in hermetic.db.
    pub async fn lose_a_digest(&self) {
        let cx = self.house.cx.clone();
        let lost = tokio::task::spawn_blocking(move || {
            let cursor = cx.hermetic.read_blocking(|r| ingest::store::cursor(r, Events.name()))?;
            let batch = cx.telemetry.read_blocking(|r| ingest::store::next_batch(r, cursor, Events.kinds(), 500, 64 << 20))?;
            Events.digest(&cx, &batch.items).map(drop)
        });
        lost.await.unwrap().unwrap();
    }

    pub async fn issue_of(&self, item: i64) -> IssueId {
        let hash = self.house.cx.telemetry.read(move |r| crate::store::events::hash_of(r, item)).await.unwrap();
        let hash = hash.expect("the item was filed");
        self.house.cx.read(move |r| hashes::issue_of(r, hash)).await.unwrap().expect("its hash leads to an issue")
    }

    pub async fn issue(&self, id: IssueId) -> Issue {
        self.house.cx.read(move |r| issues::get_issue(r, id)).await.unwrap()
    }

    pub async fn issues(&self) -> Vec<Issue> {
        self.house
            .cx
            .read(|r| {
                let ids = r.rows("select id from errors_issues order by id", [], |row| row.get(0).map(IssueId))?;
                ids.into_iter().map(|id| issues::get_issue(r, id)).collect()
            })
            .await
            .unwrap()
    }

    /// One number from hermetic.db.
    pub async fn count(&self, sql: &'static str) -> i64 {
        self.house.cx.read(move |r| r.value(sql, [])).await.unwrap()
    }

    /// One number from telemetry.db.
    pub async fn logged(&self, sql: &'static str) -> i64 {
        self.house.cx.telemetry.read(move |r| r.value(sql, [])).await.unwrap()
    }

    /// What was told, in order.
    pub async fn facts(&self) -> Vec<Fact> {
        let texts: Vec<String> =
            self.house.cx.read(|r| r.rows("select payload from work_facts order by id", [], |row| row.get(0))).await.unwrap();
        texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
    }
}

pub async fn new_project(house: &TestHouse, name: &'static str) -> ProjectId {
    let draft = identity::projects::ProjectDraft::named(name);
    house.cx.write(move |tx| identity::store::new_project(tx, draft)).await.unwrap().0.id
}

/// An exception as the Python SDK sends it.
pub fn python(kind: &str, value: &str, frames: &[(&str, &str, u32, &str)]) -> Value {
    let frames: Vec<Value> = frames
        .iter()
        .map(|(module, function, line, source)| {
            let is_library = module.starts_with("flask") || module.starts_with("asyncio") || module.starts_with("django");
            json!({"module": module, "function": function, "lineno": line, "context_line": source, "in_app": !is_library,
                   "filename": format!("{}.py", module.replace('.', "/")), "abs_path": format!("/srv/{}.py", module.replace('.', "/"))})
        })
        .collect();
    json!({"event_id": EventId::random().to_string(), "platform": "python", "level": "error",
           "exception": {"values": [{"type": kind, "value": value, "mechanism": {"type": "generic", "handled": true},
                                     "stacktrace": {"frames": frames}}]}})
}

/// The same with other fields set.
pub fn with(mut event: Value, fields: Value) -> Value {
    if let (Some(event), Value::Object(fields)) = (event.as_object_mut(), fields) {
        event.extend(fields);
    }
    event
}

pub fn message(text: &str) -> Value {
    json!({"event_id": EventId::random().to_string(), "platform": "python", "level": "warning", "message": text})
}
