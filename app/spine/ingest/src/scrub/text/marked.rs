//! Values between marks: `<password>…</password>`, and fields of a form as `multipart/form-data` writes them.

use super::super::FILTERED;
use super::super::keys::Names;
use super::Found;

/// Names and the attributes of their elements are not longer.
const LONGEST_TAG: usize = 256;

pub fn find_elements(text: &str, names: &Names, found: &mut Vec<Found>) {
    let mut at = 0;
    while let Some(open) = text[at..].find('<').map(|next| at + next) {
        at = open + 1;
        let Some((name, start)) = opening(text, at) else { continue };
        // Prose has words in brackets (`usage: login <user> <password>`), but it does not close them.
        let Some(end) = text[start..].find('<').map(|len| start + len) else { return };
        let is_closed = text[end..].strip_prefix("</").and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| rest.starts_with('>'));
        if is_closed && let Some(part) = part(text, start, end, name.rsplit(':').next().unwrap_or(name), names) {
            found.push(part);
        }
        at = end;
    }
}

/// The name of the element, and where its content begins.
fn opening(text: &str, at: usize) -> Option<(&str, usize)> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
    let bytes = &text.as_bytes()[at..];
    let len = bytes.iter().take(LONGEST_TAG).take_while(|byte| is_name(byte)).count();
    let close = bytes.iter().take(LONGEST_TAG).position(|byte| *byte == b'>')?;
    (len > 1 && bytes[close - 1] != b'/' && matches!(bytes[len], b'>' | b' ')).then(|| (&text[at..at + len], at + close + 1))
}

pub fn find_fields(text: &str, names: &Names, found: &mut Vec<Found>) {
    let mut at = 0;
    while let Some(place) = text[at..].find("form-data;").map(|next| at + next) {
        at = place + 1;
        if let Some(part) = field(text, place, names) {
            at = part.end;
            found.push(part);
        }
    }
}

/// `form-data; name="password"`, an empty line, the value up to the next boundary.
fn field(text: &str, place: usize, names: &Names) -> Option<Found> {
    let head = &text[place..text.floor_char_boundary(place + 2 * LONGEST_TAG)];
    let (_, named) = head.split_once("name=\"")?;
    let name = named.split('"').next()?;
    let (blank, len) = head.find("\r\n\r\n").map(|at| (at, 4)).or_else(|| head.find("\n\n").map(|at| (at, 2)))?;
    let start = place + blank + len;
    // Before its end is looked for: where it must not go anyway, the next one would look for the same end again.
    names.verdict(name, std::iter::empty()).filter(|_| !names.is_safe(name, std::iter::empty()))?;
    let end = text[start..].find("\n--").map_or(text.len(), |len| start + len);
    part(text, start, end, name, names)
}

fn part(text: &str, start: usize, end: usize, name: &str, names: &Names) -> Option<Found> {
    let value = text[start..end].trim();
    let is_something = value.bytes().any(|byte| byte.is_ascii_alphanumeric() || byte >= 0x80) && value != FILTERED;
    let verdict = names.verdict(name, std::iter::empty()).filter(|_| is_something && !names.is_safe(name, std::iter::empty()))?;
    Some(Found { start, end: start + text[start..end].trim_end().len(), rule: verdict.rule })
}
