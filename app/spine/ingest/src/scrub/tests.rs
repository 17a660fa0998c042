use super::*;
use serde_json::{Value, json};

pub fn sample_project() -> Project {
    Project {
        id: kernel::ids::ProjectId(1),
        slug: "web".into(),
        name: "Web".into(),
        platform: String::new(),
        allowed_origins: Vec::new(),
        keeps_addresses: true,
        scrub_fields: Vec::new(),
        safe_fields: Vec::new(),
        created_at: kernel::Time(0),
    }
}

fn scrub(kind: Kind, payload: &Value) -> (Value, usize) {
    let scrubbed = Scrubber::for_project(&sample_project()).scrub(kind, payload.to_string().as_bytes()).unwrap();
    (serde_json::from_slice(&scrubbed.bytes).unwrap(), scrubbed.redactions)
}

#[test]
fn an_event_without_secrets_stays_byte_for_byte() {
    let payload = br#" { "event_id":"9ec79c33ec9942ab8353589fcb2e04dc" , "message" : "caf\u00e9 \ud83d\ude00 a=b","extra":{"session_count":5,"big":12345678901234567890} } "#;
    let scrubbed = Scrubber::for_project(&sample_project()).scrub(Kind::Event, payload).unwrap();
    assert_eq!(scrubbed, Scrubbed { bytes: payload.to_vec(), redactions: 0 });
}

#[test]
fn secrets_are_gone_by_their_name_and_the_reason_is_told() {
    let (clean, redactions) = scrub(Kind::Event, &json!({"extra": {"db": {"password": "hunter2", "host": "db1"}}}));
    assert_eq!(redactions, 1);
    assert_eq!(clean["extra"]["db"], json!({"password": FILTERED, "host": "db1"}));
    assert_eq!(clean["_meta"], json!({"extra": {"db": {"password": {"": {"rem": [["@password", "x"]]}}}}}));
}
