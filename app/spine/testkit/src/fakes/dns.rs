//! A name server with a table that a test fills, over UDP and TCP on one port. It also does what name servers do on bad days
//! ([`DnsPlay`]).

mod wire;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

use super::log::Log;
use super::runtime::{self, Task};
use wire::{Answer, Code};

/// What a name holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    Cname(String),
    Mx(u16, String),
    Txt(String),
    Ns(String),
    /// Primary server and serial.
    Soa(String, u32),
}

impl From<IpAddr> for Record {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => Record::A(ip),
            IpAddr::V6(ip) => Record::Aaaa(ip),
        }
    }
}

/// What the server says about a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DnsPlay {
    /// These, as far as they are of the type asked for. A CNAME is followed inside the table.
    Records(Vec<Record>),
    /// The next of these each time, then the last one again: a name that rebinds.
    InTurn(Vec<Vec<Record>>),
    NxDomain,
    ServFail,
    Refused,
    /// NOERROR without an answer.
    Empty,
    /// No answer at all.
    Silent,
    /// These, after a while.
    Late(Duration, Vec<Record>),
    /// The right answer under another query's id.
    WrongId(Vec<Record>),
    /// Over UDP cut off (TC), over TCP whole.
    Truncated(Vec<Record>),
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsQuestion {
    /// In lower case, without the last dot.
    pub name: String,
    /// `A`, `AAAA`, `MX` … or the number.
    pub kind: String,
    pub is_tcp: bool,
}

type Table = Arc<Mutex<HashMap<String, DnsPlay>>>;

/// Closed when dropped. A name that is not in the table does not exist.
#[derive(Debug)]
pub struct Dns {
    address: SocketAddr,
    table: Table,
    log: Log<DnsQuestion>,
    _task: Task,
}

impl Dns {
    pub fn start() -> Self {
        let (udp, tcp) = bind();
        let address = tcp.local_addr().expect("a listener has an address");
        let (table, log) = (Table::default(), Log::new());
        let task = Task::spawn(serve(udp, tcp, Server { table: Arc::clone(&table), log: log.clone() }));
        Self { address, table, log, _task: task }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What is said about a name from now on.
    pub fn set(&self, name: &str, play: DnsPlay) {
        self.table.lock().unwrap().insert(name.trim_end_matches('.').to_lowercase(), play);
    }

    /// A name with these addresses.
    pub fn set_addresses(&self, name: &str, addresses: &[IpAddr]) {
        self.set(name, DnsPlay::Records(addresses.iter().copied().map(Record::from).collect()));
    }

    pub fn log(&self) -> &Log<DnsQuestion> {
        &self.log
    }
}

/// UDP and TCP on the same port: the kernel picks one for TCP, which UDP may find taken.
fn bind() -> (UdpSocket, TcpListener) {
    for _ in 0..50 {
        let tcp = runtime::listen(runtime::loopback());
        let address = tcp.local_addr().expect("a listener has an address");
        if let Ok(udp) = std::net::UdpSocket::bind(address) {
            udp.set_nonblocking(true).expect("a socket can be non-blocking");
            let _guard = runtime::handle().enter();
            return (UdpSocket::from_std(udp).expect("a socket fits the runtime"), tcp);
        }
    }
    panic!("no port is free for both UDP and TCP")
}

#[derive(Clone)]
struct Server {
    table: Table,
    log: Log<DnsQuestion>,
}

async fn serve(udp: UdpSocket, tcp: TcpListener, server: Server) {
    let (udp, mut connections) = (Arc::new(udp), JoinSet::new());
    let mut packet = vec![0; 4_096];
    loop {
        tokio::select! {
            received = udp.recv_from(&mut packet) => {
                let Ok((length, from)) = received else { continue };
                let Some((late, answer)) = server.answer(&packet[..length], false) else { continue };
                let udp = Arc::clone(&udp);
                connections.spawn(async move {
                    tokio::time::sleep(late).await;
                    let _ = udp.send_to(&answer, from).await;
                });
            }
            accepted = tcp.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(converse(stream, server.clone()));
                }
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Over TCP each message is led by its length.
async fn converse(mut stream: TcpStream, server: Server) {
    while let Ok(length) = stream.read_u16().await {
        let mut packet = vec![0; usize::from(length)];
        if stream.read_exact(&mut packet).await.is_err() {
            return;
        }
        if let Some((late, answer)) = server.answer(&packet, true) {
            tokio::time::sleep(late).await;
            let length = u16::try_from(answer.len()).unwrap_or(u16::MAX);
            let sent = stream.write_all(&[&length.to_be_bytes(), answer.as_slice()].concat()).await;
            if sent.is_err() {
                return;
            }
        }
    }
}

impl Server {
    /// The answer, and how long it is held back.
    fn answer(&self, packet: &[u8], is_tcp: bool) -> Option<(Duration, Vec<u8>)> {
        let query = wire::parse(packet)?;
        self.log.push(DnsQuestion { name: query.name.clone(), kind: wire::kind_name(query.kind), is_tcp });
        let plain = |records| Answer { records, ..Answer::code(Code::NoError) };
        let mut late = Duration::ZERO;
        let answer = match self.play(&query.name) {
            None | Some(DnsPlay::NxDomain) => Answer::code(Code::NxDomain),
            Some(DnsPlay::ServFail) => Answer::code(Code::ServFail),
            Some(DnsPlay::Refused) => Answer::code(Code::Refused),
            Some(DnsPlay::Silent) => return None,
            Some(DnsPlay::Empty | DnsPlay::InTurn(_)) => Answer::code(Code::NoError),
            Some(DnsPlay::Records(records)) => plain(self.resolve(&query.name, query.kind, records)),
            Some(DnsPlay::Late(by, records)) => {
                late = by;
                plain(self.resolve(&query.name, query.kind, records))
            }
            Some(DnsPlay::WrongId(records)) => Answer { is_wrong_id: true, ..plain(self.resolve(&query.name, query.kind, records)) },
            Some(DnsPlay::Truncated(_)) if !is_tcp => Answer { is_truncated: true, ..Answer::code(Code::NoError) },
            Some(DnsPlay::Truncated(records)) => plain(self.resolve(&query.name, query.kind, records)),
        };
        Some((late, wire::encode(packet, &query, &answer)))
    }

    /// The play for a name; one that takes turns is turned into the records whose turn it is.
    fn play(&self, name: &str) -> Option<DnsPlay> {
        let mut table = self.table.lock().unwrap();
        let play = table.get_mut(name)?;
        if let DnsPlay::InTurn(turns) = play {
            let records = if turns.len() > 1 { turns.remove(0) } else { turns.first().cloned().unwrap_or_default() };
            return Some(DnsPlay::Records(records));
        }
        Some(play.clone())
    }

    /// The records of the asked type, each with its owner; CNAMEs are followed eight deep.
    fn resolve(&self, name: &str, kind: u16, records: Vec<Record>) -> Vec<(String, Record)> {
        let (mut name, mut records, mut found) = (name.to_owned(), records, Vec::new());
        for _ in 0..8 {
            found.extend(records.iter().filter(|record| wire::kind_of(record) == kind).map(|record| (name.clone(), record.clone())));
            let target = records.iter().find_map(|record| match record {
                Record::Cname(target) if kind != wire::CNAME => Some(target.to_lowercase()),
                _ => None,
            });
            let Some(target) = target else { break };
            found.push((name, Record::Cname(target.clone())));
            let Some(DnsPlay::Records(next)) = self.play(&target) else { break };
            (name, records) = (target, next);
        }
        found
    }
}
