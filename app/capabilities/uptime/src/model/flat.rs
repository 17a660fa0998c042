//! A monitor as one flat object, the way the JSON API and `hermetic apply` files write it: fields of the monitor, of its rules
//! and of its kind side by side; secrets can be given and are never given back.
//!
//! Nouns: [`Given`]; [`read`], [`write()`], [`as_given`] (errors).

use kernel::error::FieldError;
use kernel::ids::MonitorId;
use kernel::{Error, Result};
use serde_json::{Map, Value, json};

use super::heartbeat::is_beat_token;
use super::quorum::quorum_from_json;
use super::watch::{Auth, Draft, Header, Kind, Monitor, Rules, Secrets, Watch};

const RULES: [&str; 7] = ["interval_s", "timeout_ms", "degraded_ms", "confirm_failures", "confirm_successes", "retry_s", "vantages"];

/// What a program or file gave: not yet validated.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    pub draft: Draft,
    pub secrets: Secrets,
}

/// Reads a flat object. `resolve` turns a key into an id, for references by key in files.
pub fn read(object: Value, resolve: &dyn Fn(&str) -> Option<MonitorId>) -> Result<Given> {
    let Value::Object(mut fields) = object else {
        return Err(Error::invalid("Please give a monitor as an object with fields such as name, kind and url."));
    };
    let mut secrets =
        Secrets { password: take_text(&mut fields, "password")?, bearer: take_text(&mut fields, "bearer")?, ..Secrets::default() };
    secrets.beat_token = take_text(&mut fields, "beat_token")?;
    if !secrets.beat_token.is_empty() && !is_beat_token(&secrets.beat_token) {
        return Err(Error::field("beat_token", "Please give at most 128 letters, digits, dots, hyphens and underscores."));
    }
    let kind = take_text(&mut fields, "kind")?;
    let kind = Kind::parse(&kind).ok_or_else(|| {
        let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        Error::field("kind", format!("Please give a kind: one of {}.", known.join(", ")))
    })?;
    let draft = Draft {
        key: take_text(&mut fields, "key")?,
        name: take_text(&mut fields, "name")?,
        tags: take(&mut fields, "tags", "a list of texts")?.unwrap_or_default(),
        note: take_text(&mut fields, "note")?,
        depends_on: references(&mut fields, "depends_on", resolve)?,
        paused: take(&mut fields, "paused", "true or false")?.unwrap_or(false),
        rules: rules(&mut fields)?,
        watch: watch(kind, fields, resolve)?,
    };
    let mut given = Given { draft, secrets };
    seal_headers(&mut given);
    Ok(given)
}

/// The stored monitor as the same object; secrets are left out.
pub fn write(monitor: &Draft) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("name".to_owned(), json!(monitor.name));
    if !monitor.key.is_empty() {
        fields.insert("key".to_owned(), json!(monitor.key));
    }
    if let Ok(Value::Object(watch)) = serde_json::to_value(&monitor.watch) {
        fields.extend(watch);
    }
    if let Ok(Value::Object(rules)) = serde_json::to_value(&monitor.rules) {
        fields.extend(rules);
    }
    fields.insert("vantages".to_owned(), json!(monitor.rules.vantages.as_text()));
    if let Watch::Group(group) = &monitor.watch {
        fields.insert("policy".to_owned(), json!(group.policy.as_text()));
    }
    fields.insert("tags".to_owned(), json!(monitor.tags));
    fields.insert("note".to_owned(), json!(monitor.note));
    fields.insert("depends_on".to_owned(), json!(monitor.depends_on));
    fields.insert("paused".to_owned(), json!(monitor.paused));
    fields
}

/// The answer of the API: the flat object with its id and times.
pub fn answer(monitor: &Monitor) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("id".to_owned(), json!(monitor.id));
    fields.extend(write(&monitor.draft));
    fields.insert("target".to_owned(), json!(monitor.watch.target()));
    fields.insert("has_lost_secrets".to_owned(), json!(monitor.has_lost_secrets));
    fields.insert("created_at".to_owned(), json!(monitor.created_at.rfc3339_millis()));
    fields.insert("updated_at".to_owned(), json!(monitor.changed_at.rfc3339_millis()));
    fields
}

/// Lays given fields over a stored monitor: what is not named stays as it is.
pub fn merged(stored: &Draft, given: Value) -> Result<Value> {
    let Value::Object(given) = given else {
        return Err(Error::invalid("Please give the fields to change as an object."));
    };
    let changes_kind = given.get("kind").is_some_and(|kind| kind.as_str() != Some(stored.watch.kind().as_str()));
    let mut fields = write(stored);
    if changes_kind {
        // Fields of the old kind mean nothing to the new one.
        if let Ok(Value::Object(watch)) = serde_json::to_value(&stored.watch) {
            fields.retain(|name, _| !watch.contains_key(name));
        }
    }
    fields.extend(given);
    Ok(Value::Object(fields))
}

fn rules(fields: &mut Map<String, Value>) -> Result<Rules> {
    let mut given = Map::new();
    for name in RULES {
        if let Some(value) = fields.remove(name).filter(|value| !value.is_null()) {
            let value = if name == "vantages" {
                quorum_from_json(&value).ok_or_else(|| wrong(name, "any, majority, all or a number"))?
            } else {
                value
            };
            // Read one by one, so that the wrong one is named.
            let alone = Map::from_iter([(name.to_owned(), value.clone())]);
            serde_json::from_value::<Rules>(Value::Object(alone)).map_err(|error| unreadable(name, &error))?;
            given.insert(name.to_owned(), value);
        }
    }
    serde_json::from_value(Value::Object(given)).map_err(|error| Error::invalid(format!("The rules cannot be read: {error}.")))
}

fn watch(kind: Kind, mut fields: Map<String, Value>, resolve: &dyn Fn(&str) -> Option<MonitorId>) -> Result<Watch> {
    if kind == Kind::Group {
        let members = references(&mut fields, "members", resolve)?;
        fields.insert("members".to_owned(), json!(members));
        if let Some(policy) = fields.remove("policy") {
            fields.insert("policy".to_owned(), quorum_from_json(&policy).ok_or_else(|| wrong("policy", "any, majority, all or a number"))?);
        }
    }
    fields.insert("kind".to_owned(), json!(kind.as_str()));
    serde_json::from_value(Value::Object(fields.clone())).map_err(|error| {
        let text = error.to_string();
        let named = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.split('`').next()).map(str::to_owned);
        match named("unknown field `") {
            Some(field) => {
                Error::field(&field, format!("A monitor of the kind {} has no field “{field}”; please remove it.", kind.as_str()))
            }
            None => culprit(kind, fields).unwrap_or_else(|| Error::invalid(format!("The monitor cannot be read: {text}."))),
        }
    })
}

/// The first field that cannot be read even when it stands alone: serde does not name it for tagged kinds.
fn culprit(kind: Kind, fields: Map<String, Value>) -> Option<Error> {
    fields.into_iter().filter(|(name, _)| name != "kind").find_map(|(name, value)| {
        let alone = Map::from_iter([("kind".to_owned(), json!(kind.as_str())), (name.clone(), value)]);
        serde_json::from_value::<Watch>(Value::Object(alone)).err().map(|error| unreadable(&name, &error))
    })
}

fn unreadable(name: &str, error: &serde_json::Error) -> Error {
    Error::field(name, format!("The field “{name}” cannot be read: {error}."))
}

/// Errors name fields as forms do; a flat object has some of them one level deeper.
pub fn as_given(error: Error, kind: Kind) -> Error {
    if error.field_errors().is_empty() {
        return error;
    }
    let place = |field: &str| {
        let deeper = match (kind, field) {
            (Kind::Http, "json_path") => "json.path",
            (Kind::Http, "header_name") => "header.name",
            (Kind::Http, "header_value") => "header.value",
            (Kind::Http, "username") => "auth.username",
            (Kind::Dns, "expect") => "expect.values",
            (Kind::Heartbeat, "period_s") => "schedule.period_s",
            (Kind::Heartbeat, "expression") => "schedule.expression",
            (Kind::Heartbeat, "zone") => "schedule.zone",
            (_, field) => field,
        };
        deeper.to_owned()
    };
    let fields = error.field_errors().iter().map(|one| FieldError { field: place(&one.field), message: one.message.clone() });
    Error::fields(fields.collect())
}

/// A header marked secret may carry its value in: it moves to the sealed part.
fn seal_headers(given: &mut Given) {
    let Watch::Http(http) = &mut given.draft.watch else { return };
    for Header { name, value, .. } in http.headers.iter_mut().filter(|header| header.secret) {
        if !value.is_empty() {
            given.secrets.headers.insert(name.trim().to_lowercase(), std::mem::take(value));
        }
    }
    if matches!(http.auth, Auth::None) && !given.secrets.bearer.is_empty() {
        http.auth = Auth::Bearer;
    }
}

fn references(fields: &mut Map<String, Value>, name: &str, resolve: &dyn Fn(&str) -> Option<MonitorId>) -> Result<Vec<MonitorId>> {
    let Some(list) = fields.remove(name) else { return Ok(Vec::new()) };
    let one = |value: &Value| match value {
        Value::Number(id) => id.as_i64().map(MonitorId),
        Value::String(key) => resolve(key),
        _ => None,
    };
    let wrong = || Error::field(name, "Please name monitors that exist, by id or by key.");
    list.as_array().ok_or_else(wrong)?.iter().map(|value| one(value).ok_or_else(wrong)).collect()
}

fn take_text(fields: &mut Map<String, Value>, name: &str) -> Result<String> {
    Ok(take(fields, name, "a text")?.unwrap_or_default())
}

fn take<T: serde::de::DeserializeOwned>(fields: &mut Map<String, Value>, name: &str, what: &str) -> Result<Option<T>> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => serde_json::from_value(value).map(Some).map_err(|_| wrong(name, what)),
    }
}

fn wrong(name: &str, what: &str) -> Error {
    Error::field(name, format!("The field “{name}” is {what}."))
}
