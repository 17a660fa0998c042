use std::net::{IpAddr, SocketAddr};

use crate::guard::{GuardOptions, Reach, Why, verdict};

const NOT_PUBLIC: [&str; 52] = [
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.0.1",
    "169.254.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.7",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.9",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:192.168.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:2f::1",
    "2001:db8::1",
    "2001:1ff::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fdff:ffff::1",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "4000::1",
];

const PUBLIC: [&str; 14] = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "198.17.255.255",
    "198.20.0.1",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "2606:4700:4700::1111",
    "2a00:1450::1",
];

const METADATA: [&str; 16] = [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "169.254.42.42",
    "169.254.0.23",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd20:ce::254",
    "fd00:42::42",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::",
];

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn strangers_reach_public_addresses_only() {
    for text in NOT_PUBLIC {
        let blocked = verdict(ip(text), Reach::Stranger).expect_err(text);
        assert!(matches!(blocked.why, Why::NotPublic(_)), "{text}: {blocked}");
    }
    for text in PUBLIC {
        assert_eq!(verdict(ip(text), Reach::Stranger), Ok(()), "{text}");
    }
}

#[test]
fn operators_reach_their_own_networks() {
    for text in NOT_PUBLIC.iter().chain(&PUBLIC) {
        assert_eq!(verdict(ip(text), Reach::Operator), Ok(()), "{text}");
        assert_eq!(verdict(ip(text), Reach::Webhook), Ok(()), "{text}");
    }
}

#[test]
fn nobody_reaches_cloud_metadata() {
    for text in METADATA {
        for reach in [Reach::Operator, Reach::Webhook, Reach::Stranger] {
            let blocked = verdict(ip(text), reach).expect_err(text);
            assert_eq!(blocked.why, Why::CloudMetadata, "{text}");
        }
    }
    // Teredo hides the client's address inverted.
    assert!(verdict(ip("2001:0:1:2:3:4:5601:5601"), Reach::Operator).is_err());
}

#[test]
fn a_strangers_port_is_80_or_443() {
    let guard = GuardOptions::strict();
    let socket = |text: &str| text.parse::<SocketAddr>().unwrap();
    assert_eq!(guard.verdict(socket("8.8.8.8:443"), Reach::Stranger), Ok(()));
    assert_eq!(guard.verdict(socket("8.8.8.8:80"), Reach::Stranger), Ok(()));
    let blocked = guard.verdict(socket("8.8.8.8:22"), Reach::Stranger).unwrap_err();
    assert_eq!(blocked.why, Why::Port(22));
    assert_eq!(guard.verdict(socket("8.8.8.8:22"), Reach::Operator), Ok(()));
    assert!(guard.allows_port(22, Reach::Webhook));
}

#[test]
fn an_exception_is_one_socket_and_no_more() {
    let guard = GuardOptions { extra_allowed: vec!["127.0.0.1:5000".parse().unwrap()], ..GuardOptions::strict() };
    let verdict = |text: &str| guard.verdict(text.parse().unwrap(), Reach::Stranger);
    assert_eq!(verdict("127.0.0.1:5000"), Ok(()));
    assert_eq!(verdict("[::ffff:127.0.0.1]:5000"), Ok(()));
    assert!(verdict("127.0.0.1:80").is_err());
    assert!(verdict("127.0.0.2:5000").is_err());
    assert!(verdict("8.8.8.8:5000").is_err());
    let metadata = GuardOptions { extra_allowed: vec!["127.0.0.1:5000".parse().unwrap()], ..GuardOptions::strict() };
    assert!(metadata.verdict("169.254.169.254:5000".parse().unwrap(), Reach::Operator).is_err());
}
