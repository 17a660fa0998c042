use outbound::{HttpFailureKind, Outbound, OutboundOptions, Reach, Request, Resolver};

use super::{BRIEF, options, outbound, url};
use crate::fakes::{Sink, TlsPlay};

#[tokio::test]
async fn a_good_certificate_is_good_for_its_names() {
    let sink = Sink::start_tls(TlsPlay::Valid, &["shop.example"]);
    let resolver = Resolver::table([("shop.example", vec![vec![sink.address().ip()]]), ("other.example", vec![vec![sink.address().ip()]])]);
    let http = Outbound::new(OutboundOptions { resolver, ..options() }).unwrap().http;
    let send = async |host: &str| http.send(Request::get(url(&sink.url_for(host, "/")), Reach::Operator)).await;
    assert_eq!(send("shop.example").await.unwrap().code, 200);
    assert_eq!(send("127.0.0.1").await.unwrap().code, 200);
    assert_eq!(send("other.example").await.unwrap_err().kind, HttpFailureKind::Tls);
    assert!(sink.requests()[0].is_tls);
}

#[tokio::test]
async fn a_private_authority_is_trusted_only_when_given() {
    let sink = Sink::start_tls(TlsPlay::Valid, &[]);
    let http = Outbound::new(OutboundOptions { extra_ca_pem: None, ..options() }).unwrap().http;
    let failure = http.send(Request::get(url(&sink.url("/")), Reach::Operator)).await.unwrap_err();
    assert_eq!(failure.kind, HttpFailureKind::Tls, "{failure}");
}

#[tokio::test]
async fn each_bad_certificate_is_refused_by_its_name() {
    let sink = Sink::start_tls(TlsPlay::Valid, &[]);
    let cases = [
        (TlsPlay::Expired, "expired"),
        (TlsPlay::ValidUntil(2024, 2, 29), "expired"),
        (TlsPlay::NotYetValid, "not valid yet"),
        (TlsPlay::WrongName, "not valid for name"),
        (TlsPlay::SelfSigned, "UnknownIssuer"),
        (TlsPlay::MissingIntermediate, "UnknownIssuer"),
        (TlsPlay::PlainText, "corrupt message"),
    ];
    for (play, word) in cases {
        sink.set_tls(play.clone());
        let failure = outbound().http.send(Request::get(url(&sink.url("/")), Reach::Operator)).await.expect_err(word);
        assert_eq!(failure.kind, HttpFailureKind::Tls, "{play:?}: {failure}");
        assert!(failure.message.contains(word), "{play:?}: {failure}");
    }
    assert!(sink.requests().is_empty());
    sink.set_tls(TlsPlay::Valid);
    assert_eq!(outbound().http.send(Request::get(url(&sink.url("/")), Reach::Operator)).await.unwrap().code, 200);
}

#[tokio::test]
async fn a_handshake_that_stalls_or_breaks_is_not_a_matter_of_trust() {
    let sink = Sink::start_tls(TlsPlay::Silent, &[]);
    let request = Request { timeout: BRIEF, ..Request::get(url(&sink.url("/")), Reach::Operator) };
    assert_eq!(outbound().http.send(request).await.unwrap_err().kind, HttpFailureKind::Timeout);
    sink.set_tls(TlsPlay::Reset);
    let failure = outbound().http.send(Request::get(url(&sink.url("/")), Reach::Operator)).await.unwrap_err();
    assert_eq!(failure.kind, HttpFailureKind::Connect, "{failure}");
}
