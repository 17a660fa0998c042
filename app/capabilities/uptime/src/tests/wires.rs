//! A network of its own for tests of what the loopback of the whole machine never does: echoes that come late or not at all, and a
//! process that may not ping. It belongs to one thread and ends with it, so that nothing is left behind.
//!
//! Nouns: [`Echo`] (who answers pings there).

use std::net::UdpSocket;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, socket_with};
use rustix::thread::{CapabilitySet, UnshareFlags, capabilities, set_capabilities};
use testkit::fakes::Sink;

/// Said aloud, so that a run that could not prove something shows it.
pub fn skipped(why: &str) {
    eprintln!("SKIPPED: {why}");
}

/// Runs the work where only a loopback is. Needs root's rights (CAP_SYS_ADMIN) and the tool `ip`; without them it is skipped.
pub fn in_own_network(work: impl AsyncFnOnce() + Send + 'static) {
    on_own_thread(move || match own_network() {
        Ok(()) => run(work()),
        Err(why) => skipped(&format!("no network of its own for this test: {why}")),
    });
}

/// Runs the work without the right to open raw sockets, and where the system gives nobody the right to ping.
pub fn without_right_to_ping(work: impl AsyncFnOnce() + Send + 'static) {
    on_own_thread(move || {
        if let Err(why) = own_network() {
            eprintln!("the network stays the machine's: {why}");
        }
        let mut held = capabilities(None).expect("a thread may read its own rights");
        for set in [&mut held.effective, &mut held.permitted, &mut held.inheritable] {
            set.remove(CapabilitySet::NET_RAW);
        }
        set_capabilities(None, held).expect("a thread may give up rights");
        run(work());
    });
}

fn on_own_thread(work: impl FnOnce() + Send + 'static) {
    // The fakes' runtime starts here, in the machine's network: its threads serve other tests too.
    drop(Sink::start());
    if let Err(panic) = std::thread::spawn(work).join() {
        std::panic::resume_unwind(panic);
    }
}

/// Threads that the runtime starts inherit the network of this one.
fn run(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work);
}

fn own_network() -> Result<(), String> {
    #[expect(deprecated, reason = "its successor is unsafe because of flags about open files, which are not used here")]
    rustix::thread::unshare(UnshareFlags::NEWNET).map_err(|error| format!("unshare: {error}"))?;
    let up = std::process::Command::new("ip").args(["link", "set", "lo", "up"]).status().map_err(|error| format!("ip: {error}"))?;
    if up.success() { Ok(()) } else { Err("its loopback does not come up".to_owned()) }
}

/// Answers pings in place of the kernel. Ends with the runtime it was started in.
pub struct Echo {
    late: Arc<Mutex<Option<Duration>>>,
}

impl Echo {
    /// Only inside [`in_own_network`]: the kernel there falls silent.
    pub fn start() -> Self {
        std::fs::write("/proc/sys/net/ipv4/icmp_echo_ignore_all", "1").expect("the kernel leaves echoes to us");
        let raw = socket_with(AddressFamily::INET, SocketType::RAW, SocketFlags::NONBLOCK, Some(ipproto::ICMP)).expect("a raw socket");
        let socket = Arc::new(tokio::net::UdpSocket::from_std(UdpSocket::from(raw)).expect("a socket fits the runtime"));
        let late = Arc::new(Mutex::new(Some(Duration::ZERO)));
        let told = late.clone();
        tokio::spawn(async move {
            let mut packet = [0; 2_048];
            while let Ok((length, from)) = socket.recv_from(&mut packet).await {
                let (Some(reply), Some(late)) = (reply(&packet[..length]), *told.lock().unwrap()) else { continue };
                let socket = socket.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(late).await;
                    let _ = socket.send_to(&reply, from).await;
                });
            }
        });
        Self { late }
    }

    /// `None`: echoes are lost.
    pub fn answer_after(&self, late: Option<Duration>) {
        *self.late.lock().unwrap() = late;
    }
}

/// The echo reply (type 0) to an echo request (type 8), both without IP header; raw sockets give it on reading only.
fn reply(packet: &[u8]) -> Option<Vec<u8>> {
    let header = usize::from(packet.first()? & 0x0f) * 4;
    let mut echo = packet.get(header..)?.to_vec();
    if echo.len() < 8 || echo[0] != 8 {
        return None;
    }
    echo[0] = 0;
    (echo[2], echo[3]) = (0, 0);
    let words = echo.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let sum = words.sum::<u32>();
    let folded = (sum & 0xffff) + (sum >> 16);
    let checksum = !((folded & 0xffff) + (folded >> 16)) as u16;
    echo[2..4].copy_from_slice(&checksum.to_be_bytes());
    Some(echo)
}
