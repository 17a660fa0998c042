//! What makes no noise is chosen, bounded and in sight; who is left without a channel is named.

use http::Method;
use kernel::Role;
use serde_json::json;
use testkit::fakes::Sink;

use super::house::{Fixture, WINDOW, said};

async fn findings(fixture: &Fixture) -> Vec<String> {
    let registry = fixture.house.cx.registry;
    let found = fixture.house.cx.read(move |r| registry.diagnose(r)).await.expect("findings");
    found.into_iter().map(|found| format!("{} {}: {}", found.tone.class(), found.subject, found.finding)).collect()
}

async fn tiles(fixture: &Fixture) -> Vec<String> {
    let registry = fixture.house.cx.registry;
    let tiles = fixture.house.cx.read(move |r| registry.tiles(r)).await.expect("tiles");
    tiles.into_iter().map(|tile| format!("{}: {} – {}", tile.title, tile.value, tile.note)).collect()
}

#[tokio::test]
async fn an_empty_post_silences_nothing_and_everything_needs_a_reason_and_an_end() {
    let fixture = Fixture::new().await;
    let member = fixture.house.member(Role::Member).await;
    let page = member.get("/alerts/silences").await.expect(200);
    assert!(page.body.contains("value=\"everything\"") && !page.body.contains(" checked"), "nothing is chosen beforehand");
    for fields in [
        vec![],
        vec![("rule", ""), ("matching", ""), ("hours", "1")],
        vec![("scope", "rule"), ("rule", ""), ("hours", "1")],
        vec![("scope", "rule"), ("rule", "gone"), ("hours", "1")],
        vec![("scope", "matching"), ("matching", " "), ("hours", "1")],
        vec![("scope", "everything"), ("hours", "1")],
        vec![("scope", "everything"), ("hours", "lifted"), ("reason", "move")],
        vec![("scope", "matching"), ("matching", "x"), ("hours", "")],
        vec![("scope", "matching"), ("matching", "x"), ("hours", "8761")],
    ] {
        member.post("/alerts/silences", &fields).await.expect(422);
    }
    let refused = member.post("/alerts/silences", &[("scope", "everything"), ("hours", "4")]).await.expect(422);
    assert!(refused.body.contains("say why nobody is to be told") && refused.body.contains("value=\"4\" selected"), "what was typed stays");
    assert!(fixture.get("/api/v1/alerts").await["alerts"].as_array().is_some_and(Vec::is_empty));
    assert!(member.get("/alerts/silences").await.expect(200).body.contains("Nothing is silenced"));
    let asked = [("scope", "everything"), ("rule", "disk"), ("matching", "left over"), ("hours", "1"), ("reason", "the move")];
    member.post("/alerts/silences", &asked).await.expect(303);
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    assert!(said(&sink).is_empty());
}

#[tokio::test]
async fn what_is_silenced_is_in_sight_on_home_alerts_and_health_until_it_ends() {
    let fixture = Fixture::new().await;
    fixture.hook("Hook", &Sink::start()).await;
    let member = fixture.house.member(Role::Member).await;
    let narrow = [("scope", "rule"), ("rule", "disk"), ("hours", "4"), ("reason", "a new disk")];
    member.post("/alerts/silences", &narrow).await.expect(303);
    let said = "Rule “Disk more than 85 % full” until 2 Mar 2026, 16:01 UTC (a new disk)";
    assert_eq!(tiles(&fixture).await[1], format!("Silenced: 1 silence – {said}"));
    assert!(findings(&fixture).await.contains(&format!("info Silences: Nobody is told of: {said}.")), "planned: no warning");
    member.post("/alerts/silences", &[("scope", "everything"), ("hours", "1"), ("reason", "the move")]).await.expect(303);
    let all = "Everything until 2 Mar 2026, 13:01 UTC (the move)";
    assert_eq!(tiles(&fixture).await[1], format!("Silenced: everything – {all}; {said}"));
    assert!(findings(&fixture).await.contains(&format!("warn Silences: Nobody is told of: {all}; {said}.")));
    let viewer = fixture.house.member(Role::Viewer).await;
    assert!(viewer.get("/alerts").await.expect(200).body.contains(all));
    fixture.house.clock.advance(kernel::time::HOUR * 5);
    assert_eq!(tiles(&fixture).await.len(), 1);
    assert!(!findings(&fixture).await.iter().any(|line| line.contains("Silences")));
    assert!(!viewer.get("/alerts").await.expect(200).body.contains("no noise"));
}

#[tokio::test]
async fn removing_the_only_channel_of_a_rule_says_who_is_left_and_the_doctor_goes_on_saying_it() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    let (own, other) = (fixture.hook("Own", &sink).await, fixture.hook("Other", &sink).await);
    let rule = json!({"name": "Shop", "source": "monitor_down", "only": "shop", "severity": "critical", "channels": ["Own"]});
    fixture.post("/api/v1/alert-rules", rule).await;
    let admin = fixture.house.member(Role::Admin).await;
    let page = admin.get(&format!("/alerts/channels/{own}")).await.expect(200);
    assert!(page.body.contains("“Shop” names no other channel that is on; all the others are told instead."));
    assert!(!admin.get(&format!("/alerts/channels/{other}")).await.expect(200).body.contains("names no other"));
    assert!(!findings(&fixture).await.iter().any(|line| line.contains("Shop")));
    fixture.api.json(Method::DELETE, &format!("/api/v1/channels/{own}"), &json!({})).await.expect(204);
    let astray = "warn Alert rules: “Shop” names only channels that are gone or off; the other channels are told instead.";
    assert!(findings(&fixture).await.iter().any(|line| line == astray));
    let page = admin.get(&format!("/alerts/channels/{other}")).await.expect(200);
    assert!(page.body.contains("No other channel is on: nobody is told of anything then."));
    admin.post(&format!("/alerts/channels/{other}/remove"), &[]).await.expect(303);
    let nobody = findings(&fixture).await;
    assert!(nobody.iter().any(|line| line == "warn Alert rules: “Shop” tells nobody."), "{nobody:?}");
}

#[tokio::test]
async fn a_rule_that_only_text_messages_could_tell_is_named_when_it_is_not_worth_one() {
    let fixture = Fixture::new().await;
    let phone = json!({"name": "Phone", "kind": "sms", "account_sid": "AC00000000000000000000000000000000", "auth_token": "x", "from": "+15005550006", "to": "+4915112345678"});
    fixture.post("/api/v1/channels", phone).await;
    let lines = findings(&fixture).await;
    let nobody = lines.iter().find(|line| line.contains("tell nobody")).expect("a finding");
    assert!(nobody.contains("more tell nobody") && !nobody.contains("A monitor is down"), "{nobody}");
}
