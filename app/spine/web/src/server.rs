//! The accept loop ([`serve`]): every connection has a time limit for its head, its body and its reader; there are never more than so
//! many; and a stop lets running requests finish.
//!
//! Over the cap new connections wait in the kernel's accept queue (its length is the listener's backlog; beyond it the kernel refuses).
//! Silent and idle connections end at the header timeout, so the queue moves even when every slot is taken by somebody who says nothing.

use crate::body::{BodyLimits, BodyRoom, FrontBody, GuardedBody};
use crate::hot::HotPages;
use crate::io::Guarded;
use crate::metrics::Metrics;
use crate::peer::SocketPeer;
use axum::Router;
use axum::body::Body;
use futures_util::future::{BoxFuture, Either, Ready, ready};
use http::header::EXPECT;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioTimer;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What is served: hot pages first, then the finished router.
pub struct Front {
    pub router: Router,
    pub hot: HotPages,
    pub metrics: Metrics,
}

#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// For a request's head, and for an idle connection to ask again. Reverse proxies that keep connections must let go earlier.
    pub header_timeout: Duration,
    /// For a whole request body, from the first time it is waited for.
    pub body_timeout: Duration,
    /// For a client that reads nothing of its answer.
    pub write_timeout: Duration,
    pub max_connections: usize,
    /// Beyond it: 431.
    pub max_header_bytes: usize,
    /// Beyond it: 413. A route may take more ([`crate::Routes::bodies_up_to`]).
    pub max_body_bytes: u64,
    /// How long running requests may take after a stop before they are cut.
    pub drain: Duration,
}

impl ServeOptions {
    pub fn standard() -> Self {
        Self {
            header_timeout: Duration::from_secs(15),
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            max_connections: 2_048,
            max_header_bytes: 32 * 1_024,
            max_body_bytes: 4 * 1_024 * 1_024,
            drain: Duration::from_secs(15),
        }
    }
}

/// How the server ended: connections that had to be cut at the deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    pub cut: usize,
}

/// Serves until `shutdown`, then drains.
pub async fn serve(listener: TcpListener, front: Front, options: ServeOptions, shutdown: CancellationToken) -> Drained {
    let slots = Arc::new(Semaphore::new(options.max_connections.max(1)));
    let tracker = TaskTracker::new();
    let desk = Arc::new(Desk { http: connection_rules(&options), front, options, shutdown, cut: CancellationToken::new() });
    loop {
        // The slot comes first: what cannot be attended to is not accepted.
        let Some(slot) = desk.unless_stopped(Arc::clone(&slots).acquire_owned()).await.and_then(Result::ok) else { break };
        match desk.unless_stopped(listener.accept()).await {
            None => break,
            Some(Ok((stream, peer))) => {
                let desk = Arc::clone(&desk);
                tracker.spawn(async move {
                    attend(&desk, stream, peer).await;
                    drop(slot);
                });
            }
            Some(Err(error)) => recover(&error).await,
        }
    }
    drop(listener);
    drain(&desk, &tracker).await
}

/// What all connections share.
struct Desk {
    http: http1::Builder,
    front: Front,
    options: ServeOptions,
    shutdown: CancellationToken,
    cut: CancellationToken,
}

impl Desk {
    async fn unless_stopped<T>(&self, wanted: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.shutdown.cancelled() => None,
            got = wanted => Some(got),
        }
    }
}

/// hyper-util's automatic builder left silent connections open despite a header timeout; the plain one closes them in time.
fn connection_rules(options: &ServeOptions) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(options.header_timeout)
        .max_header_size(options.max_header_bytes)
        // Also the most that one connection may hold in memory for reading; hyper's own limit is 400 KiB.
        .max_buf_size(options.max_header_bytes.max(64 * 1_024));
    http
}

/// A peer that hung up while queued is nothing; being out of file descriptors passes only with time.
async fn recover(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted) {
        tracing::warn!(%error, "a connection could not be accepted; trying again in a moment");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn attend(desk: &Arc<Desk>, stream: TcpStream, peer: SocketAddr) {
    let _connected = desk.front.metrics.connect();
    // Answers leave whole; waiting for more to send would only add 40 ms (Nagle).
    let _ = stream.set_nodelay(true);
    let io = Guarded::new(stream, desk.options.write_timeout);
    let mut connection = pin!(desk.http.serve_connection(io, Visit { desk: Arc::clone(desk), peer }));
    let outcome = match desk.unless_stopped(connection.as_mut()).await {
        Some(outcome) => outcome,
        None => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                outcome = connection.as_mut() => outcome,
                () = desk.cut.cancelled() => return,
            }
        }
    };
    if let Err(error) = outcome {
        tracing::trace!(%error, "a connection ended early");
    }
}

async fn drain(desk: &Desk, tracker: &TaskTracker) -> Drained {
    tracker.close();
    let cut = match tokio::time::timeout(desk.options.drain, tracker.wait()).await {
        Ok(()) => 0,
        Err(_) => tracker.len(),
    };
    if cut > 0 {
        tracing::warn!(connections = cut, "requests were still running at the drain deadline and were cut");
        desk.cut.cancel();
        tracker.wait().await;
    }
    Drained { cut }
}

/// One connection's requests.
struct Visit {
    desk: Arc<Desk>,
    peer: SocketAddr,
}

type Answer = Result<Response<FrontBody>, Infallible>;

impl Service<Request<Incoming>> for Visit {
    type Response = Response<FrontBody>;
    type Error = Infallible;
    type Future = Either<Ready<Answer>, BoxFuture<'static, Answer>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let Front { router, hot, metrics } = &self.desk.front;
        if let Some(response) = hot.answer(&request) {
            metrics.count_hot(response.status());
            return Either::Left(ready(Ok(response)));
        }
        let (max, patience) = (self.desk.options.max_body_bytes, self.desk.options.body_timeout);
        // Who asks before sending is told no at once; who has sent already is heard out a little, so that the answer can be read.
        let spare = if request.headers().contains_key(EXPECT) { 0 } else { max };
        let room = BodyRoom::new(max);
        let limits = BodyLimits { max: room.clone(), spare, patience };
        let mut request = request.map(|body| Body::new(GuardedBody::new(body, limits)));
        request.extensions_mut().insert(room);
        hot.lead(&mut request);
        request.extensions_mut().insert(SocketPeer(self.peer));
        let routed = tower::Service::call(&mut router.clone(), request);
        Either::Right(Box::pin(async move { Ok(routed.await?.map(FrontBody::Routed)) }))
    }
}
