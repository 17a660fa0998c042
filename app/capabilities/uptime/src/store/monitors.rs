//! Rows of `uptime_monitors`.

use db::{Reader, Tx};
use kernel::ids::{MonitorId, digest};
use kernel::{Error, Kind, Result, Sealer, Secret, Time};
use rusqlite::{Row, params};

use super::{from_json, to_json};
use crate::model::watch::{Draft, Monitor, Secrets, Watch};

const SEAL: &str = "uptime_monitors.secrets";
const COLUMNS: &str = "id, key, name, watch, rules, tags, note, depends_on, is_paused, created_at, changed_at, has_lost_secrets";
/// More are not supported; the lists and the runner read all of them at once.
const MOST: u32 = 5_000;

type Raw = (i64, Option<String>, String, [String; 5], bool, i64, i64, bool);

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    let texts = [row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?];
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, texts, row.get(8)?, row.get(9)?, row.get(10)?, row.get(11)?))
}

fn monitor(
    (id, key, name, [watch, rules, tags, note, depends_on], paused, created_at, changed_at, has_lost_secrets): Raw,
) -> Result<Monitor> {
    let draft = Draft {
        key: key.unwrap_or_default(),
        name,
        watch: from_json(&watch, "uptime_monitors.watch")?,
        rules: from_json(&rules, "uptime_monitors.rules")?,
        tags: from_json(&tags, "uptime_monitors.tags")?,
        note,
        depends_on: from_json(&depends_on, "uptime_monitors.depends_on")?,
        paused,
    };
    Ok(Monitor { id: MonitorId(id), draft, created_at: Time(created_at), changed_at: Time(changed_at), has_lost_secrets })
}

pub fn list(r: &Reader<'_>) -> Result<Vec<Monitor>> {
    let rows = r.rows(&format!("select {COLUMNS} from uptime_monitors order by name collate nocase, id limit ?"), [MOST], raw)?;
    rows.into_iter().map(monitor).collect()
}

pub fn find(r: &Reader<'_>, id: MonitorId) -> Result<Option<Monitor>> {
    r.row(&format!("select {COLUMNS} from uptime_monitors where id = ?"), [id.0], raw)?.map(monitor).transpose()
}

pub fn get(r: &Reader<'_>, id: MonitorId) -> Result<Monitor> {
    find(r, id)?.ok_or_else(|| Error::not_found("monitor"))
}

pub fn find_by_key(r: &Reader<'_>, key: &str) -> Result<Option<Monitor>> {
    r.row(&format!("select {COLUMNS} from uptime_monitors where key = ?"), [key], raw)?.map(monitor).transpose()
}

/// The first of this name, for files whose entries have no key; one that has a key is another entry's, so it comes last.
pub fn find_by_name(r: &Reader<'_>, name: &str) -> Result<Option<Monitor>> {
    r.row(&format!("select {COLUMNS} from uptime_monitors where name = ? order by key is not null, id limit 1"), [name], raw)?
        .map(monitor)
        .transpose()
}

pub fn find_by_beat_token(r: &Reader<'_>, token: &str) -> Result<Option<Monitor>> {
    r.row(&format!("select {COLUMNS} from uptime_monitors where beat_digest = ?"), [digest(token)], raw)?.map(monitor).transpose()
}

pub fn secrets(r: &Reader<'_>, sealer: &Sealer, id: MonitorId) -> Result<Secrets> {
    let row = r.row("select secrets, watch from uptime_monitors where id = ?", [id.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (sealed, watch): (String, String) = row.ok_or_else(|| Error::not_found("monitor"))?;
    open(sealer, &sealed, &watch)
}

/// Writes down what the present key file does not open: the doctor has no key to try.
pub fn mark_lost(tx: &mut Tx<'_>, id: MonitorId, is_lost: bool) -> Result<()> {
    tx.run("update uptime_monitors set has_lost_secrets = ? where id = ?", params![is_lost, id.0])?;
    tx.signal(crate::TOPIC);
    Ok(())
}

/// All of them at once, for the runner. One that cannot be opened costs only its own monitor the credentials, not every monitor
/// its watch.
pub fn all_secrets(r: &Reader<'_>, sealer: &Sealer) -> Result<Vec<(MonitorId, Secrets)>> {
    let rows = r.rows("select id, secrets, watch from uptime_monitors where secrets <> '' limit ?", [MOST], |row| {
        Ok((MonitorId(row.get(0)?), row.get::<_, String>(1)?, row.get::<_, String>(2)?))
    })?;
    rows.into_iter().map(|(id, sealed, watch)| Ok((id, open(sealer, &sealed, &watch)?))).collect()
}

pub fn insert(tx: &mut Tx<'_>, sealer: &Sealer, draft: &Draft, secrets: &Secrets) -> Result<MonitorId> {
    check_references(tx, draft, None)?;
    let kind = draft.watch.kind().as_str();
    let id = tx
        .insert(
            "insert into uptime_monitors (key, name, kind, watch, rules, tags, note, depends_on, secrets, beat_digest, is_paused, created_at, changed_at) \
             values (nullif(?, ''), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                draft.key,
                draft.name,
                kind,
                to_json(&draft.watch)?,
                to_json(&draft.rules)?,
                to_json(&draft.tags)?,
                draft.note,
                to_json(&draft.depends_on)?,
                seal(sealer, secrets)?,
                beat_digest(secrets),
                draft.paused,
                tx.now.0,
                tx.now.0,
            ],
        )
        .map_err(taken)?;
    Ok(MonitorId(id))
}

/// Secrets that are lost stay as they were sealed: the key file may come back, and a heartbeat's address holds without it.
pub fn update(tx: &mut Tx<'_>, sealer: &Sealer, id: MonitorId, draft: &Draft, secrets: &Secrets) -> Result<()> {
    check_references(tx, draft, Some(id))?;
    let changed = tx
        .run(
            "update uptime_monitors set key = nullif(?, ''), name = ?, kind = ?, watch = ?, rules = ?, tags = ?, note = ?, depends_on = ?, \
             is_paused = ?, changed_at = max(changed_at + 1, ?) where id = ?",
            params![
                draft.key,
                draft.name,
                draft.watch.kind().as_str(),
                to_json(&draft.watch)?,
                to_json(&draft.rules)?,
                to_json(&draft.tags)?,
                draft.note,
                to_json(&draft.depends_on)?,
                draft.paused,
                tx.now.0,
                id.0,
            ],
        )
        .map_err(taken)?;
    if changed == 0 {
        return Err(Error::not_found("monitor"));
    }
    if !secrets.is_lost {
        tx.run(
            "update uptime_monitors set secrets = ?, beat_digest = ?, has_lost_secrets = 0 where id = ?",
            params![seal(sealer, secrets)?, beat_digest(secrets), id.0],
        )
        .map_err(taken)?;
    }
    Ok(())
}

pub fn set_paused(tx: &mut Tx<'_>, id: MonitorId, is_paused: bool) -> Result<()> {
    let changed = tx.run(
        "update uptime_monitors set is_paused = ?, changed_at = max(changed_at + 1, ?) where id = ?",
        params![is_paused, tx.now.0, id.0],
    )?;
    if changed == 0 { Err(Error::not_found("monitor")) } else { Ok(()) }
}

/// With its state, stretches, outages and beats. Its checks age out by themselves.
pub fn delete(tx: &mut Tx<'_>, id: MonitorId) -> Result<()> {
    for mut other in list(tx)? {
        let named = other.needs().contains(&id);
        other.draft.depends_on.retain(|parent| *parent != id);
        if let Watch::Group(group) = &mut other.draft.watch {
            group.members.retain(|member| *member != id);
        }
        if named {
            tx.run(
                "update uptime_monitors set watch = ?, depends_on = ?, changed_at = max(changed_at + 1, ?) where id = ?",
                params![to_json(&other.watch)?, to_json(&other.depends_on)?, tx.now.0, other.id.0],
            )?;
        }
    }
    for sql in [
        "update uptime_outages set parent_id = null where parent_id = ?",
        "delete from uptime_beats where monitor_id = ?",
        "delete from uptime_outages where monitor_id = ?",
        "delete from uptime_transitions where monitor_id = ?",
        "delete from uptime_states where monitor_id = ?",
    ] {
        tx.run(sql, [id.0])?;
    }
    let changed = tx.run("delete from uptime_monitors where id = ?", [id.0])?;
    if changed == 0 { Err(Error::not_found("monitor")) } else { Ok(()) }
}

pub fn count(r: &Reader<'_>) -> Result<u64> {
    r.value::<i64>("select count(*) from uptime_monitors", []).map(i64::unsigned_abs)
}

/// Dependencies and group members must exist, and must not lead back to the monitor itself.
fn check_references(r: &Reader<'_>, draft: &Draft, own: Option<MonitorId>) -> Result<()> {
    let (field, wanted) = match &draft.watch {
        Watch::Group(group) => ("members", group.members.clone()),
        _ => ("depends_on", Vec::new()),
    };
    for (field, id) in wanted.iter().map(|id| (field, id)).chain(draft.depends_on.iter().map(|id| ("depends_on", id))) {
        if find(r, *id)?.is_none() {
            return Err(Error::field(field, format!("There is no monitor {id}; please choose another one.")));
        }
    }
    let Some(own) = own else { return Ok(()) };
    let mut open = draft.needs();
    let mut seen = Vec::new();
    while let Some(next) = open.pop() {
        if next == own {
            return Err(Error::field(field_of(draft), "This would make the monitor depend on itself; please take it out."));
        }
        if !seen.contains(&next) {
            seen.push(next);
            if let Some(monitor) = find(r, next)? {
                open.extend(monitor.needs());
            }
        }
    }
    Ok(())
}

fn field_of(draft: &Draft) -> &'static str {
    if draft.depends_on.is_empty() { "members" } else { "depends_on" }
}

fn taken(error: Error) -> Error {
    match error.kind {
        Kind::Conflict => Error::field("key", "Another monitor has this key or beat address already; please choose another one."),
        _ => error,
    }
}

fn seal(sealer: &Sealer, secrets: &Secrets) -> Result<String> {
    if *secrets == Secrets::default() {
        return Ok(String::new());
    }
    sealer.seal(SEAL, &Secret::new(to_json(secrets)?))
}

fn open(sealer: &Sealer, sealed: &str, watch: &str) -> Result<Secrets> {
    if sealed.is_empty() {
        return Ok(Secrets::default());
    }
    match sealer.open(SEAL, sealed) {
        Ok(opened) => from_json(opened.expose(), "uptime_monitors.secrets"),
        Err(_) => Ok(Secrets::lost(&from_json(watch, "uptime_monitors.watch")?)),
    }
}

fn beat_digest(secrets: &Secrets) -> Option<String> {
    (!secrets.beat_token.is_empty()).then(|| digest(&secrets.beat_token))
}
