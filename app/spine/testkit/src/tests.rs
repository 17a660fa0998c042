//! The house as a program meets it that reports.

use serde_json::json;

use crate::TestHouse;

#[tokio::test]
async fn a_program_reports_through_the_door_of_the_house() {
    let house = TestHouse::new(&[]).await;
    let (project, key) = house.project("Web").await;
    let id = "9ec79c33ec9942ab8353589fcb2e04dc";
    let answer = house.post_envelope(&key, json!({ "event_id": id }), &[("event", json!({ "message": "boom" }))]).await.expect(200);
    assert_eq!(answer.json::<serde_json::Value>()["id"], id);
    let items = house.cx.telemetry.read(|r| ingest::store::next_batch(r, 0, &ingest::Kind::ALL, 10, usize::MAX)).await.unwrap().items;
    assert_eq!((items.len(), items[0].project), (1, project.id));
    // A key that only reports opens nothing else.
    let bearer = http::Request::get("/api/v1/monitors").header("authorization", format!("Bearer {}", key.public_key));
    let refused = house.visitor().call(bearer.body(axum::body::Body::empty()).unwrap()).await;
    assert!(refused.code.is_client_error(), "{}", refused.code);
}

#[tokio::test]
async fn the_settings_say_how_much_a_project_may_report() {
    let house = TestHouse::new(&[]).await;
    let (_, key) = house.project("Web").await;
    let setting = capability::settings::SPINE_SECTIONS
        .iter()
        .flat_map(|(_, section)| section.fields)
        .find(|setting| setting.key == "ingest.errors_per_minute")
        .unwrap();
    let sealer = house.cx.sealer.clone();
    house.cx.write(move |tx| capability::settings::set(tx, &sealer, setting, "1")).await.unwrap();
    house.cx.ingest.set_allowances(house.cx.read(capability::intake::allowances).await.unwrap());
    let items = [("event", json!({}))];
    let report = || house.post_envelope(&key, json!({}), &items);
    report().await.expect(200);
    assert_eq!(report().await.expect(429).header("retry-after"), "60");
}

#[tokio::test]
async fn what_is_past_its_time_goes_with_the_hourly_job() {
    let house = TestHouse::new(&[]).await;
    let (_, key) = house.project("Web").await;
    house.post_envelope(&key, json!({}), &[("session", json!({})), ("event", json!({}))]).await.expect(200);
    // The schedules begin with the first work.
    house.work().await;
    house.pass(kernel::time::DAY * 15).await;
    let kinds: Vec<ingest::Kind> = house
        .cx
        .telemetry
        .read(|r| ingest::store::next_batch(r, 0, &ingest::Kind::ALL, 10, usize::MAX))
        .await
        .unwrap()
        .items
        .iter()
        .map(|item| item.kind)
        .collect();
    assert_eq!(kinds, [ingest::Kind::Event], "single sessions are kept for two weeks, events as long as errors shows them");
}
