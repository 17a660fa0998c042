//! What an event says, as the plain data its page is drawn from.

pub mod stack;
pub mod values;

use kernel::Time;
use serde_json::{Map, Value};

use crate::normal::{self, Event};
use stack::{Exception, Stack};
use values::{Data, Datum, Meta};

/// SDKs send 100; the latest are the telling ones.
const MAX_CRUMBS: usize = 100;
const MAX_CONTEXTS: usize = 40;
const MAX_ERRORS: usize = 20;

#[derive(Debug, Clone, Default)]
pub struct Content {
    pub message: Datum,
    pub level: String,
    pub platform: String,
    pub logger: String,
    pub transaction: String,
    pub server_name: String,
    pub release: String,
    pub dist: String,
    pub environment: String,
    pub sdk: String,
    /// The last thrown first.
    pub exceptions: Vec<Exception>,
    pub hidden_exceptions: usize,
    /// Of the thread that matters, where no exception has one.
    pub thread: Stack,
    pub breadcrumbs: Vec<Breadcrumb>,
    pub hidden_breadcrumbs: usize,
    pub request: Option<Request>,
    pub user: Data,
    pub contexts: Vec<(String, Data)>,
    pub tags: Data,
    pub flags: Data,
    pub modules: Data,
    pub extra: Data,
    /// 32 hexadecimal digits; empty for none.
    pub trace_id: String,
    /// 32 hexadecimal digits; empty for none.
    pub replay_id: String,
    /// What the SDK could not send as it was.
    pub errors: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub struct Breadcrumb {
    pub at: Option<Time>,
    pub kind: String,
    pub level: String,
    pub message: Datum,
    pub data: Data,
}

#[derive(Debug, Clone, Default)]
pub struct Request {
    pub method: String,
    pub url: Datum,
    pub query: Data,
    pub headers: Data,
    pub cookies: Data,
    pub env: Data,
    pub body: Option<Datum>,
}

impl Content {
    /// `event` has its frames led back to the source where that was possible.
    pub fn of(event: &Event) -> Content {
        let meta = Meta::of(&event.meta);
        let (exceptions, hidden_exceptions) = stack::exceptions(event, meta);
        let (breadcrumbs, hidden_breadcrumbs) = breadcrumbs(&event.breadcrumbs, meta.at("breadcrumbs").at("values"));
        Content {
            message: event.message.as_ref().map(|message| Datum::text("", message.text(), message_meta(meta))).unwrap_or_default(),
            level: event.level.as_str().to_owned(),
            platform: event.platform.clone(),
            logger: event.logger.clone(),
            transaction: event.transaction.clone(),
            server_name: event.server_name.clone(),
            release: event.release.clone(),
            dist: event.dist.clone(),
            environment: event.environment.clone(),
            sdk: format!("{} {}", event.sdk.0, event.sdk.1).trim().to_owned(),
            thread: event.stack.as_deref().map(|frames| stack::stack(frames, 0, Meta::NONE)).unwrap_or_default(),
            request: request(&event.request, meta.at("request")),
            user: user(&event.user, meta.at("user")),
            contexts: contexts(&event.contexts, meta.at("contexts")),
            tags: Data::of_pairs(&event.tags, meta.at("tags")),
            flags: Data::of_pairs(&event.flags, Meta::NONE),
            modules: Data::of_pairs(&event.modules, Meta::NONE),
            extra: Data::of_map(&event.extra, meta.at("extra")),
            trace_id: event.trace_id.map(|id| id.iter().map(|byte| format!("{byte:02x}")).collect()).unwrap_or_default(),
            replay_id: event.replay_id.clone(),
            errors: event.errors.iter().take(MAX_ERRORS).map(error).filter(|sentence| !sentence.is_empty()).collect(),
            exceptions,
            hidden_exceptions,
            breadcrumbs,
            hidden_breadcrumbs,
        }
    }
}

/// SDKs note it where they wrote the text.
fn message_meta(meta: Meta<'_>) -> Meta<'_> {
    let places = [meta.at("logentry").at("formatted"), meta.at("logentry").at("message"), meta.at("message")];
    places.into_iter().find(|place| place.is_some()).unwrap_or(Meta::NONE)
}

/// Newest first: what happened right before the error is what one looks for.
fn breadcrumbs(crumbs: &[normal::Breadcrumb], meta: Meta<'_>) -> (Vec<Breadcrumb>, usize) {
    let shown = crumbs.iter().enumerate().rev().take(MAX_CRUMBS);
    let shown = shown.map(|(position, crumb)| breadcrumb(crumb, meta.at(&position.to_string()))).collect();
    (shown, crumbs.len().saturating_sub(MAX_CRUMBS))
}

fn breadcrumb(crumb: &normal::Breadcrumb, meta: Meta<'_>) -> Breadcrumb {
    let kind = [&crumb.category, &crumb.kind].into_iter().find(|word| !word.is_empty());
    Breadcrumb {
        at: crumb.at,
        kind: kind.cloned().unwrap_or_else(|| "default".to_owned()),
        level: crumb.level.clone(),
        message: Datum::text("", &crumb.message, meta.at("message")),
        data: Data::of_map(&crumb.data, meta.at("data")),
    }
}

fn request(request: &normal::Request, meta: Meta<'_>) -> Option<Request> {
    if *request == normal::Request::default() {
        return None;
    }
    let has_body = !request.data.is_null() && request.data.as_str().is_none_or(|text| !text.is_empty());
    Some(Request {
        method: request.method.clone(),
        url: Datum::text("URL", &request.url, meta.at("url")),
        query: Data::of_pairs(&request.query, meta.at("query_string")),
        headers: Data::of_pairs(&request.headers, meta.at("headers")),
        cookies: Data::of_pairs(&request.cookies, meta.at("cookies")),
        env: Data::of_map(&request.env, meta.at("env")),
        body: has_body.then(|| Datum::of("Body", &request.data, meta.at("data"))),
    })
}

fn user(user: &normal::User, meta: Meta<'_>) -> Data {
    let mut data = Data::default();
    for (label, value, name) in [
        ("Id", &user.id, "id"),
        ("Mail address", &user.email, "email"),
        ("Username", &user.username, "username"),
        ("Name", &user.name, "name"),
        ("Network address", &user.ip_address, "ip_address"),
    ] {
        data.push(label, value, meta.at(name));
    }
    let other = Data::of_map(&user.other, meta);
    data.rows.extend(other.rows);
    data.hidden = other.hidden;
    data
}

/// What has a place of its own on the page is left out.
const SHOWN_ELSEWHERE: [&str; 3] = ["trace", "flags", "feedback"];
const FIRST: [&str; 6] = ["browser", "os", "device", "runtime", "app", "response"];

fn contexts(contexts: &Map<String, Value>, meta: Meta<'_>) -> Vec<(String, Data)> {
    let mut shown: Vec<(String, Data)> = Vec::new();
    for (name, value) in contexts.iter().filter(|(name, _)| !SHOWN_ELSEWHERE.contains(&name.as_str())).take(MAX_CONTEXTS) {
        let mut data = match value {
            Value::Object(map) => Data::of_map(map, meta.at(name)),
            value => Data { rows: vec![Datum::of("value", value, meta.at(name))], ..Data::default() },
        };
        data.rows.retain(|row| row.name != "type");
        if !data.is_empty() {
            shown.push((name.clone(), data));
        }
    }
    shown.sort_by_key(|(name, _)| FIRST.iter().position(|first| first == name).unwrap_or(FIRST.len()));
    shown
}

fn error(entry: &Value) -> String {
    let part = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
    let parts = [part("type"), part("name"), part("message")];
    let said: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    kernel::text::shorten(&said.join(": "), 300)
}
