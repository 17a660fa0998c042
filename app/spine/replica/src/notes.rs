//! What is remembered beside the spool: small JSON files, each whole or not there.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// `None` when it is not there, or of a version that wrote something else.
pub(crate) fn read<T: DeserializeOwned>(folder: &Path, name: &str) -> Option<T> {
    serde_json::from_slice(&std::fs::read(folder.join(name)).ok()?).ok()
}

pub(crate) fn write(folder: &Path, name: &str, value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_vec(value).map_err(io::Error::other)?;
    let beside = folder.join(format!("{name}.tmp"));
    let mut file = File::create(&beside)?;
    file.write_all(&text)?;
    file.sync_data()?;
    std::fs::rename(&beside, folder.join(name))
}
