//! The editor of the status page, for members.

pub mod components;
pub mod maintenances;
pub mod others;
pub mod overview;
pub mod reports;

use crate::model::{ComponentState, Impact, MaintenancePhase, Phase};
use crate::store::components::ComponentRow;
use frontend::prelude::*;
use kernel::Role;

/// The views of the editor, always in sight.
pub fn tabs_of(current: &str) -> View {
    let entries = [
        ("Overview", "/status/edit"),
        ("Components", "/status/edit/components"),
        ("Reports", "/status/edit/reports"),
        ("Maintenance", "/status/edit/maintenances"),
        ("Subscribers", "/status/edit/subscribers"),
        ("Templates", "/status/edit/templates"),
        ("Appearance", "/status/edit/appearance"),
    ];
    let list: Vec<Tab<'_>> =
        entries.iter().map(|(label, path)| Tab { label, href: (*path).into(), is_current: *label == current, ..Tab::default() }).collect();
    tabs("Status page", &list)
}

/// Viewers look; whoever is a member or more acts.
pub fn may_edit(role: Role) -> bool {
    role >= Role::Member
}

/// The public page offers no mail while none could leave.
pub fn mail_notice(is_waiting: bool) -> View {
    if !is_waiting {
        return ().into_any();
    }
    notice_about(
        Tone::Info,
        "Subscribing by mail waits for a way to send mail.",
        view! { <p>"Visitors are offered feeds and webhooks. Choose how mail leaves under "{link("/console/settings#outbound", "Settings, Mail")}"."</p> },
    )
}

pub fn state_tone(state: Option<ComponentState>) -> Tone {
    match state {
        None => Tone::Neutral,
        Some(ComponentState::Operational) => Tone::Good,
        Some(ComponentState::UnderMaintenance) => Tone::Info,
        Some(ComponentState::DegradedPerformance) => Tone::Warn,
        Some(ComponentState::PartialOutage | ComponentState::MajorOutage) => Tone::Bad,
    }
}

pub fn phase_tone(phase: Phase) -> Tone {
    match phase {
        Phase::Investigating => Tone::Bad,
        Phase::Identified => Tone::Warn,
        Phase::Monitoring => Tone::Info,
        Phase::Resolved => Tone::Good,
    }
}

pub fn maintenance_tone(phase: MaintenancePhase) -> Tone {
    match phase {
        MaintenancePhase::Scheduled | MaintenancePhase::InProgress => Tone::Info,
        MaintenancePhase::Completed => Tone::Good,
        MaintenancePhase::Cancelled => Tone::Neutral,
    }
}

/// `major_outage` as `Major outage`.
pub fn spoken(word: &str) -> String {
    let mut letters = word.replace('_', " ");
    if let Some(first) = letters.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    letters
}

pub const PHASES: [Choice<'static>; 4] = [
    Choice { value: "investigating", label: "Investigating", help: "" },
    Choice { value: "identified", label: "Identified", help: "" },
    Choice { value: "monitoring", label: "Monitoring", help: "" },
    Choice { value: "resolved", label: "Resolved", help: "" },
];

pub fn impacts() -> Vec<Choice<'static>> {
    let label = |impact: &Impact| match impact {
        Impact::None => "None: nobody notices",
        Impact::Minor => "Minor: slower or less than usual",
        Impact::Major => "Major: something does not work",
        Impact::Critical => "Critical: nothing works",
    };
    Impact::ALL.iter().map(|impact| Choice::new(impact.as_str(), label(impact))).collect()
}

/// One choice of state per component, for reports and updates. `said` marks what is already said: `(component, state)`.
pub fn effect_fields(components: &[ComponentRow], chosen: &[String]) -> View {
    if components.is_empty() {
        return muted("There are no components yet; the report will name none.");
    }
    let mut html = frontend::raw::Markup::new();
    html.tag("div").attr("class", "field-row");
    for component in components {
        let id = format!("effect-{}", component.id);
        html.tag("div").attr("class", "field").tag("label").attr("for", &id).text(&component.name).end("label");
        html.tag("select").attr("name", "effect").attr("id", &id).tag("option").attr("value", "").text("says nothing").end("option");
        for state in ComponentState::ALL {
            let value = format!("{}:{}", component.id, state.as_str());
            let is_chosen = chosen.contains(&value);
            html.tag("option").attr("value", &value).flag("selected", is_chosen).text(spoken(state.as_str())).end("option");
        }
        html.end("select").end("div");
    }
    html.end("div");
    html.into_view()
}
