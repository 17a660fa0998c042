//! A house with alerts and a stand-in for what it watches: monitors that are known, and metrics whose values follow the clock.

use std::time::Duration;

use capability::{Capability, Condition, Feed, FeedSource, House, Metric, Reading, ResponsePoint, Stretch};
use db::Reader;
use http::Method;
use kernel::ids::{MonitorId, OutageId};
use kernel::time::MINUTE;
use kernel::{Fact, Result, Role, Time};
use serde_json::{Value, json};
use testkit::fakes::{Play, Recorded, Sink};
use testkit::{Client, TestHouse};

use crate::Alerts;

/// Where the test house's clock starts.
pub const START: Time = Time(1_772_452_800_000);

/// Says that `0` monitors are known, all well but those that facts tell of.
struct Watched(usize);

impl Capability for Watched {
    fn name(&self) -> &'static str {
        "uptime"
    }

    fn feed(&self) -> Option<&'static dyn Feed> {
        Some(match self.0 {
            METERED_COUNT => &METERED,
            12 => &TWELVE,
            _ => &SIXTY,
        })
    }

    fn metrics(&self) -> &'static [Metric] {
        if self.0 == METERED_COUNT { &[Metric { name: "uptime.host_disk_percent", label: "Disk", unit: "%", read: disk }] } else { &[] }
    }
}

/// Full in the first hour of the tests' clock, roomy afterwards.
fn disk(_: &House, r: &Reader<'_>) -> Result<Option<Reading>> {
    let value = if r.now < START + MINUTE * 60 { 91.5 } else { 40.0 };
    Ok(Some(Reading { value, samples: 12 }))
}

impl Feed for Watched {
    fn sources(&self, _: &Reader<'_>) -> Result<Vec<FeedSource>> {
        Ok(Vec::new())
    }

    fn conditions(&self, _: &Reader<'_>) -> Result<Vec<(String, Condition)>> {
        Ok((0..self.0).map(|id| (format!("uptime:{id}"), Condition::Operational)).collect())
    }

    fn history(&self, _: &Reader<'_>, _: &str, _: Time, _: Time) -> Result<Vec<Stretch>> {
        Ok(Vec::new())
    }

    fn response_times(&self, _: &Reader<'_>, _: &str, _: Time, _: Time) -> Result<Vec<ResponsePoint>> {
        Ok(Vec::new())
    }
}

/// Slow, failing and with a slow query for the first half hour of the tests' clock; then well.
struct Traced;

impl Capability for Traced {
    fn name(&self) -> &'static str {
        "traces"
    }

    fn metrics(&self) -> &'static [Metric] {
        &[
            Metric { name: "traces.p95_ms", label: "p95", unit: "ms", read: |_, r| Ok(reading(r, 1_840.0, 210.0)) },
            Metric { name: "traces.failure_rate_percent", label: "Failure rate", unit: "%", read: |_, r| Ok(reading(r, 12.5, 0.4)) },
            Metric { name: "traces.slowest_query_ms", label: "Slowest query", unit: "ms", read: |_, r| Ok(reading(r, 7_200.0, 90.0)) },
        ]
    }
}

fn reading(r: &Reader<'_>, bad: f64, good: f64) -> Option<Reading> {
    Some(Reading { value: if r.now < START + MINUTE * 30 { bad } else { good }, samples: 400 })
}

static TRACED: Traced = Traced;
static WITH_TRACES: &[&dyn Capability] = &[&TRACED, &Alerts];

/// Only this house has a metric, so that the others hear of facts alone.
const METERED_COUNT: usize = 3;
static METERED: Watched = Watched(METERED_COUNT);
static TWELVE: Watched = Watched(12);
static SIXTY: Watched = Watched(60);
static WITH_TWELVE: &[&dyn Capability] = &[&TWELVE, &Alerts];
static WITH_METRIC: &[&dyn Capability] = &[&METERED, &Alerts];
static WITH_SIXTY: &[&dyn Capability] = &[&SIXTY, &Alerts];
static ALONE: &[&dyn Capability] = &[&Alerts];

pub struct Fixture {
    pub house: TestHouse,
    pub api: Client,
}

pub const WINDOW: Duration = Duration::from_secs(31);

impl Fixture {
    pub async fn new() -> Self {
        Self::of(WITH_TWELVE).await
    }

    pub async fn large() -> Self {
        Self::of(WITH_SIXTY).await
    }

    pub async fn metered() -> Self {
        Self::of(WITH_METRIC).await
    }

    /// With the numbers of performance that the shipped rules watch.
    pub async fn traced() -> Self {
        Self::of(WITH_TRACES).await
    }

    /// Nobody provides a metric.
    pub async fn alone() -> Self {
        Self::of(ALONE).await
    }

    async fn of(capabilities: &'static [&'static dyn Capability]) -> Self {
        let house = TestHouse::new(capabilities).await;
        let api = house.key(Role::Admin, &["alerts:read", "alerts:write"]).await;
        // The schedules' first look seeds the rules.
        house.work().await;
        house.pass(MINUTE).await;
        Self { house, api }
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.api.json(Method::POST, path, &body).await;
        assert!(answer.code.is_success(), "{path}: {} {}", answer.code, answer.body);
        answer.json()
    }

    pub async fn patch(&self, path: &str, body: Value) -> Value {
        self.api.json(Method::PATCH, path, &body).await.expect(200).json()
    }

    pub async fn get(&self, path: &str) -> Value {
        self.api.get(path).await.expect(200).json()
    }

    /// A webhook channel to this sink that gets everything.
    pub async fn hook(&self, name: &str, sink: &Sink) -> i64 {
        let body = json!({"name": name, "kind": "webhook", "takes": "everything", "url": sink.url("/hook"), "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"});
        self.post("/api/v1/channels", body).await["id"].as_i64().expect("an id")
    }

    pub async fn rule(&self, key: &str) -> Value {
        let all = self.get("/api/v1/alert-rules").await;
        all["alert_rules"].as_array().expect("rules").iter().find(|rule| rule["key"] == key).cloned().expect("the rule")
    }

    pub async fn change_rule(&self, key: &str, body: Value) {
        let id = self.rule(key).await["id"].as_i64().expect("an id");
        self.patch(&format!("/api/v1/alert-rules/{id}"), body).await;
    }

    pub async fn alerts(&self) -> Vec<Value> {
        self.get("/api/v1/alerts").await["alerts"].as_array().expect("alerts").clone()
    }

    pub async fn down(&self, id: i64) {
        let now = self.house.clock.now();
        self.house.tell(down_fact(id, now)).await;
    }

    pub async fn up(&self, id: i64) {
        let now = self.house.clock.now();
        self.house.tell(up_fact(id, now)).await;
    }
}

pub fn down_fact(id: i64, now: Time) -> Fact {
    Fact::MonitorDown {
        monitor: MonitorId(id),
        name: format!("monitor {id}"),
        target: format!("https://m{id}.example.com"),
        outage: OutageId(now.0 / 1_000 * 1_000 + id),
        down_since: now - Duration::from_secs(20),
        detected_at: now,
        reason: "code".to_owned(),
        detail: "HTTP 503 instead of 200–299".to_owned(),
    }
}

pub fn up_fact(id: i64, now: Time) -> Fact {
    Fact::MonitorRecovered {
        monitor: MonitorId(id),
        name: format!("monitor {id}"),
        target: format!("https://m{id}.example.com"),
        outage: OutageId(0),
        down_since: now,
        recovered_at: now,
    }
}

/// `type` and title of what a webhook got.
pub fn said(sink: &Sink) -> Vec<String> {
    sink.requests().iter().map(told).collect()
}

pub fn told(request: &Recorded) -> String {
    let body = request.json();
    format!("{} {}", body["type"].as_str().unwrap_or("?").trim_start_matches("alert."), body["data"]["title"].as_str().unwrap_or("?"))
}

/// A sink that refuses with this code until told otherwise.
pub fn refusing(code: u16) -> Sink {
    let sink = Sink::start();
    sink.set(Play::code(code));
    sink
}
