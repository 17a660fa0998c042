//! SQL of policies and their steps.

use db::{Reader, Tx};
use kernel::Result;
use rusqlite::params;

use super::rules::targets_text;
use super::{as_seconds, seconds, unreadable};
use crate::ids::PolicyId;
use crate::policy::{NotifyPolicy, PolicyStep};
use crate::rule::Target;

pub fn insert(tx: &mut Tx<'_>, policy: &NotifyPolicy) -> Result<PolicyId> {
    let id = tx
        .insert("insert into alerts_policies (name, repeat, created_at) values (?, ?, ?)", params![policy.name, policy.repeat, tx.now.0])?;
    write_steps(tx, PolicyId(id), &policy.steps)?;
    Ok(PolicyId(id))
}

pub fn update(tx: &mut Tx<'_>, policy: &NotifyPolicy) -> Result<()> {
    tx.run("update alerts_policies set name = ?2, repeat = ?3 where id = ?1", params![policy.id.0, policy.name, policy.repeat])?;
    tx.run("delete from alerts_steps where policy_id = ?", [policy.id.0])?;
    write_steps(tx, policy.id, &policy.steps)
}

fn write_steps(tx: &mut Tx<'_>, id: PolicyId, steps: &[PolicyStep]) -> Result<()> {
    for (position, step) in steps.iter().enumerate() {
        tx.run(
            "insert into alerts_steps (policy_id, position, wait_seconds, targets) values (?, ?, ?, ?)",
            params![id.0, i64::try_from(position).unwrap_or(0), as_seconds(step.wait), targets_text(&step.targets)],
        )?;
    }
    tx.signal("alerts");
    Ok(())
}

pub fn remove(tx: &mut Tx<'_>, id: PolicyId) -> Result<()> {
    tx.run("delete from alerts_policies where id = ?", [id.0])?;
    tx.signal("alerts");
    Ok(())
}

pub fn find(r: &Reader<'_>, id: PolicyId) -> Result<Option<NotifyPolicy>> {
    let found = r.row("select name, repeat from alerts_policies where id = ?", [id.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some((name, repeat)) = found else { return Ok(None) };
    let steps = r.rows("select wait_seconds, targets from alerts_steps where policy_id = ? order by position limit 20", [id.0], |row| {
        let targets: String = row.get(1)?;
        Ok(PolicyStep { wait: seconds(row, 0)?, targets: Target::parse_all(targets.split(',')).map_err(|error| unreadable(1, error))? })
    })?;
    Ok(Some(NotifyPolicy { id, name, steps, repeat }))
}

pub fn find_by_name(r: &Reader<'_>, name: &str) -> Result<Option<PolicyId>> {
    r.row("select id from alerts_policies where name = ?", [name], |row| Ok(PolicyId(row.get(0)?)))
}

pub fn list(r: &Reader<'_>) -> Result<Vec<NotifyPolicy>> {
    let ids = r.rows("select id from alerts_policies order by id limit 100", [], |row| Ok(PolicyId(row.get(0)?)))?;
    let mut policies = Vec::new();
    for id in ids {
        policies.extend(find(r, id)?);
    }
    Ok(policies)
}
