//! Pieces that several public pages share: icons, labels, updates, reports, maintenances.

use super::{Place, prose};
use crate::links::Target;
use crate::model::maintenance::MaintenanceUpdateView;
use crate::model::{ComponentState, Impact, MaintenancePhase, MaintenanceView, ReportView, Snapshot, UpdateView};
use frontend::View;
use leptos::prelude::*;

/// Drawn once per page, used by name: a tick, a mark, a cross, a spanner, a dash. The shape says what the colour says.
pub fn icons() -> View {
    const ICONS: &str = "<svg class=\"icons\" aria-hidden=\"true\"><defs>\
        <symbol id=\"o\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"8\"/><path d=\"M4.5 8.2l2.4 2.4 4.6-5\"/></symbol>\
        <symbol id=\"d\" viewBox=\"0 0 16 16\"><path class=\"f\" d=\"M8 0l8 15H0z\"/><path d=\"M8 5.5v4.2M8 12v.8\"/></symbol>\
        <symbol id=\"p\" viewBox=\"0 0 16 16\"><path class=\"f\" d=\"M8 0l8 8-8 8-8-8z\"/><path d=\"M8 4.2v4.6M8 11v.8\"/></symbol>\
        <symbol id=\"x\" viewBox=\"0 0 16 16\"><path class=\"f\" d=\"M4.7 0h6.6L16 4.7v6.6L11.3 16H4.7L0 11.3V4.7z\"/><path d=\"M5 5l6 6M11 5l-6 6\"/></symbol>\
        <symbol id=\"m\" viewBox=\"0 0 16 16\"><rect width=\"16\" height=\"16\" rx=\"4\"/><path d=\"M5 11l6-6M8.5 3.8a2.4 2.4 0 0 1 3.700 3.700M7.5 12.2a2.4 2.4 0 0 1-3.700-3.700\"/></symbol>\
        <symbol id=\"z\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"8\"/><path d=\"M4.5 8h7\"/></symbol>\
        </defs></svg>";
    frontend::raw::svg(ICONS)
}

pub fn state_kind(state: Option<ComponentState>) -> &'static str {
    match state {
        None => "z",
        Some(ComponentState::Operational) => "o",
        Some(ComponentState::UnderMaintenance) => "m",
        Some(ComponentState::DegradedPerformance) => "d",
        Some(ComponentState::PartialOutage) => "p",
        Some(ComponentState::MajorOutage) => "x",
    }
}

pub fn icon(kind: &'static str) -> View {
    view! { <svg class=format!("i i{kind}") aria-hidden="true"><use href=format!("#{kind}")></use></svg> }.into_any()
}

pub fn state_label(place: Place<'_>, state: Option<ComponentState>) -> View {
    view! { <span class="state">{icon(state_kind(state))}{place.language.state(state)}</span> }.into_any()
}

fn impact_kind(impact: Impact) -> &'static str {
    match impact {
        Impact::None => "z",
        Impact::Minor => "d",
        Impact::Major => "p",
        Impact::Critical => "x",
    }
}

/// A report with its updates.
pub fn report(place: Place<'_>, snapshot: &Snapshot, report: &ReportView, is_linked: bool) -> View {
    let language = place.language;
    let kind = if report.is_open() { impact_kind(report.impact) } else { "o" };
    let title = report.title.clone();
    let heading = if is_linked {
        view! { <h3><a href=place.to(Target::Report(&report.public_id))>{title}</a></h3> }.into_any()
    } else {
        view! { <h1>{title}</h1> }.into_any()
    };
    let names: Vec<String> = report
        .effects_now()
        .iter()
        .filter_map(|effect| snapshot.component(effect.component))
        .map(|component| component.name.clone())
        .collect();
    let affected = (!names.is_empty()).then(|| {
        let text = format!("{}: {}", language.texts().affected, names.join(", "));
        view! { <p class="meta">{text}</p> }
    });
    let word = format!("{} · {}", language.phase(report.phase), language.impact(report.impact));
    let updates = report.updates.iter().map(|one| update(place, one)).collect_view();
    view! {
        <article class=format!("report r{kind}")>
            {heading}
            <p class="state">{icon(kind)}{word}</p>
            {affected}
            <ol class="updates">{updates}</ol>
        </article>
    }
    .into_any()
}

fn update(place: Place<'_>, update: &UpdateView) -> View {
    let phase = place.language.phase(update.phase);
    view! { <li><p><strong>{phase}</strong>" "{place.short_moment(update.at)}</p>{prose::view(&update.body)}</li> }.into_any()
}

pub fn maintenance(place: Place<'_>, snapshot: &Snapshot, maintenance: &MaintenanceView, is_linked: bool) -> View {
    let language = place.language;
    let title = maintenance.title.clone();
    let heading = if is_linked {
        view! { <h3><a href=place.to(Target::Maintenance(&maintenance.public_id))>{title}</a></h3> }.into_any()
    } else {
        view! { <h1>{title}</h1> }.into_any()
    };
    let names: Vec<String> =
        maintenance.components.iter().filter_map(|id| snapshot.component(*id)).map(|component| component.name.clone()).collect();
    let affected = (!names.is_empty()).then(|| {
        let text = format!("{}: {}", language.texts().affected, names.join(", "));
        view! { <p class="meta">{text}</p> }
    });
    let kind = match maintenance.phase {
        MaintenancePhase::Completed => "o",
        MaintenancePhase::Cancelled => "z",
        MaintenancePhase::Scheduled | MaintenancePhase::InProgress => "m",
    };
    let updates = maintenance.updates.iter().map(|one| maintenance_update(place, one)).collect_view();
    view! {
        <article class=format!("report r{kind}")>
            {heading}
            <p class="state">{icon(kind)}{language.maintenance_phase(maintenance.phase)}</p>
            <p class="meta">{place.moment(maintenance.starts_at)}" – "{place.moment(maintenance.ends_at)}</p>
            {affected}
            <ol class="updates">{updates}</ol>
        </article>
    }
    .into_any()
}

fn maintenance_update(place: Place<'_>, update: &MaintenanceUpdateView) -> View {
    let phase = place.language.maintenance_phase(update.phase);
    view! { <li><p><strong>{phase}</strong>" "{place.short_moment(update.at)}</p>{prose::view(&update.body)}</li> }.into_any()
}

pub fn back(place: Place<'_>) -> View {
    view! { <p class="back"><a href=place.to(Target::Index)>{format!("← {}", place.language.texts().back)}</a></p> }.into_any()
}
