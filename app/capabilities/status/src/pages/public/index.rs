//! The first page: banner, open reports, components with their bars, planned maintenance, the last two weeks.

use super::document::{Place, Rendered, Shell, page};
use super::{bars, chart, parts};
use crate::links::Target;
use crate::model::snapshot::{AHEAD, PAST_DAYS};
use crate::model::{Banner, ComponentView, SectionView, Snapshot, Uptime};
use frontend::View;
use jiff::Span;
use leptos::prelude::*;
use std::collections::BTreeSet;

pub fn render(snapshot: &Snapshot, place: Place<'_>) -> Rendered {
    let banner = snapshot.banner();
    let lengths: BTreeSet<usize> = snapshot.components().flat_map(|component| bars::lengths(&component.days)).collect();
    let body = vec![
        parts::icons(),
        banner_view(snapshot, place, banner),
        current(snapshot, place),
        sections(snapshot, place),
        upcoming(snapshot, place),
        past(snapshot, place),
    ];
    let mut shell = Shell::new("", body.into_any());
    shell.description = place.language.banner(banner).to_owned();
    shell.banner = Some(banner);
    shell.stale_since = place.links.is_exported().then_some(snapshot.generated_at);
    shell.lengths = lengths;
    page(place, shell)
}

fn banner_view(snapshot: &Snapshot, place: Place<'_>, banner: Banner) -> View {
    let kind = match banner {
        Banner::Empty | Banner::NoData => "z",
        Banner::AllOperational => "o",
        Banner::UnderMaintenance => "m",
        Banner::Degraded => "d",
        Banner::PartialOutage => "p",
        Banner::MajorOutage => "x",
    };
    let about = snapshot.look.about.clone();
    let about = (!about.is_empty()).then(|| view! { <p class="about">{about}</p> });
    let updated = format!("{} ", place.language.texts().updated);
    view! {
        <section class=format!("banner b{kind}") role="status" aria-live="polite">
            {parts::icon(kind)}
            <div><h1>{place.language.banner(banner)}</h1><p>{updated}{place.moment(snapshot.generated_at)}</p></div>
        </section>
        {about}
    }
    .into_any()
}

fn current(snapshot: &Snapshot, place: Place<'_>) -> View {
    let mut list: Vec<View> = snapshot.open_reports().map(|report| parts::report(place, snapshot, report, true)).collect();
    list.extend(snapshot.running_maintenances().map(|maintenance| parts::maintenance(place, snapshot, maintenance, true)));
    if list.is_empty() {
        return ().into_any();
    }
    view! { <section><h2>{place.language.texts().current_problems}</h2>{list}</section> }.into_any()
}

fn sections(snapshot: &Snapshot, place: Place<'_>) -> View {
    let texts = place.language.texts();
    if snapshot.components().next().is_none() {
        return view! { <section><p class="none">{texts.empty_page}</p></section> }.into_any();
    }
    let filled = snapshot.sections.iter().filter(|section| !section.components.is_empty());
    let list: Vec<View> = filled.map(|section| section_view(snapshot, place, section)).collect();
    view! { <div class="sections">{list}<p class="note">{texts.uptime_note}</p></div> }.into_any()
}

fn section_view(snapshot: &Snapshot, place: Place<'_>, section: &SectionView) -> View {
    let name = section.name.clone().unwrap_or_else(|| place.language.texts().components.to_owned());
    let components = section.components.iter().map(|component| component_view(snapshot, place, component)).collect_view();
    view! { <section class="card"><h2>{name}</h2><ul class="components">{components}</ul></section> }.into_any()
}

fn component_view(snapshot: &Snapshot, place: Place<'_>, component: &ComponentView) -> View {
    let texts = place.language.texts();
    let description = component.description.clone();
    let description = (!description.is_empty()).then(|| view! { <p class="meta">{description}</p> });
    let uptime = percent(place, component.uptime[3]).map(|percent| format!("{} {percent}", texts.uptime)).unwrap_or_default();
    view! {
        <li id=format!("c-{}", component.public_id)>
            <div class="line"><h3>{component.name.clone()}</h3>{parts::state_label(place, component.state)}</div>
            {description}
            {bars::view(place, component)}
            <p class="scale"><span>{texts.days_ago}</span><span>{uptime}</span><span>{texts.today}</span></p>
            {details(snapshot, place, component)}
        </li>
    }
    .into_any()
}

fn details(snapshot: &Snapshot, place: Place<'_>, component: &ComponentView) -> View {
    let texts = place.language.texts();
    let chart = if snapshot.look.shows_responses { chart::view(place, &component.responses, snapshot.generated_at) } else { None };
    let spans = [texts.hours_24, texts.days_7, texts.days_30, texts.last_90_days];
    let values = spans.iter().zip(component.uptime).filter_map(|(span, uptime)| {
        let percent = percent(place, uptime)?;
        Some(view! { <div><dt>{*span}</dt><dd>{percent}</dd></div> })
    });
    let values: Vec<_> = values.collect();
    if values.is_empty() && chart.is_none() {
        return ().into_any();
    }
    view! { <details><summary>{texts.details}</summary><dl>{values}</dl>{chart}</details> }.into_any()
}

fn percent(place: Place<'_>, uptime: Uptime) -> Option<String> {
    place.language.percent(uptime)
}

fn upcoming(snapshot: &Snapshot, place: Place<'_>) -> View {
    let until = snapshot.generated_at + AHEAD;
    let list: Vec<View> = snapshot
        .upcoming_maintenances()
        .filter(|maintenance| maintenance.starts_at <= until)
        .map(|maintenance| parts::maintenance(place, snapshot, maintenance, true))
        .collect();
    if list.is_empty() {
        return ().into_any();
    }
    view! { <section><h2>{place.language.texts().upcoming}</h2>{list}</section> }.into_any()
}

fn past(snapshot: &Snapshot, place: Place<'_>) -> View {
    let texts = place.language.texts();
    let today = snapshot.generated_at.in_zone(&snapshot.look.zone).date();
    let days = (0..PAST_DAYS).filter_map(|ago| today.checked_sub(Span::new().days(ago)).ok());
    let list: Vec<View> = days
        .filter_map(|date| {
            let reports: Vec<View> = snapshot
                .reports_of_day(date)
                .filter(|report| !report.is_open())
                .map(|report| parts::report(place, snapshot, report, true))
                .collect();
            let day = place.language.date(date);
            (!reports.is_empty()).then(|| view! { <div class="day"><p class="date">{day}</p>{reports}</div> }.into_any())
        })
        .collect();
    let none = list.is_empty().then(|| view! { <p class="none">{texts.nothing_reported}</p> });
    view! {
        <section><h2>{texts.past}</h2>{none}{list}<p><a href=place.to(Target::History)>{format!("{} →", texts.all_history)}</a></p></section>
    }
    .into_any()
}
