//! Any bytes as a segment of a session replay: refused or read, never a panic, never more than the cap. What the scrubber leaves is JSON and
//! stays the same when it is scrubbed again; what a player gets is JSON without a script.
#![no_main]

use fuzz::replay::{neutral, recording as segments};
use ingest::scrub::Scrubber;
use ingest::{envelope, recording};
use kernel::ids::ProjectId;
use kernel::{Error, Kind, Time};
use libfuzzer_sys::fuzz_target;

const CAP: usize = 4 << 20;

fn scrubber() -> Scrubber {
    let project = identity::projects::Project {
        id: ProjectId(1),
        slug: "web".into(),
        name: "Web".into(),
        platform: String::new(),
        allowed_origins: Vec::new(),
        keeps_addresses: false,
        scrub_fields: vec!["plan".into()],
        safe_fields: Vec::new(),
        created_at: Time(0),
    };
    Scrubber::for_project(&project)
}

fn open(payload: &[u8]) -> Option<String> {
    let mut size = 0;
    let mut grow = |bytes: usize| {
        size += bytes;
        if size > CAP { Err(Error::new(Kind::TooLarge, "enough")) } else { Ok(()) }
    };
    recording::open(payload, &mut grow).ok().map(|opened| opened.json)
}

fn check(json: &str) {
    // Bytes that are no recording are read as one, too: a player's pass leans on nothing.
    let feed = neutral::feed(std::iter::once(json));
    let Ok(text) = String::from_utf8(feed) else { panic!("what is played is no text") };
    assert!(serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok(), "what is played is no JSON: {text}");
    assert!(!text.contains("\"tagName\":\"script\"") && !text.contains("\"tagName\":\"object\""), "{text}");
    let _ = segments::content(json);
    let scrubber = scrubber();
    let scrub = |json: &str| {
        let mut clean = String::new();
        let mut out = |piece: &str| {
            clean.push_str(piece);
            Ok(())
        };
        scrubber.scrub_recording(json, &mut out).ok().map(|_| clean)
    };
    let Some(clean) = scrub(json) else { return };
    assert!(serde_json::from_str::<serde::de::IgnoredAny>(&clean).is_ok(), "what was scrubbed is no JSON: {clean}");
    assert_eq!(scrub(&clean).as_deref(), Some(clean.as_str()));
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        check(text);
    }
    if let Some(json) = open(bytes) {
        check(&json);
    }
    let Ok(split) = envelope::parse(bytes) else { return };
    for item in split.items {
        if let Some(json) = open(item.payload) {
            check(&json);
        }
    }
});
