//! A site to be watched: each path is up until the test says otherwise; every request is counted, with its rhythm.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use http::StatusCode;
use kernel::time::Stopwatch;
use tokio::net::TcpListener;

/// What a [`Target`] saw since it was last told to forget.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub hits: u64,
    /// The longest time between two requests for the same path.
    pub largest_gap: Duration,
}

#[derive(Debug, Default)]
struct Inner {
    down: BTreeSet<String>,
    seen: Seen,
    last: HashMap<String, Stopwatch>,
}

/// Answers 200 on every path, 500 on those that are down. Ends with the runtime of the test.
#[derive(Debug, Clone)]
pub struct Target {
    pub address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
}

impl Target {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("a free port: {error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("{error}"));
        let target = Self { address, inner: Arc::default() };
        let router = Router::new().route("/{*path}", axum::routing::any(answer)).with_state(target.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        target
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    pub fn set_down(&self, path: &str, is_down: bool) {
        let mut inner = self.lock();
        if is_down {
            inner.down.insert(path.to_owned());
        } else {
            inner.down.remove(path);
        }
    }

    pub fn seen(&self) -> Seen {
        self.lock().seen.clone()
    }

    /// Starts counting anew; the rhythm goes on.
    pub fn forget(&self) {
        self.lock().seen = Seen::default();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(State(target): State<Target>, Path(path): Path<String>) -> (StatusCode, &'static str) {
    let mut inner = target.lock();
    inner.seen.hits += 1;
    let is_down = inner.down.contains(&path);
    if let Some(before) = inner.last.insert(path, Stopwatch::start()) {
        inner.seen.largest_gap = inner.seen.largest_gap.max(before.elapsed());
    }
    if is_down { (StatusCode::INTERNAL_SERVER_ERROR, "broken on purpose") } else { (StatusCode::OK, "fine") }
}
