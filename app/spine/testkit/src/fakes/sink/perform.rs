//! The plays, on the wire.

use std::io::{self, Write as _};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::wire::{Recorded, Reply, head};
use super::{Line, Play, drain};

/// Whether the connection goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    Next,
    Close,
}

pub async fn perform<L: Line>(stream: &mut BufReader<L>, request: &Recorded, play: Play) -> After {
    let done = match play {
        Play::Answer(reply) => answer(stream, request, &reply).await,
        Play::TooMany(seconds) => {
            let reply = Reply::text(429, "Too Many Requests").header("Retry-After", seconds.to_string());
            answer(stream, request, &reply).await
        }
        Play::Redirect(code, to) => answer(stream, request, &Reply::new(code).header("Location", to)).await,
        Play::RedirectLoop => answer(stream, request, &Reply::new(302).header("Location", same_address(request))).await,
        Play::GzipBomb(mebibytes) => answer(stream, request, &bomb(mebibytes)).await,
        Play::SlowFirstByte(delay, reply) => {
            sleep(delay).await;
            answer(stream, request, &reply).await
        }
        play => misbehave(stream, play).await.map(|()| After::Close),
    };
    done.unwrap_or(After::Close)
}

async fn answer<L: Line>(stream: &mut BufReader<L>, request: &Recorded, reply: &Reply) -> io::Result<After> {
    let mut bytes = reply.head();
    if request.method != "HEAD" {
        bytes.extend_from_slice(&reply.body);
    }
    stream.write_all(&bytes).await?;
    stream.flush().await?;
    let says_close = |value: Option<&str>| value.is_some_and(|value| value.eq_ignore_ascii_case("close"));
    let own = reply.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("connection")).map(|(_, value)| value.as_str());
    if says_close(request.header("connection")) || says_close(own) {
        stream.shutdown().await?;
        return Ok(After::Close);
    }
    Ok(After::Next)
}

/// Everything after which the connection cannot be used again.
async fn misbehave<L: Line>(stream: &mut BufReader<L>, play: Play) -> io::Result<()> {
    let ends_with_reset = matches!(play, Play::Reset | Play::ResetInBody(_));
    match play {
        Play::Hang => drain(stream).await,
        Play::Reset => stream.get_ref().reset(),
        Play::SlowBody(pause, reply) => {
            stream.write_all(&reply.head()).await?;
            drip(stream, &reply.body, pause).await?;
        }
        Play::SlowHead(pause, reply) => {
            drip(stream, &reply.head(), pause).await?;
            stream.write_all(&reply.body).await?;
        }
        Play::HangInBody(reply) => {
            stream.write_all(&reply.head()).await?;
            stream.write_all(&reply.body[..reply.body.len() / 2]).await?;
            stream.flush().await?;
            drain(stream).await;
        }
        Play::ResetInBody(reply) => {
            stream.write_all(&reply.head()).await?;
            stream.write_all(&reply.body[..reply.body.len() / 2]).await?;
            stream.flush().await?;
            // RST overtakes what was sent; the client shows by reading on that it has got the head.
            sleep(Duration::from_millis(50)).await;
            stream.get_ref().reset();
        }
        Play::Endless => {
            stream.write_all(&head(200, [("Transfer-Encoding".to_owned(), "chunked".to_owned())].iter())).await?;
            let chunk = [b"1000\r\n".as_slice(), &[b'x'; 4_096], b"\r\n"].concat();
            loop {
                stream.write_all(&chunk).await?;
            }
        }
        Play::Oversized(size) => {
            stream.write_all(&head(200, [("Content-Length".to_owned(), size.to_string())].iter())).await?;
            let block = [b'x'; 8_192];
            let mut left = size;
            while left > 0 {
                stream.write_all(&block[..left.min(block.len())]).await?;
                left = left.saturating_sub(block.len());
            }
        }
        Play::Malformed => stream.write_all(b"220 this is not HTTP, good luck\r\n\r\n").await?,
        Play::WrongLength => {
            stream.write_all(&head(200, [("Content-Length".to_owned(), "1000".to_owned())].iter())).await?;
            stream.write_all(b"short").await?;
        }
        _ => {}
    }
    stream.flush().await?;
    if ends_with_reset { Ok(()) } else { stream.shutdown().await }
}

async fn drip<L: Line>(stream: &mut BufReader<L>, bytes: &[u8], pause: Duration) -> io::Result<()> {
    for byte in bytes {
        stream.write_all(&[*byte]).await?;
        stream.flush().await?;
        sleep(pause).await;
    }
    Ok(())
}

fn same_address(request: &Recorded) -> String {
    if request.query.is_empty() { request.path.clone() } else { format!("{}?{}", request.path, request.query) }
}

fn bomb(mebibytes: usize) -> Reply {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..mebibytes {
        encoder.write_all(&zeros).expect("memory takes it");
    }
    Reply::new(200).header("Content-Encoding", "gzip").body(encoder.finish().expect("memory takes it"))
}

/// What a plain HTTP server says to a ClientHello.
pub async fn plain_text(stream: &mut TcpStream) {
    let mut hello = [0; 1_024];
    let _ = stream.read(&mut hello).await;
    let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
    let _ = stream.shutdown().await;
}
