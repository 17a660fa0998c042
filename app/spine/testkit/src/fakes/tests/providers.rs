use std::time::Duration;

use outbound::{Answer, Reach, Request, retry_after};
use serde_json::{Value, json};

use super::{NOW, outbound, url};
use crate::fakes::{Discord, Ntfy, PagerDuty, Slack, Teams, Telegram};

async fn post(to: &str, body: &Value) -> Answer {
    outbound().http.send(Request::post_json(url(to), Reach::Webhook, body)).await.unwrap()
}

fn text(answer: &Answer) -> &str {
    std::str::from_utf8(&answer.body).unwrap()
}

#[tokio::test]
async fn slack_says_ok_or_why_not() {
    let slack = Slack::start();
    let good = json!({ "text": "DOWN", "blocks": [
        { "type": "header", "text": { "type": "plain_text", "text": "DOWN api" } },
        { "type": "section", "fields": [{ "type": "mrkdwn", "text": "*Reason*" }] },
        { "type": "context", "elements": [{ "type": "mrkdwn", "text": "since 12:00" }] },
        { "type": "actions", "elements": [{ "type": "button", "text": { "type": "plain_text", "text": "Open" }, "url": "https://a.example" }] },
    ] });
    let answer = post(&slack.webhook_url(), &good).await;
    assert_eq!((answer.code, text(&answer)), (200, "ok"));
    assert_eq!(slack.messages(), [good]);
    let header =
        |length| json!({ "text": "x", "blocks": [{ "type": "header", "text": { "type": "plain_text", "text": "x".repeat(length) } }] });
    assert_eq!(post(&slack.webhook_url(), &header(150)).await.code, 200);
    for (bad, why) in [
        (header(151), "invalid_blocks"),
        (json!({ "text": "x", "blocks": vec![json!({ "type": "divider" }); 51] }), "invalid_blocks"),
        (json!({ "text": "x", "blocks": [{ "type": "section", "text": { "type": "mrkdwn", "text": "" } }] }), "invalid_blocks"),
        (
            json!({ "text": "x", "blocks": [{ "type": "actions", "elements": [{ "type": "button", "text": { "type": "plain_text", "text": "x".repeat(76) } }] }] }),
            "invalid_blocks",
        ),
        (json!({ "text": "" }), "no_text"),
        (json!([1]), "invalid_payload"),
    ] {
        let answer = post(&slack.webhook_url(), &bad).await;
        assert_eq!((answer.code, text(&answer)), (400, why), "{bad}");
    }
    let answer = post(&slack.url("/services/T0/B0/wrong"), &json!({ "text": "x" })).await;
    assert_eq!((answer.code, text(&answer)), (404, "no_service"));
    slack.rate_limit(1, 30);
    let answer = post(&slack.webhook_url(), &json!({ "text": "x" })).await;
    assert_eq!((answer.code, retry_after(&answer, NOW)), (429, Some(Duration::from_secs(30))));
}

#[tokio::test]
async fn discord_answers_the_message_when_asked_to_wait() {
    let discord = Discord::start();
    let good = json!({ "username": "Hermetic", "embeds": [{ "title": "DOWN", "color": 15_158_332, "timestamp": "2026-11-23T12:00:00Z", "fields": [{ "name": "Reason", "value": "503" }] }], "allowed_mentions": { "parse": [] } });
    let answer = post(&format!("{}?wait=true", discord.webhook_url()), &good).await;
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(answer.code, 200);
    assert_eq!(post(&discord.webhook_url(), &good).await.code, 204);
    let edit = Request {
        method: outbound::Method::PATCH,
        ..Request::post_json(url(&format!("{}/messages/{id}", discord.webhook_url())), Reach::Webhook, &good)
    };
    assert_eq!(outbound().http.send(edit).await.unwrap().json()["id"], id);
    for bad in [
        json!({ "content": "x".repeat(2_001) }),
        json!({ "embeds": [{ "title": "x".repeat(257) }] }),
        json!({ "embeds": [{ "description": "x".repeat(4_097) }] }),
        json!({ "embeds": [{ "description": "x".repeat(4_000) }, { "description": "x".repeat(2_001) }] }),
        json!({ "embeds": vec![json!({ "title": "x" }); 11] }),
        json!({ "embeds": [{ "title": "x", "color": 16_777_216 }] }),
        json!({ "embeds": [{ "title": "x", "timestamp": "yesterday" }] }),
        json!({ "content": "x", "username": "Discord bot" }),
        json!({ "content": "" }),
    ] {
        let answer = post(&discord.webhook_url(), &bad).await;
        assert_eq!(answer.code, 400, "{bad}");
        assert!(answer.json()["code"].is_u64());
    }
    assert_eq!(post(&discord.url("/api/webhooks/1/x"), &good).await.code, 404);
    discord.rate_limit(1, 0.65);
    let answer = post(&discord.webhook_url(), &good).await;
    assert_eq!((answer.code, retry_after(&answer, NOW)), (429, Some(Duration::from_secs(1))));
}

#[tokio::test]
async fn telegram_checks_markup_and_length() {
    let telegram = Telegram::start();
    let send = format!("{}/bot{}/sendMessage", telegram.api_base(), telegram.token());
    let message = |text: &str| json!({ "chat_id": -100, "text": text, "parse_mode": "HTML" });
    let answer = post(&send, &message("<b>DOWN</b> a &lt; b")).await;
    assert_eq!((answer.code, answer.json()["result"]["message_id"].as_i64()), (200, Some(1)));
    assert_eq!(post(&send, &message(&"x".repeat(4_096))).await.code, 200);
    for bad in [
        message(&"x".repeat(4_097)),
        message("<b>DOWN"),
        message("<b><i>DOWN</b></i>"),
        message("<h1>DOWN</h1>"),
        message("<b></b>"),
        json!({ "text": "x" }),
        json!({ "chat_id": 1, "text": "x", "reply_markup": { "inline_keyboard": [[{ "text": "Open", "url": "nowhere" }]] } }),
    ] {
        let answer = post(&send, &bad).await;
        assert_eq!((answer.code, &answer.json()["ok"]), (400, &json!(false)), "{bad}");
    }
    assert_eq!(post(&format!("{}/botwrong/sendMessage", telegram.api_base()), &message("x")).await.code, 401);
    telegram.rate_limit(1, 12);
    let answer = post(&send, &message("x")).await;
    assert_eq!((answer.code, retry_after(&answer, NOW)), (429, Some(Duration::from_secs(12))));
}

#[tokio::test]
async fn pagerduty_wants_a_whole_event() {
    let pagerduty = PagerDuty::start();
    let to = pagerduty.enqueue_url();
    let event = |summary: &str| {
        json!({ "routing_key": pagerduty.routing_key(), "event_action": "trigger", "dedup_key": "alert:7",
            "payload": { "summary": summary, "source": "api", "severity": "critical", "timestamp": "2026-11-23T12:00:00Z" } })
    };
    let answer = post(&to, &event("DOWN")).await;
    assert_eq!((answer.code, &answer.json()["dedup_key"]), (202, &json!("alert:7")));
    let resolve = json!({ "routing_key": pagerduty.routing_key(), "event_action": "resolve", "dedup_key": "alert:7" });
    assert_eq!(post(&to, &resolve).await.code, 202);
    let mut no_key = event("DOWN");
    no_key["routing_key"] = json!("short");
    let mut severity = event("DOWN");
    severity["payload"]["severity"] = json!("fatal");
    for bad in [
        event(&"x".repeat(1_025)),
        no_key,
        severity,
        json!({}),
        json!({ "routing_key": pagerduty.routing_key(), "event_action": "resolve" }),
    ] {
        let answer = post(&to, &bad).await;
        assert_eq!((answer.code, &answer.json()["status"]), (400, &json!("invalid event")), "{bad}");
        assert!(!answer.json()["errors"].as_array().unwrap().is_empty());
    }
    pagerduty.rate_limit(1);
    assert_eq!(post(&to, &event("DOWN")).await.code, 429);
}

#[tokio::test]
async fn teams_takes_adaptive_cards() {
    let teams = Teams::start();
    let card = |kind: &str, body: &str| {
        let content = json!({ "type": "AdaptiveCard", "version": "1.4", "body": [{ "type": "TextBlock", "text": body }], "actions": [{ "type": "Action.OpenUrl", "title": "Open", "url": "https://a.example" }] });
        json!({ "type": "message", "attachments": [{ "contentType": kind, "contentUrl": null, "content": content }] })
    };
    let adaptive = "application/vnd.microsoft.card.adaptive";
    let answer = post(&teams.webhook_url(), &card(adaptive, "DOWN")).await;
    assert_eq!((answer.code, answer.body.len()), (202, 0));
    assert_eq!(post(&teams.webhook_url(), &card("application/vnd.microsoft.teams.card.o365connector", "DOWN")).await.code, 400);
    assert_eq!(post(&teams.webhook_url(), &json!({ "text": "DOWN" })).await.code, 400);
    assert_eq!(post(&teams.webhook_url(), &card(adaptive, &"x".repeat(29_000))).await.code, 413);
    assert_eq!(post(&teams.webhook_url().replace("teamssecret", "wrong"), &card(adaptive, "DOWN")).await.code, 401);
    teams.rate_limit(1, 5);
    assert_eq!(post(&teams.webhook_url(), &card(adaptive, "DOWN")).await.code, 429);
}

#[tokio::test]
async fn ntfy_answers_the_message_with_its_id() {
    let ntfy = Ntfy::start();
    let good = json!({ "topic": "ops", "title": "DOWN", "message": "api", "priority": 5, "tags": ["rotating_light"], "actions": [{ "action": "view", "label": "Open", "url": "https://a.example" }] });
    let answer = post(&ntfy.server_url(), &good).await;
    assert_eq!((answer.code, &answer.json()["event"]), (200, &json!("message")));
    assert!(answer.json()["id"].is_string());
    for bad in [
        json!({ "topic": "o ps", "message": "x" }),
        json!({ "topic": "ops", "priority": 6 }),
        json!({ "topic": "ops", "message": "x".repeat(4_097) }),
        json!({ "topic": "ops", "actions": vec![json!({ "action": "view", "label": "a", "url": "https://a.example" }); 4] }),
        json!({ "topic": "ops", "actions": [{ "action": "view", "url": "https://a.example" }] }),
    ] {
        assert_eq!(post(&ntfy.server_url(), &bad).await.code, 400, "{bad}");
    }
    let protected = Ntfy::start_protected();
    assert_eq!(post(&protected.server_url(), &good).await.code, 403);
    let request = Request::post_json(url(&protected.server_url()), Reach::Webhook, &good)
        .header("Authorization", format!("Bearer {}", protected.token()));
    assert_eq!(outbound().http.send(request).await.unwrap().code, 200);
    ntfy.rate_limit(1);
    assert_eq!(post(&ntfy.server_url(), &good).await.code, 429);
}
