//! Over real sockets: framings of HTTP that SDKs use, and addresses behind a proxy.

use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use web::{Front, HotPages, ServeOptions};

use super::*;

pub(super) async fn serve(site: &Site) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let front = Front { router: site.router.clone(), hot: HotPages::new(false), metrics: Metrics::default() };
    tokio::spawn(web::serve(listener, front, ServeOptions::standard(), CancellationToken::new()));
    address
}

/// Sends these bytes and reads until the other side has said everything.
pub(super) async fn talk(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn path(site: &Site) -> String {
    format!("{}?sentry_key={KEY}", site.path("envelope/"))
}

#[tokio::test]
async fn chunked_http_1_0_and_asking_first_all_arrive() {
    let site = Site::new().await;
    let address = serve(&site).await;
    let path = path(&site);
    let body = |at: u8| event(&format!("{at:032x}"), "boom");
    let (first, second) = (body(1), body(2));
    let chunked = format!(
        "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n",
        20,
        &first[..20],
        first.len() - 20,
        &first[20..]
    );
    assert!(talk(address, chunked.as_bytes()).await.starts_with("HTTP/1.1 200"), "chunks without a length, as Node sends them");
    let old = format!("POST {path} HTTP/1.0\r\nhost: a\r\ncontent-length: {}\r\n\r\n{second}", second.len());
    assert!(talk(address, old.as_bytes()).await.contains(" 200 "), "HTTP/1.0");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let third = body(3);
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", third.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n", "as libcurl waits for it");
    stream.write_all(third.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(site.items().len(), 3);
}

#[tokio::test]
async fn one_connection_carries_one_report_after_another() {
    let site = Site::new().await;
    let mut stream = TcpStream::connect(serve(&site).await).await.unwrap();
    for at in 1..=50 {
        let body = event(&format!("{at:032x}"), "boom");
        let head = format!("POST {} HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n", path(&site), body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\"}") {
            let mut piece = [0; 2_048];
            let count = stream.read(&mut piece).await.unwrap();
            assert!(count > 0, "the server hung up: {}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&piece[..count]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    }
    assert_eq!(site.items().len(), 50);
}

#[tokio::test]
async fn an_envelope_may_be_larger_than_anything_else_and_has_an_end() {
    let site = Site::new().await;
    let address = serve(&site).await;
    let large = format!("{}{}", event(ID, "boom"), lines(&[r#"{"type":"attachment"}"#, &"x".repeat(19 << 20)]));
    let head = |length: usize| format!("POST {} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n", path(&site));
    let answer = talk(address, format!("{}{large}", head(large.len())).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head(26 << 20).as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413", "an announced size is judged before a byte of it comes");
    assert_eq!(site.kinds(), [Kind::Event, Kind::Attachment]);
}

#[tokio::test]
async fn behind_a_proxy_of_ours_the_address_is_the_clients_and_left_of_it_nothing_counts() {
    let site = Site::new().await;
    let address = serve(&site).await;
    for (at, forwarded) in [(1, "203.0.113.9"), (2, "6.6.6.6, 203.0.113.9"), (3, "6.6.6.6, garbage")] {
        let body = event(&format!("{at:032x}"), "boom");
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-forwarded-for: {forwarded}\r\ncontent-length: {}\r\n\r\n",
            path(&site),
            body.len()
        );
        assert!(talk(address, format!("{head}{body}").as_bytes()).await.starts_with("HTTP/1.1 200"));
    }
    let addresses: Vec<Option<String>> = site.items().into_iter().map(|item| item.head.address).collect();
    assert_eq!(addresses, [Some("203.0.113.9".to_owned()), Some("203.0.113.9".to_owned()), Some("127.0.0.1".to_owned())]);
}

#[tokio::test]
async fn a_report_that_breaks_off_leaves_nothing_behind() {
    let site = Site::new().await;
    let address = serve(&site).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("POST {} HTTP/1.1\r\nhost: a\r\ncontent-length: 5000\r\n\r\n{{}}\n", path(&site));
    stream.write_all(head.as_bytes()).await.unwrap();
    drop(stream);
    // Another request goes through meanwhile; the broken one gives back its share as soon as its end is seen.
    let body = event(ID, "boom");
    let whole = format!("POST {} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", path(&site), body.len());
    assert!(talk(address, whole.as_bytes()).await.starts_with("HTTP/1.1 200"));
    while site.door.requests() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(site.items().len(), 1);
}
