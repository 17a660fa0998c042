//! What the tests of dumps stand on: a house with the S3 fake as its one destination, and a desk that works when it is told.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kernel::Fact;
use kernel::ids::DumpId;
use kernel::paging::PageRequest;
use kernel::{Result, Secret};
use replica::address::S3Options;
use serde_json::{Value, json};
use testkit::{S3, TestHouse};
use tokio_util::sync::CancellationToken;

use crate::copies::Place;
use crate::dumps::desk::Desk;
use crate::dumps::model::{Draft, Dump, Outcome, Run};
use crate::dumps::places::Places;
use crate::dumps::{acts, flat, store};

pub static CAPABILITIES: &[&dyn capability::Capability] = &[&crate::Backup];

pub struct Bench {
    pub house: TestHouse,
    pub s3: S3,
    pub desk: Arc<Desk>,
    _places: Arc<Places>,
}

impl Bench {
    pub async fn new() -> Bench {
        Bench::with(&["copies"], false).await
    }

    /// Whose destination only takes.
    pub async fn append_only() -> Bench {
        Bench::with(&["copies"], true).await
    }

    /// With the destinations “copies” and “other”, each in a folder of its name.
    pub async fn two_places() -> Bench {
        Bench::with(&["copies", "other"], false).await
    }

    async fn with(folders: &[&str], is_append_only: bool) -> Bench {
        let house = TestHouse::new(CAPABILITIES).await;
        let s3 = S3::start();
        let options =
            S3Options { access_key_id: S3::ACCESS_KEY.to_owned(), secret_access_key: Secret::new(S3::SECRET_KEY), ..S3Options::default() };
        let place = |folder: &&str| {
            let name = if folders.len() == 1 { "main" } else { folder };
            let address = s3.url(folder).parse().unwrap();
            Place { name: name.to_owned(), address, options: options.clone(), is_append_only, envelope: None }
        };
        let places = house.cx.slots.get_or_make(|| Ok(Places(folders.iter().map(place).collect()))).unwrap();
        let desk = Arc::new(Desk::new(house.cx.clone(), CancellationToken::new()));
        desk.set_reserve(0);
        Bench { house, s3, desk, _places: places }
    }

    /// A dump from its flat form; hourly, and everything else as it ships.
    pub async fn make(&self, fields: Value) -> DumpId {
        self.try_make(fields).await.unwrap().id
    }

    pub async fn try_make(&self, fields: Value) -> Result<Dump> {
        let mut body = json!({ "name": "Shop", "kind": "command", "every_hours": 1 });
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        let sealer = self.house.cx.sealer.clone();
        self.house.cx.write(move |tx| acts::create(tx, &sealer, flat::read(body, &Draft::default())?)).await
    }

    pub async fn change(&self, id: DumpId, fields: Value) -> Dump {
        let sealer = self.house.cx.sealer.clone();
        let change = move |tx: &mut db::Tx<'_>| {
            let before = store::get(tx, id)?;
            acts::update(tx, &sealer, id, flat::read(fields, &before.draft)?)
        };
        self.house.cx.write(change).await.unwrap()
    }

    /// Runs it now and gives what came of it.
    pub async fn run(&self, id: DumpId) -> Run {
        self.house.cx.write(move |tx| acts::run_now(tx, id, "test")).await.unwrap();
        self.desk.work().await.unwrap();
        self.last(id).await
    }

    pub async fn last(&self, id: DumpId) -> Run {
        self.house.cx.read(move |r| store::last_run(r, id)).await.unwrap().expect("it ran")
    }

    pub async fn dump(&self, id: DumpId) -> Dump {
        self.house.cx.read(move |r| store::get(r, id)).await.unwrap()
    }

    pub async fn runs(&self, id: DumpId) -> Vec<Run> {
        self.house.cx.read(move |r| store::runs(r, id, &PageRequest::default())).await.unwrap().rows
    }

    /// The word of its page.
    pub async fn state(&self, id: DumpId) -> &'static str {
        let last = self.house.cx.read(move |r| store::last_run(r, id)).await.unwrap();
        crate::dumps::pages::state(&self.dump(id).await, last.as_ref()).1
    }

    /// Everything that was told so far.
    pub async fn facts(&self) -> Vec<Fact> {
        let rows =
            self.house.cx.read(|r| r.rows("select payload from work_facts order by id", [], |row| row.get::<_, String>(0))).await.unwrap();
        rows.iter().map(|payload| serde_json::from_str(payload).unwrap()).collect()
    }

    /// The keys below `dumps/`, sorted.
    pub fn objects(&self) -> Vec<String> {
        self.objects_at("copies")
    }

    pub fn objects_at(&self, folder: &str) -> Vec<String> {
        let root = self.s3.folder().join(folder).join("dumps");
        let mut found = Vec::new();
        walk(&root, &mut |path| found.push(path.strip_prefix(&root).unwrap().to_string_lossy().into_owned()));
        found.sort();
        found
    }

    pub fn object(&self, key: &str) -> Vec<u8> {
        std::fs::read(self.s3.folder().join("copies/dumps").join(key)).expect("the object is there")
    }

    /// What lies in the folder of half-written dumps.
    pub fn left_over(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        walk(&self.house.folder().join("dumps"), &mut |path| found.push(path.to_owned()));
        found
    }
}

fn walk(folder: &Path, each: &mut dyn FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        // The server keeps an object's metadata beside it, under a name with a dot.
        let is_own = path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.'));
        match path.is_dir() {
            true => walk(&path, each),
            false if is_own => each(&path),
            false => {}
        }
    }
}

#[track_caller]
pub fn assert_good(run: &Run) {
    assert_eq!(run.outcome, Outcome::Good, "{:?}", run.result);
    assert!(run.result.checks.iter().all(|check| check.is_ok), "{:?}", run.result.checks);
}
