//! Feeds, data and badges: valid whatever people type.

use super::sample::*;
use crate::feeds::badge::Badge;
use crate::feeds::{atom, calendar, json, json_feed, rss, xml};
use crate::model::*;
use proptest::prelude::*;
use serde_json::Value;

fn document(name: &str) -> Value {
    let (snapshot, links) = (snapshot(), links());
    let all = json::Api { snapshot: &snapshot, links: &links }.documents();
    all.into_iter().find(|(path, _)| *path == name).unwrap().1
}

/// A small reader that accepts only well-formed XML: tags closed in order, no stray `<` or `&`.
fn assert_well_formed(document: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = document.strip_prefix("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n").unwrap_or(document).trim_end();
    while let Some(start) = rest.find('<') {
        assert_text(&rest[..start]);
        let end = start + rest[start..].find('>').expect("each tag ends");
        let tag = &rest[start + 1..end];
        assert!(!tag.contains('<'), "a tag in a tag: {tag}");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        rest = &rest[end + 1..];
    }
    assert_text(rest);
    assert!(open.is_empty(), "left open: {open:?}");
}

fn assert_text(text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let end = rest[at..].find(';').expect("each & is an entity");
        assert!(["&amp", "&lt", "&gt", "&quot", "&#39"].contains(&&rest[at..at + end]), "{}", &rest[at..]);
        rest = &rest[at + end..];
    }
    assert!(!text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r' | '\u{7f}'..='\u{9f}')));
}

fn hostile(text: &str) -> Snapshot {
    let mut snapshot = snapshot();
    snapshot.look.name = text.to_owned();
    snapshot.reports[0].title = text.to_owned();
    snapshot.reports[0].updates[0].body = text.to_owned();
    snapshot.maintenances[0].title = text.to_owned();
    snapshot.maintenances[0].updates[0].body = text.to_owned();
    for component in snapshot.sections.iter_mut().flat_map(|section| &mut section.components) {
        component.name = text.to_owned();
        component.description = text.to_owned();
    }
    snapshot.sections[1].name = Some(text.to_owned());
    snapshot
}

#[test]
fn summary_has_the_fields_tools_for_statuspage_read() {
    let summary = document("summary");
    assert_eq!(summary["status"]["indicator"], "major");
    assert_eq!(summary["page"]["time_zone"], "Europe/Berlin");
    assert_eq!(summary["components"].as_array().unwrap().len(), 5, "four components and a group");
    assert_eq!(summary["components"][2]["group"], true);
    assert_eq!(summary["components"][3]["group_id"], "grp1");
    assert_eq!(summary["components"][4]["has_data"], false);
    assert_eq!(summary["incidents"][0]["status"], "identified");
    assert_eq!(summary["incidents"][0]["impact"], "major");
    assert_eq!(summary["incidents"][0]["incident_updates"][1]["affected_components"][0]["new_status"], "partial_outage");
    assert_eq!(summary["incidents"].as_array().unwrap().len(), 1, "only open ones");
    assert_eq!(summary["scheduled_maintenances"][0]["scheduled_for"], "2026-11-25T14:39:00.000Z");
    assert_eq!(document("incidents")["incidents"].as_array().unwrap().len(), 2);
    assert_eq!(document("incidents/unresolved")["incidents"].as_array().unwrap().len(), 1);
    assert_eq!(document("scheduled-maintenances/active")["scheduled_maintenances"].as_array().unwrap().len(), 0);
    assert_eq!(document("scheduled-maintenances/upcoming")["scheduled_maintenances"].as_array().unwrap().len(), 1);
}

#[test]
fn feeds_tell_the_newest_change_first_and_keep_their_ids() {
    let (snapshot, links) = (snapshot(), links());
    let atom = atom::render(&snapshot, &links);
    assert_well_formed(&atom);
    let first = atom.find("urn:hermetic:report:rep0001").unwrap();
    let second = atom.find("urn:hermetic:maintenance:mnt0001").unwrap();
    let third = atom.find("urn:hermetic:report:rep0000").unwrap();
    assert!(first < second && second < third);
    assert!(atom.contains("<updated>2026-11-23T14:27:00Z</updated>"));
    assert!(atom.contains("&lt;strong&gt;new payments&lt;/strong&gt;"));
    let rss = rss::render(&snapshot, &links);
    assert_well_formed(&rss);
    assert!(rss.contains("<pubDate>Mon, 23 Nov 2026 14:27:00 +0000</pubDate>"));
    assert!(rss.contains("<guid isPermaLink=\"false\">urn:hermetic:report:rep0001</guid>"));
    let feed = json_feed::render(&snapshot, &links);
    assert_eq!(feed["items"][0]["url"], "https://status.example.com/reports/rep0001");
}

#[test]
fn badges_say_the_state_in_words() {
    let badge = Badge::component("API", Some(ComponentState::MajorOutage), Language::En);
    assert!(badge.svg().contains("aria-label=\"API: Major outage\""));
    assert_eq!(badge.shields()["schemaVersion"], 1);
    assert_eq!(badge.shields()["message"], "Major outage");
}

#[test]
fn no_line_can_be_smuggled_into_a_calendar() {
    let snapshot = hostile("Upgrade\r\nATTENDEE:mailto:a@b.example\nEND:VEVENT; a, b \\ c");
    let calendar = calendar::render(&snapshot, &links());
    assert!(!calendar.lines().any(|line| line.starts_with("ATTENDEE")));
    assert_eq!(calendar.matches("\r\nEND:VEVENT\r\n").count(), 1);
    assert!(calendar.split("\r\n").all(|line| line.len() <= 75));
}

proptest! {
    #[test]
    fn xml_stays_well_formed_whatever_is_typed(text in "[\\PC\\x00-\\x1f<>&\"'\\]]{0,60}") {
        assert_text(&xml::escape(&text));
        let snapshot = hostile(&text);
        assert_well_formed(&atom::render(&snapshot, &links()));
        assert_well_formed(&rss::render(&snapshot, &links()));
        assert_well_formed(&Badge::component(&text, None, Language::Fr).svg());
    }

    #[test]
    fn json_stays_json_whatever_is_typed(text in "\\PC{0,60}") {
        let (snapshot, links) = (hostile(&text), links());
        for (_, value) in (json::Api { snapshot: &snapshot, links: &links }).documents() {
            let read: Value = serde_json::from_str(&value.to_string()).unwrap();
            prop_assert_eq!(read, value);
        }
    }

    #[test]
    fn calendars_keep_to_their_lines_whatever_is_typed(text in "[\\PC\\r\\n;:,\\\\]{0,200}") {
        let calendar = calendar::render(&hostile(&text), &links());
        prop_assert!(calendar.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n') && !line.contains('\r')));
        prop_assert_eq!(calendar.matches("\r\nBEGIN:VEVENT\r\n").count(), 1);
    }
}
