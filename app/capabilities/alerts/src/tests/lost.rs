//! Channels whose configuration was sealed with a key file that is gone.

use std::time::Duration;

use http::Method;
use kernel::time::MINUTE;
use kernel::{Role, Sealer};
use serde_json::{Value, json};
use testkit::fakes::Sink;

use super::house::{Fixture, said};
use crate::channel::config::{self, LOST};
use crate::store::channels;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A webhook and a Slack channel of before, sealed with another key file.
async fn forgotten(fixture: &Fixture, sink: &Sink) -> (i64, i64) {
    let hook = fixture.hook("Hook", sink).await;
    let slack = json!({"name": "Slack", "kind": "slack", "takes": "named", "url": sink.url("/slack")});
    let slack = fixture.post("/api/v1/channels", slack).await["id"].as_i64().expect("an id");
    let (sealer, gone) = (fixture.house.cx.sealer.clone(), Sealer::new(&[9; 32]));
    let seal_anew = move |tx: &mut db::Tx<'_>| {
        for channel in channels::list(tx)? {
            let values = channels::find_values(tx, &sealer, channel.id)?.expect("it was just made");
            tx.run("update alerts_channels set config = ? where id = ?", (config::seal(&gone, &values)?, channel.id.0))?;
        }
        // As the next start does.
        channels::mark_lost(tx, &sealer)
    };
    fixture.house.cx.write(seal_anew).await.expect("sealed");
    (hook, slack)
}

#[tokio::test]
async fn a_channel_with_lost_secrets_shows_it_and_takes_them_again() {
    let (fixture, sink) = (Fixture::new().await, Sink::start());
    let (hook, slack) = forgotten(&fixture, &sink).await;
    let registry = fixture.house.cx.registry;
    let found = fixture.house.cx.read(move |r| registry.diagnose(r)).await.expect("findings");
    let lost = found.iter().filter(|one| one.finding == format!("Does not deliver: {LOST}")).count();
    assert_eq!(lost, 2, "{found:?}");
    let admin = fixture.house.member(Role::Admin).await;
    let page = admin.get(&format!("/alerts/channels/{hook}")).await.expect(200);
    assert!(page.body.contains(LOST), "{}", page.body);
    let tested = fixture.post(&format!("/api/v1/channels/{hook}/test"), json!({})).await;
    assert_eq!((&tested["is_sent"], tested["message"].as_str().is_some_and(|said| said.contains(LOST))), (&json!(false), true), "{tested}");

    let named = fixture.patch(&format!("/api/v1/channels/{slack}"), json!({"name": "Ops"})).await;
    assert_eq!((&named["name"], &named["has_lost_secrets"]), (&json!("Ops"), &json!(true)));
    let whole = fixture.patch(&format!("/api/v1/channels/{slack}"), json!({"url": sink.url("/slack")})).await;
    assert_eq!(whole["has_lost_secrets"], false);
    let half = fixture.api.json(Method::PATCH, &format!("/api/v1/channels/{hook}"), &json!({"url": sink.url("/hook")})).await.expect(400);
    assert!(half.body.contains("gone"), "nobody would learn a secret made here: {}", half.body);
    admin
        .post(
            &format!("/alerts/channels/{hook}"),
            &[("name", "Hook"), ("takes", "everything"), ("url", &sink.url("/hook")), ("secret", SECRET)],
        )
        .await
        .expect(303);
    let tested = fixture.post(&format!("/api/v1/channels/{hook}/test"), json!({})).await;
    assert_eq!(tested["is_sent"], true, "{tested}");
    let all: Value = fixture.get("/api/v1/channels").await;
    assert!(all["channels"].as_array().expect("channels").iter().all(|channel| channel["has_lost_secrets"] == false), "{all}");
}

#[tokio::test]
async fn a_notice_to_a_channel_with_lost_secrets_waits_with_the_reason_and_another_channel_says_so() {
    let (fixture, sink, well) = (Fixture::new().await, Sink::start(), Sink::start());
    let (hook, _) = forgotten(&fixture, &sink).await;
    fixture.post("/api/v1/channels", json!({"name": "Well", "kind": "webhook", "takes": "named", "url": well.url("/")})).await;
    fixture.change_rule("down", json!({"channels": ["Hook"]})).await;
    fixture.change_rule("channel-dead", json!({"channels": ["Well"]})).await;
    fixture.down(1).await;
    fixture.house.live_through(MINUTE * 30, Duration::from_secs(30)).await;
    let channel = fixture.get(&format!("/api/v1/channels/{hook}")).await;
    assert_eq!(channel["last_error"], LOST);
    assert!(said(&well).iter().any(|line| line.contains("Hook")), "{:?}", said(&well));
    fixture.patch(&format!("/api/v1/channels/{hook}"), json!({"url": sink.url("/hook"), "secret": SECRET})).await;
    fixture.house.live_through(MINUTE * 30, Duration::from_secs(60)).await;
    assert!(said(&sink).iter().any(|line| line.contains("monitor 1")), "what waited is delivered: {:?}", said(&sink));
}
