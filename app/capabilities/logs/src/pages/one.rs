//! One line, with all it says and what stood around it.

use capability::Hit;
use frontend::prelude::*;

use super::{Projects, body, properties};
use crate::find::FoundLine;
use crate::model::query::around;

pub struct One {
    pub row: FoundLine,
    /// Lines of its project just before and after it, the newest first.
    pub neighbours: Vec<FoundLine>,
    pub projects: Projects,
    pub related: Vec<Hit>,
    pub has_traces: bool,
}

pub fn show(one: &One) -> View {
    let line = &one.row.line;
    let (from, to) = around(line.at());
    let around = Href::path("/logs").with("q", format!("project:{}", one.projects.slug(one.row.project)));
    let around = around.with("from", from.rfc3339_millis()).with("to", to.rfc3339_millis());
    let head = page_head(PageHead {
        title: "Log line",
        trail: vec![("Logs", "/logs".into())],
        badge: Some(state_badge(line.level.tone(), line.level.as_str())),
        actions: vec![link_button(around, "Five minutes around it", Look::Plain)],
        ..PageHead::default()
    });
    let text = card(Card { title: "Message", ..Card::default() }, code_block(&line.body));
    let search = |term: &str| Href::path("/logs").with("q", term).with("window", "7d");
    let facts = card(Card { title: "Attributes", ..Card::default() }, properties(&one.row, &one.projects, &search, one.has_traces));
    let mut narrow = vec![facts];
    if !one.related.is_empty() {
        let hits: Vec<View> =
            one.related.iter().map(|hit| view! { <li>{tag(hit.kind)}" "{link(hit.href.clone(), &hit.title)}</li> }.into_any()).collect();
        narrow.push(card(Card { title: "Of the same trace", ..Card::default() }, view! { <ul class="plain-list">{hits}</ul> }));
    }
    stack(vec![head, columns(vec![text, neighbours(one)], narrow)])
}

fn neighbours(one: &One) -> View {
    let rows: Vec<View> = one
        .neighbours
        .iter()
        .map(|row| {
            let is_self = row.id == one.row.id;
            let class = format!("log-line {}{}", row.line.level.tone().class(), if is_self { " is-self" } else { "" });
            let own = if is_self { ().into_any() } else { link(format!("/logs/lines/{}", row.id), "Open") };
            view! {
                <div class=class><div class="log-head">{moment_as(row.line.at(), MomentStyle::Clock)}{state_dot(row.line.level.tone(), row.line.level.as_str())}{body(&row.line)}" "{own}</div></div>
            }
            .into_any()
        })
        .collect();
    card(Card { title: "Around it", is_flush: true, ..Card::default() }, view! { <div class="log-lines">{rows}</div> })
}
