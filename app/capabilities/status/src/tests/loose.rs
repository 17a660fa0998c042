//! What the page may not say: that it watches what nobody watches any more, or that it mails what cannot be mailed.

use super::house::*;
use frontend::Tone;
use kernel::time::MINUTE;
use kernel::{Fact, Role};
use testkit::TestHouse;

async fn findings(house: &TestHouse) -> Vec<String> {
    let registry = house.cx.registry;
    let found = house.cx.read(move |r| registry.diagnose(r)).await.unwrap();
    found.into_iter().filter(|found| found.tone != Tone::Good).map(|found| found.finding).collect()
}

#[tokio::test]
async fn a_component_whose_monitor_is_deleted_goes_from_the_page_and_asks_for_a_decision() {
    let house = house().await;
    let member = house.member(Role::Member).await;
    let id = component(&house, &member, 7, "Payments").await;
    component(&house, &member, 8, "API").await;
    house.cx.write(|tx| tx.run("delete from uptime_watched where key = 'uptime:7'", [])).await.unwrap();
    house.tell(Fact::MonitorSilenced { monitor: kernel::ids::MonitorId(7), name: "Payments".into() }).await;
    let page = house.visitor().get("/status").await.expect(200).body;
    assert!(!page.contains("Payments") && !page.contains("No data since") && page.contains("API"));
    assert!(!house.visitor().get("/status/summary.json").await.expect(200).body.contains("Payments"));
    let list = member.get("/status/edit/components").await.expect(200).body;
    assert!(list.contains("follows nothing any more") && list.contains("hidden from visitors"), "{list}");
    assert!(member.get("/status/edit").await.expect(200).body.contains("Payments follows nothing any more"));
    let said = findings(&house).await;
    assert!(said.iter().any(|line| line.starts_with("“Payments” follows nothing any more")), "{said:?}");
    // As long as somebody says something about it, visitors read that.
    let effect = format!("{id}:major_outage");
    let report = [("title", "Down"), ("impact", "major"), ("phase", "investigating"), ("body", "We look."), ("effect", effect.as_str())];
    member.post("/status/edit/reports", &report).await.expect(303);
    assert!(house.visitor().get("/status").await.expect(200).body.contains("Payments"));
    member.post("/status/edit/reports/1/updates", &[("phase", "resolved"), ("body", "Done.")]).await.expect(303);
    let path = format!("/status/edit/components/{id}");
    assert!(member.get(&path).await.expect(200).body.contains("choose another monitor"));
    member.post(&path, &[("name", "Payments"), ("rule", "manual")]).await.expect(303);
    assert!(house.visitor().get("/status/summary.json").await.expect(200).body.contains("\"name\":\"Payments\""));
    assert!(!findings(&house).await.iter().any(|line| line.contains("follows nothing")));
}

#[tokio::test]
async fn a_monitor_that_comes_back_brings_its_component_back() {
    let house = house().await;
    let member = house.member(Role::Member).await;
    component(&house, &member, 7, "Payments").await;
    house.work().await;
    house.cx.write(|tx| tx.run("delete from uptime_watched", [])).await.unwrap();
    house.pass(MINUTE).await;
    assert!(!house.visitor().get("/status/summary.json").await.expect(200).body.contains("Payments"));
    watch(&house, 7, "Payments", "operational").await;
    house.pass(MINUTE).await;
    assert!(house.visitor().get("/status/summary.json").await.expect(200).body.contains("Payments"));
}

#[tokio::test]
async fn without_a_way_to_send_mail_the_page_offers_none_and_the_founder_is_told() {
    let house = house().await;
    let member = house.member(Role::Member).await;
    let page = house.visitor().get("/status/subscribe").await.expect(200).body;
    assert!(!page.contains("type=\"email\"") && page.contains("webhook") && page.contains("RSS"));
    let asked = [("kind", "email"), ("language", "de"), ("address", "ada@example.org")];
    let refused = house.visitor().post("/status/subscribe", &asked).await.expect(422).body;
    assert!(refused.contains("per E-Mail"), "{refused}");
    assert_eq!(count(&house, "select count(*) from status_subscribers").await, 0);
    for path in ["/status/edit", "/status/edit/subscribers"] {
        assert!(member.get(path).await.expect(200).body.contains("Subscribing by mail waits for a way to send mail"), "{path}");
    }
    assert!(findings(&house).await.iter().any(|line| line.contains("cannot subscribe by mail")));
    let _smtp = with_mail(&house).await;
    assert!(house.visitor().get("/status/subscribe").await.expect(200).body.contains("type=\"email\""));
    assert!(!member.get("/status/edit").await.expect(200).body.contains("waits for a way to send mail"));
    house.visitor().post("/status/subscribe", &asked).await.expect(200);
}

#[tokio::test]
async fn a_viewer_sees_no_form_that_would_be_refused() {
    let house = house().await;
    let member = house.member(Role::Member).await;
    let id = component(&house, &member, 7, "Payments").await;
    member.post("/status/edit/components", &[("name", "Desk"), ("rule", "manual")]).await.expect(303);
    let report = [("title", "Down"), ("impact", "major"), ("phase", "investigating"), ("body", "We look."), ("then", "draft")];
    member.post("/status/edit/reports", &report).await.expect(303);
    let fields = [("title", "Upgrade"), ("body", "Slow."), ("starts_at", "2026-03-05T13:00"), ("ends_at", "2026-03-05T14:00")];
    member.post("/status/edit/maintenances", &fields).await.expect(303);
    let viewer = house.member(Role::Viewer).await;
    for path in [
        "/status/edit".to_owned(),
        "/status/edit/components".to_owned(),
        format!("/status/edit/components/{id}"),
        format!("/status/edit/components/{}", id.0 + 1),
        "/status/edit/reports".to_owned(),
        "/status/edit/reports/1".to_owned(),
        "/status/edit/maintenances".to_owned(),
        "/status/edit/maintenances/1".to_owned(),
        "/status/edit/subscribers".to_owned(),
        "/status/edit/templates".to_owned(),
        "/status/edit/appearance".to_owned(),
    ] {
        let body = viewer.get(&path).await.expect(200).body;
        assert!(!body.contains("action=\"/status/"), "{path}");
        assert!(!body.contains("href=\"/console/settings\">Name"), "{path}");
    }
    assert!(viewer.get(&format!("/status/edit/components/{id}")).await.expect(200).body.contains("Badge"));
}
