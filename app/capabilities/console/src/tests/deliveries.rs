use super::*;
use kernel::Role;
use serde_json::{Value, json};
use std::time::Duration;
use work::{NewDelivery, NewJob};

async fn post_one(house: &TestHouse) {
    let delivery = NewDelivery {
        destination: "sample.place:1".into(),
        sender: "sample.send",
        key: "sample:1".into(),
        subject: "Homepage is down".into(),
        payload: json!({"hush": "payload-text"}),
        run_at: None,
    };
    house.cx.write(move |tx| work::post(tx, delivery)).await.unwrap();
    house.work().await;
}

#[tokio::test]
async fn a_delivery_that_was_given_up_shows_its_attempts_and_is_tried_again_by_hand() {
    let house = house().await;
    post_one(&house).await;
    let member = house.member(Role::Member).await;
    let listed = member.get("/console/deliveries?state=dead").await.expect(200).body;
    assert!(listed.contains("Homepage is down") && listed.contains("given up"));
    assert!(!member.get("/console/deliveries?state=sent").await.body.contains("Homepage is down"));
    let page = member.get("/console/deliveries/1").await.expect(200).body;
    assert!(
        page.contains("refused for good") && page.contains("410") && page.contains("sample:1") && !page.contains("payload-text"),
        "{page}"
    );
    member.post("/console/deliveries/1/retry", &[]).await.expect(303);
    house.work().await;
    let page = member.get("/console/deliveries/1").await.expect(200).body;
    assert!(page.contains(">sent<") && !page.contains("Try again now"), "{page}");
    member.post("/console/deliveries/1/retry", &[]).await.expect(409);
    member.get("/console/deliveries/2").await.expect(404);
    let listed: Value = house.key(Role::Viewer, &["console:read"]).await.get("/api/v1/deliveries").await.expect(200).json();
    assert_eq!((listed["deliveries"][0]["state"].as_str(), listed["deliveries"][0]["attempts"].as_i64()), (Some("sent"), Some(2)));
    let audits: Value = house.key(Role::Admin, &["console:read"]).await.get("/api/v1/audit?limit=1").await.expect(200).json();
    assert_eq!(audits["audits"][0]["act"], "console.delivery.retry");
    let is_moment =
        |value: &Value| value.as_str().and_then(kernel::Time::parse_rfc3339).is_some_and(|time| json!(time.rfc3339_millis()) == *value);
    for field in ["next_at", "created_at", "finished_at"] {
        assert!(is_moment(&listed["deliveries"][0][field]), "{field}: {listed}");
    }
    assert!(is_moment(&audits["audits"][0]["created_at"]) && audits["next"].is_i64(), "{audits}");
}

#[tokio::test]
async fn a_discarded_delivery_is_not_sent_any_more() {
    let house = house().await;
    post_one(&house).await;
    let member = house.member(Role::Member).await;
    member.post("/console/deliveries/1/discard", &[]).await.expect(303);
    assert!(member.get("/console/deliveries/1").await.body.contains("discarded"));
    house.member(Role::Viewer).await.post("/console/deliveries/1/retry", &[]).await.expect(403);
}

#[tokio::test]
async fn a_long_list_is_read_page_by_page_and_keeps_its_filter() {
    let house = house().await;
    for number in 0..60 {
        let delivery = NewDelivery {
            destination: format!("sample.place:{number}"),
            sender: "sample.send",
            key: format!("sample:{number}"),
            subject: format!("Notice {number}."),
            payload: json!({}),
            run_at: None,
        };
        house.cx.write(move |tx| work::post(tx, delivery)).await.unwrap();
    }
    let member = house.member(Role::Viewer).await;
    let first = member.get("/console/deliveries?state=pending").await.expect(200).body;
    assert!(first.contains("Notice 59.") && !first.contains("Notice 9.") && first.contains("state=pending&amp;before=11"), "{first}");
    let second = member.get("/console/deliveries?state=pending&before=11").await.expect(200).body;
    assert!(second.contains("Notice 9.") && !second.contains("Notice 10.") && second.contains("Newest"));
}

#[tokio::test]
async fn a_dead_job_stands_with_its_error_and_can_be_run_again_or_discarded() {
    let house = house().await;
    house.cx.write(|tx| work::enqueue(tx, NewJob::now("sample.fail", json!({})))).await.unwrap();
    for _ in 0..12 {
        house.pass(Duration::from_secs(21_600)).await;
    }
    let member = house.member(Role::Member).await;
    let page = member.get("/console/jobs").await.expect(200).body;
    assert!(page.contains("1 job was given up") && page.contains("Run again") && page.contains("console.tidy"), "{page}");
    assert!(member.get("/console").await.body.contains("1 job was given up"));
    let id = page.split("/console/jobs/").find_map(|rest| rest.split_once("/retry")).map(|(id, _)| id.to_owned()).unwrap();
    member.post(&format!("/console/jobs/{id}/retry"), &[]).await.expect(303);
    member.post(&format!("/console/jobs/{id}/discard"), &[]).await.expect(404);
    for _ in 0..12 {
        house.pass(Duration::from_secs(21_600)).await;
    }
    member.post(&format!("/console/jobs/{id}/discard"), &[]).await.expect(303);
    assert!(!member.get("/console/jobs").await.body.contains("given up"));
}

#[tokio::test]
async fn tidying_takes_what_is_finished_and_old_and_leaves_the_rest() {
    let house = house().await;
    post_one(&house).await;
    house.member(Role::Member).await.post("/console/deliveries/1/retry", &[]).await.expect(303);
    house.work().await;
    house.pass(Duration::from_secs(29 * 86_400)).await;
    let count = async || {
        house.cx.read(|r| Ok(work::store::list_deliveries(r, None, &kernel::paging::PageRequest::default())?.rows.len())).await.unwrap()
    };
    assert_eq!(count().await, 1);
    house.pass(Duration::from_secs(2 * 86_400)).await;
    assert_eq!(count().await, 0);
}
