//! A report's text as HTML: built from parsed pieces, so that no tag a person typed can reach a page.

use crate::model::prose::{Block, Inline, parse};
use frontend::View;
use leptos::prelude::*;

pub fn view(source: &str) -> View {
    parse(source).into_iter().map(block).collect_view().into_any()
}

/// `<p><strong>head</strong></p>` and the text, for feeds and mails.
pub fn titled_html(head: &str, source: &str) -> String {
    let head = head.to_owned();
    let body = source.to_owned();
    let html = frontend::render(move || view! { <p><strong>{head}</strong></p> {view(&body)} });
    html.replace("<!>", "")
}

fn block(block: Block) -> View {
    let items = |items: Vec<Vec<Inline>>| items.into_iter().map(|item| view! { <li>{line(item)}</li> }).collect_view();
    match block {
        Block::Paragraph(pieces) => view! { <p>{line(pieces)}</p> }.into_any(),
        Block::List { is_numbered: true, items: list } => view! { <ol>{items(list)}</ol> }.into_any(),
        Block::List { is_numbered: false, items: list } => view! { <ul>{items(list)}</ul> }.into_any(),
    }
}

fn line(pieces: Vec<Inline>) -> View {
    pieces.into_iter().map(inline).collect_view().into_any()
}

fn inline(piece: Inline) -> View {
    match piece {
        Inline::Text(text) => text.into_any(),
        Inline::Strong(text) => view! { <strong>{text}</strong> }.into_any(),
        Inline::Emphasis(text) => view! { <em>{text}</em> }.into_any(),
        Inline::Code(text) => view! { <code>{text}</code> }.into_any(),
        Inline::Link { text, to } => view! { <a href=to.as_str().to_owned() rel="nofollow noopener">{text}</a> }.into_any(),
        Inline::Break => view! { <br/> }.into_any(),
    }
}
