//! What each channel sends: recorded payloads for every kind of notice, and limits that hold for every text.

use std::time::Duration;

use kernel::{Sealer, Secret, Time};
use outbound::gsm7;
use proptest::prelude::*;
use serde_json::Value;

use crate::channel::config::{self, Config};
use crate::channel::fields::FieldKind;
use crate::channel::{ChannelKind, Parcel, Values, pack, pagerduty, webhook};
use crate::notice::{Link, Notice, NoticeKind, merged};
use crate::rule::Topic;
use crate::severity::Severity;

const NOW: Time = Time(1_795_444_740_000);

fn values(kind: ChannelKind) -> Values {
    let pairs: &[(&str, &str)] = match kind {
        ChannelKind::Email => &[("to", "ada@example.com, ops@example.com")],
        ChannelKind::Slack => &[("url", "https://hooks.slack.com/services/T0/B0/SECRETPATH"), ("mention", "here")],
        ChannelKind::Discord => &[("url", "https://discord.com/api/webhooks/1/SECRETPATH?thread_id=5&wait=false"), ("thread", "42")],
        ChannelKind::Sms => {
            &[("account_sid", "AC0123"), ("auth_token", "SECRETTOKEN"), ("from", "+1 500 555 0006"), ("to", "+49 151 12345678")]
        }
        ChannelKind::Webhook => &[
            ("url", "https://example.com/SECRETPATH"),
            ("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
            ("old_secret", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ],
        ChannelKind::Telegram => &[("token", "123:SECRETTOKEN"), ("chat_id", "-100123"), ("thread_id", "7")],
        ChannelKind::Ntfy => &[("server", "https://ntfy.sh"), ("topic", "SECRETTOPIC"), ("token", "tk_SECRETTOKEN")],
        ChannelKind::Teams => &[("url", "https://prod-1.westeurope.logic.azure.com/workflows/SECRETPATH?sig=abc")],
        ChannelKind::Pagerduty => &[("routing_key", "SECRETKEYSECRETKEYSECRETKEYSECRE")],
    };
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn config(kind: ChannelKind) -> Config {
    Config::from_values(kind, &values(kind)).expect("these values are right")
}

fn notice(kind: NoticeKind) -> Notice {
    let (tag, title) = match kind {
        NoticeKind::Open => ("DOWN", "api.example.com is down"),
        NoticeKind::Resolved => ("RECOVERED", "api.example.com is up again after 3 min 12 s"),
        NoticeKind::Reminder => ("STILL OPEN", "api.example.com is down — for 1 h now, nobody has acknowledged"),
        NoticeKind::Escalated => ("ESCALATED", "api.example.com is down — nobody has acknowledged for 5 min"),
        NoticeKind::Acknowledged => ("ACKNOWLEDGED", "Ada has seen: api.example.com is down"),
        NoticeKind::Flapping => ("FLAPPING", "api.example.com keeps changing between up and down"),
        NoticeKind::Interrupted => ("INTERRUPTED", "Monitoring from main is interrupted"),
        NoticeKind::Resumed => ("RESUMED", "Monitoring from main goes on after 5 min"),
        NoticeKind::Digest => ("DIGEST", "2 notices were held during quiet hours"),
        NoticeKind::Grouped => ("DOWN", "7 of 12 monitors failing, first api.example.com"),
        NoticeKind::Test => ("TEST", "The channel “Ops” works"),
    };
    let is_long = matches!(kind, NoticeKind::Digest | NoticeKind::Grouped);
    Notice {
        kind,
        severity: Severity::Critical,
        tag: tag.to_owned(),
        title: title.to_owned(),
        detail: "HTTP 503 instead of 200–299 <b>@everyone</b> & *more*".to_owned(),
        facts: vec![
            ("Target".to_owned(), "https://api.example.com/health".to_owned()),
            ("Since".to_owned(), "2026-11-23T14:35:00Z".to_owned()),
        ],
        items: if is_long { vec!["14:31 [DOWN] one".to_owned(), "14:32 [RECOVERED] two".to_owned()] } else { Vec::new() },
        links: vec![
            Link { label: "Open alert".to_owned(), url: "https://status.example.com/alerts/12".to_owned() },
            Link { label: "Acknowledge".to_owned(), url: "https://status.example.com/alerts/ack/TOKEN".to_owned() },
        ],
        thread: "alert-12".to_owned(),
        key: format!("alert:12:{}:1:3", kind.as_str()),
        at: Time(1_795_444_500_000),
        started_at: Time(1_795_444_500_000),
        ended_at: kind.is_ending().then_some(Time(1_795_444_692_000)),
        instance: "status.example.com".to_owned(),
        delayed: None,
        is_merged: false,
    }
}

/// What travels, readable: addresses, headers, body.
fn shown(parcel: &Parcel) -> String {
    match parcel {
        Parcel::Call(call) => {
            let headers: Vec<_> = call.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            let body: Value = serde_json::from_slice(&call.body).expect("JSON");
            format!("POST {}\n{}\n\n{}", call.url, headers.join("\n"), serde_json::to_string_pretty(&body).expect("JSON"))
        }
        Parcel::Mails(letters) => {
            let letter = letters.first().expect("a letter");
            let headers: Vec<_> = letter.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            let to: Vec<_> = letters.iter().map(|letter| letter.to.as_str()).collect();
            let (text, html) = (&letter.text, &letter.html);
            format!(
                "To: {}\nSubject: {}\nMessage-ID: {}\n{}\n\n{text}\n\n{html}",
                to.join(" and "),
                letter.subject,
                letter.message_id,
                headers.join("\n")
            )
        }
        Parcel::Text(text) => {
            format!("To: {}\nFrom: {}\n{} septets\n\n{}", text.to, text.from, gsm7::septets(&text.body).expect("GSM-7"), text.body)
        }
    }
}

#[test]
fn every_channel_has_a_recorded_payload_for_every_kind_of_notice() {
    for channel in ChannelKind::ALL {
        for kind in NoticeKind::ALL {
            let parcel = pack(&config(channel), &notice(kind), NOW).expect("a parcel");
            insta::assert_snapshot!(format!("{}_{}", channel.as_str(), kind.as_str()), shown(&parcel));
        }
    }
}

#[test]
fn a_late_notice_says_how_late_it_is() {
    let late = notice(NoticeKind::Open).sent_at(Time(1_795_444_500_000) + Duration::from_secs(22 * 60 + 40));
    assert_eq!(late.headline(), "[DOWN] api.example.com is down (delayed 22 min)");
    let prompt = notice(NoticeKind::Open).sent_at(Time(1_795_444_500_000) + Duration::from_secs(15 * 60));
    assert_eq!(prompt.headline(), "[DOWN] api.example.com is down");
}

#[test]
fn an_opening_that_never_went_out_is_told_with_its_end() {
    let both = merged(notice(NoticeKind::Resolved), Topic::MonitorDown, "api.example.com");
    assert_eq!(both.headline(), "[RECOVERED] api.example.com was down 3 min 12 s, recovered");
    assert!(both.is_merged);
    let group = merged(notice(NoticeKind::Resolved), Topic::MonitorDown, "12 monitors");
    assert_eq!(group.title, "12 monitors were down 3 min 12 s, recovered");
}

#[test]
fn the_webhook_signature_is_that_of_the_standards_own_example() {
    let key = config::signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a key");
    let signature = webhook::sign(&[key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn while_secrets_are_rotated_both_sign() {
    let Parcel::Call(call) = pack(&config(ChannelKind::Webhook), &notice(NoticeKind::Open), NOW).expect("a parcel") else {
        panic!("a call")
    };
    let signature = call.headers.iter().find(|(name, _)| name == "webhook-signature").map(|(_, value)| value.clone()).expect("signed");
    assert_eq!(signature.split(' ').filter(|part| part.starts_with("v1,")).count(), 2);
}

#[test]
fn a_test_at_pagerduty_is_ended_again() {
    let Config::Pagerduty(config) = config(ChannelKind::Pagerduty) else { panic!("pagerduty") };
    let body = |call: crate::channel::Call| serde_json::from_slice::<Value>(&call.body).expect("JSON");
    let begun = body(pagerduty::build(&config, &notice(NoticeKind::Test)).expect("a call"));
    let ended = body(pagerduty::end_test(&config, &notice(NoticeKind::Test)).expect("a call"));
    assert_eq!((&begun["event_action"], &ended["event_action"]), (&Value::from("trigger"), &Value::from("resolve")));
    assert_eq!(begun["dedup_key"], ended["dedup_key"]);
}

#[test]
fn secrets_are_neither_printed_nor_hinted_nor_shown_in_forms() {
    for kind in ChannelKind::ALL {
        let config = config(kind);
        let parcel = pack(&config, &notice(NoticeKind::Open), NOW).expect("a parcel");
        let shown = config::shown(kind, &values(kind));
        let printed = format!("{config:?} {} {shown:?}", config.hint());
        assert!(!printed.contains("SECRET"), "{kind:?}: {printed}");
        if let Parcel::Call(call) = parcel {
            assert!(!format!("{call:?}").contains("SECRET"), "{kind:?}");
        }
        for field in kind.fields().iter().filter(|field| field.kind == FieldKind::Secret) {
            assert!(!shown.contains_key(field.name), "{kind:?} {}", field.name);
        }
    }
}

#[test]
fn a_configuration_rests_sealed_and_bound_to_its_place() {
    let sealer = Sealer::new(&[7; 32]);
    let sealed = config::seal(&sealer, &values(ChannelKind::Ntfy)).expect("sealed");
    assert!(!sealed.contains("SECRET"));
    assert_eq!(config::open(&sealer, &sealed).expect("opened"), values(ChannelKind::Ntfy));
    let elsewhere = sealer.seal("other.place", &Secret::new("{}")).expect("sealed");
    assert!(config::open(&sealer, &elsewhere).is_err());
}

#[test]
fn blank_secrets_keep_what_was_stored_and_other_blanks_clear_it() {
    let stored = values(ChannelKind::Telegram);
    let given = Values::from([
        ("token".to_owned(), String::new()),
        ("chat_id".to_owned(), "5".to_owned()),
        ("thread_id".to_owned(), String::new()),
    ]);
    let values = config::complete(ChannelKind::Telegram, given, Some(&stored));
    assert_eq!(values.get("token"), stored.get("token"));
    assert_eq!(values.get("chat_id").map(String::as_str), Some("5"));
    assert!(!values.contains_key("thread_id"));
}

#[test]
fn an_optional_secret_is_forgotten_on_request_and_a_needed_one_never() {
    let stored = values(ChannelKind::Ntfy);
    let given = Values::from([("server".to_owned(), "https://ntfy.sh".to_owned()), ("token".to_owned(), "-".to_owned())]);
    let values = config::complete(ChannelKind::Ntfy, given, Some(&stored));
    assert!(!values.contains_key("token"));
    assert_eq!(values.get("topic"), stored.get("topic"));
    assert_eq!(config::stored_secrets(ChannelKind::Ntfy, &values), ["topic"]);
}

#[test]
fn a_new_webhook_gets_a_signing_secret() {
    let given = Values::from([("url".to_owned(), "https://example.com/hook".to_owned())]);
    let values = config::complete(ChannelKind::Webhook, given, None);
    assert!(config::signing_key(&values["secret"]).is_some());
    assert!(Config::from_values(ChannelKind::Webhook, &values).is_ok());
}

#[test]
fn wrong_values_are_named_field_by_field_all_at_once() {
    let values = Values::from([("account_sid".to_owned(), "AC/../x".to_owned()), ("to".to_owned(), "0151 123".to_owned())]);
    let error = Config::from_values(ChannelKind::Sms, &values).expect_err("wrong");
    let fields: Vec<_> = error.field_errors().iter().map(|field| field.field.as_str()).collect();
    assert_eq!(fields, ["account_sid", "auth_token", "from", "to"]);
    for kind in ChannelKind::ALL {
        let error = Config::from_values(kind, &Values::new()).expect_err("nothing is not enough");
        assert!(!error.field_errors().is_empty(), "{kind:?}");
        assert!(error.field_errors().iter().all(|wrong| kind.fields().iter().any(|field| field.name == wrong.field)), "{kind:?}");
    }
    let javascript = Values::from([("url".to_owned(), "javascript:alert(1)".to_owned())]);
    assert!(Config::from_values(ChannelKind::Slack, &javascript).is_err());
}

fn utf16(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.encode_utf16().count())
}

fn check_slack(body: &Value) {
    let blocks = body["blocks"].as_array().expect("blocks");
    assert!(blocks.len() <= 50);
    assert!(!body["text"].as_str().expect("text").is_empty());
    assert!(body.to_string().len() <= 13_200, "{}", body.to_string().len());
    for block in blocks {
        match block["type"].as_str().expect("a type") {
            "header" => assert!(utf16(&block["text"]["text"]) <= 150),
            "actions" => {
                for button in block["elements"].as_array().expect("elements") {
                    assert!(utf16(&button["text"]["text"]) <= 75 && utf16(&button["url"]) <= 3_000);
                }
            }
            "section" => {
                assert!(utf16(&block["text"]["text"]) <= 3_000);
                let fields = block["fields"].as_array().map_or(&[][..], Vec::as_slice);
                assert!(fields.len() <= 10 && fields.iter().all(|field| utf16(&field["text"]) <= 2_000));
                for text in fields.iter().map(|field| &field["text"]).chain([&block["text"]["text"]]) {
                    assert!(!text.as_str().unwrap_or_default().contains("<!"), "no call for people gets through: {text}");
                }
            }
            _ => {}
        }
    }
}

fn check_discord(body: &Value) {
    let embed = &body["embeds"][0];
    let fields = embed["fields"].as_array().expect("fields");
    assert!(fields.len() <= 25);
    let mut all = utf16(&embed["title"]) + utf16(&embed["description"]) + utf16(&embed["footer"]["text"]);
    assert!(utf16(&embed["title"]) <= 256 && utf16(&embed["description"]) <= 4_096 && utf16(&embed["footer"]["text"]) <= 2_048);
    for field in fields {
        let (name, value) = (utf16(&field["name"]), utf16(&field["value"]));
        assert!((1..=256).contains(&name) && (1..=1_024).contains(&value));
        all += name + value;
    }
    assert!(all <= 6_000, "{all}");
    assert_eq!(body["allowed_mentions"], serde_json::json!({"parse": []}));
    assert!(!body.to_string().contains("@everyone") && !body.to_string().contains("@here"));
}

fn check_telegram(body: &Value) {
    let text = body["text"].as_str().expect("text");
    assert!(text.encode_utf16().count() <= 4_096);
    let bare = ["<b>", "</b>", "<i>", "</i>"].iter().fold(text.to_owned(), |text, tag| text.replace(tag, ""));
    assert!(!bare.contains(['<', '>']), "only our own tags: {bare}");
    assert_eq!(text.matches("<b>").count(), text.matches("</b>").count());
    for piece in bare.split('&').skip(1) {
        assert!(["amp;", "lt;", "gt;"].iter().any(|entity| piece.starts_with(entity)), "a cut entity: &{piece}");
    }
}

fn check(kind: ChannelKind, parcel: &Parcel) {
    match parcel {
        Parcel::Text(text) => {
            assert!(gsm7::septets(&text.body).is_some_and(|count| count <= 160), "{:?}", text.body);
            assert!(text.body.ends_with("https://status.example.com/alerts/12"), "{:?}", text.body);
        }
        Parcel::Mails(letters) => {
            for letter in letters {
                assert!(!letter.subject.contains(['\n', '\r']) && letter.subject.encode_utf16().count() <= 200);
                assert!(letter.message_id.bytes().all(|byte| byte.is_ascii_graphic()));
                assert!(!letter.html.contains("<script") && !letter.html.contains("<b>"));
            }
        }
        Parcel::Call(call) => {
            let body: Value = serde_json::from_slice(&call.body).expect("always JSON");
            assert!(call.headers.iter().all(|(_, value)| !value.contains(['\r', '\n'])));
            match kind {
                ChannelKind::Slack => check_slack(&body),
                ChannelKind::Discord => check_discord(&body),
                ChannelKind::Telegram => check_telegram(&body),
                ChannelKind::Ntfy => {
                    assert!(
                        body["message"].as_str().expect("a message").len() < 4_096
                            && !body["message"].as_str().expect("a message").trim().is_empty()
                    );
                    assert!(
                        body["title"].as_str().expect("a title").len() <= 250
                            && body["actions"].as_array().is_none_or(|actions| actions.len() <= 3)
                    );
                }
                ChannelKind::Teams => assert!(call.body.len() < 28_000, "{}", call.body.len()),
                ChannelKind::Pagerduty => {
                    assert!(call.body.len() < 512_000 && utf16(&body["dedup_key"]) <= 255 && utf16(&body["payload"]["summary"]) <= 1_024);
                }
                _ => {}
            }
        }
    }
}

fn any_text() -> impl Strategy<Value = String> {
    let nasty = prop_oneof![
        Just("<!channel> @everyone <script>alert(1)</script> <b>".to_owned()),
        Just("🚨“quotes”\u{a0}😀\u{202e}".to_owned()),
        Just("\r\nBcc: all@example.com\r\n\u{0}\u{1b}".to_owned()),
        Just("&amp;<&>\"'\\`*_~[]()|#@here @Ada".to_owned()),
        "\\PC{0,40}",
        any::<String>(),
    ];
    (proptest::collection::vec(nasty, 0..4), 1usize..120)
        .prop_map(|(parts, times)| parts.concat().repeat(times).chars().take(6_000).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_breaks_a_limit_or_calls_anybody(
        title in any_text(), detail in any_text(), label in any_text(), value in any_text(), item in any_text(), count in 0usize..40, which in 0usize..11,
    ) {
        let mut hostile = notice(NoticeKind::ALL[which]);
        hostile.title = title;
        hostile.detail = detail;
        hostile.facts = vec![(label, value); count];
        hostile.items = vec![item; count];
        for kind in ChannelKind::ALL {
            let mut config = config(kind);
            if let Config::Slack(slack) = &mut config {
                slack.mention = None;
            }
            check(kind, &pack(&config, &hostile, NOW).expect("a parcel"));
        }
    }
}
