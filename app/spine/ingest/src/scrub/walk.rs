//! One pass over a JSON text: checks it, and notes which ranges are to be replaced. No tree is built, what is not touched stays as it came.
//!
//! Repaired on the way: NaN and infinities (Python writes them), numbers beyond a double, lone surrogates and control characters in
//! texts; what lies deeper than [`MAX_DEPTH`] is cut off, because readers stop at 128.

pub(super) mod literal;
mod named;
mod outcome;
mod place;
mod weight;

use kernel::{Error, Result};
use std::borrow::Cow;

use super::keys::{Names, Verdict};
use super::{FILTERED, text, tokens};
use crate::{Kind, raw};
pub use literal::Marks;
use literal::Quoted;
use named::Named;
pub use outcome::{Edit, Note, Outcome, Remark};
use place::Place;
use weight::Weight;

const MAX_DEPTH: usize = 100;
/// Places that are changed in one payload: more than fit into an event. What has more is larger, and no program's.
const MAX_EDITS: usize = 200_000;

pub fn walk(text: &str, kind: Kind, names: &Names) -> Result<Outcome> {
    let mut walk = Walk {
        text,
        bytes: text.as_bytes(),
        at: 0,
        names,
        has_tokens: tokens::may_have(text),
        path: Vec::new(),
        out: Outcome::default(),
        weight: Weight::of(kind),
        takes_mail: kind == Kind::Actions,
    };
    walk.space();
    let is_object = walk.peek() == Some(b'{');
    walk.value(Place::root(kind), None)?;
    if is_object {
        walk.out.object_end = Some(walk.at - 1);
    }
    walk.space();
    if walk.at < text.len() { Err(walk.invalid("has something after its end")) } else { Ok(walk.out) }
}

/// The value at `start` inside of a recording: what a program told its console, what it fetched. Gives the edits in order, and where it ends.
pub fn walk_inside(text: &str, start: usize, names: &Names, has_tokens: bool) -> Result<(Outcome, usize)> {
    let mut walk = Walk {
        text,
        bytes: text.as_bytes(),
        at: start,
        names,
        has_tokens,
        path: Vec::new(),
        out: Outcome::default(),
        weight: Weight::any(),
        takes_mail: true,
    };
    walk.value(Place::Free, None)?;
    walk.out.edits.sort_by_key(|edit| edit.start);
    Ok((walk.out, walk.at))
}

enum Step<'t> {
    Key(&'t str),
    Index(usize),
}

struct Walk<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    names: &'t Names,
    /// Whether any text of the payload may hold a key or token of a known form.
    has_tokens: bool,
    path: Vec<Step<'t>>,
    out: Outcome,
    weight: Weight,
    /// Whether e-mail addresses go wherever they stand.
    takes_mail: bool,
}

impl<'t> Walk<'t> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn invalid(&self, what: &str) -> Error {
        Error::invalid(format!("This payload {what} (byte {}): it is no JSON.", self.at))
    }

    fn value(&mut self, place: Place, verdict: Option<Verdict>) -> Result<()> {
        if self.out.edits.len() > MAX_EDITS {
            return Err(self.invalid("has more secrets than are looked for"));
        }
        self.weight.add(self.peek())?;
        match (self.peek(), verdict) {
            (Some(b'"'), _) => self.string(place, verdict),
            (Some(b'{' | b'['), Some(verdict)) if !place.keeps_shape() => self.swallow(verdict),
            (Some(b'{'), _) => self.nested(|walk| walk.object(place, verdict)),
            (Some(b'['), _) => self.nested(|walk| walk.array(place, verdict)),
            (Some(_), _) => self.scalar(place, verdict),
            (None, _) => Err(self.invalid("ends too early")),
        }
    }

    /// Deeper than readers go: the whole value is replaced by null, without recursion.
    fn nested(&mut self, inner: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        if self.path.len() < MAX_DEPTH {
            return inner(self);
        }
        let start = self.at;
        // What is around it cannot have ended where the text does: that is found when it goes on.
        self.at = raw::nested_end(self.bytes, start);
        self.edit(start, self.at, Cow::Borrowed("null"));
        self.note(Remark { rule: "!limit", range: None }, None);
        Ok(())
    }

    /// An object or list that goes as a whole; an empty one holds nothing.
    fn swallow(&mut self, verdict: Verdict) -> Result<()> {
        let (start, mark) = (self.at, self.out.mark());
        self.value(Place::Safe, None)?;
        let inside = self.text[start + 1..self.at - 1].trim_matches(|c: char| c.is_ascii_whitespace() || c == '"');
        if !is_gone_already(inside) {
            self.out.back_to(&mark);
            self.redact(start, self.at, verdict);
        }
        Ok(())
    }

    fn redact(&mut self, start: usize, end: usize, verdict: Verdict) {
        self.edit(start, end, Cow::Borrowed("\"[Filtered]\""));
        self.note(Remark { rule: verdict.rule, range: None }, None);
    }

    fn edit(&mut self, start: usize, end: usize, text: Cow<'static, str>) {
        self.out.edits.push(Edit { start, end, text });
    }

    fn note(&mut self, remark: Remark, original_len: Option<usize>) {
        self.notes(vec![remark], original_len);
    }

    fn notes(&mut self, mut remarks: Vec<Remark>, original_len: Option<usize>) {
        self.out.redactions += 1;
        let path_bytes = self.path.iter().map(|step| if let Step::Key(raw) = step { raw.len() } else { 8 }).sum();
        remarks.truncate(self.out.room_for(path_bytes));
        if !remarks.is_empty() {
            self.out.tell(Note { path: self.path_texts(), remarks, original_len }, path_bytes);
        }
    }

    fn path_texts(&self) -> Vec<String> {
        let step = |step: &Step<'_>| match step {
            Step::Key(raw) => literal::unescape(raw).into_owned(),
            Step::Index(index) => index.to_string(),
        };
        self.path.iter().map(step).collect()
    }

    fn object(&mut self, place: Place, verdict: Option<Verdict>) -> Result<()> {
        self.at += 1;
        let mut named = Named::default();
        let mut is_first = true;
        loop {
            self.space();
            match (self.peek(), is_first) {
                (Some(b'}'), _) => break,
                (Some(b','), false) => {
                    self.at += 1;
                    self.space();
                }
                (_, true) => {}
                _ => return Err(self.invalid("lacks a comma or an end")),
            }
            is_first = false;
            if self.peek() != Some(b'"') {
                return Err(self.invalid("lacks the name of a field"));
            }
            self.member(place, verdict, &mut named)?;
        }
        self.at += 1;
        if self.path.is_empty() {
            self.out.is_empty_object = is_first;
        }
        self.settle(&named);
        Ok(())
    }

    fn member(&mut self, place: Place, verdict: Option<Verdict>, named: &mut Named) -> Result<()> {
        let start = self.at;
        let quoted = self.quoted()?;
        let raw = &self.text[quoted.start..quoted.end];
        self.repair(start, &quoted);
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.invalid("lacks a colon"));
        }
        self.at += 1;
        self.space();
        let name = if quoted.marks.has_escape { literal::unescape(raw) } else { Cow::Borrowed(raw) };
        let (inner, inner_verdict) = self.judge(place, &name, verdict);
        let inner = if inner == Place::Safe && self.only_looks_like_an_id(place, &name) { Place::Free } else { inner };
        self.path.push(Step::Key(raw));
        let (value_start, edits) = (self.at, self.out.edits.len());
        if place == Place::Typed && name == "type" && verdict.is_some() {
            self.value(Place::Safe, None)?;
            named.type_at = Some((value_start, self.at));
        } else {
            self.value(inner, inner_verdict)?;
        }
        self.path.pop();
        if place == Place::Free && inner_verdict.is_none() {
            self.remember(&name, value_start, edits, named);
        }
        if place == Place::Typed && name == "value" {
            named.is_gone = self.out.edits.last().is_some_and(|edit| edit.start == value_start && edit.text == "\"[Filtered]\"");
        }
        if self.path.is_empty() && name == "_meta" {
            self.out.meta = Some((value_start, self.at));
        }
        Ok(())
    }

    /// Under the name of an id begins an object or a list, and the project does not say that it is safe.
    fn only_looks_like_an_id(&self, place: Place, name: &str) -> bool {
        let is_protocols = matches!(place, Place::Root | Place::Free | Place::Entry) && place::is_id(name);
        is_protocols && matches!(self.peek(), Some(b'{' | b'[')) && !self.names.is_safe(name, self.parents())
    }

    /// Where the value of this name is to be read, and whether it goes.
    fn judge(&self, place: Place, name: &str, outer: Option<Verdict>) -> (Place, Option<Verdict>) {
        if place == Place::Safe {
            return (Place::Safe, None);
        }
        if !place.judges_names() {
            let inner = place.inside(name);
            return (inner, outer.filter(|_| inner.hands_down()));
        }
        if self.names.is_safe(name, self.parents()) {
            return (Place::Safe, None);
        }
        let is_kept = place == Place::Root && place::is_essential(name);
        let verdict = if is_kept { None } else { self.names.verdict(name, self.parents()) };
        let inner = place.inside(name);
        // Of cookies and typed attributes the names stay: they say which one is gone.
        let inner = if verdict.is_some() && name.eq_ignore_ascii_case("cookies") && inner == Place::Free { Place::Each } else { inner };
        (inner, verdict.or(outer.filter(|_| place == Place::Each)))
    }

    /// Names around the current value, from the inside out.
    fn parents(&self) -> impl Iterator<Item = &'t str> + Clone + '_ {
        self.path.iter().rev().filter_map(|step| match step {
            Step::Key(raw) => Some(*raw),
            Step::Index(_) => None,
        })
    }

    /// `{"name": "password", "value": "…"}` in any order.
    fn remember(&self, name: &str, start: usize, edits: usize, named: &mut Named) {
        match name {
            "key" | "name" if self.bytes[start] == b'"' => {
                let text = literal::unescape(&self.text[start + 1..self.at - 1]);
                named.verdict = self.names.verdict(&text, self.parents()).filter(|_| !self.names.is_safe(&text, self.parents()));
            }
            "value" => (named.value_at, named.value_edits) = (Some((start, self.at)), edits..self.out.edits.len()),
            _ => {}
        }
    }

    fn settle(&mut self, named: &Named) {
        if let (true, Some((start, end))) = (named.is_gone, named.type_at) {
            // A text stands there now; readers drop attributes whose type says otherwise.
            self.edit(start, end, Cow::Borrowed("\"string\""));
        }
        let (Some(verdict), Some((start, end))) = (named.verdict, named.value_at) else { return };
        if self.is_secret(&self.text[start..end], verdict) {
            // Of this value alone: looking at all of them for each such object would take the square of their number.
            self.out.edits.drain(named.value_edits.clone());
            self.path.push(Step::Key("value"));
            self.redact(start, end, verdict);
            self.path.pop();
        }
    }

    /// Whether a value as it stands in the text holds something that this verdict takes.
    fn is_secret(&self, raw: &str, verdict: Verdict) -> bool {
        match raw.as_bytes().first() {
            Some(b'"') => !is_gone_already(&raw[1..raw.len() - 1]),
            Some(b'{' | b'[') => raw.len() > 2,
            Some(b'-' | b'0'..=b'9') => verdict.takes_numbers,
            Some(b't' | b'f') => verdict.takes_all,
            _ => false,
        }
    }

    fn array(&mut self, place: Place, verdict: Option<Verdict>) -> Result<()> {
        self.at += 1;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        let is_pair = place.has_pairs() && matches!(self.path.last(), Some(Step::Index(_)));
        let mut pair = (place, verdict);
        let mut flagged = None;
        for index in 0.. {
            self.space();
            let start = self.at;
            self.path.push(Step::Index(index));
            match index {
                // The name of a pair is no secret itself.
                0 if is_pair && self.peek() == Some(b'"') => {
                    self.value(Place::Safe, None)?;
                    let name = literal::unescape(&self.text[start + 1..self.at - 1]);
                    pair = self.judge(place, &name, verdict);
                }
                1 if is_pair => self.value(pair.0, pair.1)?,
                _ => self.value(place, verdict.or(flagged))?,
            }
            flagged = self.flag(place, start);
            self.path.pop();
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.invalid("lacks a comma or an end")),
            }
        }
        self.at += 1;
        Ok(())
    }

    /// Arguments of a command: what follows `--password`.
    fn flag(&self, place: Place, start: usize) -> Option<Verdict> {
        let name = self.text[start..self.at].strip_prefix("\"--")?.strip_suffix('"')?;
        let is_name = place == Place::Free && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        is_name.then(|| self.names.verdict(name, self.parents())).flatten()
    }

    fn scalar(&mut self, place: Place, verdict: Option<Verdict>) -> Result<()> {
        let start = self.at;
        let scalar = literal::scalar(&self.text[start..]).ok_or_else(|| self.invalid("has something that is no value"))?;
        self.at += scalar.len;
        let raw = &self.text[start..self.at];
        if verdict.is_some_and(|verdict| self.is_secret(raw, verdict)) {
            verdict.into_iter().for_each(|verdict| self.redact(start, self.at, verdict));
        } else if scalar.is_unreadable {
            self.edit(start, self.at, Cow::Borrowed("null"));
        } else if place.looks_for_numbers() && text::is_card_number(raw) {
            self.edit(start, self.at, Cow::Borrowed("\"[Filtered]\""));
            self.note(Remark { rule: "@creditcard", range: None }, None);
        }
        Ok(())
    }

    fn quoted(&mut self) -> Result<Quoted> {
        let quoted =
            literal::quoted(self.text, self.at).ok_or_else(|| self.invalid("has a text that does not end or has a wrong escape"))?;
        self.at = quoted.end + 1;
        Ok(quoted)
    }

    fn repair(&mut self, start: usize, quoted: &Quoted) {
        if quoted.marks.is_unreadable {
            let whole = literal::escape(&literal::unescape(&self.text[quoted.start..quoted.end]));
            self.edit(start, self.at, Cow::Owned(whole));
        }
    }

    fn string(&mut self, place: Place, verdict: Option<Verdict>) -> Result<()> {
        let start = self.at;
        let quoted = self.quoted()?;
        let raw = &self.text[quoted.start..quoted.end];
        if let Some(verdict) = verdict {
            if is_gone_already(raw) {
                self.repair(start, &quoted)
            } else {
                self.redact(start, self.at, verdict)
            }
            return Ok(());
        }
        let Some(mode) = place.mode() else {
            self.repair(start, &quoted);
            return Ok(());
        };
        let plain = if quoted.marks.has_escape { literal::unescape(raw) } else { Cow::Borrowed(raw) };
        let marks = if quoted.marks.has_unicode_escape { Marks::of(&plain) } else { quoted.marks };
        let found = match mode {
            text::Mode::Free if self.takes_mail && place != Place::Traits => {
                text::find_with_mail(&plain, &marks, self.names, self.has_tokens)
            }
            mode => text::find(&plain, mode, &marks, self.names, self.has_tokens),
        };
        if found.is_empty() {
            self.repair(start, &quoted);
            return Ok(());
        }
        let (clean, remarks) = text::without(&plain, &found);
        self.edit(start, self.at, Cow::Owned(literal::escape(&clean)));
        self.notes(remarks, Some(plain.len()));
        Ok(())
    }
}

/// Nothing, or what an SDK took out itself.
fn is_gone_already(raw: &str) -> bool {
    raw.is_empty() || raw == FILTERED || raw == "{{auto}}" || raw.bytes().all(|byte| byte == b'*')
}
