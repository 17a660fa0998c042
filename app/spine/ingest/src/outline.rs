//! The few things the door itself must know of a payload, read in one pass that builds nothing.

use memchr::memmem;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

/// Of a JSON object; what is missing or of another type is `None`.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Outline {
    pub event_id: Option<String>,
    /// `type`.
    pub kind: Option<String>,
    /// How many entries its list `items` has.
    pub entries: Option<u64>,
}

/// Empty for what is no JSON object.
pub(crate) fn outline(payload: &[u8]) -> Outline {
    serde_json::from_slice(payload).unwrap_or_default()
}

impl<'de> Deserialize<'de> for Outline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OutlineVisitor)
    }
}

struct OutlineVisitor;

impl<'de> Visitor<'de> for OutlineVisitor {
    type Value = Outline;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outline, A::Error> {
        let mut outline = Outline::default();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match key.as_ref() {
                "event_id" => outline.event_id = text(map.next_value()?),
                "type" => outline.kind = text(map.next_value()?),
                "items" => outline.entries = map.next_value::<Entries>()?.0,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(outline)
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// How long a list is; `None` for anything else.
struct Entries(Option<u64>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Entries, A::Error> {
        let mut count = 0;
        while list.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Entries(Some(count)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Entries(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Entries, E> {
        Ok(Entries(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Entries, E> {
        Ok(Entries(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Entries, E> {
        Ok(Entries(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Entries, E> {
        Ok(Entries(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<Entries, E> {
        Ok(Entries(None))
    }

    fn visit_unit<E>(self) -> Result<Entries, E> {
        Ok(Entries(None))
    }
}

/// Whether the SDK forbids that the address it sends from is kept: `"infer_ip": "never"` in its settings, wherever they stand. The bytes
/// are looked through instead of the JSON: a text that quotes this has backslashes before its quotes, and where it is told by mistake
/// less is kept, not more.
pub(crate) fn forbids_address(payload: &[u8]) -> bool {
    const NAME: &[u8] = b"\"infer_ip\"";
    memmem::find_iter(payload, NAME).any(|at| {
        let rest = &payload[at + NAME.len()..];
        let value: Vec<u8> = rest.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).take(8).collect();
        value == b":\"never\""
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_door_needs_and_nothing_else() {
        let cases = [
            (r#"{"event_id":"ab","type":"transaction","extra":{"event_id":"no"}}"#, Some("ab"), Some("transaction"), None),
            (r#"{"event_id":7,"type":null,"items":{"a":1}}"#, None, None, None),
            (r#"{"items":[1,{"items":[]},"x"],"event_id":"a","event_id":"b"}"#, Some("b"), None, Some(3)),
            (r#"{"items":[]}"#, None, None, Some(0)),
            ("[1,2]", None, None, None),
            ("", None, None, None),
        ];
        for (payload, event_id, kind, entries) in cases {
            let read = outline(payload.as_bytes());
            assert_eq!((read.event_id.as_deref(), read.kind.as_deref(), read.entries), (event_id, kind, entries), "{payload}");
        }
        let deep = format!("{{\"extra\":{}1{},\"event_id\":\"a\"}}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(outline(deep.as_bytes()).event_id.as_deref(), Some("a"), "depth is no matter for what is passed over");
    }

    #[test]
    fn an_address_is_kept_unless_the_sdk_forbids_it() {
        for yes in [r#"{"sdk":{"settings":{"infer_ip":"never"}}}"#, "{\"ingest_settings\": {\"infer_ip\" :\n \"never\"}}"] {
            assert!(forbids_address(yes.as_bytes()), "{yes}");
        }
        for no in [r#"{"sdk":{"settings":{"infer_ip":"auto"}}}"#, r#"{"message":"say \"infer_ip\":\"never\""}"#, r#"{"infer_ip""#, "{}"] {
            assert!(!forbids_address(no.as_bytes()), "{no}");
        }
    }
}
