//! What is ours at a place, kept there as `hermetic-export.json`: nothing else is ever changed or removed.

use super::place::told;
use kernel::{Error, Result};
use replica::store::{Body, Listed, PutOptions, Store, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const KEY: &str = "hermetic-export.json";
/// Two years of reports in four languages take a hundredth of it.
const MOST: usize = 16 << 20;
const ABOUT: &str = "The files of a status page that Hermetic exports. It changes and removes these and no others.";

/// What was put, and what the store called it then.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Of body, type and cache header. Empty: not known, to be put again.
    pub hash: String,
    pub etag: Option<String>,
    pub size: u64,
}

impl Mark {
    /// Whether the store still has what was put. Some list no etags; there the size has to do.
    pub fn is_of(&self, listed: &Listed) -> bool {
        let is_same = match (&self.etag, &listed.etag) {
            (Some(put), Some(there)) => put.trim_matches('"') == there.trim_matches('"'),
            _ => true,
        };
        is_same && self.size == listed.size
    }
}

pub type Files = BTreeMap<String, Mark>;

#[derive(Serialize, Deserialize)]
struct Manifest {
    about: String,
    files: Files,
}

/// `None`: nothing here is ours.
pub async fn read(store: &Store) -> Result<Option<Files>> {
    let object = match store.get(KEY, None).await {
        Ok(object) => object,
        Err(StoreError::NotFound(_)) => return Ok(None),
        Err(error) => return Err(told(error)),
    };
    let bytes = object.read_all(MOST).await.map_err(told)?;
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|error| {
        Error::unavailable(format!("{KEY} at the place of the export cannot be read. Remove it and what was exported, and export anew."))
            .because(error)
    })?;
    Ok(Some(manifest.files))
}

pub async fn write(store: &Store, files: &Files) -> Result<()> {
    let manifest = Manifest { about: ABOUT.to_owned(), files: files.clone() };
    let bytes = serde_json::to_vec(&manifest).map_err(|error| Error::internal("writing the list of exported files").because(error))?;
    let options = PutOptions {
        content_type: Some("application/json; charset=utf-8".to_owned()),
        cache_control: Some("no-store".to_owned()),
        is_public: true,
        ..PutOptions::default()
    };
    store.put(KEY, Body::Bytes(bytes.into()), &options).await.map(|_| ()).map_err(told)
}

pub async fn remove(store: &Store) -> Result<()> {
    let refused = store.delete(&[KEY.to_owned()]).await.map_err(told)?;
    refused.first().map_or(Ok(()), |(key, reason)| Err(Error::unavailable(format!("{key} could not be removed: {reason}."))))
}
