//! Loops that run as long as the server does: named, ended together, a panic in one is logged and ends only it.

use std::future::Future;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub struct Tasks {
    shutdown: CancellationToken,
    running: TaskTracker,
}

impl Tasks {
    pub fn new(shutdown: CancellationToken) -> Self {
        Self { shutdown, running: TaskTracker::new() }
    }

    /// Tells the loops to end; each of them must look at it.
    pub fn shutdown(&self) -> CancellationToken {
        self.shutdown.clone()
    }

    /// `name` is the capability's word and the loop's: `uptime.runner`.
    pub fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.shutdown.clone();
        self.running.spawn(async move {
            let ended = tokio::spawn(task).await;
            match ended {
                Err(error) if error.is_panic() => {
                    tracing::error!(task = name, "a background task panicked and has ended; please restart and report it")
                }
                _ if !shutdown.is_cancelled() => tracing::warn!(task = name, "a background task ended before the server did"),
                _ => {}
            }
        });
    }

    /// Something that is done once at the start and then ends. A panic of it is told; the end of the server waits for it.
    pub fn once(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.running.spawn(async move {
            if tokio::spawn(task).await.is_err_and(|error| error.is_panic()) {
                tracing::error!(task = name, "what is done once at the start panicked; please report it");
            }
        });
    }

    /// Waits for every loop to end, at most so long.
    pub async fn join(&self, limit: Duration) {
        self.running.close();
        if tokio::time::timeout(limit, self.running.wait()).await.is_err() {
            tracing::warn!("background tasks did not end in time");
        }
    }
}
