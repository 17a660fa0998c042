//! The complete public site as files, made from one snapshot: pages in every language, feeds, JSON, badges.
//!
//! Nouns: [`File`]. Two parts: what shows the present ([`present`]) and what changes only with its own content ([`lasting`]).

use crate::feeds::badge::Badge;
use crate::feeds::{atom, calendar, json, json_feed, rss};
use crate::links::{Links, Target};
use crate::model::{Language, Snapshot};
use crate::pages::public::{Place, Rendered, follow, history, index};
use serde_json::Value;
use std::time::Duration;

pub const HTML: &str = "text/html; charset=utf-8";
pub const JSON: &str = "application/json; charset=utf-8";
pub const SVG: &str = "image/svg+xml; charset=utf-8";

/// One file of the site; `path` is relative to its root and empty for the served first page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub path: String,
    pub content_type: &'static str,
    pub body: String,
    /// The policy of a page; data has none of its own.
    pub csp: Option<String>,
}

impl File {
    /// Data may be read by scripts of other sites; pages may not.
    pub fn is_data(&self) -> bool {
        self.content_type != HTML
    }
}

/// One file, for pages that are not kept in memory.
pub fn find(snapshot: &Snapshot, links: &Links, path: &str) -> Option<File> {
    let found = lasting_where(snapshot, links, &|_, known| known == path).pop();
    found.or_else(|| present(snapshot, links).into_iter().find(|file| file.path == path))
}

/// Pages of history, permalinks, the sign-up page.
pub fn lasting(snapshot: &Snapshot, links: &Links) -> Vec<File> {
    lasting_where(snapshot, links, &|_, _| true)
}

/// Those of them that people ask for: kept in memory. Two years of reports in four languages would cost more memory than the
/// rest of the house; older ones are rendered when somebody asks.
pub fn lasting_recent(snapshot: &Snapshot, links: &Links) -> Vec<File> {
    let since = snapshot.generated_at - RECENT;
    let months: Vec<(i16, i8)> = snapshot.months().into_iter().take(2).collect();
    let report =
        |id: &str| snapshot.reports.iter().any(|report| report.public_id == id && (report.is_open() || report.updated_at >= since));
    let window = |id: &str| snapshot.maintenances.iter().any(|window| window.public_id == id && window.ends_at >= since);
    lasting_where(snapshot, links, &|target, _| match target {
        Target::Report(id) => report(id),
        Target::Maintenance(id) => window(id),
        Target::Month(year, month) => months.contains(&(year, month)),
        _ => true,
    })
}

/// What is younger is kept in memory.
const RECENT: Duration = Duration::from_secs(30 * 86_400);

/// Whether a path of the site shows the past, which needs no history of components.
pub fn is_lasting(path: &str) -> bool {
    let path = Language::ALL.iter().find_map(|language| path.strip_prefix(language.as_str())?.strip_prefix('/')).unwrap_or(path);
    path == "subscribe" || path == "history" || ["history/", "reports/", "maintenances/"].iter().any(|folder| path.starts_with(folder))
}

fn lasting_where(snapshot: &Snapshot, links: &Links, is_wanted: &dyn Fn(Target<'_>, &str) -> bool) -> Vec<File> {
    let mut files = Vec::new();
    for language in Language::ALL.iter().copied() {
        let mut add = |target: Target<'_>, render: &dyn Fn(Place<'_>) -> Rendered| {
            let path = links.path(target, language);
            if is_wanted(target, &path) {
                files.push(html(path, render(Place { look: &snapshot.look, links, here: target, language })));
            }
        };
        for report in &snapshot.reports {
            add(Target::Report(&report.public_id), &|place| history::report(snapshot, place, report));
        }
        for maintenance in &snapshot.maintenances {
            add(Target::Maintenance(&maintenance.public_id), &|place| history::maintenance(snapshot, place, maintenance));
        }
        for (year, month) in snapshot.months() {
            add(Target::Month(year, month), &|place| history::month(snapshot, place, (year, month)));
        }
        add(Target::History, &|place| history::months(snapshot, place));
        if !links.is_exported() {
            add(Target::Subscribe, &|place| follow::subscribe(snapshot, place, None));
        }
    }
    files
}

/// Feeds, data, badges, and the first page of each language, the one without prefix last: whoever copies what is lasting and
/// then this never links to what is not there yet.
pub fn present(snapshot: &Snapshot, links: &Links) -> Vec<File> {
    let mut files = feeds(snapshot, links);
    files.extend(badges(snapshot, links));
    let default = snapshot.look.language;
    let others = Language::ALL.iter().copied().filter(|language| *language != default);
    for language in others.chain([default]) {
        let place = Place { look: &snapshot.look, links, here: Target::Index, language };
        files.push(html(links.path(Target::Index, language), index::render(snapshot, place)));
    }
    files
}

fn feeds(snapshot: &Snapshot, links: &Links) -> Vec<File> {
    let path = |target: Target<'_>| links.path(target, links.language);
    let mut files = Vec::new();
    for (name, value) in (json::Api { snapshot, links }).documents() {
        let body = compact(&value);
        // The short names are those people guess first.
        if matches!(name, "summary" | "status" | "components" | "incidents") {
            files.push(data(format!("{name}.json"), JSON, body.clone()));
        }
        files.push(data(path(Target::Api(name)), JSON, body));
    }
    let atom = atom::render(snapshot, links);
    let rss = rss::render(snapshot, links);
    files.push(data("history.atom".to_owned(), "application/atom+xml; charset=utf-8", atom.clone()));
    files.push(data("history.rss".to_owned(), "application/rss+xml; charset=utf-8", rss.clone()));
    files.push(data(path(Target::Atom), "application/atom+xml; charset=utf-8", atom));
    files.push(data(path(Target::Rss), "application/rss+xml; charset=utf-8", rss));
    files.push(data(path(Target::JsonFeed), "application/feed+json; charset=utf-8", compact(&json_feed::render(snapshot, links))));
    files.push(data(path(Target::Calendar), "text/calendar; charset=utf-8", calendar::render(snapshot, links)));
    files
}

fn badges(snapshot: &Snapshot, links: &Links) -> Vec<File> {
    let language = snapshot.look.language;
    let path = |id: &str| links.path(Target::Badge(id), links.language);
    let banner = snapshot.banner();
    let page = Badge::page(&snapshot.look.name, banner.indicator(), language.banner(banner));
    let mut files = both(path(""), &page).to_vec();
    for component in snapshot.components() {
        files.extend(both(path(&component.public_id), &Badge::component(&component.name, component.state, language)));
        let uptime = Badge::uptime(&component.name, language.percent(component.uptime[3]), language);
        files.extend(both(path(&format!("{}/uptime", component.public_id)), &uptime));
    }
    files
}

fn both(path: String, badge: &Badge) -> [File; 2] {
    let json = path.replace(".svg", ".json");
    [data(path, SVG, badge.svg()), data(json, JSON, compact(&badge.shields()))]
}

fn html(path: String, page: Rendered) -> File {
    File { path, content_type: HTML, body: page.html, csp: Some(page.csp) }
}

fn data(path: String, content_type: &'static str, body: String) -> File {
    File { path, content_type, body, csp: None }
}

fn compact(value: &Value) -> String {
    let mut text = value.to_string();
    text.push('\n');
    text
}
