//! A house whose copies go to an S3 server in a folder.

use capability::{Capability, Cx, Work};
use kernel::time::Stopwatch;
use kernel::{Fact, Role, Secret};
use replica::address::{Address, S3Options};
use replica::engine::DestinationStatus;
use replica::lease::Owner;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::{Client, S3, TestHouse};

use crate::watch::Watch;
use crate::{Backup, Copies, FILES, Place};

pub static ALONE: &[&dyn Capability] = &[&Backup, &Ear];

/// Hears every fact about copies.
pub struct Ear;

#[derive(Default)]
pub struct Heard(Mutex<Vec<Fact>>);

impl Capability for Ear {
    fn name(&self) -> &'static str {
        "ear"
    }

    fn work(&self, work: &mut Work) {
        work.job("ear.hear", |cx: Cx, job: work::Job| async move {
            cx.slots.get_or_make(|| Ok(Heard::default()))?.0.lock().unwrap().push(job.fact()?);
            Ok(())
        });
        for kind in [
            "replica_stale",
            "replica_caught_up",
            "replica_removed",
            "lease_lost",
            "spool_failing",
            "spool_recovered",
            "drill_failed",
            "drill_passed",
            "disk_full",
            "disk_has_room",
        ] {
            work.reaction(kind, "ear.hear");
        }
    }
}

pub const LONG: Duration = Duration::from_secs(20);

pub struct Fixture {
    pub s3: S3,
    pub copies: Arc<Copies>,
    pub house: TestHouse,
    pub watch: Watch,
    pub ear: Arc<Heard>,
}

pub fn place(s3: &S3, name: &str) -> Place {
    let options =
        S3Options { access_key_id: S3::ACCESS_KEY.to_owned(), secret_access_key: Secret::new(S3::SECRET_KEY), ..S3Options::default() };
    Place { name: name.to_owned(), address: s3.url(name).parse::<Address>().unwrap(), options, is_append_only: false, envelope: None }
}

pub fn owner(id: &str) -> Owner {
    Owner { id: id.to_owned(), host: format!("host of {id}") }
}

impl Fixture {
    pub async fn new() -> Fixture {
        Self::at(S3::start(), "one").await
    }

    pub async fn at(s3: S3, id: &str) -> Fixture {
        let place = place(&s3, "main");
        Self::to(Some(s3), ALONE, vec![place], id).await
    }

    /// With these capabilities, and both files at the destination.
    pub async fn of(capabilities: &'static [&'static dyn Capability]) -> Fixture {
        let s3 = S3::start();
        let place = place(&s3, "main");
        Self::to(Some(s3), capabilities, vec![place], "one").await.settled().await
    }

    /// With these destinations, each with both files.
    pub async fn with(places: impl FnOnce(&S3) -> Vec<Place>) -> Fixture {
        let s3 = S3::start();
        let places = places(&s3);
        Self::to(Some(s3), ALONE, places, "one").await.settled().await
    }

    /// Another instance with the same destination.
    pub async fn beside(other: &Fixture, id: &str) -> Fixture {
        Self::to(None, ALONE, vec![place(&other.s3, "main")], id).await
    }

    async fn to(s3: Option<S3>, capabilities: &'static [&'static dyn Capability], places: Vec<Place>, id: &str) -> Fixture {
        let house = TestHouse::copied(capabilities).await;
        let copies = Copies::start(&house.cx, places, owner(id)).unwrap();
        let s3 = s3.unwrap_or_else(S3::start);
        let ear = house.cx.slots.get_or_make(|| Ok(Heard::default())).unwrap();
        Fixture { s3, copies, house, watch: Watch::default(), ear }
    }

    /// With both files at the destination.
    pub async fn current() -> Fixture {
        Self::new().await.settled().await
    }

    async fn settled(self) -> Fixture {
        let fixture = self;
        for file in FILES {
            // Asked for, the log does not wait to be gathered.
            fixture.copies.replica(file).reached(LONG).await.unwrap();
        }
        fixture.until("both files are there, with their first whole copy", |copy| copy.behind == 0 && !copy.snapshots.is_empty()).await;
        fixture
    }

    pub fn cx(&self) -> &Cx {
        &self.house.cx
    }

    /// Until it is so of the copy of hermetic.db: the log is not written in every test.
    pub async fn until_state(&self, what: &str, is_so: impl Fn(&DestinationStatus) -> bool) {
        let state = |fixture: &Fixture| fixture.copies.replica(FILES[0]).status().destinations.remove(0);
        let watch = Stopwatch::start();
        while !is_so(&state(self)) {
            assert!(watch.elapsed() < LONG, "not in time: {what}; {:?}", state(self));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub fn statuses(&self) -> Vec<DestinationStatus> {
        FILES.iter().flat_map(|file| self.copies.replica(*file).status().destinations).collect()
    }

    /// Until it is so of every copy.
    pub async fn until(&self, what: &str, is_so: impl Fn(&DestinationStatus) -> bool) {
        let watch = Stopwatch::start();
        while !self.statuses().iter().all(&is_so) {
            assert!(watch.elapsed() < LONG, "not in time: {what}; {:?}", self.statuses());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub async fn write_something(&self) {
        self.cx().write(|tx| crate::store::write_sentinel(tx, "something")).await.unwrap();
    }

    pub async fn look(&mut self) {
        self.watch.look(&self.house.cx).await.unwrap();
    }

    /// What was told since the last time, oldest first.
    pub async fn facts(&self) -> Vec<Fact> {
        heard(&self.house, &self.ear).await
    }

    pub async fn api(&self, role: Role) -> Client {
        self.house.key(role, &["backup:read", "backup:write"]).await
    }
}

/// What was told since the last time, oldest first.
pub async fn heard(house: &TestHouse, ear: &Heard) -> Vec<Fact> {
    house.work().await;
    std::mem::take(&mut *ear.0.lock().unwrap())
}
