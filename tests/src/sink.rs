//! A webhook receiver that remembers everything and can be told to be slow, broken or silent.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use http::{HeaderMap, StatusCode, Uri};
use kernel::time::Stopwatch;
use tokio::net::TcpListener;

/// One request that arrived.
#[derive(Debug, Clone)]
pub struct Hit {
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
    /// Milliseconds since the sink was started.
    pub at_ms: u128,
}

impl Hit {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// Answers with the code it was told, after the pause it was told; 0 means accept and never answer. Ends with the runtime of
/// the test.
#[derive(Debug, Clone)]
pub struct Sink {
    pub address: SocketAddr,
    hits: Arc<Mutex<Vec<Hit>>>,
    code: Arc<AtomicU16>,
    pause_ms: Arc<AtomicU64>,
    started: Stopwatch,
}

impl Sink {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("a free port: {error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("{error}"));
        let sink = Self {
            address,
            hits: Arc::default(),
            code: Arc::new(AtomicU16::new(200)),
            pause_ms: Arc::default(),
            started: Stopwatch::start(),
        };
        let router = Router::new().fallback(receive).with_state(sink.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        sink
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// What to answer from now on; 0 is silence.
    pub fn answer_with(&self, code: u16) {
        self.code.store(code, Ordering::SeqCst);
    }

    /// How long it takes from now on between having a request whole and answering it.
    pub fn answer_after(&self, pause: Duration) {
        self.pause_ms.store(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    pub fn hits(&self) -> Vec<Hit> {
        self.hits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn receive(State(sink): State<Sink>, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    let hit = Hit {
        path: uri.path().to_owned(),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
        at_ms: sink.started.elapsed().as_millis(),
    };
    sink.hits.lock().unwrap_or_else(PoisonError::into_inner).push(hit);
    tokio::time::sleep(Duration::from_millis(sink.pause_ms.load(Ordering::SeqCst))).await;
    match sink.code.load(Ordering::SeqCst) {
        0 => std::future::pending().await,
        code => StatusCode::from_u16(code).unwrap_or(StatusCode::OK),
    }
}
