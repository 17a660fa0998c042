//! wrk on the public status page: the same address again and again, then a new query string each time.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

use tests::Client;

use crate::table::{self, Row};

const SECONDS: &str = "8s";
const PAGE: &str = "/status";
/// A counter in the query string: what knocked over caches keyed by the whole address.
const CHANGING: &str = "local n = 0\nrequest = function()\n  n = n + 1\n  return wrk.format('GET', wrk.path .. '?x=' .. n)\nend\n";

pub async fn rows(url: &str) -> Vec<Row> {
    let client = Client::new(url);
    let raw = client.get(PAGE).await.text.len();
    let wire = bytes_on_the_wire(url);
    let page = format!("{url}{PAGE}");
    vec![
        Row::shown("status page, plain", raw as f64 / 1_000.0, "KB"),
        Row::at_most("status page, brotli, 1 request", wire / 1_000.0, 25.0, "KB", Some(table::KUMA_PAGE_KB)),
        Row::at_least("status page", wrk(&page, None), 30_000.0, "requests/s", Some(table::KUMA_PAGE_RATE)),
        Row::at_least("status page with ?x=N", wrk(&page, Some(CHANGING)), 30_000.0, "requests/s", Some(table::KUMA_PAGE_RATE_CHANGING)),
    ]
}

/// What the page costs over the wire, head and all. A raw socket: an HTTP client would unpack it and hide its size.
fn bytes_on_the_wire(url: &str) -> f64 {
    let host = url.trim_start_matches("http://");
    let ask = || -> std::io::Result<usize> {
        let mut socket = TcpStream::connect(host)?;
        write!(socket, "GET {PAGE} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: br\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer)
    };
    ask().unwrap_or_else(|error| panic!("{url}{PAGE}: {error}")) as f64
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
