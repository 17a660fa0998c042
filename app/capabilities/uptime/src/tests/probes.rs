//! Sites and certificates against a real local server that misbehaves: the reason code is right each time, and what was done is kept.

use std::time::Duration;

use kernel::{Clock, Time};
use testkit::fakes::{Dns, DnsPlay, Play, Record, Reply, Sink, Tcp, TlsPlay, ca_pem};

use crate::model::check::{Check, Reason, Verdict};
use crate::model::watch::{Auth, Header, HeaderRule, HttpWatch, IpChoice, JsonRule, Operator, Rules, Secrets, TcpWatch, TlsWatch, Watch};
use crate::prober::{Prober, ProberOptions, Target};

/// Short, so that a test of a timeout does not wait long.
const TIMEOUT_MS: u32 = 700;

pub fn prober_with(change: impl FnOnce(&mut ProberOptions)) -> Prober {
    let mut options = ProberOptions { extra_ca_pem: ca_pem(), ..ProberOptions::default() };
    change(&mut options);
    Prober::new(options).unwrap()
}

pub fn now() -> Time {
    Clock::System.now()
}

pub async fn look(prober: &Prober, watch: Watch, secrets: Secrets) -> Check {
    let target = Target { watch, rules: Rules { timeout_ms: TIMEOUT_MS, ..Rules::default() }, secrets };
    prober.probe(&target, now()).await
}

pub async fn get(url: &str, change: impl FnOnce(&mut HttpWatch)) -> Check {
    let mut watch = HttpWatch { url: url.to_owned(), ..HttpWatch::default() };
    change(&mut watch);
    look(&prober_with(|_| {}), Watch::Http(Box::new(watch)), Secrets::default()).await
}

fn plain(_: &mut HttpWatch) {}

#[track_caller]
pub fn is(check: &Check, verdict: Verdict, reason: Option<Reason>) {
    assert_eq!((check.verdict, check.reason), (verdict, reason), "{} {:?}", check.detail, check.phases);
}

#[tokio::test]
async fn a_good_answer_is_ok_with_all_its_phases() {
    let sink = Sink::start();
    let check = get(&sink.url_for("localhost", "/a?b=c"), plain).await;
    is(&check, Verdict::Ok, None);
    let parts = check.phases;
    assert!(parts.dns.is_some() && parts.connect.is_some() && parts.tls.is_none() && parts.ttfb.is_some() && parts.transfer.is_some());
    assert_eq!((check.seen.code, check.seen.bytes_body), (Some(200), 2));
    let asked = &sink.requests()[0];
    assert_eq!((asked.path.as_str(), asked.query.as_str(), asked.header("user-agent")), ("/a", "b=c", Some("Hermetic uptime check")));
}

#[tokio::test]
async fn each_way_of_misbehaving_has_its_own_reason() {
    let slow = Duration::from_secs(5);
    let page = || Reply::text(200, &"x".repeat(400));
    let cases: Vec<(Play, Verdict, Reason)> = vec![
        (Play::Hang, Verdict::Fail, Reason::TtfbTimeout),
        (Play::SlowFirstByte(slow, page()), Verdict::Fail, Reason::TtfbTimeout),
        (Play::SlowHead(Duration::from_millis(300), page()), Verdict::Fail, Reason::TtfbTimeout),
        (Play::SlowBody(Duration::from_millis(100), page()), Verdict::Fail, Reason::BodyTimeout),
        (Play::HangInBody(page()), Verdict::Fail, Reason::BodyTimeout),
        (Play::Reset, Verdict::Fail, Reason::ConnectReset),
        (Play::Close, Verdict::Fail, Reason::ConnectReset),
        (Play::ResetInBody(page()), Verdict::Fail, Reason::ConnectReset),
        (Play::WrongLength, Verdict::Fail, Reason::ConnectReset),
        (Play::Endless, Verdict::Fail, Reason::BodyTooLarge),
        (Play::Oversized(2_000_000), Verdict::Fail, Reason::BodyTooLarge),
        (Play::GzipBomb(10), Verdict::Fail, Reason::BodyTooLarge),
        (Play::RedirectLoop, Verdict::Fail, Reason::RedirectLimit),
        (Play::Redirect(302, "ftp://example.com/".into()), Verdict::Fail, Reason::RedirectBlocked),
        (Play::Redirect(302, "http://169.254.169.254/latest".into()), Verdict::Fail, Reason::PolicyBlocked),
        (Play::Malformed, Verdict::Fail, Reason::HttpProtocol),
        (Play::code(500), Verdict::Fail, Reason::HttpStatus),
        (Play::code(404), Verdict::Fail, Reason::HttpStatus),
        (Play::code(503), Verdict::Fail, Reason::UpstreamUnavailable),
        (Play::TooMany(5), Verdict::Slow, Reason::RateLimited),
    ];
    let sink = Sink::start();
    for (play, verdict, reason) in cases {
        sink.set(play.clone());
        let check = get(&sink.url("/"), plain).await;
        assert_eq!((check.verdict, check.reason), (verdict, Some(reason)), "{play:?}: {} {:?}", check.detail, check.phases);
        assert!(check.phases.connect.is_some() && check.phases.total > 0, "{play:?} keeps its phases");
        assert!(check.phases.total < TIMEOUT_MS * 1_000 + 400_000, "{play:?} took {}", check.phases.total);
    }
}

#[tokio::test]
async fn a_timeout_keeps_the_phases_that_were_done() {
    let sink = Sink::start();
    sink.set(Play::Hang);
    let check = get(&sink.url("/"), plain).await;
    assert!(check.phases.connect.unwrap() < 200_000 && check.phases.ttfb.unwrap() > 400_000, "{:?}", check.phases);
    assert_eq!(check.phases.transfer, None);
    assert!(check.seen.address.is_some());
}

#[tokio::test]
async fn connections_fail_for_their_own_reasons() {
    let refused = Tcp::refused();
    is(&get(&format!("http://{}/", refused.address()), plain).await, Verdict::Fail, Some(Reason::ConnectRefused));
    let hole = Tcp::black_hole();
    is(&get(&format!("http://{}/", hole.address()), plain).await, Verdict::Fail, Some(Reason::ConnectTimeout));
    // No connection leads to a broadcast address: the system itself refuses, whatever network is around.
    is(&get("http://127.255.255.255/", plain).await, Verdict::Fail, Some(Reason::ConnectUnreachable));
}

#[tokio::test]
async fn every_bad_certificate_is_told_apart() {
    let cases = [
        (TlsPlay::Valid, None),
        (TlsPlay::Expired, Some(Reason::TlsExpired)),
        (TlsPlay::NotYetValid, Some(Reason::TlsNotYetValid)),
        (TlsPlay::WrongName, Some(Reason::TlsNameMismatch)),
        (TlsPlay::SelfSigned, Some(Reason::TlsUntrusted)),
        (TlsPlay::MissingIntermediate, Some(Reason::TlsUntrusted)),
        (TlsPlay::PlainText, Some(Reason::TlsHandshake)),
        (TlsPlay::Silent, Some(Reason::TlsTimeout)),
        (TlsPlay::Reset, Some(Reason::ConnectReset)),
    ];
    let sink = Sink::start_tls(TlsPlay::Valid, &[]);
    for (play, reason) in cases {
        sink.set_tls(play.clone());
        let check = get(&sink.url_for("localhost", "/"), plain).await;
        assert_eq!(check.reason, reason, "{play:?}: {}", check.detail);
        // A reset may arrive before the connect is seen to be done.
        assert!(check.phases.tls.is_some() || play == TlsPlay::Reset);
        let watch = Watch::Tls(TlsWatch { host: "localhost".into(), port: sink.port(), ..TlsWatch::default() });
        let tls = look(&prober_with(|_| {}), watch, Secrets::default()).await;
        assert_eq!(tls.reason, reason, "TLS kind, {play:?}: {}", tls.detail);
        let shown = !matches!(play, TlsPlay::PlainText | TlsPlay::Silent | TlsPlay::Reset);
        assert_eq!(tls.seen.certificate.is_some(), shown, "a refused certificate is described too: {play:?}");
    }
    sink.set_tls(TlsPlay::Expired);
    let ignored = get(&sink.url_for("localhost", "/"), |watch| watch.ignore_certificate = true).await;
    is(&ignored, Verdict::Ok, None);
    assert!(!ignored.seen.certificate.as_ref().unwrap().chain_ok);
}

#[tokio::test]
async fn an_authority_of_its_own_is_trusted_by_one_monitor_only() {
    let sink = Sink::start_tls(TlsPlay::Valid, &[]);
    let prober = prober_with(|options| options.extra_ca_pem.clear());
    let watch =
        |pem: String| Watch::Http(Box::new(HttpWatch { url: sink.url_for("localhost", "/"), extra_ca_pem: pem, ..HttpWatch::default() }));
    is(&look(&prober, watch(ca_pem()), Secrets::default()).await, Verdict::Ok, None);
    is(&look(&prober, watch(String::new()), Secrets::default()).await, Verdict::Fail, Some(Reason::TlsUntrusted));
}

#[tokio::test]
async fn an_ending_certificate_degrades_then_fails_as_asked() {
    let date = (now() + Duration::from_secs(5 * 86_400)).in_zone(&jiff::tz::TimeZone::UTC).date();
    let (month, day) = (date.month() as u8, date.day() as u8);
    let sink = Sink::start_tls(TlsPlay::ValidUntil(i32::from(date.year()), month, day), &[]);
    let tls = |warn_days, fail_days| {
        Watch::Tls(TlsWatch { host: "localhost".into(), port: sink.port(), warn_days, fail_days, ..TlsWatch::default() })
    };
    let prober = prober_with(|_| {});
    is(&look(&prober, tls(14, 0), Secrets::default()).await, Verdict::Slow, Some(Reason::AssertionCert));
    is(&look(&prober, tls(14, 7), Secrets::default()).await, Verdict::Fail, Some(Reason::AssertionCert));
    is(&look(&prober, tls(2, 0), Secrets::default()).await, Verdict::Ok, None);
    let http = get(&sink.url_for("localhost", "/"), plain).await;
    is(&http, Verdict::Ok, None);
    assert!((3..=5).contains(&http.seen.certificate.unwrap().days_left(now())));
}

#[tokio::test]
async fn names_fail_for_their_own_reasons() {
    let (dns, sink) = (Dns::start(), Sink::start());
    let prober = prober_with(|options| options.resolver = Some(dns.address()));
    dns.set_addresses("good.example", &["127.0.0.1".parse().unwrap()]);
    let cases = [
        ("good.example", None, None),
        ("none.example", Some(DnsPlay::NxDomain), Some(Reason::DnsNxdomain)),
        ("broken.example", Some(DnsPlay::ServFail), Some(Reason::DnsServfail)),
        ("refused.example", Some(DnsPlay::Refused), Some(Reason::DnsServfail)),
        ("empty.example", Some(DnsPlay::Empty), Some(Reason::DnsEmpty)),
        ("silent.example", Some(DnsPlay::Silent), Some(Reason::DnsTimeout)),
    ];
    for (name, play, reason) in cases {
        if let Some(play) = play {
            dns.set(name, play);
        }
        let watch = HttpWatch { url: sink.url_for(name, "/"), ..HttpWatch::default() };
        let check = look(&prober, Watch::Http(Box::new(watch)), Secrets::default()).await;
        assert_eq!(check.reason, reason, "{name}: {}", check.detail);
        assert!(check.phases.dns.is_some());
    }
    let before = dns.log().len();
    let watch = HttpWatch { url: sink.url_for("good.example", "/"), ip: IpChoice::V4, ..HttpWatch::default() };
    look(&prober, Watch::Http(Box::new(watch.clone())), Secrets::default()).await;
    look(&prober, Watch::Http(Box::new(watch)), Secrets::default()).await;
    assert_eq!(dns.log().len() - before, 2, "asked anew each time");
}

#[tokio::test]
async fn a_name_that_rebinds_to_metadata_is_blocked_at_the_address_dialled() {
    let dns = Dns::start();
    let prober = prober_with(|options| options.resolver = Some(dns.address()));
    let a = |ip: &str| vec![Record::A(ip.parse().unwrap())];
    let sink = Sink::start();
    dns.set("rebind.example", DnsPlay::InTurn(vec![a("127.0.0.1"), a("127.0.0.1"), a("169.254.169.254")]));
    let url = sink.url_for("rebind.example", "/");
    let watch = || Watch::Http(Box::new(HttpWatch { url: url.clone(), ip: IpChoice::V4, ..HttpWatch::default() }));
    is(&look(&prober, watch(), Secrets::default()).await, Verdict::Ok, None);
    is(&look(&prober, watch(), Secrets::default()).await, Verdict::Ok, None);
    is(&look(&prober, watch(), Secrets::default()).await, Verdict::Fail, Some(Reason::PolicyBlocked));
    for url in [
        "http://169.254.169.254/",
        "http://[::ffff:169.254.169.254]/",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://[fd00:ec2::254]/",
    ] {
        is(&get(url, plain).await, Verdict::Fail, Some(Reason::PolicyBlocked));
    }
    let strict = prober_with(|options| options.allow_private = false);
    let watch = Watch::Tcp(TcpWatch { host: "127.0.0.1".into(), port: sink.port(), ..TcpWatch::default() });
    is(&look(&strict, watch, Secrets::default()).await, Verdict::Fail, Some(Reason::PolicyBlocked));
}

#[tokio::test]
async fn redirects_leave_credentials_behind_when_the_origin_changes() {
    let (first, second) = (Sink::start(), Sink::start());
    first.set(Play::Redirect(302, second.url("/there")));
    let watch = HttpWatch {
        url: first.url("/"),
        method: "POST".into(),
        body: "secret body".into(),
        auth: Auth::Basic { username: "me".into() },
        headers: vec![
            Header { name: "X-Key".into(), value: String::new(), secret: true },
            Header { name: "X-Plain".into(), value: "p".into(), secret: false },
        ],
        ..HttpWatch::default()
    };
    let secrets = Secrets { password: "pw".into(), headers: [("x-key".into(), "k".into())].into(), ..Secrets::default() };
    let check = look(&prober_with(|_| {}), Watch::Http(Box::new(watch)), secrets).await;
    is(&check, Verdict::Ok, None);
    let asked = &first.requests()[0];
    assert_eq!((asked.header("authorization"), asked.header("x-key")), (Some("Basic bWU6cHc="), Some("k")));
    let followed = &second.requests()[0];
    assert_eq!((followed.header("authorization"), followed.header("x-key"), followed.header("x-plain")), (None, None, Some("p")));
    assert_eq!((followed.method.as_str(), followed.body.len()), ("GET", 0));
    assert_eq!(check.seen.redirects.len(), 1);
    first.set(Play::Redirect(301, "/same".into()));
    is(&get(&first.url("/"), |watch| watch.follow_redirects = false).await, Verdict::Fail, Some(Reason::AssertionStatus));
}

#[tokio::test]
async fn what_an_answer_must_say_is_checked() {
    let sink = Sink::start();
    let url = sink.url("/");
    let json = serde_json::json!({"status": "up", "queue": {"depth": 12}, "nodes": [{"ok": true}, {"ok": false}]});
    sink.set(Play::Answer(Reply::json(200, &json).header("X-Version", "42")));
    let rule = |path: &str, operator, value: &str| Some(JsonRule { path: path.into(), operator, value: value.into() });
    for (json, reason) in [
        (rule("$.status", Operator::Equals, "up"), None),
        (rule("$.queue.depth", Operator::LessThan, "20"), None),
        (rule("$.nodes[*].ok", Operator::Equals, "false"), None),
        (rule("$.queue.depth", Operator::GreaterThan, "20"), Some(Reason::AssertionJson)),
        (rule("$.missing", Operator::Exists, ""), Some(Reason::AssertionJson)),
        (rule("$.status", Operator::NotEquals, "up"), Some(Reason::AssertionJson)),
    ] {
        let check = get(&url, |watch| watch.json.clone_from(&json)).await;
        assert_eq!(check.reason, reason, "{json:?} {}", check.detail);
    }
    let header = |operator, value: &str| Some(HeaderRule { name: "x-version".into(), operator, value: value.into() });
    is(&get(&url, |watch| watch.header = header(Operator::GreaterThan, "41")).await, Verdict::Ok, None);
    is(&get(&url, |watch| watch.header = header(Operator::Equals, "41")).await, Verdict::Fail, Some(Reason::AssertionHeader));
    is(&get(&url, |watch| watch.keyword = "queue".into()).await, Verdict::Ok, None);
    is(&get(&url, |watch| watch.keyword = "absent".into()).await, Verdict::Fail, Some(Reason::AssertionBody));
    let unwanted = |watch: &mut HttpWatch| {
        watch.keyword = "queue".into();
        watch.keyword_absent = true;
    };
    is(&get(&url, unwanted).await, Verdict::Fail, Some(Reason::AssertionBody));
    sink.set(Play::code(301));
    is(&get(&url, |watch| watch.accepted = "200-299,301".into()).await, Verdict::Ok, None);
    sink.set(Play::code(503));
    is(&get(&url, |watch| watch.unavailable_is_slow = true).await, Verdict::Slow, Some(Reason::UpstreamUnavailable));
}

#[tokio::test]
async fn packed_bodies_are_unpacked_before_they_are_read() {
    use std::io::Write as _;
    let sink = Sink::start();
    let text = b"a needle in the hay".repeat(50);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&text).unwrap();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(&text).unwrap();
    let mut br = Vec::new();
    brotli::CompressorWriter::new(&mut br, 4_096, 5, 20).write_all(&text).unwrap();
    for (encoding, packed) in [("gzip", gzip.finish().unwrap()), ("deflate", zlib.finish().unwrap()), ("br", br)] {
        sink.set(Play::Answer(Reply::new(200).header("Content-Encoding", encoding).body(packed.clone())));
        let check = get(&sink.url("/"), |watch| watch.keyword = "needle".into()).await;
        assert_eq!((check.reason, check.seen.bytes_body), (None, text.len() as u64), "{encoding}: {}", check.detail);
        sink.set(Play::Answer(Reply::new(200).header("Content-Encoding", encoding).body(packed[..packed.len() / 2].to_vec())));
        is(&get(&sink.url("/"), |watch| watch.keyword = "needle".into()).await, Verdict::Fail, Some(Reason::HttpProtocol));
    }
}

#[tokio::test]
async fn health_documents_are_understood() {
    let sink = Sink::start();
    for (code, body, verdict) in [
        (200, r#"{"status":"healthy"}"#, Verdict::Ok),
        (200, r#"{"status":"pass"}"#, Verdict::Ok),
        (200, r#"{"status":"degraded","checks":{"db":"healthy","mail":{"status":"degraded"}}}"#, Verdict::Slow),
        (503, r#"{"status":"warn"}"#, Verdict::Slow),
        (200, r#"{"status":"unhealthy"}"#, Verdict::Fail),
        (503, r#"{"status":"fail","checks":{"db:connections":[{"status":"fail"}]}}"#, Verdict::Fail),
        (200, "all good", Verdict::Fail),
    ] {
        sink.set(Play::Answer(Reply::text(code, body)));
        let check = get(&sink.url("/"), |watch| watch.health_document = true).await;
        assert_eq!(check.verdict, verdict, "{code} {body}: {}", check.detail);
        if body.contains("mail") {
            assert!(check.detail.contains("(mail)"), "{}", check.detail);
        }
    }
}

#[tokio::test]
async fn slower_than_the_limit_is_slow() {
    let sink = Sink::start();
    sink.set(Play::SlowFirstByte(Duration::from_millis(120), Reply::new(200)));
    let target = Target {
        watch: Watch::Http(Box::new(HttpWatch { url: sink.url("/"), ..HttpWatch::default() })),
        rules: Rules { degraded_ms: Some(50), ..Rules::default() },
        secrets: Secrets::default(),
    };
    is(&prober_with(|_| {}).probe(&target, now()).await, Verdict::Slow, Some(Reason::AssertionLatency));
}

#[tokio::test]
async fn a_monitor_that_cannot_be_asked_as_it_is_set_up_is_not_called_down() {
    let sink = Sink::start();
    let watch = HttpWatch { url: sink.url("/"), auth: Auth::Bearer, ..HttpWatch::default() };
    let secrets = Secrets { bearer: "two\nlines".into(), ..Secrets::default() };
    let check = look(&prober_with(|_| {}), Watch::Http(Box::new(watch)), secrets).await;
    is(&check, Verdict::Skipped, Some(Reason::Cancelled));
    assert!(check.detail.contains("credentials") && sink.requests().is_empty(), "{}", check.detail);
}

/// A server that speaks only HTTP/2, with a certificate of its own. Answers with the method, host and path it was asked for.
async fn http2_server() -> (u16, String) {
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use rustls::pki_types::PrivateKeyDer;
    use std::sync::Arc;
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let answer = hyper::service::service_fn(|request: http::Request<hyper::body::Incoming>| async move {
                    let text = format!("{} {}", request.method(), request.uri());
                    Ok::<_, std::convert::Infallible>(http::Response::new(http_body_util::Full::new(bytes::Bytes::from(text))))
                });
                let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer).await;
            });
        }
    });
    (port, made.cert.pem())
}

#[tokio::test]
async fn http2_is_spoken_where_the_server_offers_it() {
    let (port, pem) = http2_server().await;
    let check = get(&format!("https://localhost:{port}/a?b=c"), |watch| {
        watch.extra_ca_pem.clone_from(&pem);
        watch.keyword = format!("GET https://localhost:{port}/a?b=c");
    })
    .await;
    is(&check, Verdict::Ok, None);
    assert_eq!(check.seen.http_version.as_deref(), Some("HTTP/2"));
    let missing = get(&format!("https://localhost:{port}/"), |watch| {
        watch.extra_ca_pem = pem;
        watch.keyword = "not there".into();
    })
    .await;
    is(&missing, Verdict::Fail, Some(Reason::AssertionBody));
}
