use kernel::Secret;
use outbound::{SmsSender, Text};

use super::{outbound, url};
use crate::fakes::{Play, Twilio};

fn text(twilio: &Twilio) -> Text {
    Text {
        api_base: url(&twilio.api_base()),
        account_sid: twilio.account_sid().to_owned(),
        api_key_sid: None,
        auth: Secret::new(twilio.auth_token()),
        sender: SmsSender::From("+15005550006".to_owned()),
        to: "+491701234567".to_owned(),
        body: format!("🚨 DOWN “api” – {}", "long ".repeat(60)),
    }
}

#[tokio::test]
async fn a_text_goes_out_as_one_plain_part() {
    let twilio = Twilio::start();
    let receipt = outbound().sms.send(&text(&twilio)).await.unwrap();
    assert_eq!((receipt.code, receipt.state.as_str()), (201, "queued"));
    assert!(receipt.sid.starts_with("SM"));
    let sent = &twilio.messages()[0];
    let body = sent["Body"].as_str().unwrap();
    assert!(body.starts_with("DOWN \"api\" - long") && body.ends_with("..."), "{body}");
    assert!(outbound::gsm7::septets(body).is_some_and(|count| count <= 160));
    assert_eq!((sent["To"].as_str(), sent["From"].as_str()), (Some("+491701234567"), Some("+15005550006")));
    let by_service = Text { sender: SmsSender::Service("MG1".to_owned()), ..text(&twilio) };
    outbound().sms.send(&by_service).await.unwrap();
    assert_eq!(twilio.messages()[1]["MessagingServiceSid"], "MG1");
}

#[tokio::test]
async fn refusals_carry_twilios_number_and_not_the_phones() {
    let twilio = Twilio::start();
    twilio.refuse(1, 400, 21_610, "Attempt to send to unsubscribed recipient +491701234567");
    let failure = outbound().sms.send(&text(&twilio)).await.unwrap_err();
    assert_eq!((failure.permanent, failure.code, failure.provider_code), (true, Some(400), Some(21_610)));
    assert!(!failure.message.contains("+49"), "{failure}");
    let wrong = Text { auth: Secret::new("wrong"), ..text(&twilio) };
    let failure = outbound().sms.send(&wrong).await.unwrap_err();
    assert_eq!((failure.permanent, failure.code, failure.provider_code), (true, Some(401), Some(20_003)));
}

#[tokio::test]
async fn troubles_on_the_way_are_worth_another_try() {
    let twilio = Twilio::start();
    twilio.rate_limit(1);
    twilio.queue([Play::code(503), Play::Reset]);
    for code in [Some(429), Some(503), None] {
        let failure = outbound().sms.send(&text(&twilio)).await.unwrap_err();
        assert_eq!((failure.permanent, failure.code), (false, code), "{failure}");
    }
    assert!(outbound().sms.send(&text(&twilio)).await.is_ok());
}
