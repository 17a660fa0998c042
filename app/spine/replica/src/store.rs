//! The object store a replica is written to: a bucket or a folder, with the same few acts and the same errors.
//!
//! - [`Store`]: put, get, head, list, copy, delete; keys are relative to the replica's own path
//! - [`Body`], [`PutOptions`], [`Condition`]: what is put, and under which condition
//! - [`Object`]: what is got: a head, and the bytes in chunks
//! - [`ObjectName`]: which transactions an LTX file holds; [`Store::object_key`] knows where each kind of store keeps it
//! - [`Counts`]: what all of this cost so far
//!
//! Sizes are bytes. No act tries more than twice on its own; who calls decides when to try again.

mod client;
mod counted;
mod folder;
mod reading;
mod refusal;
mod s3;
mod upload;

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use kernel::Time;

use crate::address::{Address, S3Options};
use crate::envelope::{self, Envelope};
pub(crate) use client::Patience;
use counted::Counters;
pub use counted::{Counts, Kind};
use folder::Folder;
pub use reading::Object;
use s3::S3;

/// Why an act did not happen, as a sentence that names the object and what to do. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No answer, or one that says “later”: worth another try. Whether the act happened is not known.
    #[error("{0}")]
    Unreachable(String),
    #[error("{0}")]
    Denied(String),
    #[error("{0}")]
    NotFound(String),
    /// The object is not (or no longer) as the condition says.
    #[error("{0}")]
    Condition(String),
    /// It will not work the next time either.
    #[error("{0}")]
    Invalid(String),
}

impl StoreError {
    pub fn is_worth_a_retry(&self) -> bool {
        matches!(self, StoreError::Unreachable(_))
    }
}

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// What is put.
#[derive(Debug, Clone)]
pub enum Body {
    Bytes(Bytes),
    /// Read in parts while it is sent; must not change meanwhile.
    File(PathBuf),
}

#[derive(Debug, Clone, Default)]
pub struct PutOptions {
    /// Names in lower case, without `x-amz-meta-`. A folder keeps none, except that [`TIMESTAMP`] becomes the file's time.
    pub metadata: Vec<(String, String)>,
    pub content_type: Option<String>,
    pub cache_control: Option<String>,
    /// In a folder: for everybody on the machine to read, such as a web server. A bucket has a policy of its own.
    pub is_public: bool,
    pub condition: Condition,
}

/// The metadata in which Litestream keeps the time of an LTX file's header.
pub const TIMESTAMP: &str = "litestream-timestamp";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Condition {
    #[default]
    Always,
    IfAbsent,
    /// Only over the object with this etag.
    IfMatch(String),
}

/// What a store says of an object it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    pub etag: Option<String>,
}

/// Everything about an object except its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Of the whole object, also where only a part was asked for.
    pub size: u64,
    /// Changes whenever the object does. Of an object that came in parts it is no hash of its bytes.
    pub etag: Option<String>,
    pub metadata: Vec<(String, String)>,
    pub modified: Time,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub key: String,
    pub size: u64,
    pub modified: Time,
    pub etag: Option<String>,
}

/// From `from` up to, not including, `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from: u64,
    pub to: Option<u64>,
}

/// Which transactions an LTX file holds, and at which level of compaction it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    pub level: u8,
    pub min: u64,
    pub max: u64,
}

/// Cheap to clone; clones share connections and counts.
#[derive(Debug, Clone)]
pub struct Store {
    kind: StoreKind,
    counters: Arc<Counters>,
    envelope: Option<Arc<Envelope>>,
}

#[derive(Debug, Clone)]
enum StoreKind {
    S3(S3),
    Folder(Folder),
}

impl Store {
    /// Checks what can be checked without a request. `options` are for a bucket; a folder needs none.
    pub fn open(address: &Address, options: &S3Options) -> Result<Store> {
        Store::open_with(address, options, Patience::default())
    }

    pub(crate) fn open_with(address: &Address, options: &S3Options, patience: Patience) -> Result<Store> {
        let counters = Arc::new(Counters::default());
        let kind = match address {
            Address::S3(bucket) => StoreKind::S3(S3::open(bucket, options, patience, &counters)?),
            Address::Folder(root) => StoreKind::Folder(Folder::new(root.clone(), Arc::clone(&counters))),
        };
        Ok(Store { kind, counters, envelope: None })
    }

    /// LTX files are encrypted before they are put here. The store itself puts and gets what it is given.
    #[must_use]
    pub fn with_envelope(mut self, envelope: Option<Arc<Envelope>>) -> Store {
        self.envelope = envelope;
        self
    }

    pub fn envelope(&self) -> Option<&Arc<Envelope>> {
        self.envelope.as_ref()
    }

    /// The bytes of an LTX file out of the bytes of its object. One that was never encrypted is read as it is: what was stored before
    /// encryption was configured, and what `export-plain` wrote.
    pub fn plain<'a>(&self, mut from: impl Read + 'a) -> std::io::Result<Box<dyn Read + 'a>> {
        let Some(envelope) = &self.envelope else { return Ok(Box::new(from)) };
        let mut start = Vec::with_capacity(envelope::MAGIC.len());
        (&mut from).take(envelope::MAGIC.len() as u64).read_to_end(&mut start)?;
        let is_sealed = start == envelope::MAGIC;
        let whole = std::io::Cursor::new(start).chain(from);
        if is_sealed { Ok(Box::new(envelope.decrypt(whole)?)) } else { Ok(Box::new(whole)) }
    }

    /// One request below [`upload::PART`]; else parts of that size, two of them in memory.
    pub async fn put(&self, key: &str, body: Body, options: &PutOptions) -> Result<Put> {
        check_key(key)?;
        match &self.kind {
            StoreKind::S3(s3) => upload::put(s3, key, body, options).await,
            StoreKind::Folder(folder) => folder.put(key, body, options).await,
        }
    }

    /// The answer's head is here when this returns, its bytes come by [`Object::chunk`].
    pub async fn get(&self, key: &str, span: Option<Span>) -> Result<Object> {
        check_key(key)?;
        match &self.kind {
            StoreKind::S3(s3) => s3.get(key, span).await,
            StoreKind::Folder(folder) => folder.get(key, span).await,
        }
    }

    pub async fn head(&self, key: &str) -> Result<Option<Head>> {
        check_key(key)?;
        match &self.kind {
            StoreKind::S3(s3) => s3.head(key).await,
            StoreKind::Folder(folder) => folder.head(key).await,
        }
    }

    /// All keys that start with `prefix`, in order of their bytes.
    pub async fn list(&self, prefix: &str) -> Result<Vec<Listed>> {
        match &self.kind {
            StoreKind::S3(s3) => s3.list(prefix).await,
            StoreKind::Folder(folder) => folder.list(prefix).await,
        }
    }

    /// Inside the store, so that no byte travels; by way of this machine where the store does not know how, or where the object is
    /// too large for it (a bucket copies up to 5 GB).
    pub async fn copy(&self, from: &str, to: &str, metadata: &[(String, String)]) -> Result<()> {
        check_key(from)?;
        check_key(to)?;
        match &self.kind {
            StoreKind::S3(s3) => match s3.copy(from, to, metadata).await {
                Err(StoreError::Invalid(_)) => upload::copy(s3, from, to, metadata).await,
                copied => copied,
            },
            StoreKind::Folder(folder) => folder.copy(from, to, metadata).await,
        }
    }

    /// Gives back what was refused, each with its reason: a store that lets nobody delete is one to live with. What was
    /// not there counts as deleted.
    pub async fn delete(&self, keys: &[String]) -> Result<Vec<(String, String)>> {
        keys.iter().try_for_each(|key| check_key(key))?;
        match &self.kind {
            StoreKind::S3(s3) => s3.delete(keys).await,
            StoreKind::Folder(folder) => folder.delete(keys).await,
        }
    }

    /// Since it was opened, with all attempts.
    pub fn counts(&self) -> Counts {
        self.counters.read()
    }

    /// Whether the store keeps to [`Condition`]: some answer “done” and overwrite. Writes a probe under `hermetic/`, which
    /// stays there where nothing may be deleted.
    pub async fn probe_conditions(&self) -> Result<bool> {
        let name: String = kernel::rng::random_bytes::<8>().iter().map(|byte| format!("{byte:02x}")).collect();
        let key = format!("hermetic/probe-{name}");
        let honours = self.honours_conditions(&key).await;
        let _ = self.delete(std::slice::from_ref(&key)).await;
        honours
    }

    async fn honours_conditions(&self, key: &str) -> Result<bool> {
        let put = |condition| async move {
            let options = PutOptions { condition, ..PutOptions::default() };
            match self.put(key, Body::Bytes(Bytes::from_static(b"Whether this store honours conditions.\n")), &options).await {
                Ok(put) => Ok(Some(put)),
                Err(StoreError::Condition(_)) => Ok(None),
                Err(error) => Err(error),
            }
        };
        let Some(Put { etag: Some(etag) }) = put(Condition::IfAbsent).await? else { return Ok(false) };
        let refuses_second = put(Condition::IfAbsent).await?.is_none();
        let refuses_other = put(Condition::IfMatch("\"00000000000000000000000000000000\"".to_owned())).await?.is_none();
        Ok(refuses_second && refuses_other && put(Condition::IfMatch(etag)).await?.is_some())
    }

    /// Where this store keeps an LTX file. Litestream writes levels in hexadecimal to a bucket, in decimal to a folder.
    pub fn object_key(&self, name: ObjectName) -> String {
        format!("{}{:016x}-{:016x}.ltx", self.level_prefix(name.level), name.min, name.max)
    }

    /// What all keys of a level start with.
    pub fn level_prefix(&self, level: u8) -> String {
        match &self.kind {
            StoreKind::S3(_) => format!("{level:04x}/"),
            StoreKind::Folder(_) => format!("ltx/{level}/"),
        }
    }

    /// `None` for keys that are no LTX files of this store.
    pub fn parse_object_key(&self, key: &str) -> Option<ObjectName> {
        let (folder, file) = key.rsplit_once('/')?;
        let (min, max) = file.strip_suffix(".ltx")?.split_once('-')?;
        let level = match &self.kind {
            StoreKind::S3(_) => u8::from_str_radix(folder, 16).ok()?,
            StoreKind::Folder(_) => folder.strip_prefix("ltx/")?.parse().ok()?,
        };
        let name = ObjectName { level, min: u64::from_str_radix(min, 16).ok()?, max: u64::from_str_radix(max, 16).ok()? };
        // Only as it is written: “1-2.ltx” or upper case letters would be another key.
        (self.object_key(name) == key && 1 <= name.min && name.min <= name.max).then_some(name)
    }
}

/// Keys that both kinds of store can hold, and that lead nowhere else.
fn check_key(key: &str) -> Result<()> {
    let is_good_part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.len() <= 255;
    let is_good =
        key.len() <= 900 && key.split('/').all(is_good_part) && !key.ends_with(folder::UNFINISHED) && !key.contains(char::is_control);
    if is_good { Ok(()) } else { Err(StoreError::Invalid(format!("{key:?} cannot be the name of an object."))) }
}
