//! A house with logs in it, and shorthands.

use identity::projects::ProjectDraft;
use ingest::{Head, Kind, NewItem, pack};
use kernel::Time;
use kernel::ids::ProjectId;
use serde_json::{Value, json};
use testkit::TestHouse;

use crate::Logs;
use crate::find::{Ask, Found, find};
use crate::model::Query;

pub struct Bench {
    pub house: TestHouse,
    pub web: ProjectId,
}

impl Bench {
    pub async fn new() -> Bench {
        let house = TestHouse::new(&[&Logs]).await;
        let web = project(&house, "Web").await;
        Bench { house, web }
    }

    pub async fn project(&self, name: &str) -> ProjectId {
        project(&self.house, name).await
    }

    /// A container as it lies in the log; gives the item's id.
    pub async fn send_bytes(&self, project: ProjectId, payload: &[u8], head: Head) -> i64 {
        let item = NewItem { project, kind: Kind::Logs, event_id: None, head, payload: pack::pack(payload), quantity: 1 };
        self.house.cx.telemetry.write(move |tx| ingest::store::append(tx, &item)).await.unwrap()
    }

    pub async fn send(&self, project: ProjectId, lines: &[Value]) -> i64 {
        let payload = json!({ "version": 2, "items": lines }).to_string();
        self.send_bytes(project, payload.as_bytes(), Head::default()).await
    }

    /// Sends and digests lines of the project Web.
    pub async fn log(&self, lines: &[Value]) {
        self.send(self.web, lines).await;
        self.house.digest().await;
    }

    pub fn now(&self) -> Time {
        self.house.clock.now()
    }

    pub async fn query(&self, text: &str) -> Query {
        let projects = self.house.cx.read(identity::store::list_projects).await.unwrap();
        Query::parse(text, &|wanted| projects.iter().find(|project| project.slug == wanted).map(|project| project.id))
    }

    pub async fn find(&self, text: &str) -> Found {
        self.find_page(text, None, 100).await
    }

    pub async fn find_page(&self, text: &str, before: Option<i64>, limit: usize) -> Found {
        let query = self.query(text).await;
        assert!(query.problems.is_empty(), "{text}: {:?}", query.problems);
        let ask = Ask { query, from: Time(0), to: Time(i64::MAX >> 12), before, limit };
        self.house.cx.telemetry.read(move |r| find(r, &ask)).await.unwrap()
    }

    /// The bodies that a search finds, the newest first.
    pub async fn bodies(&self, text: &str) -> Vec<String> {
        self.find(text).await.rows.into_iter().map(|row| row.line.body).collect()
    }

    /// A number out of telemetry.db.
    pub async fn count(&self, sql: &'static str) -> i64 {
        self.house.cx.telemetry.read(move |r| r.value(sql, [])).await.unwrap()
    }

    pub async fn hours(&self) -> i64 {
        self.house.cx.read(|r| r.value("select coalesce(sum(lines), 0) from logs_hours", [])).await.unwrap()
    }
}

async fn project(house: &TestHouse, name: &str) -> ProjectId {
    let draft = ProjectDraft::named(name);
    house.cx.write(move |tx| identity::store::new_project(tx, draft)).await.unwrap().0.id
}

/// A line at so many seconds before the start of the test's clock.
pub fn line(level: &str, ago_s: f64, body: &str) -> Value {
    json!({ "timestamp": testkit_start_s() - ago_s, "level": level, "body": body, "attributes": {} })
}

/// The same with attributes, given as bare values.
pub fn line_with(level: &str, ago_s: f64, body: &str, attributes: Value) -> Value {
    let typed = |value: &Value| {
        let kind = match value {
            Value::String(_) => "string",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "double",
            _ => "integer",
        };
        json!({ "value": value, "type": kind })
    };
    let attributes: serde_json::Map<String, Value> =
        attributes.as_object().unwrap().iter().map(|(key, value)| (key.clone(), typed(value))).collect();
    json!({ "timestamp": testkit_start_s() - ago_s, "level": level, "body": body, "attributes": attributes })
}

/// The frozen clock's beginning in seconds: 2026-03-02 12:00 UTC.
pub fn testkit_start_s() -> f64 {
    1_772_452_800.0
}
