//! Attributes with their types, as SDKs write them, and what a resource says about every entry of it.

use serde_json::{Map, Value, json};

use super::{Attributes, MAX_ATTRIBUTES, Scope};

/// Of one text: a stack trace fits.
const MAX_TEXT: usize = 16 << 10;
/// What a resource says is repeated in each entry: a process has about 20 such attributes, and they are short.
const MAX_RESOURCE: usize = 48;
const MAX_RESOURCE_TEXT: usize = 256;

/// Attributes of one entry in the making.
#[derive(Default, Clone)]
pub struct Typed(pub Map<String, Value>);

impl Typed {
    /// What says nothing is left out; the first of two with one name stays.
    pub fn put(&mut self, name: &str, value: Value) {
        if name.is_empty() || name.len() > 200 || self.0.contains_key(name) {
            return;
        }
        if let Some(typed) = typed(value) {
            self.0.insert(name.to_owned(), typed);
        }
    }

    pub fn put_text(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.put(name, Value::from(text));
        }
    }

    pub fn put_all(&mut self, attributes: Attributes) {
        attributes.into_iter().take(MAX_ATTRIBUTES).for_each(|(name, value)| self.put(&name, value));
    }

    /// The plain value of an attribute.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).map(|typed| &typed["value"])
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

fn typed(value: Value) -> Option<Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(_) => json!({"value": value, "type": "boolean"}),
        Value::Number(ref number) if number.is_f64() => json!({"value": value, "type": "double"}),
        Value::Number(_) => json!({"value": value, "type": "integer"}),
        Value::String(text) => json!({"value": cut(&text, MAX_TEXT), "type": "string"}),
        Value::Array(ref list) if is_plain(list) => json!({"value": value, "type": "array"}),
        // A list of different things, or a map: readers know neither as an attribute.
        nested => json!({"value": cut(&nested.to_string(), MAX_TEXT), "type": "string"}),
    })
}

fn is_plain(list: &[Value]) -> bool {
    let is_text = list.iter().all(Value::is_string);
    let is_small = list.iter().map(|one| one.as_str().map_or(8, str::len)).sum::<usize>() <= MAX_TEXT;
    is_small && (is_text || list.iter().all(Value::is_number) || list.iter().all(Value::is_boolean))
}

pub fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// What is common to all entries of a resource and scope.
pub struct Common {
    /// For each entry: who it is from.
    pub short: Typed,
    /// For entries that stand for themselves (segments, log lines): everything that the resource says.
    pub whole: Typed,
}

impl Common {
    pub fn of(resource: &Attributes, scope: &Scope) -> Common {
        let find = |name: &str| resource.iter().find(|(one, _)| one == name).and_then(|(_, value)| value.as_str()).unwrap_or_default();
        let mut short = Typed::default();
        short.put_text("sentry.release", &release(cut(find("service.name"), 200), cut(find("service.version"), 200)));
        // The second is the name before semantic conventions 1.27.
        short.put_text("sentry.environment", cut(find("deployment.environment.name"), 64));
        short.put_text("sentry.environment", cut(find("deployment.environment"), 64));
        short.put_text("service.name", cut(find("service.name"), MAX_RESOURCE_TEXT));
        short.put_text("sentry.sdk.name", &sdk(find("telemetry.sdk.name"), find("telemetry.sdk.language")));
        short.put_text("sentry.sdk.version", cut(find("telemetry.sdk.version"), 64));
        short.put_text("otel.scope.name", cut(&scope.name, MAX_RESOURCE_TEXT));
        let mut whole = short.clone();
        whole.put_text("otel.scope.version", cut(&scope.version, 64));
        whole.put_text("server.address", cut(find("host.name"), MAX_RESOURCE_TEXT));
        for (name, value) in resource.iter().take(MAX_RESOURCE) {
            let is_short = value.as_str().map_or_else(|| value.to_string().len(), str::len) <= MAX_RESOURCE_TEXT;
            if is_short && !name.starts_with("telemetry.sdk.") {
                whole.put(name, value.clone());
            }
        }
        Common { short, whole }
    }
}

/// `shop@1.2.3`: two services with one version are two releases.
fn release(service: &str, version: &str) -> String {
    let is_named = !service.is_empty() && !service.starts_with("unknown_service") && !version.contains('@');
    let release = if is_named && !version.is_empty() { format!("{service}@{version}") } else { version.to_owned() };
    crate::releases::checked_version(&release).unwrap_or_default()
}

fn sdk(name: &str, language: &str) -> String {
    let parts: Vec<&str> = [name, language].into_iter().filter(|part| !part.is_empty()).collect();
    cut(&parts.join("."), 64).to_owned()
}
