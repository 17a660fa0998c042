//! Pages from memory: what is looked at, what is ignored, what is sent.

use super::*;
use crate::{Access, HotOptions, HotPage, HotSite};
use std::collections::HashMap;
use std::io::Read;

fn options() -> HotOptions {
    HotOptions { cache_control: "public, max-age=10".into(), csp: None, cors: false }
}

fn page(text: &str) -> HotPage {
    HotPage::new("text/html; charset=utf-8", text.repeat(100).into_bytes(), options())
}

fn site_of(host: Option<&str>, path: &str, page: HotPage) -> HotSite {
    HotSite { host: host.map(str::to_owned), pages: HashMap::from([(path.to_owned(), page)]), ..HotSite::default() }
}

#[tokio::test]
async fn leads_a_path_of_one_host_to_where_the_router_answers_it() {
    let site = Site::start(|routes| routes.get("/inside", Access::Anyone, async |uri: http::Uri| format!("inside {uri}"))).await;
    let led = HashMap::from([("/".to_owned(), "/inside")]);
    site.hot.publish("status", vec![HotSite { host: Some("Status.example".into()), led, ..HotSite::default() }]);
    let at = async |path: &str, host: &str| call("GET", path).with("host", host).send(&site).await;
    assert_eq!(at("/?x=1", "status.EXAMPLE:8080").await.text(), "inside /inside?x=1");
    assert_eq!(at("/", "other.example").await.code, 404);
    assert_eq!(at("/else", "status.example").await.code, 404);
}

async fn with_page() -> Site {
    let site = Site::start(|routes| routes.get("/members", Access::Rank(Role::Owner), async || "members only")).await;
    site.hot.publish("status", vec![site_of(None, "/", page("<p>all is well</p>"))]);
    site
}

#[tokio::test]
async fn serves_from_memory_whatever_the_query_says() {
    let site = with_page().await;
    for path in ["/", "/?x=1", "/?x=2&utm=3", "/?"] {
        let got = site.get(path).await;
        assert_eq!((got.code, got.text().len()), (200, 1_800), "{path}");
        assert_eq!(got.header("cache-control"), "public, max-age=10");
        assert_eq!(got.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(got.header("content-security-policy"), crate::security::DEFAULT_CSP);
        assert_eq!(got.header("strict-transport-security"), "max-age=31536000");
        assert_eq!(got.header("vary"), "accept-encoding");
    }
    assert_eq!((site.metrics.hot_requests(), site.metrics.requests(2)), (4, 4));
}

#[tokio::test]
async fn answers_304_to_who_has_the_page_already() {
    let site = with_page().await;
    let etag = site.get("/").await.header("etag").to_owned();
    let strong = etag.trim_start_matches("W/").to_owned();
    for known in [etag.clone(), strong.clone(), format!("\"other\", {strong}"), "*".to_owned()] {
        let got = call("GET", "/?y=1").with("if-none-match", &known).send(&site).await;
        assert_eq!((got.code, got.body.len(), got.header("etag")), (304, 0, etag.as_str()), "{known}");
    }
    let changed = call("GET", "/").with("if-none-match", "W/\"other\"").send(&site).await;
    assert_eq!(changed.code, 200);
}

#[tokio::test]
async fn answers_head_with_the_length_and_no_body() {
    let site = with_page().await;
    let got = call("HEAD", "/").send(&site).await;
    assert_eq!((got.code, got.body.len(), got.header("content-length")), (200, 0, "1800"));
}

#[tokio::test]
async fn leaves_every_other_method_to_the_router() {
    let site = with_page().await;
    assert_eq!(call("POST", "/").own().send(&site).await.code, 404);
}

#[tokio::test]
async fn sends_the_smallest_encoding_the_client_takes() {
    let site = with_page().await;
    let plain = site.get("/").await.body;
    for (accepted, sent) in [
        ("gzip, deflate, br, zstd", "br"),
        ("BR", "br"),
        ("gzip", "gzip"),
        ("gzip;q=0.5, br;q=0", "gzip"),
        ("br;q=0.0, gzip; q=0", ""),
        ("identity", ""),
        ("", ""),
    ] {
        let got = call("GET", "/").with("accept-encoding", accepted).send(&site).await;
        assert_eq!(got.header("content-encoding"), sent, "{accepted}");
        let mut text = Vec::new();
        match sent {
            "br" => Read::read_to_end(&mut brotli::Decompressor::new(&got.body[..], 4_096), &mut text).unwrap(),
            "gzip" => Read::read_to_end(&mut flate2::read::GzDecoder::new(&got.body[..]), &mut text).unwrap(),
            _ => Read::read_to_end(&mut &got.body[..], &mut text).unwrap(),
        };
        assert_eq!(text, plain, "{accepted}");
    }
}

#[tokio::test]
async fn stands_before_the_router_and_its_gates() {
    let site = with_page().await;
    assert_eq!(site.get("/members").await.code, 401);
    site.hot.publish("other", vec![site_of(None, "/members", page("public now"))]);
    assert!(site.get("/members").await.text().starts_with("public now"));
    site.hot.publish("other", Vec::new());
    assert_eq!(site.get("/members").await.code, 401);
    assert_eq!(site.get("/").await.code, 200, "another owner's pages stay");
}

#[tokio::test]
async fn finds_the_host_in_any_case_and_without_its_port() {
    let site = with_page().await;
    let named = site_of(Some("Status.Example.com"), "/", page("named"));
    site.hot.publish("status", vec![site_of(None, "/", page("any")), named, site_of(None, "/feed", page("feed"))]);
    for (host, path, wanted) in [
        ("status.example.com", "/", "named"),
        ("STATUS.example.COM:8443", "/", "named"),
        ("status.example.com.", "/", "named"),
        ("status.example.com", "/feed", "feed"),
        ("other.example.com", "/", "any"),
        ("[::1]:8080", "/", "any"),
    ] {
        let got = call("GET", path).with("host", host).send(&site).await;
        assert!(got.text().starts_with(wanted), "{host}{path}");
    }
}

#[test]
fn compresses_only_what_gets_smaller() {
    let tiny = HotPage::new("text/plain", b"ok".to_vec(), options());
    assert_eq!(tiny.body(), b"ok");
    let cors = HotPage::new("application/json", b"{}".to_vec(), HotOptions { cors: true, csp: Some("bad\nvalue".into()), ..options() });
    assert_eq!(cors.body(), b"{}");
}
