//! The door, tested over its real routes and two real databases in a temporary folder. [`Site`] is one, [`Got`] an answer.

mod actions;
mod decoders;
mod edges;
mod fixtures;
mod floods;
mod framing;
mod memory;
mod other_doors;
mod releases;
mod replays;
mod retention;
mod security;
mod sockets;
mod timing;

use axum::Router;
use axum::body::Body;
use axum::extract::FromRef;
use db::{Checkpoints, Db, File, Migrations, OpenOptions};
use http::{HeaderMap, Request};
use identity::projects::{DsnKey, Project, ProjectDraft};
use identity::store as rows;
use kernel::text::WebUrl;
use kernel::{Clock, Time};
use std::io::Write as _;
use std::sync::Arc;
use tower::ServiceExt as _;
use web::{Actor, Admission, FinishOptions, Gate, Metrics, Routes};

use crate::store::{self, Outcome};
use crate::{Door, EventId, Item, Kind};

/// A Monday, 2026-03-02 12:00 UTC.
const START: Time = Time(1_772_452_800_000);
/// As the recorded SDKs show it.
const KEY: &str = "0123456789abcdef0123456789abcdef";
const ID: &str = "9ec79c33ec9942ab8353589fcb2e04dc";

#[derive(Clone)]
struct State(Door);

impl FromRef<State> for Door {
    fn from_ref(state: &State) -> Door {
        state.0.clone()
    }
}

struct Nobody;

impl Gate for Nobody {
    fn identify<'a>(&'a self, _: &'a HeaderMap, _: std::net::IpAddr) -> web::BoxFuture<'a, kernel::Result<Actor>> {
        Box::pin(async { Ok(Actor::Visitor) })
    }

    fn has_scope<'a>(&'a self, _: kernel::ids::ApiKeyId, _: &'static str) -> web::BoxFuture<'a, kernel::Result<bool>> {
        Box::pin(async { Ok(false) })
    }
}

struct Site {
    hermetic: Db,
    telemetry: Db,
    clock: Clock,
    door: Door,
    router: Router,
    project: Project,
    key: DsnKey,
    _folder: tempfile::TempDir,
}

#[derive(Debug)]
struct Got {
    code: u16,
    headers: HeaderMap,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn id(&self) -> Option<EventId> {
        let json: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        json["id"].as_str().and_then(EventId::parse)
    }
}

impl Site {
    async fn new() -> Site {
        Self::with_floor(0).await
    }

    /// Whose log refuses writes while less than `floor` bytes of the disk are free.
    async fn with_floor(floor: u64) -> Site {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::frozen(START);
        let open = |file, floor| {
            let folder = folder.path().to_owned();
            let checkpoints = Checkpoints::Automatic;
            Db::open(OpenOptions { folder, file, checkpoints, floor, readers: 2, clock: clock.clone() }).unwrap()
        };
        let hermetic = open(File::Hermetic, 0);
        let state = [("identity", identity::MIGRATIONS), ("ingest", crate::MIGRATIONS)];
        hermetic.migrate(state.into_iter().map(|(owner, list)| Migrations { owner, list }).collect()).unwrap();
        // Made with room on the disk; the floor holds from its next opening on.
        open(File::Telemetry, 0).migrate(vec![Migrations { owner: "ingest", list: crate::TELEMETRY_MIGRATIONS }]).unwrap();
        let telemetry = open(File::Telemetry, floor);
        let door = Door::new(hermetic.clone(), telemetry.clone(), clock.clone());
        let router = router(door.clone());
        let draft = ProjectDraft::named("Web");
        let (project, key) = hermetic
            .write(move |tx| {
                let (project, _) = rows::new_project(tx, draft)?;
                let key = rows::insert_dsn_key(tx, project.id, "Recorded", KEY)?;
                Ok((project, key))
            })
            .await
            .unwrap();
        Site { hermetic, telemetry, clock, door, router, project, key, _folder: folder }
    }

    async fn another_project(&self, name: &str) -> (Project, DsnKey) {
        let draft = ProjectDraft::named(name);
        self.hermetic.write(move |tx| rows::new_project(tx, draft)).await.unwrap()
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/{}/{rest}", self.project.id)
    }

    async fn send(&self, request: Request<Body>) -> Got {
        let mut request = request;
        request.headers_mut().entry("host").or_insert("hermetic.example".parse().unwrap());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Got { code: head.status.as_u16(), headers: head.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Got {
        let mut request = Request::post(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.into())).unwrap()).await
    }

    /// An envelope with the project's key in the query.
    async fn envelope(&self, body: impl Into<Vec<u8>>) -> Got {
        self.post(&format!("{}?sentry_key={KEY}", self.path("envelope/")), &[], body).await
    }

    /// Everything in the log.
    fn items(&self) -> Vec<Item> {
        self.telemetry.read_blocking(|r| store::next_batch(r, 0, &Kind::ALL, 100_000, usize::MAX)).unwrap().items
    }

    fn kinds(&self) -> Vec<Kind> {
        self.items().iter().map(|item| item.kind).collect()
    }

    /// `category outcome/reason quantity`, those that were written.
    async fn outcomes(&self) -> Vec<String> {
        self.door.flush().await.unwrap();
        let sums = self.telemetry.read_blocking(|r| store::sum_outcomes(r, None, START)).unwrap();
        let mut told: Vec<String> = sums
            .into_iter()
            .map(|sum| match sum.outcome {
                Outcome::Accepted => format!("{} accepted {}", sum.category, sum.quantity),
                outcome => format!("{} {}/{} {}", sum.category, outcome.as_str(), sum.reason, sum.quantity),
            })
            .collect();
        told.sort();
        told
    }
}

fn router(door: Door) -> Router {
    let mut routes = Routes::<State>::new();
    crate::mount(&mut routes);
    let admission = Admission { gate: Arc::new(Nobody), public_url: WebUrl::parse("https://hermetic.example/").unwrap(), durable: None };
    let router = routes.into_router(&admission).unwrap().with_state(State(door));
    let error_page: web::ErrorPage = |code, title, sentence, _| format!("{code} {title} {sentence}");
    let trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    web::finish(router, FinishOptions { error_page, is_https: true, trusted_proxies, metrics: Metrics::default() })
}

/// Lines with a line break after each.
fn lines(parts: &[&str]) -> String {
    parts.iter().map(|part| format!("{part}\n")).collect()
}

fn event(id: &str, message: &str) -> String {
    lines(&[&format!(r#"{{"event_id":"{id}"}}"#), r#"{"type":"event"}"#, &format!(r#"{{"message":"{message}"}}"#)])
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn raw_deflate(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut packer = brotli::CompressorWriter::new(&mut packed, 4_096, 5, 22);
    packer.write_all(bytes).unwrap();
    drop(packer);
    packed
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 3).unwrap()
}
