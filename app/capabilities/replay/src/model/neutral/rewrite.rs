//! The pass over an event's data: JSON in, JSON out, object by object, with a stack of its own.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, Visitor};

use super::rules::{self, Fate};

/// Lists and objects in each other. The door keeps no deeper ones.
const DEEPEST: usize = 1_100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Data,
    /// The attributes of an element.
    Attributes,
    /// What an attribute holds that is no text: styles by name.
    Styles,
    /// What a text node says, or a list of it.
    Text,
}

struct Frame<'t> {
    place: Place,
    is_object: bool,
    is_first: bool,
    /// Of a node: what it is built as. A second name in the same node counts for nothing.
    element: Option<Cow<'t, str>>,
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    ValueOrEnd,
    Value,
    CommaOrEnd,
}

struct Rewrite<'t> {
    text: &'t str,
    at: usize,
    out: String,
    stack: Vec<Frame<'t>>,
    /// Whether every text is a part of a style sheet.
    is_style: bool,
}

/// `None`: it is no JSON object, or deeper than anything that was recorded.
pub fn rewrite(data: &str, is_style: bool) -> Option<String> {
    let mut pass = Rewrite { text: data, at: 0, out: String::with_capacity(data.len()), stack: Vec::new(), is_style };
    pass.space();
    if pass.peek() != Some(b'{') {
        return None;
    }
    pass.open(Place::Data)?;
    pass.run()?;
    Some(pass.out)
}

impl<'t> Rewrite<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn open(&mut self, place: Place) -> Option<()> {
        let first = self.peek()?;
        if self.stack.len() >= DEEPEST {
            return None;
        }
        self.at += 1;
        self.out.push(char::from(first));
        self.stack.push(Frame { place, is_object: first == b'{', is_first: true, element: None });
        Some(())
    }

    fn run(&mut self) -> Option<()> {
        let mut next = Next::ValueOrEnd;
        while let Some(frame) = self.stack.last() {
            let (place, is_object) = (frame.place, frame.is_object);
            self.space();
            let byte = self.peek()?;
            let end = if is_object { b'}' } else { b']' };
            if byte == end && next != Next::Value {
                self.at += 1;
                self.out.push(char::from(end));
                self.stack.pop();
                next = Next::CommaOrEnd;
            } else if next == Next::CommaOrEnd {
                if byte != b',' {
                    return None;
                }
                self.at += 1;
                next = Next::Value;
            } else if is_object {
                next = self.member(place)?;
            } else {
                self.comma();
                next = self.value(place)?;
            }
        }
        Some(())
    }

    fn comma(&mut self) {
        if let Some(frame) = self.stack.last_mut()
            && !std::mem::replace(&mut frame.is_first, false)
        {
            self.out.push(',');
        }
    }

    /// The text that begins here, with its quotes.
    fn quoted(&mut self) -> Option<&'t str> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        if bytes.get(start) != Some(&b'"') {
            return None;
        }
        let mut at = start + 1;
        loop {
            match bytes.get(at)? {
                b'"' => break,
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        self.at = at + 1;
        self.text.get(start..self.at)
    }

    fn member(&mut self, place: Place) -> Option<Next> {
        let raw = self.quoted()?;
        let name = meaning(raw)?;
        self.space();
        if self.peek()? != b':' {
            return None;
        }
        self.at += 1;
        self.space();
        if place == Place::Attributes {
            return self.attribute(raw, &name);
        }
        let first = self.peek()?;
        if place == Place::Data && name == "tagName" {
            return self.element(raw);
        }
        self.comma();
        self.out.push_str(raw);
        self.out.push(':');
        let inner = match (place, &*name, first) {
            (Place::Data, "attributes", b'{') => Place::Attributes,
            (Place::Data, "textContent" | "value", b'"' | b'[') => Place::Text,
            (place, ..) => place,
        };
        self.value(inner)
    }

    /// The first name of a node is what it is; it is written even where it is no text, as something harmless.
    fn element(&mut self, raw_name: &str) -> Option<Next> {
        let value = if self.peek()? == b'"' { meaning(self.quoted()?)? } else { return self.skip() };
        let frame = self.stack.last_mut()?;
        if frame.element.is_some() {
            return Some(Next::CommaOrEnd);
        }
        let built = rules::element(&value).to_owned();
        frame.element = Some(Cow::Owned(built.clone()));
        self.comma();
        self.out.push_str(raw_name);
        self.out.push(':');
        self.write(&built);
        Some(Next::CommaOrEnd)
    }

    fn attribute(&mut self, raw_name: &str, name: &str) -> Option<Next> {
        if self.peek()? != b'"' {
            // Only styles are anything else than a text, a number or a yes.
            let is_styles = name.eq_ignore_ascii_case("style");
            if !matches!(rules::attribute(None, name, ""), Fate::Same) || (matches!(self.peek()?, b'{' | b'[') && !is_styles) {
                return self.skip();
            }
            self.comma();
            self.out.push_str(raw_name);
            self.out.push(':');
            return self.value(Place::Styles);
        }
        let raw = self.quoted()?;
        let value = meaning(raw)?;
        // The element is that of the object around.
        let element = self.stack.iter().rev().nth(1).and_then(|node| node.element.as_deref());
        let written = match rules::attribute(element, name, &value) {
            Fate::Gone => return Some(Next::CommaOrEnd),
            Fate::Same => None,
            Fate::Other(other) => Some(other.into_owned()),
        };
        self.comma();
        self.out.push_str(raw_name);
        self.out.push(':');
        match written {
            None => self.out.push_str(raw),
            Some(other) => self.write(&other),
        }
        Some(Next::CommaOrEnd)
    }

    fn value(&mut self, place: Place) -> Option<Next> {
        match self.peek()? {
            b'{' | b'[' => {
                let is_object = self.peek()? == b'{';
                self.open(if is_object && place == Place::Text { Place::Data } else { place })?;
                return Some(Next::ValueOrEnd);
            }
            b'"' => self.said(place)?,
            _ => {
                let start = self.at;
                self.scalar()?;
                self.out.push_str(&self.text[start..self.at]);
            }
        }
        Some(Next::CommaOrEnd)
    }

    /// A text that is neither an attribute's nor an element's name.
    fn said(&mut self, place: Place) -> Option<()> {
        let raw = self.quoted()?;
        let is_piece = place == Place::Text && !self.is_style;
        // A text of a page is one of a style for all that is known here. `(` and `@` can be written as `\u0028` and `\u0040`.
        let is_style = self.is_style || place == Place::Styles || raw.contains(['(', '@']) || raw.contains("\\u00");
        let plain = if is_piece || is_style { meaning(raw)? } else { Cow::Borrowed("") };
        let styled = if is_style { rules::style(&plain) } else { Cow::Borrowed(&*plain) };
        let clean = if is_piece { rules::piece(styled) } else { styled };
        if clean == plain {
            self.out.push_str(raw);
        } else {
            self.write(&clean);
        }
        Some(())
    }

    /// Numbers, yes, no, nothing: as they are.
    fn scalar(&mut self) -> Option<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'a'..=b'z' | b'E')) {
            self.at += 1;
        }
        serde_json::from_str::<serde::de::IgnoredAny>(&self.text[start..self.at]).ok().map(drop)
    }

    /// Whatever value begins here is not written.
    fn skip(&mut self) -> Option<Next> {
        let mut depth = 0_usize;
        loop {
            self.space();
            match self.peek()? {
                b'"' => drop(self.quoted()?),
                b'{' | b'[' => (self.at, depth) = (self.at + 1, depth + 1),
                b'}' | b']' => (self.at, depth) = (self.at + 1, depth.checked_sub(1)?),
                b',' | b':' if depth > 0 => self.at += 1,
                _ => self.scalar()?,
            }
            if depth == 0 {
                return Some(Next::CommaOrEnd);
            }
        }
    }

    fn write(&mut self, text: &str) {
        self.out.push_str(&serde_json::Value::from(text).to_string());
    }
}

/// What a text in quotes says. Half a sign, as recorders cut them, is one that is not known.
fn meaning(raw: &str) -> Option<Cow<'_, str>> {
    struct Said;
    impl Visitor<'_> for Said {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }

        fn visit_bytes<E>(self, said: &[u8]) -> Result<String, E> {
            Ok(String::from_utf8_lossy(said).into_owned())
        }
    }
    let inside = raw.get(1..raw.len().checked_sub(1)?)?;
    if !inside.contains('\\') {
        return Some(Cow::Borrowed(inside));
    }
    serde_json::Deserializer::from_str(raw).deserialize_bytes(Said).ok().map(Cow::Owned)
}
