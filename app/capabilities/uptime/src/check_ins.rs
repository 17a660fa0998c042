//! Jobs that report by an SDK's check-ins: their monitors are heartbeats like any other, made and kept by what comes along.
//!
//! Nouns: [`CheckIns`] (the digest), [`watch_now`] (a person's word for a job that nobody watches).

use capability::Cx;
use capability::digest::{Change, Digest};
use db::Tx;
use ingest::{Item, Kind as ItemKind};
use kernel::ids::MonitorId;
use kernel::{Error, Result, Sealer};

use crate::model::check_in::{self, CheckIn, Decision, Job, Known, decide};
use crate::model::flat::Given;
use crate::model::heartbeat::take_in;
use crate::model::watch::{BeatSchedule, Draft, HeartbeatWatch, Kind, Monitor, Rules, Secrets, Watch};
use crate::store::check_ins::Record;
use crate::{acts, store};

/// Monitors that one project's check-ins may make: whoever has a key can make up names.
pub const MOST_WATCHED: u64 = 100;
/// Jobs of one project that are remembered at all; what comes beyond is counted in one row without a name.
pub const MOST_KNOWN: u64 = 300;

const NAMELESS: &str = "They do not say of which job they are: monitor_slug takes letters, digits, dashes and underscores.";

/// Told on hermetic.db after each commit that holds a check-in: the runner takes its beats.
pub const TOPIC: db::Signal = "uptime_check_ins";

pub struct CheckIns;

impl Digest for CheckIns {
    fn name(&self) -> &'static str {
        "uptime.check_ins"
    }

    fn kinds(&self) -> &'static [ItemKind] {
        &[ItemKind::CheckIn]
    }

    fn digest(&self, cx: &Cx, items: &[Item]) -> Result<Change> {
        let check_ins = items.iter().map(check_in::read).collect::<Result<Vec<_>>>()?;
        let sealer = cx.sealer.clone();
        Ok(Box::new(move |tx| {
            check_ins.iter().try_for_each(|check_in| take(tx, &sealer, check_in))?;
            tx.signal(TOPIC);
            tx.signal(crate::TOPIC);
            Ok(())
        }))
    }
}

/// One check-in: its job is on record, its monitor as it should be, its beat taken in.
fn take(tx: &mut Tx<'_>, sealer: &Sealer, check_in: &CheckIn) -> Result<()> {
    let mut record = record_of(tx, check_in)?;
    record.seen += 1;
    record.last_seen_at = check_in.at;
    if record.job.slug.is_empty() {
        if record.refusal.is_empty() {
            NAMELESS.clone_into(&mut record.refusal);
        }
        return store::check_ins::save(tx, &record);
    }
    if check_in.config.is_some() {
        record.config.clone_from(&check_in.config);
    }
    let monitor = record.monitor.map(|id| store::monitors::find(tx, id)).transpose()?.flatten();
    let monitor = follow(tx, sealer, &mut record, monitor, check_in)?;
    store::check_ins::save(tx, &record)?;
    let Some(id) = monitor else { return Ok(()) };
    let before = store::states::beat_state(tx, id)?;
    let beat = check_in::beat(check_in, &before);
    store::beats::insert_of(tx, id, &beat, check_in.item)?;
    let (mut state, _) = take_in(&before, &beat);
    state.item = check_in.item;
    store::states::save_beat(tx, id, &state)
}

/// The job's row; the one without a name where the project has too many jobs.
fn record_of(tx: &mut Tx<'_>, check_in: &CheckIn) -> Result<Record> {
    if let Some(known) = store::check_ins::find(tx, &check_in.job)? {
        return Ok(known);
    }
    let (known, _) = store::check_ins::count(tx, check_in.job.project)?;
    if known < MOST_KNOWN {
        return store::check_ins::insert(tx, &check_in.job, check_in.at);
    }
    let others = Job { project: check_in.job.project, slug: String::new(), environment: String::new() };
    if let Some(known) = store::check_ins::find(tx, &others)? {
        return Ok(known);
    }
    let mut record = store::check_ins::insert(tx, &others, check_in.at)?;
    record.refusal = format!("More than {MOST_KNOWN} jobs of this project check in; what others report is only counted.");
    Ok(record)
}

/// Brings the monitor to what the configuration asks for; gives the one that hears the beat.
fn follow(
    tx: &mut Tx<'_>,
    sealer: &Sealer,
    record: &mut Record,
    monitor: Option<Monitor>,
    check_in: &CheckIn,
) -> Result<Option<MonitorId>> {
    let watch = match monitor.as_ref().map(|monitor| &monitor.draft.watch) {
        Some(Watch::Heartbeat(watch)) => Some(watch.clone()),
        Some(_) => {
            record.refusal = "Its monitor was changed into another kind, which hears no check-ins.".to_owned();
            return Ok(None);
        }
        None => None,
    };
    record.refusal.clear();
    match (decide(&Known { watch, applied: record.applied.clone() }, check_in.config.as_ref()), monitor) {
        (Decision::Create(watch), _) => {
            let (_, watched) = store::check_ins::count(tx, check_in.job.project)?;
            if watched >= MOST_WATCHED {
                record.refusal = format!("{MOST_WATCHED} jobs of this project are watched already. Delete a monitor, or watch it by hand.");
                return Ok(None);
            }
            Ok(create(tx, sealer, record, watch)?.map(|monitor| monitor.id))
        }
        (Decision::Update(watch), Some(monitor)) => {
            let draft = Draft { watch: Watch::Heartbeat(watch.clone()), ..monitor.draft };
            match acts::update(tx, sealer, monitor.id, Given { draft, secrets: Secrets::default() }) {
                Ok(_) => record.applied = Some(watch),
                Err(error) => record.refusal = refusal(error)?,
            }
            Ok(Some(monitor.id))
        }
        (Decision::Refuse(problem), monitor) => {
            record.refusal = problem;
            Ok(monitor.map(|monitor| monitor.id))
        }
        (Decision::Ignore(reason), _) => {
            record.refusal = reason;
            Ok(None)
        }
        (_, monitor) => Ok(monitor.map(|monitor| monitor.id)),
    }
}

/// `None`, with the reason on record, where there may be no further monitor.
fn create(tx: &mut Tx<'_>, sealer: &Sealer, record: &mut Record, watch: HeartbeatWatch) -> Result<Option<Monitor>> {
    let draft = Draft {
        key: String::new(),
        name: record.job.name(),
        watch: Watch::Heartbeat(watch.clone()),
        rules: Rules::default(),
        tags: vec!["check-in".to_owned()],
        note: String::new(),
        depends_on: Vec::new(),
        paused: false,
    };
    match acts::create(tx, sealer, Given { draft, secrets: Secrets::default() }) {
        Ok(monitor) => {
            record.monitor = Some(monitor.id);
            record.applied = Some(watch);
            record.refusal.clear();
            Ok(Some(monitor))
        }
        Err(error) => {
            record.refusal = refusal(error)?;
            Ok(None)
        }
    }
}

/// What is wrong with the configuration stands on record; what is wrong with us does not.
fn refusal(error: Error) -> Result<String> {
    match error.kind {
        kernel::Kind::Invalid | kernel::Kind::Conflict => Ok(error.message().to_owned()),
        _ => Err(error),
    }
}

/// A person wants a job watched that has no monitor: by the schedule that it told, or once a day until they say otherwise.
pub fn watch_now(tx: &mut Tx<'_>, sealer: &Sealer, id: i64) -> Result<Monitor> {
    let mut record = store::check_ins::get(tx, id)?;
    if let Some(monitor) = record.monitor {
        return store::monitors::get(tx, monitor);
    }
    if record.job.slug.is_empty() {
        return Err(Error::conflict("These are several jobs; forget some others of the project first."));
    }
    let daily = || HeartbeatWatch { schedule: BeatSchedule::Every { period_s: 86_400 }, grace_s: 3_600, ..HeartbeatWatch::default() };
    let watch = record.config.as_ref().and_then(|config| config.watch().ok()).unwrap_or_else(daily);
    let made = create(tx, sealer, &mut record, watch)?;
    let monitor = made.ok_or_else(|| Error::conflict(record.refusal.clone()))?;
    store::check_ins::save(tx, &record)?;
    Ok(monitor)
}

/// Rows and monitors of projects that are gone: nobody can check in for them any more.
pub fn tidy(tx: &mut Tx<'_>) -> Result<()> {
    let projects: Vec<_> = identity::store::list_projects(tx)?.into_iter().map(|project| project.id).collect();
    for record in store::check_ins::list(tx)?.into_iter().filter(|record| !projects.contains(&record.job.project)) {
        store::check_ins::remove(tx, record.id)?;
        let monitor = record.monitor.map(|id| store::monitors::find(tx, id)).transpose()?.flatten();
        if let Some(monitor) = monitor.filter(|monitor| monitor.watch.kind() == Kind::Heartbeat) {
            acts::delete(tx, monitor.id)?;
        }
    }
    Ok(())
}
