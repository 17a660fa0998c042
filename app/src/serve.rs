//! The server: restore what is missing → open → migrate → mount → workers and copies → answer → drain → last copy.

use anyhow::{Context as _, Result};
use backup::copies::Copies;
use capability::{Cx, Tasks};
use db::File;
use kernel::text::WebUrl;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use web::{Front, ServeOptions};

use crate::boot::{self, Held, HouseOptions};
use crate::config::Config;
use crate::meanwhile::Meanwhile;
use crate::{placed, ready, replicate};

/// How long loops may take to end after the last request was answered.
const TASKS_END: Duration = Duration::from_secs(10);

/// How long the last commits may take to reach the copies; what does not arrive waits in the spool.
const COPIES_END: Duration = Duration::from_secs(20);
/// A store that breaks off a restore is asked again after this.
const FILL_AGAIN: Duration = Duration::from_secs(5);

/// An instance that listens but does not serve yet.
pub struct Instance {
    pub cx: Cx,
    pub shutdown: CancellationToken,
    copies: Option<Arc<Copies>>,
    listener: TcpListener,
    held: Held,
    options: ServeOptions,
    trusted_proxies: Vec<ipnet::IpNet>,
    ready_file: Option<PathBuf>,
    patience: ready::Patience,
}

/// Binds first: the address is part of the links, and a taken port must be told before anything is opened.
pub async fn prepare(config: &Config, is_demo: bool) -> Result<Instance> {
    let mut held = boot::hold(&config.data_dir)?;
    let listener = TcpListener::bind(config.listen).await.with_context(|| {
        format!("Hermetic cannot listen on {}; another program may use it. Name another address with --listen", config.listen)
    })?;
    let bound = listener.local_addr()?;
    held.note_address(bound).context("The lock file of the data folder cannot be written")?;
    let public_url = boot::public_url(config, bound)?;
    let shutdown = CancellationToken::new();
    replicate::clear(&config.data_dir);
    placed::set_foreign_logs_aside(&config.data_dir)?;
    let patience = ready::Patience::ask();
    let listener = fill(config, listener, &public_url).await?;
    let cx =
        boot::open(HouseOptions { config, log_folder: None, public_url, is_demo, accepts_new_key: false, shutdown: shutdown.clone() })?;
    placed::note(&config.data_dir)?;
    let copies = match config.replicas.is_empty() {
        true => None,
        false => Some(Copies::start(&cx, config.replicas.clone(), replicate::owner(&config.data_dir)?).map_err(boot::sentence)?),
    };
    Ok(Instance {
        cx,
        copies,
        shutdown,
        listener,
        held,
        options: ServeOptions { max_connections: config.max_connections, ..ServeOptions::standard() },
        trusted_proxies: config.trusted_proxies.clone(),
        ready_file: config.ready_file.clone(),
        patience,
    })
}

/// Restores what the data folder lacks and a copy has: the state first, and then, while its status page answers already, the
/// log.
async fn fill(config: &Config, listener: TcpListener, public_url: &WebUrl) -> Result<TcpListener> {
    let fill = |file: File| replicate::fill(&config.data_dir, &config.replicas, file, &|_| ());
    let is_there = |file: File| config.data_dir.join(file.file_name()).exists();
    fill(File::Hermetic).await?;
    if config.replicas.is_empty() || is_there(File::Telemetry) {
        return Ok(listener);
    }
    if !is_there(File::Hermetic) {
        // A new instance: nothing to show meanwhile.
        fill(File::Telemetry).await?;
        return Ok(listener);
    }
    // Restored a moment ago, or by a process that was killed before it had the log as well.
    let socket = listener.into_std().context("The listener cannot be shared")?;
    let second = TcpListener::from_std(socket.try_clone().context("The listener cannot be shared")?)?;
    let meanwhile = match Meanwhile::start(config, second, public_url.clone()).await {
        Ok(meanwhile) => meanwhile,
        // A key file that is missing or another one: the start will end with that. Until it is mended other commands work here, and
        // none of them must find the folder half filled.
        Err(error) => {
            tracing::error!("restoring the log without a status page meanwhile: {error:#}");
            fill(File::Telemetry).await?;
            return Ok(TcpListener::from_std(socket)?);
        }
    };
    // The status page is up: to end now would only take it away again.
    while let Err(error) = replicate::fill(&config.data_dir, &config.replicas, File::Telemetry, &meanwhile.progress()).await {
        tracing::error!("the log could not be restored; the next try follows in {} s: {error:#}", FILL_AGAIN.as_secs());
        meanwhile.note_failure();
        tokio::time::sleep(FILL_AGAIN).await;
    }
    meanwhile.end().await;
    Ok(TcpListener::from_std(socket)?)
}

impl Instance {
    /// Serves until SIGTERM, SIGINT or the token; then drains.
    pub async fn run(self) -> Result<()> {
        let cx = self.cx;
        let router = capability::router(&cx, self.trusted_proxies).map_err(boot::sentence)?;
        let runner = capability::runner(&cx).map_err(boot::sentence)?;
        let mut tasks = Tasks::new(self.shutdown.clone());
        tasks.spawn("app.live", forward_signals(cx.clone(), self.shutdown.clone()));
        tasks.spawn("app.work", work_until(runner, self.shutdown.clone()));
        for capability in cx.registry.all() {
            capability.start(&cx, &mut tasks);
        }
        capability::digest::start(&cx, &mut tasks).map_err(boot::sentence)?;
        stop_on_signal(self.shutdown.clone());
        let front = Front { router, hot: cx.hot.clone(), metrics: cx.metrics.clone() };
        let server = tokio::spawn(web::serve(self.listener, front, self.options, self.shutdown.clone()));
        ready::announce(&cx, self.ready_file.as_deref()).await?;
        drop(self.patience);
        let watchdog = tokio::spawn(ready::feed_watchdog(cx.clone()));
        let drained = server.await.context("the server task failed")?;
        tracing::info!(cut = drained.cut, "stopped answering; finishing work");
        tasks.join(TASKS_END).await;
        // What was refused while the last requests were answered: the loop that writes these counts ended at the signal.
        if let Err(error) = cx.ingest.flush().await {
            tracing::error!(error = error.chain(), "what was refused at the end could not be counted");
        }
        watchdog.abort();
        let copies = self.copies;
        end(cx.write(|_| Ok(())), async {
            if let Some(copies) = copies {
                copies.finish(COPIES_END).await;
            }
        })
        .await;
        drop(self.held);
        Ok(())
    }
}

/// Behind an empty transaction every earlier write is on the disk, and the copies may take the rest. It fails on a full disk;
/// what was stored before it must reach the copies all the same.
async fn end(last: impl Future<Output = kernel::Result<()>>, copies: impl Future<Output = ()>) {
    if let Err(error) = last.await {
        tracing::error!(error = error.chain(), "the last write failed");
    }
    copies.await;
}

/// Committed changes become live signals of the open pages.
async fn forward_signals(cx: Cx, shutdown: CancellationToken) {
    let mut signals = cx.hermetic.signals();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            signal = signals.recv() => match signal {
                Ok(topic) => cx.live.signal(topic),
                // Pages refresh at the next signal.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
        }
    }
}

async fn work_until(runner: work::Runner<Cx>, shutdown: CancellationToken) {
    if let Err(error) = runner.run(shutdown).await {
        tracing::error!(error = error.chain(), "the work of this instance has ended; please restart and report it");
    }
}

/// From its return on a signal is an orderly end: who hears that this instance is ready may stop it the next moment.
fn stop_on_signal(shutdown: CancellationToken) {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        tracing::error!("stop signals cannot be received; stop this process with SIGKILL");
        return;
    };
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = shutdown.cancelled() => return,
        }
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
        shutdown.cancel();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_disk_at_the_end_does_not_keep_the_copies_from_finishing() {
        let mut is_finished = false;
        end(std::future::ready(Err(kernel::Error::unavailable("The disk is full."))), async { is_finished = true }).await;
        assert!(is_finished);
    }

    #[test]
    fn the_unit_waits_longer_for_the_end_than_the_end_may_take() {
        let unit = include_str!("../../packaging/systemd/hermetic.service");
        let seconds = unit.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")).and_then(|text| text.parse().ok());
        let end = ServeOptions::standard().drain + TASKS_END + COPIES_END;
        assert!(seconds.is_some_and(|seconds| Duration::from_secs(seconds) >= end + TASKS_END), "{seconds:?} s are too few for {end:?}");
    }
}
