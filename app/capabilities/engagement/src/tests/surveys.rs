//! A founder asks, a visitor answers, the score is computed.

use http::Method;
use kernel::Role;
use serde_json::{Value, json};

use super::bench::Bench;
use crate::erase::{Mode, erase};

async fn asked(bench: &Bench, kind: &str) -> testkit::Client {
    let member = bench.house.member(Role::Member).await;
    let viewer = bench.house.member(Role::Viewer).await;
    viewer.post("/engagement/surveys", &[("kind", kind)]).await.expect(403);
    member.post("/engagement/surveys", &[("kind", "other")]).await.expect(422);
    member.post("/engagement/surveys", &[("kind", kind), ("question", "Do you like <b>us</b>?")]).await.expect(303);
    member
}

async fn answer(bench: &Bench, body: &Value) -> u16 {
    bench.house.visitor().json(Method::POST, "/api/engagement/surveys/1/answers", body).await.code.as_u16()
}

#[tokio::test]
async fn answers_come_from_any_page_and_make_a_score() {
    let bench = Bench::new().await;
    let member = asked(&bench, "nps").await;
    let page = member.get("/engagement/surveys/1").await.expect(200).body;
    assert!(page.contains("Nobody has answered") && page.contains("Do you like &lt;b&gt;us"), "{page}");
    let told: Value = serde_json::from_str(&bench.house.visitor().get("/api/engagement/surveys/1").await.expect(200).body).unwrap();
    assert_eq!((told["kind"].as_str(), told["question"].as_str()), (Some("nps"), Some("Do you like <b>us</b>?")));
    let key = bench.key.clone();
    for (user, score, comment) in [("ada", 10, "Fast & exact"), ("bob", 9, ""), ("cem", 3, ""), ("", 8, "")] {
        assert_eq!(answer(&bench, &json!({"k": key, "score": score, "comment": comment, "u": user})).await, 200);
    }
    // Who thinks better of it within a week counts once.
    assert_eq!(answer(&bench, &json!({"k": key, "score": 6, "u": "bob"})).await, 200);
    for wrong in [json!({"k": "nobody", "score": 1}), json!({"k": key, "score": 11}), json!({"k": key}), json!({"k": key, "score": -1})] {
        assert_eq!(answer(&bench, &wrong).await, 400, "{wrong}");
    }
    // One of four recommends, two advise against it.
    let page = member.get("/engagement/surveys/1").await.expect(200).body;
    assert!(page.contains("-25 ±"), "{page}");
    assert!(page.contains("Fast &amp; exact"));
    assert!(member.get("/engagement/surveys").await.expect(200).body.contains("-25 ±"));
    member.post("/engagement/surveys/1/open", &[("open", "no")]).await.expect(303);
    bench.house.visitor().get("/api/engagement/surveys/1").await.expect(404);
    assert_eq!(answer(&bench, &json!({"k": key, "score": 6})).await, 404);
}

#[tokio::test]
async fn whoever_is_forgotten_has_answered_nothing_or_at_least_said_nothing() {
    for (mode, scores) in [(Mode::Delete, vec![(5, 1)]), (Mode::Anonymise, vec![(1, 1), (5, 1)])] {
        let bench = Bench::new().await;
        asked(&bench, "csat").await;
        let key = bench.key.clone();
        for (user, score) in [("ada", 1), ("bob", 5)] {
            assert_eq!(answer(&bench, &json!({"k": key, "score": score, "comment": "my name is in it", "u": user})).await, 200);
        }
        let ada = bench.contact("ada").await.unwrap();
        erase(&bench.house.cx, ada, mode, |_| Ok(())).await.unwrap();
        let found = bench.house.cx.read(|r| crate::store::scores(r, 1, kernel::Time(0))).await.unwrap();
        assert_eq!(found, scores, "{mode:?}");
        let said = bench.house.cx.read(|r| crate::store::comments(r, 1, 9)).await.unwrap();
        assert_eq!(said.len(), 1, "Bob's alone");
    }
}
