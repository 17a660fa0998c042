//! What people said: in the form of today's SDKs (an event with a feedback context) and in the older one (a user report).

use ingest::{EventId, Item, Kind};
use kernel::Time;
use serde_json::{Map, Value};

use super::lenient::{take_line, take_map, take_text};
use super::when;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What it is about.
    pub event_id: Option<EventId>,
    pub name: String,
    pub email: String,
    pub message: String,
    pub url: String,
    pub at: Time,
}

/// `None`: nothing was said.
pub fn read(item: &Item, payload: &[u8]) -> Option<Said> {
    let Ok(Value::Object(mut map)) = serde_json::from_slice(payload) else { return None };
    let said = map.remove("timestamp").and_then(|value| when::parse(&value));
    let at = when::event_time(said, item.head.sent_at, item.received_at);
    let said = match item.kind {
        Kind::UserReport => {
            let own = EventId::parse(&take_text(&mut map, "event_id", 64));
            let fields = fields(&mut map, "comments", "email");
            Said { event_id: own.or(item.event_id), at, ..fields }
        }
        _ => {
            let mut feedback = take_map(&mut take_map(&mut map, "contexts"), "feedback");
            let about = EventId::parse(&take_text(&mut feedback, "associated_event_id", 64));
            Said { event_id: about, at, ..fields(&mut feedback, "message", "contact_email") }
        }
    };
    (!said.message.trim().is_empty()).then_some(said)
}

fn fields(map: &mut Map<String, Value>, message: &str, email: &str) -> Said {
    Said {
        event_id: None,
        name: take_line(map, "name", 128),
        email: take_line(map, email, 254),
        message: take_text(map, message, 8_192),
        url: take_line(map, "url", 2_048),
        at: Time(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::ids::ProjectId;

    #[test]
    fn both_forms_are_read_and_silence_is_none() {
        let item = |kind| Item::sample(1, ProjectId(1), kind, Time(1_795_425_190_000), b"");
        let new = read(
            &item(Kind::Feedback),
            br#"{"contexts":{"feedback":{"message":"It hurts","name":"Ada","contact_email":"ada@example.com","associated_event_id":"17f48c752d6942d2a660a88bcd35c70b","url":"https://x.example/"}}}"#,
        )
        .unwrap();
        let old = read(
            &item(Kind::UserReport),
            br#"{"event_id":"17f48c75-2d69-42d2-a660-a88bcd35c70b","name":"Ada","email":"ada@example.com","comments":"It hurts"}"#,
        )
        .unwrap();
        assert_eq!(Said { url: String::new(), ..new }, old);
        assert_eq!(read(&item(Kind::Feedback), br#"{"contexts":{"feedback":{"message":"  "}}}"#), None);
        assert_eq!(read(&item(Kind::Feedback), b"[]"), None);
    }
}
