//! Features and funnels that the founder has named. In hermetic.db.

use db::{Reader, Tx};
use kernel::{Error, Kind, Result};
use rusqlite::params;
use std::time::Duration;

use super::NameId;

/// A named set of actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    pub id: i64,
    pub name: String,
    pub actions: Vec<NameId>,
}

/// By name.
pub fn list_features(r: &Reader<'_>) -> Result<Vec<Feature>> {
    let features = r.rows("select id, name from engagement_features order by name", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let sql = "select name_id from engagement_feature_names where feature_id = ? order by name_id";
    features
        .into_iter()
        .map(|(id, name): (i64, String)| Ok(Feature { id, name, actions: r.rows(sql, [id], |row| row.get(0).map(NameId))? }))
        .collect()
}

pub fn new_feature(tx: &mut Tx<'_>, name: &str, actions: &[NameId]) -> Result<i64> {
    let inserted = tx.insert("insert into engagement_features (name, created_at) values (?, ?)", params![name, tx.now.0]);
    let id = inserted.map_err(|error| taken(error, "There is a feature of this name already."))?;
    for action in actions {
        tx.run("insert or ignore into engagement_feature_names (feature_id, name_id) values (?, ?)", params![id, action.0])?;
    }
    tx.signal(crate::TOPIC);
    Ok(id)
}

pub fn remove_feature(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    tx.signal(crate::TOPIC);
    if tx.run("delete from engagement_features where id = ?", [id])? == 0 { Err(Error::not_found("feature")) } else { Ok(()) }
}

/// A funnel that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Funnel {
    pub id: i64,
    pub name: String,
    /// From the first step.
    pub window: Duration,
    pub steps: Vec<NameId>,
}

/// By name.
pub fn list_funnels(r: &Reader<'_>) -> Result<Vec<Funnel>> {
    let funnels = r.rows("select id, name, window_ms from engagement_funnels order by name", [], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?.max(0) as u64))
    })?;
    let sql = "select name_id from engagement_funnel_steps where funnel_id = ? order by position";
    funnels
        .into_iter()
        .map(|(id, name, window): (i64, String, u64)| {
            let steps = r.rows(sql, [id], |row| row.get(0).map(NameId))?;
            Ok(Funnel { id, name, window: Duration::from_millis(window), steps })
        })
        .collect()
}

pub fn new_funnel(tx: &mut Tx<'_>, name: &str, window: Duration, steps: &[NameId]) -> Result<i64> {
    let window = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
    let sql = "insert into engagement_funnels (name, window_ms, created_at) values (?, ?, ?)";
    let id = tx.insert(sql, params![name, window, tx.now.0]).map_err(|error| taken(error, "There is a funnel of this name already."))?;
    for (position, step) in steps.iter().enumerate() {
        tx.run(
            "insert into engagement_funnel_steps (funnel_id, position, name_id) values (?, ?, ?)",
            params![id, position as i64, step.0],
        )?;
    }
    Ok(id)
}

pub fn remove_funnel(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    if tx.run("delete from engagement_funnels where id = ?", [id])? == 0 { Err(Error::not_found("funnel")) } else { Ok(()) }
}

fn taken(error: Error, sentence: &'static str) -> Error {
    match error.kind {
        Kind::Conflict => Error::field("name", sentence),
        _ => error,
    }
}
