//! What an SDK's report of a replay says (`replay_event`): who, with what, where, and which errors happened.

use ingest::{EventId, agent};
use kernel::Time;
use serde_json::Value;

use super::recording::time_of;
use super::{Mode, Person};

/// Entries of each list; SDKs stop at 100 for each segment.
pub const MOST: usize = 100;
/// Characters of what is kept.
const LONGEST: usize = 200;
const LONGEST_URL: usize = 500;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    pub mode: Mode,
    pub started_at: Option<Time>,
    pub at: Option<Time>,
    pub person: Person,
    pub release: String,
    pub environment: String,
    pub browser: String,
    pub os: String,
    pub sdk: String,
    pub urls: Vec<String>,
    pub errors: Vec<EventId>,
    pub traces: Vec<String>,
}

/// `None`: no object. `sent_by` is the browser as the request had it, for SDKs that do not say.
pub fn read(payload: &[u8], sent_by: Option<&str>) -> Option<Told> {
    let event: Value = serde_json::from_slice(payload).ok().filter(Value::is_object)?;
    let user = &event["user"];
    let own = event["request"]["headers"]
        .as_object()
        .and_then(|headers| headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("user-agent")).and_then(|(_, value)| value.as_str()));
    let agent = own.or(sent_by).map(agent::parse).unwrap_or_default();
    let named = |part: Option<(&'static str, String)>| part.map(|(name, version)| format!("{name} {version}").trim_end().to_owned());
    let text = |value: &Value| text_of(value, LONGEST);
    let sdk = [text(&event["sdk"]["name"]), text(&event["sdk"]["version"])].join("/");
    Some(Told {
        mode: Mode::parse(event["replay_type"].as_str().unwrap_or_default()),
        started_at: moment_of(&event["replay_start_timestamp"]),
        at: moment_of(&event["timestamp"]),
        person: Person { id: text(&user["id"]), email: text(&user["email"]), name: text(&user["username"]) },
        release: text(&event["release"]),
        environment: text(&event["environment"]),
        browser: named(agent.browser).unwrap_or_default(),
        os: named(agent.os).unwrap_or_default(),
        sdk: sdk.trim_matches('/').to_owned(),
        urls: list(&event["urls"], |value| Some(text_of(value, LONGEST_URL)).filter(|url| !url.is_empty())),
        errors: list(&event["error_ids"], |value| EventId::parse(value.as_str()?)),
        traces: list(&event["trace_ids"], |value| Some(EventId::parse(value.as_str()?)?.to_string())),
    })
}

/// A number of seconds, or of milliseconds.
fn moment_of(value: &Value) -> Option<Time> {
    value.as_f64().filter(|number| *number > 1e9 && *number < 4e12).map(time_of)
}

/// Texts and numbers; what was filtered says nothing.
fn text_of(value: &Value, longest: usize) -> String {
    match value {
        Value::String(text) if text != ingest::scrub::FILTERED => kernel::text::shorten(text.trim(), longest),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

fn list<T: PartialEq>(value: &Value, read: impl Fn(&Value) -> Option<T>) -> Vec<T> {
    let mut all = Vec::new();
    for one in value.as_array().into_iter().flatten().filter_map(read) {
        if all.len() < MOST && !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_is_read_whatever_is_missing_or_odd() {
        let full = json!({
            "replay_id": "5813fca248b044c7aef93b2fadd2bd12", "segment_id": 2, "replay_type": "buffer",
            "replay_start_timestamp": 1_795_425_228.115_6, "timestamp": 1_795_425_234.142,
            "error_ids": ["d349487c329845a49bb2f34c5c1a520a", "no id", "d349487c329845a49bb2f34c5c1a520a"],
            "trace_ids": ["8e77bc27d4564730a0501e23a6aa0f29"], "urls": ["http://shop.example/a", "http://shop.example/a", 7],
            "request": {"headers": {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36"}},
            "environment": "production", "release": "shop@1", "sdk": {"name": "sentry.javascript.browser", "version": "11.12.0"},
            "user": {"id": 42, "email": "ada@example.com", "username": "ada"},
        });
        let told = read(full.to_string().as_bytes(), None).unwrap();
        assert_eq!((told.started_at, told.at), (Some(Time(1_795_425_228_116)), Some(Time(1_795_425_234_142))));
        assert_eq!((told.mode, told.errors.len(), told.urls.len()), (Mode::Buffer, 1, 2));
        assert_eq!((told.person.id.as_str(), told.browser.as_str(), told.os.as_str()), ("42", "Chrome 142", "Linux"));
        assert_eq!(told.sdk, "sentry.javascript.browser/11.12.0");
        let odd =
            read(br#"{"user":[],"urls":{},"timestamp":"soon","error_ids":7,"replay_start_timestamp":1e300}"#, Some("curl/8")).unwrap();
        assert_eq!(odd, Told { browser: "curl 8".to_owned(), ..Told::default() });
        assert_eq!(read(b"[]", None), None);
    }
}
