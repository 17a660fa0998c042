//! Text messages over Twilio. What is sent is always one GSM-7 part ([`gsm7::one_part`]): a single emoji would double the price.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::text::WebUrl;
use kernel::{Clock, Secret};
use serde_json::Value;

use crate::gsm7;
use crate::http::retry::{is_worth_retrying, retry_after};
use crate::{Answer, Http, Reach, Request};

/// One text message to one phone.
#[derive(Clone)]
pub struct Text {
    /// [`Text::TWILIO_API`], or a fake in tests.
    pub api_base: WebUrl,
    pub account_sid: String,
    /// The API key's SID when `auth` is an API key's secret; none when it is the auth token itself.
    pub api_key_sid: Option<String>,
    pub auth: Secret,
    pub sender: SmsSender,
    /// International form: `+491701234567`.
    pub to: String,
    /// Shortened and transliterated on the way out.
    pub body: String,
}

/// Whom the phone shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmsSender {
    /// A number, short code or alphanumeric name.
    From(String),
    /// A messaging service (`MG…`) that picks the number.
    Service(String),
}

impl Text {
    pub const TWILIO_API: &'static str = "https://api.twilio.com";
}

/// Shows neither whom it is for nor what it says.
impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text by {} ({} characters)", self.account_sid, self.body.chars().count())
    }
}

/// Twilio has taken it (which is not yet: the phone has it).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmsReceipt {
    pub code: u16,
    pub sid: String,
    /// Twilio's word: `queued`, `accepted`, `sent` …
    pub state: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmsFailure {
    /// Trying the same again cannot help.
    pub permanent: bool,
    pub retry_after: Option<Duration>,
    pub code: Option<u16>,
    /// Twilio's own number for the error, such as 21211.
    pub provider_code: Option<u32>,
    /// A sentence for the operator; without the phone number.
    pub message: String,
}

impl fmt::Display for SmsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SmsFailure {}

#[derive(Debug, Clone)]
pub struct Sms {
    http: Http,
    clock: Clock,
}

impl Sms {
    pub(crate) fn new(http: Http, clock: Clock) -> Self {
        Self { http, clock }
    }

    pub async fn send(&self, text: &Text) -> Result<SmsReceipt, SmsFailure> {
        let answer = self.http.send(request(text)?).await.map_err(|failure| SmsFailure {
            permanent: failure.is_permanent(),
            retry_after: None,
            code: None,
            provider_code: None,
            message: failure.message,
        })?;
        let json = answer.json();
        let word = |name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if answer.is_success() {
            return Ok(SmsReceipt { code: answer.code, sid: word("sid"), state: word("status") });
        }
        Err(self.refused(&answer, &json, text))
    }

    fn refused(&self, answer: &Answer, json: &Value, text: &Text) -> SmsFailure {
        let said = json.get("message").and_then(Value::as_str).map_or_else(|| answer.excerpt(200), str::to_owned);
        let provider_code = json.get("code").and_then(Value::as_u64).and_then(|code| u32::try_from(code).ok());
        let number = provider_code.map_or_else(String::new, |code| format!(" (error {code})"));
        SmsFailure {
            permanent: !is_worth_retrying(answer.code),
            retry_after: retry_after(answer, self.clock.now()),
            code: Some(answer.code),
            provider_code,
            message: format!("Twilio answered {}{number}: {}", answer.code, said.replace(&text.to, "the number")),
        }
    }
}

fn request(text: &Text) -> Result<Request, SmsFailure> {
    let refused =
        |message: &str| SmsFailure { permanent: true, retry_after: None, code: None, provider_code: None, message: message.to_owned() };
    // The SID becomes part of the path: nothing but what Twilio's SIDs are made of may get there.
    if text.account_sid.is_empty() || !text.account_sid.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(refused("The Twilio account SID is not one. Please copy it from the Twilio console (AC…)."));
    }
    if !is_phone_number(&text.to) {
        return Err(refused("The phone number must be in international form, such as +491701234567."));
    }
    let base = text.api_base.as_str().trim_end_matches('/');
    let url = WebUrl::parse(&format!("{base}/2010-04-01/Accounts/{}/Messages.json", text.account_sid))
        .map_err(|_| refused("The address of Twilio's API is not a web address."))?;
    let sender = match &text.sender {
        SmsSender::From(from) => ("From", from.as_str()),
        SmsSender::Service(service) => ("MessagingServiceSid", service.as_str()),
    };
    let body = gsm7::one_part(&text.body);
    let form =
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs([("To", text.to.as_str()), sender, ("Body", &body)]).finish();
    let login = text.api_key_sid.as_deref().unwrap_or(&text.account_sid);
    let mut request = Request::new(http::Method::POST, url, Reach::Webhook)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", format!("Basic {}", STANDARD.encode(format!("{login}:{}", text.auth.expose()))));
    request.body = form.into_bytes();
    Ok(request)
}

/// E.164: a plus, then 7 to 15 digits.
fn is_phone_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
}
