//! From addresses to a connected socket: each address passes the policy first, then they are tried one after another with a
//! head start of 250 ms (happy eyeballs, RFC 8305 in small).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::{TcpSocket, TcpStream};

use super::{Part, Prober, Trace, Word};
use crate::model::check::Reason;
use crate::model::watch::IpChoice;

const HEAD_START: Duration = Duration::from_millis(250);
/// More addresses of one name than these are not tried.
const MOST: usize = 4;
/// Left alone, the system buffers more than the largest request that a monitor may send (64 KiB): nothing would ever be slow to send,
/// and a server that takes nothing would look like one that does not answer.
const SEND_BUFFER: u32 = 16 * 1024;

/// Resolves, checks and connects; what was dialled is noted in the trace.
pub async fn connect(prober: &Prober, host: &str, port: u16, choice: IpChoice, trace: &mut Trace) -> Result<TcpStream, Word> {
    let addresses = prober.names.addresses(host, choice, trace).await?;
    let allowed = permitted(prober, &addresses)?;
    let targets: Vec<SocketAddr> = interleaved(&allowed).into_iter().take(MOST).map(|ip| SocketAddr::new(ip, port)).collect();
    // Noted before the attempt: a failure, too, shall say where it was looked for.
    trace.seen.address = targets.first().map(SocketAddr::to_string);
    let (stream, address) = trace.phase(Part::Connect, Reason::ConnectTimeout, race(targets)).await?;
    trace.seen.address = Some(address.to_string());
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

pub fn permitted(prober: &Prober, addresses: &[IpAddr]) -> Result<Vec<IpAddr>, Word> {
    let refusal = |ip: &IpAddr| prober.policy.refusal(*ip);
    let allowed: Vec<IpAddr> = addresses.iter().filter(|ip| refusal(ip).is_none()).copied().collect();
    match addresses.iter().find_map(refusal) {
        Some(why) if allowed.is_empty() => Err(Word::new(Reason::PolicyBlocked, why)),
        _ => Ok(allowed),
    }
}

/// v6 and v4 by turns, v6 first.
fn interleaved(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let (v6, v4): (Vec<&IpAddr>, Vec<&IpAddr>) = addresses.iter().partition(|ip| ip.is_ipv6());
    let mut mixed = Vec::with_capacity(addresses.len());
    for turn in 0..v6.len().max(v4.len()) {
        mixed.extend(v6.get(turn).into_iter().chain(v4.get(turn)).map(|ip| **ip));
    }
    mixed
}

async fn race(targets: Vec<SocketAddr>) -> Result<(TcpStream, SocketAddr), Word> {
    let mut waiting = targets.into_iter();
    let mut running = FuturesUnordered::new();
    let mut failure = Word::new(Reason::ConnectUnreachable, "There is no address to connect to.");
    loop {
        if let Some(next) = waiting.next() {
            running.push(async move { (next, open(next).await) });
        }
        let done = if waiting.len() > 0 { tokio::time::timeout(HEAD_START, running.next()).await } else { Ok(running.next().await) };
        match done {
            Ok(Some((address, Ok(stream)))) => return Ok((stream, address)),
            Ok(Some((address, Err(error)))) => failure = connect_failure(&error, address),
            Ok(None) if waiting.len() == 0 => return Err(failure),
            // The head start is over, or nothing runs: the next one joins.
            Ok(None) | Err(_) => {}
        }
    }
}

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.connect(address).await
}

fn connect_failure(error: &io::Error, address: SocketAddr) -> Word {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            Word::new(Reason::ConnectRefused, format!("{address} refused the connection: nothing listens there."))
        }
        io::ErrorKind::TimedOut => Word::new(Reason::ConnectTimeout, format!("{address} did not answer in time.")),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
            Word::new(Reason::ConnectReset, format!("{address} cut the connection."))
        }
        _ => Word::new(Reason::ConnectUnreachable, format!("{address} cannot be reached: {error}.")),
    }
}

/// What an error on an open connection means.
pub fn stream_failure(error: &io::Error) -> Word {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => Word::plain(Reason::ConnectReset),
        io::ErrorKind::UnexpectedEof => Word::new(Reason::ConnectReset, "The other side closed the connection too early."),
        io::ErrorKind::TimedOut => Word::plain(Reason::ConnectTimeout),
        _ => Word::new(Reason::ConnectReset, format!("The connection failed: {error}.")),
    }
}
