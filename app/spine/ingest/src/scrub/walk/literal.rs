//! Texts and numbers as JSON writes them: where they end, what is in them, what our readers would refuse about them.

use std::borrow::Cow;

/// What occurs in a text: decides cheaply which searches are worth it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Marks {
    pub digits: u32,
    pub has_equals: bool,
    pub has_colon: bool,
    pub has_at: bool,
    pub has_percent: bool,
    pub has_tag: bool,
    pub has_escape: bool,
    pub has_unicode_escape: bool,
    /// A lone surrogate or a bare control character.
    pub is_unreadable: bool,
}

const DIGIT: u8 = 1;
const EQUALS: u8 = 2;
const COLON: u8 = 4;
const AT: u8 = 8;
const PERCENT: u8 = 16;
const CONTROL: u8 = 32;
const TAG: u8 = 128;
/// A quote or a backslash: the scan stops there.
const STOP: u8 = 64;

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'=' => EQUALS,
            b':' => COLON,
            b'@' => AT,
            b'%' => PERCENT,
            b'<' => TAG,
            b'"' | b'\\' => STOP,
            0..=0x1f => CONTROL,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

impl Marks {
    /// Of a text that was unescaped.
    pub fn of(text: &str) -> Marks {
        let mut marks = Marks::default();
        let seen = text.bytes().fold(0, |seen, byte| {
            marks.digits += u32::from(CLASSES[usize::from(byte)] & DIGIT);
            seen | CLASSES[usize::from(byte)]
        });
        marks.take(seen);
        marks
    }

    fn take(&mut self, seen: u8) {
        self.has_equals = seen & EQUALS != 0;
        self.has_colon = seen & COLON != 0;
        self.has_at = seen & AT != 0;
        self.has_percent = seen & PERCENT != 0;
        self.has_tag = seen & TAG != 0;
        self.is_unreadable |= seen & CONTROL != 0;
    }
}

/// A text between its quotes.
#[derive(Debug)]
pub struct Quoted {
    pub start: usize,
    pub end: usize,
    pub marks: Marks,
}

/// Reads the text whose opening quote stands at `at`. `None`: it does not end, or has an escape that is none.
pub fn quoted(text: &str, at: usize) -> Option<Quoted> {
    let bytes = text.as_bytes();
    let start = at + 1;
    let (mut at, mut seen, mut marks) = (start, 0, Marks::default());
    loop {
        let class = CLASSES[usize::from(*bytes.get(at)?)];
        seen |= class;
        marks.digits += u32::from(class & DIGIT);
        at += 1;
        if class != STOP {
            continue;
        }
        if bytes[at - 1] == b'"' {
            marks.take(seen);
            return Some(Quoted { start, end: at - 1, marks });
        }
        marks.has_escape = true;
        match *bytes.get(at)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at += 1,
            b'u' => {
                marks.has_unicode_escape = true;
                let (len, unit) = unicode(&text.as_bytes()[at - 1..])?;
                marks.is_unreadable |= unit.is_none();
                at += len - 1;
            }
            _ => return None,
        }
    }
}

/// A `\uXXXX` or a pair of them at the start of `bytes`: its length, and the character unless it is half of one.
fn unicode(bytes: &[u8]) -> Option<(usize, Option<char>)> {
    let unit = |at: usize| -> Option<u32> {
        let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
        digits.iter().try_fold(0, |unit, byte| Some(unit * 16 + char::from(*byte).to_digit(16)?))
    };
    let first = unit(0)?;
    match (first, unit(6)) {
        (0xd800..=0xdbff, Some(second @ 0xdc00..=0xdfff)) => {
            Some((12, char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00))))
        }
        _ => Some((6, char::from_u32(first))),
    }
}

/// What a text between its quotes means; halves of characters become U+FFFD.
pub fn unescape(raw: &str) -> Cow<'_, str> {
    let Some(first) = raw.find('\\') else { return Cow::Borrowed(raw) };
    let mut text = String::with_capacity(raw.len());
    let (mut rest, mut next) = (raw, Some(first));
    while let Some(at) = next {
        text.push_str(&rest[..at]);
        let escape = &rest.as_bytes()[at..];
        let (len, meaning) = match escape.get(1) {
            Some(b'u') => unicode(escape).map_or((2, None), |(len, meaning)| (len, meaning)),
            Some(b'n') => (2, Some('\n')),
            Some(b'r') => (2, Some('\r')),
            Some(b't') => (2, Some('\t')),
            Some(b'b') => (2, Some('\u{8}')),
            Some(b'f') => (2, Some('\u{c}')),
            Some(byte @ (b'"' | b'\\' | b'/')) => (2, Some(char::from(*byte))),
            _ => (1, None),
        };
        text.push(meaning.unwrap_or(char::REPLACEMENT_CHARACTER));
        rest = &rest[at + len..];
        next = rest.find('\\');
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// With quotes.
pub fn escape(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

pub struct Scalar {
    pub len: usize,
    /// Not JSON, but Python's; or a number that no double holds.
    pub is_unreadable: bool,
}

/// A number, `true`, `false` or `null` at the start of the text; also `NaN`, `Infinity` and `-Infinity`.
pub fn scalar(text: &str) -> Option<Scalar> {
    for (word, is_unreadable) in
        [("true", false), ("false", false), ("null", false), ("NaN", true), ("Infinity", true), ("-Infinity", true), ("-NaN", true)]
    {
        if text.starts_with(word) {
            return Some(Scalar { len: word.len(), is_unreadable });
        }
    }
    let len = number_len(text.as_bytes())?;
    let number = &text[..len];
    let may_overflow = len > 300 || number.contains(['e', 'E']);
    let is_unreadable = may_overflow && !number.parse::<f64>().is_ok_and(f64::is_finite);
    Some(Scalar { len, is_unreadable })
}

/// By JSON's own grammar: no leading zeros, no lone dot.
fn number_len(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| bytes[from.min(bytes.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && bytes[at] == b'0') {
        return None;
    }
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        at += 1 + fraction;
        if fraction == 0 {
            return None;
        }
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at);
        at += exponent;
        if exponent == 0 {
            return None;
        }
    }
    Some(at)
}
