//! Every reason code is forced by something that really happens. The list is a `match` without a rest: a code that is added does not
//! compile before it is forced too.

use std::time::Duration;

use kernel::ids::MonitorId;
use serde_json::{Value, json};
use testkit::fakes::{Dns, DnsPlay, Play, Reply, Sink, Tcp, TcpPlay, TlsPlay};

use super::bench::Bench;
use super::probes::{get, look, now, prober_with};
use super::watching::{beat, make};
use super::wires;
use crate::model::check::{Check, Reason, Verdict};
use crate::model::heartbeat::BeatKind;
use crate::model::watch::{
    Auth, DnsExpectation, DnsWatch, HeaderRule, HttpWatch, JsonRule, Operator, PingWatch, RecordKind, Rules, Secrets, TcpWatch, TlsWatch,
    Watch,
};
use crate::prober::Target;

/// What makes a check end with this code. `None`: this machine does not allow it, and it said so.
async fn forced(reason: Reason) -> Option<Check> {
    Some(match reason {
        Reason::DnsNxdomain => named(DnsPlay::NxDomain).await,
        Reason::DnsServfail => named(DnsPlay::ServFail).await,
        Reason::DnsTimeout => named(DnsPlay::Silent).await,
        Reason::DnsEmpty => named(DnsPlay::Empty).await,
        Reason::ConnectRefused => knocked("127.0.0.1", Tcp::refused()).await,
        Reason::ConnectTimeout => knocked("127.0.0.1", Tcp::black_hole()).await,
        // A broadcast address: the system itself says that no way leads there.
        Reason::ConnectUnreachable => knocked("127.255.255.255", Tcp::refused()).await,
        Reason::ConnectReset => answered(Play::Reset).await,
        Reason::TlsExpired => shaken(TlsPlay::Expired).await,
        Reason::TlsNotYetValid => shaken(TlsPlay::NotYetValid).await,
        Reason::TlsUntrusted => shaken(TlsPlay::SelfSigned).await,
        Reason::TlsNameMismatch => shaken(TlsPlay::WrongName).await,
        Reason::TlsHandshake => shaken(TlsPlay::PlainText).await,
        Reason::TlsTimeout => shaken(TlsPlay::Silent).await,
        Reason::WriteTimeout => asked_without_a_reader().await,
        Reason::TtfbTimeout => answered(Play::Hang).await,
        Reason::BodyTimeout => answered(Play::HangInBody(Reply::text(200, "never whole"))).await,
        Reason::BodyTooLarge => answered(Play::Endless).await,
        Reason::HttpStatus => answered(Play::code(500)).await,
        Reason::HttpProtocol => answered(Play::Malformed).await,
        Reason::RedirectLimit => answered(Play::RedirectLoop).await,
        Reason::RedirectBlocked => answered(Play::Redirect(302, "ftp://example.com/".into())).await,
        Reason::AssertionStatus => answered(Play::code(301)).await,
        Reason::AssertionHeader => expected(|watch| watch.header = Some(is_up("x-state"))).await,
        Reason::AssertionBody => expected(|watch| watch.keyword = "up".into()).await,
        Reason::AssertionJson => expected(|watch| watch.json = Some(json_is_up())).await,
        Reason::AssertionLatency => slow().await,
        Reason::AssertionCert => ending().await,
        Reason::AssertionDns => resolved().await,
        Reason::RateLimited => answered(Play::TooMany(5)).await,
        Reason::UpstreamUnavailable => answered(Play::code(503)).await,
        Reason::PolicyBlocked => answered(Play::Redirect(302, "http://169.254.169.254/latest".into())).await,
        Reason::SelfOffline => without_canaries().await,
        Reason::SelfOverload => suspended_meanwhile().await,
        Reason::Cancelled => changed_meanwhile().await,
        Reason::CredentialsLost => sealed_by_another_key().await,
        Reason::NotPermitted => return ping_without_right(),
        Reason::BeatMissing => beaten(BeatKind::Success, 700).await,
        Reason::BeatFailed => beaten(BeatKind::Fail, 1).await,
        Reason::BeatOverrun => beaten(BeatKind::Start, 100).await,
        Reason::GroupMember => summed_up().await,
        Reason::VantageVote => outvoted().await,
    })
}

async fn sealed_by_another_key() -> Check {
    let watch = Watch::Http(Box::new(HttpWatch { url: "http://127.0.0.1:9/".into(), auth: Auth::Bearer, ..HttpWatch::default() }));
    let secrets = Secrets::lost(&watch);
    look(&prober_with(|_| {}), watch, secrets).await
}

#[tokio::test]
async fn every_reason_code_is_forced_by_something_that_really_happens() {
    for reason in Reason::ALL {
        if let Some(check) = forced(*reason).await {
            assert_eq!(check.reason, Some(*reason), "{}", check.detail);
            assert_ne!(check.verdict, Verdict::Ok);
            assert!(!check.detail.is_empty(), "{reason:?} is explained");
        }
    }
}

async fn probed(watch: Watch) -> Check {
    look(&prober_with(|_| {}), watch, Secrets::default()).await
}

/// A site behind a name server that does this.
async fn named(play: DnsPlay) -> Check {
    let dns = Dns::start();
    dns.set("shop.example", play);
    let watch = HttpWatch { url: "http://shop.example/".into(), ..HttpWatch::default() };
    look(&prober_with(|options| options.resolver = Some(dns.address())), Watch::Http(Box::new(watch)), Secrets::default()).await
}

async fn knocked(host: &str, tcp: Tcp) -> Check {
    probed(Watch::Tcp(TcpWatch { host: host.into(), port: tcp.port(), ..TcpWatch::default() })).await
}

async fn answered(play: Play) -> Check {
    let sink = Sink::start();
    sink.set(play);
    get(&sink.url("/"), |_| {}).await
}

async fn shaken(play: TlsPlay) -> Check {
    let sink = Sink::start_tls(play, &[]);
    get(&sink.url_for("localhost", "/"), |_| {}).await
}

/// A site that says "down" where this was expected.
async fn expected(change: impl FnOnce(&mut HttpWatch)) -> Check {
    let sink = Sink::start();
    sink.set(Play::Answer(Reply::json(200, &json!({ "state": "down" })).header("X-State", "down")));
    get(&sink.url("/"), change).await
}

fn is_up(name: &str) -> HeaderRule {
    HeaderRule { name: name.into(), operator: Operator::Equals, value: "up".into() }
}

fn json_is_up() -> JsonRule {
    JsonRule { path: "$.state".into(), operator: Operator::Equals, value: "up".into() }
}

async fn slow() -> Check {
    let tcp = Tcp::start(TcpPlay::LateBanner(Duration::from_millis(60), b"220".to_vec()));
    let watch = TcpWatch { host: "127.0.0.1".into(), port: tcp.port(), expect: "220".into(), ..TcpWatch::default() };
    let rules = Rules { degraded_ms: Some(50), ..Rules::default() };
    prober_with(|_| {}).probe(&Target { watch: Watch::Tcp(watch), rules, secrets: Secrets::default() }, now()).await
}

async fn ending() -> Check {
    let sink = Sink::start_tls(TlsPlay::Valid, &[]);
    let watch = TlsWatch { host: "localhost".into(), port: sink.port(), warn_days: u16::MAX, ..TlsWatch::default() };
    probed(Watch::Tls(watch)).await
}

async fn resolved() -> Check {
    let dns = Dns::start();
    dns.set_addresses("a.example", &[[192, 0, 2, 7].into()]);
    let expect = DnsExpectation::Equals { values: vec!["192.0.2.1".into()] };
    probed(Watch::Dns(DnsWatch { host: "a.example".into(), record: RecordKind::A, resolver: dns.address().to_string(), expect })).await
}

/// The largest body that a monitor may send, to a server with little room that reads nothing.
async fn asked_without_a_reader() -> Check {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(1).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(8).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let check = get(&url, |watch| (watch.method, watch.body) = ("POST".into(), "x".repeat(64 * 1024))).await;
    assert!(check.phases.send.unwrap() > 400_000, "the wait is the sending's: {:?}", check.phases);
    check
}

fn ping_without_right() -> Option<Check> {
    let (tell, told) = std::sync::mpsc::channel();
    wires::without_right_to_ping(async move || {
        let check = probed(Watch::Ping(PingWatch { host: "127.0.0.1".into(), ..PingWatch::default() })).await;
        tell.send(check).unwrap();
    });
    let check = told.recv().unwrap();
    if check.verdict == Verdict::Ok {
        wires::skipped("not_permitted cannot be forced: net.ipv4.ping_group_range lets everybody ping");
        return None;
    }
    assert!(check.detail.contains("CAP_NET_RAW"), "it says what to do: {}", check.detail);
    Some(check)
}

async fn turned(bench: &Bench, fields: Value, turns: usize) -> Check {
    let id = make(bench, fields).await;
    bench.turns(id, turns).await;
    bench.last(id)
}

async fn without_canaries() -> Check {
    let (bench, canary, dns) = (Bench::new().await, Tcp::refused(), Dns::start());
    bench.trust_fakes(|options| (options.canaries, options.resolver) = (vec![canary.address()], Some(dns.address())));
    turned(&bench, json!({ "kind": "http", "url": "http://shop.example/" }), 2).await
}

async fn suspended_meanwhile() -> Check {
    let (bench, sink) = (Bench::new().await, Sink::start());
    let clock = bench.house.clock.clone();
    sink.set_handler(move |_| {
        clock.advance(Duration::from_secs(60));
        Play::ok("ok")
    });
    turned(&bench, json!({ "kind": "http", "url": sink.url("/") }), 1).await
}

async fn changed_meanwhile() -> Check {
    let (bench, sink) = (Bench::new().await, Sink::start());
    sink.set(Play::SlowFirstByte(Duration::from_millis(200), Reply::new(500)));
    let fields = |path: &str| json!({ "name": "Shop", "kind": "http", "url": sink.url(path), "interval_s": 20, "timeout_ms": 5_000 });
    let id: MonitorId = make(&bench, fields("/old")).await;
    let change = async {
        sink.wait_for(1, Duration::from_secs(5)).await;
        let (sealer, given) = (bench.house.cx.sealer.clone(), crate::model::flat::read(fields("/new"), &|_| None).unwrap());
        bench.house.clock.advance(Duration::from_millis(1));
        bench.house.cx.write(move |tx| crate::acts::update(tx, &sealer, id, given)).await.unwrap();
        bench.load().await;
    };
    tokio::join!(bench.desk.take_turn(id), change);
    assert_eq!(bench.state(id).fails, 0, "what the old address answered is not held against the new one");
    let due = bench.desk.book().schedule.next_due().unwrap();
    assert!(due <= bench.desk.tick(), "the new address is looked at without delay");
    bench.last(id)
}

/// A heartbeat that is due each ten minutes, after this beat and so many seconds.
async fn beaten(kind: BeatKind, seconds: u64) -> Check {
    let bench = Bench::new().await;
    let schedule = json!({ "type": "every", "period_s": 600 });
    let id = make(&bench, json!({ "kind": "heartbeat", "schedule": schedule, "grace_s": 60 })).await;
    bench.desk.take_beat(id, &beat(&bench, kind));
    bench.pass(seconds).await;
    bench.last(id)
}

async fn summed_up() -> Check {
    let (bench, tcp) = (Bench::new().await, Tcp::refused());
    let member = make(&bench, json!({ "kind": "tcp", "host": "127.0.0.1", "port": tcp.port() })).await;
    let group = make(&bench, json!({ "name": "All", "kind": "group", "members": [member], "policy": "any" })).await;
    bench.turns(member, 2).await;
    bench.desk.take_group_turn(group);
    bench.last(group)
}

/// We reach it; the other vantage says over HTTP that it does not, and one is enough.
async fn outvoted() -> Check {
    let (bench, sink) = (Bench::new().await, Sink::start());
    let id = make(&bench, json!({ "kind": "http", "url": sink.url("/"), "vantages": "any" })).await;
    let check = Check::fail(bench.now(), Reason::ConnectTimeout, "no answer");
    let words = json!({ "version": "1", "results": [{ "monitor": id, "check": check }] });
    let vantage = bench.house.key(kernel::Role::Viewer, &["uptime:probe"]).await;
    vantage.json(http::Method::POST, "/api/v1/uptime/vantages", &words).await.expect(200);
    bench.turn(id).await;
    bench.last(id)
}
