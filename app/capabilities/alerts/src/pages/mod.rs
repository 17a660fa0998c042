//! What alerts looks like: plain data in, HTML out.

pub mod ack;
pub mod alerts;
pub mod channels;
pub mod policies;
pub mod rules;
pub mod silences;

use frontend::Tone;
use frontend::prelude::{Tab, View, tabs};

use crate::alert::{Alert, AlertState};
use crate::severity::Severity;

/// The pages beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Alerts,
    Rules,
    Channels,
    Silences,
    Policies,
}

pub(crate) fn places(here: Place) -> View {
    let tab = |label, href: &str, place| Tab { label, href: href.into(), is_current: place == here, count: None };
    tabs(
        "Alerts",
        &[
            tab("Alerts", "/alerts", Place::Alerts),
            tab("Rules", "/alerts/rules", Place::Rules),
            tab("Channels", "/alerts/channels", Place::Channels),
            tab("Silences", "/alerts/silences", Place::Silences),
            tab("Escalation", "/alerts/policies", Place::Policies),
        ],
    )
}

pub(crate) fn severity_tone(severity: Severity) -> Tone {
    match severity {
        Severity::Critical => Tone::Bad,
        Severity::Warning => Tone::Warn,
        Severity::Info => Tone::Info,
    }
}

pub(crate) fn state_tone(alert: &Alert) -> Tone {
    match alert.state {
        AlertState::Open => severity_tone(alert.severity),
        AlertState::Acknowledged => Tone::Info,
        AlertState::Resolved => Tone::Good,
    }
}
