//! One database, copied while it is written: commits wake the capture, captured files wake the destinations, and what lies
//! about is merged, thinned and snapshot in their wake. Nothing runs on a timer while nothing is committed.
//!
//! - [`Replica`]: the handle: how far the copies are ([`Status`]), wait for them ([`Replica::reached`])
//! - [`Destination`]: where a copy goes; each has its own cursor, none waits for another
//! - [`Options`]: how long commits are gathered, what is kept

mod capturing;
mod lineage;
mod shipping;
mod status;
mod tending;

use kernel::{Clock, Error, Result, Time};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::capture::Capture;
use crate::files::{Entry, Listing};
use crate::lease::Owner;
use crate::levels::Windows;
use crate::source::Source;
use crate::store::Store;

pub use shipping::list_store;
pub use status::{DestinationStatus, Status};

#[derive(Debug, Clone)]
pub struct Options {
    /// A pause between commits after which they are sent.
    pub idle: Duration,
    /// Commits that never pause are sent this often.
    pub gather: Duration,
    /// The log is moved into the database when it has this many bytes, all of them in the spool.
    pub checkpoint_bytes: u64,
    pub windows: Windows,
    /// How often a whole database is stored.
    pub snapshot_every: Duration,
    /// The pause after a failed try; it doubles, up to ten times as long.
    pub retry: Duration,
    /// Above this, all that waits for a destination is joined into one file.
    pub spool_bytes: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            idle: Duration::from_millis(20),
            gather: Duration::from_millis(140),
            checkpoint_bytes: 4 << 20,
            windows: Windows::default(),
            snapshot_every: kernel::time::DAY,
            retry: Duration::from_secs(1),
            spool_bytes: 1 << 30,
        }
    }
}

/// Where a copy goes.
#[derive(Debug, Clone)]
pub struct Destination {
    /// What the configuration calls it.
    pub name: String,
    pub store: Store,
    /// Nothing is ever deleted there.
    pub is_append_only: bool,
}

pub struct StartOptions {
    pub source: Arc<dyn Source>,
    /// The folder of this database's spool.
    pub spool: PathBuf,
    pub destinations: Vec<Destination>,
    pub owner: Owner,
    pub options: Options,
    pub clock: Clock,
    pub shutdown: CancellationToken,
}

/// The copies of one database. Cheap to clone.
#[derive(Clone)]
pub struct Replica(Arc<Shared>);

pub(crate) struct Shared {
    source: Arc<dyn Source>,
    capture: Capture,
    options: Options,
    clock: Clock,
    shutdown: CancellationToken,
    destinations: Vec<Arc<Port>>,
    /// Someone waits: do not gather.
    urgent: Notify,
    /// A file was added to the spool.
    added: watch::Sender<u64>,
    progress: Mutex<Progress>,
    /// The last transaction of each level that was ever merged, here or found there.
    made: Mutex<[u64; 10]>,
    snapshot_wanted: Notify,
    started_at: Time,
    /// Something in the spool may be spent.
    tidy: Notify,
    /// Held while files of the spool are made out of others, or all of them go.
    spool_work: Mutex<()>,
    /// The last capture is done: nothing will be added any more.
    ended: watch::Sender<bool>,
    tasks: TaskTracker,
}

#[derive(Default)]
struct Progress {
    /// The writer's count that the spool holds, and in which transaction.
    captured: watch::Sender<(u64, u64)>,
    capture_error: Option<(Time, String)>,
    /// Since when no whole copy can be made, and why.
    snapshot_error: Option<(Time, String)>,
    last_doubt: Option<(Time, crate::capture::Doubt, u64)>,
}

/// One destination at work.
pub(crate) struct Port {
    destination: Destination,
    owner: Owner,
    state: Mutex<PortState>,
    /// The last transaction of ours that is there; 0 while that is unknown.
    shipped: watch::Sender<u64>,
    /// What the last process knew of that, when it stopped or the destination failed.
    remembered: u64,
    /// The listing changed.
    changed: Notify,
}

#[derive(Default)]
struct PortState {
    listing: Option<Listing>,
    failing: Option<(Time, String)>,
    /// Since when merged files, whole copies and deletions fail, while transactions may well arrive.
    failing_aside: Option<(Time, String)>,
    /// The newest file that this process sent there.
    newest_sent: Option<Entry>,
    /// The store made no snapshot out of the first transaction.
    refuses_copies: bool,
    listed_at: Time,
    /// Since the start.
    uploads: u64,
    /// Another instance holds the path.
    is_refused: bool,
    honours_conditions: Option<bool>,
    refuses_deletes: Option<String>,
    last_upload: Option<Time>,
}

impl Replica {
    /// Opens the spool and begins to copy.
    pub fn start(start: StartOptions) -> Result<Replica> {
        let capture = Capture::open(start.source.path(), &start.spool)?;
        let remembered = status::remembered(&capture);
        let ports = start.destinations.into_iter().map(|destination| {
            let shipped = watch::Sender::new(0);
            let remembered = remembered.get(&destination.name).copied().unwrap_or(0);
            Arc::new(Port { destination, owner: start.owner.clone(), state: Mutex::default(), shipped, remembered, changed: Notify::new() })
        });
        let txid = capture.txid();
        let shared = Arc::new(Shared {
            source: start.source,
            capture,
            options: start.options,
            started_at: start.clock.now(),
            clock: start.clock,
            shutdown: start.shutdown,
            destinations: ports.collect(),
            urgent: Notify::new(),
            added: watch::Sender::new(txid),
            progress: Mutex::default(),
            made: Mutex::default(),
            snapshot_wanted: Notify::new(),
            tidy: Notify::new(),
            spool_work: Mutex::default(),
            ended: watch::Sender::new(false),
            tasks: TaskTracker::new(),
        });
        shared.note_made();
        shared.tasks.spawn(capturing::run(Arc::clone(&shared)));
        shared.tasks.spawn(tending::run(Arc::clone(&shared)));
        for port in &shared.destinations {
            shared.tasks.spawn(shipping::run(Arc::clone(&shared), Arc::clone(port)));
        }
        shared.tasks.close();
        Ok(Replica(shared))
    }

    /// Waits until everything that is committed now is at the first destination. `Unavailable` when that takes longer than
    /// `most`; it is on this machine's disk all the same, and will follow.
    pub async fn reached(&self, most: Duration) -> Result<()> {
        let Some(first) = self.0.destinations.first() else { return Ok(()) };
        self.reached_count(&first.destination.name, self.0.source.committed().count, most).await
    }

    /// Waits until the writer's commit of this count is at this destination.
    pub async fn reached_count(&self, destination: &str, count: u64, most: Duration) -> Result<()> {
        let Some(port) = self.port(destination) else { return Err(Error::not_found("destination")) };
        let mut captured = self.0.progress().captured.subscribe();
        let mut shipped = port.shipped.subscribe();
        self.0.urgent.notify_one();
        let wait = async {
            let txid = captured.wait_for(|(captured, _)| *captured >= count).await.map(|captured| captured.1);
            match txid {
                Ok(txid) => shipped.wait_for(|shipped| *shipped >= txid).await.is_ok(),
                Err(_) => false,
            }
        };
        match tokio::time::timeout(most, wait).await {
            Ok(true) => Ok(()),
            _ => Err(Error::unavailable(
                "This is stored here, but its copy has not arrived at the destination yet. Trying again will not lose it.",
            )),
        }
    }

    /// Waits until a transaction is at this destination.
    pub async fn arrived(&self, destination: &str, txid: u64, most: Duration) -> Result<()> {
        let Some(port) = self.port(destination) else { return Err(Error::not_found("destination")) };
        let mut shipped = port.shipped.subscribe();
        self.0.urgent.notify_one();
        match tokio::time::timeout(most, shipped.wait_for(|shipped| *shipped >= txid)).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(Error::unavailable(format!("Transaction {txid} has not arrived at {destination} within {} s.", most.as_secs()))),
        }
    }

    /// Looks at what lies at a destination, as far as this process knows: no request. `None` until it was listed.
    pub fn look<T>(&self, destination: &str, look: impl FnOnce(&Listing) -> T) -> Option<T> {
        self.port(destination)?.state().listing.as_ref().map(look)
    }

    pub fn options(&self) -> &Options {
        &self.0.options
    }

    pub fn status(&self) -> Status {
        status::of(&self.0)
    }

    /// Makes a whole copy soon, whether or not one is due.
    pub fn want_snapshot(&self) {
        self.0.snapshot_wanted.notify_one();
    }

    /// The database as it is now, for a drill that compares.
    pub fn capture(&self) -> &Capture {
        &self.0.capture
    }

    pub fn source(&self) -> &Arc<dyn Source> {
        &self.0.source
    }

    pub fn store(&self, destination: &str) -> Option<Store> {
        self.port(destination).map(|port| port.destination.store.clone())
    }

    fn port(&self, destination: &str) -> Option<&Arc<Port>> {
        self.0.destinations.iter().find(|port| port.destination.name == destination)
    }

    /// After the shutdown: waits for the last captures and uploads, at most so long.
    pub async fn finish(&self, most: Duration) {
        let _ = tokio::time::timeout(most, self.0.tasks.wait()).await;
        status::remember(&self.0);
    }
}

impl Shared {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn made(&self, level: u8) -> u64 {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)[usize::from(level).min(9)]
    }

    fn spool_work(&self) -> MutexGuard<'_, ()> {
        self.spool_work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what the spool and the destinations have merged already.
    fn note_made(&self) {
        let mut found = [0; 10];
        let mut note = |listing: &Listing| {
            for level in 1..=9_u8 {
                found[usize::from(level)] = found[usize::from(level)].max(listing.level_max(level));
            }
        };
        note(&self.capture.spool().listing());
        for port in &self.destinations {
            if let Some(listing) = &port.state().listing {
                note(listing);
            }
        }
        // Only now: whoever decides over a listing asks for this while it holds the listing's lock.
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        for (made, found) in made.iter_mut().zip(found) {
            *made = found.max(*made);
        }
    }

    /// Runs on the blocking pool: files are read and written.
    async fn blocking<T: Send + 'static>(self: &Arc<Self>, f: impl FnOnce(&Shared) -> Result<T> + Send + 'static) -> Result<T> {
        let shared = Arc::clone(self);
        tokio::task::spawn_blocking(move || f(&shared))
            .await
            .unwrap_or_else(|error| Err(Error::internal("work on the copies panicked").because(error)))
    }
}

impl Port {
    /// A decision over what lies here and what lies there.
    fn compare<T>(&self, shared: &Shared, decide: impl FnOnce(&Listing, &Listing) -> T) -> T {
        let state = self.state();
        let local = shared.capture.spool().listing();
        match &state.listing {
            Some(remote) => decide(&local, remote),
            None => decide(&local, &Listing::default()),
        }
    }

    /// The newest transaction that lies there, as far as anybody knows, be it ours or not.
    fn newest(&self) -> u64 {
        let listed = self.state().listing.as_ref().map(Listing::max);
        listed.unwrap_or_else(|| self.reached())
    }

    /// The last transaction of ours that is there, as far as anybody knows.
    fn reached(&self) -> u64 {
        match *self.shipped.borrow() {
            0 => self.remembered,
            shipped => shipped,
        }
    }

    fn state(&self) -> MutexGuard<'_, PortState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
