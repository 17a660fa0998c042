//! Actions as they arrive; before the first, how to send one.

use frontend::prelude::*;
use kernel::Time;

use super::{Projects, Tabbed, action_row, pages_of};
use crate::read::Shown;

pub struct Live {
    /// One more than `page`, where there are older ones.
    pub actions: Vec<Shown>,
    pub page: usize,
    pub is_older: bool,
    pub projects: Projects,
    /// What was not counted within a day, and why.
    pub passed: Vec<(String, u64)>,
    /// Handles that were not taken for one contact, and how often.
    pub refused: Vec<(String, String, u64)>,
    /// Where this instance is reached, without a slash at the end.
    pub base: String,
    /// A project's key; empty: there is none.
    pub key: String,
    pub now: Time,
}

pub fn show(live_page: &Live) -> View {
    let head = page_head(PageHead {
        title: "Live actions",
        lead: "What contacts and visitors do, as your programs and pages tell it.",
        ..PageHead::default()
    });
    let mut parts = vec![head, pages_of(Tabbed::Live)];
    if live_page.actions.is_empty() && !live_page.is_older {
        parts.push(connect(live_page));
        return stack(parts);
    }
    let listed = view! { {rows(live_page)} {older(live_page)} };
    parts.push(if live_page.is_older { listed.into_any() } else { live("actions", listed) });
    parts.extend(passed(live_page));
    parts.extend(refused(live_page));
    parts.push(disclosure("Send actions from another program", false, connect(live_page)));
    stack(parts)
}

fn rows(live_page: &Live) -> View {
    let shown = live_page.actions.iter().take(live_page.page);
    let rows = shown.map(|action| {
        let who = match action.contact {
            Some(id) => link(format!("/engagement/people/{id}"), &kernel::text::shorten(&action.who, 60)),
            None => muted(&action.who),
        };
        action_row(action, live_page.now, Some(who), &live_page.projects)
    });
    let listed = table(Table {
        caption: "Actions",
        heads: &[Head::text("When"), Head::text("Action"), Head::text("Who"), Head::text("With"), Head::text("From")],
        rows: rows.collect(),
        empty: EmptyState {
            title: "No older action is kept",
            sentence: "You have seen all of them.",
            actions: vec![link_button("/engagement/live", "The newest", Look::Plain)],
        },
    });
    card(Card { is_flush: true, ..Card::default() }, listed)
}

fn older(live_page: &Live) -> View {
    let here = || Href::path("/engagement/live");
    let last = live_page.actions.get(live_page.page.saturating_sub(1)).filter(|_| live_page.actions.len() > live_page.page);
    pager(&Pager {
        first: if live_page.is_older { here() } else { Href::default() },
        next: last.map_or_else(Href::default, |last| here().with("before", format!("{}-{}", last.at.0, last.tie))),
        note: "",
    })
}

/// Why an action is not counted, as people say it.
fn reason(word: &str) -> &str {
    match word {
        "duplicate" => "sent again, and counted the first time",
        "too_old" => "older than actions are kept",
        "nobody" => "of nobody: without a user or visitor id",
        "too_many_people" => "of people beyond the 200,000 that may be new in a day",
        other => other,
    }
}

fn passed(live_page: &Live) -> Option<View> {
    if live_page.passed.is_empty() {
        return None;
    }
    let told: Vec<String> = live_page.passed.iter().map(|(word, actions)| format!("{actions} {}", reason(word))).collect();
    Some(paragraph(&format!("Not counted within the last day: {}.", told.join("; "))))
}

fn refused(live_page: &Live) -> Option<View> {
    let (key, other, _) = live_page.refused.first()?;
    let told = format!(
        "“{key}” and “{other}” were told to be one contact, but both are known as two: mostly a computer that two people share. Call reset() when \
         somebody signs out. What was done is counted for “{key}”."
    );
    Some(notice(Tone::Warn, &told))
}

const TRACK: &str = include_str!("../../templates/track.html");

/// The ways in, each ready to be copied.
fn connect(live_page: &Live) -> View {
    let (base, key) = (&live_page.base, if live_page.key.is_empty() { "YOUR-KEY" } else { &live_page.key });
    let ways = [
        (
            "A web page",
            "Page views, clicks on elements with data-did, and hermetic('did', 'Invoice paid').",
            TRACK.replace("BASE", base).replace("KEY", key),
        ),
        (
            "Segment or RudderStack",
            "Their libraries work unchanged: only the host is yours.",
            format!(
                "import {{ Analytics }} from '@segment/analytics-node'\nconst analytics = new Analytics({{ writeKey: '{key}', host: '{base}' }})"
            ),
        ),
        ("PostHog", "In browsers and on servers.", format!("posthog.init('{key}', {{ api_host: '{base}' }})")),
        (
            "Anything that speaks HTTP",
            "The first action stands here within a second.",
            format!(
                "curl {base}/v1/track -u {key}: -H 'content-type: application/json' \\\n  -d '{{\"userId\":\"u_1\",\"event\":\"Signed up\"}}'"
            ),
        ),
    ];
    let missing = live_page.key.is_empty().then(|| {
        empty_state(EmptyState {
            title: "There is no project yet",
            sentence: "A project has the key that programs report with.",
            actions: vec![link_button("/projects", "Projects", Look::Primary)],
        })
    });
    let cards = ways.into_iter().map(|(title, lead, text)| card(Card { title, lead, ..Card::default() }, code_block(&text))).collect();
    view! { {missing} {stack(cards)} }.into_any()
}
