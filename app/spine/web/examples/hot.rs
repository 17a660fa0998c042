//! Serves one hot page of 20 KB until it is interrupted: `cargo run -p web --release --example hot`, then `wrk -t1 -c16 -d5s` at it.

use std::collections::HashMap;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use web::{FinishOptions, Front, HotOptions, HotPage, HotPages, HotSite, Metrics, ServeOptions};

fn error_page(code: u16, title: &str, sentence: &str, _: &str) -> String {
    format!("{code} {title}: {sentence}")
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let body: String = (0..).map(|day| format!("<li>day {day}: operational</li>")).take(800).collect();
    let options = HotOptions { cache_control: "public, max-age=10".into(), csp: None, cors: false };
    let page = HotPage::new("text/html; charset=utf-8", body.as_bytes()[..20_480].to_vec(), options);
    let hot = HotPages::new(false);
    hot.publish("status", vec![HotSite { host: None, pages: HashMap::from([("/".to_owned(), page)]), ..HotSite::default() }]);
    let metrics = Metrics::default();
    let finish = FinishOptions { error_page, is_https: false, trusted_proxies: Vec::new(), metrics: metrics.clone() };
    let front = Front { router: web::finish(axum::Router::new(), finish), hot, metrics };
    let listener = TcpListener::bind("127.0.0.1:4780").await?;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    tokio::spawn(async move {
        let _ = tokio::signal::ctrl_c().await;
        stopped.cancel();
    });
    web::serve(listener, front, ServeOptions::standard(), stop).await;
    Ok(())
}
