//! A house with uptime in it, a desk that works when the test says so, and shorthands.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use kernel::ids::MonitorId;
use kernel::{Fact, Time};
use serde_json::{Value, json};
use testkit::fakes::ca_pem;
use testkit::{Client, TestHouse};

use crate::Uptime;
use crate::model::check::Check;
use crate::model::flat;
use crate::model::state::{MonitorState, State};
use crate::prober::{Prober, ProberOptions};
use crate::runner::Desk;
use crate::{acts, store};

pub struct Bench {
    pub house: TestHouse,
    pub desk: Arc<Desk>,
    /// The newest fact that was asked for.
    pub seen: AtomicI64,
}

impl Bench {
    pub async fn new() -> Self {
        let house = TestHouse::new(&[&Uptime]).await;
        let desk = Desk::of(&house.cx).unwrap();
        let bench = Self { house, desk, seen: AtomicI64::new(0) };
        bench.trust_fakes(|_| {});
        bench
    }

    /// A prober that trusts the fakes' authority.
    pub fn trust_fakes(&self, change: impl FnOnce(&mut ProberOptions)) {
        let mut options = ProberOptions { extra_ca_pem: ca_pem(), ..ProberOptions::default() };
        change(&mut options);
        self.desk.set_prober(Prober::new(options).unwrap());
    }

    /// Makes a monitor from a flat object, with short times unless it gives its own.
    pub async fn monitor(&self, fields: Value) -> MonitorId {
        let mut all = json!({ "name": "Shop", "interval_s": 20, "timeout_ms": 700, "retry_s": 10 });
        for (name, value) in fields.as_object().unwrap() {
            all[name] = value.clone();
        }
        let sealer = self.house.cx.sealer.clone();
        let made = self.house.cx.write(move |tx| acts::create(tx, &sealer, flat::read(all, &|_| None)?)).await.unwrap();
        self.load().await;
        made.id
    }

    /// Reloads without losing the test's prober.
    pub async fn load(&self) {
        let prober = self.desk.prober().options().clone();
        self.desk.reload().await.unwrap();
        self.desk.set_prober(Prober::new(prober).unwrap());
    }

    /// One turn, ten seconds later than the one before.
    pub async fn turn(&self, id: MonitorId) -> MonitorState {
        self.house.clock.advance(Duration::from_secs(10));
        self.desk.take_turn(id).await;
        self.desk.sweep();
        self.write().await;
        self.state(id).shown()
    }

    pub async fn turns(&self, id: MonitorId, count: usize) -> MonitorState {
        for _ in 0..count {
            self.turn(id).await;
        }
        self.state(id).shown()
    }

    /// Time passes without a check.
    pub async fn pass(&self, seconds: u64) {
        self.house.clock.advance(Duration::from_secs(seconds));
        self.desk.sweep();
        self.write().await;
    }

    pub async fn write(&self) {
        self.desk.ledger.write_entries(&self.house.cx).await.unwrap();
        self.desk.ledger.write_samples(&self.house.cx).await.unwrap();
    }

    pub fn state(&self, id: MonitorId) -> State {
        self.desk.book().monitors[&id].state.clone()
    }

    /// The newest check, as it was judged.
    pub fn last(&self, id: MonitorId) -> Check {
        Check::clone(self.desk.book().monitors[&id].last.as_ref().expect("it was looked at"))
    }

    pub fn now(&self) -> Time {
        self.house.clock.now()
    }

    /// Facts on disk since the last time they were asked for.
    pub async fn facts(&self) -> Vec<Fact> {
        let seen = self.seen.load(Ordering::SeqCst);
        let read = move |r: &db::Reader<'_>| {
            r.rows("select id, payload from work_facts where id > ? order by id", [seen], |row| Ok((row.get(0)?, row.get(1)?)))
        };
        let rows: Vec<(i64, String)> = self.house.cx.read(read).await.unwrap();
        self.seen.store(rows.last().map_or(seen, |(id, _)| *id), Ordering::SeqCst);
        rows.iter().map(|(_, row)| serde_json::from_str(row).unwrap()).collect()
    }

    pub async fn outages(&self, id: MonitorId) -> Vec<store::states::Outage> {
        self.house.cx.read(move |r| store::states::outages(r, id, &kernel::paging::PageRequest::default())).await.unwrap().rows
    }

    pub async fn key(&self) -> Client {
        self.house.key(kernel::Role::Member, &["uptime:read", "uptime:write"]).await
    }
}
