//! What people, programs and the schedule do to the page: each act is one transaction with its checks, facts, audit row and signal.

use crate::model::maintenance::checked_window;
use crate::model::report::Visibility;
use crate::model::{ComponentState, Effect, FeedRule, Impact, MaintenancePhase, Phase};
use crate::settings;
use crate::store::components::{self, ComponentWrite};
use crate::store::maintenances::{self, MaintenanceWrite};
use crate::store::reports::{self, ReportInsert, ReportRow, UpdateInsert};
use db::Tx;
use identity::store::audit_as;
use kernel::ids::{ComponentId, MaintenanceId, ReportId};
use kernel::text::checked_line;
use kernel::{Error, Fact, Result, Time};

/// The topic of every change here.
pub const TOPIC: db::Signal = "status";
const LONGEST_TEXT: usize = 8_000;

/// Everything a new report says.
#[derive(Debug, Clone)]
pub struct NewReport {
    pub title: String,
    pub impact: Impact,
    pub phase: Phase,
    pub body: String,
    pub effects: Vec<Effect>,
    pub is_draft: bool,
    pub is_quiet: bool,
    pub counts_as_downtime: bool,
    /// `None`: now.
    pub started_at: Option<Time>,
}

#[derive(Debug, Clone)]
pub struct NewUpdate {
    pub phase: Phase,
    /// `None`: as before.
    pub impact: Option<Impact>,
    pub body: String,
    pub effects: Vec<Effect>,
    pub is_quiet: bool,
}

pub fn checked_text(field: &str, text: &str) -> Result<String> {
    let text = text.replace("\r\n", "\n").trim().to_owned();
    if text.is_empty() {
        return Err(Error::field(field, "Please write what visitors should know."));
    }
    if text.chars().count() > LONGEST_TEXT {
        return Err(Error::field(field, "Please shorten the text to 8,000 characters."));
    }
    Ok(text)
}

fn title_of(text: &str) -> Result<String> {
    checked_line(text, "a title", 120).map_err(|error| Error::field("title", error.message()))
}

// ---- Components ----

pub fn checked_component(mut write: ComponentWrite) -> Result<ComponentWrite> {
    write.name = checked_line(&write.name, "a name", 80).map_err(|error| Error::field("name", error.message()))?;
    write.description = write.description.trim().to_owned();
    if write.description.chars().count() > 300 || write.description.chars().any(char::is_control) {
        return Err(Error::field("description", "Please give a description of one line and at most 300 characters."));
    }
    if write.rule == FeedRule::Manual {
        write.feeds.clear();
    } else if write.feeds.is_empty() {
        return Err(Error::field("feeds", "Please choose at least one monitor, or let the state be set by hand."));
    }
    write.feeds.sort_unstable();
    write.feeds.dedup();
    Ok(write)
}

pub fn create_component(tx: &mut Tx<'_>, actor: &str, write: ComponentWrite) -> Result<ComponentId> {
    let write = checked_component(write)?;
    if components::count_components(tx)? >= i64::from(components::MOST) {
        return Err(Error::conflict("A page has at most 500 components."));
    }
    let id = components::insert_component(tx, &write)?;
    if write.rule == FeedRule::Manual {
        components::set_state(tx, id, ComponentState::Operational)?;
    }
    done(tx, actor, "status.component.create", &format!("component:{id}"), &write.name)?;
    Ok(id)
}

pub fn edit_component(tx: &mut Tx<'_>, actor: &str, id: ComponentId, write: ComponentWrite) -> Result<()> {
    let write = checked_component(write)?;
    components::update_component(tx, id, &write)?;
    if write.rule == FeedRule::Manual && components::list_states(tx, id, tx.now)?.is_empty() {
        components::set_state(tx, id, ComponentState::Operational)?;
    }
    done(tx, actor, "status.component.edit", &format!("component:{id}"), &write.name)
}

pub fn delete_component(tx: &mut Tx<'_>, actor: &str, id: ComponentId) -> Result<()> {
    let name = components::get_component(tx, id)?.name;
    components::delete_component(tx, id)?;
    done(tx, actor, "status.component.delete", &format!("component:{id}"), &name)
}

pub fn set_component_state(tx: &mut Tx<'_>, actor: &str, id: ComponentId, state: ComponentState) -> Result<()> {
    if components::get_component(tx, id)?.rule != FeedRule::Manual {
        return Err(Error::invalid("This component follows its monitors. Publish a report to say something else about it."));
    }
    components::set_state(tx, id, state)?;
    done(tx, actor, "status.component.state", &format!("component:{id}"), state.as_str())
}

/// One place up or down among its neighbours of the same group.
pub fn move_component(tx: &mut Tx<'_>, actor: &str, id: ComponentId, is_up: bool) -> Result<()> {
    let all = components::list_components(tx)?;
    let group = all.iter().find(|row| row.id == id).ok_or_else(|| Error::not_found("component"))?.group_id;
    let mut order: Vec<ComponentId> = all.iter().filter(|row| row.group_id == group).map(|row| row.id).collect();
    let at = order.iter().position(|one| *one == id).unwrap_or(0);
    let other = if is_up { at.checked_sub(1) } else { Some(at + 1).filter(|next| *next < order.len()) };
    let Some(other) = other else { return Ok(()) };
    order.swap(at, other);
    for (id, position) in order.into_iter().zip(1..) {
        components::set_position(tx, id, position)?;
    }
    done(tx, actor, "status.component.move", &format!("component:{id}"), "")
}

pub fn save_group(tx: &mut Tx<'_>, actor: &str, id: Option<i64>, name: &str) -> Result<i64> {
    let name = checked_line(name, "a name for the group", 80).map_err(|error| Error::field("name", error.message()))?;
    let id = match id {
        None => components::insert_group(tx, &name)?,
        Some(id) => {
            let position = components::list_groups(tx)?.into_iter().find(|group| group.id == id).map_or(0, |group| group.position);
            components::update_group(tx, id, &name, position)?;
            id
        }
    };
    done(tx, actor, "status.group.save", &format!("group:{id}"), &name)?;
    Ok(id)
}

pub fn delete_group(tx: &mut Tx<'_>, actor: &str, id: i64) -> Result<()> {
    components::delete_group(tx, id)?;
    done(tx, actor, "status.group.delete", &format!("group:{id}"), "")
}

// ---- Reports ----

pub fn create_report(tx: &mut Tx<'_>, actor: &str, new: NewReport) -> Result<ReportId> {
    let (title, body) = (title_of(&new.title)?, checked_text("body", &new.body)?);
    let started_at = new.started_at.unwrap_or(tx.now);
    if started_at > tx.now {
        return Err(Error::field("started_at", "A report starts now or in the past; announce what lies ahead as maintenance."));
    }
    let visibility = if new.is_draft { Visibility::Draft } else { Visibility::Published };
    let insert = ReportInsert {
        title,
        impact: new.impact,
        visibility,
        counts_as_downtime: new.counts_as_downtime,
        started_at,
        outages: Vec::new(),
        publish_at: None,
    };
    let id = reports::insert_report(tx, &insert)?;
    check_effects(tx, &new.effects)?;
    let update = UpdateInsert { phase: new.phase, body, effects: new.effects, is_quiet: new.is_quiet, at: tx.now };
    reports::insert_update(tx, id, &update)?;
    if !new.is_draft {
        work::record(tx, &Fact::ReportPublished { report: id })?;
    }
    done(tx, actor, "status.report.create", &format!("report:{id}"), &insert.title)?;
    Ok(id)
}

pub fn add_update(tx: &mut Tx<'_>, actor: &str, id: ReportId, new: NewUpdate) -> Result<i64> {
    let report = reports::get_report(tx, id)?;
    let body = checked_text("body", &new.body)?;
    check_effects(tx, &new.effects)?;
    if let Some(impact) = new.impact {
        reports::set_impact(tx, id, impact)?;
    }
    // A person has taken over: what was suggested no longer ends by itself.
    reports::set_outages(tx, id, &[])?;
    let update =
        reports::insert_update(tx, id, &UpdateInsert { phase: new.phase, body, effects: new.effects, is_quiet: new.is_quiet, at: tx.now })?;
    if report.visibility == Visibility::Published {
        work::record(tx, &Fact::ReportPublished { report: id })?;
    }
    done(tx, actor, "status.report.update", &format!("report:{id}"), new.phase.as_str())?;
    Ok(update)
}

pub fn publish_report(tx: &mut Tx<'_>, actor: &str, id: ReportId) -> Result<()> {
    reports::get_report(tx, id)?;
    if reports::set_published(tx, id)? == 0 {
        return Ok(());
    }
    work::record(tx, &Fact::ReportPublished { report: id })?;
    done(tx, actor, "status.report.publish", &format!("report:{id}"), "")
}

pub fn edit_report(tx: &mut Tx<'_>, actor: &str, id: ReportId, title: &str, impact: Impact, counts_as_downtime: bool) -> Result<()> {
    reports::update_report(tx, id, &title_of(title)?, impact, counts_as_downtime)?;
    done(tx, actor, "status.report.edit", &format!("report:{id}"), title.trim())
}

pub fn edit_update(tx: &mut Tx<'_>, actor: &str, id: ReportId, update: i64, body: &str) -> Result<()> {
    reports::update_body(tx, id, update, &checked_text("body", body)?)?;
    done(tx, actor, "status.report.correct", &format!("report:{id}"), &format!("update {update}"))
}

pub fn delete_report(tx: &mut Tx<'_>, actor: &str, id: ReportId) -> Result<()> {
    let report = reports::get_report(tx, id)?;
    reports::delete_report(tx, id)?;
    done(tx, actor, "status.report.delete", &format!("report:{id}"), &report.view.title)
}

/// A draft made by an outage; `publish_at` when it may publish itself.
pub fn suggest_report(tx: &mut Tx<'_>, insert: ReportInsert, update: UpdateInsert) -> Result<ReportId> {
    let id = reports::insert_report(tx, &insert)?;
    reports::insert_update(tx, id, &update)?;
    done(tx, "hermetic", "status.report.suggest", &format!("report:{id}"), &insert.title)?;
    Ok(id)
}

/// One more outage joins a suggested report.
pub fn grow_suggestion(tx: &mut Tx<'_>, report: &ReportRow, update: UpdateInsert) -> Result<()> {
    reports::insert_update(tx, report.id, &update)?;
    if report.visibility == Visibility::Published {
        work::record(tx, &Fact::ReportPublished { report: report.id })?;
    }
    done(tx, "hermetic", "status.report.grow", &format!("report:{}", report.id), &report.view.title)
}

/// The last outage behind a suggested report is over: an unseen draft goes, a published one is resolved.
pub fn end_suggestion(tx: &mut Tx<'_>, report: &ReportRow) -> Result<()> {
    if report.visibility == Visibility::Draft {
        reports::delete_report(tx, report.id)?;
        return done(tx, "hermetic", "status.report.withdraw", &format!("report:{}", report.id), &report.view.title);
    }
    let effects = report.view.effects_now().into_iter().map(|effect| Effect { state: ComponentState::Operational, ..effect }).collect();
    let body = settings::language(tx)?.texts().suggest_over.to_owned();
    reports::insert_update(tx, report.id, &UpdateInsert { phase: Phase::Resolved, body, effects, is_quiet: false, at: tx.now })?;
    work::record(tx, &Fact::ReportPublished { report: report.id })?;
    done(tx, "hermetic", "status.report.resolve", &format!("report:{}", report.id), &report.view.title)
}

fn check_effects(tx: &Tx<'_>, effects: &[Effect]) -> Result<()> {
    let known = components::list_components(tx)?;
    match effects.iter().find(|effect| known.iter().all(|row| row.id != effect.component)) {
        Some(effect) => Err(Error::field("effects", format!("There is no component {}.", effect.component))),
        None => Ok(()),
    }
}

// ---- Maintenances ----

pub fn announce(tx: &mut Tx<'_>, actor: &str, mut write: MaintenanceWrite, body: &str) -> Result<MaintenanceId> {
    write.title = title_of(&write.title)?;
    checked_window(write.starts_at, write.ends_at, tx.now)?;
    let body = checked_text("body", body)?;
    check_components(tx, &write.components)?;
    let id = maintenances::insert_maintenance(tx, &write)?;
    maintenances::insert_update(tx, id, MaintenancePhase::Scheduled, &body)?;
    tell_announced(tx, id)?;
    done(tx, actor, "status.maintenance.create", &format!("maintenance:{id}"), &write.title)?;
    Ok(id)
}

/// Moves or changes one that is not over; `body` says why, and is told to subscribers.
pub fn edit_maintenance(tx: &mut Tx<'_>, actor: &str, id: MaintenanceId, mut write: MaintenanceWrite, body: &str) -> Result<()> {
    let now = maintenances::get_maintenance(tx, id)?.view;
    if matches!(now.phase, MaintenancePhase::Completed | MaintenancePhase::Cancelled) {
        return Err(Error::conflict("This maintenance is over; please announce a new one."));
    }
    write.title = title_of(&write.title)?;
    checked_window(write.starts_at, write.ends_at, tx.now)?;
    check_components(tx, &write.components)?;
    maintenances::update_maintenance(tx, id, &write)?;
    let phase = if write.starts_at > tx.now { MaintenancePhase::Scheduled } else { now.phase };
    if !body.trim().is_empty() {
        maintenances::insert_update(tx, id, phase, &checked_text("body", body)?)?;
    } else if phase != now.phase {
        maintenances::insert_update(tx, id, phase, settings::language(tx)?.maintenance_text(phase))?;
    }
    tell_announced(tx, id)?;
    done(tx, actor, "status.maintenance.edit", &format!("maintenance:{id}"), &write.title)
}

/// A word about a maintenance, or its early start or end.
pub fn step_maintenance(tx: &mut Tx<'_>, actor: &str, id: MaintenanceId, phase: MaintenancePhase, body: &str) -> Result<()> {
    let view = maintenances::get_maintenance(tx, id)?.view;
    if matches!(view.phase, MaintenancePhase::Completed | MaintenancePhase::Cancelled) {
        return Err(Error::conflict("This maintenance is over already."));
    }
    if phase == MaintenancePhase::Scheduled && view.phase == MaintenancePhase::InProgress {
        return Err(Error::invalid("It has begun; please move it by changing its dates."));
    }
    let body = match body.trim() {
        "" => settings::language(tx)?.maintenance_text(phase).to_owned(),
        body => checked_text("body", body)?,
    };
    let window =
        |starts_at, ends_at| MaintenanceWrite { title: view.title.clone(), starts_at, ends_at, components: view.components.clone() };
    match phase {
        // The public is told the window that really was.
        MaintenancePhase::InProgress if view.starts_at > tx.now => maintenances::update_maintenance(tx, id, &window(tx.now, view.ends_at))?,
        MaintenancePhase::Completed if view.ends_at > tx.now => {
            maintenances::update_maintenance(tx, id, &window(view.starts_at.min(tx.now), tx.now))?;
        }
        _ => {}
    }
    maintenances::insert_update(tx, id, phase, &body)?;
    match phase {
        MaintenancePhase::Completed | MaintenancePhase::Cancelled => {
            work::record(tx, &Fact::MaintenanceEnded { maintenance: id, ended_at: tx.now })?
        }
        MaintenancePhase::InProgress if view.starts_at > tx.now => tell_announced(tx, id)?,
        MaintenancePhase::InProgress | MaintenancePhase::Scheduled => {}
    }
    crate::jobs::tell_maintenance(tx, id)?;
    done(tx, actor, "status.maintenance.step", &format!("maintenance:{id}"), phase.as_str())
}

fn tell_announced(tx: &mut Tx<'_>, id: MaintenanceId) -> Result<()> {
    let view = maintenances::get_maintenance(tx, id)?.view;
    let monitors = maintenances::list_monitors(tx, id)?;
    work::record(
        tx,
        &Fact::MaintenanceAnnounced { maintenance: id, title: view.title, monitors, starts_at: view.starts_at, ends_at: view.ends_at },
    )
}

fn check_components(tx: &Tx<'_>, wanted: &[ComponentId]) -> Result<()> {
    let known = components::list_components(tx)?;
    match wanted.iter().find(|id| known.iter().all(|row| row.id != **id)) {
        Some(id) => Err(Error::field("components", format!("There is no component {id}."))),
        None => Ok(()),
    }
}

/// The end of every act.
pub fn done(tx: &mut Tx<'_>, actor: &str, act: &str, subject: &str, detail: &str) -> Result<()> {
    audit_as(tx, actor, act, subject, detail)?;
    tx.signal(TOPIC);
    Ok(())
}
