//! SQL of jobs, facts, schedules and deliveries.

use db::{Reader, Tx};
use kernel::ids::{DeliveryId, JobId};
use kernel::paging::{Page, PageRequest};
use kernel::{Error, Result, Time};
use rusqlite::{Row, params};
use serde_json::Value;
use std::time::Duration;

use crate::{Attempt, Delivery, DeliveryRow, DeliveryState, Job, JobRow, NewDelivery};

pub(crate) struct JobInsert<'a> {
    pub kind: &'a str,
    pub key: Option<&'a str>,
    pub lane: Option<&'a str>,
    pub payload: &'a str,
    pub run_at: Time,
}

pub(crate) fn insert_fact(tx: &mut Tx<'_>, kind: &str, payload: &str) -> Result<()> {
    tx.run("insert into work_facts (kind, payload, created_at) values (?, ?, ?)", params![kind, payload, tx.now.0])?;
    Ok(())
}

pub(crate) struct FactRow {
    pub id: i64,
    pub kind: String,
    pub payload: String,
}

pub(crate) fn list_facts_after_cursor(r: &Reader<'_>, limit: u32) -> Result<Vec<FactRow>> {
    r.rows(
        "select id, kind, payload from work_facts where id > coalesce((select fact_id from work_cursors where name = 'reactions'), 0) order by id limit ?",
        [limit],
        |row| Ok(FactRow { id: row.get(0)?, kind: row.get(1)?, payload: row.get(2)? }),
    )
}

pub(crate) fn move_cursor(tx: &mut Tx<'_>, fact_id: i64) -> Result<()> {
    tx.run(
        "insert into work_cursors (name, fact_id) values ('reactions', ?) on conflict (name) do update set fact_id = excluded.fact_id",
        [fact_id],
    )?;
    Ok(())
}

pub(crate) fn insert_job(tx: &mut Tx<'_>, job: &JobInsert<'_>) -> Result<Option<JobId>> {
    let inserted = tx.run(
        "insert into work_jobs (kind, key, lane, payload, state, run_at, created_at) values (?, ?, ?, ?, 'queued', ?, ?) \
         on conflict (kind, key) where key is not null and state = 'queued' do nothing",
        params![job.kind, job.key, job.lane, job.payload, job.run_at.0, tx.now.0],
    )?;
    if inserted == 0 {
        return Ok(None);
    }
    tx.value("select last_insert_rowid()", []).map(|id| Some(JobId(id)))
}

/// Marks up to `limit` due jobs as running and gives them. Uses work_jobs_by_state_run_at, then work_jobs_by_lane.
pub(crate) fn lease_jobs(tx: &mut Tx<'_>, limit: u32) -> Result<Vec<Job>> {
    let jobs = tx.rows(
        "select id, kind, payload, attempts + 1, run_at from work_jobs as job where state = 'queued' and run_at <= ?1 \
           and (lane is null or not exists (select 1 from work_jobs as earlier where earlier.lane = job.lane and earlier.id < job.id and earlier.state <> 'dead')) \
         order by run_at, id limit ?2",
        params![tx.now.0, limit],
        read_job,
    )?;
    for job in &jobs {
        tx.run("update work_jobs set state = 'running', attempts = attempts + 1 where id = ?", [job.id.0])?;
    }
    Ok(jobs)
}

fn read_job(row: &Row<'_>) -> rusqlite::Result<Job> {
    Ok(Job { id: JobId(row.get(0)?), kind: row.get(1)?, payload: read_json(row, 2)?, attempt: row.get(3)?, run_at: Time(row.get(4)?) })
}

fn read_json(row: &Row<'_>, column: usize) -> rusqlite::Result<Value> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error)))
}

pub(crate) fn remove_job(tx: &mut Tx<'_>, id: JobId) -> Result<()> {
    tx.run("delete from work_jobs where id = ?", [id.0])?;
    Ok(())
}

/// Uses work_jobs_by_kind_key.
pub(crate) fn remove_queued(tx: &mut Tx<'_>, kind: &str, key: &str) -> Result<bool> {
    Ok(tx.run("delete from work_jobs where kind = ? and key = ? and state = 'queued'", params![kind, key])? > 0)
}

pub(crate) fn is_in_lane(r: &Reader<'_>, id: JobId) -> Result<bool> {
    r.value("select exists (select 1 from work_jobs where id = ? and lane is not null)", [id.0])
}

/// Back into the queue; when a job of the same kind and key was queued meanwhile, that one does the work.
pub(crate) fn retry_job(tx: &mut Tx<'_>, id: JobId, run_at: Time, error: &str) -> Result<()> {
    let has_twin: bool = tx.value(
        "select exists (select 1 from work_jobs as twin join work_jobs as job on job.id = ? where twin.kind = job.kind and twin.key = job.key and twin.state = 'queued' and twin.id <> job.id)",
        [id.0],
    )?;
    if has_twin {
        return remove_job(tx, id);
    }
    tx.run("update work_jobs set state = 'queued', run_at = ?, last_error = ? where id = ?", params![run_at.0, error, id.0])?;
    Ok(())
}

pub(crate) fn bury_job(tx: &mut Tx<'_>, id: JobId, error: &str) -> Result<()> {
    tx.run("update work_jobs set state = 'dead', last_error = ?, finished_at = ? where id = ?", params![error, tx.now.0, id.0])?;
    Ok(())
}

/// What a killed process left half-done is done again. Only one process runs a data folder, so nothing is taken from a living one.
pub(crate) fn release_leases(tx: &mut Tx<'_>) -> Result<()> {
    let running: Vec<i64> = tx.rows("select id from work_jobs where state = 'running'", [], |row| row.get(0))?;
    for id in running {
        retry_job(tx, JobId(id), tx.now, "the server stopped while this ran")?;
    }
    tx.run("update work_deliveries set state = 'pending', next_at = ?1 where state = 'leased'", [tx.now.0])?;
    Ok(())
}

pub(crate) fn find_schedule(r: &Reader<'_>, kind: &str) -> Result<Option<Time>> {
    r.row("select next_at from work_schedules where kind = ?", [kind], |row| row.get(0).map(Time))
}

pub(crate) fn set_schedule(tx: &mut Tx<'_>, kind: &str, next_at: Time, last_at: Option<Time>) -> Result<()> {
    tx.run(
        "insert into work_schedules (kind, next_at, last_at) values (?, ?, ?) \
         on conflict (kind) do update set next_at = excluded.next_at, last_at = coalesce(excluded.last_at, last_at)",
        params![kind, next_at.0, last_at.map(|at| at.0)],
    )?;
    Ok(())
}

/// When the next queued job, schedule or pending delivery is due. What stands behind an unfinished one of its lane or
/// destination is not due: it starts when that one ends, which is told by a signal.
pub(crate) fn next_due(r: &Reader<'_>) -> Result<Option<Time>> {
    let next: Option<i64> = r.value(
        "select min(due) from ( \
           select min(run_at) as due from work_jobs as job where state = 'queued' \
             and (lane is null or not exists (select 1 from work_jobs as earlier where earlier.lane = job.lane and earlier.id < job.id and earlier.state <> 'dead')) \
           union all select min(next_at) from work_schedules \
           union all select min(next_at) from work_deliveries as delivery indexed by work_deliveries_by_next_at where state = 'pending' \
             and not exists (select 1 from work_deliveries as earlier \
               where earlier.destination = delivery.destination and earlier.id < delivery.id and earlier.state in ('pending', 'leased')))",
        [],
    )?;
    Ok(next.map(Time))
}

pub(crate) fn insert_delivery(tx: &mut Tx<'_>, delivery: &NewDelivery) -> Result<Option<DeliveryId>> {
    let inserted = tx.run(
        "insert into work_deliveries (destination, sender, key, subject, payload, state, next_at, created_at) values (?, ?, ?, ?, ?, 'pending', ?, ?) \
         on conflict (key) do nothing",
        params![
            delivery.destination,
            delivery.sender,
            delivery.key,
            delivery.subject,
            delivery.payload.to_string(),
            delivery.run_at.unwrap_or(tx.now).0,
            tx.now.0
        ],
    )?;
    if inserted == 0 {
        return Ok(None);
    }
    tx.value("select last_insert_rowid()", []).map(|id| Some(DeliveryId(id)))
}

pub(crate) fn cancel_untried(tx: &mut Tx<'_>, key: &str) -> Result<bool> {
    let changed = tx.run(
        "update work_deliveries set state = 'cancelled', finished_at = ? where key = ? and state = 'pending' and attempts = 0",
        params![tx.now.0, key],
    )?;
    Ok(changed > 0)
}

/// Named index: by itself SQLite takes the index on the state, and then reads and sorts a whole backlog for one lease.
pub(crate) const DUE_DELIVERIES: &str = "select id, key, destination, subject, payload, attempts + 1, created_at \
     from work_deliveries as delivery indexed by work_deliveries_by_next_at \
     where state = 'pending' and next_at <= ?1 and sender = ?2 and not exists (select 1 from work_deliveries as earlier \
       where earlier.destination = delivery.destination and earlier.id < delivery.id and earlier.state in ('pending', 'leased')) \
     order by next_at limit ?3";

/// Marks up to `limit` due deliveries of `sender` as leased and gives them: of each destination only the oldest that is
/// not finished.
pub(crate) fn lease_deliveries(tx: &mut Tx<'_>, sender: &str, limit: u32) -> Result<Vec<Delivery>> {
    let deliveries = tx.rows(DUE_DELIVERIES, params![tx.now.0, sender, limit], |row| {
        Ok(Delivery {
            id: DeliveryId(row.get(0)?),
            key: row.get(1)?,
            destination: row.get(2)?,
            subject: row.get(3)?,
            payload: read_json(row, 4)?,
            attempt: row.get(5)?,
            created_at: Time(row.get(6)?),
        })
    })?;
    for delivery in &deliveries {
        tx.run("update work_deliveries set state = 'leased', attempts = attempts + 1 where id = ?", [delivery.id.0])?;
    }
    Ok(deliveries)
}

pub(crate) struct AttemptInsert<'a> {
    pub id: DeliveryId,
    pub outcome: &'a str,
    pub code: Option<u16>,
    pub detail: Option<&'a str>,
    pub duration: Duration,
}

pub(crate) fn insert_attempt(tx: &mut Tx<'_>, attempt: &AttemptInsert<'_>) -> Result<()> {
    tx.run(
        "insert into work_attempts (delivery_id, outcome, code, detail, duration_ms, created_at) values (?, ?, ?, ?, ?, ?)",
        params![
            attempt.id.0,
            attempt.outcome,
            attempt.code,
            attempt.detail,
            i64::try_from(attempt.duration.as_millis()).unwrap_or(i64::MAX),
            tx.now.0
        ],
    )?;
    tx.run("update work_deliveries set last_code = ?, last_error = ? where id = ?", params![attempt.code, attempt.detail, attempt.id.0])?;
    Ok(())
}

pub(crate) fn finish_delivery(tx: &mut Tx<'_>, id: DeliveryId, state: DeliveryState, provider_id: Option<&str>) -> Result<()> {
    tx.run(
        "update work_deliveries set state = ?, provider_id = ?, finished_at = ? where id = ?",
        params![state.as_str(), provider_id, tx.now.0, id.0],
    )?;
    Ok(())
}

pub(crate) fn retry_delivery_at(tx: &mut Tx<'_>, id: DeliveryId, next_at: Time) -> Result<()> {
    tx.run("update work_deliveries set state = 'pending', next_at = ? where id = ?", params![next_at.0, id.0])?;
    Ok(())
}

const DELIVERY_COLUMNS: &str = "id, destination, key, subject, state, attempts, next_at, last_error, last_code, created_at, finished_at";

fn read_delivery(row: &Row<'_>) -> rusqlite::Result<DeliveryRow> {
    Ok(DeliveryRow {
        id: DeliveryId(row.get(0)?),
        destination: row.get(1)?,
        key: row.get(2)?,
        subject: row.get(3)?,
        state: DeliveryState::parse(&row.get::<_, String>(4)?).unwrap_or(DeliveryState::Dead),
        attempts: row.get(5)?,
        next_at: Time(row.get(6)?),
        last_error: row.get(7)?,
        last_code: row.get(8)?,
        created_at: Time(row.get(9)?),
        finished_at: row.get::<_, Option<i64>>(10)?.map(Time),
    })
}

/// The newest first; `state` narrows it.
pub fn list_deliveries(r: &Reader<'_>, state: Option<DeliveryState>, page: &PageRequest) -> Result<Page<DeliveryRow>> {
    let limit = page.limit() + 1;
    let rows = match state {
        Some(state) => r.rows(
            &format!("select {DELIVERY_COLUMNS} from work_deliveries where state = ? and id < ? order by id desc limit ?"),
            params![state.as_str(), page.before(), limit],
            read_delivery,
        )?,
        None => r.rows(
            &format!("select {DELIVERY_COLUMNS} from work_deliveries where id < ? order by id desc limit ?"),
            params![page.before(), limit],
            read_delivery,
        )?,
    };
    Ok(Page::from_rows(rows, page, |row| row.id.0))
}

pub fn find_delivery(r: &Reader<'_>, id: DeliveryId) -> Result<Option<DeliveryRow>> {
    r.row(&format!("select {DELIVERY_COLUMNS} from work_deliveries where id = ?"), [id.0], read_delivery)
}

/// The newest delivery to a destination: what "last delivery" shows. Uses work_deliveries_by_destination_id.
pub fn find_last_delivery(r: &Reader<'_>, destination: &str) -> Result<Option<DeliveryRow>> {
    r.row(
        &format!("select {DELIVERY_COLUMNS} from work_deliveries where destination = ? order by id desc limit 1"),
        [destination],
        read_delivery,
    )
}

/// Deliveries whose key starts with `prefix`, oldest first: all notices about one thing.
pub fn list_deliveries_by_key(r: &Reader<'_>, prefix: &str, limit: u32) -> Result<Vec<DeliveryRow>> {
    r.rows(
        &format!("select {DELIVERY_COLUMNS} from work_deliveries where key >= ?1 and key < ?1 || x'f48fbfbf' order by id limit ?2"),
        params![prefix, limit],
        read_delivery,
    )
}

pub fn list_attempts(r: &Reader<'_>, id: DeliveryId) -> Result<Vec<Attempt>> {
    r.rows(
        "select outcome, code, detail, duration_ms, created_at from work_attempts where delivery_id = ? order by id limit 100",
        [id.0],
        |row| {
            Ok(Attempt {
                outcome: row.get(0)?,
                code: row.get(1)?,
                detail: row.get(2)?,
                duration: Duration::from_millis(row.get::<_, i64>(3)?.unsigned_abs()),
                created_at: Time(row.get(4)?),
            })
        },
    )
}

/// How many deliveries wait, and since when the oldest of them.
pub fn outbox_backlog(r: &Reader<'_>) -> Result<(u64, Option<Time>)> {
    let backlog = r.row("select count(*), min(created_at) from work_deliveries where state in ('pending', 'leased')", [], |row| {
        Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, Option<i64>>(1)?.map(Time)))
    })?;
    Ok(backlog.unwrap_or((0, None)))
}

/// Since when the longest-waiting delivery could have been sent: due, and no earlier one of its destination before it.
/// A destination that does not answer has its next try in the future and is no sign of ours. Uses work_deliveries_by_next_at.
pub fn outbox_since(r: &Reader<'_>) -> Result<Option<Time>> {
    let since: Option<i64> = r.value(
        "select min(next_at) from work_deliveries as delivery indexed by work_deliveries_by_next_at \
         where state = 'pending' and next_at <= ?1 and not exists (select 1 from work_deliveries as earlier \
           where earlier.destination = delivery.destination and earlier.id < delivery.id and earlier.state in ('pending', 'leased'))",
        [r.now.0],
    )?;
    Ok(since.map(Time))
}

/// A person says "try again now": for dead and for waiting ones.
pub fn revive_delivery(tx: &mut Tx<'_>, id: DeliveryId) -> Result<()> {
    let changed = tx.run(
        "update work_deliveries set state = 'pending', next_at = ?1, created_at = ?1, finished_at = null where id = ?2 and state in ('dead', 'pending')",
        params![tx.now.0, id.0],
    )?;
    tx.signal(crate::TOPIC);
    if changed == 0 { Err(Error::conflict("This delivery is on its way or finished; there is nothing to repeat.")) } else { Ok(()) }
}

/// A person gives a waiting or dead delivery up.
pub fn discard_delivery(tx: &mut Tx<'_>, id: DeliveryId) -> Result<()> {
    let changed = tx.run(
        "update work_deliveries set state = 'cancelled', finished_at = ? where id = ? and state in ('dead', 'pending')",
        params![tx.now.0, id.0],
    )?;
    tx.signal(crate::TOPIC);
    if changed == 0 { Err(Error::conflict("This delivery is on its way or finished; it cannot be discarded.")) } else { Ok(()) }
}

/// The newest first; `is_dead` keeps those that wait for a person apart from the queue, behind which they would hide.
pub fn list_jobs(r: &Reader<'_>, is_dead: bool, page: &PageRequest) -> Result<Page<JobRow>> {
    let rows = r.rows(
        "select id, kind, state, run_at, attempts, last_error, created_at from work_jobs where (state = 'dead') = ? and id < ? order by id desc limit ?",
        params![is_dead, page.before(), page.limit() + 1],
        |row| {
            Ok(JobRow {
                id: JobId(row.get(0)?),
                kind: row.get(1)?,
                state: row.get(2)?,
                run_at: Time(row.get(3)?),
                attempts: row.get(4)?,
                last_error: row.get(5)?,
                created_at: Time(row.get(6)?),
            })
        },
    )?;
    Ok(Page::from_rows(rows, page, |row| row.id.0))
}

pub fn count_dead_jobs(r: &Reader<'_>) -> Result<u64> {
    r.value::<i64>("select count(*) from work_jobs where state = 'dead'", []).map(i64::unsigned_abs)
}

pub fn count_dead_deliveries(r: &Reader<'_>) -> Result<u64> {
    r.value::<i64>("select count(*) from work_deliveries where state = 'dead'", []).map(i64::unsigned_abs)
}

pub fn revive_job(tx: &mut Tx<'_>, id: JobId) -> Result<()> {
    let changed = tx.run(
        "update work_jobs set state = 'queued', run_at = ?, attempts = 0, finished_at = null where id = ? and state = 'dead'",
        params![tx.now.0, id.0],
    )?;
    tx.signal(crate::TOPIC);
    if changed == 0 { Err(Error::not_found("dead job")) } else { Ok(()) }
}

pub fn discard_job(tx: &mut Tx<'_>, id: JobId) -> Result<()> {
    let changed = tx.run("delete from work_jobs where id = ? and state = 'dead'", [id.0])?;
    tx.signal(crate::TOPIC);
    if changed == 0 { Err(Error::not_found("dead job")) } else { Ok(()) }
}

/// A row of the list of schedules: job kind, next and last start.
pub fn list_schedules(r: &Reader<'_>) -> Result<Vec<(String, Time, Option<Time>)>> {
    r.rows("select kind, next_at, last_at from work_schedules order by kind limit 500", [], |row| {
        Ok((row.get(0)?, Time(row.get(1)?), row.get::<_, Option<i64>>(2)?.map(Time)))
    })
}

/// Old facts and finished deliveries go; what is unfinished or dead stays. At most `limit` rows of each at a time, so that
/// the writer is never held for long.
pub fn remove_finished(tx: &mut Tx<'_>, before: Time, limit: u32) -> Result<usize> {
    let facts = tx.run(
        "delete from work_facts where id in (select id from work_facts where created_at < ?1 and id <= (select fact_id from work_cursors where name = 'reactions') order by created_at limit ?2)",
        params![before.0, limit],
    )?;
    let deliveries = tx.run(
        "delete from work_deliveries where id in (select id from work_deliveries where state in ('sent', 'cancelled') and finished_at < ?1 order by finished_at limit ?2)",
        params![before.0, limit],
    )?;
    Ok(facts + deliveries)
}
