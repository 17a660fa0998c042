//! A house with one project, and SDKs that tell what a test makes up.

use capability::Capability;
use ingest::{Head, Kind, NewItem, pack};
use kernel::Time;
use kernel::ids::{ContactId, ProjectId};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use testkit::TestHouse;

use crate::Engagement;
use crate::model::Day;
use crate::store::{self, ANY};

const CAPABILITIES: &[&dyn Capability] = &[&Engagement];

/// Where the clock of the house stands: noon, UTC.
pub const START: i64 = 1_772_452_800_000;

pub struct Bench {
    pub house: TestHouse,
    pub project: ProjectId,
    /// With which programs report.
    pub key: String,
}

/// What was counted: by name and day how often and who, by contact number; and 0 for any name.
pub type Counted = BTreeMap<(String, i32), (u64, BTreeSet<u32>)>;

impl Bench {
    pub async fn new() -> Bench {
        let house = TestHouse::new(CAPABILITIES).await;
        let (project, key) = house.project("Shop").await;
        Bench { project: project.id, key: key.public_key, house }
    }

    /// One request of an SDK, not yet digested.
    pub async fn tell(&self, actions: &[Value]) {
        let (project, body) = (self.project, json!({ "items": actions }).to_string());
        let quantity = actions.len() as u64;
        let item =
            NewItem { project, kind: Kind::Actions, event_id: None, head: Head::default(), payload: pack::pack(body.as_bytes()), quantity };
        self.house.cx.telemetry.write(move |tx| ingest::store::append(tx, &item)).await.expect("it is kept");
    }

    pub async fn digest(&self) {
        self.house.digest().await;
    }

    pub async fn contact(&self, key: &str) -> Option<ContactId> {
        let key = key.to_owned();
        let handle = self.house.cx.read(move |r| identity::store::find_handle(r, &key)).await.expect("it is read");
        handle.map(|handle| handle.contact)
    }

    /// Everything that the state has counted.
    pub async fn counted(&self) -> Counted {
        let read = |r: &db::Reader<'_>| {
            let mut names = vec![(ANY, String::new())];
            names.extend(store::list_names(r)?.into_iter().map(|name| (name.id, name.name)));
            let whole = (Day(i32::MIN), Day(i32::MAX));
            let mut counted = Counted::new();
            for (id, name) in names {
                for (day, actions) in store::counts(r, id, whole)? {
                    counted.entry((name.clone(), day.0)).or_default().0 = actions;
                }
                for (day, contacts) in store::daily(r, id, whole)?.days() {
                    counted.entry((name.clone(), day.0)).or_default().1 = contacts.iter().collect();
                }
            }
            Ok(counted)
        };
        self.house.cx.read(read).await.expect("it is read")
    }

    pub async fn passed(&self) -> BTreeMap<String, u64> {
        let passed = self.house.cx.read(|r| store::passed(r, Time(0))).await.expect("it is read");
        passed.into_iter().collect()
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        self.house.cx.telemetry.read(move |r| r.value(sql, [])).await.expect("it is counted")
    }
}

/// Somebody who is signed in did something, so long before the test's clock started.
pub fn did(user: &str, name: &str, ago_ms: i64) -> Value {
    json!({"n": name, "u": user, "at": START - ago_ms, "id": format!("{user}/{name}/{ago_ms}"), "c": true})
}

/// A visitor did.
pub fn visited(visitor: &str, name: &str, ago_ms: i64) -> Value {
    json!({"n": name, "v": visitor, "at": START - ago_ms, "id": format!("{visitor}/{name}/{ago_ms}"), "c": true})
}

pub fn knew(user: &str, visitor: &str) -> Value {
    json!({"t": "knew", "u": user, "v": visitor})
}
