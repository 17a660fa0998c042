use std::net::SocketAddr;
use std::time::Duration;

use outbound::{
    Answer, GuardOptions, HttpFailure, HttpFailureKind, Method, Outbound, OutboundOptions, Reach, Request, Resolver, retry_after,
};

use super::{BRIEF, NOW, SOON, options, outbound, url};
use crate::fakes::{Play, Reply, Sink, Tcp};

async fn get(sink: &Sink, reach: Reach) -> Result<Answer, HttpFailure> {
    outbound().http.send(Request::get(url(&sink.url("/s3cret?token=s3cret")), reach)).await
}

/// An outbound to which this socket counts as a public one.
fn where_public(sockets: &[SocketAddr], resolver: Resolver) -> Outbound {
    let guard = GuardOptions { extra_allowed: sockets.to_vec(), ..GuardOptions::strict() };
    Outbound::new(OutboundOptions { guard, resolver, ..options() }).unwrap()
}

#[tokio::test]
async fn a_request_arrives_as_it_was_given() {
    let sink = Sink::start();
    let request = Request { body: b"hello".to_vec(), ..Request::new(Method::PUT, url(&sink.url("/a/b?c=d")), Reach::Webhook) };
    let answer = outbound().http.send(request.header("X-Note", "one").header("X-Note", "two")).await.unwrap();
    assert_eq!((answer.code, answer.body.as_slice()), (200, b"ok".as_slice()));
    let seen = &sink.wait_for(1, SOON).await[0];
    assert_eq!((seen.method.as_str(), seen.path.as_str(), seen.query.as_str(), seen.text().as_str()), ("PUT", "/a/b", "c=d", "hello"));
    assert_eq!(seen.headers.iter().filter(|(name, _)| name == "x-note").count(), 2);
    assert_eq!(seen.header("User-Agent"), Some("Hermetic/test"));
}

#[tokio::test]
async fn every_code_is_an_answer_and_says_how_long_to_wait() {
    let sink = Sink::start();
    sink.queue([Play::code(404), Play::code(503), Play::TooMany(17)]);
    assert_eq!(get(&sink, Reach::Webhook).await.unwrap().code, 404);
    assert_eq!(get(&sink, Reach::Webhook).await.unwrap().code, 503);
    let answer = get(&sink, Reach::Webhook).await.unwrap();
    assert_eq!((answer.code, retry_after(&answer, NOW)), (429, Some(Duration::from_secs(17))));
}

#[tokio::test]
async fn no_cookie_is_kept() {
    let sink = Sink::start();
    sink.set(Play::Answer(Reply::new(200).header("Set-Cookie", "a=b; Path=/")));
    let http = outbound().http;
    for _ in 0..2 {
        http.send(Request::get(url(&sink.url("/")), Reach::Operator)).await.unwrap();
    }
    assert!(sink.requests().iter().all(|request| request.header("cookie").is_none()));
    assert_eq!(sink.connections(), 1, "an operator's connection is used again");
}

#[tokio::test]
async fn whatever_never_ends_ends_on_time() {
    let reply = Reply::new(200).body("x".repeat(1_000));
    let plays = [
        Play::Hang,
        Play::SlowFirstByte(Duration::from_secs(60), reply.clone()),
        Play::SlowBody(Duration::from_millis(50), reply.clone()),
        Play::SlowHead(Duration::from_millis(50), reply.clone()),
        Play::HangInBody(reply),
    ];
    for play in plays {
        let sink = Sink::start();
        sink.set(play.clone());
        let request = Request { timeout: BRIEF, ..Request::get(url(&sink.url("/s3cret")), Reach::Webhook) };
        let failure = outbound().http.send(request).await.expect_err(&format!("{play:?}"));
        assert_eq!(failure.kind, HttpFailureKind::Timeout, "{play:?}: {failure}");
        assert!(failure.message.contains("within 300 ms"), "{failure}");
        assert!(!failure.message.contains("s3cret") && !failure.is_permanent());
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_said_to_be_broken() {
    for play in [Play::Reset, Play::Close, Play::WrongLength, Play::ResetInBody(Reply::new(200).body("x".repeat(1_000)))] {
        let sink = Sink::start();
        sink.set(play.clone());
        let failure = get(&sink, Reach::Webhook).await.expect_err(&format!("{play:?}"));
        assert_eq!(failure.kind, HttpFailureKind::Connect, "{play:?}: {failure}");
        assert!(!failure.message.contains("s3cret"), "{failure}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_said_so() {
    let sink = Sink::start();
    sink.set(Play::Malformed);
    let failure = get(&sink, Reach::Webhook).await.unwrap_err();
    assert_eq!(failure.kind, HttpFailureKind::Other, "{failure}");
}

#[tokio::test]
async fn a_closed_port_refuses_and_a_full_one_times_out() {
    let send = async |port: u16, limits| {
        let http = Outbound::new(OutboundOptions { limits, ..options() }).unwrap().http;
        http.send(Request::get(url(&format!("http://127.0.0.1:{port}/")), Reach::Operator)).await.unwrap_err()
    };
    let house = outbound::Limits::HOUSE;
    let refused = send(Tcp::refused().port(), house).await;
    assert_eq!(refused.kind, HttpFailureKind::Connect, "{refused}");
    let hole = Tcp::black_hole();
    let silent = send(hole.port(), outbound::Limits { connect: BRIEF, ..house }).await;
    assert_eq!(silent.kind, HttpFailureKind::Timeout, "{silent}");
}

#[tokio::test]
async fn a_body_ends_at_the_cap_however_it_comes() {
    for play in [Play::Endless, Play::Oversized(64 << 20), Play::GzipBomb(32)] {
        for (reach, cap) in [(Reach::Webhook, 1 << 20), (Reach::Stranger, 64 << 10)] {
            let sink = Sink::start();
            sink.set(play.clone());
            let http = where_public(&[sink.address()], Resolver::System).http;
            let answer = http.send(Request::get(url(&sink.url("/")), reach)).await.unwrap();
            assert_eq!((answer.code, answer.body.len()), (200, cap), "{play:?} {reach:?}");
        }
    }
}

#[tokio::test]
async fn an_operators_redirects_are_followed_five_deep() {
    let sink = Sink::start();
    sink.queue((1..=5).map(|step| Play::Redirect(302, format!("/step/{step}"))));
    assert_eq!(get(&sink, Reach::Operator).await.unwrap().code, 200);
    assert_eq!(sink.requests().last().unwrap().path, "/step/5");
    sink.log().clear();
    sink.set(Play::RedirectLoop);
    let failure = get(&sink, Reach::Operator).await.unwrap_err();
    assert_eq!(failure.kind, HttpFailureKind::Other);
    assert!(failure.message.contains("more than 5 times"), "{failure}");
    assert_eq!(sink.requests().len(), 6);
}

#[tokio::test]
async fn webhooks_and_strangers_get_the_redirect_itself() {
    let (sink, elsewhere) = (Sink::start(), Sink::start());
    sink.set(Play::Redirect(307, elsewhere.url("/")));
    for reach in [Reach::Webhook, Reach::Stranger] {
        let http = where_public(&[sink.address(), elsewhere.address()], Resolver::System).http;
        let answer = http.send(Request::get(url(&sink.url("/")), reach)).await.unwrap();
        assert_eq!(answer.code, 307);
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_redirect_into_cloud_metadata_is_blocked_at_that_hop() {
    let name = "metadata.example";
    let resolver = Resolver::table([(name, vec![vec!["169.254.169.254".parse().unwrap()]])]);
    let http = where_public(&[], resolver).http;
    for to in ["http://169.254.169.254/latest/", "http://[::ffff:a9fe:a9fe]/", "http://2852039166/", "http://metadata.example/"] {
        let sink = Sink::start();
        sink.set(Play::Redirect(302, to.to_owned()));
        let failure = http.send(Request::get(url(&sink.url("/")), Reach::Operator)).await.expect_err(to);
        assert_eq!(failure.kind, HttpFailureKind::Blocked, "{to}: {failure}");
        assert_eq!(sink.requests().len(), 1);
    }
}

#[tokio::test]
async fn credentials_stay_with_the_origin_they_were_meant_for() {
    let (sink, elsewhere) = (Sink::start(), Sink::start());
    sink.queue([Play::Redirect(307, "/same".to_owned()), Play::Redirect(307, elsewhere.url("/other"))]);
    let request = Request::get(url(&sink.url("/")), Reach::Operator).header("Authorization", "Bearer s3cret").header("X-Api-Key", "s3cret");
    outbound().http.send(request).await.unwrap();
    assert!(sink.requests().iter().all(|seen| seen.header("authorization") == Some("Bearer s3cret")));
    let seen = &elsewhere.requests()[0];
    assert!(seen.headers.iter().all(|(_, value)| !value.contains("s3cret")), "{seen:?}");
}

#[tokio::test]
async fn a_stranger_reaches_neither_this_machine_nor_other_ports() {
    let sink = Sink::start();
    let failure = get(&sink, Reach::Stranger).await.unwrap_err();
    assert_eq!(failure.kind, HttpFailureKind::Blocked, "{failure}");
    let resolver = Resolver::table([("inside.example", vec![vec![sink.address().ip()]])]);
    let http = where_public(&[], resolver).http;
    let failure = http.send(Request::get(url(&sink.url_for("inside.example", "/")), Reach::Stranger)).await.unwrap_err();
    assert_eq!(failure.kind, HttpFailureKind::Blocked, "{failure}");
    assert_eq!(sink.connections(), 0);
}

#[tokio::test]
async fn a_name_that_rebinds_is_judged_by_the_address_that_is_dialled() {
    // The first address stands for a public one; the second is this machine's own, on the same port.
    let public = Sink::start();
    let inside = Sink::start_at(SocketAddr::new("127.0.0.2".parse().unwrap(), public.port()));
    let turns = vec![vec![public.address().ip()], vec![inside.address().ip()]];
    let resolver = Resolver::table([("rebind.example", turns)]);
    let http = where_public(&[public.address()], resolver).http;
    let request = Request::get(url(&public.url_for("rebind.example", "/")), Reach::Stranger);
    assert_eq!(http.send(request.clone()).await.unwrap().code, 200);
    let failure = http.send(request).await.unwrap_err();
    assert_eq!(failure.kind, HttpFailureKind::Blocked, "{failure}");
    assert_eq!((public.requests().len(), inside.connections()), (1, 0));
}

#[tokio::test]
async fn only_the_open_addresses_of_a_name_are_dialled() {
    let public = Sink::start();
    let inside = Sink::start_at(SocketAddr::new("127.0.0.2".parse().unwrap(), public.port()));
    let resolver = Resolver::table([("both.example", vec![vec![inside.address().ip(), public.address().ip()]])]);
    let http = where_public(&[public.address()], resolver).http;
    let request = Request::get(url(&public.url_for("both.example", "/")), Reach::Stranger);
    assert_eq!(http.send(request).await.unwrap().code, 200);
    assert_eq!((public.requests().len(), inside.connections()), (1, 0));
}

#[tokio::test]
async fn a_sink_can_go_away_and_come_back() {
    let sink = Sink::start();
    sink.close();
    assert_eq!(get(&sink, Reach::Operator).await.unwrap_err().kind, HttpFailureKind::Connect);
    sink.open();
    assert_eq!(get(&sink, Reach::Operator).await.unwrap().code, 200);
    let address = sink.address();
    drop(sink);
    crate::fakes::tcp::wait_until_refused(address);
}
