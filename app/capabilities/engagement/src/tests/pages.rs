//! Each page: before the first action, with actions, and what its forms do.

use kernel::Role;
use serde_json::{Value, json};
use std::time::Duration;

use super::bench::{Bench, START, did, knew, visited};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

const PAGES: [&str; 8] = [
    "/engagement",
    "/engagement/features",
    "/engagement/retention",
    "/engagement/funnels",
    "/engagement/rhythm",
    "/engagement/people",
    "/engagement/surveys",
    "/engagement/live",
];

async fn told() -> Bench {
    let bench = Bench::new().await;
    let mut actions = vec![visited("v1", "Page view", 20 * DAY), knew("ada", "v1")];
    for day in 0..20 {
        actions.push(did("ada", "Login", day * DAY + HOUR));
        actions.push(did("ada", "Invoice paid", day * DAY + HOUR - 60_000));
    }
    actions.extend([did("bob", "Login", 18 * DAY), did("bob", "Page leave", 18 * DAY - 1), did("<b>eve</b>", "Login", DAY)]);
    bench.tell(&actions).await;
    bench.digest().await;
    bench.house.pass(Duration::from_secs(60)).await;
    bench
}

#[tokio::test]
async fn before_the_first_action_each_page_says_the_next_step() {
    let bench = Bench::new().await;
    let viewer = bench.house.member(Role::Viewer).await;
    for page in PAGES {
        let html = viewer.get(page).await.expect(200).body;
        let next = ["Connect", "t.js", "Nothing is asked yet"];
        assert!(next.iter().any(|step| html.contains(step)), "{page}: {html}");
        bench.house.visitor().get(page).await.expect(303);
    }
    for file in ["active.csv", "features.csv", "retention.csv", "funnels.csv"] {
        viewer.get(&format!("/engagement/{file}")).await.expect(200);
    }
}

#[tokio::test]
async fn the_overview_counts_and_says_of_how_many() {
    let bench = told().await;
    let viewer = bench.house.member(Role::Viewer).await;
    let html = viewer.get("/engagement?range=30d").await.expect(200).body;
    for words in ["Active today", "Stickiness", "Invoice paid", "Resurrecting", "Power", "At risk", "Length of a visit"] {
        assert!(html.contains(words), "{words}");
    }
    assert!(!html.contains("<b>eve"), "whatever people are called is text");
    // A line a day, and the header.
    let file = viewer.get("/engagement/active.csv?range=90d").await.expect(200);
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    let lines: Vec<&str> = file.body.lines().collect();
    assert_eq!((lines.len(), lines[0]), (91, "day,active,active_7_days,active_30_days,visits,median_visit_ms"));
    assert_eq!(lines[90], "2026-03-02,1,2,3,1,60000");
    assert_eq!(lines[70], "2026-02-10,1,1,1,1,0", "the visitor that became Ada");
    let overview = bench.house.cx.read(|r| crate::look::overview(r, crate::look::Range::Month)).await.unwrap();
    let stage = overview.stages.iter().find(|stage| stage.period == 20_514 - 18).unwrap();
    assert_eq!((stage.new, stage.returning, stage.resurrecting, stage.dormant), (1, 1, 0, 0));
}

#[tokio::test]
async fn features_are_named_and_counted_for_the_past() {
    let bench = told().await;
    let (viewer, member) = (bench.house.member(Role::Viewer).await, bench.house.member(Role::Member).await);
    let name = bench.house.cx.read(|r| crate::store::find_name(r, "Invoice paid")).await.unwrap().unwrap().0.to_string();
    viewer.post("/engagement/features", &[("name", "Billing"), ("action", &name)]).await.expect(403);
    member.post("/engagement/features", &[("name", "Billing")]).await.expect(422);
    member.post("/engagement/features", &[("name", "Billing"), ("action", "999")]).await.expect(404);
    member.post("/engagement/features", &[("name", "Billing"), ("action", &name)]).await.expect(303);
    member.post("/engagement/features", &[("name", "billing"), ("action", &name)]).await.expect(422);
    let file = viewer.get("/engagement/features.csv?range=30d").await.expect(200).body;
    let lines: Vec<&str> = file.lines().collect();
    assert_eq!(lines[1], "feature,Billing,1,3,20");
    assert!(lines.contains(&"action,Login,3,3,22") && lines.contains(&"action,Page leave,1,3,1"), "{file}");
    assert!(viewer.get("/engagement/features").await.expect(200).body.contains("Days to adopt"));
    member.post("/engagement/features/1/remove", &[]).await.expect(303);
    member.post("/engagement/features/1/remove", &[]).await.expect(404);
}

#[tokio::test]
async fn retention_is_asked_for_in_words_and_comes_as_a_grid() {
    let bench = told().await;
    let viewer = bench.house.member(Role::Viewer).await;
    let html = viewer.get("/engagement/retention?by=day&cohorts=20&unbounded=on").await.expect(200).body;
    assert!(html.contains("Then or later") && html.contains("Day 7") && html.contains("shade-10"), "{html}");
    let file = viewer.get("/engagement/retention.csv?by=week&cohorts=4").await.expect(200).body;
    // Ada came as a visitor in the week of Monday 2026-02-09, Bob on the Thursday; of the two, Ada was there each week since.
    assert!(
        file.contains("2026-02-09,2,0,2,true\r\n2026-02-09,2,1,1,true\r\n2026-02-09,2,2,1,true\r\n2026-02-09,2,3,1,false\r\n"),
        "{file}"
    );
    for hostile in ["by=century", "cohorts=-5", "cohorts=99999999999", "start=x&back=%00", "start=99999"] {
        viewer.get(&format!("/engagement/retention?{hostile}")).await.expect(200);
    }
}

#[tokio::test]
async fn funnels_are_counted_and_kept() {
    let bench = told().await;
    let member = bench.house.member(Role::Member).await;
    let id =
        async |name: &'static str| bench.house.cx.read(move |r| crate::store::find_name(r, name)).await.unwrap().unwrap().0.to_string();
    let (login, paid) = (id("Login").await, id("Invoice paid").await);
    let file = member.get(&format!("/engagement/funnels.csv?step={login}&step={paid}&days=1")).await.expect(200).body;
    assert_eq!(file, format!("step,name,people,median_ms\r\n1,Login,3,0\r\n2,Invoice paid,1,60000\r\n"));
    let html = member.get(&format!("/engagement/funnels?step={login}&step={paid}&days=1")).await.expect(200).body;
    assert!(html.contains("33.3 %") && html.contains("1 min"), "{html}");
    member.post("/engagement/funnels", &[("name", "Pays"), ("step", &login), ("days", "1")]).await.expect(422);
    member.post("/engagement/funnels", &[("name", "Pays"), ("step", &login), ("step", &paid), ("days", "1")]).await.expect(303);
    assert!(member.get("/engagement/funnels").await.expect(200).body.contains("Login → Invoice paid"));
    member.post("/engagement/funnels/1/remove", &[]).await.expect(303);
    for hostile in ["step=x", "step=1&step=99999&step=-1", "days=0&step=1&step=1", "range=forever"] {
        member.get(&format!("/engagement/funnels?{hostile}")).await.expect(200);
    }
}

#[tokio::test]
async fn a_visit_that_a_late_action_joins_is_one() {
    let bench = told().await;
    let visits = async || {
        let read = |r: &db::Reader<'_>| crate::store::visits(r, (crate::model::Day(20_513), crate::model::Day(20_514)));
        let visits = bench.house.cx.read(read).await.unwrap();
        visits.iter().map(|(day, visits)| (day.0, visits.visits, visits.total_ms)).collect::<Vec<_>>()
    };
    let before = visits().await;
    // Over midnight: 23:50 and 00:30 with something at 00:10 that is told later.
    let late = |minutes: i64| did("cem", "Login", START.rem_euclid(DAY) - minutes * 60_000);
    bench.tell(&[late(-10), late(30)]).await;
    bench.digest().await;
    bench.house.pass(Duration::from_secs(60)).await;
    assert_eq!(visits().await, [(20_513, before[0].1 + 1, before[0].2), (20_514, before[1].1 + 1, before[1].2)]);
    bench.tell(&[late(10)]).await;
    bench.digest().await;
    bench.house.pass(Duration::from_secs(60)).await;
    assert_eq!(visits().await, [(20_513, before[0].1 + 1, before[0].2 + 40 * 60_000), (20_514, before[1].1, before[1].2)]);
}

#[tokio::test]
async fn an_action_is_broken_down_by_what_is_known_of_it() {
    let bench = Bench::new().await;
    let paid = |user: &str, plan: &str, hours: i64| json!({"n": "Paid", "u": user, "at": START - hours * HOUR, "id": format!("{user}{hours}"), "p": {"plan": plan, "note": "=1+1"}});
    bench.tell(&[paid("ada", "pro", 1), paid("ada", "pro", 2), paid("bob", "pro", 3), paid("cem", "free", 4), did("cem", "Paid", 5)]).await;
    bench.digest().await;
    let viewer = bench.house.member(Role::Viewer).await;
    let file = viewer.get("/engagement/actions/1/values.csv?by=plan").await.expect(200).body;
    assert_eq!(file, "property,value,people,actions\r\nplan,pro,2,3\r\nplan,(not told),1,1\r\nplan,free,1,1\r\n");
    let html = viewer.get("/engagement/actions/1?by=plan").await.expect(200).body;
    assert!(html.contains("Of 5 actions of 3 people in 30 days") && html.contains("pro (3 times)"), "{html}");
    assert!(
        viewer.get("/engagement/actions/1/values.csv?by=note").await.expect(200).body.contains("\"'=1+1\""),
        "no formula for a spreadsheet"
    );
    viewer.get("/engagement/actions/1").await.expect(200);
    viewer.get("/engagement/actions/99").await.expect(404);
}

#[tokio::test]
async fn somebody_gets_everything_that_is_kept_of_them() {
    let bench = told().await;
    let ada = bench.contact("ada").await.unwrap();
    let path = format!("/engagement/people/{ada}/export");
    bench.house.member(Role::Member).await.get(&path).await.expect(403);
    let told: Value = serde_json::from_str(&bench.house.member(Role::Admin).await.get(&path).await.expect(200).body).unwrap();
    assert_eq!(told["actions"].as_array().unwrap().len(), 41, "20 sign-ins, 20 invoices, and the visitor's page");
    assert_eq!(told["ids"].as_array().unwrap().iter().map(|id| id["id"].as_str().unwrap()).collect::<Vec<_>>(), ["v1", "ada"]);
}
