//! One writer for each path: `lock.json` says who, and until when.
//!
//! - [`Owner`]: an instance, as people know it; [`Holder`]: that instance in one folder of one machine
//! - [`Lease`]: taken before the first upload, kept beside the others
//!
//! The lease is renewed only together with uploads, so an idle instance makes no request; its lease runs out then, and
//! another may take it. That harms nobody: before the first upload after a pause the lease is asked for again, and who
//! lost it uploads nothing. Where a store ignores conditions both writers see each other's name and stop.
//!
//! An owner's id lies in the data folder, so a copy of that folder has it too: the id alone proves nothing. Each write of
//! the lock has a nonce of its own, and only the bytes that this lease wrote are taken for its own. Who finds a lock that
//! has not run out waits, unless it was written from the same **seat**: the same folder (device and inode) since the same
//! start of the machine. A process has its data folder for itself, so whoever held that seat before is dead, and a restart
//! after `kill -9` goes on at once; a copied folder is another folder, and a copied machine has started anew.

use kernel::{Clock, Time};
use serde::{Deserialize, Serialize};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;
use tokio::sync::Mutex;

use crate::store::{Body, Condition, PutOptions, Store, StoreError};

const KEY: &str = "lock.json";
/// Bytes of a lock, at most.
const LARGEST: u64 = 4_096;
pub const TTL: Duration = Duration::from_secs(60);
const RENEW_AFTER: Duration = Duration::from_secs(20);
/// How often the clock is looked at while something is uploaded. By the clock and not by one long pause, so that a machine
/// that was suspended notices when it wakes up.
const LOOK: Duration = Duration::from_millis(500);
/// Different at each start of the machine, also of one that was started from another's image.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The first three as Litestream names them; it skips the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Lock {
    /// Rises with each new holder.
    generation: u64,
    #[serde(rename = "expires_at")]
    expires: String,
    owner: String,
    /// For people: which machine.
    #[serde(default)]
    host: String,
    /// From where it was written; without one, nobody may take it before it runs out.
    #[serde(default)]
    seat: Option<String>,
    /// Of this one write.
    #[serde(default)]
    nonce: String,
}

/// Another after each start of the machine. `None` where the kernel does not say.
pub fn boot_id() -> Option<String> {
    Some(std::fs::read_to_string(BOOT_ID).ok()?.trim().to_owned())
}

/// Who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Stays the same over restarts of one data folder, and in copies of it.
    pub id: String,
    pub host: String,
}

/// An owner at work in one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    owner: Owner,
    seat: Option<String>,
}

impl Owner {
    /// `folder` is one that a single process works in at a time.
    pub fn at(&self, folder: &Path) -> Holder {
        let seat = || {
            let boot = boot_id()?;
            let folder = std::fs::metadata(folder).ok()?;
            Some(format!("{boot}/{:x}/{:x}", folder.dev(), folder.ino()))
        };
        Holder { owner: self.clone(), seat: seat() }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    #[error("Another instance ({host}) writes to this destination; its lease runs until {until}. Stop it, or give this one another path.")]
    Held { host: String, until: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Ours until it runs out. Several may keep it at once: one of them asks the store.
#[derive(Debug)]
pub struct Lease {
    holder: Holder,
    honours_conditions: bool,
    generation: u64,
    term: Mutex<Term>,
}

#[derive(Debug, Default)]
struct Term {
    etag: Option<String>,
    renewed: Time,
    /// What we wrote last and what we tried to write since, without an answer: each of it may be what lies there.
    written: Vec<Lock>,
}

impl Term {
    fn is_fresh(&self, now: Time) -> bool {
        now.since(self.renewed) < RENEW_AFTER && now >= self.renewed
    }

    /// What lies there is ours after all: its answer was lost.
    fn adopt(&mut self, lock: Lock, etag: Option<String>) {
        self.renewed = Time::parse_rfc3339(&lock.expires).map_or(Time(0), |until| until - TTL);
        self.etag = etag;
        self.written = vec![lock];
    }
}

impl Lease {
    /// Takes it when it is free, has run out, or was held from the same seat.
    pub async fn take(store: &Store, holder: &Holder, honours_conditions: bool, now: Time) -> Result<Lease, LeaseError> {
        let (condition, generation) = match read(store).await? {
            None => (Condition::IfAbsent, 1),
            Some((lock, etag)) => {
                if let Some(lock) = lock.as_ref().filter(|lock| !lock.is_free_for(holder, now)) {
                    return Err(held(lock));
                }
                (etag.map_or(Condition::Always, Condition::IfMatch), lock.map_or(0, |lock| lock.generation).saturating_add(1))
            }
        };
        let lease = Lease { holder: holder.clone(), honours_conditions, generation, term: Mutex::default() };
        lease.write(&mut *lease.term.lock().await, store, condition, now).await?;
        Ok(lease)
    }

    /// To be called before each upload; asks the store only when the lease is no longer fresh.
    pub async fn keep(&self, store: &Store, now: Time) -> Result<(), LeaseError> {
        let mut term = self.term.lock().await;
        // Twice where the last answer was lost: what was written then is found to be ours, but may be old by now.
        for _ in 0..2 {
            if term.is_fresh(now) {
                return Ok(());
            }
            self.renew(&mut term, store, now).await?;
        }
        Ok(())
    }

    /// Does `work` and keeps the lease meanwhile, however long that takes; gives it up in the middle when the lease is lost.
    /// Costs no request beyond those of [`Lease::keep`]: none when the lease is fresh and the work is short.
    pub async fn while_kept<T>(
        &self,
        store: &Store,
        clock: &Clock,
        work: impl Future<Output = Result<T, LeaseError>>,
    ) -> Result<T, LeaseError> {
        self.keep(store, clock.now()).await?;
        let mut work = std::pin::pin!(work);
        loop {
            let renewed = async {
                tokio::time::sleep(LOOK).await;
                self.keep(store, clock.now()).await
            };
            let renewed = tokio::select! { done = &mut work => return done, renewed = renewed => renewed };
            match renewed {
                Err(lost @ LeaseError::Held { .. }) => return Err(lost),
                // Nobody takes it before it runs out; until then the store is asked again.
                Err(failed) if clock.now().since(self.term.lock().await.renewed) >= TTL => return Err(failed),
                _ => {}
            }
        }
    }

    /// Gives it back, so that the next instance need not wait. A lock that has run out takes its place: to delete it only
    /// where it still is ours is an act that stores do not know, and some let nobody delete.
    pub async fn release(self, store: &Store) -> Result<(), StoreError> {
        let mut term = self.term.lock().await;
        let Some(last) = term.written.pop() else { return Ok(()) };
        let condition = match &term.etag {
            Some(etag) if self.honours_conditions => Condition::IfMatch(etag.clone()),
            _ => match read(store).await? {
                Some((Some(lock), _)) if lock == last => Condition::Always,
                _ => return Ok(()),
            },
        };
        match put(store, &Lock { expires: Time(0).rfc3339(), nonce: nonce(), ..last }, condition).await {
            // It is somebody else's by now.
            Err(StoreError::Condition(_) | StoreError::NotFound(_)) => Ok(()),
            other => other.map(|_| ()),
        }
    }

    async fn renew(&self, term: &mut Term, store: &Store, now: Time) -> Result<(), LeaseError> {
        if let (true, Some(etag)) = (self.honours_conditions, term.etag.clone()) {
            return self.write(term, store, Condition::IfMatch(etag), now).await;
        }
        match read(store).await? {
            Some((Some(lock), _)) if !term.written.contains(&lock) => Err(held(&lock)),
            _ => self.write(term, store, Condition::Always, now).await,
        }
    }

    async fn write(&self, term: &mut Term, store: &Store, condition: Condition, now: Time) -> Result<(), LeaseError> {
        let lock = Lock {
            generation: self.generation,
            expires: (now + TTL).rfc3339(),
            owner: self.holder.owner.id.clone(),
            host: self.holder.owner.host.clone(),
            seat: self.holder.seat.clone(),
            nonce: nonce(),
        };
        // Before it is sent: whoever waits for the answer may give up.
        term.written.push(lock.clone());
        let condition = if self.honours_conditions { condition } else { Condition::Always };
        match put(store, &lock, condition).await {
            Ok(etag) => {
                *term = Term { etag, renewed: now, written: vec![lock] };
                Ok(())
            }
            // Somebody wrote in between; perhaps it was our own attempt whose answer was lost.
            Err(StoreError::Condition(sentence)) => match read(store).await? {
                Some((Some(lock), etag)) if term.written.contains(&lock) => {
                    term.adopt(lock, etag);
                    Ok(())
                }
                Some((Some(lock), _)) => Err(held(&lock)),
                _ => Err(StoreError::Unreachable(sentence).into()),
            },
            Err(error) => Err(error.into()),
        }
    }
}

impl Lock {
    fn is_free_for(&self, holder: &Holder, now: Time) -> bool {
        let has_run_out = Time::parse_rfc3339(&self.expires).is_none_or(|until| until <= now);
        let is_same_seat = self.seat.is_some() && self.seat == holder.seat && self.owner == holder.owner.id;
        has_run_out || is_same_seat
    }
}

fn held(lock: &Lock) -> LeaseError {
    let host = if lock.host.is_empty() { &lock.owner } else { &lock.host };
    LeaseError::Held { host: host.clone(), until: lock.expires.clone() }
}

fn nonce() -> String {
    kernel::rng::random_bytes::<16>().iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn put(store: &Store, lock: &Lock, condition: Condition) -> Result<Option<String>, StoreError> {
    let body = serde_json::to_vec(lock).map_err(|error| StoreError::Invalid(error.to_string()))?;
    let options = PutOptions { content_type: Some("application/json".to_owned()), condition, ..PutOptions::default() };
    Ok(store.put(KEY, Body::Bytes(body.into()), &options).await?.etag)
}

/// What lies there. A lock that cannot be read is nobody's.
async fn read(store: &Store) -> Result<Option<(Option<Lock>, Option<String>)>, StoreError> {
    let object = match store.get(KEY, None).await {
        Ok(object) => object,
        Err(StoreError::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let etag = object.head.etag.clone();
    if object.remaining() > LARGEST {
        return Ok(Some((None, etag)));
    }
    let bytes = object.read_all(LARGEST as usize).await?;
    Ok(Some((serde_json::from_slice(&bytes).ok(), etag)))
}
