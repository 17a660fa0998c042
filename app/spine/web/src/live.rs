//! Live updates ([`Live`]): browsers keep one stream open and hear which topics changed; what changed they fetch themselves.
//!
//! A stream carries `data: <topic>` lines only, so there is nothing to leak and nothing to replay. Open streams end with the server,
//! so that they never hold up its drain.

use crate::extract::Query;
use crate::reply::{Failure, Reply};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use kernel::Error;
use serde::Deserialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};
use tokio_util::sync::CancellationToken;

/// Signals a slow reader may lag behind before it is told that everything changed.
const BACKLOG: usize = 256;
const MAX_TOPICS: usize = 32;

pub struct LiveOptions {
    pub max_streams: usize,
    /// Proxies close what is silent for a minute; a comment this often keeps the stream open and finds readers that are gone.
    pub keep_alive: Duration,
}

impl LiveOptions {
    pub fn standard() -> Self {
        Self { max_streams: 256, keep_alive: Duration::from_secs(15) }
    }
}

/// Clones share the streams.
#[derive(Debug, Clone)]
pub struct Live {
    sender: broadcast::Sender<&'static str>,
    slots: Arc<Semaphore>,
    max_streams: usize,
    keep_alive: Duration,
    shutdown: CancellationToken,
}

impl Live {
    /// `shutdown` ends every open stream.
    pub fn new(shutdown: CancellationToken) -> Self {
        Self::with(LiveOptions::standard(), shutdown)
    }

    pub fn with(options: LiveOptions, shutdown: CancellationToken) -> Self {
        let slots = Arc::new(Semaphore::new(options.max_streams));
        let sender = broadcast::Sender::new(BACKLOG);
        Self { sender, slots, max_streams: options.max_streams, keep_alive: options.keep_alive, shutdown }
    }

    /// Tells every stream that listens for this topic. Costs next to nothing when nobody does.
    pub fn signal(&self, topic: &'static str) {
        // An error says only that nobody listens.
        let _ = self.sender.send(topic);
    }

    pub fn streams(&self) -> usize {
        self.max_streams.saturating_sub(self.slots.available_permits())
    }

    /// An open stream of signals for these topics; for all when none is named.
    pub fn stream(&self, topics: Vec<String>) -> Reply {
        let busy = || Error::unavailable("Too many live pages are open; this one shows changes when it is loaded again.");
        let slot = Arc::clone(&self.slots).try_acquire_owned().map_err(|_| Failure(busy()))?;
        let listener = Listener {
            signals: self.sender.subscribe(),
            topics,
            keep_alive: self.keep_alive,
            shutdown: self.shutdown.clone(),
            is_greeted: false,
            _slot: slot,
        };
        let chunks = stream::unfold(listener, |mut listener| async move {
            let chunk = listener.next().await?;
            Some((Ok::<_, Infallible>(chunk), listener))
        });
        let mut response = Response::new(Body::from_stream(chunks));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // nginx holds answers back until its buffer is full unless told not to.
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        Ok(response)
    }
}

/// `?topics=uptime,alerts` or `?topics=uptime&topics=alerts`.
#[derive(Debug, Deserialize)]
pub struct LiveQuery {
    #[serde(default)]
    topics: Vec<String>,
}

/// Mount it where the state gives a [`Live`] (`FromRef`), with the access of the pages that listen.
pub async fn live_handler(State(live): State<Live>, Query(query): Query<LiveQuery>) -> Reply {
    let topics = query.topics.iter().flat_map(|part| part.split(',')).map(str::trim).filter(|topic| !topic.is_empty());
    live.stream(topics.take(MAX_TOPICS).map(str::to_owned).collect())
}

struct Listener {
    signals: broadcast::Receiver<&'static str>,
    topics: Vec<String>,
    keep_alive: Duration,
    shutdown: CancellationToken,
    is_greeted: bool,
    _slot: OwnedSemaphorePermit,
}

impl Listener {
    /// The next piece of the stream; `None` ends it.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.is_greeted {
            self.is_greeted = true;
            return Some(Bytes::from_static(b"retry: 2000\n: listening\n\n"));
        }
        loop {
            tokio::select! {
                biased;
                () = self.shutdown.cancelled() => return None,
                signal = self.signals.recv() => match signal {
                    Ok(topic) => {
                        if let Some(chunk) = self.gather(topic) {
                            return Some(chunk);
                        }
                    }
                    Err(RecvError::Lagged(_)) => return Some(self.everything()),
                    Err(RecvError::Closed) => return None,
                },
                () = tokio::time::sleep(self.keep_alive) => return Some(Bytes::from_static(b": still here\n\n")),
            }
        }
    }

    /// Everything that is waiting goes out in one piece, each topic once: a busy minute must not make a browser fetch twice.
    fn gather(&mut self, first: &'static str) -> Option<Bytes> {
        let mut changed: Vec<&'static str> = Vec::new();
        let mut next = Some(first);
        while let Some(topic) = next {
            if self.is_wanted(topic) && !changed.contains(&topic) {
                changed.push(topic);
            }
            next = self.signals.try_recv().ok();
        }
        (!changed.is_empty()).then(|| lines(changed.into_iter()))
    }

    /// What was missed is not known any more, so all of it may have changed.
    fn everything(&self) -> Bytes {
        if self.topics.is_empty() { lines(std::iter::once("*")) } else { lines(self.topics.iter().map(String::as_str)) }
    }

    fn is_wanted(&self, topic: &str) -> bool {
        self.topics.is_empty() || self.topics.iter().any(|wanted| wanted == topic)
    }
}

/// Topics that came from a query may hold anything: a line break must not become a line of its own.
fn lines<'t>(topics: impl Iterator<Item = &'t str>) -> Bytes {
    topics.map(|topic| format!("data: {}\n\n", topic.replace(['\r', '\n'], " "))).collect::<String>().into()
}
