//! Resend's API: one POST per mail; the mail's id is the idempotency key, so that a try after a lost answer sends nothing twice.

use kernel::text::WebUrl;
use kernel::{Secret, Time};
use serde_json::{Map, Value, json};

use super::compose::bare_id;
use super::{MailFailure, MailReceipt, Mailbox, Message};
use crate::http::retry::{is_worth_retrying, retry_after};
use crate::{Answer, Http, Reach, Request};

/// Resend takes no longer key.
const LONGEST_KEY: usize = 256;

pub struct Api<'a> {
    pub base: &'a WebUrl,
    pub key: &'a Secret,
    pub now: Time,
}

pub async fn send(http: &Http, api: &Api<'_>, from: &Mailbox, message: &Message) -> Result<MailReceipt, MailFailure> {
    let url = WebUrl::parse(&format!("{}/emails", api.base.as_str().trim_end_matches('/')))
        .map_err(|_| MailFailure::permanent("The address of Resend's API is not a web address."))?;
    let id = bare_id(&message.message_id);
    let key = if id.len() > LONGEST_KEY { kernel::ids::digest(id) } else { id.to_owned() };
    let request = Request::post_json(url, Reach::Webhook, &body(from, message))
        .header("authorization", format!("Bearer {}", api.key.expose()))
        .header("idempotency-key", key);
    let answer = http
        .send(request)
        .await
        .map_err(|failure| MailFailure { permanent: failure.is_permanent(), ..MailFailure::passing(failure.message) })?;
    if answer.is_success() {
        let provider_id = answer.json().get("id").and_then(Value::as_str).map(str::to_owned);
        return Ok(MailReceipt { code: Some(answer.code), provider_id });
    }
    Err(refused(&answer, api.now))
}

fn body(from: &Mailbox, message: &Message) -> Value {
    let mut headers: Map<String, Value> = message.headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    headers.insert("Message-ID".to_owned(), format!("<{}>", bare_id(&message.message_id)).into());
    let mut body = json!({
        "from": from.to_string(),
        "to": [message.to.as_str()],
        "subject": message.subject,
        "text": message.text,
        "headers": headers,
    });
    if let Some(html) = &message.html {
        body["html"] = html.as_str().into();
    }
    body
}

/// 409 comes in two kinds: the first try is still under way (wait), or it went out with other content (over).
fn refused(answer: &Answer, now: Time) -> MailFailure {
    let json = answer.json();
    let said = json.get("message").and_then(Value::as_str).map_or_else(|| answer.excerpt(200), str::to_owned);
    let is_under_way = json.get("name").and_then(Value::as_str) == Some("concurrent_idempotent_requests");
    MailFailure {
        permanent: !is_worth_retrying(answer.code) && !is_under_way,
        retry_after: retry_after(answer, now),
        code: Some(answer.code),
        message: format!("Resend answered {}: {said}", answer.code),
    }
}
