//! What the public sees now, and what waits for a person.

use super::components::loose_notices;
use super::others;
use super::{mail_notice, may_edit, phase_tone, spoken, state_tone, tabs_of};
use crate::export::outcome::Outcome;
use crate::model::report::Visibility;
use crate::model::{Banner, Language, Snapshot};
use crate::store::components::ComponentRow;
use crate::store::maintenances::MaintenanceRow;
use crate::store::reports::ReportRow;
use frontend::prelude::*;
use kernel::{Role, Time};

pub struct Overview {
    pub snapshot: Snapshot,
    pub open: Vec<ReportRow>,
    pub ahead: Vec<MaintenanceRow>,
    pub subscribers: i64,
    pub is_protected: bool,
    /// Of the copy elsewhere, while it fails.
    pub failing_export: Option<Outcome>,
    /// All components, also those the public does not see.
    pub rows: Vec<ComponentRow>,
    pub public_url: String,
    pub now: Time,
    pub role: Role,
}

pub fn page(data: &Overview) -> View {
    let can = may_edit(data.role);
    let banner = data.snapshot.banner();
    let tone = match banner {
        Banner::Empty | Banner::NoData => Tone::Neutral,
        Banner::AllOperational => Tone::Good,
        Banner::UnderMaintenance => Tone::Info,
        Banner::Degraded => Tone::Warn,
        Banner::PartialOutage | Banner::MajorOutage => Tone::Bad,
    };
    let mut acts = vec![link_button("/status", "See the page", Look::Plain)];
    if can {
        acts.push(link_button("/status/edit/maintenances/new", "Announce maintenance", Look::Plain));
        acts.push(link_button("/status/edit/reports/new", "Write a report", Look::Primary));
    }
    let head = page_head(PageHead {
        title: "Status page",
        lead: &format!("Public at {}.", data.public_url),
        badge: Some(state_badge(tone, Language::En.banner(banner))),
        actions: acts,
        ..PageHead::default()
    });
    let protected =
        data.is_protected.then(|| notice(Tone::Info, "The page asks for a password; it is not exported and feeds need the password, too."));
    stack(vec![
        head,
        tabs_of("Overview"),
        protected.into_any(),
        data.failing_export.as_ref().map(|outcome| others::failed_export(outcome, data.now)).into_any(),
        loose_notices(&data.rows, can),
        mail_notice(data.snapshot.look.takes_subscribers && !data.snapshot.look.takes_mail),
        drafts(data),
        live("status-now", stack(vec![reports(data), components(data), ahead(data)])),
    ])
}

fn drafts(data: &Overview) -> View {
    let waiting = data.open.iter().filter(|row| row.visibility == Visibility::Draft);
    let list: Vec<View> = waiting
        .map(|row| {
            let path = format!("/status/edit/reports/{}", row.id);
            let acts = if may_edit(data.role) {
                vec![post_button(format!("{path}/publish"), "Publish", Look::Primary), link_button(path, "Change it first", Look::Plain)]
            } else {
                Vec::new()
            };
            let when = row.publish_at.map(|at| stack(vec![muted("It publishes itself if nobody is faster:"), moment(at)]));
            let text = row.view.updates.first().map(|update| update.body.clone()).unwrap_or_default();
            notice_about(Tone::Warn, &format!("Draft: {}", row.view.title), stack(vec![paragraph(&text), when.into_any(), actions(acts)]))
        })
        .collect();
    stack(list)
}

fn reports(data: &Overview) -> View {
    let open: Vec<&ReportRow> = data.open.iter().filter(|row| row.visibility == Visibility::Published).collect();
    let rows = open
        .iter()
        .map(|row| {
            let mut line = Row::new(vec![
                link(format!("/status/edit/reports/{}", row.id), &row.view.title),
                state_badge(phase_tone(row.view.phase), &spoken(row.view.phase.as_str())),
                ago(row.view.updated_at, data.now),
            ]);
            line.tone = phase_tone(row.view.phase);
            line
        })
        .collect();
    let empty = EmptyState {
        title: "No open report",
        sentence: "When something breaks, write one: visitors forgive outages, not silence.",
        ..EmptyState::default()
    };
    let heads = [Head::text("Report"), Head::text("Phase"), Head::text("Last update")];
    card(
        Card { title: "Open reports", is_flush: true, ..Card::default() },
        table(Table { caption: "Open reports", heads: &heads, rows, empty }),
    )
}

fn components(data: &Overview) -> View {
    let rows = data
        .snapshot
        .components()
        .map(|component| {
            Row::new(vec![
                link(format!("/status/edit/components/{}", component.id), &component.name),
                state_badge(state_tone(component.state), Language::En.state(component.state)),
            ])
        })
        .collect();
    let mut acts = Vec::new();
    if may_edit(data.role) {
        acts.push(link_button("/status/edit/components/new", "Add a component", Look::Primary));
    }
    let empty = EmptyState {
        title: "No components yet",
        sentence: "Visitors see components, not monitors. Add one for each part of your product that people know by name.",
        actions: acts,
    };
    let note = format!("{} active subscribers", data.subscribers);
    let heads = [Head::text("Component"), Head::text("State")];
    card(
        Card { title: "Components", lead: &note, is_flush: true, ..Card::default() },
        table(Table { caption: "Components and what the public is told", heads: &heads, rows, empty }),
    )
}

fn ahead(data: &Overview) -> View {
    if data.ahead.is_empty() {
        return ().into_any();
    }
    let rows = data
        .ahead
        .iter()
        .map(|row| {
            Row::new(vec![
                link(format!("/status/edit/maintenances/{}", row.id), &row.view.title),
                state_badge(Tone::Info, &spoken(row.view.phase.as_str())),
                moment(row.view.starts_at),
                moment(row.view.ends_at),
            ])
        })
        .collect();
    let heads = [Head::text("Maintenance"), Head::text("Phase"), Head::text("Starts"), Head::text("Ends")];
    card(
        Card { title: "Maintenance ahead", is_flush: true, ..Card::default() },
        table(Table { caption: "Maintenance ahead", heads: &heads, rows, empty: EmptyState::default() }),
    )
}
