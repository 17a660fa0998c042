//! wrk on the public status page: the same address again and again, then a new query string each time.

use std::process::Command;

use http::Method;
use tests::Client;

use crate::table::{self, Row};

const SECONDS: &str = "8s";
const PAGE: &str = "/status";
/// A counter in the query string: what knocked over caches keyed by the whole address.
const CHANGING: &str = "local n = 0\nrequest = function()\n  n = n + 1\n  return wrk.format('GET', wrk.path .. '?x=' .. n)\nend\n";

pub async fn rows(url: &str) -> Vec<Row> {
    let client = Client::new(url);
    let answer = client.send(Method::GET, PAGE, &[("accept-encoding", "br")], String::new()).await.expect(200);
    let raw = client.get(PAGE).await.text.len();
    let wire = answer.header("content-length").and_then(|length| length.parse::<f64>().ok()).unwrap_or_default();
    let page = format!("{url}{PAGE}");
    vec![
        Row::shown("status page, plain", raw as f64 / 1_000.0, "KB"),
        Row::at_most("status page, brotli, 1 request", wire / 1_000.0, 25.0, "KB", Some(table::KUMA_PAGE_KB)),
        Row::at_least("status page", wrk(&page, None), 30_000.0, "requests/s", Some(table::KUMA_PAGE_RATE)),
        Row::at_least("status page with ?x=N", wrk(&page, Some(CHANGING)), 30_000.0, "requests/s", Some(table::KUMA_PAGE_RATE_CHANGING)),
    ]
}

fn wrk(page: &str, script: Option<&str>) -> f64 {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("a temporary folder: {error}"));
    let mut command = Command::new("wrk");
    command.args(["-t1", "-c16", "-d", SECONDS, "--latency", "-H", "Accept-Encoding: br"]);
    if let Some(text) = script {
        let path = folder.path().join("changing.lua");
        std::fs::write(&path, text).unwrap_or_else(|error| panic!("{error}"));
        command.arg("-s").arg(path);
    }
    let output = command.arg(page).output().unwrap_or_else(|error| panic!("wrk: {error}; tests/run load installs it"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("{text}");
    assert!(!text.contains("Non-2xx"), "wrk saw errors on {page}");
    text.lines()
        .find_map(|line| line.trim().strip_prefix("Requests/sec:"))
        .and_then(|number| number.trim().parse().ok())
        .unwrap_or_default()
}
