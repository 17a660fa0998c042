//! Other places that look.

use frontend::prelude::*;
use kernel::Time;
use std::time::Duration;

use super::sections;
use crate::store::vantages::Vantage;

/// Without a word for so long a vantage counts as silent.
const SILENT: Duration = Duration::from_secs(180);

pub fn show(vantages: &[Vantage], server: &str, now: Time) -> View {
    let head = page_head(PageHead {
        title: "Vantages",
        lead: "The same program on another machine looks at the same monitors, so that one broken line is not taken for an outage.",
        ..PageHead::default()
    });
    let heads = [Head::text("Vantage"), Head::text("State"), Head::text("Version"), Head::number("Checks sent"), Head::hidden("Actions")];
    let rows = vantages.iter().map(|vantage| {
        let is_silent = now.since(vantage.seen_at) > SILENT;
        let (tone, word) = if is_silent { (Tone::Warn, "silent") } else { (Tone::Good, "reporting") };
        let forget = confirm_button(&ConfirmButton {
            label: "Forget",
            question: "It comes back when it reports again; revoke its API key to prevent that.",
            confirm: "Forget it",
            action: format!("/uptime/vantages/{}/forget", vantage.key_id).into(),
            look: Look::Quiet,
            ..ConfirmButton::default()
        });
        Row::new(vec![
            paragraph(&vantage.name),
            view! { <span>{state_dot(tone, word)}" "{ago(vantage.seen_at, now)}</span> }.into_any(),
            muted(if vantage.version.is_empty() { "–" } else { &vantage.version }),
            muted(&vantage.checks.to_string()),
            forget,
        ])
    });
    let empty = EmptyState {
        title: "Only this machine looks",
        sentence: "Make an API key with the scope uptime:probe, named after the place, and start the command below on a machine elsewhere.",
        actions: vec![link_button("/console/keys", "API keys", Look::Primary)],
    };
    let list =
        card(Card { is_flush: true, ..Card::default() }, table(Table { caption: "Vantages", heads: &heads, rows: rows.collect(), empty }));
    let command = code_block(&format!("hermetic probe --server {} --key YOUR_KEY", server.trim_end_matches('/')));
    let how = card(
        Card {
            title: "Add a vantage",
            lead: "It needs nothing but this command: it asks here what to look at, and keeps up to an hour of results when it cannot reach us.",
            ..Card::default()
        },
        command,
    );
    stack(vec![head, sections("/uptime/vantages"), live("vantages", list), how])
}
