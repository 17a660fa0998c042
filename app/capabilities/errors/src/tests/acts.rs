//! What people do about issues: merging, splitting, undoing, deleting.

use kernel::ids::IssueId;
use serde_json::json;

use super::kit::{Kit, message, new_project, python, with};
use crate::acts;
use crate::model::{ActKind, Ignored, LinkKind, Priority, Resolved, State};
use crate::store::acts::{Actor, acts_of, add_link, links_of};
use crate::store::{counts, events, hashes, issues};

fn nobody() -> Actor {
    Actor::default()
}

fn bug(function: &str, user: &str) -> serde_json::Value {
    with(python("E", "v", &[("shop", function, 1, "x()")]), json!({"user": {"id": user}, "release": format!("{function}@1.0.0")}))
}

/// Two issues: three events of two users, and two events of two users, one of whom is in both.
async fn two() -> (Kit, IssueId, IssueId) {
    let kit = Kit::new().await;
    for (function, user) in [("pay", "ada"), ("pay", "ada"), ("pay", "bob"), ("refund", "bob"), ("refund", "eve")] {
        kit.send_event(&bug(function, user)).await;
    }
    kit.house.digest().await;
    let all = kit.issues().await;
    let (pay, refund) = (all[0].id, all[1].id);
    assert_eq!(all.iter().map(|issue| (issue.events, issue.users)).collect::<Vec<_>>(), [(3, 2), (2, 2)]);
    (kit, pay, refund)
}

#[tokio::test]
async fn merged_issues_are_counted_as_one_and_undoing_gives_both_back_with_what_came_since() {
    let (kit, pay, refund) = two().await;
    let before = kit.issue(refund).await;
    kit.house.cx.write(move |tx| add_link(tx, refund, LinkKind::Ticket, "7", "Refunds fail", "Ada")).await.unwrap();
    kit.house.cx.write(move |tx| acts::merge(tx, pay, &[refund], &nobody())).await.unwrap();
    let merged = kit.issue(pay).await;
    assert_eq!((kit.issues().await.len(), merged.events, merged.users), (1, 5, 3));
    let (into, links, releases) =
        kit.house.cx.read(move |r| Ok((issues::merged_into(r, refund)?, links_of(r, pay)?, counts::releases_of(r, pay)?))).await.unwrap();
    assert_eq!((into, links.len(), releases.len()), (Some(pay), 1, 2), "the old address leads to the new one");
    assert_eq!(kit.issue_for(&bug("refund", "zoe")).await, pay, "later events join the merged issue");
    let merge = kit.house.cx.read(move |r| acts_of(r, pay, 50)).await.unwrap().into_iter().find(|act| act.kind == ActKind::Merged).unwrap();
    kit.house.cx.write(move |tx| acts::undo_merge(tx, merge.id, &nobody())).await.unwrap();
    let (pay_now, refund_now) = (kit.issue(pay).await, kit.issue(refund).await);
    assert_eq!((pay_now.events, pay_now.users), (3, 2));
    assert_eq!((refund_now.events, refund_now.users), (3, 3), "with the event that came since");
    assert_eq!(
        (refund_now.title(), refund_now.first_seen_at, refund_now.first_item),
        (before.title(), before.first_seen_at, before.first_item)
    );
    assert_eq!(kit.issue_for(&bug("refund", "zoe")).await, refund);
    let again = kit.house.cx.write(move |tx| acts::undo_merge(tx, merge.id, &nobody())).await;
    assert!(again.is_err(), "undone once");
}

#[tokio::test]
async fn issues_of_two_projects_are_not_merged() {
    let (kit, pay, _) = two().await;
    let other = new_project(&kit.house, "Admin").await;
    let item = kit.send_as(other, ingest::Kind::Event, bug("pay", "ada").to_string().as_bytes(), ingest::Head::default()).await;
    kit.house.digest().await;
    let foreign = kit.issue_of(item).await;
    assert!(kit.house.cx.write(move |tx| acts::merge(tx, pay, &[foreign], &nobody())).await.is_err());
    assert_eq!(kit.issue(foreign).await.events, 1);
}

#[tokio::test]
async fn splitting_takes_the_events_of_one_hash_and_the_later_ones_along() {
    let (kit, pay, refund) = two().await;
    kit.house.cx.write(move |tx| acts::merge(tx, pay, &[refund], &nobody())).await.unwrap();
    let own = kit.house.cx.read(move |r| hashes::hashes_of(r, pay)).await.unwrap();
    let hash = own.iter().rfind(|hash| hash.kind == "app").unwrap().id;
    let made = kit.house.cx.write(move |tx| acts::split(tx, pay, hash, &nobody())).await.unwrap();
    assert_eq!((kit.issue(pay).await.events, kit.issue(made).await.events, kit.issue(made).await.users), (3, 2, 2));
    assert_eq!(kit.issue_for(&bug("refund", "ada")).await, made);
    let last = kit.house.cx.read(move |r| hashes::hashes_of(r, made)).await.unwrap()[0].id;
    assert!(kit.house.cx.write(move |tx| acts::split(tx, made, last, &nobody())).await.is_err(), "there is nothing left to split");
}

#[tokio::test]
async fn a_deleted_issue_takes_its_events_along_but_not_those_of_its_successor() {
    let (kit, pay, refund) = two().await;
    kit.house.cx.write(move |tx| acts::delete(tx, &[pay], &nobody())).await.unwrap();
    let next = kit.send_event(&bug("pay", "ada")).await;
    kit.house.digest().await;
    let opened = kit.issue_of(next).await;
    assert_ne!(opened, pay);
    assert_eq!(kit.issue(opened).await.events, 1);
    assert_eq!(kit.logged("select count(*) from errors_events").await, 3);
    assert_eq!(kit.logged("select count(*) from ingest_items").await, 3);
    assert_eq!(kit.logged("select items from errors_sizes where what = 'events'").await, 3);
    assert_eq!(kit.count("select sum(events) from errors_hours").await, 3);
    let kept = kit.house.cx.read(move |r| hashes::hashes_of(r, refund)).await.unwrap();
    let kept: Vec<i64> = kept.iter().map(|hash| hash.hash).collect();
    assert_eq!(kit.house.cx.telemetry.read(move |r| events::count_kept(r, &kept, 10)).await.unwrap(), 2);
}

#[tokio::test]
async fn several_issues_change_together_or_not_at_all() {
    let (kit, pay, refund) = two().await;
    let resolved = State::Resolved(Resolved::AtOnce);
    let ids = [pay, IssueId(4_711)];
    assert!(kit.house.cx.write(move |tx| acts::set_state(tx, &ids, resolved, &nobody())).await.is_err());
    assert!(kit.issue(pay).await.state.is_open());
    kit.house.cx.write(move |tx| acts::set_state(tx, &[pay, refund], resolved, &nobody())).await.unwrap();
    assert_eq!(kit.issues().await.iter().map(|issue| issue.state).collect::<Vec<_>>(), [resolved, resolved]);
}

#[tokio::test]
async fn removing_a_project_removes_its_issues() {
    let (kit, ..) = two().await;
    kit.issue_for(&message("x")).await;
    let project = kit.project;
    kit.house.cx.write(move |tx| identity::store::remove_project(tx, project)).await.unwrap();
    for table in [
        "select count(*) from errors_issues",
        "select count(*) from errors_hashes",
        "select count(*) from errors_tags",
        "select count(*) from errors_acts",
    ] {
        assert_eq!(kit.count(table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn what_an_issue_is_ignored_for_stays_as_far_away_when_it_is_merged_or_split() {
    let (kit, pay, refund) = two().await;
    let ignored = State::Ignored(Ignored { until: None, events: Some(5), users: Some(4) });
    kit.house.cx.write(move |tx| acts::set_state(tx, &[pay], ignored, &nobody())).await.unwrap();
    kit.house.cx.write(move |tx| acts::merge(tx, pay, &[refund], &nobody())).await.unwrap();
    let far = |events, users| State::Ignored(Ignored { until: None, events: Some(events), users: Some(users) });
    assert_eq!(kit.issue(pay).await.state, far(5 + 2, 4 + 1), "two more events and two more users, as before");
    let own = kit.house.cx.read(move |r| hashes::hashes_of(r, pay)).await.unwrap();
    let hash = own.iter().rfind(|hash| hash.kind == "app").unwrap().id;
    let made = kit.house.cx.write(move |tx| acts::split(tx, pay, hash, &nobody())).await.unwrap();
    assert_eq!((kit.issue(pay).await.state, kit.issue(made).await.state), (far(5, 4), far(4, 4)));
    kit.issue_for(&bug("refund", "bob")).await;
    assert!(!kit.issue(made).await.state.is_open());
    kit.issue_for(&bug("refund", "bob")).await;
    assert!(kit.issue(made).await.state.is_open(), "the second of two");
}

#[tokio::test]
async fn a_merged_issue_is_as_grave_as_its_parts() {
    let kit = Kit::new().await;
    let quiet = kit.issue_for(&bug("pay", "ada")).await;
    let mut crash = bug("refund", "u0");
    crash["exception"]["values"][0]["mechanism"]["handled"] = json!(false);
    let mut grave = None;
    for user in 0..5 {
        grave = Some(
            kit.issue_for(&with(crash.clone(), json!({"event_id": ingest::EventId::random().to_string(), "user": {"id": user}}))).await,
        );
    }
    let grave = grave.unwrap();
    assert_eq!((kit.issue(quiet).await.priority, kit.issue(grave).await.priority), (Priority::Medium, Priority::High));
    kit.house.cx.write(move |tx| acts::merge(tx, quiet, &[grave], &nobody())).await.unwrap();
    let merged = kit.issue(quiet).await;
    assert_eq!((merged.has_unhandled, merged.users, merged.priority), (true, 6, Priority::High));
}

#[tokio::test]
async fn addresses_of_issues_that_were_merged_twice_follow_when_the_second_is_undone() {
    let (kit, pay, refund) = two().await;
    let third = kit.issue_for(&bug("ship", "ada")).await;
    kit.house.cx.write(move |tx| acts::merge(tx, refund, &[third], &nobody())).await.unwrap();
    kit.house.cx.write(move |tx| acts::merge(tx, pay, &[refund], &nobody())).await.unwrap();
    let leads = async || kit.house.cx.read(move |r| issues::merged_into(r, third)).await.unwrap();
    assert_eq!(leads().await, Some(pay));
    let all = kit.house.cx.read(move |r| acts_of(r, pay, 50)).await.unwrap();
    let last = all.into_iter().find(|act| act.kind == ActKind::Merged).unwrap();
    kit.house.cx.write(move |tx| acts::undo_merge(tx, last.id, &nobody())).await.unwrap();
    assert_eq!(leads().await, Some(refund));
}
