//! The changed text, and `_meta` beside it: why something is gone, in the shape that SDKs and relay write, which readers know.
//!
//! `{"request": {"data": {"": {"rem": [["@password", "x"]]}}}}`: `x` says that the whole value went, `s` with a range of bytes that a part did.

use serde_json::{Map, Value, json};

use super::walk::{Edit, Note, Outcome};

/// The text with everything replaced that is to be replaced.
pub fn rewrite(text: &str, outcome: Outcome) -> Vec<u8> {
    let Outcome { mut edits, notes, meta, object_end, is_empty_object, .. } = outcome;
    if let Some(object_end) = object_end
        && !notes.is_empty()
    {
        match meta {
            Some((start, end)) => {
                let (inside, outside): (Vec<Edit>, Vec<Edit>) = edits.into_iter().partition(|edit| start <= edit.start && edit.end <= end);
                let before = String::from_utf8(apply(text, start, end, inside)).unwrap_or_default();
                edits = outside;
                edits.push(Edit { start, end, text: with(&before, &notes).to_string().into() });
            }
            None => {
                let comma = if is_empty_object { "" } else { "," };
                let whole = format!("{comma}\"_meta\":{}", with("", &notes));
                edits.push(Edit { start: object_end, end: object_end, text: whole.into() });
            }
        }
    }
    apply(text, 0, text.len(), edits)
}

fn apply(text: &str, start: usize, end: usize, mut edits: Vec<Edit>) -> Vec<u8> {
    edits.sort_by_key(|edit| edit.start);
    let mut out = Vec::with_capacity(end - start + 64);
    let mut at = start;
    for edit in edits.iter().filter(|edit| edit.end <= end) {
        // What lies inside of something replaced already is gone with it.
        if edit.start < at {
            continue;
        }
        out.extend_from_slice(&text.as_bytes()[at..edit.start]);
        out.extend_from_slice(edit.text.as_bytes());
        at = edit.end;
    }
    out.extend_from_slice(&text.as_bytes()[at..end]);
    out
}

/// A tree of JSON takes up to a hundred times the bytes of its text: a `_meta` beyond this makes room for ours.
const LARGEST: usize = 256 << 10;

/// What was in `_meta` before, and the notes.
fn with(before: &str, notes: &[Note]) -> Value {
    let before = if before.len() > LARGEST { "" } else { before };
    let mut root: Value = serde_json::from_str(before).unwrap_or_default();
    let is_told = |note: &&Note| note.path.first().is_some_and(|first| first != "_meta");
    for note in notes.iter().filter(is_told) {
        let mut map = &mut root;
        for step in note.path.iter().map(String::as_str).chain([""]) {
            map = &mut as_map(map)[step];
        }
        add(map, note);
    }
    as_map(&mut root).take()
}

/// Whatever else stood there was no `_meta`.
fn as_map(value: &mut Value) -> &mut Value {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value
}

fn add(meta: &mut Value, note: &Note) {
    let meta = as_map(meta);
    if !meta["rem"].is_array() {
        meta["rem"] = Value::Array(Vec::new());
    }
    let remarks = note.remarks.iter().map(|remark| match remark.range {
        Some((start, end)) => json!([remark.rule, "s", start, end]),
        None => json!([remark.rule, "x"]),
    });
    meta["rem"].as_array_mut().into_iter().for_each(|list| list.extend(remarks.clone()));
    if let Some(len) = note.original_len
        && meta["len"].is_null()
    {
        meta["len"] = Value::from(len);
    }
}
