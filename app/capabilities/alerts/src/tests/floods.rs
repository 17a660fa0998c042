//! Thousands of alerts at once keep nothing from being told, and each of them is.

use kernel::ids::{IssueId, ProjectId};
use kernel::time::{DAY, MINUTE};
use kernel::{Fact, Role, Time};
use testkit::fakes::Sink;

use super::house::{Fixture, WINDOW, said};
use crate::engine::{Desk, flush, take};
use crate::ids::SilenceId;
use crate::rule::heard;
use crate::silence::Silence;
use crate::store::{alerts, rules, silences};

fn opened(id: i64, at: Time) -> Fact {
    Fact::IssueOpened {
        issue: IssueId(id),
        project: ProjectId(1),
        project_name: "Shop".into(),
        title: format!("E{id}"),
        culprit: String::new(),
        level: "error".into(),
        release: String::new(),
        environment: String::new(),
        at,
    }
}

fn closed(id: i64, at: Time) -> Fact {
    Fact::IssueClosed { issue: IssueId(id), project: ProjectId(1), title: format!("E{id}"), state: "resolved".into(), at }
}

/// All of these in one transaction: as jobs of their own they would take minutes.
async fn take_all(fixture: &Fixture, facts: Vec<Fact>) {
    let desk = Desk::of(&fixture.house.cx);
    fixture.house.cx.write(move |tx| facts.iter().try_for_each(|fact| take::take(tx, &desk, fact))).await.expect("the facts are taken");
}

async fn flood(fixture: &Fixture, ids: std::ops::RangeInclusive<i64>) {
    let at = fixture.house.clock.now();
    take_all(fixture, ids.map(|id| opened(id, at)).collect()).await;
}

async fn silence_new_issues(fixture: &Fixture) -> SilenceId {
    let make = |tx: &mut db::Tx<'_>| {
        let rule = rules::find_by_key(tx, "new-issue")?.map(|rule| rule.id);
        let silence = Silence {
            id: SilenceId(0),
            rule,
            matching: String::new(),
            alert: None,
            reason: "a bot".into(),
            starts_at: tx.now,
            ends_at: Some(tx.now + DAY),
            made_by: "Ada".into(),
        };
        silences::insert(tx, &silence)
    };
    fixture.house.cx.write(make).await.expect("a silence")
}

const MANY: i64 = alerts::MOST_WAITING as i64 + 60;

#[tokio::test]
async fn what_is_silenced_keeps_no_other_alert_waiting_and_is_told_when_the_silence_is_lifted() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    let silence = silence_new_issues(&fixture).await;
    flood(&fixture, 1..=MANY).await;
    fixture.down(7).await;
    fixture.house.pass(WINDOW).await;
    assert_eq!(said(&sink), ["open monitor 7 is down"]);
    let lift = move |tx: &mut db::Tx<'_>| {
        silences::lift(tx, silence)?;
        flush::release(tx)
    };
    fixture.house.cx.write(lift).await.expect("the silence is lifted");
    fixture.house.live_through(MINUTE * 7, MINUTE).await;
    let told: Vec<String> = said(&sink).into_iter().filter(|line| line.contains("new issues")).collect();
    assert_eq!(told, ["grouped 2000 new issues, first E1", "grouped 60 new issues, first E2001"]);
}

#[tokio::test]
async fn what_another_rule_has_told_keeps_no_other_alert_waiting() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    let aside = |tx: &mut db::Tx<'_>| tx.run("update alerts_alerts set flush_at = null", []).map(|_| ());
    flood(&fixture, 1..=MANY).await;
    fixture.house.cx.write(aside).await.expect("told by others");
    flood(&fixture, MANY + 1..=MANY + 1).await;
    fixture.house.pass(WINDOW).await;
    assert_eq!(said(&sink), [format!("open New issue in Shop: E{}", MANY + 1)]);
}

#[tokio::test]
async fn each_of_a_flood_that_is_closed_costs_a_look_at_those_that_are_left() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    flood(&fixture, 1..=150).await;
    fixture.house.pass(WINDOW).await;
    let page = fixture.house.member(Role::Viewer).await.get("/alerts/151").await.expect(200).body;
    assert_eq!(page.matches(">New issue in Shop: E").count(), 100, "a page shows a hundred of them");
    assert!(page.contains("100 of 150, those that are open first."), "{page}");
    let at = fixture.house.clock.now();
    take_all(&fixture, (1..=149).map(|id| closed(id, at)).collect()).await;
    let group = fixture.get("/api/v1/alerts/151").await;
    assert_eq!((group["title"].as_str(), group["state"].as_str()), (Some("1 new issue, first E150"), Some("open")));
    take_all(&fixture, vec![closed(150, at)]).await;
    fixture.house.work().await;
    assert_eq!(said(&sink)[1..], ["resolved All of 150 new issues are closed"]);
    let left = format!("select count(*) {}", alerts::LEFT_IN_GROUP);
    let plans = fixture.house.cx.read(move |r| Ok((r.explain(&left, [1])?, r.explain(&alerts::waiting_sql(), [1, 1])?))).await;
    let (left, waiting) = plans.expect("plans");
    assert!(left.contains("alerts_alerts_by_open_group_id") && waiting.contains("alerts_alerts_by_rule_id_flush_at"), "{left} / {waiting}");
    assert!(!waiting.contains("TEMP B-TREE"), "{waiting}");
}

#[tokio::test]
async fn an_alert_that_somebody_ends_by_hand_does_not_say_that_the_issue_is_closed() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    let at = fixture.house.clock.now();
    fixture.house.tell(opened(1, at)).await;
    let (issue, project, project_name, title) = (IssueId(2), ProjectId(1), "Shop".to_owned(), "E2".to_owned());
    fixture.house.tell(Fact::IssueSpiking { issue, project, project_name, title, events: 90, usual_per_hour: 1.0, at }).await;
    fixture.house.pass(WINDOW).await;
    assert_eq!(said(&sink).len(), 2);
    fixture.house.member(Role::Member).await.post("/alerts/1/resolve", &[]).await.expect(303);
    fixture.house.work().await;
    assert_eq!(said(&sink)[2], "resolved E1: over after 31 s");
    fixture.house.tell(closed(2, fixture.house.clock.now())).await;
    assert_eq!(said(&sink)[3], "resolved E2: closed after 31 s", "it was closed, and is not as usual again");
}

#[tokio::test]
async fn what_is_seen_before_it_is_told_is_told_to_nobody_and_is_not_overdue_for_ever() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    fixture.down(3).await;
    fixture.house.member(Role::Member).await.post("/alerts/1/acknowledge", &[]).await.expect(303);
    fixture.house.live_through(MINUTE * 5, MINUTE).await;
    assert!(said(&sink).is_empty());
    assert!(!fixture.house.cx.read(crate::engine::watch::has_overdue).await.expect("a look"));
}

/// Who adds a fact to the house is heard; what is left out opens nothing.
#[test]
fn every_fact_is_heard_but_the_few_that_are_no_alert() {
    let heard: Vec<&str> = heard().collect();
    let deaf: Vec<&str> = Fact::KINDS.into_iter().filter(|kind| !heard.contains(kind)).collect();
    assert_eq!(deaf, ["report_published", "maintenance_announced", "maintenance_ended", "artifacts_added"]);
}
