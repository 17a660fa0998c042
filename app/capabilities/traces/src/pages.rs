//! What traces looks like: plain data in, HTML out.

pub mod detail;
pub mod overview;
pub mod trace;
pub mod vitals;

use frontend::charts::Unit;
use frontend::prelude::*;

use crate::look::overview::{Overview, trend};
use crate::look::scope::{Order, Scope};
use crate::model::cell::Cell;
use crate::model::family::Family;
use crate::model::sketch::float;
use crate::model::window::Period;

/// Where a family is listed.
pub(crate) fn path_of(family: Family) -> &'static str {
    match family {
        Family::Page | Family::Vital => "/traces/pages",
        Family::Query | Family::Caller => "/traces/queries",
        Family::Other => "/traces/others",
        Family::Endpoint => "/traces",
    }
}

/// The same scope at another address.
pub(crate) fn scoped(path: impl Into<String>, scope: &Scope) -> Href {
    let asked = &scope.asked;
    let pairs = [
        ("project", asked.project.as_str()),
        ("environment", asked.environment.as_str()),
        ("release", asked.release.as_str()),
        ("window", asked.window.as_str()),
        ("sort", asked.sort.as_str()),
        ("q", asked.q.as_str()),
    ];
    pairs.into_iter().filter(|(_, value)| !value.is_empty()).fold(Href::path(path), |href, (name, value)| href.with(name, value))
}

pub(crate) fn places(here: Family, scope: &Scope) -> View {
    let tab = |label, family| Tab { label, href: scoped(path_of(family), scope), is_current: family == here, count: None };
    tabs(
        "Traces",
        &[
            tab("Endpoints", Family::Endpoint),
            tab("Pages & web vitals", Family::Page),
            tab("Queries", Family::Query),
            tab("Jobs & others", Family::Other),
        ],
    )
}

/// What is shown: project, environment, release, window, order.
pub(crate) fn filters(action: &str, scope: &Scope, has_project: bool, has_order: bool) -> View {
    let fields = Fields::new(&[]);
    let mut views = Vec::new();
    if has_project && (scope.projects.len() > 1 || !scope.asked.project.is_empty()) {
        let mut choices = vec![Choice::new("", "All projects")];
        choices.extend(scope.projects.iter().map(|project| Choice::new(&project.slug, &project.name)));
        views.push(select(&fields, "project", "Project", &scope.asked.project, &choices));
    }
    if !scope.environments.is_empty() || !scope.asked.environment.is_empty() {
        let mut choices = vec![Choice::new("", "All environments")];
        choices.extend(scope.environments.iter().map(|name| Choice::new(name, name)));
        views.push(select(&fields, "environment", "Environment", &scope.asked.environment, &choices));
    }
    if !scope.releases.is_empty() {
        let mut choices = vec![Choice::new("", "All releases")];
        choices.extend(scope.releases.iter().map(|release| Choice::new(&release.version, &release.version)));
        views.push(select(&fields, "release", "Release", &scope.asked.release, &choices));
    }
    let windows: Vec<Choice<'_>> = Period::ALL.iter().map(|period| Choice::new(period.word(), period.label())).collect();
    views.push(select(&fields, "window", "Window", scope.period.word(), &windows));
    if has_order {
        let find = TextField { name: "q", label: "Find", value: &scope.asked.q, kind: TextKind::Search, max: 200, ..TextField::default() };
        views.push(fields.text(find));
        let orders: Vec<Choice<'_>> = Order::ALL.iter().map(|order| Choice::new(order.word(), order.label())).collect();
        views.push(select(&fields, "sort", "Order by", scope.order.word(), &orders));
    }
    views.push(button("Show", Look::Plain, "", ""));
    filter_form(action, views)
}

fn select(fields: &Fields<'_>, name: &str, label: &str, value: &str, choices: &[Choice<'_>]) -> View {
    fields.select(Select { name, label, value, choices, ..Select::default() })
}

pub(crate) fn millis(micros: f64) -> String {
    unbroken(&Unit::Millis.write(micros / 1_000.0))
}

pub(crate) fn percent(value: f64) -> String {
    unbroken(&Unit::Percent.write(value))
}

pub(crate) fn count(value: f64) -> String {
    unbroken(&Unit::Count.write(value))
}

/// A number and its unit stay on one line.
fn unbroken(text: &str) -> String {
    text.replace(' ', "\u{a0}")
}

pub(crate) fn quantile(cell: &Cell, q: f64) -> View {
    if cell.n == 0 { muted("–") } else { plain(&millis(cell.quantile(q))) }
}

pub(crate) fn plain(text: &str) -> View {
    let text = text.to_owned();
    view! { <span>{text}</span> }.into_any()
}

/// How often, in the unit that makes a number one can grasp.
pub(crate) fn rate(weight: f64, minutes: f64) -> String {
    let per_minute = weight / minutes;
    if per_minute >= 0.1 {
        unbroken(&format!("{} /min", Unit::Count.write(per_minute)))
    } else if weight > 0.0 {
        unbroken(&format!("{} /h", Unit::Count.write(per_minute * 60.0)))
    } else {
        "–".to_owned()
    }
}

pub(crate) fn failed(cell: &Cell) -> View {
    let share = cell.failed_percent();
    let text = percent(share);
    match cell.failed {
        0 => muted("0\u{a0}%"),
        _ if share >= 5.0 && cell.n >= 20 => state_dot(Tone::Bad, &text),
        _ => plain(&text),
    }
}

/// p95 against the window before; a few cannot be compared.
pub(crate) fn trend_view(cell: &Cell, before: &Cell) -> View {
    match trend(cell, before) {
        None => muted("–"),
        Some(percent) if percent >= 20.0 => state_dot(Tone::Bad, &signed(percent)),
        Some(percent) if percent <= -20.0 => state_dot(Tone::Good, &signed(percent)),
        Some(percent) => muted(&signed(percent)),
    }
}

fn signed(percent: f64) -> String {
    let size = Unit::Count.write(percent.abs().round());
    match percent.round() {
        rounded if rounded > 0.0 => format!("+{size}\u{a0}%"),
        rounded if rounded < 0.0 => format!("−{size}\u{a0}%"),
        _ => "±0\u{a0}%".to_owned(),
    }
}

/// Where there are more than are shown.
pub(crate) fn more(shown: &Overview) -> Option<View> {
    (shown.count > shown.rows.len()).then(|| {
        let note =
            format!("Shows {} of {}, in the order chosen above. Find the others by a part of their name.", shown.rows.len(), shown.count);
        view! { <p class="card-foot muted">{note}</p> }.into_any()
    })
}

/// Said where not everything was sent.
pub(crate) fn sampling(cell: &Cell) -> Option<View> {
    let stands_for = cell.weight / float(cell.n.max(1));
    cell.is_sampled().then(|| {
        notice(
            Tone::Info,
            &format!(
                "The programs send a sample: {} were reported, each standing for {} on average. Rates and totals are extrapolated, quantiles are those of the sample.",
                cell.n,
                Unit::Count.write(stands_for)
            ),
        )
    })
}

/// What to do while nothing has come in.
pub(crate) fn nothing_yet() -> EmptyState<'static> {
    EmptyState {
        title: "No traces yet",
        sentence: "Set tracesSampleRate (JavaScript) or traces_sample_rate (Python, Rust and others) where your program initialises its SDK. Endpoints, pages, queries and jobs then appear here by themselves.",
        actions: vec![link_button("/projects", "See the projects and their DSNs", Look::Plain)],
    }
}

pub(crate) fn nothing_here() -> EmptyState<'static> {
    EmptyState {
        title: "Nothing in this window",
        sentence: "Choose a longer window, or another environment or release.",
        actions: Vec::new(),
    }
}
