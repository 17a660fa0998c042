//! What SDKs and people say themselves about which events belong together.

use crate::normal::Event;

/// More parts say nothing more.
const MAX_PARTS: usize = 50;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// With everything in `{{ … }}` replaced but the default, which stays.
    pub parts: Vec<String>,
    /// The default counts besides.
    pub has_default: bool,
}

/// `None`: nothing was said, or only that the default holds. Some SDKs send an empty list with every event: that is the default, too, and
/// not one fingerprint for a whole program.
pub fn expand(parts: &[String], event: &Event) -> Option<Said> {
    let parts: Vec<&String> = parts.iter().filter(|part| !part.is_empty()).take(MAX_PARTS).collect();
    let is_default = |part: &str| variable(part) == Some("default");
    let has_default = parts.iter().any(|part| is_default(part));
    let own = parts.iter().any(|part| !is_default(part));
    own.then(|| Said {
        parts: parts.iter().map(|part| if is_default(part) { "{{ default }}".to_owned() } else { filled(part, event) }).collect(),
        has_default,
    })
}

/// The name in `{{ name }}`, when the part is nothing else.
fn variable(part: &str) -> Option<&str> {
    part.trim().strip_prefix("{{")?.strip_suffix("}}").map(str::trim)
}

/// Every `{{ name }}` in it replaced; an unknown one stays as it is.
fn filled(part: &str, event: &Event) -> String {
    let mut text = String::with_capacity(part.len());
    let mut rest = part;
    while let Some((before, after)) = rest.split_once("{{") {
        text.push_str(before);
        let Some((name, behind)) = after.split_once("}}") else {
            text.push_str("{{");
            rest = after;
            break;
        };
        match value(name.trim(), event) {
            Some(value) => text.push_str(&value),
            None => {
                text.push_str("{{");
                text.push_str(name);
                text.push_str("}}");
            }
        }
        rest = behind;
    }
    text.push_str(rest);
    text
}

fn value(name: &str, event: &Event) -> Option<String> {
    let main = event.main_exception();
    let innermost = || main.and_then(|exception| exception.frames.last());
    Some(match name {
        "type" | "error.type" => main.map(|exception| exception.kind.clone()).unwrap_or_default(),
        "value" | "error.value" => main.map(|exception| exception.value.clone()).unwrap_or_default(),
        "message" => event.title_parts().1,
        "transaction" => event.transaction.clone(),
        "level" => event.level.to_string(),
        "logger" => event.logger.clone(),
        "environment" => event.environment.clone(),
        "release" => event.release.clone(),
        "function" | "stack.function" => innermost().map(|frame| frame.function.clone()).unwrap_or_default(),
        "module" | "stack.module" => innermost().map(|frame| frame.module.clone()).unwrap_or_default(),
        "package" | "stack.package" => innermost().map(|frame| frame.package.clone()).unwrap_or_default(),
        _ => event.tag(name.strip_prefix("tags.")?)?.to_owned(),
    })
}
