//! Clients that keep their connection, each with one request at a time.

use kernel::time::Stopwatch;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::corpus::Corpus;

#[derive(Default)]
pub struct Sent {
    pub accepted: u64,
    pub per_second: f64,
    /// Milliseconds.
    pub p50: f64,
    pub p99: f64,
}

pub async fn send((address, path, key): (String, String, String), corpus: &Corpus, clients: usize) -> Sent {
    let bodies: Arc<[Vec<u8>]> = corpus.bodies.clone().into();
    let next = Arc::new(AtomicUsize::new(0));
    let watch = Stopwatch::start();
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let (bodies, next, address, path, key) = (Arc::clone(&bodies), Arc::clone(&next), address.clone(), path.clone(), key.clone());
            tokio::spawn(async move { client(&address, &path, &key, &bodies, &next).await })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    let seconds = watch.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    let quantile = |q: f64| times[((times.len() as f64 * q) as usize).min(times.len() - 1)];
    Sent { accepted: times.len() as u64, per_second: times.len() as f64 / seconds, p50: quantile(0.5), p99: quantile(0.99) }
}

/// Gives the milliseconds of each request that was answered with 200; stops at any other answer.
async fn client(address: &str, path: &str, key: &str, bodies: &[Vec<u8>], next: &AtomicUsize) -> Vec<f64> {
    let mut times = Vec::new();
    let mut connection = None;
    while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: sentry.python/2.75.0\r\nContent-Type: application/x-sentry-envelope\r\n\
             Content-Encoding: gzip\r\nX-Sentry-Auth: Sentry sentry_key={key}, sentry_version=7, sentry_client=sentry.python/2.75.0\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        let watch = Stopwatch::start();
        let mut stream = match connection.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(address).await.unwrap();
                stream.set_nodelay(true).unwrap();
                BufReader::new(stream)
            }
        };
        stream.get_mut().write_all(&[head.as_bytes(), body].concat()).await.unwrap();
        let (code, closes) = answer(&mut stream).await;
        assert_eq!(code, 200, "an event was refused");
        times.push(watch.elapsed().as_secs_f64() * 1e3);
        connection = (!closes).then_some(stream);
    }
    times
}

async fn answer(stream: &mut BufReader<TcpStream>) -> (u16, bool) {
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    let code = line.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    let (mut length, mut closes) = (0, false);
    loop {
        line.clear();
        stream.read_line(&mut line).await.unwrap();
        let header = line.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        closes |= header.starts_with("connection:") && header.contains("close");
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    (code, closes)
}
