use crate::ids::{digest, random_public_id, random_token};
use crate::paging::{Page, PageRequest};
use crate::text::{Email, WebUrl, checked_line, shorten};
use crate::time::describe_duration;
use crate::{Clock, Error, Fact, Kind, Sealer, Secret, Time};
use proptest::prelude::*;
use std::time::Duration;

#[test]
fn the_chain_names_every_cause_and_display_only_the_first() {
    let error = Error::internal("writing a check").because(std::io::Error::other("disk full"));
    assert_eq!(error.to_string(), "writing a check");
    assert_eq!(error.chain(), "writing a check: disk full");
    assert!(!error.public_message().contains("disk"));
    assert_eq!(error.kind, Kind::Internal);
}

#[test]
fn a_secret_never_prints_and_opens_only_where_it_was_sealed() {
    let sealer = Sealer::new(&[7; 32]);
    let secret = Secret::new("hunter2");
    assert_eq!(format!("{secret:?}"), "•••");
    let sealed = sealer.seal("here", &secret).unwrap();
    assert!(!sealed.contains("hunter2"));
    assert_eq!(sealer.open("here", &sealed).unwrap().expose(), "hunter2");
    assert!(sealer.open("there", &sealed).is_err());
    assert!(Sealer::new(&[8; 32]).open("here", &sealed).is_err());
}

#[test]
fn tokens_are_long_and_differ() {
    assert_eq!(random_public_id().len(), 26);
    assert_eq!(random_token().len(), 52);
    assert_ne!(random_token(), random_token());
    assert_eq!(digest("").len(), 64);
}

#[test]
fn mail_addresses_are_checked_at_the_door() {
    for good in ["a@b.example", "first.last+tag@Sub.Example.COM", "ü@example.com"] {
        assert!(Email::parse(good).is_ok(), "{good}");
    }
    for bad in ["", "a", "a@", "@b", "a b@c.d", "a@b\r\nBcc: x@y.z", "a@b..c", "a@@b", "<a@b.c>", "a,b@c.d"] {
        assert!(Email::parse(bad).is_err(), "{bad:?}");
    }
    assert_eq!(Email::parse("A@EXAMPLE.com").unwrap().as_str(), "A@example.com");
}

#[test]
fn only_web_addresses_can_become_links() {
    assert!(WebUrl::parse("https://example.com/x?y=1").is_ok());
    for bad in ["javascript:alert(1)", "data:text/html,x", "ftp://x", "/relative", "https://"] {
        assert!(WebUrl::parse(bad).is_err(), "{bad}");
    }
    assert_eq!(WebUrl::parse("https://hooks.example.com/s3cret").unwrap().origin(), "https://hooks.example.com");
}

#[test]
fn lines_hold_no_line_breaks() {
    for bad in ["a\nb", "\u{200B}", "\u{202E}evil", "a\u{FEFF}"] {
        assert!(checked_line(bad, "a name", 20).is_err(), "{bad:?}");
    }
    assert_eq!(checked_line("  a ", "a name", 20).unwrap(), "a");
    assert_eq!(shorten("abcdef", 4), "abc…");
}

#[test]
fn durations_read_as_people_say_them() {
    let read = |seconds| describe_duration(Duration::from_secs(seconds));
    assert_eq!([read(5), read(60), read(192), read(7_500), read(90_000)], ["5 s", "1 min", "3 min 12 s", "2 h 5 min", "1 d 1 h"]);
}

#[test]
fn a_frozen_clock_moves_only_by_hand() {
    let clock = Clock::frozen(Time(1_000));
    clock.advance(Duration::from_secs(1));
    assert_eq!(clock.now(), Time(2_000));
    assert_eq!(Time(1_763_908_740_123).rfc3339_millis(), "2025-11-23T14:39:00.123Z");
}

#[test]
fn a_page_knows_whether_there_is_a_next_one() {
    let request = PageRequest { before: None, limit: Some(2) };
    let page = Page::from_rows(vec![9, 8, 7], &request, |row| *row);
    assert_eq!((page.rows, page.next), (vec![9, 8], Some(8)));
    assert_eq!(Page::from_rows(vec![9], &request, |row| *row).next, None);
}

#[test]
fn every_fact_kind_is_listed_once() {
    let fact = Fact::MaintenanceEnded { maintenance: crate::ids::MaintenanceId(1), ended_at: Time(1) };
    let json = serde_json::to_value(&fact).unwrap();
    assert_eq!(json["fact"], fact.kind());
    assert!(Fact::KINDS.contains(&fact.kind()));
    let mut kinds = Fact::KINDS.to_vec();
    kinds.dedup();
    assert_eq!(kinds.len(), Fact::KINDS.len());
}

proptest! {
    #[test]
    fn sealing_round_trips(text in ".*") {
        let sealer = Sealer::new(&[1; 32]);
        let sealed = sealer.seal("c", &Secret::new(text.clone())).unwrap();
        let opened = sealer.open("c", &sealed).unwrap();
        prop_assert_eq!(opened.expose(), text);
    }

    #[test]
    fn no_stored_time_breaks_a_page(millis in any::<i64>()) {
        let _ = Time(millis).rfc3339();
        prop_assert!(Time(millis).hour_start() <= Time(millis) || millis < i64::MIN + 3_600_000);
    }
}
