//! What a search finds, as a file: one line a line, or one JSON object a line.

use axum::response::IntoResponse;
use capability::{Cx, House, Routes};
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use kernel::{Error, Result, Role, Time};
use web::{Access, By, Query, Reply, State, Viewer};

use super::{Asked, blocking, parse, projects, stamp};
use crate::find::{self, Ask, FoundLine};
use crate::pages::Projects;

/// Lines of one file. Whoever needs more asks for the time before the last one.
const MOST_LINES: usize = 10_000;
const MOST_BYTES: usize = 16 << 20;
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
    let written = blocking(&cx, move |house| write(house, &asked, format, now)).await?;
    let mut answer = written.into_response();
    let headers = answer.headers_mut();
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

fn write(house: &House, asked: &Asked, format: Format, now: Time) -> Result<String> {
    let projects = house.hermetic.read_blocking(projects)?;
    let (_, span) = asked.span(now)?;
    let mut ask = Ask { query: parse(&asked.q, &projects), from: span.from, to: span.to, before: asked.before, limit: PAGE };
    let (mut text, mut lines) = (String::new(), 0);
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
        let is_full = lines >= MOST_LINES || text.len() >= MOST_BYTES;
        ask.before = found.next;
        if found.next.is_none() || is_full || found.gave_up_at.is_some() {
            if format == Format::Text && found.next.is_some() {
                text.push_str(&cut(lines, found.rows.last().map(|row| row.line.at()).or(found.gave_up_at)));
            }
            return Ok(text);
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
