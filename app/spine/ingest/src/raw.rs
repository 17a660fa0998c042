//! JSON by its ranges: members and elements of what was found to be JSON, none of them built. A tree of JSON takes up to a hundred times
//! the bytes of its text; what comes in from strangers and is larger than an event is read this way.

use kernel::{Error, Result};
use serde::de::IgnoredAny;
use serde_json::Value;

/// One value of a text that is JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Raw<'b>(pub &'b [u8]);

impl<'b> Raw<'b> {
    /// A whole text. An error where it is no JSON.
    pub fn checked(text: &'b [u8]) -> Result<Raw<'b>> {
        serde_json::from_slice::<IgnoredAny>(text).map_err(|error| Error::invalid("This is no JSON.").because(error))?;
        Ok(Raw(text.trim_ascii()))
    }

    pub fn is_object(self) -> bool {
        self.0.first() == Some(&b'{')
    }

    pub fn is_list(self) -> bool {
        self.0.first() == Some(&b'[')
    }

    /// Names as they are written, with their values; nothing for what is no object.
    pub fn members(self) -> impl Iterator<Item = (&'b [u8], Raw<'b>)> {
        let mut parts = Parts::of(self, b'{');
        std::iter::from_fn(move || {
            let name = parts.next()?;
            let name = name.0.get(1..name.0.len() - 1).unwrap_or_default();
            Some((name, parts.next()?))
        })
    }

    /// The values of a list; nothing for what is none.
    pub fn elements(self) -> impl Iterator<Item = Raw<'b>> {
        Parts::of(self, b'[')
    }

    /// A text, a number, a truth value; `Null` for an object or a list.
    pub fn scalar(self) -> Value {
        match self.0.first() {
            Some(b'{' | b'[') | None => Value::Null,
            Some(_) => serde_json::from_slice(self.0).unwrap_or_default(),
        }
    }
}

/// What stands between the commas and colons of one object or list.
struct Parts<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Parts<'b> {
    fn of(raw: Raw<'b>, open: u8) -> Parts<'b> {
        let bytes = raw.0.trim_ascii();
        if bytes.first() == Some(&open) { Parts { bytes, at: 1 } } else { Parts { bytes: &[], at: 0 } }
    }
}

impl<'b> Iterator for Parts<'b> {
    type Item = Raw<'b>;

    fn next(&mut self) -> Option<Raw<'b>> {
        let is_between = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b':');
        self.at += self.bytes.get(self.at..)?.iter().take_while(|byte| is_between(byte)).count();
        let start = self.at;
        match self.bytes.get(start)? {
            b'}' | b']' => return None,
            b'"' => self.at = text_end(self.bytes, start),
            b'{' | b'[' => self.at = nested_end(self.bytes, start),
            _ => self.at += self.bytes[start..].iter().take_while(|byte| !is_between(byte) && !matches!(byte, b'}' | b']')).count(),
        }
        Some(Raw(self.bytes.get(start..self.at)?))
    }
}

/// Behind the closing quote of the text that begins here.
fn text_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(next) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        at += next + 1;
        match bytes[at - 1] {
            b'"' => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Behind the closing bracket of what begins here, however deep it is; the end of the text where there is none.
pub(crate) fn nested_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = text_end(bytes, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn built(raw: Raw<'_>) -> Value {
        match raw.0.first() {
            Some(b'{') => {
                let name = |name: &[u8]| serde_json::from_slice::<String>(&[b"\"", name, b"\""].concat()).unwrap();
                raw.members().map(|(key, value)| (name(key), built(value))).collect()
            }
            Some(b'[') => raw.elements().map(built).collect(),
            _ => raw.scalar(),
        }
    }

    fn tree() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z \\\\\"{}\\[\\],:é\n]{0,12}".prop_map(Value::from)
        ];
        leaf.prop_recursive(5, 40, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::btree_map("[a-f\"\\\\{:]{0,5}", inner, 0..5).prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_read_by_ranges_is_what_was_written(value in tree(), is_pretty in any::<bool>()) {
            let text = if is_pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
            prop_assert_eq!(built(Raw::checked(text.as_bytes()).unwrap()), value);
        }

        #[test]
        fn noise_never_panics(text in proptest::collection::vec(any::<u8>(), 0..60)) {
            for (_, value) in Raw(&text).members() {
                prop_assert!(value.0.len() <= text.len());
            }
            prop_assert!(Raw(&text).elements().count() <= text.len());
        }
    }

    #[test]
    fn depth_takes_no_stack() {
        let deep = format!("[{}1{},2]", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(Raw::checked(deep.as_bytes()).unwrap().elements().count(), 2);
    }
}
