use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RecordType;

use super::{BRIEF, SOON};
use crate::fakes::{Dns, DnsPlay, Record};

/// A real client that asks the fake and nobody else.
fn client(dns: &Dns) -> TokioResolver {
    let at_port = |mut connection: ConnectionConfig| {
        connection.port = dns.address().port();
        connection
    };
    let connections = vec![at_port(ConnectionConfig::udp()), at_port(ConnectionConfig::tcp())];
    let server = NameServerConfig::new(dns.address().ip(), true, connections);
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    let options = builder.options_mut();
    (options.cache_size, options.attempts, options.timeout) = (0, 0, Duration::from_secs(5));
    builder.build().unwrap()
}

async fn addresses(dns: &Dns, name: &str) -> Result<Vec<IpAddr>, String> {
    let found = client(dns).lookup_ip(format!("{name}.")).await.map_err(|error| error.to_string())?;
    Ok(found.iter().collect())
}

async fn texts(dns: &Dns, name: &str, kind: RecordType) -> Vec<String> {
    let found = client(dns).lookup(format!("{name}."), kind).await.unwrap();
    found.answers().iter().map(|record| record.data.to_string()).collect()
}

#[tokio::test]
async fn every_type_of_record_is_answered() {
    let dns = Dns::start();
    dns.set(
        "shop.example",
        DnsPlay::Records(vec![
            Record::A("192.0.2.1".parse().unwrap()),
            Record::Aaaa("2001:db8::1".parse().unwrap()),
            Record::Mx(10, "mail.shop.example".to_owned()),
            Record::Txt("v=spf1 -all".to_owned()),
            Record::Ns("ns1.shop.example".to_owned()),
            Record::Soa("ns1.shop.example".to_owned(), 2026),
        ]),
    );
    assert_eq!(texts(&dns, "shop.example", RecordType::A).await, ["192.0.2.1"]);
    assert_eq!(texts(&dns, "Shop.Example", RecordType::AAAA).await, ["2001:db8::1"]);
    assert_eq!(texts(&dns, "shop.example", RecordType::MX).await, ["10 mail.shop.example."]);
    assert_eq!(texts(&dns, "shop.example", RecordType::TXT).await, ["v=spf1 -all"]);
    assert_eq!(texts(&dns, "shop.example", RecordType::NS).await, ["ns1.shop.example."]);
    assert!(texts(&dns, "shop.example", RecordType::SOA).await[0].starts_with("ns1.shop.example."));
    let asked = dns.log().wait_for(6, SOON).await;
    assert_eq!((asked[1].name.as_str(), asked[1].kind.as_str(), asked[1].is_tcp), ("shop.example", "AAAA", false));
}

#[tokio::test]
async fn aliases_are_followed() {
    let dns = Dns::start();
    dns.set("www.shop.example", DnsPlay::Records(vec![Record::Cname("shop.example".to_owned())]));
    dns.set_addresses("shop.example", &["192.0.2.1".parse().unwrap()]);
    assert_eq!(addresses(&dns, "www.shop.example").await, Ok(vec!["192.0.2.1".parse().unwrap()]));
    assert_eq!(texts(&dns, "www.shop.example", RecordType::CNAME).await, ["shop.example."]);
}

#[tokio::test]
async fn a_rebinding_name_changes_its_answer() {
    let dns = Dns::start();
    let turn = |text: &str| vec![Record::A(text.parse().unwrap())];
    dns.set("rebind.example", DnsPlay::InTurn(vec![turn("203.0.113.9"), turn("127.0.0.1")]));
    for expected in ["203.0.113.9", "127.0.0.1", "127.0.0.1"] {
        assert_eq!(texts(&dns, "rebind.example", RecordType::A).await, [expected]);
    }
}

#[tokio::test]
async fn what_is_cut_off_over_udp_comes_over_tcp() {
    let dns = Dns::start();
    dns.set("big.example", DnsPlay::Truncated(vec![Record::A("192.0.2.1".parse().unwrap())]));
    assert_eq!(texts(&dns, "big.example", RecordType::A).await, ["192.0.2.1"]);
    let asked = dns.log().wait_until(SOON, |question| question.is_tcp).await;
    assert_eq!(asked.name, "big.example");
}

#[tokio::test]
async fn bad_days_look_like_bad_days() {
    let dns = Dns::start();
    let records = vec![Record::A("192.0.2.1".parse().unwrap())];
    let plays = [("servfail", DnsPlay::ServFail), ("refused", DnsPlay::Refused), ("empty", DnsPlay::Empty), ("gone", DnsPlay::NxDomain)];
    for (name, play) in plays {
        dns.set(name, play);
        assert!(addresses(&dns, name).await.is_err(), "{name}");
    }
    assert!(addresses(&dns, "nobody-knows").await.unwrap_err().contains("no record"));
    for (name, play) in [("silent", DnsPlay::Silent), ("forged", DnsPlay::WrongId(records))] {
        dns.set(name, play);
        let answer = tokio::time::timeout(BRIEF, client(&dns).lookup(format!("{name}."), RecordType::A)).await;
        assert!(answer.is_err(), "{name} was answered: {answer:?}");
    }
}
