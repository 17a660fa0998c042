//! Which frames of a stack count, and as what. Line numbers never do: they move with every edit above.

mod names;
mod noise;

use serde::{Deserialize, Serialize};

use crate::normal::{Event, Exception, Frame};
use names::{function, plain_module, state_machine, without_hash};
use noise::{is_noise, is_own};

pub use noise::is_app;

/// What of one frame counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Part {
    /// Its module, or the name of its file.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub place: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub function: String,
    /// The source line, where the language's functions are often nameless.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub line: String,
}

impl Part {
    /// A file alone says little: every error of a bundle stands in it.
    fn is_strong(&self) -> bool {
        !self.function.is_empty() || !self.line.is_empty()
    }
}

/// More than this many different frames tell problems apart no better; the innermost count.
const MAX_PARTS: usize = 100;
/// A source line that is longer is not one that a person wrote.
const MAX_LINE: usize = 120;
/// Frames that call each other in turn: cycles of so many are taken for recursion.
const MAX_CYCLE: usize = 6;

/// The frames of one exception that count.
pub struct Stack {
    /// With whether they are the founder's own code.
    parts: Vec<(Part, bool)>,
}

impl Stack {
    pub fn says_something(&self, is_app: bool) -> bool {
        self.parts.iter().any(|(part, in_app)| part.is_strong() && (*in_app || !is_app))
    }

    /// Oldest call first, recursion once. Nameless callbacks without a source line are left out: browsers show some and hide others.
    pub fn parts(&self, is_app: bool) -> Vec<Part> {
        let wanted = self.parts.iter().filter(|(part, in_app)| part.is_strong() && (*in_app || !is_app)).map(|(part, _)| part);
        let mut parts = without_recursion(wanted);
        let extra = parts.len().saturating_sub(MAX_PARTS);
        parts.drain(..extra);
        parts
    }
}

pub fn stack(event: &Event, exception: &Exception) -> Stack {
    let parts = exception.frames.iter().filter_map(|frame| {
        let platform = if frame.platform.is_empty() { event.platform.as_str() } else { frame.platform.as_str() };
        if is_noise(frame) {
            return None;
        }
        let part = part(frame, platform);
        (part != Part::default()).then(|| (part, is_own(frame)))
    });
    Stack { parts: parts.collect() }
}

fn without_recursion<'a>(parts: impl Iterator<Item = &'a Part>) -> Vec<Part> {
    let mut kept: Vec<Part> = Vec::new();
    for part in parts {
        kept.push(part.clone());
        let length = kept.len();
        let cycle = (1..=MAX_CYCLE).find(|cycle| length >= 2 * cycle && kept[length - cycle..] == kept[length - 2 * cycle..length - cycle]);
        if let Some(cycle) = cycle {
            kept.truncate(length - cycle);
        }
    }
    kept
}

fn part(frame: &Frame, platform: &str) -> Part {
    let is_script = matches!(platform, "javascript" | "node" | "python" | "php" | "ruby" | "perl" | "lua" | "elixir" | "bun" | "deno");
    let is_javascript = matches!(platform, "javascript" | "node" | "bun" | "deno");
    let is_built = is_javascript && is_minified(frame);
    let line = if is_script && !is_built { source_line(frame) } else { String::new() };
    if let Some((place, function)) = state_machine(&frame.module, &frame.function) {
        return Part { place, function, line };
    }
    let name = function(&frame.function, platform);
    // A minifier gives another name in each build.
    let name = if is_built && name.chars().count() <= 3 { String::new() } else { name };
    Part { place: place(frame, is_javascript), function: name, line }
}

/// A bundle that no map was found for: a long line far to the right, or a file that says so.
fn is_minified(frame: &Frame) -> bool {
    if frame.built.is_some() {
        return false;
    }
    let is_long = frame.context_line.as_ref().is_some_and(|line| line.len() > 300);
    let is_far = frame.column.is_some_and(|column| column > 250);
    let is_web = frame.abs_path.starts_with("http") && frame.context_line.is_none();
    is_long || is_far || frame.filename.ends_with(".min.js") || (is_web && function(&frame.function, "javascript").chars().count() <= 3)
}

fn source_line(frame: &Frame) -> String {
    let Some(line) = &frame.context_line else { return String::new() };
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_plain = line.chars().count() <= MAX_LINE && !line.contains("{snip}");
    if is_plain { line } else { String::new() }
}

fn place(frame: &Frame, is_javascript: bool) -> String {
    if !frame.module.is_empty() && !is_javascript {
        return plain_module(&frame.module);
    }
    let file = frame.filename.rsplit(['/', '\\']).next().unwrap_or_default();
    if file.is_empty() || file.starts_with('<') || file.starts_with('[') {
        return plain_module(&frame.module);
    }
    without_hash(file).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recursion_counts_once_whatever_its_depth() {
        let part = |name: &str| Part { function: name.into(), ..Part::default() };
        let names = |list: &str| -> String {
            let parts: Vec<Part> = list.chars().map(|name| part(&name.to_string())).collect();
            without_recursion(parts.iter()).into_iter().map(|part| part.function).collect()
        };
        assert_eq!(names("abbbbbc"), "abc");
        assert_eq!(names("aBCBCBCd"), "aBCd");
        assert_eq!(names("axyzxyzxyzxyzb"), "axyzb");
        assert_eq!(names("abcabd"), "abcabd");
    }
}
