//! Each kind that dials goes up, degraded, down and back, on real sockets and a frozen clock. Heartbeats and groups: `watching`.

use std::time::Duration;

use kernel::Fact;
use kernel::ids::MonitorId;
use serde_json::json;
use testkit::fakes::{Dns, DnsPlay, Play, Record, Reply, Sink, Tcp, TcpPlay, TlsPlay};

use super::bench::Bench;
use super::watching::make;
use super::wires;
use crate::model::check::Reason;
use crate::model::state::MonitorState::{Degraded, Down, NoData, Pending, Up};

/// The speed limit of these tests, and something slower.
const LIMIT_MS: u32 = 120;
const LATE: Duration = Duration::from_millis(180);
/// No way leads there: a connection and a ping to a broadcast address are refused by the system itself.
const NOWHERE: [u8; 4] = [127, 255, 255, 255];
const HOME: [u8; 4] = [127, 0, 0, 1];

/// Fails twice for this reason, and the outage dates from the first of the two.
async fn goes_down(bench: &Bench, id: MonitorId, reason: Reason) {
    bench.facts().await;
    assert_eq!(bench.turn(id).await, Pending, "{reason:?}");
    let first = bench.now();
    assert_eq!(bench.turn(id).await, Down);
    let facts = bench.facts().await;
    let down = facts.iter().find_map(|fact| match fact {
        Fact::MonitorDown { down_since, detected_at, reason, .. } => Some((*down_since, *detected_at, reason.clone())),
        _ => None,
    });
    assert_eq!(down, Some((first, bench.now(), reason.code().to_owned())), "{facts:?}");
    let outage = &bench.outages(id).await[0];
    assert_eq!((outage.started_at, outage.ended_at, outage.reason.as_str()), (first, None, reason.code()));
}

async fn comes_back(bench: &Bench, id: MonitorId) {
    assert_eq!(bench.turn(id).await, Down);
    let first = bench.now();
    assert_eq!(bench.turn(id).await, Up);
    let facts = bench.facts().await;
    assert!(facts.iter().any(|fact| matches!(fact, Fact::MonitorRecovered { recovered_at, .. } if *recovered_at == first)), "{facts:?}");
    assert_eq!(bench.outages(id).await[0].ended_at, Some(first));
    // Away from the flapping window, so that the next round is told again.
    bench.house.clock.advance(Duration::from_secs(3_600));
}

/// Up, then slower than the limit and degraded, then fast and up again.
async fn gets_slow_and_fast_again(bench: &Bench, id: MonitorId, set: impl Fn(bool)) {
    set(false);
    assert_eq!(bench.turn(id).await, Up, "{:?}", bench.last(id));
    bench.facts().await;
    set(true);
    assert_eq!(bench.turns(id, 3).await, Degraded, "{:?}", bench.last(id));
    assert_eq!(bench.last(id).reason, Some(Reason::AssertionLatency));
    let facts = bench.facts().await;
    assert!(matches!(&facts[..], [Fact::MonitorDegraded { .. }]), "{facts:?}");
    set(false);
    assert_eq!(bench.turns(id, 4).await, Up, "{:?}", bench.last(id));
    let facts = bench.facts().await;
    assert!(matches!(&facts[..], [Fact::MonitorRestored { .. }]), "{facts:?}");
    bench.house.clock.advance(Duration::from_secs(3_600));
}

#[tokio::test]
async fn http_goes_up_degraded_down_and_back() {
    let (bench, sink) = (Bench::new().await, Sink::start());
    let id = make(&bench, json!({ "kind": "http", "url": sink.url("/"), "degraded_ms": LIMIT_MS })).await;
    let slow = |is_slow| sink.set(if is_slow { Play::SlowFirstByte(LATE, Reply::new(200)) } else { Play::ok("ok") });
    gets_slow_and_fast_again(&bench, id, slow).await;
    for (play, reason) in [
        (Play::code(500), Reason::HttpStatus),
        (Play::code(301), Reason::AssertionStatus),
        (Play::Hang, Reason::TtfbTimeout),
        (Play::RedirectLoop, Reason::RedirectLimit),
        (Play::Reset, Reason::ConnectReset),
        (Play::Oversized(2_000_000), Reason::BodyTooLarge),
    ] {
        sink.set(play);
        goes_down(&bench, id, reason).await;
        sink.set(Play::ok("ok"));
        comes_back(&bench, id).await;
    }
}

#[tokio::test]
async fn a_certificate_goes_good_ending_expired_and_good_again() {
    let (bench, sink) = (Bench::new().await, Sink::start_tls(TlsPlay::Valid, &[]));
    // Certificates are looked at by the real clock, so the frozen one is set to it.
    bench.house.clock.set(kernel::Clock::System.now());
    let id = make(&bench, json!({ "kind": "tls", "host": "localhost", "port": sink.port() })).await;
    assert_eq!(bench.turn(id).await, Up);
    let date = (bench.now() + Duration::from_secs(6 * 86_400)).in_zone(&jiff::tz::TimeZone::UTC).date();
    sink.set_tls(TlsPlay::ValidUntil(i32::from(date.year()), date.month() as u8, date.day() as u8));
    assert_eq!(bench.turns(id, 3).await, Degraded);
    let facts = bench.facts().await;
    let told: Vec<i64> = facts
        .iter()
        .filter_map(|fact| if let Fact::CertificateExpiring { days_left, .. } = fact { Some(*days_left) } else { None })
        .collect();
    assert!(matches!(told[..], [5 | 6]), "told once, not with every check: {facts:?}");
    sink.set_tls(TlsPlay::Valid);
    bench.turns(id, 4).await;
    bench.house.clock.advance(Duration::from_secs(3_600));
    for (play, reason) in [(TlsPlay::Expired, Reason::TlsExpired), (TlsPlay::WrongName, Reason::TlsNameMismatch)] {
        sink.set_tls(play);
        goes_down(&bench, id, reason).await;
        sink.set_tls(TlsPlay::Valid);
        comes_back(&bench, id).await;
    }
}

#[tokio::test]
async fn a_port_goes_up_degraded_down_and_back() {
    let (bench, dns) = (Bench::new().await, Dns::start());
    let ready = || b"220 mail ready\r\n".to_vec();
    let tcp = Tcp::start(TcpPlay::Banner(ready()));
    bench.trust_fakes(|options| options.resolver = Some(dns.address()));
    dns.set_addresses("mail.example", &[HOME.into()]);
    let port = json!({ "kind": "tcp", "host": "mail.example", "port": tcp.port(), "expect": "220 ", "degraded_ms": LIMIT_MS });
    let id = make(&bench, port).await;
    let slow = |is_slow| tcp.set(if is_slow { TcpPlay::LateBanner(LATE, ready()) } else { TcpPlay::Banner(ready()) });
    gets_slow_and_fast_again(&bench, id, slow).await;
    for (play, reason) in [
        (TcpPlay::Hold, Reason::TtfbTimeout),
        (TcpPlay::Reset, Reason::ConnectReset),
        (TcpPlay::Banner(b"SSH-2.0\r\n".to_vec()), Reason::AssertionBody),
    ] {
        tcp.set(play);
        goes_down(&bench, id, reason).await;
        tcp.set(TcpPlay::Banner(ready()));
        comes_back(&bench, id).await;
    }
    tcp.close();
    goes_down(&bench, id, Reason::ConnectRefused).await;
    tcp.open();
    comes_back(&bench, id).await;
    dns.set_addresses("mail.example", &[NOWHERE.into()]);
    goes_down(&bench, id, Reason::ConnectUnreachable).await;
    dns.set_addresses("mail.example", &[HOME.into()]);
    comes_back(&bench, id).await;
}

#[tokio::test]
async fn a_port_that_lets_nobody_in_is_down_until_it_does() {
    let (bench, tcp) = (Bench::new().await, Tcp::black_hole());
    let id = make(&bench, json!({ "kind": "tcp", "host": "127.0.0.1", "port": tcp.port() })).await;
    goes_down(&bench, id, Reason::ConnectTimeout).await;
    tcp.close();
    tcp.open();
    comes_back(&bench, id).await;
}

#[tokio::test]
async fn a_name_goes_up_degraded_down_and_back() {
    let (bench, dns) = (Bench::new().await, Dns::start());
    let right = || vec![Record::A([192, 0, 2, 1].into())];
    let expect = json!({ "type": "equals", "values": ["192.0.2.1"] });
    let name =
        json!({ "kind": "dns", "host": "a.example", "resolver": dns.address().to_string(), "expect": expect, "degraded_ms": LIMIT_MS });
    let id = make(&bench, name).await;
    let slow = |is_slow| dns.set("a.example", if is_slow { DnsPlay::Late(LATE, right()) } else { DnsPlay::Records(right()) });
    gets_slow_and_fast_again(&bench, id, slow).await;
    for (play, reason) in [
        (DnsPlay::NxDomain, Reason::DnsNxdomain),
        (DnsPlay::ServFail, Reason::DnsServfail),
        (DnsPlay::Empty, Reason::DnsEmpty),
        (DnsPlay::Silent, Reason::DnsTimeout),
        (DnsPlay::Records(vec![Record::A([192, 0, 2, 7].into())]), Reason::AssertionDns),
    ] {
        dns.set("a.example", play);
        goes_down(&bench, id, reason).await;
        dns.set("a.example", DnsPlay::Records(right()));
        comes_back(&bench, id).await;
    }
}

#[tokio::test]
async fn a_pinged_host_goes_up_degraded_down_and_back() {
    let (bench, dns) = (Bench::new().await, Dns::start());
    bench.trust_fakes(|options| options.resolver = Some(dns.address()));
    dns.set_addresses("host.example", &[HOME.into()]);
    let id = make(&bench, json!({ "kind": "ping", "host": "host.example", "ip": "v4", "degraded_ms": LIMIT_MS })).await;
    if bench.turn(id).await == NoData {
        assert!(bench.state(id).blind_detail.contains("CAP_NET_RAW"), "without the right to ping it says so");
        return wires::skipped("this system does not let the test ping");
    }
    // The whole way counts: here the name is late. A late echo: the next test.
    let home = || vec![Record::A(HOME.into())];
    let slow = |is_slow| dns.set("host.example", if is_slow { DnsPlay::Late(LATE, home()) } else { DnsPlay::Records(home()) });
    gets_slow_and_fast_again(&bench, id, slow).await;
    let nowhere = DnsPlay::Records(vec![Record::A(NOWHERE.into())]);
    for (play, reason) in [(DnsPlay::NxDomain, Reason::DnsNxdomain), (nowhere, Reason::ConnectUnreachable)] {
        dns.set("host.example", play);
        goes_down(&bench, id, reason).await;
        dns.set("host.example", DnsPlay::Records(home()));
        comes_back(&bench, id).await;
    }
}

#[test]
fn a_host_whose_echo_is_late_or_lost_is_degraded_or_down() {
    wires::in_own_network(async || {
        let (bench, echo) = (Bench::new().await, wires::Echo::start());
        let id = make(&bench, json!({ "kind": "ping", "host": "127.0.0.1", "degraded_ms": LIMIT_MS })).await;
        let slow = |is_slow| echo.answer_after(if is_slow { Some(LATE) } else { Some(Duration::ZERO) });
        gets_slow_and_fast_again(&bench, id, slow).await;
        echo.answer_after(None);
        goes_down(&bench, id, Reason::ConnectTimeout).await;
        echo.answer_after(Some(Duration::ZERO));
        comes_back(&bench, id).await;
        // Nothing but the loopback is there: no way leads to any other host.
        let away = make(&bench, json!({ "kind": "ping", "host": "198.51.100.1" })).await;
        goes_down(&bench, away, Reason::ConnectUnreachable).await;
        let port = make(&bench, json!({ "kind": "tcp", "host": "198.51.100.1", "port": 9 })).await;
        goes_down(&bench, port, Reason::ConnectUnreachable).await;
    });
}
