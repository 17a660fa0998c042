//! The client's address behind proxies, and in front of them whatever the client wrote.

use super::*;
use crate::peer::resolve;
use crate::{Access, Peer};
use ipnet::IpNet;

fn peer(socket: &str, forwarded: &[&str]) -> String {
    let trusted: Vec<IpNet> = ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"].map(|net| net.parse().unwrap()).to_vec();
    let mut headers = HeaderMap::new();
    for line in forwarded {
        headers.append("x-forwarded-for", HeaderValue::from_str(line).unwrap());
    }
    resolve(socket.parse().unwrap(), &headers, &trusted).0.to_string()
}

#[test]
fn believes_only_what_trusted_proxies_added() {
    for (socket, forwarded, client) in [
        ("203.0.113.5", &[][..], "203.0.113.5"),
        ("203.0.113.5", &["198.51.100.1"], "203.0.113.5"),
        ("127.0.0.1", &[], "127.0.0.1"),
        ("127.0.0.1", &["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", &["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", &["1.2.3.4", "198.51.100.1, 10.1.1.1"], "198.51.100.1"),
        ("127.0.0.1", &["10.0.0.9, 10.1.1.1"], "10.0.0.9"),
        ("127.0.0.1", &["198.51.100.1, nonsense"], "127.0.0.1"),
        ("127.0.0.1", &["198.51.100.1, nonsense, 10.1.1.1"], "10.1.1.1"),
        ("127.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
        ("127.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1"),
        ("127.0.0.1", &["[2001:db8::1]"], "2001:db8::1"),
        ("127.0.0.1", &["2001:db8::1, fd00::7"], "2001:db8::1"),
        ("::ffff:127.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", &[""], "127.0.0.1"),
    ] {
        assert_eq!(peer(socket, forwarded), client, "{socket} {forwarded:?}");
    }
}

#[test]
fn addresses_of_one_customer_share_a_limit() {
    let key = |address: &str| Peer(address.parse().unwrap()).limit_key();
    assert_eq!(key("2001:db8:1:2:3::4"), key("2001:db8:1:2:ffff::9"));
    assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
    assert_eq!(key("203.0.113.5"), "203.0.113.5");
}

#[tokio::test]
async fn a_handler_sees_the_client_and_not_the_proxy() {
    let site = Site::start(|routes| routes.get("/me", Access::Anyone, async |peer: Peer| peer.0.to_string())).await;
    let got = call("GET", "/me").with("x-forwarded-for", "6.6.6.6, 198.51.100.1").send(&site).await;
    assert_eq!(got.text(), "198.51.100.1");
    assert_eq!(site.get("/me").await.text(), "127.0.0.1");
}
