//! The health of this instance: the four checks of readiness, what the doctor says, sizes and versions.

use frontend::prelude::*;
use kernel::time::describe_duration;

use crate::health::{Vitals, counted};
use crate::model::{Check, Readiness, Told, size};

pub(crate) fn show(readiness: &Readiness, vitals: &Vitals, told: &[Told]) -> View {
    let badge = if readiness.ready { state_badge(Tone::Good, "ready") } else { state_badge(Tone::Bad, "not ready") };
    let head = PageHead {
        title: "Health",
        lead: "What this instance says about itself. Programs ask the same at /readyz and /metrics.",
        badge: Some(badge),
        ..PageHead::default()
    };
    let left = vec![
        live("health-checks", card(Card { title: "Readiness", is_flush: true, ..Card::default() }, checks(readiness))),
        live("health-findings", card(Card { title: "Findings", is_flush: true, ..Card::default() }, findings(told))),
    ];
    stack(vec![
        page_head(head),
        columns(stack(left), live("health-vitals", card(Card { title: "Instance", ..Card::default() }, facts(vitals)))),
    ])
}

fn checks(readiness: &Readiness) -> View {
    let checks = &readiness.checks;
    let row = |(name, about, check): (&str, &str, &Check)| {
        let state = if check.ok { state_dot(Tone::Good, "fine") } else { state_dot(Tone::Bad, "failing") };
        let detail = if check.detail.is_empty() { about } else { &check.detail };
        Row::new(vec![paragraph(name), state, muted(detail)])
    };
    let rows = [
        ("Database", "both files answer", &checks.database),
        ("Scheduler", "schedules start on time", &checks.scheduler),
        ("Outbox", "due deliveries leave at once", &checks.outbox),
        ("Disk", "it takes data and has room", &checks.disk),
    ];
    table(Table {
        caption: "Readiness",
        heads: &[Head::text("Check"), Head::text("State"), Head::text("Detail")],
        rows: rows.into_iter().map(row).collect(),
        empty: EmptyState::default(),
    })
}

fn findings(told: &[Told]) -> View {
    let mut told: Vec<&Told> = told.iter().collect();
    told.sort_by_key(|told| match told.diagnosis.tone {
        Tone::Bad => 0,
        Tone::Warn => 1,
        Tone::Info => 2,
        Tone::Good | Tone::Neutral => 3,
    });
    let row = |told: &&Told| {
        let found = &told.diagnosis;
        let word = match found.tone {
            Tone::Bad => "broken",
            Tone::Warn => "look at it",
            Tone::Info => "note",
            Tone::Good => "fine",
            Tone::Neutral => "unknown",
        };
        let advice = if found.advice.is_empty() { ().into_any() } else { link(Href::path(told.href.clone()), &found.advice) };
        Row { cells: vec![paragraph(&found.subject), state_dot(found.tone, word), paragraph(&found.finding), advice], tone: found.tone }
    };
    table(Table {
        caption: "Findings",
        heads: &[Head::text("Subject"), Head::text("State"), Head::text("Finding"), Head::text("What to do")],
        rows: told.iter().map(row).collect(),
        empty: EmptyState { title: "Nothing to report", sentence: "No part of this instance has anything to say.", actions: Vec::new() },
    })
}

fn facts(vitals: &Vitals) -> View {
    let unknown = || "unknown".to_owned();
    let mut facts = vec![
        ("Version", paragraph(vitals.version)),
        ("SQLite", paragraph(&vitals.sqlite)),
        ("Address", paragraph(&vitals.public_url)),
        ("Data folder", code(&vitals.data_dir)),
        ("Running for", paragraph(&describe_duration(vitals.now.since(vitals.started_at)))),
        ("Started", moment(vitals.started_at)),
        ("Memory", paragraph(&vitals.resident_bytes.map_or_else(unknown, size))),
        ("Disk free", paragraph(&vitals.free_bytes.map_or_else(unknown, size))),
    ];
    let mut outbox = counted(vitals.waiting, "delivery waits", "deliveries wait");
    if let Some(oldest) = vitals.oldest_waiting {
        outbox = format!("{outbox}, the oldest for {}", describe_duration(vitals.now.since(oldest)));
    }
    facts.push(("Outbox", paragraph(&outbox)));
    let files: Vec<View> = vitals.files.iter().map(|(name, bytes)| paragraph(&format!("{name}: {}", size(*bytes)))).collect();
    facts.push(("Databases", files.into_any()));
    key_values(facts)
}
