//! A bare port: accepts and holds, closes, resets, says something, echoes, refuses, or lets nobody in.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

use super::runtime::{self, Task};

/// What happens to a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TcpPlay {
    /// Kept open, nothing said.
    Hold,
    Close,
    /// Closed with RST.
    Reset,
    /// Says this, then stays open.
    Banner(Vec<u8>),
    /// Says it only after a while.
    LateBanner(Duration, Vec<u8>),
    Echo,
}

/// Closed when dropped.
#[derive(Debug)]
pub struct Tcp {
    address: SocketAddr,
    play: Arc<Mutex<TcpPlay>>,
    accepted: Arc<AtomicUsize>,
    task: Mutex<Option<Task>>,
}

impl Tcp {
    pub fn start(play: TcpPlay) -> Self {
        Self::start_at(runtime::loopback(), play)
    }

    /// For `[::1]:0` or a port that is known from before.
    pub fn start_at(address: SocketAddr, play: TcpPlay) -> Self {
        let listener = runtime::listen(address);
        let address = listener.local_addr().expect("a listener has an address");
        let tcp = Self { address, play: Arc::new(Mutex::new(play)), accepted: Arc::default(), task: Mutex::new(None) };
        tcp.serve(listener);
        tcp
    }

    /// A port where nobody listens: connections are refused until [`Tcp::open`].
    pub fn refused() -> Self {
        let tcp = Self::start(TcpPlay::Hold);
        tcp.close();
        tcp
    }

    /// A port whose queue is full: a connection attempt gets no answer at all and runs into its timeout.
    pub fn black_hole() -> Self {
        let _guard = runtime::handle().enter();
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(runtime::loopback()).expect("a free port");
        let listener = socket.listen(0).expect("a listener");
        let address = listener.local_addr().expect("a listener has an address");
        let (full, is_full) = std::sync::mpsc::channel();
        let task = Task::spawn(async move {
            let mut queued = Vec::new();
            // The kernel drops a SYN once the queue is full: the first attempt that gets no answer proves it.
            while let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_millis(150), TcpStream::connect(address)).await {
                queued.push(stream);
            }
            let _ = full.send(());
            std::future::pending::<()>().await;
            drop((listener, queued));
        });
        is_full.recv_timeout(Duration::from_secs(10)).expect("the queue fills up");
        Self { address, play: Arc::new(Mutex::new(TcpPlay::Hold)), accepted: Arc::default(), task: Mutex::new(Some(task)) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// For connections from now on.
    pub fn set(&self, play: TcpPlay) {
        *self.play.lock().unwrap() = play;
    }

    pub fn connections(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Refuses from now on, and drops what is open.
    pub fn close(&self) {
        *self.task.lock().unwrap() = None;
        wait_until_refused(self.address);
    }

    /// Listens again on the same port.
    pub fn open(&self) {
        self.serve(runtime::listen(self.address));
    }

    fn serve(&self, listener: TcpListener) {
        let (play, accepted) = (Arc::clone(&self.play), Arc::clone(&self.accepted));
        *self.task.lock().unwrap() = Some(Task::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                accepted.fetch_add(1, Ordering::SeqCst);
                let play = play.lock().unwrap().clone();
                connections.spawn(perform(stream, play));
                while connections.try_join_next().is_some() {}
            }
        }));
    }
}

/// An aborted task lets go of its listener a moment later, on another thread.
pub(super) fn wait_until_refused(address: SocketAddr) {
    for _ in 0..2_000 {
        // A full queue gives no answer either: only a refusal says that the listener is gone.
        let knock = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(50));
        if knock.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused) {
            return;
        }
        std::thread::yield_now();
    }
    panic!("{address} still accepts connections");
}

async fn perform(mut stream: TcpStream, play: TcpPlay) {
    match play {
        TcpPlay::Close => {}
        TcpPlay::Reset => stream.set_zero_linger().unwrap_or_default(),
        TcpPlay::Hold => drain(&mut stream).await,
        TcpPlay::Banner(bytes) => {
            let _ = stream.write_all(&bytes).await;
            drain(&mut stream).await;
        }
        TcpPlay::LateBanner(late, bytes) => {
            tokio::time::sleep(late).await;
            let _ = stream.write_all(&bytes).await;
            drain(&mut stream).await;
        }
        TcpPlay::Echo => {
            let (mut read, mut write) = stream.split();
            let _ = tokio::io::copy(&mut read, &mut write).await;
        }
    }
}

/// Reads and drops until the other side closes.
pub(super) async fn drain(stream: &mut (impl AsyncReadExt + Unpin)) {
    let mut buffer = [0; 4_096];
    while matches!(stream.read(&mut buffer).await, Ok(n) if n > 0) {}
}
