//! One item as everything that is kept of it outside the log.

use capability::Cx;
use ingest::{EventId, Item};
use kernel::ids::ProjectId;
use kernel::{Result, Time};
use ring::digest::{SHA256, digest};

use super::sources;
use crate::grouping::rules::Rule;
use crate::grouping::{Grouping, frames, group};
use crate::model::Level;
use crate::normal::{self, Event, Pairs, SourceFrames};

const MAX_TITLE: usize = 512;
const MAX_SEARCH: usize = 1_500;

#[derive(Debug, Clone)]
pub struct Prepared {
    pub item: i64,
    pub project: ProjectId,
    pub event_id: Option<EventId>,
    pub at: Time,
    pub received_at: Time,
    pub grouping: Grouping,
    pub kind: String,
    pub value: String,
    pub culprit: String,
    pub level: Level,
    pub platform: String,
    pub release: String,
    pub environment: String,
    pub user: Option<i64>,
    pub trace_id: Option<[u8; 16]>,
    pub is_unhandled: bool,
    pub tags: Pairs,
    pub search: String,
    /// What maps said about its frames.
    pub sources: SourceFrames,
    /// Debug id (or none) and release whose files would make the rest readable.
    pub unread: Vec<(String, String)>,
}

pub fn prepare(cx: &Cx, item: &Item, rules: &[Rule]) -> Result<Prepared> {
    let mut event = normal::read(item, &item.payload()?);
    let found = sources::resolve(cx, item.project, &event);
    event.resolve(&found.sources);
    let grouping = group(item.project, &event, rules);
    let (kind, value) = event.title_parts();
    Ok(Prepared {
        item: item.id,
        project: item.project,
        event_id: event.event_id,
        at: event.at,
        received_at: item.received_at,
        grouping,
        culprit: culprit(&event),
        search: search(&event),
        kind,
        value: shortened(value, MAX_TITLE),
        level: event.level,
        user: event.user.identity().map(|(key, value)| user_hash(key, value)),
        trace_id: event.trace_id,
        is_unhandled: event.is_unhandled(),
        platform: event.platform,
        release: event.release,
        environment: event.environment,
        tags: event.tags,
        sources: found.sources,
        unread: found.unread,
    })
}

/// Under which a user is counted. `key`: `id`, `email`, `username` or `ip`.
pub fn user_hash(key: &str, value: &str) -> i64 {
    let digest = digest(&SHA256, format!("{key}:{value}").as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest.as_ref()[..8]);
    i64::from_le_bytes(first)
}

/// The innermost call of the founder's own code: `checkout in app.ts`. Without one the endpoint.
pub fn culprit(event: &Event) -> String {
    let main = event.exceptions.iter().rev().find(|exception| !exception.frames.is_empty()).map(|exception| &exception.frames);
    let calls = main.or(event.stack.as_ref()).map_or(&[][..], Vec::as_slice);
    let own = calls.iter().rev().find(|frame| frames::is_app(frame));
    let Some(frame) = own.filter(|frame| !frame.filename.is_empty() || !frame.module.is_empty()) else {
        return shortened(event.transaction.clone(), 200);
    };
    let place = if frame.module.is_empty() || frame.built.is_some() { frame.filename.as_str() } else { frame.module.as_str() };
    let text = match frame.function.as_str() {
        "" | "?" | "<anonymous>" => place.to_owned(),
        function => format!("{function} in {place}"),
    };
    shortened(text, 200)
}

/// What free text finds the issue by: in lower case, each word group once.
pub fn search(event: &Event) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for exception in event.exceptions.iter().rev().take(10) {
        parts.extend([exception.kind.as_str(), start(&exception.value, 200)]);
    }
    parts.extend(event.message.iter().map(|message| start(message.text(), 400)));
    parts.push(&event.transaction);
    let calls = event.exceptions.iter().rev().flat_map(|exception| exception.frames.iter().rev()).chain(event.stack.iter().flatten().rev());
    let (own, others): (Vec<_>, Vec<_>) = calls.partition(|frame| frames::is_app(frame));
    for frame in own.into_iter().chain(others).take(60) {
        parts.extend([frame.function.as_str(), frame.filename.as_str()]);
    }
    let mut text = String::new();
    let mut seen: Vec<&str> = Vec::new();
    for part in parts {
        if part.len() < 2 || seen.contains(&part) {
            continue;
        }
        if text.len() + part.len() + 1 > MAX_SEARCH {
            break;
        }
        seen.push(part);
        text.push_str(part);
        text.push('\n');
    }
    text.to_lowercase()
}

/// At most `max` bytes of it.
fn start(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn shortened(text: String, max: usize) -> String {
    if text.len() <= max { text } else { start(&text, max).to_owned() }
}
