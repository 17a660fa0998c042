//! What happens by itself: updates are told to subscribers, maintenances take their course, outages become drafts.

use crate::acts;
use crate::loose;
use crate::model::component::state_from_feeds;
use crate::model::maintenance::{Step, due_step};
use crate::model::report::{Visibility, suggestion};
use crate::model::subscriber::{CONFIRM_WITHIN, Concerns, SubscriberKind, notice_at, spread};
use crate::model::{ComponentState, Condition, Effect, Language, MaintenancePhase, Phase};
use crate::settings;
use crate::store::components::{self, ComponentRow};
use crate::store::reports::{self, ReportInsert, ReportRow, UpdateInsert};
use crate::store::{maintenances, notices, subscribers};
use capability::{Cx, Registry, Work};
use db::{Reader, Tx};
use kernel::ids::{ComponentId, MaintenanceId, OutageId, ReportId, SubscriberId};
use kernel::time::DAY;
use kernel::{Error, Fact, Result, Time};
use serde_json::json;
use std::collections::HashMap;
use std::time::Duration;
use work::{Job, NewDelivery, NewJob};

/// Deliveries posted in one transaction: short enough for others to write in between.
const BATCH: u32 = 500;
/// How long the link in a last message answers after somebody left.
pub const LEFT_DAYS: u32 = 30;
/// A step of a maintenance that is this late was not taken.
pub const LATE: Duration = Duration::from_secs(600);

pub fn wire(work: &mut Work) {
    work.job("status.notify", notify);
    work.job("status.fanout", fan_out);
    work.job("status.suggest", suggest);
    work.job("status.draft", draft);
    work.job("status.tick", tick);
    work.job("status.sweep", sweep);
    work.sender("status.mail", crate::send::mail);
    work.sender("status.webhook", crate::send::webhook);
    work.reaction("report_published", "status.notify");
    work.reaction("maintenance_announced", "status.notify");
    work.reaction("monitor_down", "status.suggest");
    work.reaction("monitor_recovered", "status.suggest");
    work.reaction("monitor_silenced", "status.suggest");
    work.every("status.tick", Duration::from_secs(60));
    work.cron("status.sweep", "17 3 * * *");
}

// ---- Telling subscribers ----

/// What a telling is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Report(ReportId),
    Maintenance(MaintenanceId),
}

impl Subject {
    pub fn key(self) -> String {
        match self {
            Subject::Report(id) => format!("report:{id}"),
            Subject::Maintenance(id) => format!("maintenance:{id}"),
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let (kind, id) = text.split_once(':')?;
        match kind {
            "report" => id.parse().ok().map(Subject::Report),
            "maintenance" => id.parse().ok().map(Subject::Maintenance),
            _ => None,
        }
    }

    fn untold(self, r: &Reader<'_>) -> Result<Option<(i64, i64)>> {
        let after = notices::find_last(r, &self.key())?.map_or(0, |(upto, _)| upto);
        match self {
            Subject::Report(id) => reports::untold_updates(r, id, after),
            Subject::Maintenance(id) => maintenances::untold_updates(r, id, after),
        }
    }

    /// Whom it concerns, and one line for the outbox. `None` when it is gone or hidden again.
    fn told(self, r: &Reader<'_>) -> Result<Option<(Concerns, String)>> {
        Ok(match self {
            Subject::Report(id) => reports::find_report(r, id)?.filter(|row| row.visibility == Visibility::Published).map(|row| {
                let named = row.view.effects_now().iter().map(|effect| effect.component).collect();
                (Concerns::of(row.names_components, named), format!("Report “{}”", row.view.title))
            }),
            Subject::Maintenance(id) => maintenances::find_maintenance(r, id)?
                .map(|row| (Concerns::of(row.names_components, row.view.components), format!("Maintenance “{}”", row.view.title))),
        })
    }
}

async fn notify(cx: Cx, job: Job) -> Result<()> {
    let subject = match job.fact()? {
        Fact::ReportPublished { report } => Subject::Report(report),
        Fact::MaintenanceAnnounced { maintenance, .. } => Subject::Maintenance(maintenance),
        _ => return Ok(()),
    };
    cx.write(move |tx| schedule_telling(tx, subject)).await
}

pub fn tell_maintenance(tx: &mut Tx<'_>, id: MaintenanceId) -> Result<()> {
    schedule_telling(tx, Subject::Maintenance(id))
}

fn schedule_telling(tx: &mut Tx<'_>, subject: Subject) -> Result<()> {
    let is_interrupted = notices::find_open(tx, &subject.key())?.is_some();
    if !is_interrupted && subject.untold(tx)?.is_none() {
        return Ok(());
    }
    let last = notices::find_last(tx, &subject.key())?.map(|(_, at)| at);
    let run_at = Some(notice_at(last, tx.now));
    let job = NewJob { kind: "status.fanout", key: Some(subject.key()), payload: json!({ "subject": subject.key() }), run_at };
    work::enqueue(tx, job).map(|_| ())
}

/// Posts one delivery per subscriber, in batches. Wherever it is interrupted, it goes on behind the last batch; a delivery
/// posted twice is one, because its key names notice and subscriber.
async fn fan_out(cx: Cx, job: Job) -> Result<()> {
    let subject =
        job.payload["subject"].as_str().and_then(Subject::parse).ok_or_else(|| Error::internal("reading what a telling is about"))?;
    loop {
        let is_done = cx.write(move |tx| post_batch(tx, subject)).await?;
        if is_done {
            return Ok(());
        }
    }
}

pub(crate) fn post_batch(tx: &mut Tx<'_>, subject: Subject) -> Result<bool> {
    let key = subject.key();
    let Some(notice) = notices::find_open(tx, &key)? else {
        let Some(untold) = subject.untold(tx)? else { return Ok(true) };
        notices::insert_notice(tx, &key, untold)?;
        return Ok(false);
    };
    let Some((concerns, line)) = subject.told(tx)? else {
        notices::finish(tx, notice.id)?;
        return Ok(true);
    };
    let batch = subscribers::list_active_after(tx, notice.cursor, BATCH)?;
    let Some(last) = batch.last().map(|(id, _, _)| id.0) else {
        notices::finish(tx, notice.id)?;
        // What was written meanwhile is told next.
        schedule_telling(tx, subject)?;
        return Ok(true);
    };
    let rate = settings::mails_per_minute(tx)?;
    let mut posted = 0i64;
    for (id, kind, choice) in batch {
        if !choice.wants(&concerns) {
            continue;
        }
        let wait = spread(usize::try_from(notice.posted + posted).unwrap_or(usize::MAX), rate);
        let payload = json!({ "subscriber": id, "subject": key, "from": notice.from_update, "upto": notice.upto_update });
        post(tx, (id, kind), &format!("status:notice:{}:{id}", notice.id), &line, payload, Some(tx.now + wait))?;
        posted += 1;
    }
    notices::move_cursor(tx, notice.id, last, posted)?;
    Ok(false)
}

/// One message into the outbox; in order per subscriber.
pub fn post(
    tx: &mut Tx<'_>,
    (id, kind): (SubscriberId, SubscriberKind),
    key: &str,
    line: &str,
    payload: serde_json::Value,
    run_at: Option<Time>,
) -> Result<()> {
    let sender = match kind {
        SubscriberKind::Email => "status.mail",
        SubscriberKind::Webhook => "status.webhook",
    };
    let delivery = NewDelivery {
        destination: format!("status.subscriber:{id}"),
        sender,
        key: key.to_owned(),
        subject: line.to_owned(),
        payload,
        run_at,
    };
    work::post(tx, delivery).map(|_| ())
}

// ---- The schedule ----

/// Each minute: maintenances begin and end, suggested reports publish themselves when they may.
async fn tick(cx: Cx, _: Job) -> Result<()> {
    let registry = cx.registry;
    cx.write(move |tx| {
        loose::refresh(tx, registry)?;
        for row in maintenances::list_ahead(tx)? {
            match due_step(row.view.phase, row.view.starts_at, row.view.ends_at, tx.now) {
                Some(Step::Start) => begin(tx, row.id, MaintenancePhase::InProgress)?,
                Some(Step::Complete) => begin(tx, row.id, MaintenancePhase::Completed)?,
                None => {}
            }
        }
        for row in reports::list_due_drafts(tx, tx.now)? {
            acts::publish_report(tx, "hermetic", row.id)?;
        }
        Ok(())
    })
    .await
}

fn begin(tx: &mut Tx<'_>, id: MaintenanceId, phase: MaintenancePhase) -> Result<()> {
    maintenances::insert_update(tx, id, phase, settings::language(tx)?.maintenance_text(phase))?;
    tell_maintenance(tx, id)?;
    acts::done(tx, "hermetic", "status.maintenance.step", &format!("maintenance:{id}"), phase.as_str())
}

async fn sweep(cx: Cx, _: Job) -> Result<()> {
    cx.write(|tx| {
        let (unconfirmed, left) = (tx.now - CONFIRM_WITHIN, tx.now - DAY * LEFT_DAYS);
        subscribers::sweep(tx, unconfirmed, left).map(|_| ())
    })
    .await
}

// ---- Drafts from outages ----

fn draft_key(outage: OutageId) -> String {
    format!("outage:{outage}")
}

async fn suggest(cx: Cx, job: Job) -> Result<()> {
    match job.fact()? {
        Fact::MonitorDown { monitor, outage, down_since, .. } => {
            let payload = json!({ "feed": format!("uptime:{monitor}"), "outage": outage, "since": down_since });
            cx.write(move |tx| {
                let run_at = Some(down_since + settings::suggesting(tx)?.after);
                let job = NewJob { kind: "status.draft", key: Some(draft_key(outage)), payload, run_at };
                work::enqueue(tx, job).map(|_| ())
            })
            .await
        }
        Fact::MonitorRecovered { outage, .. } => cx.write(move |tx| end_outage(tx, outage)).await,
        Fact::MonitorSilenced { .. } => {
            let registry = cx.registry;
            cx.write(move |tx| {
                loose::refresh(tx, registry)?;
                end_baseless(tx, registry)
            })
            .await
        }
        _ => Ok(()),
    }
}

fn end_outage(tx: &mut Tx<'_>, outage: OutageId) -> Result<()> {
    // One that is not written yet would speak of an outage whose end nobody tells any more.
    work::cancel_job(tx, "status.draft", &draft_key(outage))?;
    for row in reports::list_open(tx)?.into_iter().filter(|row| row.outages.contains(&outage.0)) {
        let left: Vec<i64> = row.outages.iter().copied().filter(|id| *id != outage.0).collect();
        reports::set_outages(tx, row.id, &left)?;
        if left.is_empty() {
            acts::end_suggestion(tx, &row)?;
        }
    }
    Ok(())
}

/// A monitor was paused or deleted, and its outage will never end: a suggestion stays only while one of its components is broken.
fn end_baseless(tx: &mut Tx<'_>, registry: Registry) -> Result<()> {
    let broken: Vec<ComponentId> =
        components_now(tx, registry)?.into_iter().filter(|(_, state)| is_broken(*state)).map(|(row, _)| row.id).collect();
    for row in reports::list_open(tx)?.into_iter().filter(|row| !row.outages.is_empty()) {
        let is_baseless = row.view.effects_now().iter().all(|effect| !broken.contains(&effect.component));
        if is_baseless {
            reports::set_outages(tx, row.id, &[])?;
            acts::end_suggestion(tx, &row)?;
        }
    }
    Ok(())
}

/// The monitor is still down: a draft is written, or the open one learns of one more outage.
async fn draft(cx: Cx, job: Job) -> Result<()> {
    let registry = cx.registry;
    let feed = job.payload["feed"].as_str().unwrap_or_default().to_owned();
    let outage = job.payload["outage"].as_i64().unwrap_or_default();
    let since = Time(job.payload["since"].as_i64().unwrap_or_default());
    cx.write(move |tx| {
        let conditions = registry.conditions(tx)?;
        let is_down = conditions.iter().any(|(key, condition)| *key == feed && *condition == Condition::Down);
        if !is_down {
            return Ok(());
        }
        let hit = components_hit(tx, registry, &feed)?;
        if hit.is_empty() {
            return Ok(());
        }
        match suggested_now(tx, &hit)? {
            Opening::Suggested(row) => {
                let mut outages = row.outages.clone();
                outages.push(outage);
                reports::set_outages(tx, row.id, &outages)?;
                grow(tx, &row, hit)
            }
            Opening::Written => Ok(()),
            Opening::None => write_draft(tx, hit, outage, since),
        }
    })
    .await
}

/// Components behind the feed that the public would see as broken, with their state. One in maintenance needs no report.
fn components_hit(tx: &Tx<'_>, registry: Registry, feed: &str) -> Result<Vec<(ComponentId, String, ComponentState)>> {
    let ids = components::component_ids_by_feed(tx, feed)?;
    let ahead = maintenances::list_ahead(tx)?;
    let is_maintained = |id| ahead.iter().any(|window| window.view.is_running() && window.view.covers(id));
    let all = components_now(tx, registry)?
        .into_iter()
        .filter(|(row, state)| ids.contains(&row.id) && is_broken(*state) && !is_maintained(row.id));
    Ok(all.filter_map(|(row, state)| Some((row.id, row.name, state?))).collect())
}

/// Every component with the state its feeds give it.
fn components_now(r: &Reader<'_>, registry: Registry) -> Result<Vec<(ComponentRow, Option<ComponentState>)>> {
    let conditions: HashMap<String, Condition> = registry.conditions(r)?.into_iter().collect();
    let known = |key: &String| conditions.get(key).copied().unwrap_or(Condition::NoData);
    let state = |row: &ComponentRow| state_from_feeds(row.rule, &row.feeds.iter().map(known).collect::<Vec<_>>());
    let with_state = |row: ComponentRow| {
        let state = state(&row);
        (row, state)
    };
    Ok(components::list_components(r)?.into_iter().map(with_state).collect())
}

fn is_broken(state: Option<ComponentState>) -> bool {
    matches!(state, Some(ComponentState::PartialOutage | ComponentState::MajorOutage))
}

enum Opening {
    None,
    /// A suggestion that nobody has touched: it grows.
    Suggested(ReportRow),
    /// A person's report names one of these components: nothing is suggested beside it.
    Written,
}

fn suggested_now(tx: &Tx<'_>, hit: &[(ComponentId, String, ComponentState)]) -> Result<Opening> {
    let open = reports::list_open(tx)?;
    let names = |row: &ReportRow| row.view.effects_now().iter().any(|effect| hit.iter().any(|(id, _, _)| *id == effect.component));
    if open.iter().any(|row| row.outages.is_empty() && names(row)) {
        return Ok(Opening::Written);
    }
    Ok(open.into_iter().find(|row| !row.outages.is_empty()).map_or(Opening::None, Opening::Suggested))
}

/// What the suggestion does not name yet is said in one more update.
fn grow(tx: &mut Tx<'_>, row: &ReportRow, hit: Vec<(ComponentId, String, ComponentState)>) -> Result<()> {
    let known = row.view.effects_now();
    let fresh: Vec<_> = hit.into_iter().filter(|(id, _, _)| known.iter().all(|effect| effect.component != *id)).collect();
    if fresh.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = fresh.iter().map(|(_, name, _)| name.clone()).collect();
    let language = settings::language(tx)?;
    retitle(tx, row, language, |id| fresh.iter().any(|(other, _, _)| *other == id))?;
    let effects = fresh.into_iter().map(|(component, _, state)| Effect { component, state }).collect();
    let body = suggestion(language, &names, false).body;
    let update = UpdateInsert { phase: row.view.phase, body, effects, is_quiet: false, at: tx.now };
    acts::grow_suggestion(tx, row, update)
}

/// The title names everything that joined, until a person has written another: then it is theirs.
fn retitle(tx: &mut Tx<'_>, row: &ReportRow, language: Language, is_fresh: impl Fn(ComponentId) -> bool) -> Result<()> {
    let known: Vec<ComponentId> = row.view.effects_now().iter().map(|effect| effect.component).collect();
    let all = components::list_components(tx)?;
    let names = |is_named: &dyn Fn(ComponentId) -> bool| -> Vec<String> {
        all.iter().filter(|component| is_named(component.id)).map(|component| component.name.clone()).collect()
    };
    let before = suggestion(language, &names(&|id| known.contains(&id)), false);
    if before.title != row.view.title {
        return Ok(());
    }
    let named = names(&|id| known.contains(&id) || is_fresh(id));
    let after = suggestion(language, &named, named.len() == all.len());
    reports::update_report(tx, row.id, &after.title, row.view.impact.max(after.impact), row.view.counts_as_downtime)
}

fn write_draft(tx: &mut Tx<'_>, hit: Vec<(ComponentId, String, ComponentState)>, outage: i64, since: Time) -> Result<()> {
    let is_whole = components::count_components(tx)? == i64::try_from(hit.len()).unwrap_or(0) && hit.len() > 1;
    let names: Vec<String> = hit.iter().map(|(_, name, _)| name.clone()).collect();
    let text = suggestion(settings::language(tx)?, &names, is_whole);
    let publish_at = settings::suggesting(tx)?.publish_after.map(|wait| tx.now + wait);
    let insert = ReportInsert {
        title: text.title,
        impact: text.impact,
        visibility: Visibility::Draft,
        // The checks count this time already.
        counts_as_downtime: false,
        started_at: since.min(tx.now),
        outages: vec![outage],
        publish_at,
    };
    let effects = hit.into_iter().map(|(component, _, state)| Effect { component, state }).collect();
    let update = UpdateInsert { phase: Phase::Investigating, body: text.body, effects, is_quiet: false, at: tx.now };
    acts::suggest_report(tx, insert, update).map(|_| ())
}
