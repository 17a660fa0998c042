//! JSON that is almost JSON: what SDKs write that a strict reader refuses (NaN, Infinity, halves of surrogate pairs).

use kernel::{Error, Result};
use serde_json::Value;

/// Strictly first; mended and read once more when that fails. Depth is bounded by the reader itself (128).
pub fn parse(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).or_else(|_| {
        let mended = mended(&String::from_utf8_lossy(bytes));
        serde_json::from_str(&mended).map_err(|error| Error::invalid("What was reported is not JSON.").because(error))
    })
}

/// Outside of texts `NaN` and `Infinity` become null; inside, halves of pairs become U+FFFD.
fn mended(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_text = false;
    while let Some(first) = rest.chars().next() {
        let taken = if is_text { in_text(rest, &mut out) } else { outside(rest, &mut out) };
        if first == '"' {
            is_text = !is_text;
        }
        rest = &rest[taken..];
    }
    out
}

fn outside(rest: &str, out: &mut String) -> usize {
    for word in ["-Infinity", "Infinity", "NaN"] {
        if rest.starts_with(word) {
            out.push_str("null");
            return word.len();
        }
    }
    push_first(rest, out)
}

fn in_text(rest: &str, out: &mut String) -> usize {
    if !rest.starts_with('\\') {
        let length = push_first(rest, out);
        // A bare control character may not stand in a text.
        if out.ends_with(|letter: char| letter.is_control()) {
            out.pop();
            out.push(' ');
        }
        return length;
    }
    match unit(rest) {
        Some(0xD800..=0xDBFF) => match rest.get(6..).and_then(unit) {
            Some(0xDC00..=0xDFFF) => {
                out.push_str(&rest[..12]);
                12
            }
            _ => replace_half(out),
        },
        Some(0xDC00..=0xDFFF) => replace_half(out),
        _ => {
            let length = push_first(rest, out);
            length + push_first(&rest[length..], out)
        }
    }
}

fn replace_half(out: &mut String) -> usize {
    out.push('\u{fffd}');
    6
}

/// `\uXXXX` at the start.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

fn push_first(rest: &str, out: &mut String) -> usize {
    let Some(first) = rest.chars().next() else { return 0 };
    out.push(first);
    first.len_utf8()
}
