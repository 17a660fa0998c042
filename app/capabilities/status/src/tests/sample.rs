//! A page with a life: components, a report, maintenances. Values only.

use crate::links::{Form, Links};
use crate::model::bars::days;
use crate::model::look::{Accent, Language, Look};
use crate::model::maintenance::MaintenanceUpdateView;
use crate::model::snapshot::Response;
use crate::model::*;
use crate::site::{self, File};
use jiff::tz::TimeZone;
use kernel::Time;
use kernel::ids::ComponentId;
use kernel::text::WebUrl;
use kernel::time::{DAY, HOUR, MINUTE};

/// 23 November 2026, 14:39 UTC.
pub const NOW: Time = Time(1_795_444_740_000);

pub fn links() -> Links {
    Links {
        root: "https://status.example.com".into(),
        live: "https://example.com/status".into(),
        form: Form::Served { base: "/status".into() },
        language: Language::En,
    }
}

pub fn exported() -> Links {
    Links { form: Form::Exported { late_after: 4 }, ..links() }
}

pub fn look() -> Look {
    Look {
        name: "Acme".into(),
        about: String::new(),
        home: WebUrl::parse("https://acme.example").ok(),
        accent: Accent::default(),
        logo: None,
        language: Language::En,
        zone: TimeZone::get("Europe/Berlin").unwrap(),
        zone_name: "Europe/Berlin".into(),
        shows_responses: true,
        takes_subscribers: true,
        takes_mail: true,
    }
}

pub fn stretch(from: Time, to: Time, condition: Condition) -> Stretch {
    Stretch { from, to, condition }
}

/// Ninety days with a gap, an outage, a slow hour and a maintenance, each on its own day.
pub fn history(seed: u32) -> Vec<Stretch> {
    let at = |days_ago: u32| NOW - DAY * days_ago;
    let shift = seed % 17;
    let (slow, out, window) = (at(60 - shift), at(30 - shift), at(12 + shift / 2));
    vec![
        stretch(at(80), slow, Condition::Operational),
        stretch(slow, slow + HOUR, Condition::Degraded),
        stretch(slow + HOUR, out, Condition::Operational),
        stretch(out, out + MINUTE * 23, Condition::Down),
        stretch(out + MINUTE * 23, out + HOUR * 5, Condition::Operational),
        stretch(out + HOUR * 8, window.min(out + DAY * 12), Condition::Operational),
        stretch(window.min(out + DAY * 12), window + HOUR * 2, Condition::Maintenance),
        stretch(window + HOUR * 2, NOW, Condition::Operational),
    ]
}

pub fn component(id: i64, name: &str, state: Option<ComponentState>) -> ComponentView {
    let stretches = history(u32::try_from(id).unwrap() * 7);
    let zone = look().zone;
    let span = |back: u32| Uptime::of_stretches(&stretches, NOW - DAY * back, NOW);
    let responses = (0..48u32).map(|half| {
        let wave = f64::from((half * 7 + u32::try_from(id).unwrap() * 3) % 13);
        Response { at: NOW - MINUTE * 30 * (48 - half), p50_ms: 90.0 + wave * 4.0, p95_ms: 190.0 + wave * 21.0 }
    });
    ComponentView {
        id: ComponentId(id),
        public_id: format!("cmp{id:04}"),
        name: name.into(),
        description: String::new(),
        position: id,
        created_at: NOW - DAY * 80,
        updated_at: NOW - DAY,
        state,
        days: days(&stretches, &zone, NOW, 90),
        uptime: [span(1), span(7), span(30), span(90)],
        responses: responses.collect(),
    }
}

pub fn update(id: i64, phase: Phase, minutes_ago: u32, body: &str, state: Option<ComponentState>) -> UpdateView {
    let effects = state.map(|state| Effect { component: ComponentId(2), state }).into_iter().collect();
    UpdateView { id, phase, body: body.into(), at: NOW - MINUTE * minutes_ago, effects }
}

pub fn open_report() -> ReportView {
    ReportView {
        public_id: "rep0001".into(),
        title: "Payments are slow to confirm".into(),
        impact: Impact::Major,
        phase: Phase::Identified,
        started_at: NOW - MINUTE * 50,
        resolved_at: None,
        updated_at: NOW - MINUTE * 12,
        counts_as_downtime: true,
        updates: vec![
            update(
                2,
                Phase::Identified,
                12,
                "A queue at our payment provider is full. We moved **new payments** to the second route.",
                None,
            ),
            update(
                1,
                Phase::Investigating,
                45,
                "Payments take several minutes to confirm. No payment is lost.",
                Some(ComponentState::PartialOutage),
            ),
        ],
    }
}

pub fn past_report() -> ReportView {
    ReportView {
        public_id: "rep0000".into(),
        title: "Sign-in not possible".into(),
        impact: Impact::Critical,
        phase: Phase::Resolved,
        started_at: NOW - DAY * 5,
        resolved_at: Some(NOW - DAY * 5 + HOUR),
        updated_at: NOW - DAY * 5 + HOUR,
        counts_as_downtime: false,
        updates: vec![
            UpdateView {
                id: 4,
                phase: Phase::Resolved,
                body: "Everything works again. No data was lost.".into(),
                at: NOW - DAY * 5 + HOUR,
                effects: vec![],
            },
            UpdateView { id: 3, phase: Phase::Investigating, body: "We are looking into it.".into(), at: NOW - DAY * 5, effects: vec![] },
        ],
    }
}

pub fn maintenance() -> MaintenanceView {
    MaintenanceView {
        public_id: "mnt0001".into(),
        title: "Database upgrade".into(),
        phase: MaintenancePhase::Scheduled,
        starts_at: NOW + DAY * 2,
        ends_at: NOW + DAY * 2 + HOUR,
        updated_at: NOW - HOUR,
        components: vec![ComponentId(1)],
        updates: vec![MaintenanceUpdateView {
            id: 1,
            phase: MaintenancePhase::Scheduled,
            body: "Pages may be slow; nothing is lost.".into(),
            at: NOW - HOUR,
        }],
    }
}

pub fn snapshot() -> Snapshot {
    let states = [Some(ComponentState::Operational), Some(ComponentState::PartialOutage), Some(ComponentState::Operational), None];
    let names = ["Website", "Payments", "API", "Webhooks"];
    let all: Vec<_> = names.iter().zip(states).zip(1..).map(|((name, state), id)| component(id, name, state)).collect();
    let (first, second) = all.split_at(2);
    Snapshot {
        look: look(),
        generated_at: NOW,
        changed_at: NOW - MINUTE * 12,
        sections: vec![
            SectionView { public_id: "all".into(), name: None, position: 0, components: first.to_vec() },
            SectionView { public_id: "grp1".into(), name: Some("For developers".into()), position: 1, components: second.to_vec() },
        ],
        reports: vec![open_report(), past_report()],
        maintenances: vec![maintenance()],
    }
}

/// Everything, in the order in which it is exported.
pub fn whole(snapshot: &Snapshot, links: &Links) -> Vec<File> {
    let mut files = site::lasting(snapshot, links);
    files.extend(site::present(snapshot, links));
    files
}
