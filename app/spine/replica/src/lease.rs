//! One writer for each path: `lock.json` says who, and until when.
//!
//! The lease is renewed only together with uploads, so an idle instance makes no request; its lease runs out then, and
//! another may take it. That harms nobody: before the first upload after a pause the lease is asked for again, and who
//! lost it uploads nothing. Where a store ignores conditions both writers see each other's name and stop.

use kernel::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::store::{Body, Condition, PutOptions, Span as ByteRange, Store, StoreError};

const KEY: &str = "lock.json";
pub const TTL: Duration = Duration::from_secs(60);
const RENEW_AFTER: Duration = Duration::from_secs(20);

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
}

/// Who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Stays the same over restarts of one data folder.
    pub id: String,
    pub host: String,
}

#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    #[error("Another instance ({host}) writes to this destination; its lease runs until {until}. Stop it, or give this one another path.")]
    Held { host: String, until: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Ours until it runs out.
#[derive(Debug)]
pub struct Lease {
    owner: Owner,
    honours_conditions: bool,
    generation: u64,
    etag: Option<String>,
    renewed: Time,
}

impl Lease {
    /// Takes it when it is free, ours, or has run out.
    pub async fn take(store: &Store, owner: &Owner, honours_conditions: bool, now: Time) -> Result<Lease, LeaseError> {
        let found = read(store).await?;
        let (condition, generation) = match &found {
            None => (Condition::IfAbsent, 1),
            Some((lock, etag)) => {
                let until = Time::parse_rfc3339(&lock.expires);
                if lock.owner != owner.id && until.is_some_and(|until| until > now) {
                    return Err(held(lock));
                }
                let is_ours = lock.owner == owner.id;
                (etag.clone().map_or(Condition::Always, Condition::IfMatch), lock.generation + u64::from(!is_ours))
            }
        };
        let mut lease = Lease { owner: owner.clone(), honours_conditions, generation, etag: None, renewed: now };
        lease.write(store, condition, now).await?;
        Ok(lease)
    }

    /// To be called before each upload; asks the store only when the lease is no longer fresh.
    pub async fn keep(&mut self, store: &Store, now: Time) -> Result<(), LeaseError> {
        if now.since(self.renewed) < RENEW_AFTER && now >= self.renewed {
            return Ok(());
        }
        if let (true, Some(etag)) = (self.honours_conditions, self.etag.clone()) {
            return self.write(store, Condition::IfMatch(etag), now).await;
        }
        match read(store).await? {
            Some((lock, _)) if lock.owner != self.owner.id || lock.generation != self.generation => Err(held(&lock)),
            _ => self.write(store, Condition::Always, now).await,
        }
    }

    /// Gives it back, so that the next instance need not wait.
    pub async fn release(self, store: &Store) -> Result<(), StoreError> {
        store.delete(&[KEY.to_owned()]).await.map(|_| ())
    }

    async fn write(&mut self, store: &Store, condition: Condition, now: Time) -> Result<(), LeaseError> {
        let lock = Lock {
            generation: self.generation,
            expires: Time(now.0 + TTL.as_millis() as i64).rfc3339(),
            owner: self.owner.id.clone(),
            host: self.owner.host.clone(),
        };
        let body = serde_json::to_vec(&lock).map_err(|error| StoreError::Invalid(error.to_string()))?;
        let condition = if self.honours_conditions { condition } else { Condition::Always };
        let options = PutOptions { content_type: Some("application/json".to_owned()), condition, ..PutOptions::default() };
        match store.put(KEY, Body::Bytes(body.into()), &options).await {
            Ok(put) => {
                self.etag = put.etag;
                self.renewed = now;
                Ok(())
            }
            // Somebody wrote in between; perhaps it was our own attempt whose answer was lost.
            Err(StoreError::Condition(sentence)) => match read(store).await? {
                Some((lock, etag)) if lock.owner == self.owner.id => {
                    self.etag = etag;
                    self.renewed = now;
                    Ok(())
                }
                Some((lock, _)) => Err(held(&lock)),
                None => Err(StoreError::Unreachable(sentence).into()),
            },
            Err(error) => Err(error.into()),
        }
    }
}

fn held(lock: &Lock) -> LeaseError {
    let host = if lock.host.is_empty() { &lock.owner } else { &lock.host };
    LeaseError::Held { host: host.clone(), until: lock.expires.clone() }
}

async fn read(store: &Store) -> Result<Option<(Lock, Option<String>)>, LeaseError> {
    let object = match store.get(KEY, Some(ByteRange { from: 0, to: Some(4_096) })).await {
        Ok(object) => object,
        Err(StoreError::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let etag = object.head.etag.clone();
    let bytes = object.read_all(4_096).await?;
    // One that cannot be read is nobody's.
    Ok(serde_json::from_slice(&bytes).ok().map(|lock| (lock, etag)))
}
