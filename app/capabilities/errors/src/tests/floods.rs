//! Programs that never say the same thing twice, and people with the public key and a loop: what is kept in the state stays bounded.

use ingest::Kind;
use serde_json::json;

use super::kit::{Kit, message, python, with};
use crate::digest::flood;
use crate::store::counts;

/// One bug of the program, below library frames that differ with each event.
fn noisy(own: &str, library: usize) -> serde_json::Value {
    let module = format!("django.layer{}", "x".repeat(library));
    python("E", "v", &[(&module, "call", 1, "call()"), ("shop", own, 1, "pay()")])
}

#[tokio::test]
async fn stacks_that_always_differ_give_an_issue_no_end_of_hashes() {
    let kit = Kit::new().await;
    for index in 0..250 {
        kit.send_event(&noisy("pay", index)).await;
    }
    kit.house.digest().await;
    kit.issue_for(&noisy("pay", 260)).await;
    let all = kit.issues().await;
    assert_eq!((all.len(), all[0].events), (1, 251), "all are counted");
    assert_eq!(kit.count("select count(*) from errors_hashes where events = 0").await, 200);
    assert_eq!(kit.count("select count(*) from errors_hashes where events > 0").await, 1);
}

#[tokio::test]
async fn an_issue_that_is_recognised_in_many_ways_gets_no_more_of_them() {
    let kit = Kit::new().await;
    let id = kit.issue_for(&noisy("pay", 0)).await;
    kit.house
        .cx
        .write(move |tx| {
            tx.run(
                "insert into errors_hashes (project_id, hash, issue_id, kind, version, components, type, value, events) \
                 with recursive n(i) as (select 1 union all select i + 1 from n where i < ?) \
                 select project_id, i, id, 'app', 1, '{}', 'E', 'v', 1 from n, errors_issues where id = ?",
                [i64::try_from(flood::MOST_WAYS).unwrap() - 1, id.0],
            )
        })
        .await
        .unwrap();
    // The same frames, of which others are said to be the program's own: a new hash beside a known one.
    let mut flipped = noisy("pay", 0);
    flipped["exception"]["values"][0]["stacktrace"]["frames"][0]["in_app"] = json!(true);
    flipped["exception"]["values"][0]["stacktrace"]["frames"][1]["in_app"] = json!(false);
    assert_eq!(kit.issue_for(&flipped).await, id);
    assert_eq!(kit.count("select count(*) from errors_hashes where kind = 'app' and events > 0").await, 500);
    assert_eq!(kit.count("select events from errors_hashes where kind = 'system'").await, 1, "it is counted under what is known");
    assert_eq!(kit.issue(id).await.events, 2);
}

#[tokio::test]
async fn values_beyond_those_that_are_told_apart_lead_nowhere() {
    let kit = Kit::new().await;
    for index in 0..130 {
        kit.send_event(&with(message("x"), json!({"tags": {"request": format!("r{index}")}}))).await;
    }
    kit.house.digest().await;
    let viewer = kit.house.member(kernel::Role::Viewer).await;
    let page = viewer.get(&format!("/errors/{}/tags", kit.issues().await[0].id)).await.expect(200).body;
    assert!(page.contains("other values") && page.contains("r1</a>"), "{page}");
    assert!(!page.contains("&lt;other") && !page.contains("%3Cother"), "{page}");
}

#[tokio::test]
async fn feedback_without_end_keeps_the_latest() {
    let kit = Kit::new().await;
    let project = kit.project;
    kit.house
        .cx
        .write(move |tx| {
            tx.run(
                "insert into errors_feedback (project_id, item_id, name, email, message, url, at) \
                 with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000) select ?, -i, '', '', 'x', '', 0 from n",
                [project.0],
            )
        })
        .await
        .unwrap();
    let report = json!({"event_id": "17f48c752d6942d2a660a88bcd35c70b", "name": "Ada", "email": "", "comments": "It hurts"});
    kit.send(Kind::UserReport, report.to_string().as_bytes()).await;
    kit.house.digest().await;
    assert_eq!(kit.count("select count(*) from errors_feedback").await, 10_000);
    assert_eq!(kit.count("select count(*) from errors_feedback where item_id = -1").await, 0, "the oldest went");
    assert_eq!(kit.count("select count(*) from errors_feedback where message = 'It hurts'").await, 1);
}

#[tokio::test]
async fn releases_without_end_are_of_no_release_and_still_counted() {
    let kit = Kit::new().await;
    for index in 0..600 {
        kit.send_event(&with(message("x"), json!({"release": format!("build-{index}")}))).await;
    }
    kit.house.digest().await;
    assert_eq!(kit.issues().await[0].events, 600);
    let made = kit.count("select count(*) from ingest_releases").await;
    assert_eq!(made, i64::from(ingest::store::REPORTED_A_DAY));
    assert_eq!(kit.count("select count(*) from errors_releases").await, made);
}

#[tokio::test]
async fn a_flood_whose_digest_died_mixes_with_no_other_issue() {
    let kit = Kit::new().await;
    let (project, minute) = (kit.project, kit.now());
    kit.house.cx.write(move |tx| counts::add_minute(tx, minute, project, 0, flood::MOST)).await.unwrap();
    kit.send_event(&message("one too many")).await;
    kit.lose_a_digest().await;
    // By the next try the hour is over, and there is room.
    kit.house.clock.advance(std::time::Duration::from_secs(2 * 3_600));
    kit.house.digest().await;
    let all = kit.issues().await;
    assert!(all.len() == 1 && all[0].title().starts_with("More than"), "{all:?}");
    let own = kit.issue_for(&message("one too many")).await;
    assert_ne!(own, all[0].id, "its own hash does not lead to the flood");
    // The other way round: filed as itself, and then there is no room left.
    let item = kit.send_event(&message("an honest bug")).await;
    kit.lose_a_digest().await;
    let minute = kit.now();
    kit.house.cx.write(move |tx| counts::add_minute(tx, minute, project, 0, flood::MOST)).await.unwrap();
    kit.house.digest().await;
    let honest = kit.issue_of(item).await;
    assert_eq!(kit.issue(honest).await.title(), "an honest bug");
    assert_eq!(kit.issue_for(&message("another")).await, all[0].id, "the flood goes on being one issue");
    let viewer = kit.house.member(kernel::Role::Viewer).await;
    let page = viewer.get(&format!("/errors/{}/grouping", all[0].id)).await.expect(200).body;
    assert!(page.contains("more different problems within an hour than anybody can look through"), "{page}");
}
