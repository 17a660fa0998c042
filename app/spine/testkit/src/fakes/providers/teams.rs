//! A Microsoft Teams workflow with the trigger "when a webhook request is received".

use std::ops::Deref;

use serde_json::{Value, json};

use super::{Judged, Provider, is_web_address, items, text_of};
use crate::fakes::sink::{Recorded, Reply};

const PATH: &str = "/workflows/0123456789abcdef/triggers/manual/paths/invoke";
const SIGNATURE: &str = "teamssecret";
const CARD: &str = "application/vnd.microsoft.card.adaptive";
/// Teams' limit on a message.
const MAX_BYTES: usize = 28 * 1_024;

#[derive(Debug)]
pub struct Teams(Provider);

impl Teams {
    pub fn start() -> Self {
        Self(Provider::start(judge))
    }

    pub fn webhook_url(&self) -> String {
        self.url(&format!("{PATH}?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={SIGNATURE}"))
    }

    /// The next `n` posts get 429 with this `Retry-After`.
    pub fn rate_limit(&self, n: usize, seconds: u64) {
        self.refuse_next(
            n,
            &refusal(429, "WorkflowTriggerThrottled", "Rate limit is exceeded.").header("Retry-After", seconds.to_string()),
        );
    }
}

impl Deref for Teams {
    type Target = Provider;
    fn deref(&self) -> &Provider {
        &self.0
    }
}

fn refusal(code: u16, name: &str, message: &str) -> Reply {
    Reply::json(code, &json!({ "error": { "code": name, "message": message } }))
}

fn judge(request: &Recorded) -> Judged {
    if request.path != PATH || request.method != "POST" {
        return Err(refusal(404, "WorkflowNotFound", "The workflow could not be found."));
    }
    if request.parameter("sig").as_deref() != Some(SIGNATURE) {
        return Err(refusal(401, "DirectApiAuthorizationRequired", "The request must be authenticated only by Shared Access scheme."));
    }
    let message = request.json();
    let is_bad = |problem: &str| Err(refusal(400, "TriggerInputSchemaMismatch", problem));
    if request.body.len() > MAX_BYTES {
        return Err(refusal(413, "RequestEntityTooLarge", "Message is too large."));
    }
    if text_of(&message, "type") != "message" {
        return is_bad("Required property 'type' must be 'message'.");
    }
    let attachments = items(&message, "attachments");
    if attachments.is_empty() || !attachments.iter().all(is_card) {
        return is_bad("The attachments must be Adaptive Cards.");
    }
    Ok((message, Reply::new(202)))
}

fn is_card(attachment: &Value) -> bool {
    let content = attachment.get("content").unwrap_or(&Value::Null);
    let is_open_url = |action: &Value| text_of(action, "type") == "Action.OpenUrl" && is_web_address(text_of(action, "url"));
    text_of(attachment, "contentType") == CARD
        && text_of(content, "type") == "AdaptiveCard"
        && text_of(content, "version").starts_with("1.")
        && !items(content, "body").is_empty()
        && items(content, "actions").iter().all(is_open_url)
}
