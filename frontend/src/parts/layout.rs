//! How a page is laid out: its head, its cards and sections, what stands beside what.

use leptos::prelude::*;

use crate::raw::{self, Markup};
use crate::{Href, View, glyphs, some};

/// The head of a page: where we are, its one `<h1>`, what can be done here.
#[derive(Default)]
pub struct PageHead<'a> {
    pub title: &'a str,
    /// One sentence below the title.
    pub lead: &'a str,
    /// The pages above, outermost first.
    pub trail: Vec<(&'a str, Href)>,
    /// A badge beside the title.
    pub badge: Option<View>,
    pub actions: Vec<View>,
}

#[derive(Default)]
pub struct Card<'a> {
    pub title: &'a str,
    pub lead: &'a str,
    pub actions: Vec<View>,
    /// The body touches the edges: for tables.
    pub is_flush: bool,
}

/// A part of a page with a heading and no box around it.
#[derive(Default)]
pub struct Section<'a> {
    /// For links to this place; empty for none.
    pub id: &'a str,
    pub title: &'a str,
    pub lead: &'a str,
    pub actions: Vec<View>,
}

#[derive(Debug, Clone, Default)]
pub struct Tab<'a> {
    pub label: &'a str,
    pub href: Href,
    pub is_current: bool,
    /// How many are behind it; `None` shows no number.
    pub count: Option<u64>,
}

/// Steps through a list by key. Addresses that are empty show no link.
#[derive(Debug, Clone, Default)]
pub struct Pager<'a> {
    pub first: Href,
    pub next: Href,
    /// Such as "50 of about 1,200".
    pub note: &'a str,
}

pub fn page_head(options: PageHead<'_>) -> View {
    let (title, lead) = (options.title.to_owned(), some(options.lead));
    let trail = (!options.trail.is_empty()).then(|| breadcrumbs(&options.trail));
    view! {
        <header class="page-head">
            {trail}
            <div class="page-title"><h1>{title}</h1>{options.badge}</div>
            {lead.map(|lead| view! { <p class="lead">{lead}</p> })}
            {action_row(options.actions)}
        </header>
    }
    .into_any()
}

pub fn card(options: Card<'_>, body: impl IntoView + 'static) -> View {
    let class = if options.is_flush { "card flush" } else { "card" };
    let head = part_head(options.title, options.lead, options.actions);
    view! { <section class=class>{head}<div class="card-body">{body}</div></section> }.into_any()
}

pub fn section(options: Section<'_>, body: impl IntoView + 'static) -> View {
    let id = some(options.id);
    let head = part_head(options.title, options.lead, options.actions);
    view! { <section class="section" id=id>{head}{body}</section> }.into_any()
}

/// Things below each other at the usual distance.
pub fn stack(views: Vec<View>) -> View {
    view! { <div class="stack">{views}</div> }.into_any()
}

/// Cards side by side, as many as the width takes.
pub fn grid(views: Vec<View>) -> View {
    view! { <div class="grid">{views}</div> }.into_any()
}

/// The matter itself, and a narrower column of facts beside it.
pub fn columns(wide: impl IntoView + 'static, narrow: impl IntoView + 'static) -> View {
    view! { <div class="columns"><div class="stack">{wide}</div><div class="stack">{narrow}</div></div> }.into_any()
}

/// Buttons and links in a row.
pub fn actions(views: Vec<View>) -> View {
    view! { <div class="actions">{views}</div> }.into_any()
}

/// What the live stream may replace when the page's topic changes. The id must be unique on the page and the same at each rendering.
pub fn live(id: &str, body: impl IntoView + 'static) -> View {
    let id = id.to_owned();
    view! { <div id=id data-live="">{body}</div> }.into_any()
}

/// Links between views of the same thing; `label` names the group for those who hear the page.
pub fn tabs(label: &str, tabs: &[Tab<'_>]) -> View {
    let mut html = Markup::new();
    html.tag("nav").attr("class", "tabs").attr("aria-label", label).tag("ul");
    for tab in tabs {
        html.tag("li").tag("a").attr("href", &tab.href);
        if tab.is_current {
            html.attr("aria-current", "page");
        }
        html.text(tab.label);
        if let Some(count) = tab.count {
            html.text(" ").tag("span").attr("class", "count").text(count).end("span");
        }
        html.end("a").end("li");
    }
    html.end("ul").end("nav");
    html.into_view()
}

pub fn pager(options: &Pager<'_>) -> View {
    let mut html = Markup::new();
    html.tag("nav").attr("class", "pager").attr("aria-label", "Pages");
    html.tag("span").attr("class", "muted").text(options.note).end("span");
    if !options.first.is_empty() {
        html.tag("a").attr("class", "button plain").attr("href", &options.first).view(raw::svg(glyphs::NEWER)).text("Newest").end("a");
    }
    if !options.next.is_empty() {
        html.tag("a").attr("class", "button plain").attr("href", &options.next).attr("rel", "next");
        html.text("Older").view(raw::svg(glyphs::OLDER)).end("a");
    }
    html.end("nav");
    html.into_view()
}

fn breadcrumbs(trail: &[(&str, Href)]) -> View {
    let mut html = Markup::new();
    html.tag("nav").attr("class", "trail").attr("aria-label", "Where you are").tag("ol");
    for (label, href) in trail {
        html.tag("li").tag("a").attr("href", href).text(label).end("a").end("li");
    }
    html.end("ol").end("nav");
    html.into_view()
}

fn part_head(title: &str, lead: &str, actions: Vec<View>) -> Option<View> {
    if title.is_empty() && actions.is_empty() {
        return None;
    }
    let (title, lead) = (title.to_owned(), some(lead));
    let head = view! {
        <header class="part-head">
            <div><h2>{title}</h2>{lead.map(|lead| view! { <p class="muted">{lead}</p> })}</div>
            {action_row(actions)}
        </header>
    };
    Some(head.into_any())
}

fn action_row(views: Vec<View>) -> Option<View> {
    if views.is_empty() { None } else { Some(actions(views)) }
}
