//! What else is known of an event: breadcrumbs, request, user, contexts, tags, flags, modules, extra.

use frontend::prelude::*;
use frontend::raw::Markup;
use kernel::text::WebUrl;

use super::content::values::{Data, Datum};
use super::content::{Breadcrumb, Content, Request};
use super::data::{data_list, write_hidden, write_value};
use crate::search::{Field, Pattern, Search};

/// A card with an id that links lead to.
pub(super) fn part(id: &'static str, title: &str, body: View) -> View {
    let mut html = Markup::new();
    html.tag("div").attr("id", id).view(card(Card { title, ..Card::default() }, body)).end("div");
    html.into_view()
}

fn data_part(id: &'static str, title: &str, data: &Data) -> Option<View> {
    (!data.is_empty()).then(|| part(id, title, data_list(data)))
}

pub fn message(content: &Content) -> Option<View> {
    if content.message.value.is_empty() || content.exceptions.iter().any(|exception| exception.value.value == content.message.value) {
        return None;
    }
    let mut html = Markup::new();
    html.tag("div").attr("class", "exception-value");
    write_value(&mut html, &content.message, "p");
    html.end("div");
    Some(part("message", "Message", html.into_view()))
}

pub fn breadcrumbs(content: &Content) -> Option<View> {
    if content.breadcrumbs.is_empty() {
        return None;
    }
    let rows = content.breadcrumbs.iter().map(breadcrumb).collect();
    let list = table(Table {
        caption: "What happened before, newest first",
        heads: &[Head::text("When"), Head::text("Kind"), Head::text("What")],
        rows,
        empty: EmptyState::default(),
    });
    let mut html = Markup::new();
    html.tag("div").attr("id", "breadcrumbs").attr("class", "breadcrumbs");
    let lead = match content.hidden_breadcrumbs {
        0 => "What happened before, newest first.".to_owned(),
        hidden => format!("What happened before, newest first. {hidden} older ones stand in the raw JSON."),
    };
    html.view(card(Card { title: "Breadcrumbs", lead: &lead, is_flush: true, ..Card::default() }, list)).end("div");
    Some(html.into_view())
}

fn breadcrumb(crumb: &Breadcrumb) -> Row {
    let mut what = Markup::new();
    if !crumb.message.value.is_empty() || !crumb.message.note.is_empty() {
        what.tag("div").attr("class", "crumb-message");
        write_value(&mut what, &crumb.message, "span");
        what.end("div");
    }
    if !crumb.data.is_empty() {
        write_inline(&mut what, &crumb.data);
    }
    Row {
        tone: level_tone(&crumb.level),
        cells: vec![
            crumb.at.map_or_else(|| muted("–"), |at| moment_as(at, MomentStyle::Clock)),
            {
                let level = (!matches!(crumb.level.as_str(), "" | "info" | "log" | "debug"))
                    .then(|| state_dot(level_tone(&crumb.level), &crumb.level));
                view! { {tag(&crumb.kind)} " " {level} }.into_any()
            },
            what.into_view(),
        ],
    }
}

/// Small values one after the other, nested ones below.
fn write_inline(html: &mut Markup, data: &Data) {
    html.tag("dl").attr("class", "inline-data");
    for row in &data.rows {
        html.tag("div").maybe("class", if row.is_block { "wide" } else { "" }).element("dt", &row.name).tag("dd");
        write_value(html, row, "code");
        html.end("dd").end("div");
    }
    html.end("dl");
    write_hidden(html, data.hidden);
}

pub fn level_tone(level: &str) -> Tone {
    match level {
        "fatal" | "error" | "critical" => Tone::Bad,
        "warning" | "warn" => Tone::Warn,
        _ => Tone::Neutral,
    }
}

pub fn request(content: &Content) -> Option<View> {
    let request = content.request.as_ref()?;
    let mut parts = vec![request_line(request)];
    for (title, data, is_open) in [
        ("Query", &request.query, true),
        ("Headers", &request.headers, true),
        ("Cookies", &request.cookies, false),
        ("Environment", &request.env, false),
    ] {
        if !data.is_empty() {
            parts.push(disclosure(&format!("{title} ({})", data.rows.len() + data.hidden), is_open, data_list(data)));
        }
    }
    if let Some(body) = &request.body {
        let mut html = Markup::new();
        html.tag("div").attr("class", "data");
        write_value(&mut html, &Datum { is_block: true, ..body.clone() }, "code");
        html.end("div");
        parts.push(disclosure("Body", true, html.into_view()));
    }
    Some(part("request", "Request", stack(parts)))
}

fn request_line(request: &Request) -> View {
    let mut html = Markup::new();
    html.tag("p").attr("class", "request-line");
    if !request.method.is_empty() {
        html.element("b", &request.method).text(" ");
    }
    match WebUrl::parse(&request.url.value) {
        Ok(url) if !request.url.is_block => html.view(link(&url, &request.url.value)),
        _ => html.element("code", &request.url.value),
    };
    if !request.url.note.is_empty() {
        html.text(" ").tag("small").attr("class", "data-note").text(format!("({})", request.url.note)).end("small");
    }
    html.end("p");
    html.into_view()
}

pub fn user(content: &Content) -> Option<View> {
    data_part("user", "User", &content.user)
}

/// Each leads to the issues that have it, too.
pub fn tags(content: &Content) -> Option<View> {
    if content.tags.is_empty() {
        return None;
    }
    let mut html = Markup::new();
    html.tag("dl").attr("class", "key-values data");
    for row in &content.tags.rows {
        html.tag("div").element("dt", &row.name).tag("dd");
        let search = Search::default().and(Field::Tag(row.name.clone(), Pattern(row.value.clone())));
        html.view(link(Href::path("/errors").with("state", "all").with("q", search), &row.value));
        if !row.note.is_empty() {
            html.text(" ").tag("small").attr("class", "data-note").text(format!("({})", row.note)).end("small");
        }
        html.end("dd").end("div");
    }
    html.end("dl");
    write_hidden(&mut html, content.tags.hidden);
    Some(part("tags", "Tags of this event", html.into_view()))
}

pub fn flags(content: &Content) -> Option<View> {
    data_part("flags", "Feature flags", &content.flags)
}

pub fn contexts(content: &Content) -> Vec<View> {
    let title = |name: &str| match name {
        "os" => "Operating system".to_owned(),
        "gpu" => "Graphics".to_owned(),
        name => {
            let mut letters = name.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
        }
    };
    content
        .contexts
        .iter()
        .map(|(name, data)| card(Card { title: &title(name).replace('_', " "), ..Card::default() }, data_list(data)))
        .collect()
}

pub fn extra(content: &Content) -> Option<View> {
    data_part("extra", "Extra", &content.extra)
}

pub fn modules(content: &Content) -> Option<View> {
    if content.modules.is_empty() {
        return None;
    }
    let count = content.modules.rows.len() + content.modules.hidden;
    Some(part("modules", "Modules", disclosure(&format!("{count} installed"), false, data_list(&content.modules))))
}

pub fn errors(content: &Content) -> Option<View> {
    if content.errors.is_empty() {
        return None;
    }
    let list: Vec<View> = content.errors.iter().map(|error| view! { <li>{error.clone()}</li> }.into_any()).collect();
    Some(notice_about(Tone::Warn, "The SDK could not send all of this event.", view! { <ul>{list}</ul> }))
}
