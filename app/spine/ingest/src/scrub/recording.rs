//! One pass over a session replay. A page can be a million nodes in one segment and hundreds deep: nothing here calls itself, nothing is
//! kept but where it stands, and the clean text leaves in pieces.
//!
//! What a program tells (`payload` of custom events: console, requests, breadcrumbs) is looked at as an event's own data is. Of the page,
//! texts and attributes are looked at for secrets by their form and for e-mail addresses, of styles only the addresses they load from;
//! names of classes, ids and paths of drawings are not. What is typed comes key by key: it is hidden before it is whole.

use kernel::{Error, Result};
use std::borrow::Cow;

use super::keys::Names;
use super::walk::literal::{self, Quoted};
use super::walk::{self, Marks};
use super::{FILTERED, text, tokens};
use crate::raw;

/// Lists and objects in each other: some 500 levels of a page, which is where browsers stop. What lies deeper is cut off.
const DEEPEST: usize = 1_024;
/// Values that are changed in one segment; beyond it is no page.
const MOST: usize = 1_000_000;
/// From so many digits on what is typed may become the number of a card or an account.
const DIGITS: usize = 6;

pub fn scrub(text: &str, names: &Names, out: &mut dyn FnMut(&str) -> Result<()>) -> Result<usize> {
    let has_tokens = tokens::may_have(text);
    let mut pass = Pass { text, at: 0, copied: 0, names, has_tokens, redactions: 0, stack: Vec::new(), out };
    pass.space();
    if pass.peek() != Some(b'[') {
        return Err(pass.invalid("is no list of events"));
    }
    pass.open(Frame { place: Place::Page, is_style: false, is_secret: false, is_object: false })?;
    pass.run()?;
    pass.space();
    if pass.at < text.len() {
        return Err(pass.invalid("has something after its end"));
    }
    pass.copy_to(text.len())?;
    Ok(pass.redactions)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Events, and what of them is the page.
    Page,
    /// The attributes of an element.
    Attributes,
    /// Styles: only what they load is looked at.
    Rules,
    /// Nothing is looked for.
    Safe,
}

/// A list or object that is open.
#[derive(Debug, Clone, Copy)]
struct Frame {
    place: Place,
    is_object: bool,
    /// Of a node: it is a style, and its texts are rules.
    is_style: bool,
    /// Of attributes: they are those of a field for passwords or cards.
    is_secret: bool,
}

/// What may come next inside of a list or object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    ValueOrEnd,
    Value,
    CommaOrEnd,
}

struct Pass<'t, 'o> {
    text: &'t str,
    at: usize,
    /// Everything before has left.
    copied: usize,
    names: &'t Names,
    has_tokens: bool,
    redactions: usize,
    stack: Vec<Frame>,
    out: &'o mut dyn FnMut(&str) -> Result<()>,
}

impl<'t> Pass<'t, '_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn invalid(&self, what: &str) -> Error {
        Error::invalid(format!("This recording {what} (byte {}).", self.at))
    }

    fn copy_to(&mut self, end: usize) -> Result<()> {
        if end > self.copied {
            (self.out)(&self.text[self.copied..end])?;
            self.copied = end;
        }
        Ok(())
    }

    fn replace(&mut self, start: usize, end: usize, with: &str) -> Result<()> {
        self.copy_to(start)?;
        (self.out)(with)?;
        self.copied = end;
        Ok(())
    }

    fn redacted(&mut self) -> Result<()> {
        self.redactions += 1;
        if self.redactions > MOST { Err(self.invalid("has more secrets than are looked for")) } else { Ok(()) }
    }

    fn open(&mut self, frame: Frame) -> Result<()> {
        self.at += 1;
        self.stack.push(frame);
        Ok(())
    }

    fn run(&mut self) -> Result<()> {
        let mut next = Next::ValueOrEnd;
        while let Some(frame) = self.stack.last().copied() {
            self.space();
            let end = if frame.is_object { b'}' } else { b']' };
            match (self.peek(), next) {
                (Some(byte), Next::ValueOrEnd | Next::CommaOrEnd) if byte == end => {
                    self.at += 1;
                    self.stack.pop();
                    next = Next::CommaOrEnd;
                }
                (Some(b','), Next::CommaOrEnd) => {
                    self.at += 1;
                    next = Next::Value;
                }
                (_, Next::CommaOrEnd) => return Err(self.invalid("lacks a comma or an end")),
                (_, _) if frame.is_object => next = self.member(frame)?,
                (_, _) => {
                    let inner = if frame.place == Place::Attributes { Place::Safe } else { frame.place };
                    next = self.value(inner, frame.is_style, "")?;
                }
            }
        }
        Ok(())
    }

    fn member(&mut self, frame: Frame) -> Result<Next> {
        if self.peek() != Some(b'"') {
            return Err(self.invalid("lacks the name of a field"));
        }
        let start = self.at;
        let quoted = self.quoted()?;
        let raw = &self.text[quoted.start..quoted.end];
        self.repair(start, &quoted)?;
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.invalid("lacks a colon"));
        }
        self.at += 1;
        self.space();
        // An escape in a name must not hide it.
        let name = if quoted.marks.has_escape { literal::unescape(raw) } else { Cow::Borrowed(raw) };
        if frame.place == Place::Attributes {
            return self.attribute(frame, &name);
        }
        match (&*name, self.peek()) {
            ("payload", _) if frame.place == Place::Page && self.stack.len() <= 3 => self.payload(),
            // Of all events only that of a field has its text there.
            ("text", Some(b'"')) if frame.place == Place::Page && self.stack.len() == 3 => self.typed(),
            ("attributes", Some(b'{')) if frame.place == Place::Page => self.value(Place::Attributes, false, &name),
            ("textContent" | "value", _) if frame.is_style => self.value(Place::Rules, false, &name),
            ("commands", _) => self.value(Place::Safe, false, &name),
            (name, _) if is_rules(name) => self.value(Place::Rules, false, name),
            ("tagName", Some(b'"')) => {
                let start = self.at;
                let next = self.value(Place::Safe, false, &name)?;
                let is_style = self.text[start + 1..self.at - 1].eq_ignore_ascii_case("style");
                self.stack.last_mut().into_iter().for_each(|node| node.is_style |= is_style);
                Ok(next)
            }
            (name, _) => self.value(frame.place, frame.is_style, name),
        }
    }

    fn attribute(&mut self, frame: Frame, name: &str) -> Result<Next> {
        let is_text = self.peek() == Some(b'"');
        let is_value = is_text && name.eq_ignore_ascii_case("value");
        // `<meta name="csrf-token" content="…">`
        if frame.is_secret && (is_value || (is_text && name.eq_ignore_ascii_case("content"))) {
            let start = self.at;
            let quoted = self.quoted()?;
            let raw = &self.text[quoted.start..quoted.end];
            if !raw.bytes().all(|byte| byte == b'*') && raw != FILTERED {
                self.redacted()?;
                self.replace(start, self.at, "\"[Filtered]\"")?;
            }
            return Ok(Next::CommaOrEnd);
        }
        if is_value {
            return self.typed();
        }
        let is_data = self.text[self.at..].starts_with("\"data:");
        let place = match name {
            "style" | "_cssText" => Place::Rules,
            _ if is_drawing(name) || is_data => Place::Safe,
            _ => Place::Page,
        };
        self.value(place, false, name)
    }

    /// The text of a field as far as it is typed: an address or a number looks like none until its last key.
    fn typed(&mut self) -> Result<Next> {
        let start = self.at;
        let quoted = self.quoted()?;
        let plain = literal::unescape(&self.text[quoted.start..quoted.end]);
        if plain.contains('@') || plain.bytes().filter(u8::is_ascii_digit).take(DIGITS).count() == DIGITS {
            let hidden: String = plain.chars().map(|c| if c.is_whitespace() { c } else { '*' }).collect();
            self.redacted()?;
            self.replace(start, self.at, &literal::escape(&hidden))?;
            return Ok(Next::CommaOrEnd);
        }
        self.at = start;
        self.value(Place::Page, false, "")
    }

    fn value(&mut self, place: Place, is_style: bool, name: &str) -> Result<Next> {
        match self.peek() {
            Some(b'"') => self.string(place)?,
            Some(byte @ (b'{' | b'[')) => {
                // A list is cut first: one level more fits behind it, so that a page is cut at children and not in a node.
                let room = if byte == b'{' { DEEPEST + 1 } else { DEEPEST };
                if self.stack.len() >= room {
                    self.cut(byte)?;
                    return Ok(Next::CommaOrEnd);
                }
                let is_secret = place == Place::Attributes && is_secret_field(&self.text[self.at..], self.names);
                // A child of a style is its text.
                let is_style = is_style && matches!(name, "" | "childNodes");
                self.open(Frame { place, is_object: byte == b'{', is_style, is_secret })?;
                return Ok(Next::ValueOrEnd);
            }
            Some(_) => self.scalar()?,
            None => return Err(self.invalid("ends too early")),
        }
        Ok(Next::CommaOrEnd)
    }

    /// What is around it cannot have ended where the text does: that is found when it goes on.
    fn cut(&mut self, first: u8) -> Result<()> {
        let start = self.at;
        self.at = raw::nested_end(self.text.as_bytes(), start);
        self.replace(start, self.at, if first == b'[' { "[]" } else { "{}" })
    }

    /// What a program told: as deep as an event's own data may be.
    fn payload(&mut self) -> Result<Next> {
        let (outcome, end) = walk::walk_inside(self.text, self.at, self.names, self.has_tokens)?;
        self.redactions += outcome.redactions;
        for edit in &outcome.edits {
            // What lies inside of something replaced already is gone with it.
            if edit.start >= self.copied {
                self.replace(edit.start, edit.end, &edit.text)?;
            }
        }
        self.at = end;
        Ok(Next::CommaOrEnd)
    }

    fn scalar(&mut self) -> Result<()> {
        let start = self.at;
        let scalar = literal::scalar(&self.text[start..]).ok_or_else(|| self.invalid("has something that is no value"))?;
        self.at += scalar.len;
        if scalar.is_unreadable { self.replace(start, self.at, "null") } else { Ok(()) }
    }

    fn quoted(&mut self) -> Result<Quoted> {
        let quoted = literal::quoted(self.text, self.at);
        let quoted = quoted.ok_or_else(|| self.invalid("has a text that does not end or has a wrong escape"))?;
        self.at = quoted.end + 1;
        Ok(quoted)
    }

    fn repair(&mut self, start: usize, quoted: &Quoted) -> Result<()> {
        if !quoted.marks.is_unreadable {
            return Ok(());
        }
        let whole = literal::escape(&literal::unescape(&self.text[quoted.start..quoted.end]));
        self.replace(start, self.at, &whole)
    }

    fn string(&mut self, place: Place) -> Result<()> {
        let start = self.at;
        let quoted = self.quoted()?;
        if place == Place::Safe {
            return self.repair(start, &quoted);
        }
        let raw = &self.text[quoted.start..quoted.end];
        let plain = if quoted.marks.has_escape { literal::unescape(raw) } else { Cow::Borrowed(raw) };
        let found = if place == Place::Rules {
            text::find_in_rules(&plain, self.names, self.has_tokens)
        } else {
            let marks = if quoted.marks.has_unicode_escape { Marks::of(&plain) } else { quoted.marks };
            text::find_with_mail(&plain, &marks, self.names, self.has_tokens)
        };
        if found.is_empty() {
            return self.repair(start, &quoted);
        }
        self.redacted()?;
        let clean = literal::escape(&text::without(&plain, &found).0);
        self.replace(start, self.at, &clean)
    }
}

/// Rules of style sheets.
fn is_rules(name: &str) -> bool {
    matches!(name, "rule" | "rules" | "cssText" | "_cssText" | "replace" | "replaceSync" | "styles")
}

/// Attributes that say what something is called or where it stands; a drawing's path looks like the number of a card.
fn is_drawing(name: &str) -> bool {
    matches!(
        name,
        "class" | "id" | "d" | "points" | "viewBox" | "transform" | "width" | "height" | "rr_width" | "rr_height" | "for" | "media"
    )
}

/// Whether these attributes are those of a field for a password, a code or a card, or of one whose name says that it holds a secret: the
/// hidden ones of forms do. Looks at them once, up to the first that is no text.
fn is_secret_field(text: &str, names: &Names) -> bool {
    let bytes = text.as_bytes();
    let skip = |mut at: usize| {
        while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t' | b',' | b':')) {
            at += 1;
        }
        at
    };
    let mut at = skip(1);
    while bytes.get(at) == Some(&b'"') {
        let Some(name) = literal::quoted(text, at) else { return false };
        at = skip(name.end + 1);
        if bytes.get(at) != Some(&b'"') {
            let Some(scalar) = literal::scalar(&text[at..]) else { return false };
            at = skip(at + scalar.len);
            continue;
        }
        let Some(value) = literal::quoted(text, at) else { return false };
        at = skip(value.end + 1);
        let spelled = literal::unescape(&text[value.start..value.end]);
        let value = spelled.to_ascii_lowercase();
        match &*literal::unescape(&text[name.start..name.end]) {
            "type" if value == "password" => return true,
            "autocomplete" if value.contains("password") || value.contains("one-time-code") || value.contains("cc-") => return true,
            "name" | "id" if is_secret_name(&spelled, names) => return true,
            _ => {}
        }
    }
    false
}

fn is_secret_name(name: &str, names: &Names) -> bool {
    names.verdict(name, std::iter::empty()).is_some() && !names.is_safe(name, std::iter::empty())
}
