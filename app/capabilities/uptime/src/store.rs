//! Everything that names SQL. `hermetic.db` holds the state, `telemetry.db` the log of checks.
//!
//! - [`monitors`]: what is watched, and its sealed secrets; [`states`]: what is remembered, stretches, outages
//! - [`checks`]: the log of checks and its blocks; [`rollups`]: hours and days
//! - [`windows`], [`beats`], [`vantages`]: maintenance, inbound pings, other places that look
//! - [`check_ins`]: jobs that report by an SDK's check-ins

pub mod beats;
pub mod check_ins;
pub mod checks;
pub mod monitors;
pub mod rollups;
pub mod states;
pub mod vantages;
pub mod windows;

use kernel::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::internal("writing a column as JSON").because(error))
}

/// A column of ours that cannot be read any more is our mistake, and names its place.
fn from_json<T: DeserializeOwned>(text: &str, place: &'static str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::internal(format!("reading {place}")).because(error))
}

/// Where the database lies, for the free space around it.
pub fn file_path(r: &db::Reader<'_>) -> Result<String> {
    let path = r.row("select file from pragma_database_list where name = 'main'", [], |row| row.get::<_, Option<String>>(0))?;
    Ok(path.flatten().unwrap_or_default())
}
