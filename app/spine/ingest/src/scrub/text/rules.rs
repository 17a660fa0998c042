//! Addresses in the rules of a style sheet: `url(…)`. All else in there is numbers and names, which look like cards and addresses.

use super::super::keys::Names;
use super::super::walk::Marks;
use super::{Found, find_with_mail};

pub fn find(css: &str, names: &Names, has_tokens: bool) -> Vec<Found> {
    let bytes = css.as_bytes();
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(open) = css[at..].find('(').map(|next| at + next) {
        at = open + 1;
        if !bytes[open.saturating_sub(3)..open].eq_ignore_ascii_case(b"url") {
            continue;
        }
        let start = at + bytes[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let (start, close) = match bytes.get(start) {
            Some(b'"') => (start + 1, '"'),
            Some(b'\'') => (start + 1, '\''),
            _ => (start, ')'),
        };
        // Without its end it goes to the text's: it was cut off.
        let end = css[start..].find(close).map_or(css.len(), |len| start + len);
        at = end;
        let address = &css[start..end];
        // A picture in itself, not where one lies.
        if !address.starts_with("data:") {
            let parts = find_with_mail(address, &Marks::of(address), names, has_tokens);
            found.extend(parts.into_iter().map(|part| Found { start: start + part.start, end: start + part.end, ..part }));
        }
    }
    found
}
