//! A house with a project in which things went wrong.

use ingest::{EventId, Head, Kind, NewItem, pack};
use kernel::Role;
use kernel::ids::ProjectId;
use serde_json::{Value, json};
use testkit::{Answer, Client, TestHouse};

use crate::store::{events, hashes};

pub static ALONE: &[&dyn capability::Capability] = &[&crate::Errors];

pub struct Seed {
    pub house: TestHouse,
    pub project: ProjectId,
    pub viewer: Client,
    pub member: Client,
    pub admin: Client,
}

/// An issue and the item of its latest event.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    pub issue: i64,
    pub item: i64,
}

impl Made {
    pub fn path(self) -> String {
        format!("/errors/{}", self.issue)
    }

    pub fn event_path(self) -> String {
        format!("/errors/{}/events/{}", self.issue, self.item)
    }
}

impl Seed {
    pub async fn new() -> Seed {
        let house = TestHouse::new(ALONE).await;
        let project = new_project(&house, "Shop").await;
        let (viewer, member, admin) = (house.member(Role::Viewer).await, house.member(Role::Member).await, house.member(Role::Admin).await);
        Seed { house, project, viewer, member, admin }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.viewer.get(path).await
    }

    pub async fn page(&self, path: &str) -> String {
        self.viewer.get(path).await.expect(200).body
    }

    /// As if an SDK had sent it and it had been digested.
    pub async fn event(&self, payload: Value) -> Made {
        self.event_of(self.project, payload).await
    }

    pub async fn event_of(&self, project: ProjectId, payload: Value) -> Made {
        let event_id = payload.get("event_id").and_then(Value::as_str).and_then(EventId::parse).unwrap_or_else(EventId::random);
        let item = self.append(project, Kind::Event, Some(event_id), Head::default(), payload.to_string().as_bytes()).await;
        self.house.digest().await;
        self.made(item).await
    }

    /// What lies in the log under this id, as the pages find it.
    pub async fn made(&self, item: i64) -> Made {
        let hash = self.house.cx.telemetry.read(move |r| events::hash_of(r, item)).await.expect("a read").expect("the event is digested");
        let issue = self.house.cx.read(move |r| hashes::issue_of(r, hash)).await.expect("a read").expect("it has an issue");
        Made { issue: issue.0, item }
    }

    pub async fn append(&self, project: ProjectId, kind: Kind, event_id: Option<EventId>, head: Head, payload: &[u8]) -> i64 {
        let new = NewItem { project, kind, event_id, head, payload: pack::pack(payload), quantity: 1 };
        self.house.cx.telemetry.write(move |tx| ingest::store::append(tx, &new)).await.expect("the item is kept")
    }
}

pub async fn new_project(house: &TestHouse, name: &str) -> ProjectId {
    let draft = identity::projects::ProjectDraft::named(name);
    let made = house.cx.write(move |tx| identity::store::new_project(tx, draft)).await;
    made.expect("a project").0.id
}

/// An exception as the Python SDK sends it at the test clock's start, with one frame of the program and one of a library.
pub fn exception(kind: &str, value: &str) -> Value {
    json!({
        "event_id": EventId::random().to_string(),
        "platform": "python",
        "level": "error",
        "transaction": "shop.checkout",
        "release": "shop@1.2.3",
        "environment": "production",
        "server_name": "web-1",
        "timestamp": 1_772_452_800,
        "exception": {"values": [{
            "type": kind,
            "value": value,
            "mechanism": {"type": "django", "handled": false},
            "stacktrace": {"frames": [
                {"filename": "django/core/handlers.py", "abs_path": "/usr/lib/python3/site-packages/django/core/handlers.py", "function": "inner",
                 "lineno": 47, "in_app": false, "context_line": "    response = get_response(request)"},
                {"filename": "shop/cart.py", "abs_path": "/srv/shop/cart.py", "module": "shop.cart", "function": "total", "lineno": 12, "in_app": true,
                 "pre_context": ["def total(cart):", "    rows = cart.rows"], "context_line": "    return rows[9].price", "post_context": ["", "def pay():"],
                 "vars": {"rows": ["Row(1)"], "cart": "<Cart 7>"}},
            ]},
        }]},
        "breadcrumbs": {"values": [
            {"timestamp": 1_772_452_800 - 5, "category": "query", "message": "select 1"},
            {"timestamp": 1_772_452_800 - 2, "category": "http", "type": "http", "level": "warning", "data": {"url": "https://api.example/pay", "status_code": 502}},
        ]},
        "request": {"method": "POST", "url": "https://shop.example/cart/7", "query_string": "step=2&voucher=x", "headers": {"User-Agent": "Mozilla/5.0", "Authorization": "[Filtered]"},
                    "cookies": {"sid": "[Filtered]"}, "data": {"amount": 12}},
        "user": {"id": "42", "email": "ada@example.com", "ip_address": "203.0.113.7"},
        "tags": {"plan": "pro"},
        "contexts": {"trace": {"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331"}, "runtime": {"name": "CPython", "version": "3.12"},
                     "flags": {"values": [{"flag": "new-checkout", "result": true}]}},
        "extra": {"attempt": 3},
        "modules": {"django": "5.1"},
        "_meta": {"request": {"headers": {"Authorization": {"": {"rem": [["!config", "s"]]}}}}},
    })
}
