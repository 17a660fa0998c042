//! What is remembered of monitors: the state machine's memory, stretches of recorded state, outages.

use db::{Reader, Tx};
use kernel::ids::{MonitorId, OutageId};
use kernel::paging::{Page, PageRequest};
use kernel::{Error, Fact, Result, Time};
use rusqlite::{Row, params};

use super::{from_json, to_json};
use crate::model::arithmetic::{Span, spans};
use crate::model::check::Reason;
use crate::model::heartbeat::BeatState;
use crate::model::state::{Change, MonitorState, Notice, State};

/// What the runner starts from.
#[derive(Debug, Clone, Default)]
pub struct Remembered {
    pub state: State,
    pub beat: BeatState,
    /// End of the newest certificate and the threshold of days that was told of.
    pub certificate: Option<(Time, i64)>,
}

/// A state as lists show it.
#[derive(Debug, Clone)]
pub struct Shown {
    pub state: MonitorState,
    pub since: Time,
    pub body: State,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Outage {
    pub id: OutageId,
    pub monitor: MonitorId,
    pub started_at: Time,
    pub confirmed_at: Time,
    pub ended_at: Option<Time>,
    pub reason: String,
    pub detail: String,
    pub parent: Option<MonitorId>,
}

pub fn remembered(r: &Reader<'_>) -> Result<Vec<(MonitorId, Remembered)>> {
    let rows = r.rows("select monitor_id, body, beat, certificate_ends_at, certificate_told from uptime_states limit 5000", [], |row| {
        let certificate = row.get::<_, Option<i64>>(3)?.map(Time).zip(row.get::<_, Option<i64>>(4)?);
        Ok((MonitorId(row.get(0)?), row.get::<_, String>(1)?, row.get::<_, String>(2)?, certificate))
    })?;
    rows.into_iter()
        .map(|(id, body, beat, certificate)| {
            let (state, beat) = (from_json(&body, "uptime_states.body")?, from_json(&beat, "uptime_states.beat")?);
            Ok((id, Remembered { state, beat, certificate }))
        })
        .collect()
}

pub fn shown(r: &Reader<'_>) -> Result<Vec<(MonitorId, Shown)>> {
    let rows = r.rows("select monitor_id, state, since_at, body from uptime_states limit 5000", [], shown_row)?;
    rows.into_iter().map(|(id, raw)| Ok((id, to_shown(raw)?))).collect()
}

/// (down, watched): groups are left out, their members count; so is what is paused.
pub fn down_and_watched(r: &Reader<'_>) -> Result<(i64, i64)> {
    let row = r.row(
        "select coalesce(sum(states.state = 'down'), 0), count(*) from uptime_states states join uptime_monitors monitors on monitors.id = states.monitor_id \
         where monitors.kind <> 'group' and monitors.is_paused = 0",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(row.unwrap_or_default())
}

pub fn find_shown(r: &Reader<'_>, id: MonitorId) -> Result<Option<Shown>> {
    let row = r.row("select monitor_id, state, since_at, body from uptime_states where monitor_id = ?", [id.0], shown_row)?;
    row.map(|(_, raw)| to_shown(raw)).transpose()
}

type RawShown = (String, i64, String);

fn shown_row(row: &Row<'_>) -> rusqlite::Result<(MonitorId, RawShown)> {
    Ok((MonitorId(row.get(0)?), (row.get(1)?, row.get(2)?, row.get(3)?)))
}

fn to_shown((state, since, body): RawShown) -> Result<Shown> {
    Ok(Shown { state: MonitorState::parse(&state).unwrap_or_default(), since: Time(since), body: from_json(&body, "uptime_states.body")? })
}

/// Writes a step of the state machine down: memory, stretch, outage and facts, all or nothing.
pub fn write_step(tx: &mut Tx<'_>, who: &Who<'_>, state: &State, changes: &[Change]) -> Result<()> {
    save(tx, who.id, state)?;
    for change in changes {
        match change {
            Change::Entered { state, at, reason, detail } => {
                tx.run(
                    "insert into uptime_transitions (monitor_id, at, state, reason, detail) values (?, ?, ?, ?, ?)",
                    params![who.id.0, at.0, state.as_str(), reason.map(Reason::code), detail],
                )?;
            }
            Change::OutageOpened { since, confirmed_at, reason, detail, parent } => {
                tx.run(
                    "insert into uptime_outages (monitor_id, started_at, confirmed_at, reason, detail, parent_id) values (?, ?, ?, ?, ?, ?) \
                     on conflict (monitor_id, started_at) do update set ended_at = null",
                    params![who.id.0, since.0, confirmed_at.0, reason.code(), detail, parent.map(|parent| parent.0)],
                )?;
            }
            Change::OutageExplained { since, parent } => {
                tx.run(
                    "update uptime_outages set parent_id = ? where monitor_id = ? and started_at = ?",
                    params![parent.0, who.id.0, since.0],
                )?;
            }
            Change::OutageClosed { since, at, note } => {
                tx.run(
                    "update uptime_outages set ended_at = ?, detail = trim(detail || ' ' || ?) where monitor_id = ? and started_at = ?",
                    params![at.0, note, who.id.0, since.0],
                )?;
            }
            Change::Told(notice) => {
                let fact = fact(tx, who, notice)?;
                work::record(tx, &fact)?;
            }
        }
    }
    tx.signal(crate::TOPIC);
    Ok(())
}

/// Whom a step is about, as facts name it.
#[derive(Debug, Clone, Copy)]
pub struct Who<'a> {
    pub id: MonitorId,
    pub name: &'a str,
    pub target: &'a str,
}

fn save(tx: &Tx<'_>, id: MonitorId, state: &State) -> Result<()> {
    tx.run(
        "insert into uptime_states (monitor_id, state, since_at, body) values (?, ?, ?, ?) \
         on conflict (monitor_id) do update set state = excluded.state, since_at = excluded.since_at, body = excluded.body",
        params![id.0, state.shown().as_str(), state.recorded_at.0, to_json(state)?],
    )?;
    Ok(())
}

fn fact(tx: &Tx<'_>, who: &Who<'_>, notice: &Notice) -> Result<Fact> {
    let (monitor, name, target) = (who.id, who.name.to_owned(), who.target.to_owned());
    let outage = |since: Time| -> Result<OutageId> {
        let id =
            tx.row("select id from uptime_outages where monitor_id = ? and started_at = ?", params![monitor.0, since.0], |row| row.get(0))?;
        id.map(OutageId).ok_or_else(|| Error::internal("an outage that is told of is not on record"))
    };
    Ok(match notice.clone() {
        Notice::Down { since, detected_at, reason, detail } => Fact::MonitorDown {
            outage: outage(since)?,
            monitor,
            name,
            target,
            down_since: since,
            detected_at,
            reason: reason.code().to_owned(),
            detail,
        },
        Notice::Recovered { since, recovered_at } => {
            Fact::MonitorRecovered { outage: outage(since)?, monitor, name, target, down_since: since, recovered_at }
        }
        Notice::Degraded { since, detail } => Fact::MonitorDegraded { monitor, name, target, since, detail },
        Notice::Restored { since, restored_at } => Fact::MonitorRestored { monitor, name, target, degraded_since: since, restored_at },
        Notice::Flapping { transitions, since } => Fact::MonitorFlapping { monitor, name, target, transitions, since },
        Notice::Settled { is_down } => Fact::MonitorSettled { monitor, name, target, is_down },
        Notice::Silenced => Fact::MonitorSilenced { monitor, name },
    })
}

/// The end and threshold that were told of; `None` when nothing is told any more.
pub fn save_certificate(tx: &mut Tx<'_>, id: MonitorId, told: Option<(Time, i64)>) -> Result<()> {
    tx.run(
        "update uptime_states set certificate_ends_at = ?, certificate_told = ? where monitor_id = ?",
        params![told.map(|(ends_at, _)| ends_at.0), told.map(|(_, threshold)| threshold), id.0],
    )?;
    Ok(())
}

pub fn save_beat(tx: &mut Tx<'_>, id: MonitorId, beat: &BeatState) -> Result<()> {
    tx.run(
        "insert into uptime_states (monitor_id, state, since_at, body, beat) values (?, 'pending', ?, '{}', ?) \
         on conflict (monitor_id) do update set beat = excluded.beat",
        params![id.0, tx.now.0, to_json(beat)?],
    )?;
    Ok(())
}

/// Another kind of monitor: its beats of before say nothing any more.
pub fn forget_beats(tx: &mut Tx<'_>, id: MonitorId) -> Result<()> {
    tx.run("update uptime_states set beat = '{}' where monitor_id = ?", [id.0])?;
    Ok(())
}

pub fn beat_state(r: &Reader<'_>, id: MonitorId) -> Result<BeatState> {
    let text = r.row("select beat from uptime_states where monitor_id = ?", [id.0], |row| row.get::<_, String>(0))?;
    text.map_or_else(|| Ok(BeatState::default()), |text| from_json(&text, "uptime_states.beat"))
}

/// Contiguous spans of recorded state over `from..to`.
pub fn history(r: &Reader<'_>, id: MonitorId, from: Time, to: Time) -> Result<Vec<Span>> {
    let change = |row: &Row<'_>| Ok((Time(row.get(0)?), row.get::<_, String>(1)?));
    // By uptime_transitions_by_monitor_id_at. The newest change before the range carries into it.
    let before = r.row(
        "select at, state from uptime_transitions where monitor_id = ? and at <= ? order by at desc, id desc limit 1",
        params![id.0, from.0],
        change,
    )?;
    let within = r.rows(
        "select at, state from uptime_transitions where monitor_id = ? and at > ? and at < ? order by at, id limit 20000",
        params![id.0, from.0, to.0],
        change,
    )?;
    let changes: Vec<(Time, MonitorState)> =
        before.into_iter().chain(within).map(|(at, state)| (at, MonitorState::parse(&state).unwrap_or_default())).collect();
    Ok(spans(&changes, from, to))
}

const OUTAGE: &str = "id, monitor_id, started_at, confirmed_at, ended_at, reason, detail, parent_id";

fn outage_row(row: &Row<'_>) -> rusqlite::Result<Outage> {
    Ok(Outage {
        id: OutageId(row.get(0)?),
        monitor: MonitorId(row.get(1)?),
        started_at: Time(row.get(2)?),
        confirmed_at: Time(row.get(3)?),
        ended_at: row.get::<_, Option<i64>>(4)?.map(Time),
        reason: row.get(5)?,
        detail: row.get(6)?,
        parent: row.get::<_, Option<i64>>(7)?.map(MonitorId),
    })
}

pub fn outages(r: &Reader<'_>, id: MonitorId, page: &PageRequest) -> Result<Page<Outage>> {
    let rows = r.rows(
        &format!("select {OUTAGE} from uptime_outages where monitor_id = ? and started_at < ? order by started_at desc limit ?"),
        params![id.0, page.before(), page.limit() + 1],
        outage_row,
    )?;
    Ok(Page::from_rows(rows, page, |outage| outage.started_at.0))
}

/// Open first, then the newest.
pub fn recent_outages(r: &Reader<'_>, limit: u32) -> Result<Vec<Outage>> {
    r.rows(&format!("select {OUTAGE} from uptime_outages order by ended_at is not null, started_at desc limit ?"), [limit], outage_row)
}

/// Stretches older than the longest report are thinned to the newest one before the cut; outages that ended before it leave.
pub fn prune(tx: &mut Tx<'_>, before: Time) -> Result<usize> {
    let outages = tx.run("delete from uptime_outages where ended_at < ?1", [before.0])?;
    let stretches = tx.run(
        "delete from uptime_transitions where at < ?1 and exists (select 1 from uptime_transitions later where later.monitor_id = \
         uptime_transitions.monitor_id and later.at < ?1 and (later.at > uptime_transitions.at or (later.at = uptime_transitions.at and later.id > \
         uptime_transitions.id)))",
        [before.0],
    )?;
    Ok(outages + stretches)
}

pub fn cursor(r: &Reader<'_>, name: &str) -> Result<Option<Time>> {
    r.row("select at from uptime_cursors where name = ?", [name], |row| row.get(0).map(Time))
}

pub fn set_cursor(tx: &mut Tx<'_>, name: &str, at: Time) -> Result<()> {
    tx.run("insert into uptime_cursors (name, at) values (?, ?) on conflict (name) do update set at = excluded.at", params![name, at.0])?;
    Ok(())
}

pub fn remove_cursor(tx: &mut Tx<'_>, name: &str) -> Result<()> {
    tx.run("delete from uptime_cursors where name = ?", [name])?;
    Ok(())
}
