//! Reports, their updates and what these say about components.

use super::word;
use crate::model::report::Visibility;
use crate::model::{ComponentState, Effect, Impact, Phase, ReportView, UpdateView};
use db::{Reader, Tx};
use kernel::ids::{ComponentId, ReportId};
use kernel::paging::{Page, PageRequest};
use kernel::{Error, Result, Time};
use rusqlite::{Params, Row, params};
use std::collections::HashMap;

/// The most reports on the public site; open ones always are.
pub const MOST_PUBLIC: u32 = 500;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    pub id: ReportId,
    pub visibility: Visibility,
    pub publish_at: Option<Time>,
    /// Of a suggested report: the outages behind it.
    pub outages: Vec<i64>,
    /// Also when all components it named are deleted.
    pub names_components: bool,
    pub view: ReportView,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportInsert {
    pub title: String,
    pub impact: Impact,
    pub visibility: Visibility,
    pub counts_as_downtime: bool,
    pub started_at: Time,
    pub outages: Vec<i64>,
    pub publish_at: Option<Time>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateInsert {
    pub phase: Phase,
    pub body: String,
    pub effects: Vec<Effect>,
    pub is_quiet: bool,
    pub at: Time,
}

const COLUMNS: &str = "id, public_id, title, impact, phase, visibility, counts_as_downtime, outages, publish_at, started_at, resolved_at, updated_at, \
     names_components";

/// What the public site shows: published since `since` or still open, newest first. Uses status_reports_by_started_at and
/// status_reports_by_phase.
pub fn list_public(r: &Reader<'_>, since: Time) -> Result<Vec<ReportRow>> {
    let sql = format!(
        "select {COLUMNS} from status_reports where visibility = 'published' and (started_at >= ?1 or phase <> 'resolved') \
         order by started_at desc, id desc limit ?2"
    );
    list(r, &sql, params![since.0, MOST_PUBLIC])
}

/// For the console: drafts too, newest first.
pub fn list_all(r: &Reader<'_>, page: &PageRequest) -> Result<Page<ReportRow>> {
    let sql = format!("select {COLUMNS} from status_reports where id < ?1 order by id desc limit ?2");
    Ok(Page::from_rows(list(r, &sql, params![page.before(), page.limit() + 1])?, page, |row| row.id.0))
}

/// Everything that is not over, drafts included.
pub fn list_open(r: &Reader<'_>) -> Result<Vec<ReportRow>> {
    list(r, &format!("select {COLUMNS} from status_reports where phase <> 'resolved' order by id desc limit 200"), [])
}

pub fn list_due_drafts(r: &Reader<'_>, now: Time) -> Result<Vec<ReportRow>> {
    let sql =
        format!("select {COLUMNS} from status_reports where phase <> 'resolved' and visibility = 'draft' and publish_at <= ? limit 50");
    list(r, &sql, [now.0])
}

pub fn find_report(r: &Reader<'_>, id: ReportId) -> Result<Option<ReportRow>> {
    Ok(list(r, &format!("select {COLUMNS} from status_reports where id = ?"), [id.0])?.pop())
}

pub fn get_report(r: &Reader<'_>, id: ReportId) -> Result<ReportRow> {
    find_report(r, id)?.ok_or_else(|| Error::not_found("report"))
}

pub fn search(r: &Reader<'_>, pattern: &str) -> Result<Vec<(ReportId, String, Phase)>> {
    r.rows("select id, title, phase from status_reports where title like ? escape '\\' order by id desc limit 5", [pattern], |row| {
        Ok((row.get(0).map(ReportId)?, row.get(1)?, word(row, 2)?))
    })
}

pub fn insert_report(tx: &mut Tx<'_>, insert: &ReportInsert) -> Result<ReportId> {
    let published_at = (insert.visibility == Visibility::Published).then_some(tx.now.0);
    let id = tx.insert(
        "insert into status_reports (public_id, title, impact, phase, visibility, counts_as_downtime, outages, publish_at, started_at, published_at, \
         created_at, updated_at) values (?, ?, ?, 'investigating', ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            kernel::ids::random_public_id(),
            insert.title,
            insert.impact.as_str(),
            insert.visibility.as_str(),
            insert.counts_as_downtime,
            join(&insert.outages),
            insert.publish_at.map(|at| at.0),
            insert.started_at.0,
            published_at,
            tx.now.0,
            tx.now.0
        ],
    )?;
    Ok(ReportId(id))
}

pub fn insert_update(tx: &mut Tx<'_>, report: ReportId, insert: &UpdateInsert) -> Result<i64> {
    let id = tx.insert(
        "insert into status_report_updates (report_id, phase, body, is_quiet, at, created_at) values (?, ?, ?, ?, ?, ?)",
        params![report.0, insert.phase.as_str(), insert.body, insert.is_quiet, insert.at.0, tx.now.0],
    )?;
    for effect in &insert.effects {
        tx.run(
            "insert into status_report_effects (update_id, component_id, state) values (?, ?, ?) \
             on conflict (update_id, component_id) do update set state = excluded.state",
            params![id, effect.component.0, effect.state.as_str()],
        )?;
    }
    let resolved = crate::model::report::resolved_at_after(insert.phase, insert.at);
    tx.run(
        "update status_reports set phase = ?, resolved_at = ?, updated_at = ?, names_components = max(names_components, ?) where id = ?",
        params![insert.phase.as_str(), resolved.map(|at| at.0), insert.at.0.max(tx.now.0), !insert.effects.is_empty(), report.0],
    )?;
    Ok(id)
}

pub fn update_report(tx: &mut Tx<'_>, id: ReportId, title: &str, impact: Impact, counts_as_downtime: bool) -> Result<()> {
    let sql = "update status_reports set title = ?, impact = ?, counts_as_downtime = ?, updated_at = ? where id = ?";
    match tx.run(sql, params![title, impact.as_str(), counts_as_downtime, tx.now.0, id.0])? {
        0 => Err(Error::not_found("report")),
        _ => Ok(()),
    }
}

pub fn update_body(tx: &mut Tx<'_>, report: ReportId, update: i64, body: &str) -> Result<()> {
    if tx.run("update status_report_updates set body = ? where id = ? and report_id = ?", params![body, update, report.0])? == 0 {
        return Err(Error::not_found("update"));
    }
    tx.run("update status_reports set updated_at = ? where id = ?", params![tx.now.0, report.0])?;
    Ok(())
}

pub fn set_impact(tx: &mut Tx<'_>, id: ReportId, impact: Impact) -> Result<()> {
    tx.run("update status_reports set impact = ? where id = ?", params![impact.as_str(), id.0])?;
    Ok(())
}

pub fn set_outages(tx: &mut Tx<'_>, id: ReportId, outages: &[i64]) -> Result<()> {
    tx.run("update status_reports set outages = ? where id = ?", params![join(outages), id.0])?;
    Ok(())
}

pub fn set_published(tx: &mut Tx<'_>, id: ReportId) -> Result<usize> {
    tx.run(
        "update status_reports set visibility = 'published', publish_at = null, published_at = ?1, updated_at = ?1 where id = ?2 and visibility = 'draft'",
        params![tx.now.0, id.0],
    )
}

pub fn delete_report(tx: &mut Tx<'_>, id: ReportId) -> Result<()> {
    match tx.run("delete from status_reports where id = ?", [id.0])? {
        0 => Err(Error::not_found("report")),
        _ => Ok(()),
    }
}

/// The updates that subscribers should hear of and that lie above `after`: first and last id.
pub fn untold_updates(r: &Reader<'_>, id: ReportId, after: i64) -> Result<Option<(i64, i64)>> {
    let sql = "select min(id), max(id) from status_report_updates where report_id = ? and id > ? and is_quiet = 0";
    let found: Option<(Option<i64>, Option<i64>)> = r.row(sql, params![id.0, after], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.and_then(|(first, last)| first.zip(last)))
}

fn list(r: &Reader<'_>, sql: &str, params: impl Params) -> Result<Vec<ReportRow>> {
    let mut rows = r.rows(sql, params, read_report)?;
    for row in &mut rows {
        row.view.updates = list_updates(r, row.id)?;
    }
    Ok(rows)
}

fn list_updates(r: &Reader<'_>, id: ReportId) -> Result<Vec<UpdateView>> {
    let mut effects: HashMap<i64, Vec<Effect>> = HashMap::new();
    let pairs: Vec<(i64, i64, ComponentState)> = r.rows(
        "select effect.update_id, effect.component_id, effect.state from status_report_effects as effect \
         join status_report_updates as parent on parent.id = effect.update_id where parent.report_id = ? limit 10000",
        [id.0],
        |row| Ok((row.get(0)?, row.get(1)?, word(row, 2)?)),
    )?;
    for (update, component, state) in pairs {
        effects.entry(update).or_default().push(Effect { component: ComponentId(component), state });
    }
    r.rows("select id, phase, body, at from status_report_updates where report_id = ? order by at desc, id desc limit 500", [id.0], |row| {
        let update: i64 = row.get(0)?;
        let effects = effects.remove(&update).unwrap_or_default();
        Ok(UpdateView { id: update, phase: word(row, 1)?, body: row.get(2)?, at: row.get(3).map(Time)?, effects })
    })
}

fn read_report(row: &Row<'_>) -> rusqlite::Result<ReportRow> {
    let outages: String = row.get(7)?;
    Ok(ReportRow {
        id: row.get(0).map(ReportId)?,
        visibility: word(row, 5)?,
        outages: outages.split_whitespace().filter_map(|id| id.parse().ok()).collect(),
        publish_at: row.get::<_, Option<i64>>(8)?.map(Time),
        names_components: row.get(12)?,
        view: ReportView {
            public_id: row.get(1)?,
            title: row.get(2)?,
            impact: word(row, 3)?,
            phase: word(row, 4)?,
            counts_as_downtime: row.get(6)?,
            started_at: row.get(9).map(Time)?,
            resolved_at: row.get::<_, Option<i64>>(10)?.map(Time),
            updated_at: row.get(11).map(Time)?,
            updates: Vec::new(),
        },
    })
}

fn join(outages: &[i64]) -> String {
    let words: Vec<String> = outages.iter().map(i64::to_string).collect();
    words.join(" ")
}
