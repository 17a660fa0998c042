//! An HTTP server that does as it is told, also what no server should do. [`Play`] is what happens to a request, [`TlsPlay`] what
//! happens before it; both can be switched while it runs. What arrived is in the log as [`Recorded`].

mod perform;
mod wire;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::certificates::{TlsPlay, server_config};
use super::log::Log;
use super::runtime::{self, Task};
use super::tcp::{drain, wait_until_refused};
use perform::{After, perform};
pub use wire::{Recorded, Reply};

/// What happens to one request.
#[derive(Debug, Clone)]
pub enum Play {
    Answer(Reply),
    /// Takes the request and says nothing, for as long as the client stays.
    Hang,
    /// Takes the request and resets the connection (RST).
    Reset,
    /// Takes the request and closes without a byte.
    Close,
    /// The whole answer, this much later.
    SlowFirstByte(Duration, Reply),
    /// The head at once, then the body byte by byte.
    SlowBody(Duration, Reply),
    /// The head byte by byte.
    SlowHead(Duration, Reply),
    /// The head and this much of the body, then silence.
    HangInBody(Reply),
    /// The head and half of the body, then RST.
    ResetInBody(Reply),
    /// A body without end, as fast as it is read.
    Endless,
    /// A body of this many bytes.
    Oversized(usize),
    /// Redirects to the same address again.
    RedirectLoop,
    /// Redirects with this code to this address.
    Redirect(u16, String),
    /// This many MiB of zeros, packed into very little.
    GzipBomb(usize),
    /// 429 with `Retry-After` in seconds.
    TooMany(u64),
    /// Something that is not HTTP.
    Malformed,
    /// Promises more bytes than it sends, then closes.
    WrongLength,
}

impl Play {
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Play::Answer(Reply::new(200).body(body))
    }

    pub fn code(code: u16) -> Self {
        Play::Answer(Reply::new(code))
    }
}

type Handler = Arc<dyn Fn(&Recorded) -> Play + Send + Sync>;

/// Closed when dropped, with all its connections.
pub struct Sink {
    address: SocketAddr,
    is_tls: bool,
    state: Arc<State>,
    task: Mutex<Option<Task>>,
}

struct State {
    handler: Mutex<Handler>,
    queue: Mutex<VecDeque<Play>>,
    tls: Option<Tls>,
    log: Log<Recorded>,
    connections: AtomicUsize,
}

struct Tls {
    names: Vec<String>,
    now: Mutex<(TlsPlay, Option<Arc<ServerConfig>>)>,
}

impl Sink {
    /// Plain HTTP; answers 200 `ok` until told otherwise.
    pub fn start() -> Self {
        Self::start_at(runtime::loopback())
    }

    /// For `[::1]:0` or a port that is known from before.
    pub fn start_at(address: SocketAddr) -> Self {
        Self::build(address, None, Arc::new(|_: &Recorded| Play::ok("ok")))
    }

    /// Each request is given to `handler`, unless something is queued.
    pub fn start_with(handler: impl Fn(&Recorded) -> Play + Send + Sync + 'static) -> Self {
        Self::build(runtime::loopback(), None, Arc::new(handler))
    }

    /// HTTPS. The certificate is good for `localhost`, loopback addresses and `names`, where the play makes it good at all.
    pub fn start_tls(play: TlsPlay, names: &[&str]) -> Self {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let config = server_config(&play, &names);
        let tls = Tls { names, now: Mutex::new((play, config)) };
        Self::build(runtime::loopback(), Some(tls), Arc::new(|_: &Recorded| Play::ok("ok")))
    }

    fn build(address: SocketAddr, tls: Option<Tls>, handler: Handler) -> Self {
        let listener = runtime::listen(address);
        let address = listener.local_addr().expect("a listener has an address");
        let is_tls = tls.is_some();
        let state = State { handler: Mutex::new(handler), queue: Mutex::default(), tls, log: Log::new(), connections: AtomicUsize::new(0) };
        let sink = Self { address, is_tls, state: Arc::new(state), task: Mutex::new(None) };
        sink.serve(listener);
        sink
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The address of `path`, on `127.0.0.1` or, with TLS, `localhost`.
    pub fn url(&self, path: &str) -> String {
        if self.is_tls { self.url_for("localhost", path) } else { self.url_for(&self.address.ip().to_string(), path) }
    }

    /// The address of `path` under a name that the test's resolver leads here.
    pub fn url_for(&self, host: &str, path: &str) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        format!("{scheme}://{host}:{}{path}", self.address.port())
    }

    /// From now on, for every request.
    pub fn set(&self, play: Play) {
        self.set_handler(move |_| play.clone());
    }

    pub fn set_handler(&self, handler: impl Fn(&Recorded) -> Play + Send + Sync + 'static) {
        *self.state.handler.lock().unwrap() = Arc::new(handler);
    }

    /// For the next requests, one each; then what was set before.
    pub fn queue(&self, plays: impl IntoIterator<Item = Play>) {
        self.state.queue.lock().unwrap().extend(plays);
    }

    /// For connections from now on; only on a sink that was started with TLS.
    pub fn set_tls(&self, play: TlsPlay) {
        let tls = self.state.tls.as_ref().expect("the sink was started without TLS");
        let config = server_config(&play, &tls.names);
        *tls.now.lock().unwrap() = (play, config);
    }

    /// What arrived, as a log to wait on.
    pub fn log(&self) -> &Log<Recorded> {
        &self.state.log
    }

    pub fn requests(&self) -> Vec<Recorded> {
        self.state.log.all()
    }

    pub async fn wait_for(&self, n: usize, timeout: Duration) -> Vec<Recorded> {
        self.state.log.wait_for(n, timeout).await
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// Refuses connections from now on, and drops those that are open.
    pub fn close(&self) {
        *self.task.lock().unwrap() = None;
        wait_until_refused(self.address);
    }

    /// Listens again on the same port.
    pub fn open(&self) {
        self.serve(runtime::listen(self.address));
    }

    fn serve(&self, listener: TcpListener) {
        *self.task.lock().unwrap() = Some(Task::spawn(accept(listener, Arc::clone(&self.state))));
    }
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sink on {}", self.address)
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        state.connections.fetch_add(1, Ordering::SeqCst);
        connections.spawn(greet(stream, Arc::clone(&state)));
        while connections.try_join_next().is_some() {}
    }
}

/// TLS, where there is any; then requests one after the other.
async fn greet(mut stream: TcpStream, state: Arc<State>) {
    let _ = stream.set_nodelay(true);
    let now = state.tls.as_ref().map(|tls| tls.now.lock().unwrap().clone());
    match now {
        None => converse(stream, &state, false).await,
        Some((TlsPlay::PlainText, _)) => {
            perform::plain_text(&mut stream).await;
        }
        Some((TlsPlay::Silent, _)) => drain(&mut stream).await,
        Some((TlsPlay::Reset, _)) => {
            let _ = stream.readable().await;
            let _ = stream.set_zero_linger();
        }
        Some((_, config)) => {
            let acceptor = TlsAcceptor::from(config.expect("this play has a certificate"));
            if let Ok(stream) = acceptor.accept(stream).await {
                converse(stream, &state, true).await;
            }
        }
    }
}

/// A connection that can be reset, plain or inside TLS.
pub trait Line: AsyncRead + AsyncWrite + Send + Unpin {
    fn reset(&self);
}

impl Line for TcpStream {
    fn reset(&self) {
        let _ = self.set_zero_linger();
    }
}

impl Line for tokio_rustls::server::TlsStream<TcpStream> {
    fn reset(&self) {
        let _ = self.get_ref().0.set_zero_linger();
    }
}

async fn converse(stream: impl Line, state: &State, is_tls: bool) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = wire::read_request(&mut stream, is_tls).await {
        let queued = state.queue.lock().unwrap().pop_front();
        let play = queued.unwrap_or_else(|| {
            let handler = Arc::clone(&state.handler.lock().unwrap());
            handler(&request)
        });
        state.log.push(request.clone());
        if perform(&mut stream, &request, play).await == After::Close {
            break;
        }
    }
}

impl Recorded {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}
