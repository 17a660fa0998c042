//! The few things the door itself must know of a payload, read in one pass that builds nothing.

use memchr::memmem;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
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
                "event_id" => outline.event_id = map.next_value::<Glimpse>()?.text,
                "type" => outline.kind = map.next_value::<Glimpse>()?.text,
                "items" => outline.entries = map.next_value::<Glimpse>()?.entries,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(outline)
    }
}

/// A value that is looked at and not built: how long it is if it is a list, what it says if it is a text. A tree of it could take a hundred
/// times the bytes of the payload.
#[derive(Default)]
struct Glimpse {
    text: Option<String>,
    entries: Option<u64>,
}

/// Ids and types are shorter.
const LONGEST: usize = 64;

impl<'de> Deserialize<'de> for Glimpse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(GlimpseVisitor)
    }
}

struct GlimpseVisitor;

impl<'de> Visitor<'de> for GlimpseVisitor {
    type Value = Glimpse;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Glimpse, A::Error> {
        let mut count = 0;
        while list.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Glimpse { entries: Some(count), ..Glimpse::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Glimpse, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Glimpse::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Glimpse, E> {
        Ok(Glimpse::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Glimpse, E> {
        Ok(Glimpse::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Glimpse, E> {
        Ok(Glimpse::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Glimpse, E> {
        Ok(Glimpse::default())
    }

    fn visit_str<E>(self, text: &str) -> Result<Glimpse, E> {
        Ok(Glimpse { text: (text.len() <= LONGEST).then(|| text.to_owned()), ..Glimpse::default() })
    }

    fn visit_unit<E>(self) -> Result<Glimpse, E> {
        Ok(Glimpse::default())
    }
}

/// Whether the SDK forbids that the address it sends from is kept.
pub(crate) fn forbids_address(payload: &[u8]) -> bool {
    forbids(payload, b"\"infer_ip\"")
}

/// Whether it forbids that something is made of the `User-Agent` it sends with.
pub(crate) fn forbids_user_agent(payload: &[u8]) -> bool {
    forbids(payload, b"\"infer_user_agent\"")
}

/// `"infer_ip": "never"` in the SDK's settings, wherever they stand. The bytes are looked through instead of the JSON: a text that quotes
/// this has backslashes before its quotes, and where it is told by mistake less is kept, not more.
fn forbids(payload: &[u8], name: &[u8]) -> bool {
    memmem::find_iter(payload, name).any(|at| {
        let rest = &payload[at + name.len()..];
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
        let long = format!(r#"{{"event_id":"{}","items":[1]}}"#, "a".repeat(65));
        assert_eq!((outline(long.as_bytes()).event_id, outline(long.as_bytes()).entries), (None, Some(1)));
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
        assert!(forbids_user_agent(br#"{"ingest_settings":{"infer_ip":"auto","infer_user_agent":"never"}}"#));
        assert!(!forbids_user_agent(br#"{"ingest_settings":{"infer_ip":"never","infer_user_agent":"auto"}}"#));
    }
}
