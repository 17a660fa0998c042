//! What was reported, month by month, and the permanent page of each report and maintenance. These pages change only when their
//! content does, so that caches keep them.

use super::document::{Place, Rendered, Shell, page};
use super::parts;
use crate::links::Target;
use crate::model::{MaintenanceView, ReportView, Snapshot, prose};
use frontend::View;
use kernel::Time;
use leptos::prelude::*;

pub fn months(snapshot: &Snapshot, place: Place<'_>) -> Rendered {
    let texts = place.language.texts();
    let links = snapshot.months().into_iter().map(|(year, month)| {
        let count = month_of(snapshot, year, month).len();
        let label = format!("{} ({count})", place.language.month(year, month));
        view! { <li><a href=place.to(Target::Month(year, month))>{label}</a></li> }
    });
    let links = links.collect_view();
    let body = view! { {parts::back(place)}<section><h1>{texts.history}</h1><ul class="months">{links}</ul></section> };
    page(place, Shell::new(texts.history, body.into_any()))
}

pub fn month(snapshot: &Snapshot, place: Place<'_>, (year, month): (i16, i8)) -> Rendered {
    let texts = place.language.texts();
    let title = place.language.month(year, month);
    let entries = month_of(snapshot, year, month);
    let none = entries.is_empty().then(|| view! { <p class="none">{texts.nothing_reported}</p> });
    let list: Vec<View> = entries
        .into_iter()
        .map(|entry| match entry {
            Entry::Report(report) => parts::report(place, snapshot, report, true),
            Entry::Maintenance(maintenance) => parts::maintenance(place, snapshot, maintenance, true),
        })
        .collect();
    let all = snapshot.months();
    let at = all.iter().position(|one| *one == (year, month)).unwrap_or(0);
    let link = |(year, month): (i16, i8), text: String| view! { <a href=place.to(Target::Month(year, month))>{text}</a> };
    let newer = at.checked_sub(1).and_then(|at| all.get(at)).map(|one| link(*one, format!("← {}", texts.newer)));
    let older = all.get(at + 1).map(|one| link(*one, format!("{} →", texts.older)));
    let body = view! {
        {parts::icons()}{parts::back(place)}
        <section><h1>{title.clone()}</h1>{none}{list}</section>
        <nav class="pager" aria-label=texts.history>{newer}<a href=place.to(Target::History)>{texts.all_history}</a>{older}</nav>
    };
    page(place, Shell::new(title, body.into_any()))
}

pub fn report(snapshot: &Snapshot, place: Place<'_>, report: &ReportView) -> Rendered {
    let body = view! { {parts::icons()}{parts::back(place)}<section>{parts::report(place, snapshot, report, false)}</section> };
    let mut shell = Shell::new(report.title.clone(), body.into_any());
    shell.description = report.updates.first().map(|update| prose::one_line(&update.body, 200)).unwrap_or_default();
    page(place, shell)
}

pub fn maintenance(snapshot: &Snapshot, place: Place<'_>, maintenance: &MaintenanceView) -> Rendered {
    let body = view! { {parts::icons()}{parts::back(place)}<section>{parts::maintenance(place, snapshot, maintenance, false)}</section> };
    page(place, Shell::new(maintenance.title.clone(), body.into_any()))
}

enum Entry<'a> {
    Report(&'a ReportView),
    Maintenance(&'a MaintenanceView),
}

/// Newest first; a maintenance belongs to the month it starts in and is history only once it has started.
fn month_of(snapshot: &Snapshot, year: i16, month: i8) -> Vec<Entry<'_>> {
    let is_then = |at: Time| {
        let date = at.in_zone(&snapshot.look.zone).date();
        (date.year(), date.month()) == (year, month)
    };
    let reports = snapshot.reports.iter().filter(|report| is_then(report.started_at));
    let windows = snapshot.maintenances.iter().filter(|window| is_then(window.starts_at) && !window.is_upcoming());
    let mut all: Vec<(Time, Entry<'_>)> = reports.map(|report| (report.started_at, Entry::Report(report))).collect();
    all.extend(windows.map(|window| (window.starts_at, Entry::Maintenance(window))));
    all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    all.into_iter().map(|(_, entry)| entry).collect()
}
