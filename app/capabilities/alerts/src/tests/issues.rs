//! Issues and performance: new ones, regressions and spikes are told once, floods as one, and all of it ends with the issue.

use kernel::Fact;
use kernel::ids::{IssueId, ProjectId};
use kernel::time::{DAY, HOUR, MINUTE};
use serde_json::{Value, json};
use testkit::fakes::Sink;

use super::house::{Fixture, WINDOW, said};

fn opened(fixture: &Fixture, id: i64, level: &str) -> Fact {
    Fact::IssueOpened {
        issue: IssueId(id),
        project: ProjectId(1),
        project_name: "Shop".into(),
        title: format!("TypeError: x{id} is undefined"),
        culprit: "checkout.ts in pay".into(),
        level: level.into(),
        release: "shop@2.1.0".into(),
        environment: "production".into(),
        at: fixture.house.clock.now(),
    }
}

fn closed(fixture: &Fixture, id: i64, state: &str) -> Fact {
    let (issue, project, title, at) = (IssueId(id), ProjectId(1), "t".to_owned(), fixture.house.clock.now());
    Fact::IssueClosed { issue, project, title, state: state.into(), at }
}

fn spiking(fixture: &Fixture, id: i64, events: u64) -> Fact {
    Fact::IssueSpiking {
        issue: IssueId(id),
        project: ProjectId(1),
        project_name: "Shop".into(),
        title: format!("TypeError: x{id} is undefined"),
        events,
        usual_per_hour: 3.5,
        at: fixture.house.clock.now(),
    }
}

fn last(sink: &Sink) -> Value {
    sink.requests().last().expect("a notice").json()["data"].clone()
}

#[tokio::test]
async fn a_new_issue_is_told_with_all_that_finds_it_and_ends_when_it_is_closed() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    fixture.house.tell(opened(&fixture, 7, "error")).await;
    fixture.house.pass(WINDOW).await;
    assert_eq!(said(&sink), ["open New issue in Shop: TypeError: x7 is undefined"]);
    let notice = last(&sink);
    let facts = &notice["facts"];
    assert_eq!((&facts["Project"], &facts["Where"]), (&json!("Shop"), &json!("checkout.ts in pay")));
    assert_eq!((&facts["Release"], &facts["Environment"], &facts["Level"]), (&json!("shop@2.1.0"), &json!("production"), &json!("error")));
    assert_eq!(notice["links"][0], json!({"label": "Open issue", "url": "http://hermetic.example/errors/7"}));
    assert_eq!((&notice["severity"], &facts["Rule"]), (&json!("warning"), &json!("A new issue")));
    let page = fixture.house.member(kernel::Role::Viewer).await.get("/alerts/1").await.expect(200).body;
    assert!(page.contains("href=\"/errors/7\"") && page.contains("shop@2.1.0"), "{page}");
    fixture.house.pass(HOUR * 3).await;
    fixture.house.tell(closed(&fixture, 8, "resolved")).await;
    assert_eq!(said(&sink).len(), 1, "another issue, and no reminders");
    fixture.house.tell(closed(&fixture, 7, "ignored")).await;
    assert_eq!(said(&sink)[1], "resolved TypeError: x7 is undefined: closed after 3 h");
    assert_eq!(last(&sink)["detail"], "Resolved by closing the issue (ignored).");
    assert_eq!(fixture.alerts().await[0]["facts"]["Release"], "shop@2.1.0");
}

#[tokio::test]
async fn fifty_new_issues_at_once_are_one_notice() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    for id in 1..=50 {
        fixture.house.tell(opened(&fixture, id, "error")).await;
    }
    fixture.house.pass(WINDOW).await;
    assert_eq!(said(&sink), ["grouped 50 new issues, first TypeError: x1 is undefined"]);
    let notice = last(&sink);
    assert_eq!(notice["items"][0], "TypeError: x1 is undefined (checkout.ts in pay; Shop)");
    assert_eq!(
        (notice["items"].as_array().expect("items").len(), &notice["links"][0]["url"]),
        (21, &json!("http://hermetic.example/errors"))
    );
    for id in 1..=49 {
        fixture.house.tell(closed(&fixture, id, "resolved")).await;
    }
    assert_eq!(said(&sink).len(), 1, "one is still open");
    fixture.house.tell(closed(&fixture, 50, "resolved")).await;
    assert_eq!(said(&sink)[1..], ["resolved All of 50 new issues are closed"]);
}

#[tokio::test]
async fn a_flood_that_goes_on_is_told_at_most_every_five_minutes_and_loses_none() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    for id in 1..=90 {
        fixture.house.tell(opened(&fixture, id, "fatal")).await;
        fixture.house.pass(WINDOW).await;
    }
    fixture.house.live_through(MINUTE * 6, MINUTE).await;
    let said = said(&sink);
    assert_eq!(said[0], "open New issue in Shop: TypeError: x1 is undefined", "the first one does not wait");
    assert!(said.len() <= 11, "90 issues in 46 minutes: {said:?}");
    let told: u64 = said.iter().map(|line| line.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(1)).sum();
    assert_eq!(told, 90, "{said:?}");
}

#[tokio::test]
async fn two_new_issues_are_told_one_by_one() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    fixture.house.tell(opened(&fixture, 1, "error")).await;
    fixture.house.tell(opened(&fixture, 2, "error")).await;
    fixture.house.pass(WINDOW).await;
    assert_eq!(said(&sink).len(), 2, "{:?}", said(&sink));
    fixture.house.tell(opened(&fixture, 2, "error")).await;
    fixture.house.pass(HOUR).await;
    assert_eq!(said(&sink).len(), 2, "a fact that is handled twice opens one alert");
}

#[tokio::test]
async fn only_errors_are_told_unless_somebody_asks_for_less_and_a_rule_may_look_at_one_environment() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    for (id, level) in [(1, "warning"), (2, "info"), (3, "debug")] {
        fixture.house.tell(opened(&fixture, id, level)).await;
    }
    fixture.house.pass(MINUTE).await;
    assert!(said(&sink).is_empty() && fixture.alerts().await.is_empty());
    let lesser =
        json!({"name": "Warnings", "source": "lesser_issue_opened", "severity": "info", "only": "production", "channels": ["Hook"]});
    fixture.post("/api/v1/alert-rules", lesser).await;
    let elsewhere =
        json!({"name": "Elsewhere", "source": "lesser_issue_opened", "severity": "info", "only": "staging", "channels": ["Hook"]});
    fixture.post("/api/v1/alert-rules", elsewhere).await;
    fixture.house.tell(opened(&fixture, 4, "warning")).await;
    // What names no level is an error.
    fixture.house.tell(opened(&fixture, 5, "")).await;
    fixture.house.pass(WINDOW).await;
    let rules: Vec<Value> = sink.requests().iter().map(|request| request.json()["data"]["facts"]["Rule"].clone()).collect();
    assert_eq!(rules.len(), 2, "{rules:?}");
    assert!(rules.contains(&json!("Warnings")) && rules.contains(&json!("A new issue")), "{rules:?}");
}

#[tokio::test]
async fn an_ignored_issue_that_is_back_as_agreed_is_no_regression() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    let Fact::IssueOpened { issue, project, project_name, title, culprit, level, release, environment, at } = opened(&fixture, 3, "error")
    else {
        panic!("an opened issue")
    };
    let reason = "It happened as often as it was to be ignored.".to_owned();
    let woken = Fact::IssueWoken { issue, project, project_name, title, culprit, level, release, environment, reason, at };
    fixture.house.tell(woken).await;
    fixture.house.pass(WINDOW).await;
    assert_eq!(said(&sink), ["open No longer ignored in Shop: TypeError: x3 is undefined"]);
    let data = sink.requests()[0].json()["data"].clone();
    assert_eq!((&data["tag"], &data["detail"]), (&json!("BACK"), &json!("It happened as often as it was to be ignored.")));
}

#[tokio::test]
async fn a_regression_and_a_spike_are_news_of_their_own_about_the_same_issue() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    let Fact::IssueOpened { issue, project, project_name, title, culprit, level, release, environment, at } = opened(&fixture, 3, "error")
    else {
        panic!("an opened issue")
    };
    fixture.house.tell(Fact::IssueRegressed { issue, project, project_name, title, culprit, level, release, environment, at }).await;
    fixture.house.tell(spiking(&fixture, 3, 420)).await;
    fixture.house.pass(WINDOW).await;
    let mut lines = said(&sink);
    lines.sort();
    assert_eq!(lines, ["open Back again in Shop: TypeError: x3 is undefined", "open Spike in Shop: TypeError: x3 is undefined"]);
    let spike = sink.requests().into_iter().map(|hit| hit.json()["data"].clone()).find(|data| data["tag"] == "SPIKE").expect("the spike");
    assert_eq!((&spike["severity"], &spike["detail"]), (&json!("critical"), &json!("420 events in one hour; usual are 3.5 an hour.")));
    fixture.house.pass(MINUTE * 50).await;
    fixture.house.tell(spiking(&fixture, 3, 990)).await;
    assert_eq!(fixture.alerts().await.len(), 2, "the same spike goes on");
    let at = fixture.house.clock.now();
    fixture.house.tell(Fact::IssueCalmed { issue: IssueId(3), project: ProjectId(1), title: "t".into(), at }).await;
    assert_eq!(said(&sink).last().expect("an ending"), "resolved TypeError: x3 is undefined: as usual again after 50 min 31 s");
    let open: Vec<Value> = fixture.alerts().await.into_iter().filter(|alert| alert["state"] == "open").collect();
    assert_eq!((open.len(), &open[0]["source"]), (1, &json!("issue_regressed")));
    fixture.house.tell(closed(&fixture, 3, "resolved")).await;
    assert!(fixture.alerts().await.iter().all(|alert| alert["state"] == "resolved"));
}

#[tokio::test]
async fn news_of_an_issue_that_nobody_closes_is_over_after_a_week_and_nobody_is_told_of_that() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    for id in 1..=4 {
        fixture.house.tell(opened(&fixture, id, "error")).await;
    }
    fixture.house.pass(WINDOW).await;
    fixture.house.tell(opened(&fixture, 5, "error")).await;
    fixture.house.live_through(DAY * 6, HOUR * 6).await;
    assert_eq!(fixture.alerts().await.iter().filter(|alert| alert["state"] == "open").count(), 6, "five, and the group of four");
    let before = said(&sink).len();
    fixture.house.live_through(DAY * 2, HOUR * 6).await;
    assert!(fixture.alerts().await.iter().all(|alert| alert["state"] == "resolved"), "{:?}", fixture.alerts().await);
    assert_eq!(said(&sink).len(), before, "{:?}", said(&sink));
}

#[tokio::test]
async fn what_is_closed_within_the_window_is_never_sent() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    fixture.house.tell(opened(&fixture, 1, "error")).await;
    fixture.house.tell(closed(&fixture, 1, "merged into another")).await;
    fixture.house.pass(HOUR).await;
    assert!(said(&sink).is_empty());
}

#[tokio::test]
async fn the_waiting_rules_of_performance_come_alive_with_the_numbers() {
    let fixture = Fixture::traced().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    let page = fixture.house.member(kernel::Role::Viewer).await.get("/alerts/rules").await.expect(200).body;
    assert!(!page.contains("waiting for traces<"), "{page}");
    assert!(page.contains("now 1840 ms") && page.contains("now 12.5 %") && page.contains("now 7200 ms"), "{page}");
    // What no capability measures yet is named.
    assert!(page.contains("waiting for traces.database_connections_percent") && page.contains("waiting for revenue"), "{page}");
    fixture.house.live_through(MINUTE * 7, MINUTE).await;
    let mut lines = said(&sink);
    lines.sort();
    assert_eq!(lines, ["open API p95 above 1000 ms", "open Database query slower than 5 s", "open Error rate above 5 %"]);
    let detail = |title: &str| {
        let hits = sink.requests().into_iter().map(|hit| hit.json()["data"].clone());
        hits.into_iter().find(|data| data["title"] == title).expect("the notice")["detail"].clone()
    };
    assert_eq!(detail("API p95 above 1000 ms"), "traces.p95_ms is 1840 ms (limit > 1000 ms), from 400 samples.");
    assert_eq!(detail("Error rate above 5 %"), "traces.failure_rate_percent is 12.5 % (limit > 5 %), from 400 samples.");
    fixture.house.live_through(MINUTE * 40, MINUTE).await;
    assert!(fixture.alerts().await.iter().all(|alert| alert["state"] == "resolved"), "{:?}", fixture.alerts().await);
}

#[tokio::test]
async fn an_instance_of_the_version_before_has_its_waiting_rule_renamed_and_gets_the_new_ones() {
    let fixture = Fixture::new().await;
    let sql = include_str!("../../migrations/0003_issues.sql");
    let rename = sql.split(';').find(|statement| statement.contains("update alerts_rules")).expect("the renaming");
    let rename = rename.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join("\n");
    fixture
        .house
        .cx
        .write(move |tx| {
            tx.run("update alerts_rules set metric = 'traces.error_percent' where key = 'error-rate'", [])?;
            tx.run("delete from alerts_rules where key in ('new-issue', 'regression', 'spike')", [])?;
            tx.run(&rename, [])
        })
        .await
        .expect("an older instance");
    fixture.house.tell(opened(&fixture, 1, "error")).await;
    assert_eq!(fixture.rule("error-rate").await["metric"], "traces.failure_rate_percent");
    assert_eq!(fixture.rule("spike").await["severity"], "critical");
    assert_eq!(fixture.alerts().await.len(), 1, "the rule is there before its first fact is judged");
}
