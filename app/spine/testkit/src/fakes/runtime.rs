//! The runtime all fakes share, and tasks that end when their owner is dropped.

use std::future::Future;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::OnceLock;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::{Handle, Runtime};
use tokio::task::AbortHandle;

/// One runtime per process, never stopped: a fake may be dropped on any thread, inside or outside another runtime.
pub fn handle() -> &'static Handle {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME
        .get_or_init(|| {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(2).thread_name("fakes").enable_all().build().expect("the fakes' runtime starts")
        })
        .handle()
}

/// A task that is aborted with its owner, and with it every connection it holds.
#[derive(Debug)]
pub struct Task(AbortHandle);

impl Task {
    pub fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(handle().spawn(work).abort_handle())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Whether the work ended in time; measured on the fakes' runtime, whose clock is never paused.
pub async fn in_time(limit: Duration, work: impl Future<Output = ()> + Send + 'static) -> bool {
    handle().spawn(async move { tokio::time::timeout(limit, work).await.is_ok() }).await.unwrap_or(false)
}

/// Listens at once, so that the address is known and open when a fake's constructor returns.
pub fn listen(address: SocketAddr) -> TcpListener {
    let listener = StdListener::bind(address).unwrap_or_else(|error| panic!("a fake cannot listen on {address}: {error}"));
    listener.set_nonblocking(true).expect("a listener can be non-blocking");
    let _guard = handle().enter();
    TcpListener::from_std(listener).expect("a listener fits the runtime")
}

pub fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}
