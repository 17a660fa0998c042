//! Whole documents: the console with its navigation, the quiet page with one card, the error page.
//!
//! [`Frame`] is what the console's frame shows besides the page itself; [`PlainFrame`] is what any page needs.

use kernel::Role;
use leptos::prelude::*;

use crate::raw::{self, Markup};
use crate::{Href, Tone, View, glyphs};

/// Addresses of the browser files, as `assets::url` gives them.
#[derive(Debug, Clone, Copy, Default)]
pub struct AssetUrls {
    pub css: &'static str,
    /// What this page needs beyond `css`.
    pub own_css: Option<&'static str>,
    pub js: &'static str,
    pub favicon: &'static str,
}

/// What the server knows of the wanted colours; a choice made in this browser wins over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    fn name(self) -> &'static str {
        match self {
            Theme::System => "",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct NavGroup {
    /// Empty for the first group, which needs no heading.
    pub label: String,
    pub items: Vec<NavItem>,
}

#[derive(Debug, Clone, Default)]
pub struct NavItem {
    pub label: String,
    pub href: Href,
    /// An SVG drawing of the binary (`assets::icon`).
    pub icon: &'static str,
    /// How many things wait there; 0 shows nothing.
    pub waiting: u64,
}

#[derive(Debug, Clone)]
pub struct FrameMember {
    pub name: String,
    pub role: Role,
}

/// A sentence about what was just done, shown once.
#[derive(Debug, Clone)]
pub struct Flash {
    pub tone: Tone,
    pub text: String,
}

/// What stands around each page of the console.
#[derive(Debug, Clone)]
pub struct Frame {
    pub product: String,
    /// The path that is asked for: the navigation entry it lies under is marked.
    pub path: String,
    pub nav: Vec<NavGroup>,
    pub member: FrameMember,
    pub flash: Option<Flash>,
    pub theme: Theme,
    /// Topics of the live stream that this page is about; empty for a page that never changes by itself.
    pub topics: Vec<&'static str>,
    /// What stands in the search box.
    pub query: String,
    pub assets: AssetUrls,
}

/// What a page outside of the console needs: sign-in, set-up, errors.
#[derive(Debug, Clone, Default)]
pub struct PlainFrame {
    pub product: String,
    pub theme: Theme,
    pub assets: AssetUrls,
}

/// What an error page says; `next` is where the person can go on.
#[derive(Debug, Clone, Default)]
pub struct ErrorPage<'a> {
    pub code: u16,
    pub title: &'a str,
    pub sentence: &'a str,
    pub next: Href,
    pub next_label: &'a str,
}

/// A bare document, for pages with a frame of their own (the status page).
#[derive(Default)]
pub struct Document<'a> {
    /// Empty for English.
    pub lang: &'a str,
    pub title: &'a str,
    pub description: &'a str,
    pub theme: Theme,
    /// More for the head: styles, icons, feeds.
    pub head: Vec<View>,
    pub body_class: &'a str,
    pub topics: &'a [&'static str],
}

/// A page of the console as a complete document.
pub fn console_page(frame: &Frame, title: &str, page: impl IntoView + 'static) -> String {
    let title = format!("{title} · {}", frame.product);
    let shown = Document {
        title: &title,
        theme: frame.theme,
        head: asset_links(&frame.assets),
        body_class: "console",
        topics: &frame.topics,
        ..Document::default()
    };
    let side_nav = navigation(frame, true);
    let menu_nav = navigation(frame, false);
    let flash = frame.flash.clone().map(|flash| crate::parts::notice(flash.tone, &flash.text));
    let body = view! {
        <a class="skip" href="#main">"Skip to the page"</a>
        <aside class="side">{brand(&frame.product)}{side_nav}</aside>
        <header class="top">
            <details class="menu nav-menu">
                <summary aria-label="Navigation">{raw::svg(glyphs::MENU)}</summary>
                <div class="menu-body">{menu_nav}</div>
            </details>
            <div class="top-brand">{brand(&frame.product)}</div>
            {search_box(&frame.query)}
            <span class="live-mark" data-live-mark hidden role="status"></span>
            {member_menu(&frame.member)}
        </header>
        <main id="main" tabindex="-1">{flash}{page}</main>
        {raw::noscript(view! { <p class="no-script">"Live updates need JavaScript; everything else works without it."</p> }.into_any())}
    };
    document(shown, body)
}

/// One card in the middle of a quiet page: sign-in, set-up, a question.
pub fn plain_page(frame: &PlainFrame, title: &str, page: impl IntoView + 'static) -> String {
    let full_title = format!("{title} · {}", frame.product);
    let shown =
        Document { title: &full_title, theme: frame.theme, head: asset_links(&frame.assets), body_class: "plain", ..Document::default() };
    let title = title.to_owned();
    document(
        shown,
        view! {
            <main id="main" class="plain-main">
                {brand(&frame.product)}
                <div class="card plain-card"><h1>{title}</h1>{page}</div>
            </main>
        },
    )
}

/// What went wrong in one sentence, and where to go on.
pub fn error_page(frame: &PlainFrame, error: &ErrorPage<'_>) -> String {
    let shown = Document {
        title: &format!("{} · {}", error.title, frame.product),
        theme: frame.theme,
        head: asset_links(&frame.assets),
        body_class: "plain",
        ..Document::default()
    };
    let (code, title, sentence) = (error.code.to_string(), error.title.to_owned(), error.sentence.to_owned());
    let next_label = if error.next_label.is_empty() { "Go to the start page" } else { error.next_label };
    let next = crate::parts::link_button(error.next.clone(), next_label, crate::parts::Look::Primary);
    document(
        shown,
        view! {
            <main id="main" class="plain-main">
                {brand(&frame.product)}
                <div class="card plain-card error-card">
                    <p class="error-code">{format!("Error {code}")}</p>
                    <h1>{title}</h1>
                    <p class="lead">{sentence}</p>
                    <p class="actions">{next}</p>
                </div>
            </main>
        },
    )
}

/// The document around a body of its own.
pub fn document(options: Document<'_>, body: impl IntoView + 'static) -> String {
    let mut html = Markup::new();
    html.tag("html").attr("lang", if options.lang.is_empty() { "en" } else { options.lang }).maybe("data-theme", options.theme.name());
    html.tag("head");
    html.tag("meta").attr("charset", "utf-8").done();
    html.tag("meta").attr("name", "viewport").attr("content", "width=device-width,initial-scale=1").done();
    html.tag("meta").attr("name", "color-scheme").attr("content", "light dark").done();
    html.element("title", options.title);
    if !options.description.is_empty() {
        html.tag("meta").attr("name", "description").attr("content", options.description).done();
    }
    for part in options.head {
        html.view(part);
    }
    html.end("head");
    html.tag("body").maybe("class", options.body_class).maybe("data-topics", &options.topics.join(","));
    html.view(body.into_any()).end("body").end("html");
    format!("<!DOCTYPE html>{}", crate::without_markers(&html.into_html()))
}

/// The script stands before the body and is not deferred: it sets the chosen colours before anything is painted.
fn asset_links(assets: &AssetUrls) -> Vec<View> {
    let mut head = Markup::new();
    head.tag("link").attr("rel", "icon").attr("href", assets.favicon).attr("type", "image/svg+xml").done();
    for css in [Some(assets.css), assets.own_css].into_iter().flatten() {
        head.tag("link").attr("rel", "stylesheet").attr("href", css).done();
    }
    head.tag("script").attr("src", assets.js).end("script");
    vec![head.into_view()]
}

fn brand(product: &str) -> View {
    let product = product.to_owned();
    view! { <a class="brand" href="/">{raw::svg(glyphs::MARK)}<span>{product}</span></a> }.into_any()
}

/// The navigation, twice on the page (beside it, and in the menu of narrow screens); only one of them carries the keys.
fn navigation(frame: &Frame, has_keys: bool) -> View {
    let current = current_path(frame);
    let keys = nav_keys(frame);
    let mut keys = keys.into_iter();
    let mut html = Markup::new();
    html.tag("nav").attr("class", "nav").attr("aria-label", "Main");
    for group in &frame.nav {
        if !group.label.is_empty() {
            html.tag("p").attr("class", "nav-label").text(&group.label).end("p");
        }
        html.tag("ul");
        for item in &group.items {
            let key = keys.next().flatten().filter(|_| has_keys).map(String::from).unwrap_or_default();
            html.tag("li").tag("a").attr("href", &item.href).maybe("data-key", &key);
            if Some(item.href.as_str()) == current.as_deref() {
                html.attr("aria-current", "page");
            }
            html.view(raw::svg(item.icon)).tag("span").text(&item.label).end("span");
            if item.waiting > 0 {
                html.tag("span")
                    .attr("class", "count")
                    .text(item.waiting)
                    .tag("span")
                    .attr("class", "sr")
                    .text(" waiting")
                    .end("span")
                    .end("span");
            }
            html.end("a").end("li");
        }
        html.end("ul");
    }
    html.end("nav");
    html.into_view()
}

/// The entry whose path leads the asked one; the longest wins, so that `/status/reports` beats `/status`.
fn current_path(frame: &Frame) -> Option<String> {
    let leads = |item: &&NavItem| {
        let path = item.href.as_str();
        frame.path == path || frame.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('/') && path != "/")
    };
    let found = frame.nav.iter().flat_map(|group| &group.items).filter(leads).max_by_key(|item| item.href.as_str().len());
    found.map(|item| item.href.as_str().to_owned())
}

/// A letter per entry for `g` + letter: its first letter that no earlier entry has taken.
fn nav_keys(frame: &Frame) -> Vec<Option<char>> {
    let mut taken = Vec::new();
    let items = frame.nav.iter().flat_map(|group| &group.items);
    items
        .map(|item| {
            let key = item.label.to_lowercase().chars().find(|letter| letter.is_ascii_alphabetic() && !taken.contains(letter));
            taken.extend(key);
            key
        })
        .collect()
}

fn search_box(query: &str) -> View {
    let mut html = Markup::new();
    html.tag("form").attr("class", "search").attr("action", "/search").attr("method", "get").attr("role", "search");
    html.view(raw::svg(glyphs::SEARCH));
    html.tag("input").attr("type", "search").attr("name", "q").attr("value", query).attr("aria-label", "Search");
    html.attr("placeholder", "Search").attr("autocomplete", "off").attr("data-search", "").done();
    html.tag("kbd").attr("aria-hidden", "true").text("/").end("kbd").end("form");
    html.into_view()
}

fn member_menu(member: &FrameMember) -> View {
    let (name, role) = (member.name.clone(), member.role.as_str());
    let summary = format!("Your menu: {name}");
    let initials = initials(&name);
    view! {
        <details class="menu member-menu">
            <summary><span class="sr">{summary}</span><span class="avatar" aria-hidden="true">{initials}</span>{raw::svg(glyphs::CHEVRON)}</summary>
            <div class="menu-body">
                <p class="menu-head"><b>{name}</b><span>{role}</span></p>
                <a href="/console/profile">"Profile and sign-in"</a>
                <button type="button" data-theme-switch hidden>{raw::svg(glyphs::THEME)}<span>"Change colours"</span></button>
                <button type="button" data-help hidden><span>"Keyboard"</span><kbd>"?"</kbd></button>
                <form method="post" action="/sign-out"><button>"Sign out"</button></form>
            </div>
        </details>
    }
    .into_any()
}

fn initials(name: &str) -> String {
    let letters = name.split_whitespace().filter_map(|word| word.chars().next());
    let initials: String = letters.take(2).flat_map(char::to_uppercase).collect();
    if initials.is_empty() { "·".to_owned() } else { initials }
}
