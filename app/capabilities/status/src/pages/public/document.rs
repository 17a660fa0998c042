//! The document around a public page: head, style with its hash, header, footer. Everything in one answer.
//!
//! Nouns: [`Place`] (where and in which language a page stands), [`Shell`], [`Rendered`].

use crate::links::{Links, Target};
use crate::model::{Banner, Language, Look};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use frontend::View;
use frontend::raw::{Markup, escape};
use kernel::Time;
use leptos::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

/// Where the page stands.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub look: &'a Look,
    pub links: &'a Links,
    pub here: Target<'a>,
    pub language: Language,
}

impl Place<'_> {
    pub fn to(&self, target: Target<'_>) -> String {
        self.links.href(self.here, target, self.language)
    }

    pub fn moment(&self, at: Time) -> View {
        let text = self.language.moment(at, &self.look.zone);
        view! { <time datetime=at.rfc3339()>{text}</time> }.into_any()
    }

    pub fn short_moment(&self, at: Time) -> View {
        let text = self.language.short_moment(at, &self.look.zone);
        view! { <time datetime=at.rfc3339()>{text}</time> }.into_any()
    }
}

/// A whole document and the policy it is served with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    pub html: String,
    pub csp: String,
}

pub struct Shell {
    /// Before the page's name in the title; empty on the first page.
    pub title: String,
    pub description: String,
    pub banner: Option<Banner>,
    /// Shown as languages to change to; not on pages of one person.
    pub has_languages: bool,
    /// Only an exported first page carries it: the script that owns up when nothing was written for long.
    pub stale_since: Option<Time>,
    pub is_indexed: bool,
    /// Run lengths of bars used on the page, each a rule of the style.
    pub lengths: BTreeSet<usize>,
    pub body: View,
}

impl Shell {
    pub fn new(title: impl Into<String>, body: View) -> Self {
        Self {
            title: title.into(),
            description: String::new(),
            banner: None,
            has_languages: true,
            stale_since: None,
            is_indexed: true,
            lengths: BTreeSet::new(),
            body,
        }
    }
}

static CSS: LazyLock<String> = LazyLock::new(|| dense(include_str!("../../public.css")));

/// When the time it should have been renewed in is over, the page says so itself; clocks of visitors that are behind stay silent. Written without any
/// character that HTML escapes, so that it goes through the writer of [`frontend::raw`] and its hash stays true.
const STALE: &str = "(function(){var d=document,t=Date.parse(d.documentElement.dataset.at),l=+d.documentElement.dataset.late,e=d.getElementById(`stale`);\
    function f(){var m=Math.floor((Date.now()-t)/6e4);e.hidden=Math.max(m,l)===l;e.querySelector(`b`).textContent=m}f();setInterval(f,3e4)})()";

pub fn page(place: Place<'_>, shell: Shell) -> Rendered {
    let style = style(place.look, &shell.lengths);
    let script = if shell.stale_since.is_some() { format!("script-src 'sha256-{}'; ", sha256(STALE)) } else { String::new() };
    let policy =
        format!("default-src 'none'; {script}style-src 'sha256-{}'; img-src data:; form-action 'self'; base-uri 'none'", sha256(&style));
    let mut html = String::with_capacity(24 * 1024);
    head(&mut html, place, &shell, &policy);
    let _ = write!(html, "<style>{style}</style></head>");
    let stale = shell.stale_since.is_some();
    let (header, footer) = (header(place), footer(place, shell.has_languages));
    let note = stale.then(|| stale_note(place.language));
    let skip = place.language.texts().skip;
    let body = shell.body;
    html.push_str(
        &frontend::render(move || {
            view! { <body><a class="skip" href="#main">{skip}</a>{header}<main id="main">{note}{body}</main>{footer}</body> }
        })
        .replace("<!>", ""),
    );
    if stale {
        let mut script = Markup::new();
        script.element("script", STALE);
        html.push_str(&script.into_html());
    }
    html.push_str("</html>\n");
    // A frame may show the page only where the header says so; `frame-ancestors` does not count in a meta element.
    Rendered { html, csp: format!("{policy}; frame-ancestors 'none'") }
}

fn head(html: &mut String, place: Place<'_>, shell: &Shell, policy: &str) {
    let (look, texts) = (place.look, place.language.texts());
    let late = place.links.late_after().unwrap_or_default();
    let at = shell.stale_since.map(|at| format!(" data-at=\"{}\" data-late=\"{late}\"", at.rfc3339())).unwrap_or_default();
    let _ = write!(html, "<!doctype html><html lang=\"{}\"{at}><head><meta charset=\"utf-8\">", place.language.as_str());
    if place.links.is_exported() {
        let _ = write!(html, "<meta http-equiv=\"content-security-policy\" content=\"{}\">", escape(policy));
    }
    html.push_str(
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">",
    );
    let name = format!("{} – {}", look.name, texts.status);
    let title = if shell.title.is_empty() { name } else { format!("{} – {name}", shell.title) };
    let _ = write!(html, "<title>{}</title>", escape(&title));
    if !shell.description.is_empty() {
        let _ = write!(html, "<meta name=\"description\" content=\"{}\">", escape(&shell.description));
    }
    if !shell.is_indexed {
        html.push_str("<meta name=\"robots\" content=\"noindex\">");
    }
    for (kind, target) in [("atom", Target::Atom), ("rss", Target::Rss)] {
        let href = escape(&place.to(target));
        let _ = write!(html, "<link rel=\"alternate\" type=\"application/{kind}+xml\" title=\"{}\" href=\"{href}\">", escape(&look.name));
    }
    let _ = write!(html, "<link rel=\"icon\" href=\"{}\">", favicon(shell.banner));
}

/// The state as a coloured dot in the tab; inline, or browsers would ask for one more file.
fn favicon(banner: Option<Banner>) -> String {
    let colour = match banner {
        None | Some(Banner::Empty | Banner::NoData) => "707a88",
        Some(Banner::AllOperational) => "1f8a55",
        Some(Banner::UnderMaintenance) => "2f6fd0",
        Some(Banner::Degraded) => "b07400",
        Some(Banner::PartialOutage) => "cc5a00",
        Some(Banner::MajorOutage) => "c4342b",
    };
    format!(
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Ccircle cx='4' cy='4' r='4' fill='%23{colour}'/%3E%3C/svg%3E"
    )
}

fn header(place: Place<'_>) -> View {
    let (look, texts) = (place.look, place.language.texts());
    let name = look.name.clone();
    let logo = look.logo.as_ref().map(|logo| view! { <img src=logo.data_url() alt="" height="32"/> });
    let takes = look.takes_subscribers && place.here != Target::Subscribe;
    let subscribe = takes.then(|| view! { <a class="button" href=place.to(Target::Subscribe)>{texts.subscribe}</a> });
    view! {
        <header><a class="brand" href=place.to(Target::Index)>{logo}<span>{name}</span></a>{subscribe}</header>
    }
    .into_any()
}

fn footer(place: Place<'_>, has_languages: bool) -> View {
    let texts = place.language.texts();
    let home = place.look.home.as_ref().map(|home| view! { <a href=home.as_str().to_owned()>{texts.home}</a> });
    let others = Language::ALL.iter().filter(|_| has_languages).map(|language| {
        let href = place.links.href_between((place.here, place.language), (place.here, *language));
        let current = (*language == place.language).then_some("true");
        view! { <a href=href lang=language.as_str() hreflang=language.as_str() aria-current=current>{language.label()}</a> }
    });
    let languages = has_languages.then(|| view! { <nav aria-label=texts.language>{others.collect_view()}</nav> });
    let zone = format!("{} {}.", texts.all_times, place.look.zone_name);
    view! {
        <footer>
            <nav aria-label=texts.status>
                {home}
                <a href=place.to(Target::History)>{texts.history}</a>
                <a href=place.to(Target::Atom)>"Atom"</a>
                <a href=place.to(Target::Rss)>"RSS"</a>
                <a href=place.to(Target::Calendar)>"iCal"</a>
                <a href=place.to(Target::Api("summary"))>"JSON"</a>
            </nav>
            {languages}
            <p>{zone}</p>
        </footer>
    }
    .into_any()
}

fn stale_note(language: Language) -> View {
    let texts = language.texts();
    view! { <p id="stale" class="stale" role="status" hidden>{format!("{} ", texts.stale_before)}<b></b>{format!(" {}", texts.stale_after)}</p> }.into_any()
}

fn style(look: &Look, lengths: &BTreeSet<usize>) -> String {
    let (light, dark) = (look.accent.light.hex(), look.accent.dark.hex());
    let mut style = CSS.clone();
    let _ = write!(style, ":root{{--accent:{light}}}@media(prefers-color-scheme:dark){{:root{{--accent:{dark}}}}}");
    for length in lengths {
        let _ = write!(style, ".n{length}{{--n:{length}}}");
    }
    style
}

fn sha256(text: &str) -> String {
    STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()))
}

/// Comments and blanks that CSS does not need are not sent to every visitor.
fn dense(css: &str) -> String {
    let mut dense = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(start) = rest.find("/*") {
        dense.push_str(&rest[..start]);
        rest = rest[start..].find("*/").map_or("", |end| &rest[start + end + 2..]);
    }
    dense.push_str(rest);
    let lines: Vec<&str> = dense.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("").replace(" {", "{").replace(": ", ":").replace(", ", ",").replace(";}", "}")
}
