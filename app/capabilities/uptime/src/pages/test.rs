//! What one look found, phase by phase.

use frontend::prelude::*;

use super::detail::{certificate_card, phases_card};
use super::history::verdict;
use super::sections;
use crate::model::check::Check;
use crate::model::watch::Monitor;

pub fn show(monitor: &Monitor, check: &Check) -> View {
    let here = format!("/uptime/monitors/{}", monitor.id);
    let (tone, word) = verdict(check.verdict);
    let head = page_head(PageHead {
        title: "Test",
        lead: &format!("One look at {}, just now. It is shown and not counted.", monitor.name),
        trail: vec![("Monitors", "/uptime".into()), (&monitor.name, here.clone().into())],
        badge: Some(state_badge(tone, word)),
        actions: vec![
            post_button(format!("{here}/test"), "Test again", Look::Primary),
            link_button(here, "Back to the monitor", Look::Plain),
        ],
    });
    let mut parts = vec![head, sections("/uptime/monitors")];
    if let Some(reason) = check.reason {
        parts.push(notice_about(tone, &check.detail, view! { <p>{code(reason.code())}" "{reason.sentence()}</p> }));
    }
    parts.push(phases_card("Phases", &check.phases));
    let seen = &check.seen;
    let mut pairs = vec![("At", moment(check.at))];
    let mut add = |name, value: Option<String>| {
        if let Some(value) = value {
            pairs.push((name, code(&value)));
        }
    };
    add("Address", seen.address.clone());
    add("Protocol", seen.http_version.clone());
    add("Code", seen.code.map(|code| code.to_string()));
    add("Received", (seen.bytes_wire > 0).then(|| Unit::Bytes.write(seen.bytes_wire as f64)));
    add("Body, unpacked", (seen.bytes_body > 0).then(|| Unit::Bytes.write(seen.bytes_body as f64)));
    for hop in &seen.redirects {
        add("Redirected to", Some(hop.clone()));
    }
    for record in &seen.records {
        add("Record", Some(record.clone()));
    }
    parts.push(card(Card { title: "Seen", ..Card::default() }, key_values(pairs)));
    if let Some(certificate) = &seen.certificate {
        parts.push(certificate_card(certificate, check.at));
    }
    stack(parts)
}
