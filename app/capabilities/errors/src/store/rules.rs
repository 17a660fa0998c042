//! SQL of fingerprint rules.

use db::{Reader, Tx};
use kernel::ids::ProjectId;
use kernel::{Error, Result};
use rusqlite::{Row, params};

use super::TOPIC;
use crate::grouping::rules::{Matcher, Rule};

fn read_rule(row: &Row<'_>) -> rusqlite::Result<Rule> {
    let (matchers, fingerprint): (String, String) = (row.get(2)?, row.get(3)?);
    Ok(Rule {
        id: row.get(0)?,
        project: ProjectId(row.get(1)?),
        // What an older version wrote and this one cannot read matches nothing.
        matchers: serde_json::from_str(&matchers).unwrap_or_default(),
        fingerprint: serde_json::from_str(&fingerprint).unwrap_or_default(),
        is_enabled: row.get(4)?,
    })
}

/// In the order in which they are tried.
pub fn list_rules(r: &Reader<'_>, project: Option<ProjectId>) -> Result<Vec<Rule>> {
    r.rows(
        "select id, project_id, matchers, fingerprint, is_enabled from errors_rules where ?1 is null or project_id = ?1 \
         order by project_id, position, id limit 10000",
        [project.map(|project| project.0)],
        read_rule,
    )
}

fn json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::internal("writing a fingerprint rule").because(error))
}

/// Behind the others. The parts have passed `Rule::checked`.
pub fn insert_rule(tx: &mut Tx<'_>, project: ProjectId, matchers: &[Matcher], fingerprint: &[String]) -> Result<i64> {
    let id = tx.insert(
        "insert into errors_rules (project_id, position, matchers, fingerprint, is_enabled, created_at) \
         values (?1, (select coalesce(max(position), 0) + 1 from errors_rules where project_id = ?1), ?2, ?3, 1, ?4)",
        params![project.0, json(&matchers)?, json(&fingerprint)?, tx.now.0],
    )?;
    tx.signal(TOPIC);
    Ok(id)
}

pub fn update_rule(tx: &mut Tx<'_>, id: i64, matchers: &[Matcher], fingerprint: &[String], is_enabled: bool) -> Result<()> {
    let changed = tx.run(
        "update errors_rules set matchers = ?, fingerprint = ?, is_enabled = ? where id = ?",
        params![json(&matchers)?, json(&fingerprint)?, is_enabled, id],
    )?;
    tx.signal(TOPIC);
    if changed == 0 { Err(Error::not_found("rule")) } else { Ok(()) }
}

pub fn remove_rule(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    let removed = tx.run("delete from errors_rules where id = ?", [id])?;
    tx.signal(TOPIC);
    if removed == 0 { Err(Error::not_found("rule")) } else { Ok(()) }
}

/// Moves it one place up: changes places with the rule before it.
pub fn raise_rule(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    let Some((project, position)) = tx.row("select project_id, position from errors_rules where id = ?", [id], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    })?
    else {
        return Err(Error::not_found("rule"));
    };
    let before = tx.row(
        "select id, position from errors_rules where project_id = ? and position < ? order by position desc limit 1",
        params![project, position],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
    )?;
    if let Some((other, place)) = before {
        tx.run("update errors_rules set position = ? where id = ?", params![place, id])?;
        tx.run("update errors_rules set position = ? where id = ?", params![position, other])?;
    }
    tx.signal(TOPIC);
    Ok(())
}
