//! An item's payload as an event.

use ingest::releases::checked_version;
use ingest::{EventId, Head, Item, Kind, agent};
use serde_json::{Map, Value};

use super::lenient::{cut, pairs, query, take_line, take_list, take_map, take_text, take_texts, text};
use super::{Breadcrumb, Event, Image, Message, Pairs, Request, User, policy, stack, tags, when};
use crate::model::Level;

const MAX_CRUMBS: usize = 200;
const MAX_FLAGS: usize = 200;
const MAX_IMAGES: usize = 500;
const MAX_TEXT: usize = 8_192;

/// Never fails: what cannot be read is an event that says so, with its payload in the log as it came.
pub fn read(item: &Item, payload: &[u8]) -> Event {
    match item.kind {
        Kind::Security => policy::read(item, payload),
        Kind::Minidump => native_crash(item),
        _ => match serde_json::from_slice(payload) {
            Ok(Value::Object(map)) => of_map(item, map),
            _ => unreadable(item),
        },
    }
}

/// With what is known before anything of the payload is.
pub(super) fn bare(item: &Item) -> Event {
    Event {
        event_id: item.event_id,
        at: item.received_at,
        platform: "other".to_owned(),
        level: Level::Error,
        logger: String::new(),
        transaction: String::new(),
        server_name: String::new(),
        release: String::new(),
        dist: String::new(),
        environment: String::new(),
        message: None,
        exceptions: Vec::new(),
        stack: None,
        breadcrumbs: Vec::new(),
        request: Request::default(),
        user: User::default(),
        contexts: Map::new(),
        tags: Vec::new(),
        extra: Map::new(),
        modules: Vec::new(),
        fingerprint: Vec::new(),
        sdk: sdk_of(&item.head),
        images: Vec::new(),
        trace_id: None,
        span_id: String::new(),
        replay_id: String::new(),
        flags: Vec::new(),
        policy: None,
        errors: Vec::new(),
        meta: Value::Null,
    }
}

fn sdk_of(head: &Head) -> (String, String) {
    let sdk = head.sdk.as_deref().unwrap_or_default();
    let (name, version) = sdk.split_once('/').unwrap_or((sdk, ""));
    (cut(name.to_owned(), 128), cut(version.to_owned(), 64))
}

fn unreadable(item: &Item) -> Event {
    let message = Message { formatted: "An event that is not JSON, or nested too deeply".to_owned(), ..Message::default() };
    let mut event = Event { message: Some(message), logger: "hermetic".to_owned(), ..bare(item) };
    event.tags = tags::all(&event, Vec::new());
    event
}

/// A minidump that came without an event of its own.
fn native_crash(item: &Item) -> Event {
    let message = Message { formatted: "Native crash (minidump)".to_owned(), ..Message::default() };
    let mut event = Event { message: Some(message), platform: "native".to_owned(), level: Level::Fatal, ..bare(item) };
    event.tags = tags::all(&event, Vec::new());
    event
}

fn of_map(item: &Item, mut map: Map<String, Value>) -> Event {
    let mut event = bare(item);
    let said = map.remove("timestamp").and_then(|value| when::parse(&value));
    event.at = when::event_time(said, item.head.sent_at, item.received_at);
    let own_id = take_text(&mut map, "event_id", 64);
    event.event_id = item.event_id.or_else(|| EventId::parse(&own_id));
    event.platform = some_or(take_line(&mut map, "platform", 64), "other").to_ascii_lowercase();
    event.logger = take_line(&mut map, "logger", 128);
    event.transaction = take_line(&mut map, "transaction", 200);
    event.server_name = take_line(&mut map, "server_name", 256);
    event.release = checked_version(&take_text(&mut map, "release", 400)).unwrap_or_default();
    event.dist = take_line(&mut map, "dist", 64);
    // As SDKs do since version 2 of the Python one.
    event.environment = some_or(take_line(&mut map, "environment", 64), "production");
    event.message = take_message(&mut map);
    event.exceptions = stack::take_exceptions(&mut map, &event.platform);
    event.stack = stack::take_stack(&mut map, &event.platform);
    event.level = match map.remove("level") {
        Some(level) => level_of(level),
        None if event.message.is_some() && event.exceptions.is_empty() => Level::Info,
        None => Level::Error,
    };
    event.breadcrumbs = take_crumbs(&mut map);
    event.request = take_request(&mut map);
    event.fingerprint = take_texts(&mut map, "fingerprint", 100, 500);
    event.extra = take_map(&mut map, "extra");
    event.modules = map.remove("modules").map(|modules| pairs(modules, 200, 100)).unwrap_or_default();
    let mut sdk = take_map(&mut map, "sdk");
    event.user = take_user(&mut map, &mut sdk, &event, &item.head);
    let name = take_line(&mut sdk, "name", 128);
    if !name.is_empty() {
        event.sdk = (name, take_line(&mut sdk, "version", 64));
    }
    event.images = take_images(&mut map);
    event.errors = take_list(&mut map, "errors");
    event.meta = map.remove("_meta").unwrap_or_default();
    let sent: Pairs = map.remove("tags").map(|tags| pairs(tags, 200, 200)).unwrap_or_default();
    event.contexts = take_map(&mut map, "contexts");
    read_contexts(&mut event);
    name_agent(&mut event, &item.head);
    event.tags = tags::all(&event, sent);
    event
}

fn some_or(text: String, otherwise: &str) -> String {
    if text.is_empty() { otherwise.to_owned() } else { text }
}

/// Python's logging sends numbers: 10, 20, … 50.
fn level_of(level: Value) -> Level {
    match level.as_i64() {
        Some(..20) => Level::Debug,
        Some(20..30) => Level::Info,
        Some(30..40) => Level::Warning,
        Some(40..50) => Level::Error,
        Some(50..) => Level::Fatal,
        None => Level::parse(&text(level, 32)),
    }
}

/// `message` as text or object, or `logentry`, which says more where both are there.
fn take_message(map: &mut Map<String, Value>) -> Option<Message> {
    let (entry, plain) = (map.remove("logentry").or_else(|| map.remove("sentry.interfaces.Message")), map.remove("message"));
    let mut message = Message::default();
    for value in [plain, entry].into_iter().flatten() {
        match value {
            Value::Object(mut map) => {
                message.template = take_text(&mut map, "message", MAX_TEXT);
                let formatted = take_text(&mut map, "formatted", MAX_TEXT);
                if !formatted.is_empty() {
                    message.formatted = formatted;
                }
                message.params = match map.remove("params") {
                    Some(Value::Array(list)) => list.into_iter().take(50).map(|value| text(value, 500)).collect(),
                    Some(Value::Object(named)) => {
                        named.into_iter().take(50).map(|(key, value)| format!("{key}: {}", text(value, 500))).collect()
                    }
                    _ => Vec::new(),
                };
            }
            value => message.formatted = text(value, MAX_TEXT),
        }
    }
    (!message.text().is_empty()).then_some(message)
}

fn take_crumbs(map: &mut Map<String, Value>) -> Vec<Breadcrumb> {
    let mut list = take_list(map, "breadcrumbs");
    let extra = list.len().saturating_sub(MAX_CRUMBS);
    list.drain(..extra);
    let crumb = |mut map: Map<String, Value>| Breadcrumb {
        at: map.remove("timestamp").and_then(|value| when::parse(&value)),
        kind: take_line(&mut map, "type", 64),
        category: take_line(&mut map, "category", 128),
        level: take_line(&mut map, "level", 32),
        message: take_text(&mut map, "message", MAX_TEXT),
        data: match map.remove("data") {
            Some(Value::Object(data)) => data,
            Some(Value::Null) | None => Map::new(),
            Some(other) => Map::from_iter([("data".to_owned(), other)]),
        },
    };
    list.into_iter().filter_map(|value| if let Value::Object(map) = value { Some(crumb(map)) } else { None }).collect()
}

fn take_request(map: &mut Map<String, Value>) -> Request {
    let mut request = take_map(map, "request");
    let full = take_line(&mut request, "url", 2_048);
    let (url, of_url) = match full.split_once(['?', '#']) {
        Some((url, rest)) => {
            (url.to_owned(), if full.as_bytes().get(url.len()) == Some(&b'?') { rest.split('#').next().unwrap_or_default() } else { "" })
        }
        None => (full.clone(), ""),
    };
    let said = match request.remove("query_string") {
        Some(Value::String(text)) => query(&text, 2_048),
        Some(other) => pairs(other, 200, 2_048),
        None => Vec::new(),
    };
    Request {
        query: if said.is_empty() { query(of_url, 2_048) } else { said },
        url,
        method: take_line(&mut request, "method", 16),
        headers: request.remove("headers").map(|headers| pairs(headers, 200, 4_096)).unwrap_or_default(),
        cookies: match request.remove("cookies") {
            Some(Value::String(text)) => text
                .split(';')
                .filter_map(|part| part.split_once('='))
                .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
                .collect(),
            Some(other) => pairs(other, 200, 2_048),
            None => Vec::new(),
        },
        data: request.remove("data").unwrap_or_default(),
        env: take_map(&mut request, "env"),
    }
}

fn take_user(map: &mut Map<String, Value>, sdk: &mut Map<String, Value>, event: &Event, head: &Head) -> User {
    let mut user = take_map(map, "user");
    let infer = take_text(&mut take_map(sdk, "settings"), "infer_ip", 16);
    let said = take_line(&mut user, "ip_address", 64);
    let address = || {
        let peer = event.request.env.get("REMOTE_ADDR").and_then(Value::as_str);
        head.address.as_deref().or(peer).unwrap_or_default().to_owned()
    };
    let ip_address = match (infer.as_str(), said.as_str()) {
        ("never", "{{auto}}" | "") => String::new(),
        (_, "{{auto}}") => address(),
        ("auto", "") => address(),
        // What runs in a browser or on a phone does not know its own address; older SDKs do not say that it may be taken.
        ("", "") if matches!(event.platform.as_str(), "javascript" | "cocoa" | "objc") => address(),
        _ => said,
    };
    User {
        id: take_line(&mut user, "id", 200),
        email: take_line(&mut user, "email", 200),
        username: take_line(&mut user, "username", 200),
        name: take_line(&mut user, "name", 200),
        ip_address,
        other: user,
    }
}

fn take_images(map: &mut Map<String, Value>) -> Vec<Image> {
    let images = take_list(&mut take_map(map, "debug_meta"), "images");
    let image = |mut map: Map<String, Value>| Image {
        kind: take_line(&mut map, "type", 32),
        debug_id: take_line(&mut map, "debug_id", 64).to_ascii_lowercase(),
        code_file: take_line(&mut map, "code_file", 2_048),
    };
    images.into_iter().take(MAX_IMAGES).filter_map(|value| if let Value::Object(map) = value { Some(image(map)) } else { None }).collect()
}

fn read_contexts(event: &mut Event) {
    let text_of = |context: &str, key: &str| event.contexts.get(context).and_then(|context| context.get(key)).and_then(Value::as_str);
    let trace = text_of("trace", "trace_id").and_then(EventId::parse).map(|id| id.0);
    let is_span = |text: &&str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let span = text_of("trace", "span_id").filter(is_span).unwrap_or_default().to_owned();
    let replay = text_of("replay", "replay_id").and_then(EventId::parse).map(|id| id.to_string()).unwrap_or_default();
    let flags = event.contexts.get("flags").and_then(|flags| flags.get("values")).and_then(Value::as_array);
    let flags: Pairs = flags
        .into_iter()
        .flatten()
        .take(MAX_FLAGS)
        .filter_map(|flag| Some((cut(flag.get("flag")?.as_str()?.to_owned(), 200), text(flag.get("result")?.clone(), 200))))
        .collect();
    (event.trace_id, event.span_id, event.replay_id, event.flags) = (trace, span, replay, flags);
}

/// Fills the contexts that only the user agent tells of.
pub(super) fn name_agent(event: &mut Event, head: &Head) {
    let sent = event.request.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case("user-agent")).map(|(_, value)| value.as_str());
    let own = head.user_agent.as_deref().filter(|_| event.platform == "javascript");
    let Some(agent) = sent.or(own).map(agent::parse) else { return };
    let mut fill = |context: &str, entries: Vec<(&str, String)>| {
        if !event.contexts.contains_key(context) {
            let map = entries.into_iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| (key.to_owned(), Value::String(value)));
            event.contexts.insert(context.to_owned(), Value::Object(map.collect()));
        }
    };
    if let Some((name, version)) = agent.browser {
        fill("browser", vec![("name", name.to_owned()), ("version", version)]);
    }
    // A server's event is about the server's system; its visitor's is another thing.
    if let Some((name, version)) = agent.os {
        fill(if event.platform == "javascript" { "os" } else { "client_os" }, vec![("name", name.to_owned()), ("version", version)]);
    }
    if let Some(family) = agent.device.filter(|_| event.platform == "javascript") {
        fill("device", vec![("family", family)]);
    }
}
