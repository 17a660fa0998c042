//! Values of an event as lines of a page: short ones as text, long and nested ones as a bounded block, with what `_meta` says of them.

use serde_json::{Map, Value};
use std::io::{self, Write};

/// A nested value is shown up to here; the raw JSON has all of it.
const MAX_BLOCK: usize = 4_000;
/// Longer texts, and those of several lines, get a block of their own.
const MAX_LINE: usize = 160;
/// At most so many entries of a list or map.
pub(crate) const MAX_ENTRIES: usize = 200;
const MAX_NOTES: usize = 20;

/// One named value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Datum {
    pub name: String,
    pub value: String,
    /// Several lines, letters of equal width.
    pub is_block: bool,
    /// Why it is not what the program had: scrubbed, shortened. Empty for nothing to say.
    pub note: String,
}

/// Values, and how many more there were.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Data {
    pub rows: Vec<Datum>,
    pub hidden: usize,
    /// Why something of all this is missing.
    pub note: String,
}

impl Data {
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.note.is_empty()
    }

    pub fn of_map(map: &Map<String, Value>, meta: Meta<'_>) -> Data {
        let rows = map.iter().take(MAX_ENTRIES).map(|(name, value)| Datum::of(name, value, meta.at(name)));
        Data { rows: rows.collect(), hidden: map.len().saturating_sub(MAX_ENTRIES), note: meta.own() }
    }

    pub fn of_pairs(pairs: &[(String, String)], meta: Meta<'_>) -> Data {
        let datum = |(position, (name, value)): (usize, &(String, String))| {
            // Notes on a list of pairs stand under `position` → `1`; those on a text that was taken apart stand on all of it.
            let places = [meta.at(name), meta.at(&position.to_string()).at("1"), meta.here()];
            let own = places.into_iter().find(|place| place.is_some()).unwrap_or(Meta::NONE);
            Datum::text(name, value, own)
        };
        Data {
            rows: pairs.iter().enumerate().take(MAX_ENTRIES).map(datum).collect(),
            hidden: pairs.len().saturating_sub(MAX_ENTRIES),
            note: String::new(),
        }
    }

    /// Left out when there is neither a value nor anything to say about it.
    pub fn push(&mut self, name: &str, value: &str, meta: Meta<'_>) {
        let datum = Datum::text(name, value, meta);
        if !(datum.value.is_empty() && datum.note.is_empty()) {
            self.rows.push(datum);
        }
    }
}

impl Datum {
    pub fn of(name: &str, value: &Value, meta: Meta<'_>) -> Datum {
        let (text, is_block) = match value {
            Value::String(text) => return Datum::text(name, text, meta),
            Value::Array(_) | Value::Object(_) => nested(value),
            scalar => (scalar.to_string(), false),
        };
        Datum { name: name.to_owned(), value: text, is_block, note: meta.sentence() }
    }

    pub fn text(name: &str, value: &str, meta: Meta<'_>) -> Datum {
        let is_block = value.contains('\n') || value.chars().nth(MAX_LINE).is_some();
        Datum { name: name.to_owned(), value: shortened(value), is_block, note: meta.sentence() }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_BLOCK) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

/// On one line where it fits.
fn nested(value: &Value) -> (String, bool) {
    let line = written(value, MAX_LINE, false);
    if let Some(line) = line.strip_suffix('\u{0}') {
        return (line.to_owned(), false);
    }
    let block = written(value, MAX_BLOCK, true);
    match block.strip_suffix('\u{0}') {
        Some(whole) => (whole.to_owned(), true),
        None => (format!("{block}…"), true),
    }
}

/// At most `max` bytes of JSON; a NUL at the end tells that it is whole (JSON writes its own NULs as `\u0000`).
fn written(value: &Value, max: usize, is_pretty: bool) -> String {
    let mut bounded = Bounded { bytes: Vec::new(), max };
    let whole = if is_pretty { serde_json::to_writer_pretty(&mut bounded, value) } else { serde_json::to_writer(&mut bounded, value) };
    let mut text = String::from_utf8_lossy(&bounded.bytes).trim_end_matches('\u{fffd}').to_owned();
    if whole.is_ok() {
        text.push('\u{0}');
    }
    text
}

/// Stops the writing early: a value of a megabyte is not written out to show its beginning.
struct Bounded {
    bytes: Vec<u8>,
    max: usize,
}

impl Write for Bounded {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        let room = self.max.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&part[..part.len().min(room)]);
        if part.len() > room { Err(io::Error::other("long enough")) } else { Ok(part.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What `_meta` says about a place of the event.
#[derive(Debug, Clone, Copy)]
pub struct Meta<'a>(Option<&'a Value>);

impl<'a> Meta<'a> {
    pub const NONE: Meta<'static> = Meta(None);

    /// Of a whole event.
    pub fn of(meta: &'a Value) -> Meta<'a> {
        Meta(Some(meta))
    }

    #[must_use]
    pub fn at(self, key: &str) -> Meta<'a> {
        Meta(self.0.and_then(|value| value.get(key)))
    }

    /// This place alone, without what is inside it.
    #[must_use]
    fn here(self) -> Meta<'a> {
        let has_own = self.0.is_some_and(|value| value.get("").is_some());
        if has_own { self } else { Meta::NONE }
    }

    pub fn is_some(self) -> bool {
        self.0.is_some()
    }

    /// Of this place alone.
    fn own(self) -> String {
        self.0.and_then(|value| value.get("")).map(own_note).unwrap_or_default()
    }

    /// Of this place and of those inside it.
    pub fn sentence(self) -> String {
        let mut notes = Vec::new();
        self.collect("", 0, &mut notes);
        notes.join("; ")
    }

    fn collect(self, path: &str, depth: usize, notes: &mut Vec<String>) {
        let Some(Value::Object(map)) = self.0 else { return };
        for (key, value) in map {
            if notes.len() == MAX_NOTES {
                return;
            }
            if key.is_empty() {
                let note = own_note(value);
                if !note.is_empty() {
                    notes.push(if path.is_empty() { note } else { format!("{path} {note}") });
                }
            } else if depth < 8 {
                let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                Meta(Some(value)).collect(&inner, depth + 1, notes);
            }
        }
    }
}

/// `{"rem": [["@password", "s"]], "len": 4096, "err": ["invalid_data"]}`.
fn own_note(note: &Value) -> String {
    let mut said: Vec<String> = Vec::new();
    let remarks = note.get("rem").and_then(Value::as_array);
    for remark in remarks.into_iter().flatten() {
        let rule = remark.get(0).and_then(Value::as_str).unwrap_or_default();
        let act = remark.get(1).and_then(Value::as_str).unwrap_or_default();
        let sentence = match (rule, act, note.get("len").and_then(Value::as_u64)) {
            ("!limit", _, Some(length)) => format!("shortened: it had {length} characters"),
            ("!limit", _, None) => "shortened: it was too long".to_owned(),
            ("!config" | "!raw", _, _) => "removed by the SDK".to_owned(),
            (rule, "m", _) => format!("masked by the rule {rule}"),
            (rule, "p", _) => format!("replaced by its hash by the rule {rule}"),
            (rule, "s", _) => format!("replaced by the rule {rule}"),
            (rule, _, _) => format!("removed by the rule {rule}"),
        };
        if !said.contains(&sentence) {
            said.push(sentence);
        }
    }
    let errors = note.get("err").and_then(Value::as_array);
    for error in errors.into_iter().flatten() {
        let reason = error.as_str().or_else(|| error.get(0).and_then(Value::as_str)).unwrap_or("not readable");
        said.push(format!("not readable: {reason}"));
    }
    said.join(", ")
}
