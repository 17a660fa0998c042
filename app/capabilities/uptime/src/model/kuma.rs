//! Monitors from Uptime Kuma's backup JSON (`monitorList`), each turned into a draft or refused with a reason.
//!
//! Nouns: [`Found`], [`Import`].

use std::collections::{HashMap, HashSet};

use kernel::{Error, Result};
use serde_json::Value;

use super::heartbeat::is_beat_token;
use super::validate;
use super::watch::{
    Auth, BeatSchedule, DnsExpectation, DnsWatch, Draft, Header, HeartbeatWatch, HttpWatch, JsonRule, Kind, Operator, PingWatch,
    RecordKind, Rules, Secrets, TcpWatch, Watch,
};

const TOKEN_KEPT: &str = "Its push token is kept: only the host name in the job's address changes.";

/// One entry of the backup.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub name: String,
    pub kuma_type: String,
    pub import: Import,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Import {
    /// `notes` tell what could not be taken over as it was.
    Monitor {
        draft: Box<Draft>,
        secrets: Secrets,
        notes: Vec<String>,
    },
    Refused(String),
}

/// Reads a backup file. Only a text that is no backup at all is an error.
pub fn read(text: &str) -> Result<Vec<Found>> {
    let wrong = || Error::field("backup", "Please give the JSON file that Uptime Kuma's Settings → Backup → Export made.");
    let backup: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|_| wrong())?;
    let list = backup.get("monitorList").unwrap_or(&backup);
    let entries: Vec<&Value> = match list {
        Value::Array(entries) => entries.iter().collect(),
        // A list fetched over its socket is an object by id.
        Value::Object(by_id) if by_id.values().all(Value::is_object) => by_id.values().collect(),
        _ => return Err(wrong()),
    };
    if entries.len() > 5_000 {
        return Err(Error::field("backup", "Please split the backup: at most 5000 monitors are read at once."));
    }
    Ok(told_apart(entries.into_iter().map(one).collect()))
}

/// Backups of two Kumas in one file, or monitors copied within one, share ids, names and push tokens: each gets its own, and what is
/// there twice is taken once.
fn told_apart(mut found: Vec<Found>) -> Vec<Found> {
    let mut taken: Vec<(Draft, Secrets)> = Vec::new();
    let (mut keys, mut names, mut tokens) = (HashSet::new(), HashSet::new(), HashMap::new());
    for entry in &mut found {
        let Import::Monitor { draft, secrets, notes } = &mut entry.import else { continue };
        let given = (draft.as_ref().clone(), secrets.clone());
        if taken.contains(&given) {
            entry.import = Import::Refused(format!("Skipped: the same as “{}” above.", given.0.name));
            continue;
        }
        draft.key = numbered(&draft.key, &keys, |key, number| format!("{key}-{number}"));
        draft.name = numbered(&draft.name, &names, |name, number| format!("{} ({number})", kernel::text::shorten(name, 90)));
        if let Some(other) = tokens.get(&secrets.beat_token).filter(|_| !secrets.beat_token.is_empty()) {
            forget_token(secrets, notes, &format!("Its push token is that of “{other}” too"));
        }
        tokens.entry(secrets.beat_token.clone()).or_insert_with(|| draft.name.clone());
        keys.insert(draft.key.clone());
        names.insert(draft.name.clone());
        entry.name.clone_from(&draft.name);
        taken.push(given);
    }
    found
}

/// The text itself when nobody has it (or it is empty), else the first free one with a number.
fn numbered(text: &str, taken: &HashSet<String>, with: impl Fn(&str, usize) -> String) -> String {
    if text.is_empty() || !taken.contains(text) {
        return text.to_owned();
    }
    (2..).map(|number| with(text, number)).find(|text| !taken.contains(text)).unwrap_or_default()
}

/// The monitor gets a token of ours instead.
pub fn forget_token(secrets: &mut Secrets, notes: &mut Vec<String>, why: &str) {
    secrets.beat_token.clear();
    notes.retain(|note| note != TOKEN_KEPT);
    notes.push(format!("{why}: it gets a new address, which the job must use."));
}

fn one(entry: &Value) -> Found {
    let kuma_type = text(entry, "type");
    let name = match text(entry, "name") {
        name if name.trim().is_empty() => format!("Monitor {}", number(entry, "id").unwrap_or(0)),
        name => kernel::text::shorten(name.trim(), 100),
    };
    let mut notes = Vec::new();
    let mut secrets = Secrets::default();
    let import = match watch(entry, &kuma_type, &mut secrets, &mut notes) {
        Err(reason) => Import::Refused(reason),
        Ok(watch) => {
            let draft = Draft {
                key: number(entry, "id").map_or_else(String::new, |id| format!("kuma-{id}")),
                name: name.clone(),
                rules: rules(entry, watch.kind(), &mut notes),
                watch,
                tags: tags(entry),
                note: kernel::text::shorten(&text(entry, "description"), 4_000),
                depends_on: Vec::new(),
                paused: !flag(entry, "active", true),
            };
            match validate::check(draft, &secrets) {
                Ok(draft) => Import::Monitor { draft: Box::new(draft), secrets, notes },
                Err(error) => Import::Refused(error.message().to_owned()),
            }
        }
    };
    Found { name, kuma_type, import }
}

fn watch(entry: &Value, kuma_type: &str, secrets: &mut Secrets, notes: &mut Vec<String>) -> Result<Watch, String> {
    if flag(entry, "upsideDown", false) {
        return Err("It is in upside-down mode (down when reachable), which Hermetic does not have.".to_owned());
    }
    match kuma_type {
        "http" | "keyword" | "json-query" => Ok(Watch::Http(Box::new(http(entry, kuma_type, secrets, notes)))),
        "port" => Ok(Watch::Tcp(TcpWatch { host: text(entry, "hostname"), port: port(entry), ..TcpWatch::default() })),
        "ping" => Ok(Watch::Ping(PingWatch { host: text(entry, "hostname"), ..PingWatch::default() })),
        "dns" => Ok(Watch::Dns(dns(entry))),
        "push" => {
            let token = text(entry, "pushToken");
            if token.is_empty() {
                forget_token(secrets, notes, "It had no push token");
            } else if is_beat_token(&token) {
                secrets.beat_token = token;
                notes.push(TOKEN_KEPT.to_owned());
            } else {
                forget_token(secrets, notes, "Its push token cannot stand in an address here");
            }
            let period_s = seconds(entry, "interval").unwrap_or(60).max(10);
            Ok(Watch::Heartbeat(HeartbeatWatch {
                schedule: BeatSchedule::Every { period_s },
                grace_s: period_s.clamp(10, 3_600),
                ..HeartbeatWatch::default()
            }))
        }
        "group" => Err("Groups are made anew: choose their members in Hermetic.".to_owned()),
        other => Err(format!("Hermetic has no monitor of the kind \"{}\".", kernel::text::shorten(other, 40))),
    }
}

fn http(entry: &Value, kuma_type: &str, secrets: &mut Secrets, notes: &mut Vec<String>) -> HttpWatch {
    let mut http = HttpWatch { url: text(entry, "url"), ..HttpWatch::default() };
    http.method = match text(entry, "method") {
        method if method.is_empty() => "GET".to_owned(),
        method => method.to_uppercase(),
    };
    http.body = text(entry, "body");
    http.ignore_certificate = flag(entry, "ignoreTls", false);
    http.certificate_warn_days = if flag(entry, "expiryNotification", true) { 21 } else { 0 };
    if let Some(codes) = entry.get("accepted_statuscodes").and_then(Value::as_array) {
        let codes: Vec<&str> = codes.iter().filter_map(Value::as_str).collect();
        if !codes.is_empty() {
            http.accepted = codes.join(",");
        }
    }
    if let Some(limit) = number(entry, "maxredirects") {
        http.max_redirects = u8::try_from(limit.clamp(0, 10)).unwrap_or(10);
        http.follow_redirects = limit > 0;
    }
    if kuma_type == "keyword" {
        http.keyword = text(entry, "keyword");
        http.keyword_absent = flag(entry, "invertKeyword", false);
    }
    if kuma_type == "json-query" {
        http.json = json_rule(entry, notes);
    }
    take_headers(entry, &mut http, secrets, notes);
    match text(entry, "authMethod").as_str() {
        "basic" | "" if !text(entry, "basic_auth_user").is_empty() => {
            http.auth = Auth::Basic { username: text(entry, "basic_auth_user") };
            secrets.password = text(entry, "basic_auth_pass");
        }
        "" | "basic" | "null" => {}
        other => notes.push(format!("The authentication \"{}\" is not taken over: please set it anew.", kernel::text::shorten(other, 40))),
    }
    http
}

/// Kuma's paths are JSONata; the simple ones (`a.b[0]`) mean the same as a JSONPath with `$.` before it.
fn json_rule(entry: &Value, notes: &mut Vec<String>) -> Option<JsonRule> {
    let path = text(entry, "jsonPath");
    let path = if path.starts_with('$') { path } else { format!("$.{path}") };
    if serde_json_path::JsonPath::parse(&path).is_err() {
        notes.push("Its JSON query is no JSONPath and was left out: please write it anew.".to_owned());
        return None;
    }
    let operator = match text(entry, "jsonPathOperator").as_str() {
        "!=" => Operator::NotEquals,
        ">" | ">=" => Operator::GreaterThan,
        "<" | "<=" => Operator::LessThan,
        "contains" => Operator::Contains,
        _ => Operator::Equals,
    };
    Some(JsonRule { path, operator, value: text(entry, "expectedValue") })
}

/// Headers that look like credentials are sealed.
fn take_headers(entry: &Value, http: &mut HttpWatch, secrets: &mut Secrets, notes: &mut Vec<String>) {
    let stored = text(entry, "headers");
    if stored.trim().is_empty() {
        return;
    }
    let Ok(Value::Object(headers)) = serde_json::from_str::<Value>(&stored) else {
        notes.push("Its headers are no JSON object and were left out.".to_owned());
        return;
    };
    for (name, value) in headers {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let lower = name.to_lowercase();
        let secret = ["authorization", "cookie", "token", "key", "secret"].iter().any(|word| lower.contains(word));
        if secret {
            secrets.headers.insert(lower, value.clone());
        }
        http.headers.push(Header { name, value: if secret { String::new() } else { value }, secret });
    }
}

fn dns(entry: &Value) -> DnsWatch {
    let server = text(entry, "dns_resolve_server");
    // Kuma takes several servers divided by commas; the first is asked.
    let server = server.split(',').next().unwrap_or("").trim().to_owned();
    let port = number(entry, "port").filter(|port| *port > 0 && *port != 53);
    let resolver = match port {
        Some(port) if !server.is_empty() => format!("{server}:{port}"),
        _ => server,
    };
    DnsWatch {
        host: text(entry, "hostname"),
        record: RecordKind::parse(&text(entry, "dns_resolve_type")).unwrap_or_default(),
        resolver,
        expect: DnsExpectation::Any,
    }
}

fn rules(entry: &Value, kind: Kind, notes: &mut Vec<String>) -> Rules {
    let mut rules = Rules::default();
    let interval = seconds(entry, "interval").unwrap_or(60);
    rules.interval_s = interval.clamp(10, 86_400);
    if interval < 10 {
        notes.push(format!("Its interval of {interval} s was raised to 10 s."));
    }
    // Kuma's timeout is in seconds (fractions too); its default of 48 s hides slow answers, so 10 s is the most that is taken.
    let timeout = entry.get("timeout").and_then(Value::as_f64).filter(|seconds| *seconds > 0.0).unwrap_or(10.0);
    rules.timeout_ms = (timeout.min(10.0) * 1_000.0) as u32;
    rules.confirm_failures = u8::try_from(number(entry, "maxretries").unwrap_or(1).clamp(0, 9) + 1).unwrap_or(2);
    rules.retry_s = seconds(entry, "retryInterval").unwrap_or(10).min(rules.interval_s).min(60);
    if kind == Kind::Heartbeat {
        rules.interval_s = 60;
    }
    rules
}

fn tags(entry: &Value) -> Vec<String> {
    let tags = entry.get("tags").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    tags.iter()
        .filter_map(|tag| {
            let name = text(tag, "name");
            let value = text(tag, "value");
            let tag = if value.is_empty() { name } else { format!("{name}:{value}") };
            let tag = kernel::text::shorten(&tag.replace(',', " "), 40);
            (!tag.trim().is_empty()).then_some(tag)
        })
        .take(20)
        .collect()
}

fn text(entry: &Value, field: &str) -> String {
    match entry.get(field) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn number(entry: &Value, field: &str) -> Option<i64> {
    match entry.get(field)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn seconds(entry: &Value, field: &str) -> Option<u32> {
    u32::try_from(number(entry, field)?).ok().filter(|seconds| *seconds > 0)
}

fn port(entry: &Value) -> u16 {
    number(entry, "port").and_then(|port| u16::try_from(port).ok()).unwrap_or(0)
}

fn flag(entry: &Value, field: &str, default: bool) -> bool {
    match entry.get(field) {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::Number(number)) => number.as_i64() != Some(0),
        _ => default,
    }
}
