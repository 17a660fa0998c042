//! The runbook, as it is shipped: Markdown of our own, made to HTML.

use frontend::prelude::*;

use super::{Place, places};

const NAME: &str = "runbooks/backup-and-restore.md";

pub fn page() -> View {
    let head = page_head(PageHead {
        title: "Backup and restore",
        lead: "What to do when this machine is gone, and before that.",
        ..PageHead::default()
    });
    view! { {head} {places(Place::Runbook)} {card(Card::default(), view! { <div class="prose">{raw_html(html(text()))}</div> })} }
        .into_any()
}

/// The Markdown itself.
pub fn text() -> &'static str {
    assets::content(NAME).unwrap_or_default()
}

fn html(markdown: &str) -> String {
    let mut html = String::with_capacity(markdown.len() * 2);
    pulldown_cmark::html::push_html(&mut html, pulldown_cmark::Parser::new(markdown));
    // What scrolls sideways must be reachable by keyboard.
    html.replace("<pre>", "<pre tabindex=\"0\">")
}
