//! Tags that follow from the rest of an event, and those that were sent.

use serde_json::Value;

use super::lenient::cut;
use super::{Event, Pairs};

/// Of one event.
const MAX_TAGS: usize = 100;
const MAX_KEY: usize = 200;
const MAX_VALUE: usize = 200;

/// Each key once; what was sent comes before what follows.
pub fn all(event: &Event, sent: Pairs) -> Pairs {
    let mut tags: Pairs = Vec::with_capacity(sent.len() + 16);
    for (key, value) in sent.into_iter().chain(derived(event)) {
        let (key, value) = (key.trim(), value.trim());
        let is_plain = !key.is_empty() && !value.is_empty() && tags.len() < MAX_TAGS && !tags.iter().any(|(known, _)| known == key);
        if is_plain {
            tags.push((cut(key.replace(char::is_whitespace, "_"), MAX_KEY), cut(value.replace(['\n', '\r', '\t'], " "), MAX_VALUE)));
        }
    }
    tags
}

fn derived(event: &Event) -> Pairs {
    let mut tags: Pairs = Vec::with_capacity(16);
    let mut add = |key: &str, value: String| {
        if !value.is_empty() {
            tags.push((key.to_owned(), value));
        }
    };
    add("level", event.level.to_string());
    add("environment", event.environment.clone());
    add("release", event.release.clone());
    add("dist", event.dist.clone());
    add("logger", event.logger.clone());
    add("transaction", event.transaction.clone());
    add("server_name", event.server_name.clone());
    add("url", event.request.url.clone());
    add("user", event.user.identity().map(|(key, value)| format!("{key}:{value}")).unwrap_or_default());
    for (context, versioned) in [("browser", true), ("os", true), ("client_os", false), ("runtime", true), ("device", false)] {
        let Some((name, version)) = named(event, context) else { continue };
        if versioned {
            add(context, format!("{name} {version}").trim().to_owned());
            add(&format!("{context}.name"), name);
        } else {
            add(context, name);
        }
    }
    if let Some(exception) = event.exceptions.last() {
        add("mechanism", exception.mechanism.clone());
        let handled =
            event.exceptions.iter().find_map(|exception| exception.is_handled.filter(|is_handled| !is_handled)).or(exception.is_handled);
        add("handled", handled.map(|is_handled| if is_handled { "yes" } else { "no" }.to_owned()).unwrap_or_default());
    }
    tags
}

fn named(event: &Event, context: &str) -> Option<(String, String)> {
    let context = event.contexts.get(context)?;
    let text = |key: &str| context.get(key).and_then(Value::as_str).map(|text| text.trim().to_owned());
    let name = text("name").or_else(|| text("family")).or_else(|| text("model"))?;
    Some((name, text("version").unwrap_or_default()))
}
