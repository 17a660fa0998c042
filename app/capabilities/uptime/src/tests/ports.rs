//! Ports, names and pings against real local servers that misbehave, and the canaries that say whether we see out.

use testkit::fakes::{Dns, DnsPlay, Record, Tcp, TcpPlay};

use super::probes::{is, look, now, prober_with};
use super::wires;
use crate::model::check::{Reason, Verdict};
use crate::model::watch::{DnsExpectation, DnsWatch, IpChoice, PingWatch, RecordKind, Rules, Secrets, TcpWatch, Watch};
use crate::prober::Target;

#[tokio::test]
async fn a_port_that_opens_late_is_slow_by_its_connection_alone() {
    let tcp = Tcp::black_hole();
    let watch = Watch::Tcp(TcpWatch { host: "127.0.0.1".into(), port: tcp.port(), ..TcpWatch::default() });
    let target = Target { watch, rules: Rules { degraded_ms: Some(500), ..Rules::default() }, secrets: Secrets::default() };
    // The first knock finds the queue full and is dropped; the system knocks again after a second, when there is room.
    let prober = prober_with(|_| {});
    let make_room = async {
        tcp.close();
        tcp.open();
    };
    let (check, ()) = tokio::join!(biased; prober.probe(&target, now()), make_room);
    is(&check, Verdict::Slow, Some(Reason::AssertionLatency));
    assert!(check.phases.connect.unwrap() > 500_000, "{:?}", check.phases);
}

#[tokio::test]
async fn ports_open_answer_refuse_and_reset() {
    let tcp = Tcp::start(TcpPlay::Banner(b"220 mail ready\r\n".to_vec()));
    let watch = |send: &str, expect: &str| {
        Watch::Tcp(TcpWatch { host: "127.0.0.1".into(), port: tcp.port(), send: send.into(), expect: expect.into(), ip: IpChoice::Any })
    };
    let prober = prober_with(|_| {});
    is(&look(&prober, watch("", ""), Secrets::default()).await, Verdict::Ok, None);
    is(&look(&prober, watch("", "220 "), Secrets::default()).await, Verdict::Ok, None);
    is(&look(&prober, watch("", "SSH"), Secrets::default()).await, Verdict::Fail, Some(Reason::AssertionBody));
    tcp.set(TcpPlay::Echo);
    is(&look(&prober, watch("PING\\r\\n", "PING\\r\\n"), Secrets::default()).await, Verdict::Ok, None);
    tcp.set(TcpPlay::Hold);
    is(&look(&prober, watch("", "220 "), Secrets::default()).await, Verdict::Fail, Some(Reason::TtfbTimeout));
    tcp.set(TcpPlay::Reset);
    is(&look(&prober, watch("", "220 "), Secrets::default()).await, Verdict::Fail, Some(Reason::ConnectReset));
    tcp.close();
    is(&look(&prober, watch("", ""), Secrets::default()).await, Verdict::Fail, Some(Reason::ConnectRefused));
    tcp.set(TcpPlay::Hold);
    tcp.open();
    is(&look(&prober, watch("", ""), Secrets::default()).await, Verdict::Ok, None);
}

#[tokio::test]
async fn dns_answers_are_compared() {
    let dns = Dns::start();
    dns.set("a.example", DnsPlay::Records(vec![Record::A([192, 0, 2, 1].into()), Record::A([192, 0, 2, 2].into())]));
    dns.set("mail.example", DnsPlay::Records(vec![Record::Mx(10, "mx1.example".into()), Record::Txt("v=spf1 -all".into())]));
    dns.set("cut.example", DnsPlay::Truncated(vec![Record::Txt("long".into())]));
    dns.set("forged.example", DnsPlay::WrongId(vec![Record::A([192, 0, 2, 9].into())]));
    for (name, play) in [("gone.example", DnsPlay::NxDomain), ("broken.example", DnsPlay::ServFail), ("silent.example", DnsPlay::Silent)] {
        dns.set(name, play);
    }
    let ask = |name: &str, record, expect| {
        let watch = DnsWatch { host: name.into(), record, resolver: dns.address().to_string(), expect };
        async move { look(&prober_with(|_| {}), Watch::Dns(watch), Secrets::default()).await.reason }
    };
    let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    let any = || DnsExpectation::Any;
    assert_eq!(ask("a.example", RecordKind::A, any()).await, None);
    let both = || DnsExpectation::Equals { values: values(&["192.0.2.2", "192.0.2.1"]) };
    assert_eq!(ask("a.example", RecordKind::A, both()).await, None);
    assert_eq!(
        ask("a.example", RecordKind::A, DnsExpectation::Equals { values: values(&["192.0.2.2"]) }).await,
        Some(Reason::AssertionDns)
    );
    assert_eq!(ask("a.example", RecordKind::A, DnsExpectation::Count { at_least: 2 }).await, None);
    assert_eq!(ask("a.example", RecordKind::A, DnsExpectation::Count { at_least: 3 }).await, Some(Reason::AssertionDns));
    assert_eq!(ask("mail.example", RecordKind::Mx, DnsExpectation::Contains { values: values(&["MX1.example."]) }).await, None);
    assert_eq!(ask("mail.example", RecordKind::Txt, DnsExpectation::Contains { values: values(&["spf1"]) }).await, None);
    assert_eq!(ask("cut.example", RecordKind::Txt, any()).await, None, "a truncated answer is asked for over TCP");
    assert_eq!(ask("mail.example", RecordKind::Aaaa, any()).await, Some(Reason::DnsEmpty));
    assert_eq!(ask("gone.example", RecordKind::A, any()).await, Some(Reason::DnsNxdomain));
    assert_eq!(ask("broken.example", RecordKind::A, any()).await, Some(Reason::DnsServfail));
    assert_eq!(ask("silent.example", RecordKind::A, any()).await, Some(Reason::DnsTimeout));
    assert_eq!(ask("forged.example", RecordKind::A, any()).await, Some(Reason::DnsTimeout), "an answer to another question is none");
}

#[tokio::test]
async fn pings_come_back_or_are_missed_or_are_not_permitted() {
    let prober = prober_with(|_| {});
    let ping = |host: &str| look(&prober, Watch::Ping(PingWatch { host: host.into(), ip: IpChoice::V4 }), Secrets::default());
    let home = ping("127.0.0.1").await;
    if home.reason == Some(Reason::NotPermitted) {
        is(&home, Verdict::Skipped, Some(Reason::NotPermitted));
        return wires::skipped("this system does not let the test ping");
    }
    is(&home, Verdict::Ok, None);
    let many = futures_util::future::join_all((0..20).map(|_| ping("127.0.0.1"))).await;
    assert!(many.iter().all(|check| check.verdict == Verdict::Ok), "pings to one host at once do not mix up their replies");
    // Which address stays silent depends on the network around; a name that is gone does not.
    let dns = Dns::start();
    let named = prober_with(|options| options.resolver = Some(dns.address()));
    let watch = || Watch::Ping(PingWatch { host: "host.example".into(), ip: IpChoice::V4 });
    is(&look(&named, watch(), Secrets::default()).await, Verdict::Fail, Some(Reason::DnsNxdomain));
    dns.set_addresses("host.example", &["127.0.0.1".parse().unwrap()]);
    is(&look(&named, watch(), Secrets::default()).await, Verdict::Ok, None);
}

#[tokio::test]
async fn one_open_canary_is_enough_and_none_means_we_are_offline() {
    let (open, shut) = (Tcp::start(TcpPlay::Hold), Tcp::refused());
    assert!(prober_with(|options| options.canaries = vec![shut.address(), open.address()]).has_egress().await);
    assert!(!prober_with(|options| options.canaries = vec![shut.address()]).has_egress().await);
    assert!(prober_with(|_| {}).has_egress().await, "without canaries there is no doubt");
}
