//! The results of a search, by kind.

use capability::Hit;
use frontend::prelude::*;

pub(crate) fn show(query: &str, hits: &[Hit]) -> View {
    let title = if query.is_empty() { "Search".to_owned() } else { format!("“{query}”") };
    let mut kinds: Vec<&str> = Vec::new();
    for hit in hits {
        if !kinds.contains(&hit.kind) {
            kinds.push(hit.kind);
        }
    }
    let groups: Vec<View> = kinds.iter().map(|kind| group(kind, hits)).collect();
    let body = if groups.is_empty() { nothing(query) } else { stack(groups) };
    stack(vec![page_head(PageHead { title: &title, ..PageHead::default() }), body])
}

fn group(kind: &str, hits: &[Hit]) -> View {
    let row = |hit: &Hit| Row::new(vec![link(Href::path(hit.href.clone()), &hit.title), muted(&hit.note)]);
    let rows = hits.iter().filter(|hit| hit.kind == kind).map(row).collect();
    let list = table(Table { caption: kind, heads: &[Head::text("Name"), Head::text("Where")], rows, empty: EmptyState::default() });
    card(Card { title: kind, is_flush: true, ..Card::default() }, list)
}

fn nothing(query: &str) -> View {
    let (title, sentence) = if query.is_empty() {
        ("What are you looking for?", "Type a name into the box above: monitors, reports, channels, pages, settings.")
    } else {
        ("Nothing found", "Try a part of the name, or fewer words.")
    };
    empty_state(EmptyState { title, sentence, actions: vec![link_button("/console", "Go home", Look::Plain)] })
}
