//! Time limits, sizes, the cap and the drain, on real connections.

use super::*;
use crate::{Access, Raw, Reply};
use kernel::time::Stopwatch;

fn impatient() -> ServeOptions {
    ServeOptions { header_timeout: SHORT, body_timeout: SHORT, write_timeout: SHORT, max_body_bytes: 1_000, ..ServeOptions::standard() }
}

fn standard_routes(routes: &mut Routes<State>) {
    routes.get("/", Access::Anyone, async || "hello");
    routes.post("/echo", Access::Open, async |Raw(body): Raw| -> Reply<Vec<u8>> { Ok(body.to_vec()) });
    routes.bodies_up_to(3_000).post("/large", Access::Open, large);
    routes.get("/wait", Access::Anyone, wait);
    routes.get("/endless", Access::Anyone, async || vec![b'x'; 64 * 1_024 * 1_024]);
}

/// How much arrived, and for how much room it asked.
async fn large(request: axum::extract::Request) -> Reply<String> {
    let mut asked = 0;
    let body = crate::extract::read_growing(request.into_body(), usize::MAX, |more| {
        asked += more;
        Ok(())
    });
    Ok(format!("{} of {asked}", body.await?.len()))
}

async fn wait(crate::State(state): crate::State<State>) -> &'static str {
    state.entered.notify_one();
    state.release.notified().await;
    "done"
}

#[tokio::test]
async fn closes_a_connection_that_says_nothing() {
    let site = Site::start_with(impatient(), standard_routes).await;
    let watch = Stopwatch::start();
    let mut stream = site.connect().await;
    assert_eq!(read_to_close(&mut stream).await, b"");
    assert!(watch.elapsed() >= SHORT / 2, "{:?}", watch.elapsed());
}

#[tokio::test]
async fn closes_a_connection_that_never_ends_its_head() {
    let site = Site::start_with(impatient(), standard_routes).await;
    let mut stream = site.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nx-slow: ").await.unwrap();
    let answer = read_to_close(&mut stream).await;
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn closes_an_idle_connection_after_its_answer() {
    let site = Site::start_with(impatient(), standard_routes).await;
    let mut stream = site.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let answer = read_to_close(&mut stream).await;
    assert!(answer.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn answers_408_to_a_body_that_does_not_arrive() {
    let site = Site::start_with(impatient(), standard_routes).await;
    let mut stream = site.connect().await;
    stream.write_all(b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc").await.unwrap();
    let got = Got::read(&mut stream).await;
    assert_eq!(got.code, 408);
    assert_eq!(got.json()["error"]["message"], "The request took too long to arrive; please try again.");
}

#[tokio::test]
async fn answers_413_to_a_body_that_is_too_large_announced_or_not() {
    let site = Site::start_with(impatient(), standard_routes).await;
    for size in [1_001, 2_000, 3_000, 1_000_000] {
        let announced = format!("POST /echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {size}\r\n\r\n");
        let mut stream = site.connect().await;
        stream.write_all(announced.as_bytes()).await.unwrap();
        if size <= 2_000 {
            stream.write_all(&vec![b'x'; size]).await.unwrap();
        }
        assert_eq!(Got::read(&mut stream).await.code, 413, "announced {size}");
    }
    for chunk in ["5dc", "9c4"] {
        let size = usize::from_str_radix(chunk, 16).unwrap();
        let head = "POST /echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
        let mut stream = site.connect().await;
        stream.write_all(format!("{head}{chunk}\r\n{}\r\n0\r\n\r\n", "x".repeat(size)).as_bytes()).await.unwrap();
        assert_eq!(Got::read(&mut stream).await.code, 413, "chunked {size}");
    }
    let exact = call("POST", "/echo").body("text/plain", &"x".repeat(1_000)).send(&site).await;
    assert_eq!((exact.code, exact.body.len()), (200, 1_000));
}

#[tokio::test]
async fn a_route_may_take_larger_bodies_than_the_others() {
    let site = Site::start_with(impatient(), standard_routes).await;
    let taken = call("POST", "/large").body("text/plain", &"x".repeat(3_000)).send(&site).await;
    assert_eq!((taken.code, taken.body.as_slice()), (200, &b"3000 of 3000"[..]));
    assert_eq!(call("POST", "/large").body("text/plain", &"x".repeat(3_001)).send(&site).await.code, 413);
    assert_eq!(call("POST", "/echo").body("text/plain", &"x".repeat(3_000)).send(&site).await.code, 413);
}

#[tokio::test]
async fn refuses_a_large_body_before_it_is_sent_when_the_client_asks_first() {
    let site = Site::start_with(impatient(), standard_routes).await;
    let mut stream = site.connect().await;
    stream.write_all(b"POST /echo HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 1500\r\n\r\n").await.unwrap();
    assert!(read_to_close(&mut stream).await.starts_with(b"HTTP/1.1 413"));
}

#[tokio::test]
async fn answers_431_to_headers_that_are_too_large() {
    let site = Site::start(standard_routes).await;
    let got = call("GET", "/").with("x-large", &"x".repeat(40_000)).send(&site).await;
    assert_eq!(got.code, 431);
    assert_eq!(site.get("/").await.code, 200);
}

#[tokio::test]
async fn closes_on_a_client_that_does_not_read_its_answer() {
    let options = ServeOptions { drain: PATIENCE / 2, ..impatient() };
    let site = Site::start_with(options, standard_routes).await;
    let mut stream = site.connect().await;
    stream.write_all(b"GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    read_until(&mut stream, "HTTP/1.1 200").await;
    // Had the server kept writing, the drain would have had to cut it.
    assert_eq!(site.stop().await.cut, 0);
}

#[tokio::test]
async fn lets_a_connection_over_the_cap_wait_for_a_free_slot() {
    let site = Site::start_with(ServeOptions { max_connections: 1, ..ServeOptions::standard() }, standard_routes).await;
    let mut first = site.connect().await;
    first.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    read_until(&mut first, "hello").await;
    let mut second = site.connect().await;
    second.write_all(&call("GET", "/").bytes()).await.unwrap();
    let mut byte = [0; 1];
    assert!(tokio::time::timeout(SHORT, second.peek(&mut byte)).await.is_err(), "served beyond the cap");
    assert_eq!(site.metrics.connections(), 1);
    drop(first);
    assert_eq!(Got::read(&mut second).await.code, 200);
}

#[tokio::test]
async fn finishes_a_running_request_before_it_stops() {
    let site = Site::start(standard_routes).await;
    let mut stream = site.connect().await;
    stream.write_all(b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    site.state.entered.notified().await;
    assert_eq!(site.metrics.in_flight(), 1);
    site.stop.cancel();
    site.state.release.notify_one();
    let got = Got::read(&mut stream).await;
    assert_eq!((got.code, got.text()), (200, "done"));
    assert!(TcpStream::connect(site.address).await.is_err() || site.task.is_finished());
    assert_eq!(site.stop().await.cut, 0);
}

#[tokio::test]
async fn cuts_what_still_runs_at_the_drain_deadline() {
    let site = Site::start_with(ServeOptions { drain: SHORT, ..ServeOptions::standard() }, standard_routes).await;
    let mut stream = site.connect().await;
    stream.write_all(b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    site.state.entered.notified().await;
    let metrics = site.metrics.clone();
    assert_eq!(site.stop().await.cut, 1);
    assert_eq!(read_to_close(&mut stream).await, b"");
    assert_eq!((metrics.in_flight(), metrics.connections()), (0, 0));
}

#[tokio::test]
async fn stops_at_once_when_connections_are_only_idle() {
    let site = Site::start(standard_routes).await;
    let _silent = site.connect().await;
    let mut idle = site.connect().await;
    idle.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    read_until(&mut idle, "hello").await;
    assert_eq!(site.stop().await.cut, 0);
}
