//! Twilio's message API.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{Judged, Provider, hex_id, length, text_of};
use crate::fakes::sink::{Recorded, Reply};

const SID: &str = "AC00000000000000000000000000000001";
const TOKEN: &str = "twiliosecret";

#[derive(Debug)]
pub struct Twilio(Provider);

impl Twilio {
    pub fn start() -> Self {
        let sent = AtomicUsize::new(0);
        Self(Provider::start(move |request| judge(request, &sent)))
    }

    /// What stands for `https://api.twilio.com`.
    pub fn api_base(&self) -> String {
        self.url("")
    }

    pub fn account_sid(&self) -> &'static str {
        SID
    }

    pub fn auth_token(&self) -> &'static str {
        TOKEN
    }

    /// The next `n` messages get 429.
    pub fn rate_limit(&self, n: usize) {
        self.refuse_next(n, &refusal(429, 20_429, "Too Many Requests"));
    }

    /// The next `n` messages get this error of Twilio's, such as 400 with 21610 (the phone has unsubscribed).
    pub fn refuse(&self, n: usize, http: u16, code: u32, message: &str) {
        self.refuse_next(n, &refusal(http, code, message));
    }
}

impl Deref for Twilio {
    type Target = Provider;
    fn deref(&self) -> &Provider {
        &self.0
    }
}

fn refusal(http: u16, code: u32, message: &str) -> Reply {
    let more_info = format!("https://www.twilio.com/docs/errors/{code}");
    Reply::json(http, &json!({ "code": code, "message": message, "more_info": more_info, "status": http }))
}

fn judge(request: &Recorded, sent: &AtomicUsize) -> Judged {
    let login = format!("Basic {}", STANDARD.encode(format!("{SID}:{TOKEN}")));
    if request.header("authorization") != Some(&login) {
        return Err(refusal(401, 20_003, "Authenticate"));
    }
    if request.path != format!("/2010-04-01/Accounts/{SID}/Messages.json") || request.method != "POST" {
        return Err(refusal(404, 20_404, &format!("The requested resource {} was not found", request.path)));
    }
    let message = Value::Object(request.form().into_iter().map(|(key, value)| (key, Value::from(value))).collect::<Map<_, _>>());
    let (to, body) = (text_of(&message, "To"), text_of(&message, "Body"));
    let is_number =
        |text: &str| text.strip_prefix('+').is_some_and(|rest| (7..=15).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_digit()));
    if to.is_empty() {
        return Err(refusal(400, 21_604, "A 'To' phone number is required."));
    }
    if !is_number(to) {
        return Err(refusal(400, 21_211, &format!("The 'To' number {to} is not a valid phone number.")));
    }
    if text_of(&message, "From").is_empty() && text_of(&message, "MessagingServiceSid").is_empty() {
        return Err(refusal(400, 21_603, "A 'From' phone number is required."));
    }
    if body.is_empty() {
        return Err(refusal(400, 21_602, "Message body is required."));
    }
    if length(body) > 1_600 {
        return Err(refusal(400, 21_617, "The concatenated message body exceeds the 1600 character limit"));
    }
    let number = sent.fetch_add(1, Ordering::SeqCst) + 1;
    let answer = json!({
        "sid": format!("SM{}", hex_id(number, 32)),
        "account_sid": SID,
        "api_version": "2010-04-01",
        "body": body,
        "direction": "outbound-api",
        "error_code": null,
        "error_message": null,
        "from": message.get("From"),
        "messaging_service_sid": message.get("MessagingServiceSid"),
        "num_segments": "1",
        "status": "queued",
        "to": to,
    });
    Ok((message, Reply::json(201, &answer)))
}
