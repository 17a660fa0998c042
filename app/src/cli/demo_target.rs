//! The demo's local site: answers well, slowly or not at all by the clock, so that the pages of the demo are alive.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use kernel::time::Stopwatch;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;

/// Starts the site on a free port of loopback; it ends with the process.
pub async fn start() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let site = Router::new()
        .route("/", get(|| async { "Welcome to Acme" }))
        .route("/checkout", get(checkout))
        .route("/search", get(search))
        .route("/health", get(health))
        .route("/hook", post(|| async { "ok" }))
        .with_state(Stopwatch::start());
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, site).await {
            tracing::error!(%error, "the demo's site has ended");
        }
    });
    Ok(address)
}

/// Down for 45 s of every 4 min, the first time half a minute after the start.
async fn checkout(State(since): State<Stopwatch>) -> (StatusCode, &'static str) {
    match (since.elapsed().as_secs() + 210) % 240 {
        0..45 => (StatusCode::SERVICE_UNAVAILABLE, "payment provider does not answer"),
        _ => (StatusCode::OK, "Cart is ready"),
    }
}

/// Slow for 40 s of every 2 min; otherwise some tens of milliseconds.
async fn search(State(since): State<Stopwatch>) -> &'static str {
    let seconds = since.elapsed().as_secs();
    let pause = if seconds % 120 > 80 { 700 } else { 20 + (seconds * 37) % 60 };
    tokio::time::sleep(Duration::from_millis(pause)).await;
    "3 results"
}

async fn health(State(since): State<Stopwatch>) -> ([(&'static str, &'static str); 1], String) {
    let is_cache_up = since.elapsed().as_secs() % 180 < 150;
    let word = if is_cache_up { "healthy" } else { "degraded" };
    let body = format!(r#"{{"status":"{word}","checks":{{"database":true,"cache":{is_cache_up},"email":true}}}}"#);
    ([("content-type", "application/json")], body)
}
