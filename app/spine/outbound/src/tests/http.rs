use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::{NOW, options, outbound, url};
use crate::http::redirect::{self, Hop};
use crate::resolver::Resolver;
use crate::{Answer, HttpFailureKind, Outbound, OutboundOptions, Reach, Request, is_worth_retrying, retry_after};

#[tokio::test]
async fn disguised_loopback_addresses_are_blocked_for_strangers() {
    let http = outbound().http;
    for text in [
        "http://127.0.0.1/",
        "http://127.0.0.1./",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://0/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "https://10.1.2.3/",
        "http://１２７.０.０.１/",
    ] {
        let failure = http.send(Request::get(url(text), Reach::Stranger)).await.expect_err(text);
        assert_eq!(failure.kind, HttpFailureKind::Blocked, "{text}: {failure}");
        assert!(failure.is_permanent());
    }
}

#[tokio::test]
async fn cloud_metadata_is_blocked_for_operators_too() {
    let http = outbound().http;
    for text in ["http://169.254.169.254/latest/meta-data", "http://[fd00:ec2::254]/", "http://2852039166/", "http://0xa9fea9fe/"] {
        for reach in [Reach::Operator, Reach::Webhook] {
            let failure = http.send(Request::get(url(text), reach)).await.expect_err(text);
            assert_eq!(failure.kind, HttpFailureKind::Blocked, "{text}: {failure}");
        }
    }
}

#[tokio::test]
async fn names_are_judged_by_what_they_lead_to() {
    let answers = |text: &str| vec![vec![text.parse().unwrap()]];
    let resolver = Resolver::table([
        ("metadata.example", answers("169.254.169.254")),
        ("inside.example", answers("10.0.0.7")),
        ("empty.example", vec![Vec::new()]),
    ]);
    let http = Outbound::new(OutboundOptions { resolver, ..options() }).unwrap().http;
    let kind = async |text: &str, reach| http.send(Request::get(url(text), reach)).await.expect_err(text).kind;
    assert_eq!(kind("http://metadata.example/", Reach::Operator).await, HttpFailureKind::Blocked);
    assert_eq!(kind("http://inside.example/", Reach::Stranger).await, HttpFailureKind::Blocked);
    assert_eq!(kind("http://inside.example:8080/", Reach::Stranger).await, HttpFailureKind::Blocked);
    assert_eq!(kind("http://nowhere.example/", Reach::Operator).await, HttpFailureKind::Dns);
    assert_eq!(kind("http://empty.example/", Reach::Stranger).await, HttpFailureKind::Dns);
}

#[tokio::test]
async fn header_injection_is_refused_by_the_headers_name() {
    let http = outbound().http;
    for (name, value) in [("x-note", "a\r\nx-evil: 1"), ("x-note", "a\nb"), ("x-no\r\nte", "a"), ("x note", "a"), ("", "a"), ("x", "\0")] {
        let request = Request::get(url("http://127.0.0.1:1/"), Reach::Operator).header(name, value);
        let failure = http.send(request).await.unwrap_err();
        assert_eq!(failure.kind, HttpFailureKind::Invalid, "{name:?}: {value:?}");
        assert!(!failure.message.contains("evil"), "{failure}");
    }
}

#[test]
fn neither_requests_nor_answers_print_their_secrets() {
    let request =
        Request::get(url("https://hooks.example.com/services/T0/s3cret?k=s3cret"), Reach::Webhook).header("authorization", "s3cret");
    assert_eq!(format!("{request:?}"), "GET https://hooks.example.com (1 header(s), 0 bytes)");
    let answer = answer(200, &[], "s3cret");
    assert_eq!(format!("{answer:?}"), "Answer 200 (6 bytes)");
}

#[test]
fn an_unreadable_authority_is_said_so() {
    for pem in ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"] {
        let error = Outbound::new(OutboundOptions { extra_ca_pem: Some(pem.to_owned()), ..options() }).unwrap_err();
        assert!(error.message().contains("PEM"), "{error}");
    }
}

fn hop(method: Method, from: &str) -> Hop {
    let mut headers = HeaderMap::new();
    for name in ["authorization", "cookie", "x-api-key", "accept", "content-type"] {
        headers.insert(name, HeaderValue::from_static("v"));
    }
    Hop { method, url: from.parse().unwrap(), headers, body: Bytes::from_static(b"body") }
}

fn redirected(hop: &Hop, code: u16, location: &str) -> Result<Option<Hop>, HttpFailureKind> {
    let headers = HeaderMap::from_iter([(http::header::LOCATION, HeaderValue::from_str(location).unwrap())]);
    redirect::next(hop, StatusCode::from_u16(code).unwrap(), &headers).map_err(|failure| failure.kind)
}

#[test]
fn secrets_do_not_follow_to_another_origin() {
    let start = hop(Method::GET, "https://a.example/x");
    let same = redirected(&start, 302, "/y?z").unwrap().unwrap();
    assert_eq!(same.url.as_str(), "https://a.example/y?z");
    assert_eq!(same.headers.len(), 5);
    for elsewhere in ["https://b.example/", "https://a.example:444/", "//b.example/x"] {
        let other = redirected(&start, 307, elsewhere).unwrap().unwrap();
        let names: Vec<_> = other.headers.keys().map(|name| name.as_str()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(names.contains(&"accept") && names.contains(&"content-type"));
    }
}

#[test]
fn a_redirected_post_keeps_its_body_only_where_the_code_says_so() {
    let start = hop(Method::POST, "http://a.example/x");
    for code in [301, 302, 303] {
        let next = redirected(&start, code, "/y").unwrap().unwrap();
        assert_eq!((next.method, next.body.len()), (Method::GET, 0), "{code}");
        assert!(!next.headers.contains_key("content-type"));
    }
    for code in [307, 308] {
        let next = redirected(&start, code, "/y").unwrap().unwrap();
        assert_eq!((next.method, next.body.len()), (Method::POST, 4), "{code}");
    }
    assert_eq!(redirected(&hop(Method::PUT, "http://a.example/"), 302, "/y").unwrap().unwrap().method, Method::PUT);
}

#[test]
fn a_redirect_away_from_the_web_or_from_tls_is_refused() {
    let start = hop(Method::GET, "https://a.example/x");
    for to in ["http://a.example/", "file:///etc/passwd", "ftp://a.example/", "javascript:alert(1)", "http://"] {
        assert_eq!(redirected(&start, 302, to).unwrap_err(), HttpFailureKind::Blocked, "{to}");
    }
    assert!(redirected(&start, 200, "/y").unwrap().is_none());
    assert!(redirected(&start, 304, "/y").unwrap().is_none());
    assert!(redirect::next(&start, StatusCode::FOUND, &HeaderMap::new()).unwrap().is_none());
}

fn answer(code: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
    let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect();
    Answer { code, headers, body: body.as_bytes().to_vec() }
}

#[test]
fn the_wait_is_read_in_every_dialect() {
    let wait = |code, headers: &[(&'static str, &str)], body: &str| retry_after(&answer(code, headers, body), NOW);
    let seconds = |count| Some(Duration::from_secs(count));
    assert_eq!(wait(429, &[("retry-after", "30")], ""), seconds(30));
    assert_eq!(wait(503, &[("retry-after", "120")], ""), seconds(120));
    assert_eq!(wait(503, &[("retry-after", "Mon, 23 Nov 2026 12:01:30 GMT")], ""), seconds(90));
    assert_eq!(wait(503, &[("retry-after", "Mon, 23 Nov 2026 11:00:00 GMT")], ""), seconds(0));
    assert_eq!(wait(429, &[], r#"{"message":"…","retry_after":0.3015,"global":false}"#), Some(Duration::from_millis(302)));
    assert_eq!(wait(429, &[("x-ratelimit-reset-after", "1.5")], ""), Some(Duration::from_millis(1_500)));
    assert_eq!(wait(429, &[("retry-after", "1")], r#"{"retry_after":2.5}"#), Some(Duration::from_millis(2_500)));
    assert_eq!(wait(429, &[], r#"{"ok":false,"parameters":{"retry_after":7}}"#), seconds(7));
}

#[test]
fn nonsense_in_the_wait_is_no_wait_and_a_year_is_a_day() {
    let wait = |headers: &[(&'static str, &str)], body: &str| retry_after(&answer(429, headers, body), NOW);
    for text in ["", "soon", "-5", "NaN", "inf", "Mon, 99 Nov 2026"] {
        assert_eq!(wait(&[("retry-after", text)], "not json"), None, "{text}");
    }
    assert_eq!(wait(&[("retry-after", "31536000")], ""), Some(Duration::from_secs(86_400)));
    assert_eq!(wait(&[], r#"{"retry_after":"soon"}"#), None);
    // A body says it only on a 429; a page of the same words is just a page.
    assert_eq!(retry_after(&answer(200, &[("x-ratelimit-reset-after", "1")], r#"{"retry_after":5}"#), NOW), None);
}

#[test]
fn the_codes_worth_a_retry_are_the_passing_ones() {
    for code in [408, 425, 429, 500, 502, 503, 504, 599] {
        assert!(is_worth_retrying(code), "{code}");
    }
    for code in [200, 301, 400, 401, 403, 404, 410, 422] {
        assert!(!is_worth_retrying(code), "{code}");
    }
}

#[test]
fn an_excerpt_is_one_short_line() {
    assert_eq!(answer(500, &[], "<h1>\r\n  Sorry\u{0}\t</h1>").excerpt(100), "<h1> Sorry </h1>");
    assert_eq!(answer(500, &[], "abcdef").excerpt(4), "abc…");
    assert!(answer(200, &[], "no json").json().is_null());
}
