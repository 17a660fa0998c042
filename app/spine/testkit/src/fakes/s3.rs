//! An S3 server in a temporary folder: real signatures, conditions, parts; and the bad days of real ones on request.
//!
//! Objects are plain files, so that a test reads and breaks them without a client: `<folder>/<bucket>/<key>`.

mod customer_keys;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::SimpleAuth;
use s3s::dto::{CompleteMultipartUploadInput, PutObjectInput};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3Request as Understood, S3Result, s3_error};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use customer_keys::CustomerKeys;

use super::log::Log;
use super::runtime::{self, Task};
use super::tcp::wait_until_refused;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type AnyBody = UnsyncBoxBody<Bytes, BoxError>;

/// Closed when dropped, with all its connections and objects.
pub struct S3 {
    address: SocketAddr,
    state: Arc<State>,
    folder: tempfile::TempDir,
    task: Mutex<Option<Task>>,
}

/// One request as it came in, whatever became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Request {
    pub method: String,
    /// `/bucket/key`, still percent-encoded.
    pub path: String,
    pub query: String,
    pub headers: http::HeaderMap,
}

struct State {
    service: S3Service,
    folder: PathBuf,
    switches: Arc<Switches>,
    log: Log<S3Request>,
}

#[derive(Default)]
struct Switches {
    fails: AtomicBool,
    forbids_delete: AtomicBool,
    is_plain: AtomicBool,
    ignores_conditions: AtomicBool,
    cuts: AtomicU32,
    slow: Mutex<Duration>,
    held: watch::Sender<Option<String>>,
    keys: CustomerKeys,
}

impl S3 {
    pub const ACCESS_KEY: &str = "TESTACCESSKEY";
    pub const SECRET_KEY: &str = "test-secret-key";
    pub const BUCKET: &str = "bucket";

    /// With one empty bucket.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join(Self::BUCKET)).expect("a bucket is a folder");
        let switches = Arc::new(Switches::default());
        let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder.path()).expect("the folder is there"));
        builder.set_auth(SimpleAuth::from_single(Self::ACCESS_KEY, Self::SECRET_KEY));
        builder.set_access(Access(Arc::clone(&switches)));
        let state = State { service: builder.build(), folder: folder.path().to_owned(), switches, log: Log::new() };
        let listener = runtime::listen(runtime::loopback());
        let address = listener.local_addr().expect("a listener has an address");
        let s3 = Self { address, state: Arc::new(state), folder, task: Mutex::new(None) };
        s3.serve(listener);
        s3
    }

    /// `http://127.0.0.1:port`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address of a replica at `path` in the bucket, as Litestream and we read it.
    pub fn url(&self, path: &str) -> String {
        let (bucket, endpoint) = (Self::BUCKET, self.endpoint());
        format!("s3://{bucket}/{path}?endpoint={endpoint}&region=us-east-1&force-path-style=true")
    }

    /// Where the bucket's objects lie.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().join(Self::BUCKET)
    }

    /// Refuses connections and drops those that are open; or listens again on the same port.
    pub fn set_down(&self, is_down: bool) {
        let mut task = self.task.lock().unwrap();
        if is_down && task.take().is_some() {
            wait_until_refused(self.address);
        }
        if !is_down && task.is_none() {
            drop(task);
            self.serve(runtime::listen(self.address));
        }
    }

    /// Answers 503 to everything.
    pub fn set_fails(&self, fails: bool) {
        self.state.switches.fails.store(fails, Ordering::SeqCst);
    }

    /// Each answer begins this much later.
    pub fn set_slow(&self, by: Duration) {
        *self.state.switches.slow.lock().unwrap() = by;
    }

    /// Requests whose path has this part get no answer until it is `None` again.
    pub fn hold(&self, part: Option<&str>) {
        self.state.switches.held.send_replace(part.map(str::to_owned));
    }

    /// 501 `NotImplemented` to a copy inside the bucket and to a deletion of several objects at once.
    pub fn set_plain(&self, is_plain: bool) {
        self.state.switches.is_plain.store(is_plain, Ordering::SeqCst);
    }

    /// 403 `AccessDenied` to whoever deletes, as a policy without `s3:DeleteObject` does.
    pub fn set_forbids_delete(&self, forbids: bool) {
        self.state.switches.forbids_delete.store(forbids, Ordering::SeqCst);
    }

    /// Takes conditional writes as if they had none, as Garage 2.5.0 does.
    pub fn set_ignores_conditions(&self, ignores: bool) {
        self.state.switches.ignores_conditions.store(ignores, Ordering::SeqCst);
    }

    /// The next `answers` to a GET of an object break off within their body.
    pub fn cut_bodies(&self, answers: u32) {
        self.state.switches.cuts.store(answers, Ordering::SeqCst);
    }

    /// What came in, as a log to wait on.
    pub fn log(&self) -> &Log<S3Request> {
        &self.state.log
    }

    pub fn requests(&self) -> Vec<S3Request> {
        self.state.log.all()
    }

    fn serve(&self, listener: TcpListener) {
        *self.task.lock().unwrap() = Some(Task::spawn(accept(listener, Arc::clone(&self.state))));
    }
}

impl std::fmt::Debug for S3 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "S3 on {}", self.address)
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        let _ = stream.set_nodelay(true);
        connections.spawn(async move {
            let answer = service_fn(|request| answer(Arc::clone(&state), request));
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(state: Arc<State>, request: Request<Incoming>) -> Result<Response<AnyBody>, BoxError> {
    let entry = S3Request {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        headers: request.headers().clone(),
    };
    let switches = Arc::clone(&state.switches);
    let refused = refusal(&entry, &state.folder, &switches);
    let is_get = request.method() == Method::GET && !entry.query.contains("list-type") && entry.path.matches('/').count() > 1;
    state.log.push(entry.clone());
    let is_free = |held: &Option<String>| !held.as_ref().is_some_and(|part| entry.path.contains(part.as_str()));
    let _ = switches.held.subscribe().wait_for(is_free).await;
    let slow = *switches.slow.lock().unwrap();
    if !slow.is_zero() {
        tokio::time::sleep(slow).await;
    }
    if let Some((code, name)) = refused {
        // Read to its end, or the client would see a reset where an answer was sent.
        let _ = request.into_body().collect().await;
        return Ok(error(code, name));
    }
    let response = state.service.call(request.map(s3s::Body::from)).await.map_err(|error| format!("{error:?}"))?;
    if response.status().is_success() {
        switches.keys.note(&entry);
    }
    let is_cut = is_get && switches.cuts.try_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
    Ok(response.map(|body| {
        if is_cut { Cut { body, frames: 0, was_flushed: false }.boxed_unsync() } else { body.map_err(BoxError::from).boxed_unsync() }
    }))
}

fn refusal(request: &S3Request, folder: &Path, switches: &Switches) -> Option<(StatusCode, &'static str)> {
    let bucket = request.path.trim_start_matches('/').split('/').next().unwrap_or_default();
    let asks = |name: &str| request.query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let deletes = (request.method == "DELETE" && !asks("uploadId")) || (request.method == "POST" && asks("delete"));
    if switches.fails.load(Ordering::SeqCst) {
        return Some((StatusCode::SERVICE_UNAVAILABLE, "SlowDown"));
    }
    if deletes && switches.forbids_delete.load(Ordering::SeqCst) {
        return Some((StatusCode::FORBIDDEN, "AccessDenied"));
    }
    let is_copy = request.headers.contains_key("x-amz-copy-source");
    if (is_copy || (request.method == "POST" && asks("delete"))) && switches.is_plain.load(Ordering::SeqCst) {
        return Some((StatusCode::NOT_IMPLEMENTED, "NotImplemented"));
    }
    // The server beneath makes buckets as they are named.
    if !folder.join(bucket).is_dir() {
        return Some((StatusCode::NOT_FOUND, "NoSuchBucket"));
    }
    switches.keys.refusal(request, folder).map(|name| (StatusCode::BAD_REQUEST, name))
}

fn error(code: StatusCode, name: &str) -> Response<AnyBody> {
    let body =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{name}</Code><Message>As the test wants it</Message></Error>");
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync();
    Response::builder().status(code).header("content-type", "application/xml").body(body).expect("an answer")
}

/// Breaks off where the next frame was due, after the first: the connection is closed in the middle of the answer.
struct Cut {
    body: s3s::Body,
    frames: u32,
    was_flushed: bool,
}

impl Body for Cut {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.frames == 0 {
            let frame = Pin::new(&mut self.body).poll_frame(cx);
            self.frames += u32::from(frame.is_ready());
            return frame.map_err(BoxError::from);
        }
        if std::mem::replace(&mut self.was_flushed, true) {
            return Poll::Ready(Some(Err("cut, as the test wants it".into())));
        }
        // What was given so far is only written when there is nothing more to give at once.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

struct Access(Arc<Switches>);

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if context.credentials().is_some() { Ok(()) } else { Err(s3_error!(AccessDenied, "Signature is required")) }
    }

    async fn put_object(&self, request: &mut Understood<PutObjectInput>) -> S3Result<()> {
        if self.0.ignores_conditions.load(Ordering::SeqCst) {
            (request.input.if_match, request.input.if_none_match) = (None, None);
        }
        Ok(())
    }

    async fn complete_multipart_upload(&self, request: &mut Understood<CompleteMultipartUploadInput>) -> S3Result<()> {
        if self.0.ignores_conditions.load(Ordering::SeqCst) {
            (request.input.if_match, request.input.if_none_match) = (None, None);
        }
        Ok(())
    }
}
