//! How the text of a question falls into pieces, and what each of them asks.

use kernel::ids::ProjectId;

use super::{Comparison, Test, What};
use crate::model::Level;
use crate::model::line::checked_hex;
use crate::model::words;

/// One piece of the text, before it is understood.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Piece {
    /// As it was written.
    pub(super) text: String,
    pub(super) is_negated: bool,
    /// In small letters; empty for free text.
    pub(super) key: String,
    value: String,
    is_quoted: bool,
}

/// Blanks part pieces, but not within quotes; a quote may begin a piece or its value.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (piece, after) = piece(rest);
        found.push(piece);
        rest = after.trim_start();
    }
    found
}

fn piece(text: &str) -> (Piece, &str) {
    let (is_negated, rest) = match text.strip_prefix(['-', '!']) {
        Some(rest) if rest.starts_with(|c: char| c.is_alphanumeric() || c == '"' || c == '_' || c == '*') => (true, rest),
        _ => (false, text),
    };
    let key_end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_.-/".contains(c))).filter(|at| rest[*at..].starts_with(':'));
    let (key, value) = match key_end {
        // `http://…` and `12:30` are no keys.
        Some(at) if rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && !rest[at + 1..].starts_with("//") => {
            (rest[..at].to_lowercase(), &rest[at + 1..])
        }
        _ => (String::new(), rest),
    };
    let (value, is_quoted, after) = match value.strip_prefix('"') {
        Some(inside) => match inside.find('"') {
            Some(end) => (&inside[..end], true, &inside[end + 1..]),
            None => (inside, true, ""),
        },
        None => {
            let end = value.find(char::is_whitespace).unwrap_or(value.len());
            (&value[..end], false, &value[end..])
        }
    };
    let whole = text[..text.len() - after.len()].to_owned();
    if value.is_empty() && !key.is_empty() {
        // `Error:` at the end of a word says nothing of a property.
        let end = key_end.unwrap_or(0);
        return (Piece { text: whole, is_negated, key: String::new(), value: rest[..end].to_owned(), is_quoted }, after);
    }
    (Piece { text: whole, is_negated, key, value: value.to_owned(), is_quoted }, after)
}

impl Piece {
    pub(super) fn term(&self, project: &dyn Fn(&str) -> Option<ProjectId>) -> Result<Option<What>, String> {
        let value = self.value.trim();
        let named = |value: &str| value.to_owned();
        Ok(Some(match self.key.as_str() {
            "" => return Ok(self.free()),
            "level" | "severity" => What::Levels(levels(value)?),
            "project" => match project(value) {
                Some(id) => What::Project(id),
                None => return Err(format!("There is no project “{value}”.")),
            },
            "environment" | "env" => What::Environment(named(value)),
            "release" => What::Release(named(value)),
            "trace" | "trace_id" => match checked_hex(value, 32) {
                Some(id) => What::Trace(id),
                None => return Err("A trace is named by its 32 hexadecimal digits.".to_owned()),
            },
            "span" | "span_id" => match checked_hex(value, 16) {
                Some(id) => What::Span(id),
                None => return Err("A span is named by its 16 hexadecimal digits.".to_owned()),
            },
            "has" => What::Has(named(value)),
            "logger" => What::Attribute { key: "logger.name".to_owned(), test: self.test(value) },
            "message" | "template" => What::Attribute { key: "sentry.message.template".to_owned(), test: self.test(value) },
            key => What::Attribute { key: key.to_owned(), test: self.test(value) },
        }))
    }

    fn test(&self, value: &str) -> Test {
        if self.is_quoted {
            return Test::Is(value.to_owned());
        }
        let signs = [(">=", Comparison::AtLeast), ("<=", Comparison::AtMost), (">", Comparison::More), ("<", Comparison::Less)];
        for (sign, comparison) in signs {
            if let Some(limit) = value.strip_prefix(sign).and_then(|limit| limit.parse::<f64>().ok()).filter(|limit| limit.is_finite()) {
                return Test::Compare(comparison, limit);
            }
        }
        if value.contains('*') { Test::Like(value.to_owned()) } else { Test::Is(value.to_owned()) }
    }

    /// `None` for nothing but blanks and stars.
    fn free(&self) -> Option<What> {
        let text = self.value.trim().to_lowercase();
        let words = words::split(&text);
        let is_word = |text: &str| words.len() == 1 && words.first().is_some_and(|word| word == text);
        if !self.is_quoted && text.chars().all(|c| c == '*') {
            return None;
        }
        Some(match text.strip_suffix('*') {
            _ if is_word(&text) => What::Word(text),
            Some(start) if !self.is_quoted && is_word(start) => What::Prefix(start.to_owned()),
            _ if text.is_empty() => return None,
            _ => What::Text(text),
        })
    }
}

/// `error`, `warn,error`, `>=warn`.
fn levels(text: &str) -> Result<Vec<Level>, String> {
    let problem = |word: &str| format!("“{word}” is no level; there are fatal, error, warn, info, debug and trace.");
    if let Some(least) = text.strip_prefix(">=") {
        let least = Level::parse(least).ok_or_else(|| problem(least))?;
        return Ok(Level::ALL.into_iter().filter(|level| *level >= least).collect());
    }
    let levels: Vec<Level> = text
        .split(',')
        .filter(|word| !word.is_empty())
        .map(|word| Level::parse(word).ok_or_else(|| problem(word)))
        .collect::<Result<_, _>>()?;
    if levels.is_empty() { Err(problem(text)) } else { Ok(levels) }
}

/// Whether `key:` asks for something else than an attribute of that name.
pub fn is_field(key: &str) -> bool {
    const FIELDS: [&str; 13] = [
        "level",
        "severity",
        "project",
        "environment",
        "env",
        "release",
        "trace",
        "trace_id",
        "span",
        "span_id",
        "has",
        "message",
        "template",
    ];
    FIELDS.iter().any(|field| field.eq_ignore_ascii_case(key))
}

/// A term that asks for exactly this value, as it is written into the search box. `None` where it cannot be written.
pub fn term_of(key: &str, value: &str) -> Option<String> {
    let is_key = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte));
    let is_short = (1..=200).contains(&value.chars().count());
    (is_key && is_short && !value.contains(['"', '\n'])).then(|| {
        let is_plain = value.chars().all(|c| c.is_alphanumeric() || "_.-/@".contains(c)) && !value.starts_with("//");
        if is_plain { format!("{key}:{value}") } else { format!("{key}:\"{value}\"") }
    })
}
