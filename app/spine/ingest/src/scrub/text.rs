//! Secrets inside of texts: parameters, headers, JSON in a text, addresses with a password, numbers of cards, tokens.
//!
//! - `assigned`: `password=…`, `"password": "…"`, `Authorization: …`, as queries, forms, logs, dumps and JSON write it
//! - `marked`: elements of XML and fields of multipart forms
//! - `mail`: e-mail addresses in URLs and queries; elsewhere they stay, they are who the customer is
//! - `rules`: what the rules of a style sheet load

mod assigned;
mod mail;
mod marked;
mod rules;

use super::keys::Names;
use super::walk::{Marks, Remark};
use super::{FILTERED, numbers, tokens};

pub use super::numbers::is_card_number;
pub use rules::find as find_in_rules;

/// What kind of text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Free,
    /// The query of a URL, without the URL.
    Query,
    /// A line of a program: only literals can be secrets.
    Source,
    /// The name of a file or function, maybe with its URL.
    Code,
}

/// A part of a text that goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    pub start: usize,
    pub end: usize,
    pub rule: &'static str,
}

/// All that must go, in order and without overlaps.
pub fn find(text: &str, mode: Mode, marks: &Marks, names: &Names, has_tokens: bool) -> Vec<Found> {
    let mut found = Vec::new();
    if marks.has_equals || marks.has_colon {
        assigned::find(text, mode, names, &mut found);
    }
    if mode == Mode::Free && marks.has_tag {
        marked::find_elements(text, names, &mut found);
    }
    if mode == Mode::Free && marks.has_equals {
        marked::find_fields(text, names, &mut found);
    }
    if marks.digits >= numbers::FEWEST && mode != Mode::Code {
        numbers::find(text, marks.digits, &mut found);
    }
    if (marks.has_at || marks.has_percent) && matches!(mode, Mode::Free | Mode::Query) {
        mail::find(text, mode, &mut found);
    }
    if has_tokens {
        tokens::find(text, &mut found);
    }
    if found.len() > 1 { disjoint(found) } else { found }
}

/// As [`find`] in free text, and every e-mail address: what a page shows of other people.
pub fn find_with_mail(text: &str, marks: &Marks, names: &Names, has_tokens: bool) -> Vec<Found> {
    let mut found = find(text, Mode::Free, marks, names, has_tokens);
    if marks.has_at {
        mail::find(text, Mode::Query, &mut found);
        found = disjoint(found);
    }
    found
}

fn disjoint(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|one| (one.start, std::cmp::Reverse(one.end)));
    let mut apart: Vec<Found> = Vec::with_capacity(found.len());
    for one in found {
        match apart.last_mut() {
            Some(last) if one.start < last.end => last.end = last.end.max(one.end),
            _ => apart.push(one),
        }
    }
    apart
}

/// The text without what was found, and where that was.
pub fn without(text: &str, found: &[Found]) -> (String, Vec<Remark>) {
    let mut clean = String::with_capacity(text.len());
    let mut at = 0;
    let mut remarks = Vec::with_capacity(found.len());
    for one in found {
        clean.push_str(&text[at..one.start]);
        let start = clean.len();
        clean.push_str(FILTERED);
        remarks.push(Remark { rule: one.rule, range: Some((start, clean.len())) });
        at = one.end;
    }
    clean.push_str(&text[at..]);
    (clean, remarks)
}
