//! What of a line can be found: its words, and one word for each thing that can be asked of it.
//!
//! The index keeps words without their places, so that a line costs few bytes. What it cannot decide (phrases, parts of words,
//! comparisons) is decided by the line itself, of which the index then only says that it may fit.

use kernel::ids::ProjectId;
use std::collections::HashSet;
use std::fmt::Write as _;

use super::{Level, Line};

/// Begins every word that stands for a property. Never part of a text's own words: it is neither letter nor digit.
const MARK: char = '§';
/// Bytes of a word; the rest of a longer one is left out, on both sides of a search.
const MOST_WORD: usize = 48;
/// Different words of the text of one line, the first ones. What stands for a property is never left out.
const MOST_WORDS: usize = 300;
/// Bytes of a body or value whose words are found.
const MOST_TEXT: usize = 16 << 10;

/// How an attribute can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Its words as free text, by `key:value` and by `has:key`.
    Full,
    /// By `key:value` only. What every line of a process says alike tells lines of that process, and nothing else.
    Exact,
    /// Only by looking at each line.
    Nothing,
}

pub fn depth(key: &str) -> Depth {
    let starts = |parts: &[&str]| parts.iter().any(|part| key.starts_with(part));
    // Said better by the line's own fields, or already among the words of the body.
    let is_elsewhere = matches!(
        key,
        "sentry.timestamp.sequence"
            | "sentry.severity_number"
            | "sentry.severity_text"
            | "sentry.release"
            | "sentry.environment"
            | "asctime"
    );
    if is_elsewhere || starts(&["sentry.message.parameter."]) {
        Depth::Nothing
    } else if starts(&["sentry.", "process.", "thread.", "os.", "user_agent.", "browser.", "device.", "telemetry."]) {
        Depth::Exact
    } else {
        Depth::Full
    }
}

/// Everything by which the line is found, as one text of words.
pub fn words_of(line: &Line, project: ProjectId) -> String {
    let (mut words, mut seen) = (Vec::new(), HashSet::new());
    let mut take = |text: &str| {
        for word in split(text) {
            if seen.len() < MOST_WORDS && seen.insert(word.clone()) {
                words.push(word);
            }
        }
    };
    let mut properties = vec![level(line.level), self::project(project)];
    let own = [
        (!line.trace_id.is_empty()).then(|| trace(&line.trace_id)),
        (!line.environment.is_empty()).then(|| environment(&line.environment)),
        (!line.release.is_empty()).then(|| release(&line.release)),
    ];
    properties.extend(own.into_iter().flatten());
    take(&line.body);
    for attribute in &line.attributes {
        match depth(&attribute.key) {
            Depth::Nothing => continue,
            Depth::Exact => {}
            Depth::Full => {
                properties.push(has(&attribute.key));
                if attribute.number.is_none() {
                    take(&attribute.value);
                }
            }
        }
        properties.push(is(&attribute.key, &attribute.value));
    }
    let mut text = String::with_capacity((words.len() + properties.len()) * 10);
    for word in words.iter().chain(&properties) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

pub fn level(level: Level) -> String {
    format!("{MARK}l{}", level.code())
}

pub fn project(project: ProjectId) -> String {
    format!("{MARK}p{project}")
}

pub fn trace(id: &str) -> String {
    format!("{MARK}t{id}")
}

pub fn environment(name: &str) -> String {
    hashed('e', &[&normal(name)])
}

pub fn release(version: &str) -> String {
    hashed('r', &[&normal(version)])
}

pub fn has(key: &str) -> String {
    hashed('h', &[&normal(key)])
}

pub fn is(key: &str, value: &str) -> String {
    hashed('a', &[&normal(key), &normal(value)])
}

/// How names and values are compared.
pub fn normal(text: &str) -> String {
    text.trim().to_lowercase()
}

/// 48 bits (FNV-1a) are enough to find by: every line that is shown has been compared itself.
fn hashed(kind: char, parts: &[&str]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    let mut word = String::with_capacity(16);
    let _ = write!(word, "{MARK}{kind}{:012x}", (hash ^ (hash >> 48)) & 0xffff_ffff_ffff);
    word
}

/// The words of a text: runs of letters and digits, in small letters. Scripts without blanks are taken letter by letter.
pub fn split(text: &str) -> Vec<String> {
    let end = (0..=MOST_TEXT.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let mut words = Vec::new();
    let mut word = String::new();
    let mut finish = |word: &mut String| {
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
    };
    for c in text[..end].chars() {
        if is_ideogram(c) {
            finish(&mut word);
            word.push(c);
            finish(&mut word);
        } else if c.is_alphanumeric() {
            if word.len() < MOST_WORD {
                word.extend(c.to_lowercase().filter(|c| c.is_alphanumeric()));
            }
        } else {
            finish(&mut word);
        }
    }
    finish(&mut word);
    words
}

/// Whether two neighbouring letters belong to one word.
pub fn is_one_word(before: char, after: char) -> bool {
    let is_part = |c: char| c.is_alphanumeric() && !is_ideogram(c);
    is_part(before) && is_part(after)
}

fn is_ideogram(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' | '\u{0e00}'..='\u{0e7f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_of_letters_and_digits_in_small_letters() {
        let table: [(&str, &[&str]); 6] = [
            ("Stock low for SKU-1: 3", &["stock", "low", "for", "sku", "1", "3"]),
            ("/checkout/7?a=b", &["checkout", "7", "a", "b"]),
            ("“Grüße” — ÄÖ", &["grüße", "äö"]),
            ("在庫 low", &["在", "庫", "low"]),
            ("§l5 \u{0} \"quoted\" a*b", &["l5", "quoted", "a", "b"]),
            ("", &[]),
        ];
        for (text, words) in table {
            assert_eq!(split(text), words, "{text}");
        }
        assert_eq!(split(&"x".repeat(500)), vec!["x".repeat(MOST_WORD)]);
    }

    #[test]
    fn a_line_of_many_words_keeps_its_properties_and_its_first_words() {
        let body: String = (0..2_000).map(|number| format!("w{number} ")).collect();
        let item = ingest::Item::sample(
            1,
            ProjectId(7),
            ingest::Kind::Logs,
            kernel::Time(1_772_452_800_000),
            serde_json::json!({ "items": [{ "level": "error", "body": body, "trace_id": "0131874adc87492188e3592b4bbe8c31",
                "attributes": { "sentry.release": { "value": "shop@1", "type": "string" }, "sentry.environment": { "value": "live", "type": "string" } } }] })
            .to_string()
            .as_bytes(),
        );
        let line = crate::model::line::lines_of(&item).unwrap().remove(0);
        let kept = words_of(&line, ProjectId(7));
        let has = |word: &str| kept.split(' ').any(|known| known == word);
        let own =
            [level(Level::Error), project(ProjectId(7)), trace("0131874adc87492188e3592b4bbe8c31"), release("shop@1"), environment("live")];
        for word in own {
            assert!(has(&word), "{word}");
        }
        assert!(has("w0") && has("w299") && !has("w300"), "the words that come first are kept");
    }

    #[test]
    fn no_text_can_pass_for_a_property() {
        assert!(split("§l6 §p1 §t00").iter().all(|word| !word.starts_with(MARK)));
    }
}
