//! Slack's incoming webhook.

use std::ops::Deref;

use serde_json::Value;

use super::{Judged, Provider, is_web_address, items, length, text_of};
use crate::fakes::sink::{Recorded, Reply};

const PATH: &str = "/services/T00000000/B00000000/slacksecret";

#[derive(Debug)]
pub struct Slack(Provider);

impl Slack {
    pub fn start() -> Self {
        Self(Provider::start(judge))
    }

    pub fn webhook_url(&self) -> String {
        self.url(PATH)
    }

    /// The next `n` posts get 429 with this `Retry-After`.
    pub fn rate_limit(&self, n: usize, seconds: u64) {
        self.refuse_next(n, &Reply::text(429, "rate_limited").header("Retry-After", seconds.to_string()));
    }
}

impl Deref for Slack {
    type Target = Provider;
    fn deref(&self) -> &Provider {
        &self.0
    }
}

fn judge(request: &Recorded) -> Judged {
    if request.path != PATH {
        return Err(Reply::text(404, "no_service"));
    }
    if request.method != "POST" {
        return Err(Reply::text(405, "http_method_not_allowed"));
    }
    let message = request.json();
    if !message.is_object() {
        return Err(Reply::text(400, "invalid_payload"));
    }
    let blocks = items(&message, "blocks");
    if text_of(&message, "text").is_empty() && blocks.is_empty() {
        return Err(Reply::text(400, "no_text"));
    }
    // The total is not documented; posts above about 13,200 characters were seen to fail.
    let is_too_long = request.body.len() > 13_200 || length(text_of(&message, "text")) > 4_000;
    if blocks.len() > 50 || is_too_long || !blocks.iter().all(is_good_block) {
        return Err(Reply::text(400, "invalid_blocks"));
    }
    Ok((message, Reply::text(200, "ok")))
}

fn is_good_block(block: &Value) -> bool {
    let text = block.get("text").unwrap_or(&Value::Null);
    if length(text_of(block, "block_id")) > 255 {
        return false;
    }
    match text_of(block, "type") {
        "header" => text_of(text, "type") == "plain_text" && fits(text, 150),
        "section" => {
            let fields = items(block, "fields");
            (text.is_null() && !fields.is_empty() || fits(text, 3_000))
                && fields.len() <= 10
                && fields.iter().all(|field| fits(field, 2_000))
        }
        "context" => {
            let elements = items(block, "elements");
            (1..=10).contains(&elements.len()) && elements.iter().all(|element| fits(element, 3_000))
        }
        "actions" => {
            let elements = items(block, "elements");
            (1..=25).contains(&elements.len()) && elements.iter().all(is_good_button)
        }
        "divider" => true,
        _ => false,
    }
}

fn is_good_button(button: &Value) -> bool {
    let url = text_of(button, "url");
    let label = button.get("text").unwrap_or(&Value::Null);
    text_of(button, "type") == "button"
        && text_of(label, "type") == "plain_text"
        && fits(label, 75)
        && (url.is_empty() || is_web_address(url) && length(url) <= 3_000)
        && length(text_of(button, "action_id")) <= 255
}

fn fits(text: &Value, max: usize) -> bool {
    matches!(text_of(text, "type"), "mrkdwn" | "plain_text") && (1..=max).contains(&length(text_of(text, "text")))
}
