//! From rows and feeds to a [`Snapshot`]: the only bridge between what is known inside and what the public may see.

use crate::model::bars::{Uptime, days};
use crate::model::component::{combined_history, overlaid, state_from_feeds, told_state};
use crate::model::snapshot::Response;
use crate::model::{ComponentState, ComponentView, Condition, FeedRule, MaintenanceView, ReportView, SectionView, Snapshot, Stretch};
use crate::settings;
use crate::store::components::{self, ComponentRow};
use crate::store::{maintenances, reports};
use capability::Registry;
use db::Reader;
use jiff::tz::TimeZone;
use kernel::time::{DAY, HOUR};
use kernel::{Result, Time};
use std::collections::HashMap;

/// How long reports stay on the public site: two years.
pub const REPORT_DAYS: u32 = 730;
const BAR_DAYS: usize = 90;

/// Everything, with the history of each component.
pub fn snapshot(r: &Reader<'_>, registry: Registry) -> Result<Snapshot> {
    assemble(r, registry, public_texts(r)?, true)
}

/// Everything that was told, without the history of components: for pages of the past.
pub fn past(r: &Reader<'_>, registry: Registry) -> Result<Snapshot> {
    assemble(r, registry, public_texts(r)?, false)
}

fn public_texts(r: &Reader<'_>) -> Result<(Vec<ReportView>, Vec<MaintenanceView>)> {
    let since = r.now - DAY * REPORT_DAYS;
    let told = reports::list_public(r, since)?.into_iter().map(|row| row.view).collect();
    Ok((told, maintenances::list_public(r, since)?.into_iter().map(|row| row.view).collect()))
}

/// Components with their present state and these reports only: for mails, forms and the console.
pub fn brief(r: &Reader<'_>, registry: Registry, told: Vec<ReportView>, windows: Vec<MaintenanceView>) -> Result<Snapshot> {
    assemble(r, registry, (told, windows), false)
}

/// The present as the public is told it, without history: the console's overview.
pub fn present(r: &Reader<'_>, registry: Registry) -> Result<Snapshot> {
    let told = reports::list_open(r)?.into_iter().filter(|row| row.visibility == crate::model::report::Visibility::Published);
    let windows = maintenances::list_ahead(r)?.into_iter().rev().map(|row| row.view).collect();
    assemble(r, registry, (told.map(|row| row.view).collect(), windows), false)
}

fn assemble(
    r: &Reader<'_>,
    registry: Registry,
    (told, windows): (Vec<ReportView>, Vec<MaintenanceView>),
    has_history: bool,
) -> Result<Snapshot> {
    let look = settings::look(r)?;
    let conditions: HashMap<String, Condition> = registry.conditions(r)?.into_iter().collect();
    let mut changed_at =
        told.iter().map(|report| report.updated_at).chain(windows.iter().map(|window| window.updated_at)).max().unwrap_or_default();
    let mut views: Vec<(Option<i64>, ComponentView)> = Vec::new();
    for row in components::list_components(r)? {
        let group = row.group_id;
        let sources = Sources { registry, conditions: &conditions, told: &told, windows: &windows, has_history, zone: &look.zone };
        let Some((view, changed)) = component_view(r, &sources, row)? else { continue };
        changed_at = changed_at.max(changed);
        views.push((group, view));
    }
    let sections = sections(r, views)?;
    Ok(Snapshot { look, generated_at: r.now, changed_at, sections, reports: told, maintenances: windows })
}

/// Components without a group come first.
fn sections(r: &Reader<'_>, views: Vec<(Option<i64>, ComponentView)>) -> Result<Vec<SectionView>> {
    let mut sections = vec![SectionView { public_id: "components".to_owned(), name: None, position: 0, components: Vec::new() }];
    let groups = components::list_groups(r)?;
    for group in &groups {
        sections.push(SectionView {
            public_id: group.public_id.clone(),
            name: Some(group.name.clone()),
            position: group.position,
            components: Vec::new(),
        });
    }
    for (group, view) in views {
        let at = group.and_then(|id| groups.iter().position(|group| group.id == id)).map_or(0, |at| at + 1);
        sections[at].components.push(view);
    }
    Ok(sections)
}

struct Sources<'a> {
    registry: Registry,
    conditions: &'a HashMap<String, Condition>,
    told: &'a [ReportView],
    windows: &'a [MaintenanceView],
    has_history: bool,
    zone: &'a TimeZone,
}

/// The view, and when anything about it changed last. What follows nothing any more is not shown: nobody knows how it is. While
/// a report or a maintenance speaks of it, somebody does.
fn component_view(r: &Reader<'_>, sources: &Sources<'_>, row: ComponentRow) -> Result<Option<(ComponentView, Time)>> {
    let id = row.id;
    let base = match row.rule {
        FeedRule::Manual => components::list_states(r, id, r.now)?.last().map(|(_, state)| *state),
        rule => {
            let feeds: Vec<Condition> =
                row.feeds.iter().map(|key| sources.conditions.get(key).copied().unwrap_or(Condition::NoData)).collect();
            state_from_feeds(rule, &feeds)
        }
    };
    let reported = sources.told.iter().filter_map(|report| report.state_of(id)).max();
    let is_maintained = sources.windows.iter().any(|window| window.is_running() && window.covers(id));
    if row.loose_at.is_some() && reported.is_none() && !is_maintained {
        return Ok(None);
    }
    let mut view = ComponentView {
        id,
        public_id: row.public_id.clone(),
        name: row.name.clone(),
        description: row.description.clone(),
        position: row.position,
        created_at: row.created_at,
        updated_at: row.updated_at,
        state: told_state(base, reported, is_maintained),
        days: Vec::new(),
        uptime: [Uptime::default(); 4],
        responses: Vec::new(),
    };
    if sources.has_history {
        let history = history(r, sources, &row)?;
        view.updated_at = history.last().map_or(row.updated_at, |last| last.from.max(row.updated_at));
        view.days = days(&history, sources.zone, r.now, BAR_DAYS);
        view.uptime = [1, 7, 30, 90].map(|back: u32| Uptime::of_stretches(&history, r.now - DAY * back, r.now));
        view.responses = responses(r, sources.registry, &row)?;
    }
    let changed = view.updated_at;
    Ok(Some((view, changed)))
}

/// Ninety-one days: the first bar may begin up to a day earlier than ninety times 24 hours ago.
fn history(r: &Reader<'_>, sources: &Sources<'_>, row: &ComponentRow) -> Result<Vec<Stretch>> {
    let from = r.now - DAY * 91;
    let base = match row.rule {
        FeedRule::Manual => by_hand(&components::list_states(r, row.id, from)?, r.now),
        rule => {
            let all: Result<Vec<Vec<Stretch>>> = row.feeds.iter().map(|key| sources.registry.history(r, key, from, r.now)).collect();
            combined_history(rule, &all?)
        }
    };
    let mut told: Vec<Stretch> = sources.told.iter().flat_map(|report| report.stretches(row.id, r.now)).collect();
    told.sort_by_key(|stretch| stretch.from);
    Ok(if told.is_empty() { base } else { overlaid(&base, &told) })
}

fn by_hand(states: &[(Time, ComponentState)], now: Time) -> Vec<Stretch> {
    let until = |index: usize| states.get(index + 1).map_or(now, |next| next.0);
    let all =
        states.iter().enumerate().map(|(index, (from, state))| Stretch { from: *from, to: until(index), condition: state.condition() });
    all.filter(|stretch| stretch.from < stretch.to).collect()
}

/// Of the first feed that has any: times of different things have no common middle.
fn responses(r: &Reader<'_>, registry: Registry, row: &ComponentRow) -> Result<Vec<Response>> {
    for key in &row.feeds {
        let points = registry.response_times(r, key, r.now - HOUR * 25, r.now)?;
        if !points.is_empty() {
            return Ok(points.into_iter().map(|point| Response { at: point.at, p50_ms: point.p50_ms, p95_ms: point.p95_ms }).collect());
        }
    }
    Ok(Vec::new())
}
