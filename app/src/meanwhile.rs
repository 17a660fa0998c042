//! While the log is being restored: the public status page answers from the state, which is back already; everything else
//! says how far the restore is.

use anyhow::{Context as _, Result};
use axum::Router;
use axum::response::IntoResponse as _;
use frontend::ErrorPage;
use http::{StatusCode, header};
use replica::restore::Progress;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use web::{Front, Metrics, ServeOptions};

use crate::boot::{self, HouseOptions};
use crate::config::Config;

/// How often the page's clock moves.
const RENEW: std::time::Duration = std::time::Duration::from_secs(30);

/// What the folder of the stand-in's empty log is called, with a random ending.
pub const SCRATCH: &str = "restoring-";

/// The stand-in. Ends when [`Meanwhile::end`] is called; its listener is a second handle on the same socket.
pub struct Meanwhile {
    shutdown: CancellationToken,
    server: tokio::task::JoinHandle<()>,
    percent: Arc<AtomicU64>,
    has_failed: Arc<AtomicBool>,
    _scratch: tempfile::TempDir,
}

impl Meanwhile {
    pub async fn start(config: &Config, listener: TcpListener, public_url: kernel::text::WebUrl) -> Result<Meanwhile> {
        let scratch = tempfile::Builder::new().prefix(SCRATCH).tempdir_in(&config.data_dir).context("A scratch folder cannot be made")?;
        let shutdown = CancellationToken::new();
        let log_folder = Some(scratch.path().to_owned());
        let cx = boot::open(HouseOptions {
            config,
            log_folder,
            public_url,
            is_demo: false,
            accepts_new_key: false,
            shutdown: shutdown.clone(),
        })?;
        status::publish_once(&cx).await;
        let percent = Arc::new(AtomicU64::new(0));
        let has_failed = Arc::new(AtomicBool::new(false));
        let (shown, failed) = (Arc::clone(&percent), Arc::clone(&has_failed));
        let assets = axum::routing::get(web::files::asset_handler);
        let wait = move || std::future::ready(waiting(shown.load(Ordering::Relaxed), failed.load(Ordering::Relaxed)));
        let router = Router::new().route("/assets/{*path}", assets).fallback(wait);
        let front = Front { router, hot: cx.hot.clone(), metrics: Metrics::default() };
        let options = ServeOptions { max_connections: config.max_connections, ..ServeOptions::standard() };
        let stop = shutdown.clone();
        let server = tokio::spawn(async move {
            let renewing = async {
                loop {
                    tokio::time::sleep(RENEW).await;
                    status::publish_once(&cx).await;
                }
            };
            tokio::select! { _ = web::serve(listener, front, options, stop) => {} () = renewing => {} }
        });
        Ok(Meanwhile { shutdown, server, percent, has_failed, _scratch: scratch })
    }

    /// For the restore to tell how far it is.
    pub fn progress(&self) -> impl Fn(Progress) + Send + Sync + use<> {
        let (percent, has_failed) = (Arc::clone(&self.percent), Arc::clone(&self.has_failed));
        move |progress: Progress| {
            percent.store(progress.percent(), Ordering::Relaxed);
            has_failed.store(false, Ordering::Relaxed);
        }
    }

    /// Until the next try gets on.
    pub fn note_failure(&self) {
        self.has_failed.store(true, Ordering::Relaxed);
    }

    /// Answers what is open, then lets the real instance answer.
    pub async fn end(self) {
        self.shutdown.cancel();
        let _ = self.server.await;
    }
}

/// Anybody may read it: why a try failed is for the log alone.
fn waiting(percent: u64, has_failed: bool) -> axum::response::Response {
    let so_far = match has_failed {
        true => "the last try failed and the next one follows; the log of the service says why".to_owned(),
        false => format!("{percent} % so far"),
    };
    let sentence = format!("The state is back, the log of checks is being restored: {so_far}. The status page answers already.");
    let page = frontend::error_page(
        &capability::plain_frame("Hermetic"),
        &ErrorPage {
            code: 503,
            title: "This instance is being restored",
            sentence: &sentence,
            next: "/status".into(),
            next_label: "To the status page",
        },
    );
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::RETRY_AFTER, "5"), (header::CACHE_CONTROL, "no-store")];
    (StatusCode::SERVICE_UNAVAILABLE, headers, page).into_response()
}
