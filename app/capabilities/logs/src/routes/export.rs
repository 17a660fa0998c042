//! What a search finds, as a file: one line a line, or one JSON object a line.

use axum::response::IntoResponse;
use capability::{Cx, House, Routes};
use frontend::Href;
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LINK};
use kernel::{Error, Result, Role, Time};
use web::{Access, By, Query, Reply, State, Viewer};

use super::{Asked, blocking, parse, projects, stamp};
use crate::find::{self, Ask, FoundLine};
use crate::pages::Projects;

/// Lines of one file. Whoever needs more asks for the time before the last one.
const MOST_LINES: usize = 10_000;
const MOST_BYTES: usize = 16 << 20;
/// Lines that are looked at for one file: a phrase or comparison is decided on each line, 50,000 in some seconds.
const MOST_LOOKED: usize = 50_000;
const PAGE: usize = 500;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Ndjson,
}

pub fn mount(routes: &mut Routes) {
    routes.get("/logs/export", Access::Rank(Role::Viewer), export);
}

async fn export(State(cx): State<Cx>, _by: By<Viewer>, Query(asked): Query<Asked>) -> Reply {
    let format = match asked.format.as_str() {
        "" | "text" => Format::Text,
        "ndjson" => Format::Ndjson,
        _ => return Err(Error::field("format", "Please give text or ndjson.").into()),
    };
    let now = cx.now();
    let own = asked.clone();
    let written = blocking(&cx, move |house| write(house, &own, format, now)).await?;
    let mut answer = written.text.into_response();
    let headers = answer.headers_mut();
    // JSON has no room for a remark: whoever reads it by program follows the link.
    if let Some(next) = written.next.and_then(|next| HeaderValue::from_str(&format!("<{}>; rel=\"next\"", further(&asked, next))).ok()) {
        headers.insert(LINK, next);
    }
    // Text is shown, to be copied; the browser takes it for nothing else (nosniff).
    let (kind, name) = match format {
        Format::Text => ("text/plain; charset=utf-8", format!("inline; filename=\"logs-{}.txt\"", stamp(now))),
        Format::Ndjson => ("application/x-ndjson", format!("attachment; filename=\"logs-{}.ndjson\"", stamp(now))),
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    Ok(answer)
}

/// The same file from where this one ends.
fn further(asked: &Asked, before: i64) -> Href {
    let own = [("format", &asked.format), ("q", &asked.q), ("window", &asked.window), ("from", &asked.from), ("to", &asked.to)];
    let kept = own.into_iter().filter(|(_, value)| !value.is_empty());
    kept.fold(Href::path("/logs/export"), |href, (name, value)| href.with(name, value)).with("before", before)
}

struct Written {
    text: String,
    /// Where to go on, if the file ends before the lines do.
    next: Option<i64>,
}

fn write(house: &House, asked: &Asked, format: Format, now: Time) -> Result<Written> {
    let projects = house.hermetic.read_blocking(projects)?;
    let query = parse(&asked.q, &projects);
    // A file has no place for a notice: without the term it would hold what nobody asked for.
    if let Some(problem) = query.problems.first() {
        return Err(Error::field("q", problem.clone()));
    }
    let (_, span) = asked.span(now)?;
    let mut ask = Ask { query, from: span.from, to: span.to, before: asked.before, limit: PAGE };
    let (mut text, mut lines, mut looked) = (String::new(), 0, 0);
    // Page by page, so that no reader is held for the whole of it.
    loop {
        let found = house.telemetry.read_blocking(|r| find::find(r, &ask))?;
        for row in &found.rows {
            text.push_str(&match format {
                Format::Text => plain(row, &projects),
                Format::Ndjson => super::api::described(row, &projects).to_string(),
            });
            text.push('\n');
            lines += 1;
        }
        looked += found.looked;
        let is_full = lines >= MOST_LINES || text.len() >= MOST_BYTES || looked >= MOST_LOOKED;
        ask.before = found.next;
        if found.next.is_none() || is_full {
            if format == Format::Text && found.next.is_some() {
                text.push_str(&cut(lines, found.gave_up_at.or(found.rows.last().map(|row| row.line.at()))));
            }
            return Ok(Written { text, next: found.next });
        }
    }
}

fn cut(lines: usize, back_to: Option<Time>) -> String {
    let back_to = back_to.map(Time::rfc3339).unwrap_or_default();
    format!("# {lines} lines, back to {back_to}; there may be older ones. Ask for a time that ends there.\n")
}

/// `2026-11-23T09:13:21.307525Z ERROR web shop: text`; a line that breaks is indented.
fn plain(row: &FoundLine, projects: &Projects) -> String {
    let line = &row.line;
    let at = line.at().timestamp().strftime("%Y-%m-%dT%H:%M:%S");
    let logger = if line.logger().is_empty() { String::new() } else { format!(" {}", line.logger()) };
    let body = line.body.trim_end().replace('\r', "").replace('\n', "\n    ");
    let level = line.level.as_str().to_uppercase();
    format!("{at}.{:06}Z {level} {}{logger}: {body}", line.at_us.rem_euclid(1_000_000), projects.slug(row.project))
}
