//! Streams of signals: topics, the cap, and an end with the server.

use super::*;
use crate::{Access, live_handler};

fn live_route(routes: &mut Routes<State>) {
    routes.get("/live", Access::Rank(Role::Viewer), live_handler);
}

async fn listen(site: &Site, query: &str) -> TcpStream {
    let mut stream = site.connect().await;
    stream.write_all(&call("GET", &format!("/live{query}")).with("x-actor", "viewer").with("accept-encoding", "br").bytes()).await.unwrap();
    let head = read_until(&mut stream, ": listening\n\n").await;
    assert!(head.contains("content-type: text/event-stream\r\n") && !head.contains("content-encoding"), "{head}");
    stream
}

#[tokio::test]
async fn tells_a_page_of_its_topics_and_ends_with_the_server() {
    let site = Site::start(live_route).await;
    let mut some = listen(&site, "?topics=uptime,alerts").await;
    let mut all = listen(&site, "").await;
    site.state.live.signal("status");
    site.state.live.signal("uptime");
    let told = read_until(&mut some, "data: uptime\n\n").await;
    assert!(!told.contains("status"), "{told}");
    let told = read_until(&mut all, "data: uptime\n\n").await;
    assert!(told.contains("data: status\n\n"), "{told}");
    assert_eq!(site.stop().await.cut, 0);
    assert!(read_to_close(&mut some).await.ends_with(b"0\r\n\r\n"), "the stream ends properly");
}

#[tokio::test]
async fn never_opens_more_streams_than_its_cap() {
    let site = Site::start(live_route).await;
    let first = listen(&site, "").await;
    let _second = listen(&site, "?topics=uptime&topics=alerts").await;
    assert_eq!(site.state.live.streams(), 2);
    let third = call("GET", "/live").with("x-actor", "viewer").send(&site).await;
    assert_eq!(third.code, 503);
    drop(first);
    while site.state.live.streams() == 2 {
        site.state.live.signal("uptime");
        tokio::task::yield_now().await;
    }
    listen(&site, "").await;
}

#[tokio::test]
async fn says_that_it_is_still_here_when_nothing_happens() {
    let live = Live::with(LiveOptions { max_streams: 1, keep_alive: SHORT / 10 }, CancellationToken::new());
    let response = live.stream(Vec::new()).unwrap();
    let mut body = response.into_body();
    for wanted in ["retry: 2000\n: listening\n\n", ": still here\n\n", ": still here\n\n"] {
        let frame = http_body_util::BodyExt::frame(&mut body).await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), wanted);
    }
}

#[tokio::test]
async fn tells_a_reader_that_lagged_that_everything_may_have_changed() {
    let live = Live::new(CancellationToken::new());
    let mut body = live.stream(vec!["uptime".into(), "bad\ndata: forged".into()]).unwrap().into_body();
    http_body_util::BodyExt::frame(&mut body).await.unwrap().unwrap();
    for _ in 0..1_000 {
        live.signal("status");
    }
    let frame = http_body_util::BodyExt::frame(&mut body).await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "data: uptime\n\ndata: bad data: forged\n\n");
}

#[tokio::test]
async fn tells_each_topic_once_however_often_it_was_signalled() {
    let live = Live::new(CancellationToken::new());
    let mut body = live.stream(Vec::new()).unwrap().into_body();
    http_body_util::BodyExt::frame(&mut body).await.unwrap().unwrap();
    for topic in ["uptime", "status", "uptime", "uptime"] {
        live.signal(topic);
    }
    let frame = http_body_util::BodyExt::frame(&mut body).await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "data: uptime\n\ndata: status\n\n");
}
