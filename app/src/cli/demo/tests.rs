//! What the demo sends is what a door takes, the same each time, and shows everything that it promises to show.

use ingest::envelope;
use kernel::Time;
use kernel::time::{DAY, HOUR};
use serde_json::Value;
use std::collections::BTreeSet;

use super::wire::Envelope;
use super::{shop, traffic};

/// Monday, 2026-03-02 12:00 UTC.
const START: Time = Time(1_772_452_800_000);

/// Every hour of the history, oldest first, as (of the shop, of the API).
fn week() -> Vec<(Vec<Envelope>, Vec<Envelope>)> {
    let hours = (1..=24 * 7).rev();
    hours.map(|ago| traffic::hour(START - HOUR * ago, START)).collect()
}

/// Kind and payload of everything in these envelopes, as the door reads them.
fn items(envelopes: &[Envelope]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for envelope in envelopes.iter().filter(|envelope| !envelope.is_empty()) {
        let bytes = envelope.bytes(START);
        let read = envelope::parse(&bytes).expect("an envelope");
        assert!(read.malformed.items + read.beyond.items == 0, "{}", String::from_utf8_lossy(&bytes));
        for item in &read.items {
            assert!(item.is_whole, "{}", item.header.kind);
            let kind = ingest::Kind::from_item_type(&item.header.kind).unwrap_or_else(|| panic!("no kind {}", item.header.kind));
            assert!(item.payload.len() < ingest::limits::payload(kind), "{kind:?}");
            assert_eq!(
                ingest::limits::is_json(kind),
                serde_json::from_slice::<Value>(item.payload).is_ok_and(|_| kind != ingest::Kind::Attachment)
            );
            found.push((item.header.kind.clone(), item.payload.to_vec()));
        }
    }
    found
}

#[test]
fn the_same_hour_is_the_same_each_time_and_no_two_hours_are_alike() {
    let bytes = |(shop, api): (Vec<Envelope>, Vec<Envelope>)| -> Vec<u8> {
        shop.iter().chain(&api).flat_map(|envelope| envelope.bytes(START)).collect()
    };
    assert_eq!(bytes(traffic::hour(START - DAY, START)), bytes(traffic::hour(START - DAY, START)));
    let all: BTreeSet<Vec<u8>> = week().into_iter().map(bytes).collect();
    assert_eq!(all.len(), 24 * 7);
}

#[test]
fn a_week_has_everything_that_the_pages_can_show() {
    let mut kinds = BTreeSet::new();
    let mut text = String::new();
    for (shop, api) in week() {
        for (kind, payload) in items(&shop).into_iter().chain(items(&api)) {
            kinds.insert(kind);
            text.push_str(&String::from_utf8_lossy(&payload));
        }
    }
    let wanted = [
        "attachment",
        "client_report",
        "event",
        "feedback",
        "log",
        "replay_event",
        "replay_recording",
        "session",
        "sessions",
        "span",
        "transaction",
    ];
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), wanted);
    for family in [
        "reading 'percent'",
        "evaluating 't.voucher.percent'",
        "ChunkLoadError",
        "Failed to fetch",
        "Recommendations.load",
        "KeyError",
        "OperationalError",
        "ReadTimeout",
        "has no shipping address",
        "shop@2.3.0",
        "shop@2.4.0",
        "shop@2.4.1",
        "api@1.7.2",
        "browser.web_vital.lcp.value",
        "browser.web_vital.cls.value",
        "browser.web_vital.inp.value",
        "order_items.order_id",
        "is paid",
    ] {
        assert!(text.contains(family), "a week without {family}");
    }
}

#[test]
fn ids_of_events_are_ids_and_no_two_are_the_same() {
    let mut ids = BTreeSet::new();
    let mut events = 0;
    for (shop, api) in week() {
        for (kind, payload) in items(&shop).into_iter().chain(items(&api)) {
            if !matches!(kind.as_str(), "event" | "transaction" | "feedback") {
                continue;
            }
            let event: Value = serde_json::from_slice(&payload).expect("JSON");
            let id = event["event_id"].as_str().expect("an id");
            assert!(ingest::EventId::parse(id).is_some(), "{id}");
            let happened = event["timestamp"].as_f64().expect("a time") * 1_000.0;
            let end = f64::from(i32::try_from(START.0 / 1_000).expect("seconds of this age")) * 1_000.0;
            assert!(happened < end + 10_000.0 && happened > end - 7.1 * 86_400_000.0, "{kind} at {happened}");
            ids.insert(id.to_owned());
            events += 1;
        }
    }
    assert!(events > 500, "only {events}");
    assert_eq!(ids.len(), events);
}

#[test]
fn the_newest_release_meets_more_errors_that_nobody_caught_than_the_one_before() {
    let sent: Vec<(String, Vec<u8>)> = week().iter().flat_map(|(shop, _)| items(shop)).collect();
    let share = |release: &str| {
        let (mut all, mut hit) = (0.0, 0.0);
        for (_, payload) in sent.iter().filter(|(kind, _)| kind == "session") {
            let session: Value = serde_json::from_slice(payload).unwrap_or_default();
            if session["attrs"]["release"] == release {
                all += 1.0;
                // Browsers since SDK 11 have no other word for it, and never crash.
                assert!(["exited", "errored", "unhandled"].contains(&session["status"].as_str().unwrap_or_default()), "{session}");
                hit += if session["status"] == "unhandled" { 1.0 } else { 0.0 };
            }
        }
        assert!(all > 50.0, "{release}: {all} sessions");
        hit / all
    };
    let (before, newest) = (share("shop@2.4.0"), share("shop@2.4.1"));
    assert!(newest > before * 3.0, "{before} before, {newest} now");
}

#[test]
fn what_the_browser_says_of_a_call_is_what_the_api_says_of_it() {
    let mut failed = BTreeSet::new();
    let mut answered = 0;
    let week = week();
    for (_, api) in &week {
        for (_, payload) in items(api).iter().filter(|(kind, _)| kind == "transaction") {
            let trace: Value = serde_json::from_slice::<Value>(payload).expect("JSON")["contexts"]["trace"].clone();
            if trace["status"] == "internal_error" {
                failed.insert(trace["parent_span_id"].as_str().unwrap_or_default().to_owned());
            }
        }
    }
    for (_, payload) in week.iter().flat_map(|(shop, _)| items(shop)).filter(|(kind, _)| kind == "span") {
        let spans: Value = serde_json::from_slice(&payload).expect("JSON");
        for span in spans["items"].as_array().expect("spans") {
            let Some(code) = span["attributes"]["http.response.status_code"]["value"].as_u64() else { continue };
            assert_eq!(code == 500, failed.contains(span["span_id"].as_str().expect("an id")), "{span}");
            answered += 1;
        }
    }
    assert!(failed.len() > 5 && answered > 100, "{} of {answered} failed", failed.len());
}

#[test]
fn what_fails_in_the_built_script_stands_where_the_frames_say() {
    let (shop, _): (Vec<_>, Vec<_>) = week().into_iter().unzip();
    let event = shop.iter().flat_map(|envelopes| items(envelopes)).find_map(|(kind, payload)| {
        let event: Value = serde_json::from_slice(&payload).ok()?;
        (kind == "event" && event["exception"]["values"][0]["value"].as_str()?.contains("percent")).then_some(event)
    });
    let frames = event.expect("the error of the voucher")["exception"]["values"][0]["stacktrace"]["frames"].clone();
    let line = shop::SCRIPT.lines().next().expect("a line");
    let at = |position: usize| &line[usize::try_from(frames[position]["colno"].as_u64().expect("a column")).expect("small") - 1..];
    assert!(at(0).starts_with("a(currentCart())") && at(1).starts_with("i(t),e=await") && at(2).starts_with("percent/100"), "{frames}");
    assert!(shop::SCRIPT.contains("sourceMappingURL=app.min.js.map"));
    let map: Value = serde_json::from_str(shop::SCRIPT_MAP).expect("a source map");
    assert_eq!(
        map["sourcesContent"][0].as_str().expect("the source"),
        include_str!("shop/checkout.ts"),
        "build the script again from its source"
    );
}

#[test]
fn recordings_can_be_played_and_lead_to_the_errors_of_their_visits() {
    let sent: Vec<(String, Vec<u8>)> = week().iter().flat_map(|(shop, _)| items(shop)).collect();
    let of = |kind: &'static str| sent.iter().filter(move |(other, _)| other == kind).map(|(_, payload)| payload);
    let errors: BTreeSet<(String, String)> = of("event")
        .map(|payload| serde_json::from_slice::<Value>(payload).expect("JSON"))
        .map(|event| (text(&event["contexts"]["replay"]["replay_id"]), text(&event["event_id"])))
        .collect();
    let mut met = BTreeSet::new();
    for report in of("replay_event").map(|payload| serde_json::from_slice::<Value>(payload).expect("JSON")) {
        met.extend(report["error_ids"].as_array().expect("a list").iter().map(|id| (text(&report["replay_id"]), text(id))));
    }
    assert!(met.len() > 20 && met == errors, "{} of {} errors are in a recording", met.len(), errors.len());
    let mut played = 0;
    for payload in of("replay_recording") {
        let (_, events) = std::str::from_utf8(payload).expect("text").split_once('\n').expect("two lines");
        let events: Vec<Value> = serde_json::from_str(events).expect("events");
        assert_eq!((&events[0]["type"], &events[1]["type"]), (&4.into(), &2.into()), "where it is, how it looks");
        assert!(events.is_sorted_by_key(|event| event["timestamp"].as_i64()), "in the order of time");
        let page = events[1]["data"]["node"].to_string();
        for event in events.iter().filter(|event| event["type"] == 3 && event["data"]["id"].is_u64()) {
            let id = format!("\"id\":{}", event["data"]["id"]);
            assert!(page.contains(&format!("{id},")) || page.contains(&format!("{id}}}")), "{event} happens to nothing");
            played += 1;
        }
    }
    assert!(played > 500, "{played}");
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
