//! The page behind the link in a notice.

use frontend::prelude::*;

use crate::alert::{Alert, AlertState};

pub fn question(alert: &Alert, token: &str) -> View {
    if alert.state != AlertState::Open {
        return done(alert);
    }
    let facts = facts(alert);
    let act = post_button(format!("/alerts/ack/{token}"), "Acknowledge", Look::Primary);
    view! {
        {facts}
        {paragraph("Acknowledging stops reminders and escalation. The alert stays open until the trouble is over.")}
        {actions(vec![act])}
    }
    .into_any()
}

pub fn done(alert: &Alert) -> View {
    let sentence = match alert.state {
        AlertState::Resolved => "This alert is resolved already; there is nothing left to do.".to_owned(),
        AlertState::Acknowledged => {
            format!("{} has acknowledged this alert. Reminders and escalation have stopped.", alert.acknowledged_by)
        }
        AlertState::Open => "This alert is open.".to_owned(),
    };
    view! { {facts(alert)} {notice(Tone::Good, &sentence)} }.into_any()
}

fn facts(alert: &Alert) -> View {
    key_values(vec![
        ("Alert", paragraph(&alert.title)),
        ("Detail", paragraph(&alert.detail)),
        ("Severity", state_badge(super::severity_tone(alert.severity), alert.severity.as_str())),
        ("Since", moment(alert.started_at)),
    ])
}
