//! Why these events are one issue, and what can be done where that is wrong.

use frontend::prelude::*;
use frontend::raw::Markup;
use kernel::Time;

use super::issue;
use super::{IssuePlace, counted};
use crate::grouping::Components;

/// One way by which events are recognised.
#[derive(Debug, Clone)]
pub struct HashLine {
    pub id: i64,
    /// In hexadecimal.
    pub hash: String,
    pub kind: String,
    pub version: i64,
    pub title: String,
    pub components: Components,
    pub events: u64,
    pub last_seen_at: Option<Time>,
}

pub fn page(shown: &issue::Shown, lines: &[HashLine]) -> View {
    let can_split = shown.can_act && lines.iter().filter(|line| line.events > 0).count() > 1;
    let cards: Vec<View> = lines.iter().map(|line| hash_card(shown, line, can_split)).collect();
    let lead = "An event belongs here when what it is recognised by is one of these.";
    let rule = Href::path("/errors/rules").with("project", shown.issue.project);
    let help = view! {
        <p>"Events that belong together stand apart? Merge the issues, or write a "{link(rule, "grouping rule")}". "
        "Events that differ stand together? Split off one of these, or set a fingerprint in the SDK."</p>
    };
    let body = view! { {help} {stack(cards)} };
    view! { {issue::head(shown, IssuePlace::Grouping)} {section(Section { title: "Why grouped", lead, ..Section::default() }, body)} }
        .into_any()
}

fn hash_card(shown: &issue::Shown, line: &HashLine, can_split: bool) -> View {
    let mut acts = Vec::new();
    if can_split && line.events > 0 {
        acts.push(confirm_button(&ConfirmButton {
            label: "Split off",
            question: "Events of this kind, past and coming, become an issue of their own. Merging puts them back.",
            confirm: "Split it off",
            action: format!("/errors/{}/hashes/{}/split", shown.issue.id, line.id).into(),
            ..ConfirmButton::default()
        }));
    }
    let seen = match line.last_seen_at {
        Some(at) => view! { {format!("{}, the last ", counted(line.events, "event", "events"))} {ago(at, shown.now)} }.into_any(),
        None => muted("none of its own: it leads events of other builds here"),
    };
    let pairs = vec![
        ("Recognised by", paragraph(words(&line.kind))),
        ("Events", seen),
        ("Hash", code(&format!("{}, version {}", line.hash, line.version))),
    ];
    let title = kernel::text::shorten(&line.title, 120);
    card(Card { title: &title, actions: acts, ..Card::default() }, view! { {key_values(pairs)} {parts(&line.components)} })
}

fn words(kind: &str) -> &'static str {
    match kind {
        "fingerprint" => "a fingerprint that was given",
        "app" => "type and frames of your own code",
        "system" => "type and all frames",
        "message" => "type and message, as no frame says anything",
        "policy" => "the policy that was broken and what it blocked",
        "flood" => "more different problems within an hour than anybody can look through",
        _ => "something this version does not know",
    }
}

/// What went into the hash, in its order.
fn parts(components: &Components) -> View {
    let mut html = Markup::new();
    if let Some(rule) = components.rule {
        html.tag("p").text(format!("The grouping rule {rule} of the project decided.")).end("p");
    }
    html.tag("ol").attr("class", "components");
    for part in &components.fingerprint {
        html.tag("li").text("Fingerprint: ").element("code", part).end("li");
    }
    if !components.message.is_empty() {
        html.tag("li").text("Message: ").element("code", &components.message).end("li");
    }
    for exception in &components.exceptions {
        html.tag("li").text("Exception");
        for (label, text) in [(" of type ", &exception.kind), (" saying ", &exception.value)] {
            if !text.is_empty() {
                html.text(label).element("code", text);
            }
        }
        if !exception.frames.is_empty() {
            html.tag("ol");
            for frame in &exception.frames {
                html.tag("li").element("code", format!("{} {}", frame.place, frame.function).trim());
                if !frame.line.is_empty() {
                    html.text(" at ").element("code", &frame.line);
                }
                html.end("li");
            }
            html.end("ol");
        }
        html.end("li");
    }
    html.end("ol");
    html.into_view()
}
