//! What makes no noise is chosen, bounded and in sight; who is left without a channel is named.

use capability::{ApplyContext, Verb};
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
    assert_eq!(tiles(&fixture).await[1], format!("Silenced: Everything – {all} and 1 more"));
    assert!(findings(&fixture).await.contains(&format!("warn Silences: Nobody is told of: {all}; {said}.")));
    let viewer = fixture.house.member(Role::Viewer).await;
    assert!(viewer.get("/alerts").await.expect(200).body.contains(all));
    fixture.house.clock.advance(kernel::time::HOUR * 5);
    assert_eq!(tiles(&fixture).await.len(), 1);
    assert!(!findings(&fixture).await.iter().any(|line| line.contains("Silences")));
    assert!(!viewer.get("/alerts").await.expect(200).body.contains("is silenced"));
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

#[tokio::test]
async fn programs_silence_escalate_and_set_quiet_hours_by_the_same_rules_as_people() {
    let fixture = Fixture::new().await;
    let channel = fixture.hook("Hook", &Sink::start()).await;
    for wrong in [
        json!({}),
        json!({"scope": "everything", "hours": 1}),
        json!({"scope": "rule", "rule": "disk"}),
        json!({"scope": "all", "hours": 1}),
    ] {
        fixture.api.json(Method::POST, "/api/v1/silences", &wrong).await.expect(400);
    }
    let made = fixture.post("/api/v1/silences", json!({"scope": "rule", "rule": "disk", "hours": 2, "reason": "a new disk"})).await;
    assert_eq!((&made["scope"], &made["rule"], &made["ends_at"]), (&json!("rule"), &json!("disk"), &json!("2026-03-02T14:01:00.000Z")));
    assert_eq!(fixture.get("/api/v1/silences").await["silences"][0], made);
    fixture.api.json(Method::DELETE, &format!("/api/v1/silences/{}", made["id"]), &json!({})).await.expect(204);
    assert!(fixture.get("/api/v1/silences").await["silences"].as_array().is_some_and(Vec::is_empty));
    fixture.api.json(Method::DELETE, "/api/v1/silences/99", &json!({})).await.expect(404);

    let ladder = json!({"name": "Ladder", "steps": [{"channels": ["Hook"]}, {"wait_minutes": 5, "channels": ["sms"]}], "repeat": 1});
    let policy = fixture.post("/api/v1/policies", ladder.clone()).await;
    assert_eq!(
        policy["steps"],
        json!([{"wait_minutes": 0, "channels": [format!("channel:{channel}")]}, {"wait_minutes": 5, "channels": ["sms"]}])
    );
    fixture.api.json(Method::POST, "/api/v1/policies", &ladder).await.expect(400);
    let path = format!("/api/v1/policies/{}", policy["id"]);
    assert_eq!(fixture.patch(&path, json!({"repeat": 3})).await["steps"], policy["steps"], "what is left out stays");
    fixture.api.json(Method::PATCH, &path, &json!({"steps": [{"channels": ["nobody"]}]})).await.expect(400);
    fixture.change_rule("down", json!({"policy": "Ladder"})).await;
    fixture.api.json(Method::DELETE, &path, &json!({})).await.expect(204);
    assert_eq!(fixture.rule("down").await["policy"], "");

    let night = json!({"channel": "Hook", "starts": "22:00", "ends": "07:00", "zone": "Europe/Berlin", "weekdays": ["mon", "sun"]});
    let hours = fixture.post("/api/v1/quiet-hours", night.clone()).await;
    assert_eq!((&hours["holds"], &hours["weekdays"]), (&json!("warning"), &json!(["mon", "sun"])));
    for (field, value) in [("holds", "critical"), ("zone", "Nowhere"), ("channel", "nobody"), ("starts", "25:00")] {
        let mut wrong = night.clone();
        wrong[field] = json!(value);
        assert!(fixture.api.json(Method::POST, "/api/v1/quiet-hours", &wrong).await.expect(400).body.contains(field), "{field}");
    }
    assert_eq!(fixture.get("/api/v1/quiet-hours").await["quiet_hours"][0], hours);
    fixture.api.json(Method::DELETE, &format!("/api/v1/quiet-hours/{}", hours["id"]), &json!({})).await.expect(204);
}

#[tokio::test]
async fn a_file_makes_channels_their_quiet_hours_policies_and_rules_in_one_go_and_the_second_time_nothing() {
    let fixture = Fixture::alone().await;
    let file: toml::Value = toml::from_str(
        r#"
        [[rules]]
        key = "disk"
        channels = ["Ops"]
        policy = "Ladder"
        [[policies]]
        name = "Ladder"
        steps = [{ channels = ["Ops"] }, { wait_minutes = 5, channels = ["sms"] }]
        [[quiet_hours]]
        channel = "Ops"
        starts = "22:00"
        ends = "07:00"
        zone = "UTC"
        [[channels]]
        name = "Ops"
        kind = "slack"
        url = "https://hooks.slack.com/services/SECRET"
        "#,
    )
    .expect("a file");
    let cx = &fixture.house.cx;
    let registry = cx.registry;
    let apply = async |is_plan: bool| {
        let (file, sealer) = (file.clone(), cx.sealer.clone());
        cx.write(move |tx| {
            let context = ApplyContext { sealer: &sealer, registry, role: Role::Owner };
            let mut changes = Vec::new();
            for section in registry.apply_sections() {
                let part = &file[section.section()];
                changes.extend(if is_plan { section.plan(tx, &context, part)? } else { section.apply(tx, &context, part)? });
            }
            Ok(changes)
        })
        .await
        .expect("changes")
    };
    let plan: Vec<String> = apply(true).await.iter().map(|change| format!("{:?} {} {}", change.verb, change.what, change.detail)).collect();
    assert_eq!(plan[1], "Create quiet hours of Ops which must be a channel by then");
    assert_eq!(plan[2], "Create policy Ladder tells Ops, which must be a channel by then");
    assert!(plan[3].contains("escalates by Ladder, which must be a policy by then"), "{plan:?}");
    let verbs = async || apply(false).await.iter().map(|change| change.verb).collect::<Vec<_>>();
    assert_eq!(verbs().await, [Verb::Create, Verb::Create, Verb::Create, Verb::Update]);
    assert_eq!(verbs().await, [Verb::Keep; 4]);
    assert_eq!(fixture.rule("disk").await["policy"], "Ladder");
}

#[tokio::test]
async fn a_viewer_sees_no_form_and_no_link_that_would_be_refused() {
    let fixture = Fixture::new().await;
    let viewer = fixture.house.member(Role::Viewer).await;
    assert!(!viewer.get("/alerts").await.expect(200).body.contains("/alerts/channels/new"));
    let channel = fixture.hook("Hook", &Sink::start()).await;
    let policy = fixture.post("/api/v1/policies", json!({"name": "Ladder", "steps": [{"channels": ["Hook"]}]})).await;
    fixture.post("/api/v1/quiet-hours", json!({"channel": "Hook", "starts": "22:00", "ends": "07:00", "zone": "UTC"})).await;
    fixture.post("/api/v1/silences", json!({"scope": "rule", "rule": "disk", "hours": 2})).await;
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    let rule = fixture.rule("disk").await["id"].clone();
    for path in [
        "/alerts".to_owned(),
        "/alerts/1".to_owned(),
        "/alerts/rules".to_owned(),
        format!("/alerts/rules/{rule}"),
        "/alerts/channels".to_owned(),
        format!("/alerts/channels/{channel}"),
        "/alerts/silences".to_owned(),
        "/alerts/policies".to_owned(),
        format!("/alerts/policies/{}", policy["id"]),
    ] {
        let body = viewer.get(&path).await.expect(200).body;
        assert!(!body.contains("method=\"post\" action=\"/alerts"), "{path}");
        assert!(!body.contains("/new\""), "{path}");
    }
}
