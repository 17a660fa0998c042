//! What surrounds every answer: headers, error pages, panics, encodings, counters.

use super::*;
use crate::{Access, Failure, Html, RequestId};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG};

async fn fail(kind: Kind) -> Failure {
    Failure(Error::new(kind, "A sentence <for> you."))
}

async fn burst() -> &'static str {
    panic!("secret detail")
}

async fn site() -> Site {
    Site::start(|routes| {
        routes.get("/page", Access::Anyone, async || Html("<p>page</p>".repeat(50)));
        routes.get("/own", Access::Anyone, async || ([(CONTENT_SECURITY_POLICY, "default-src 'self'"), (CACHE_CONTROL, "private")], "x"));
        routes.get("/tagged", Access::Anyone, async || ([(ETAG, "\"1\"")], "x"));
        routes.get("/panic", Access::Anyone, burst);
        routes.get("/invalid", Access::Anyone, async || fail(Kind::Invalid).await);
        routes.get("/conflict", Access::Anyone, async || fail(Kind::Conflict).await);
        routes.get("/limited", Access::Anyone, async || fail(Kind::RateLimited(Duration::from_millis(1_200))).await);
        routes.get("/internal", Access::Anyone, async || Failure(Error::internal("reading /secret/path").because("disk on fire")));
        routes.get("/api/v1/invalid", Access::Anyone, async || fail(Kind::Invalid).await);
        routes.get("/id", Access::Anyone, async |id: RequestId| id.0.to_string());
    })
    .await
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let site = site().await;
    for path in ["/page", "/missing", "/panic", "/internal", "/api/v1/invalid"] {
        let got = site.get(path).await;
        assert_eq!(got.header("content-security-policy"), crate::security::DEFAULT_CSP, "{path}");
        assert_eq!(got.header("x-content-type-options"), "nosniff");
        assert_eq!(got.header("referrer-policy"), "same-origin");
        assert_eq!(got.header("cross-origin-opener-policy"), "same-origin");
        assert!(got.header("permissions-policy").contains("camera=()"));
        assert_eq!(got.header("strict-transport-security"), "max-age=31536000");
        assert_eq!(got.header("cache-control"), "no-store", "{path}");
        assert_eq!(got.header("x-request-id").len(), 16);
    }
    let own = site.get("/own").await;
    assert_eq!((own.header("content-security-policy"), own.header("cache-control")), ("default-src 'self'", "private"));
    assert_eq!(site.get("/tagged").await.header("cache-control"), "no-cache");
}

#[tokio::test]
async fn a_handler_knows_the_id_its_answer_carries() {
    let got = site().await.get("/id").await;
    assert_eq!(got.text(), got.header("x-request-id"));
}

#[tokio::test]
async fn a_panicking_handler_is_500_and_the_server_lives() {
    let site = site().await;
    let mut stream = site.connect().await;
    stream.write_all(b"GET /panic HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let told = read_until(&mut stream, "}}").await;
    assert!(told.starts_with("HTTP/1.1 500") && !told.contains("secret detail"), "{told}");
    stream.write_all(&call("GET", "/id").bytes()).await.unwrap();
    assert_eq!(Got::read(&mut stream).await.code, 200, "even on the same connection");
    assert_eq!((site.metrics.requests(5), site.metrics.in_flight()), (1, 0));
}

#[tokio::test]
async fn a_failure_is_a_page_for_browsers_and_json_for_programs() {
    let site = site().await;
    let page = call("GET", "/conflict").browser().send(&site).await;
    assert_eq!((page.code, page.header("content-type")), (409, "text/html; charset=utf-8"));
    assert_eq!(page.text(), error_page(409, "Changed meanwhile", "A sentence <for> you.", "/"));
    let json = site.get("/conflict").await;
    assert_eq!(json.text(), r#"{"error":{"kind":"conflict","message":"A sentence <for> you.","fields":[]}}"#);
    let api = call("GET", "/api/v1/invalid").browser().send(&site).await;
    assert_eq!((api.code, api.header("content-type")), (400, "application/json"));
    assert_eq!(call("GET", "/invalid").browser().send(&site).await.code, 422);
    let head = call("HEAD", "/conflict").browser().send(&site).await;
    assert_eq!((head.code, head.body.len()), (409, 0));
}

#[tokio::test]
async fn internal_failures_tell_nothing_of_the_inside() {
    let got = site().await.get("/internal").await;
    assert_eq!(got.code, 500);
    assert!(!got.text().contains("secret") && !got.text().contains("fire"), "{}", got.text());
}

#[tokio::test]
async fn who_asks_too_often_hears_when_to_come_back() {
    let got = site().await.get("/limited").await;
    assert_eq!((got.code, got.header("retry-after")), (429, "2"));
}

#[tokio::test]
async fn unknown_paths_and_methods_get_the_house_answer() {
    let site = site().await;
    let missing = call("GET", "/missing?token=1").browser().send(&site).await;
    assert!(missing.code == 404 && missing.text().contains("<h1>404 Nothing here</h1>"), "{}", missing.text());
    let method = call("POST", "/page").own().browser().send(&site).await;
    assert_eq!((method.code, method.header("allow")), (405, "GET,HEAD"));
    assert!(method.text().contains("<h1>405 Not possible here</h1>"), "{}", method.text());
}

#[tokio::test]
async fn refuses_a_request_without_one_proper_host() {
    let site = site().await;
    for head in ["", "host: a\r\nhost: b\r\n", "host: a b\r\n", "host: a/../b\r\n", "host: a@b\r\n"] {
        let mut stream = site.connect().await;
        stream.write_all(format!("GET /page HTTP/1.1\r\nconnection: close\r\n{head}\r\n").as_bytes()).await.unwrap();
        assert_eq!(Got::read(&mut stream).await.code, 400, "{head:?}");
    }
}

#[tokio::test]
async fn pages_are_compressed_for_who_takes_it() {
    let site = site().await;
    for (accepted, sent) in [("br, gzip", "br"), ("gzip", "gzip"), ("identity", "")] {
        let got = call("GET", "/page").with("accept-encoding", accepted).send(&site).await;
        assert_eq!(got.header("content-encoding"), sent, "{accepted}");
        assert_eq!(got.body.len() < 200, !sent.is_empty(), "{accepted}");
    }
}

#[tokio::test]
async fn counts_what_it_answers() {
    let site = site().await;
    for path in ["/page", "/page", "/missing", "/internal"] {
        site.get(path).await;
    }
    assert_eq!((site.metrics.requests(2), site.metrics.requests(4), site.metrics.requests(5)), (2, 1, 1));
    let mut text = String::new();
    site.metrics.write_prometheus(&mut text);
    for line in [
        "hermetic_http_requests_total{code=\"2xx\"} 2",
        "hermetic_http_request_seconds_count 4",
        "hermetic_http_request_seconds_bucket{le=\"+Inf\"} 4",
        "hermetic_http_connections_total 4",
    ] {
        assert!(text.lines().any(|told| told == line), "{line} is missing from\n{text}");
    }
}
