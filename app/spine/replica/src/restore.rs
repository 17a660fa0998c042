//! A destination → a database file: look first ([`survey`], [`Plan`]), then write ([`run`]).
//!
//! A file that does not decode, or whose checksum does not hold, is named, left out, and led around by other levels; only
//! when no way is left does the restore fail, saying up to which transaction there is one.

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use kernel::Time;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::engine::list_store;
use crate::envelope::{FIRST_CHUNK, MAGIC};
use crate::files::{Entry, Listing, SNAPSHOT_LEVEL, name};
use crate::ltx::{HEADER_SIZE, Header, LtxError};
use crate::plan::{self, Bad, Goal, NoRoute};
use crate::rebuild::Rebuild;
use crate::store::{Object, Span as ByteRange, Store, StoreError};

/// Fetched ahead while earlier files are applied.
const AHEAD: usize = 8;
/// Larger ones are not held in memory but applied as they arrive.
const WHOLE: u64 = 1 << 20;

#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Damaged(String),
    #[error("There is nothing to restore at this destination.")]
    Nothing,
    #[error("This destination cannot be restored: {why}{}.", damaged(bad))]
    NoRoute { why: NoRoute, bad: Vec<String> },
    #[error("Nothing was written before {0}; the oldest state that can be restored is of that moment.")]
    TooEarly(String),
    #[error("{0} exists already; nothing was overwritten. Name another folder, or move it away first.")]
    Exists(PathBuf),
    #[error("The database cannot be written to {path}: {error}")]
    Output { path: PathBuf, error: io::Error },
}

fn damaged(bad: &[String]) -> String {
    if bad.is_empty() { String::new() } else { format!(" (damaged: {})", bad.join(", ")) }
}

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Latest,
    Transaction(u64),
    /// The state at that time; a time after the newest transaction is the latest state.
    At(Time),
}

/// What there is.
#[derive(Debug, Clone)]
pub struct Survey {
    pub listing: Listing,
    /// The newest transaction and when it was captured.
    pub newest: u64,
    pub newest_at: Time,
}

/// What would be restored.
#[derive(Debug, Clone)]
pub struct Plan {
    pub route: Vec<Entry>,
    pub txid: u64,
    /// When that transaction was captured.
    pub at: Time,
    /// Bytes to fetch.
    pub bytes: u64,
    goal: Goal,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    pub txid: u64,
    pub at: Time,
    /// Size of the database in pages, and of a page.
    pub commit: u32,
    pub page_size: u32,
    /// Files that were led around, each with what is wrong.
    pub damaged: Vec<String>,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub files: usize,
    pub of_files: usize,
    pub bytes: u64,
    pub of_bytes: u64,
}

impl Progress {
    pub fn percent(&self) -> u64 {
        (self.bytes.min(self.of_bytes) * 100).checked_div(self.of_bytes).unwrap_or(100)
    }
}

pub async fn survey(store: &Store) -> Result<Survey, RestoreError> {
    let listing = list_store(store).await?;
    let newest = listing.max();
    let entry = listing.all().filter(|entry| entry.span.max == newest).min_by_key(|entry| entry.level).copied();
    let Some(entry) = entry else { return Err(RestoreError::Nothing) };
    let newest_at = time_of(store, &entry).await?;
    Ok(Survey { listing, newest, newest_at })
}

impl Survey {
    pub async fn plan(&self, store: &Store, wanted: Wanted) -> Result<Plan, RestoreError> {
        self.plan_without(store, wanted, &Bad::new(), &[]).await
    }

    async fn plan_without(&self, store: &Store, wanted: Wanted, bad: &Bad, names: &[String]) -> Result<Plan, RestoreError> {
        let goal = match wanted {
            Wanted::Latest => Goal::Latest,
            Wanted::Transaction(txid) => Goal::Transaction(txid),
            Wanted::At(at) if at >= self.newest_at => Goal::Latest,
            Wanted::At(at) => Goal::Transaction(self.last_before(store, at).await?),
        };
        let route = plan::route(&self.listing, goal, bad).map_err(|why| RestoreError::NoRoute { why, bad: names.to_vec() })?;
        let last = route.last().copied().ok_or(RestoreError::Nothing)?;
        let at = if last.span.max == self.newest { self.newest_at } else { time_of(store, &last).await? };
        Ok(Plan { txid: last.span.max, at, bytes: route.iter().map(|entry| entry.size).sum(), route, goal })
    }

    /// The last transaction that had been captured at `at`, by the times in the files themselves: when an object was stored
    /// says nothing after a copy of the bucket, or after an outage.
    async fn last_before(&self, store: &Store, at: Time) -> Result<u64, RestoreError> {
        let mut points: Vec<Entry> = self.listing.all().copied().collect();
        points.sort_by_key(|entry| (entry.span.max, entry.level));
        points.dedup_by_key(|entry| entry.span.max);
        let (mut low, mut high) = (0, points.len());
        while low < high {
            let middle = (low + high) / 2;
            if time_of(store, &points[middle]).await? <= at { low = middle + 1 } else { high = middle }
        }
        match low {
            0 => match points.first() {
                Some(first) => Err(RestoreError::TooEarly(time_of(store, first).await?.rfc3339())),
                None => Err(RestoreError::Nothing),
            },
            _ => Ok(points[low - 1].span.max),
        }
    }

    /// Moments that can be restored, newest first, for a time line: at most `most`.
    pub fn points(&self, most: usize) -> Vec<Entry> {
        points(&self.listing, most)
    }
}

pub fn points(listing: &Listing, most: usize) -> Vec<Entry> {
    let mut points: Vec<Entry> = listing.all().copied().collect();
    points.sort_by_key(|entry| (std::cmp::Reverse(entry.span.max), entry.level == SNAPSHOT_LEVEL, entry.level));
    points.dedup_by_key(|entry| entry.span.max);
    points.truncate(most);
    points
}

/// When its last transaction was captured. Of a damaged file nobody knows any more; when it was stored comes close, and one
/// such file must not keep all others from being restored.
async fn time_of(store: &Store, entry: &Entry) -> Result<Time, RestoreError> {
    match header_of(store, entry).await {
        Ok(header) => Ok(header.at),
        Err(RestoreError::Damaged(_)) => Ok(entry.at),
        Err(error) => Err(error),
    }
}

pub async fn header_of(store: &Store, entry: &Entry) -> Result<Header, RestoreError> {
    let key = store.object_key(name(entry.level, entry.span));
    if entry.size < HEADER_SIZE as u64 {
        return Err(RestoreError::Damaged(format!("The object {key} is damaged: it has {} bytes.", entry.size)));
    }
    let most = if store.envelope().is_some() { FIRST_CHUNK } else { HEADER_SIZE as u64 };
    let object = store.get(&key, Some(ByteRange { from: 0, to: Some(most.min(entry.size)) })).await?;
    let bytes = object.read_all(most as usize).await?;
    let mut head = [0; HEADER_SIZE];
    if store.envelope().is_none() && bytes.starts_with(MAGIC) {
        let sentence = format!("The object {key} is encrypted; give the age identity with which this copy is read (age_identity_file).");
        return Err(StoreError::Invalid(sentence).into());
    }
    let read = store.plain(&bytes[..]).and_then(|mut plain| plain.read_exact(&mut head));
    let header = read.map_err(LtxError::Io).and_then(|()| Header::from_bytes(&head));
    header.map_err(|error| match error {
        // Also what the wrong key makes of it.
        LtxError::Io(_) => StoreError::Invalid(format!("The object {key} cannot be read: {error}.")).into(),
        error => RestoreError::Damaged(format!("The object {key} is damaged: {error}.")),
    })
}

/// Writes the database to `out`, which must not exist; it appears there when it is whole and on disk.
pub async fn run(
    store: &Store,
    survey: &Survey,
    plan: Plan,
    out: &Path,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Restored, RestoreError> {
    if out.exists() {
        return Err(RestoreError::Exists(out.to_owned()));
    }
    let beside = out.with_extension("restoring");
    let mut bad = Bad::new();
    let mut damaged = Vec::new();
    let wanted = match plan.goal {
        Goal::Latest => Wanted::Latest,
        Goal::Transaction(txid) => Wanted::Transaction(txid),
    };
    let mut plan = plan;
    loop {
        match apply(store, &plan, &beside, progress).await? {
            Ok(header) => {
                publish(&beside, out).map_err(|error| RestoreError::Output { path: out.to_owned(), error })?;
                let Header { commit, page_size, .. } = header;
                return Ok(Restored { txid: plan.txid, at: plan.at, commit, page_size, damaged });
            }
            Err((entry, error)) => {
                damaged.push(format!("{}: {error}", store.object_key(name(entry.level, entry.span))));
                bad.insert((entry.level, entry.span));
                let planned = survey.plan_without(store, wanted, &bad, &damaged).await;
                plan = planned.inspect_err(|_| drop(std::fs::remove_file(&beside)))?;
            }
        }
    }
}

/// A new file for its owner alone, whatever the process's mask is; what an earlier try left may have been anybody's.
fn begin(beside: &Path) -> io::Result<File> {
    match std::fs::remove_file(beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    File::options().create_new(true).write(true).mode(0o600).open(beside)
}

fn publish(beside: &Path, out: &Path) -> io::Result<()> {
    std::fs::rename(beside, out)?;
    match out.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

enum Fetched {
    Whole(Bytes),
    Stream(Object),
}

type Applied = Result<Header, (Entry, LtxError)>;

async fn apply(store: &Store, plan: &Plan, beside: &Path, progress: &(dyn Fn(Progress) + Send + Sync)) -> Result<Applied, RestoreError> {
    let output = |error| RestoreError::Output { path: beside.to_owned(), error };
    let mut rebuild = Some(Rebuild::new(begin(beside).map_err(output)?));
    let fetch = |entry: Entry| async move {
        let fetched = async {
            let object = store.get(&store.object_key(name(entry.level, entry.span)), None).await?;
            if entry.size > WHOLE {
                return Ok::<_, StoreError>(Fetched::Stream(object));
            }
            Ok(Fetched::Whole(object.read_all(WHOLE as usize + 1).await?))
        };
        (entry, fetched.await)
    };
    let mut fetched = std::pin::pin!(stream::iter(plan.route.iter().copied()).map(fetch).buffered(AHEAD));
    let mut done = Progress { files: 0, of_files: plan.route.len(), bytes: 0, of_bytes: plan.bytes };
    let mut last = None;
    while let Some(next) = fetched.next().await {
        let (entry, body) = match next {
            (entry, Ok(body)) => (entry, body),
            // Listed, and removed since.
            (entry, Err(StoreError::NotFound(sentence))) => {
                return Ok(Err((entry, LtxError::Io(io::Error::new(io::ErrorKind::NotFound, sentence)))));
            }
            (_, Err(error)) => return Err(error.into()),
        };
        let mut file = rebuild.take().ok_or(RestoreError::Nothing)?;
        let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, StoreError>>(4);
        let opener = store.clone();
        let applying = tokio::task::spawn_blocking(move || {
            let mut reader = Arriving { receiver, rest: Bytes::new(), failure: None };
            let plain = opener.plain(io::BufReader::with_capacity(1 << 16, &mut reader));
            let applied = plain.map_err(LtxError::Io).and_then(|plain| file.apply(io::BufReader::with_capacity(1 << 16, plain)));
            (file, applied, reader.failure)
        });
        feed(body, sender, |bytes| {
            done.bytes += bytes;
            progress(done);
        })
        .await;
        let (file, applied, failure) = applying.await.map_err(|error| output(io::Error::other(error)))?;
        if let Some(failure) = failure {
            return Err(failure.into());
        }
        match applied {
            Ok(header) => last = Some(header),
            Err(LtxError::Output(error)) => return Err(output(error)),
            Err(error) => return Ok(Err((entry, error))),
        }
        rebuild = Some(file);
        done.files += 1;
        progress(done);
    }
    let finish = rebuild.ok_or(RestoreError::Nothing)?;
    let finished = tokio::task::spawn_blocking(move || finish.finish()).await;
    finished.map_err(io::Error::other).and_then(|ended| ended.map_err(io::Error::other)).map_err(output)?;
    last.map(Ok).ok_or(RestoreError::Nothing)
}

async fn feed(body: Fetched, sender: tokio::sync::mpsc::Sender<Result<Bytes, StoreError>>, mut count: impl FnMut(u64)) {
    match body {
        Fetched::Whole(bytes) => {
            count(bytes.len() as u64);
            let _ = sender.send(Ok(bytes)).await;
        }
        Fetched::Stream(mut object) => loop {
            match object.chunk().await {
                Ok(None) => return,
                Ok(Some(bytes)) => {
                    count(bytes.len() as u64);
                    // The reader has seen enough: it found the file damaged.
                    if sender.send(Ok(bytes)).await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    let _ = sender.send(Err(error)).await;
                    return;
                }
            }
        },
    }
}

/// Reads one object as it arrives, on a blocking thread: memory stays small however large it is.
pub async fn read_object<T: Send + 'static>(
    store: &Store,
    key: &str,
    work: impl FnOnce(&mut dyn Read) -> T + Send + 'static,
) -> Result<T, StoreError> {
    let object = store.get(key, None).await?;
    let (sender, receiver) = tokio::sync::mpsc::channel(4);
    let working = tokio::task::spawn_blocking(move || {
        let mut reader = Arriving { receiver, rest: Bytes::new(), failure: None };
        let done = work(&mut reader);
        (done, reader.failure)
    });
    feed(Fetched::Stream(object), sender, |_| ()).await;
    match working.await {
        Ok((_, Some(failure))) => Err(failure),
        Ok((done, None)) => Ok(done),
        Err(error) => Err(StoreError::Unreachable(format!("Reading {key} was broken off on this machine: {error}."))),
    }
}

/// Bytes that another task fetches, as a plain reader on a blocking thread.
struct Arriving {
    receiver: tokio::sync::mpsc::Receiver<Result<Bytes, StoreError>>,
    rest: Bytes,
    failure: Option<StoreError>,
}

impl Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.receiver.blocking_recv() {
                Some(Ok(bytes)) => self.rest = bytes,
                Some(Err(error)) => {
                    self.failure = Some(error);
                    return Err(io::ErrorKind::BrokenPipe.into());
                }
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.rest.len());
        buffer[..length].copy_from_slice(&self.rest.split_to(length));
        Ok(length)
    }
}
