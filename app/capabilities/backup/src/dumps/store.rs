//! Rows of `backup_dumps`, `backup_dump_runs` and `backup_dump_keys`.

use db::{Reader, Tx};
use kernel::ids::DumpId;
use kernel::paging::{Page, PageRequest};
use kernel::{Error, Kind, Result, Sealer, Secret, Time};
use rusqlite::{Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::model::{Draft, Dump, Encryption, Outcome, Run, RunResult, Secrets, Trouble, TroubleKind};

/// Asked of a founder's PostgreSQL after a restore, not of ours.
pub const SCRATCH_TABLES: &str = "select count(*) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')";

/// More are refused: the desk and the list hold all of them in memory.
pub const MOST: u32 = 200;
const SEAL: &str = "backup_dumps.secrets";
const KEY_SEAL: &str = "backup_dump_keys.identity";
const COLUMNS: &str = "id, draft, is_paused, next_at, due_at, wanted_at, wanted_by, trouble, trouble_at, is_lost, created_at, \
     changed_at";
const RUN_COLUMNS: &str = "id, dump_id, started_by, started_at, ended_at, outcome, raw_bytes, stored_bytes, exit_code, checks, problem, log, place, \
     encryption, object_key, is_stored, sha256, recipient, removed_at";

fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::internal("writing a column as JSON").because(error))
}

fn from_json<T: DeserializeOwned>(text: &str, place: &'static str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::internal(format!("reading {place}")).because(error))
}

type Raw = (String, bool, Dump);

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    let time = |index| row.get::<_, Option<i64>>(index).map(|at| at.map(Time));
    let kind = match row.get::<_, String>(7)?.as_str() {
        "failed" => Some(TroubleKind::Failed),
        "missed" => Some(TroubleKind::Missed),
        _ => None,
    };
    let dump = Dump {
        id: DumpId(row.get(0)?),
        draft: Draft::default(),
        next_at: time(3)?,
        due_at: time(4)?,
        wanted_at: time(5)?,
        wanted_by: row.get(6)?,
        trouble: kind.zip(time(8)?).map(|(kind, since)| Trouble { kind, since }),
        is_lost: row.get(9)?,
        created_at: Time(row.get(10)?),
        changed_at: Time(row.get(11)?),
    };
    Ok((row.get(1)?, row.get(2)?, dump))
}

fn dump((draft, paused, dump): Raw) -> Result<Dump> {
    let draft = Draft { paused, ..from_json(&draft, "backup_dumps.draft")? };
    Ok(Dump { draft, ..dump })
}

pub fn list(r: &Reader<'_>) -> Result<Vec<Dump>> {
    let rows = r.rows(&format!("select {COLUMNS} from backup_dumps order by name collate nocase, id limit ?"), [MOST], raw)?;
    rows.into_iter().map(dump).collect()
}

pub fn find(r: &Reader<'_>, id: DumpId) -> Result<Option<Dump>> {
    r.row(&format!("select {COLUMNS} from backup_dumps where id = ?"), [id.0], raw)?.map(dump).transpose()
}

pub fn get(r: &Reader<'_>, id: DumpId) -> Result<Dump> {
    find(r, id)?.ok_or_else(|| Error::not_found("dump"))
}

pub fn find_by_key(r: &Reader<'_>, key: &str) -> Result<Option<Dump>> {
    r.row(&format!("select {COLUMNS} from backup_dumps where key = ?"), [key], raw)?.map(dump).transpose()
}

pub fn find_by_name(r: &Reader<'_>, name: &str) -> Result<Option<Dump>> {
    r.row(&format!("select {COLUMNS} from backup_dumps where name = ? order by id limit 1"), [name], raw)?.map(dump).transpose()
}

pub fn secrets(r: &Reader<'_>, sealer: &Sealer, id: DumpId) -> Result<Secrets> {
    let sealed = r.row("select secrets from backup_dumps where id = ?", [id.0], |row| row.get::<_, String>(0))?.unwrap_or_default();
    if sealed.is_empty() {
        return Ok(Secrets::default());
    }
    match sealer.open(SEAL, &sealed) {
        Ok(opened) => from_json(opened.expose(), SEAL),
        Err(_) => Ok(Secrets { is_lost: true, ..Secrets::default() }),
    }
}

/// Writes down what the present key file does not open: the doctor has no key to try.
pub fn mark_lost(tx: &mut Tx<'_>, sealer: &Sealer) -> Result<()> {
    for dump in list(tx)? {
        let is_lost = secrets(tx, sealer, dump.id)?.is_lost;
        if is_lost != dump.is_lost {
            tx.run("update backup_dumps set is_lost = ? where id = ?", params![is_lost, dump.id.0])?;
        }
    }
    for key in own_keys(tx, sealer)? {
        tx.run("update backup_dump_keys set is_lost = ?1 where id = ?2 and is_lost <> ?1", params![key.identity.is_none(), key.id])?;
    }
    Ok(())
}

fn sealed(sealer: &Sealer, secrets: &Secrets) -> Result<String> {
    if *secrets == Secrets::default() {
        return Ok(String::new());
    }
    sealer.seal(SEAL, &Secret::new(to_json(secrets)?))
}

fn taken(error: Error) -> Error {
    match error.kind {
        Kind::Conflict => Error::field("key", "Another dump has this key; please choose another one."),
        _ => error,
    }
}

pub fn insert(tx: &mut Tx<'_>, sealer: &Sealer, draft: &Draft, secrets: &Secrets) -> Result<DumpId> {
    let id = tx
        .insert(
            "insert into backup_dumps (key, name, draft, secrets, is_paused, created_at, changed_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
            params![draft.key, draft.name, to_json(draft)?, sealed(sealer, secrets)?, draft.paused, tx.now.0],
        )
        .map_err(taken)?;
    Ok(DumpId(id))
}

/// Lost secrets stay as they rest: the right key file may be found again.
pub fn update(tx: &mut Tx<'_>, sealer: &Sealer, id: DumpId, draft: &Draft, secrets: &Secrets) -> Result<()> {
    tx.run(
        "update backup_dumps set key = ?, name = ?, draft = ?, is_paused = ?, changed_at = max(changed_at + 1, ?) where id = ?",
        params![draft.key, draft.name, to_json(draft)?, draft.paused, tx.now.0, id.0],
    )
    .map_err(taken)?;
    if !secrets.is_lost {
        tx.run("update backup_dumps set secrets = ?, is_lost = 0 where id = ?", params![sealed(sealer, secrets)?, id.0])?;
    }
    Ok(())
}

pub fn delete(tx: &mut Tx<'_>, id: DumpId) -> Result<()> {
    tx.run("delete from backup_dumps where id = ?", [id.0])?;
    Ok(())
}

pub fn set_schedule(tx: &mut Tx<'_>, id: DumpId, next: Option<Time>, due: Option<Time>) -> Result<()> {
    tx.run("update backup_dumps set next_at = ?, due_at = ? where id = ?", params![next.map(|at| at.0), due.map(|at| at.0), id.0])?;
    Ok(())
}

pub fn set_wanted(tx: &mut Tx<'_>, id: DumpId, wanted: Option<(Time, &str)>) -> Result<()> {
    let (at, by) = wanted.map_or((None, ""), |(at, by)| (Some(at.0), by));
    tx.run("update backup_dumps set wanted_at = ?, wanted_by = ? where id = ?", params![at, by, id.0])?;
    Ok(())
}

pub fn set_trouble(tx: &mut Tx<'_>, id: DumpId, trouble: Option<Trouble>) -> Result<()> {
    tx.run(
        "update backup_dumps set trouble = ?, trouble_at = ? where id = ?",
        params![trouble.map_or("", |trouble| trouble.kind.as_str()), trouble.map(|trouble| trouble.since.0), id.0],
    )?;
    Ok(())
}

fn run_row(row: &Row<'_>) -> rusqlite::Result<(String, Run)> {
    let time = |index| row.get::<_, Option<i64>>(index).map(|at| at.map(Time));
    let bytes = |index| row.get::<_, i64>(index).map(|bytes| u64::try_from(bytes).unwrap_or(0));
    let (key, is_stored): (Option<String>, bool) = (row.get(14)?, row.get(15)?);
    let (object_key, leftover) = if is_stored { (key, None) } else { (None, key) };
    let run = Run {
        id: row.get(0)?,
        dump: DumpId(row.get(1)?),
        started_by: row.get(2)?,
        started_at: Time(row.get(3)?),
        ended_at: time(4)?,
        outcome: Outcome::parse(&row.get::<_, String>(5)?).unwrap_or(Outcome::Failed),
        result: RunResult {
            raw_bytes: bytes(6)?,
            stored_bytes: bytes(7)?,
            exit_code: row.get(8)?,
            checks: Vec::new(),
            problem: row.get(10)?,
            log: row.get(11)?,
            object_key,
            sha256: row.get(16)?,
        },
        place: row.get(12)?,
        encryption: Encryption::parse(&row.get::<_, String>(13)?).unwrap_or_default(),
        recipient: row.get(17)?,
        leftover,
        removed_at: time(18)?,
    };
    Ok((row.get(9)?, run))
}

fn run((checks, mut run): (String, Run)) -> Result<Run> {
    run.result.checks = from_json(&checks, "backup_dump_runs.checks")?;
    Ok(run)
}

/// Newest first.
pub fn runs(r: &Reader<'_>, id: DumpId, page: &PageRequest) -> Result<Page<Run>> {
    let sql = format!("select {RUN_COLUMNS} from backup_dump_runs where dump_id = ? and id < ? order by id desc limit ?");
    let rows = r.rows(&sql, params![id.0, page.before(), page.limit() + 1], run_row)?;
    Ok(Page::from_rows(rows.into_iter().map(run).collect::<Result<Vec<_>>>()?, page, |run| run.id))
}

pub fn get_run(r: &Reader<'_>, id: i64) -> Result<Run> {
    let found = r.row(&format!("select {RUN_COLUMNS} from backup_dump_runs where id = ?"), [id], run_row)?;
    found.map(run).transpose()?.ok_or_else(|| Error::not_found("run"))
}

pub fn last_run(r: &Reader<'_>, id: DumpId) -> Result<Option<Run>> {
    let sql = format!("select {RUN_COLUMNS} from backup_dump_runs where dump_id = ? order by id desc limit 1");
    r.row(&sql, [id.0], run_row)?.map(run).transpose()
}

pub fn last_good(r: &Reader<'_>, id: DumpId) -> Result<Option<Run>> {
    let sql = format!("select {RUN_COLUMNS} from backup_dump_runs where dump_id = ? and outcome = 'good' order by id desc limit 1");
    r.row(&sql, [id.0], run_row)?.map(run).transpose()
}

/// What the newest run that came to a verdict was.
pub fn last_verdict(r: &Reader<'_>, id: DumpId) -> Result<Option<Outcome>> {
    let sql =
        "select outcome from backup_dump_runs where dump_id = ? and outcome in ('good', 'failed', 'doubtful') order by id desc limit 1";
    Ok(r.row(sql, [id.0], |row| row.get::<_, String>(0))?.and_then(|outcome| Outcome::parse(&outcome)))
}

/// Whether a run after this one went wrong.
pub fn has_later_trouble(r: &Reader<'_>, run: &Run) -> Result<bool> {
    let sql = "select exists (select 1 from backup_dump_runs where dump_id = ? and id > ? and outcome in ('failed', 'doubtful'))";
    r.value(sql, [run.dump.0, run.id])
}

/// How many of the newest runs before this one were interrupted, without a gap; at most `most` are looked at.
pub fn interruptions_before(r: &Reader<'_>, id: DumpId, run: i64, most: usize) -> Result<usize> {
    let sql = "select outcome = 'interrupted' from backup_dump_runs where dump_id = ? and id < ? order by id desc limit ?";
    let found = r.rows(sql, params![id.0, run, most as i64], |row| row.get::<_, bool>(0))?;
    Ok(found.into_iter().take_while(|is_interrupted| *is_interrupted).count())
}

/// Those whose objects may still be at the destination.
pub fn runs_with_objects(r: &Reader<'_>, id: DumpId) -> Result<Vec<Run>> {
    let sql = format!(
        "select {RUN_COLUMNS} from backup_dump_runs where dump_id = ? and object_key is not null and removed_at is null order by id desc limit 5000"
    );
    r.rows(&sql, [id.0], run_row)?.into_iter().map(run).collect()
}

/// What the last good ones weighed, oldest first.
pub fn sizes(r: &Reader<'_>, id: DumpId, most: u32) -> Result<Vec<f64>> {
    let sql = "select stored_bytes from backup_dump_runs where dump_id = ? and outcome = 'good' order by id desc limit ?";
    let mut sizes = r.rows(sql, params![id.0, most], |row| row.get::<_, i64>(0).map(|bytes| bytes as f64))?;
    sizes.reverse();
    Ok(sizes)
}

pub fn begin_run(tx: &mut Tx<'_>, dump: &Dump, started_by: &str) -> Result<i64> {
    tx.insert(
        "insert into backup_dump_runs (dump_id, started_by, started_at, outcome, place, encryption) values (?, ?, ?, 'running', ?, ?)",
        params![dump.id.0, started_by, tx.now.0, dump.draft.place, dump.draft.encryption.as_str()],
    )
}

pub fn set_run_target(tx: &mut Tx<'_>, id: i64, place: &str, recipient: &str) -> Result<()> {
    tx.run("update backup_dump_runs set place = ?, recipient = ? where id = ?", params![place, recipient, id])?;
    Ok(())
}

/// Before the upload: whatever ends this process, somebody knows what may lie there.
pub fn set_run_key(tx: &mut Tx<'_>, id: i64, key: &str) -> Result<()> {
    tx.run("update backup_dump_runs set object_key = ? where id = ?", params![key, id])?;
    Ok(())
}

pub fn end_run(tx: &mut Tx<'_>, id: i64, outcome: Outcome, result: &RunResult) -> Result<()> {
    tx.run(
        "update backup_dump_runs set ended_at = ?, outcome = ?, raw_bytes = ?, stored_bytes = ?, exit_code = ?, checks = ?, problem = ?, log = ?, \
         is_stored = ?, object_key = coalesce(?, object_key), sha256 = ? where id = ?",
        params![
            tx.now.0,
            outcome.as_str(),
            result.raw_bytes as i64,
            result.stored_bytes as i64,
            result.exit_code,
            to_json(&result.checks)?,
            result.problem,
            result.log,
            result.object_key.is_some(),
            result.object_key,
            result.sha256,
            id,
        ],
    )?;
    Ok(())
}

pub fn set_outcome(tx: &mut Tx<'_>, id: i64, outcome: Outcome) -> Result<()> {
    tx.run("update backup_dump_runs set outcome = ? where id = ?", params![outcome.as_str(), id])?;
    Ok(())
}

pub fn set_removed(tx: &mut Tx<'_>, ids: &[i64]) -> Result<()> {
    for id in ids {
        tx.run("update backup_dump_runs set removed_at = ? where id = ?", params![tx.now.0, id])?;
    }
    Ok(())
}

/// Begun by a process that is gone.
pub fn running(r: &Reader<'_>) -> Result<Vec<(i64, DumpId)>> {
    r.rows("select id, dump_id from backup_dump_runs where outcome = 'running' limit 1000", [], |row| {
        Ok((row.get(0)?, DumpId(row.get(1)?)))
    })
}

pub fn is_running(r: &Reader<'_>, id: DumpId) -> Result<bool> {
    r.value("select exists (select 1 from backup_dump_runs where dump_id = ? and outcome = 'running')", [id.0])
}

/// Rows of runs that tell nothing any more; those with an object stay.
pub fn prune(tx: &mut Tx<'_>, before: Time) -> Result<()> {
    tx.run(
        "delete from backup_dump_runs where id in (select id from backup_dump_runs where started_at < ? and outcome <> 'running' \
         and (object_key is null or removed_at is not null) limit 500)",
        [before.0],
    )?;
    Ok(())
}

/// One of the instance's own keys. Without an identity where the key file that sealed it is gone.
#[derive(Debug, Clone)]
pub struct OwnKey {
    pub id: i64,
    pub recipient: String,
    pub identity: Option<Secret>,
    pub created_at: Time,
    pub shown_at: Option<Time>,
    pub shown_by: String,
}

/// The one in use first.
pub fn own_keys(r: &Reader<'_>, sealer: &Sealer) -> Result<Vec<OwnKey>> {
    let sql = "select id, recipient, identity, created_at, shown_at, shown_by from backup_dump_keys order by id desc limit 100";
    r.rows(sql, [], |row| {
        let time = |index| row.get::<_, Option<i64>>(index).map(|at| at.map(Time));
        Ok(OwnKey {
            id: row.get(0)?,
            recipient: row.get(1)?,
            identity: sealer.open(KEY_SEAL, &row.get::<_, String>(2)?).ok(),
            created_at: Time(row.get(3)?),
            shown_at: time(4)?,
            shown_by: row.get(5)?,
        })
    })
}

/// What is known of the key in use without opening it. `None` while there is none.
pub struct KeyState {
    /// Somebody holds it besides this database.
    pub is_shown: bool,
    pub is_lost: bool,
}

pub fn key_state(r: &Reader<'_>) -> Result<Option<KeyState>> {
    r.row("select shown_at is not null, is_lost from backup_dump_keys order by id desc limit 1", [], |row| {
        Ok(KeyState { is_shown: row.get(0)?, is_lost: row.get(1)? })
    })
}

pub fn insert_key(tx: &mut Tx<'_>, sealer: &Sealer, recipient: &str, identity: &Secret) -> Result<()> {
    tx.run(
        "insert into backup_dump_keys (recipient, identity, created_at) values (?, ?, ?)",
        params![recipient, sealer.seal(KEY_SEAL, identity)?, tx.now.0],
    )?;
    Ok(())
}

pub fn set_key_shown(tx: &mut Tx<'_>, id: i64, by: &str) -> Result<()> {
    tx.run("update backup_dump_keys set shown_at = ?, shown_by = ? where id = ?", params![tx.now.0, by, id])?;
    Ok(())
}
