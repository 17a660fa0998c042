//! Items become issues: counted once, whatever dies when.

use ingest::{Head, Kind};
use kernel::{Fact, Time};
use serde_json::json;
use std::time::Duration;

use super::kit::{Kit, message, new_project, python, with};
use crate::model::{Level, State};
use crate::store::{attachments, counts, events, feedback, hashes};

fn pay(line: u32) -> serde_json::Value {
    python("KeyError", "'total'", &[("flask.app", "dispatch", 1, "f()"), ("shop.pay", "pay", line, "cart['total']")])
}

#[tokio::test]
async fn the_first_event_opens_an_issue_and_tells_it_and_the_next_ones_are_counted() {
    let kit = Kit::new().await;
    for (line, user) in [(1, "ada"), (2, "ada"), (3, "bob")] {
        let event = with(pay(line), json!({"user": {"id": user}, "release": "shop@1.0.0", "environment": "live", "tags": {"plan": "pro"}}));
        kit.send_event(&event).await;
    }
    assert_eq!(kit.house.digest().await, 3);
    let issue = kit.issues().await.pop().unwrap();
    assert_eq!((issue.title(), issue.culprit.as_str(), issue.level), ("KeyError: 'total'".into(), "pay in shop.pay", Level::Error));
    assert_eq!((issue.events, issue.users, issue.state, issue.has_unhandled), (3, 2, State::Open, false));
    let facts = kit.facts().await;
    assert!(
        matches!(&facts[..], [Fact::IssueOpened { issue: id, project_name, release, environment, .. }]
        if *id == issue.id && project_name == "Shop" && release == "shop@1.0.0" && environment == "live"),
        "{facts:?}"
    );
    let id = issue.id;
    let (tags, releases, hours, hash) = kit
        .house
        .cx
        .read(move |r| {
            Ok((counts::tags_of(r, id)?, counts::releases_of(r, id)?, counts::hours_of(r, id, Time(0))?, hashes::hashes_of(r, id)?))
        })
        .await
        .unwrap();
    let tag = |key: &str, value: &str| tags.iter().find(|tag| tag.key == key && tag.value == value).map(|tag| tag.events);
    assert_eq!(
        (tag("plan", "pro"), tag("user", "id:ada"), tag("environment", "live"), tag("handled", "yes")),
        (Some(3), Some(2), Some(3), Some(3))
    );
    assert_eq!((releases.len(), releases[0].events), (1, 3));
    assert_eq!(hours, [(kit.now().hour_start(), 3)]);
    assert_eq!(hash.iter().map(|hash| (hash.kind.as_str(), hash.events)).collect::<Vec<_>>(), [("app", 3), ("system", 0)]);
    let own: Vec<i64> = hash.iter().map(|hash| hash.hash).collect();
    let listed = kit.house.cx.telemetry.read(move |r| events::events_before(r, &own, i64::MAX, 2)).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert!(listed[0].item > listed[1].item, "the latest first");
}

#[tokio::test]
async fn a_batch_that_is_digested_again_counts_nothing_twice() {
    let kit = Kit::new().await;
    for index in 0..7 {
        kit.send_event(&with(pay(index), json!({"user": {"id": index}, "release": "a@1.0.0"}))).await;
    }
    kit.send_event(&message("user 1 is gone")).await;
    for _ in 0..2 {
        kit.lose_a_digest().await;
    }
    assert_eq!(kit.issues().await, []);
    let before = kit.logged("select bytes from errors_sizes where what = 'events'").await;
    assert_eq!(kit.house.digest().await, 8);
    assert_eq!(kit.house.digest().await, 0);
    let all = kit.issues().await;
    assert_eq!(all.iter().map(|issue| (issue.events, issue.users)).collect::<Vec<_>>(), [(7, 7), (1, 0)]);
    assert_eq!(kit.logged("select count(*) from errors_events").await, 8);
    assert_eq!(kit.logged("select items from errors_sizes where what = 'events'").await, 8);
    assert_eq!(kit.logged("select bytes from errors_sizes where what = 'events'").await, before);
    assert_eq!(kit.count("select sum(events) from errors_hours").await, 8);
    assert_eq!(kit.count("select sum(events) from errors_minutes").await, 8);
}

#[tokio::test]
async fn an_event_that_was_filed_before_a_rule_changed_keeps_its_hash_when_it_is_digested_again() {
    let kit = Kit::new().await;
    let item = kit.send_event(&pay(1)).await;
    kit.lose_a_digest().await;
    let project = kit.project;
    let matcher = crate::grouping::rules::Matcher { field: "type".into(), pattern: "*".into() };
    kit.house.cx.write(move |tx| crate::store::rules::insert_rule(tx, project, &[matcher], &["all".to_owned()])).await.unwrap();
    kit.house.digest().await;
    let issue = kit.issue_of(item).await;
    assert_eq!(kit.issue(issue).await.events, 1);
    assert_eq!(kit.issue_for(&pay(2)).await, issue, "and the new way of grouping leads to the same issue");
}

#[tokio::test]
async fn events_of_a_project_that_is_gone_are_passed_over() {
    let kit = Kit::new().await;
    let other = new_project(&kit.house, "Old").await;
    kit.send_as(other, Kind::Event, with(pay(1), json!({"release": "old@1.0"})).to_string().as_bytes(), Head::default()).await;
    kit.send_event(&pay(1)).await;
    kit.house.cx.write(move |tx| identity::store::remove_project(tx, other)).await.unwrap();
    kit.house.digest().await;
    assert_eq!(kit.issues().await.len(), 1);
}

#[tokio::test]
async fn feedback_finds_its_event_whichever_comes_first() {
    let kit = Kit::new().await;
    let report = |id: &serde_json::Value| json!({"event_id": id, "name": "Ada", "email": "ada@example.com", "comments": "It hurts"});
    let (early, late) = (pay(1), message("x 1"));
    kit.send(Kind::UserReport, report(&early["event_id"]).to_string().as_bytes()).await;
    kit.house.digest().await;
    let page = kernel::paging::PageRequest::default();
    let listed = kit.house.cx.read(move |r| feedback::list_feedback(r, None, &page)).await.unwrap();
    assert_eq!((listed.rows.len(), listed.rows[0].issue), (1, None), "its event has not come yet");
    let first = kit.issue_for(&early).await;
    let second = kit.issue_for(&late).await;
    kit.send(Kind::UserReport, report(&late["event_id"]).to_string().as_bytes()).await;
    let alone = json!({"event_id": "17f48c752d6942d2a660a88bcd35c70b", "type": "feedback", "contexts": {"feedback": {"message": "Nice"}}});
    kit.send(Kind::Feedback, alone.to_string().as_bytes()).await;
    kit.house.digest().await;
    let listed = kit.house.cx.read(move |r| feedback::list_feedback(r, None, &page)).await.unwrap();
    assert_eq!(listed.rows.iter().map(|said| said.issue).collect::<Vec<_>>(), [None, Some(second), Some(first)]);
    let own = kit.house.cx.read(move |r| feedback::feedback_of(r, first, 10)).await.unwrap();
    assert_eq!(own[0].message, "It hurts");
}

#[tokio::test]
async fn attachments_and_minidumps_are_found_with_their_event() {
    let kit = Kit::new().await;
    let event = pay(1);
    let event_id = ingest::EventId::parse(event["event_id"].as_str().unwrap()).unwrap();
    kit.send_event(&event).await;
    let head = Head { filename: Some("../../etc/passwd\n".into()), content_type: Some("text/plain".into()), ..Head::default() };
    let project = kit.project;
    let add = |kind, id, head: Head, bytes: &'static [u8]| {
        let item = ingest::NewItem { project, kind, event_id: id, head, payload: ingest::pack::pack(bytes), quantity: 1 };
        kit.house.cx.telemetry.write(move |tx| ingest::store::append(tx, &item))
    };
    add(Kind::Attachment, Some(event_id), head, b"log line").await.unwrap();
    add(Kind::Minidump, Some(event_id), Head::default(), b"MDMP").await.unwrap();
    let lone = add(Kind::Minidump, Some(ingest::EventId::random()), Head::default(), b"MDMP").await.unwrap();
    kit.house.digest().await;
    let received_at = kit.now();
    let files = kit.house.cx.telemetry.read(move |r| attachments::attachments_of(r, project, event_id, received_at)).await.unwrap();
    assert_eq!(
        files.iter().map(|file| (file.filename.as_str(), file.size)).collect::<Vec<_>>(),
        [("../../etc/passwd", 8), ("minidump.dmp", 4)]
    );
    let all = kit.issues().await;
    assert_eq!(all.len(), 2, "a minidump with an event is no second one");
    assert_eq!((all[1].level, kit.issue_of(lone).await), (Level::Fatal, all[1].id));
}

#[tokio::test]
async fn an_event_is_found_by_the_id_its_sdk_gave_it_and_by_its_trace() {
    let kit = Kit::new().await;
    let trace = "bb96c179e69e4e88a7425f45e0dacc65";
    let event = with(pay(1), json!({"contexts": {"trace": {"trace_id": trace, "span_id": "b1eaf7bcb3857669"}}}));
    let item = kit.send_event(&event).await;
    kit.house.digest().await;
    kit.house.clock.advance(Duration::from_secs(500 * 86_400));
    let (project, id) = (kit.project, ingest::EventId::parse(event["event_id"].as_str().unwrap()).unwrap());
    let trace = ingest::EventId::parse(trace).unwrap().0;
    let (by_id, elsewhere, by_trace) = kit
        .house
        .cx
        .telemetry
        .read(move |r| {
            let elsewhere = events::find_by_event_id(r, kernel::ids::ProjectId(99), id)?;
            Ok((events::find_by_event_id(r, project, id)?, elsewhere, events::events_of_trace(r, trace, 10)?))
        })
        .await
        .unwrap();
    assert_eq!(by_id.map(|event| event.item), Some(item));
    assert_eq!(elsewhere, None, "another project's key never reads it");
    assert_eq!(by_trace.iter().map(|event| event.item).collect::<Vec<_>>(), [item]);
}

#[tokio::test]
async fn a_flood_of_tag_values_is_counted_without_being_stored() {
    let kit = Kit::new().await;
    for index in 0..150 {
        kit.send_event(&with(pay(1), json!({"tags": {"request": format!("r{index}")}}))).await;
    }
    kit.house.digest().await;
    let (values, other) = kit
        .house
        .cx
        .read(|r| {
            let values = r.value::<i64>("select count(*) from errors_tags where key = 'request'", [])?;
            Ok((values, r.value::<i64>("select events from errors_tags where key = 'request' and value = '<other>'", [])?))
        })
        .await
        .unwrap();
    assert_eq!((values, other), (101, 50));
    assert_eq!(kit.count("select sum(events) from errors_tags where key = 'request'").await, 150);
}

#[tokio::test]
async fn a_flood_of_tag_names_stays_on_the_events() {
    let kit = Kit::new().await;
    kit.issue_for(&with(pay(1), json!({"tags": {"plan": "pro"}}))).await;
    for round in 0..2 {
        for index in 0..10 {
            let tags: serde_json::Map<String, serde_json::Value> =
                (0..50).map(|key| (format!("k{round}-{index}-{key}"), json!("v"))).collect();
            kit.send_event(&with(pay(1), json!({"tags": tags}))).await;
        }
        kit.send_event(&with(pay(1), json!({"tags": {"plan": "pro"}}))).await;
        kit.house.digest().await;
        assert_eq!(kit.count("select count(distinct key) from errors_tags").await, 200);
    }
    assert_eq!(kit.count("select events from errors_tags where key = 'plan'").await, 3, "what was known before goes on being counted");
}

#[tokio::test]
async fn a_flood_of_different_problems_opens_so_many_issues_an_hour_and_counts_the_rest_under_one() {
    let kit = Kit::new().await;
    let known = kit.issue_for(&pay(1)).await;
    let (project, minute) = (kit.project, kit.now());
    // All but a hundred (and the one above) were opened earlier in this hour.
    let opened = crate::digest::flood::MOST - 101;
    kit.house.cx.write(move |tx| counts::add_minute(tx, minute, project, 0, opened)).await.unwrap();
    for index in 0..300 {
        kit.send_event(&with(message("x"), json!({"fingerprint": [format!("random {index}")]}))).await;
    }
    kit.send_event(&pay(2)).await;
    kit.house.digest().await;
    let all = kit.issues().await;
    assert_eq!(all.len(), 102, "what is known, a hundred, and the one for the rest");
    assert_eq!(all.last().map(|issue| issue.events), Some(200));
    assert_eq!(kit.issue(known).await.events, 2, "what is known is counted where it belongs");
    assert_eq!(all.iter().map(|issue| issue.events).sum::<u64>(), 302);
    let other = new_project(&kit.house, "Admin").await;
    let foreign = kit.send_as(other, Kind::Event, message("x").to_string().as_bytes(), Head::default()).await;
    kit.house.digest().await;
    assert_ne!(Some(kit.issue_of(foreign).await), all.last().map(|issue| issue.id), "another project has room of its own");
    kit.house.clock.advance(Duration::from_secs(2 * 3_600));
    let later = kit.issue_for(&with(message("x"), json!({"fingerprint": ["new"]}))).await;
    assert_ne!(Some(later), all.last().map(|issue| issue.id), "an hour later there is room again");
}
