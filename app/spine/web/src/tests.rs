//! The front, tested over real sockets on port 0. [`Site`] is a running server, [`Call`] one request written by hand, [`Got`] its answer.

mod extract;
mod files;
mod gate;
mod hot;
mod layers;
mod limit;
mod live;
mod origin;
mod peer;
mod reply;
mod routes;
mod server;

use crate::server::Drained;
use crate::{
    Actor, Admission, BoxFuture, Durable, FinishOptions, Front, Gate, HotPages, Kept, Live, LiveOptions, Metrics, Routes, ServeOptions,
};
use axum::extract::FromRef;
use http::{HeaderMap, HeaderName, HeaderValue};
use kernel::ids::{ApiKeyId, LoginId, MemberId};
use kernel::text::WebUrl;
use kernel::{Error, Kind, Result, Role};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Nothing here takes this long; a test that waits longer has found a hang.
const PATIENCE: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(200);

/// What the handlers of these tests share.
#[derive(Clone)]
struct State {
    live: Live,
    entered: Arc<Notify>,
    release: Arc<Notify>,
}

impl FromRef<State> for Live {
    fn from_ref(state: &State) -> Live {
        state.live.clone()
    }
}

/// Stands for identity: the header `x-actor` says who calls.
struct HeaderGate;

impl Gate for HeaderGate {
    fn identify<'a>(&'a self, headers: &'a HeaderMap, _: IpAddr) -> BoxFuture<'a, Result<Actor>> {
        let name = headers.get("x-actor").and_then(|name| name.to_str().ok()).unwrap_or("visitor");
        let outcome = match (name, name.parse::<Role>()) {
            ("visitor", _) => Ok(Actor::Visitor),
            ("key", _) => Ok(Actor::Key { id: ApiKeyId(1), name: "deploy".into(), role: Role::Member }),
            ("weak-key", _) => Ok(Actor::Key { id: ApiKeyId(2), name: "reader".into(), role: Role::Owner }),
            (_, Ok(role)) => Ok(Actor::Member { id: MemberId(7), name: "Ada".into(), role, login: LoginId(1) }),
            ("broken", _) => Err(Error::internal("reading the login")),
            _ => Err(Error::new(Kind::Unauthorized, "This login has ended.")),
        };
        Box::pin(async move { outcome })
    }

    fn has_scope<'a>(&'a self, key: ApiKeyId, _: &'static str) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move { Ok(key == ApiKeyId(1)) })
    }
}

struct Site {
    address: SocketAddr,
    state: State,
    hot: HotPages,
    metrics: Metrics,
    stop: CancellationToken,
    task: JoinHandle<Drained>,
}

/// Lets everything pass but changes of the capability “waiting”.
struct Waiting;

impl Durable for Waiting {
    fn reached<'a>(&'a self, owner: &'static str) -> BoxFuture<'a, Kept> {
        let kept = match owner {
            "waiting" => Kept::Pending,
            "kept" => Kept::Reached,
            _ => Kept::NotAsked,
        };
        Box::pin(async move { kept })
    }
}

fn admission() -> Admission {
    Admission {
        gate: Arc::new(HeaderGate),
        public_url: WebUrl::parse("https://hermetic.example/").unwrap(),
        durable: Some(Arc::new(Waiting)),
    }
}

fn error_page(code: u16, title: &str, sentence: &str, next: &str) -> String {
    format!("<h1>{code} {title}</h1><p>{sentence}</p><a href={next}>")
}

impl Site {
    async fn start(fill: impl FnOnce(&mut Routes<State>)) -> Self {
        Self::start_with(ServeOptions::standard(), fill).await
    }

    async fn start_with(options: ServeOptions, fill: impl FnOnce(&mut Routes<State>)) -> Self {
        let stop = CancellationToken::new();
        let live = Live::with(LiveOptions { max_streams: 2, ..LiveOptions::standard() }, stop.clone());
        let state = State { live, entered: Arc::default(), release: Arc::default() };
        let (hot, metrics) = (HotPages::new(true), Metrics::default());
        let mut routes = Routes::new();
        fill(routes.owned_by("tests"));
        let router = routes.into_router(&admission()).unwrap().with_state(state.clone());
        let trusted_proxies = vec!["127.0.0.1/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        let router = crate::finish(router, FinishOptions { error_page, is_https: true, trusted_proxies, metrics: metrics.clone() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let front = Front { router, hot: hot.clone(), metrics: metrics.clone() };
        let task = tokio::spawn(crate::serve(listener, front, options, stop.clone()));
        Self { address, state, hot, metrics, stop, task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn get(&self, path: &str) -> Got {
        call("GET", path).send(self).await
    }

    async fn stop(self) -> Drained {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.task).await.expect("the server stops").unwrap()
    }
}

/// One request, written by hand.
struct Call {
    head: String,
    body: Vec<u8>,
}

fn call(method: &str, path: &str) -> Call {
    Call { head: format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n"), body: Vec::new() }
}

impl Call {
    fn with(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    fn body(self, kind: &str, body: &str) -> Self {
        let mut sized = self.with("content-type", kind).with("content-length", &body.len().to_string());
        sized.body = body.as_bytes().to_vec();
        sized
    }

    /// From one of our own pages.
    fn own(self) -> Self {
        self.with("sec-fetch-site", "same-origin")
    }

    fn browser(self) -> Self {
        self.with("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
    }

    fn bytes(mut self) -> Vec<u8> {
        if !self.head.to_ascii_lowercase().contains("\r\nhost:") {
            self.head.push_str("host: hermetic.example\r\n");
        }
        [self.head.as_bytes(), b"\r\n", &self.body].concat()
    }

    async fn send(self, site: &Site) -> Got {
        let mut stream = site.connect().await;
        stream.write_all(&self.bytes()).await.unwrap();
        Got::read(&mut stream).await
    }
}

#[derive(Debug)]
struct Got {
    code: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Got {
    /// Reads until the server closes.
    async fn read(stream: &mut TcpStream) -> Got {
        let mut bytes = Vec::new();
        // A reset after the answer is as good an end as a close.
        let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("the server answers and closes");
        Got::parse(&bytes)
    }

    fn parse(bytes: &[u8]) -> Got {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a whole head");
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let code = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        }
        let body = &bytes[end + 4..];
        let body = if headers.contains_key("transfer-encoding") { unchunk(body) } else { body.to_vec() };
        Got { code, headers, body }
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

fn unchunk(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        whole.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 4 + size..];
    }
    whole
}

/// Reads from an open stream until `wanted` has come.
async fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut text = String::new();
    while !text.contains(wanted) {
        let mut piece = [0; 4_096];
        let size = tokio::time::timeout(PATIENCE, stream.read(&mut piece)).await.expect("more to read").unwrap();
        assert!(size > 0, "closed before {wanted:?}, after {text:?}");
        text.push_str(std::str::from_utf8(&piece[..size]).unwrap());
    }
    text
}

/// Bytes until the other end closes.
async fn read_to_close(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("the server closes");
    bytes
}
