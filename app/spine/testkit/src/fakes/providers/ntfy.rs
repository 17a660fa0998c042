//! An ntfy server, published to as JSON.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{Judged, Provider, hex_id, is_web_address, items, text_of};
use crate::fakes::sink::{Recorded, Reply};

const TOKEN: &str = "tk_ntfysecret";
/// A longer message would become an attachment.
const MAX_MESSAGE: usize = 4_096;

#[derive(Debug)]
pub struct Ntfy(Provider);

impl Ntfy {
    /// Open to everybody.
    pub fn start() -> Self {
        let count = AtomicUsize::new(0);
        Self(Provider::start(move |request| judge(request, &count, false)))
    }

    /// Asks for [`Ntfy::token`].
    pub fn start_protected() -> Self {
        let count = AtomicUsize::new(0);
        Self(Provider::start(move |request| judge(request, &count, true)))
    }

    /// What stands for `https://ntfy.sh`.
    pub fn server_url(&self) -> String {
        self.url("")
    }

    pub fn token(&self) -> &'static str {
        TOKEN
    }

    /// The next `n` posts get 429.
    pub fn rate_limit(&self, n: usize) {
        self.refuse_next(n, &refusal(429, 42_901, "limit reached: too many requests"));
    }
}

impl Deref for Ntfy {
    type Target = Provider;
    fn deref(&self) -> &Provider {
        &self.0
    }
}

fn refusal(http: u16, code: u32, error: &str) -> Reply {
    Reply::json(http, &json!({ "code": code, "http": http, "error": error }))
}

fn judge(request: &Recorded, count: &AtomicUsize, is_protected: bool) -> Judged {
    if is_protected && request.header("authorization") != Some(&format!("Bearer {TOKEN}")) {
        return Err(refusal(403, 40_301, "forbidden"));
    }
    if !matches!(request.method.as_str(), "POST" | "PUT") || request.path != "/" {
        return Err(refusal(404, 40_401, "page not found"));
    }
    if request.body.len() > 2 * MAX_MESSAGE {
        return Err(refusal(413, 41_303, "JSON body too large"));
    }
    let message = request.json();
    let bad = |code: u32, error: &str| Err(refusal(400, code, error));
    if !message.is_object() {
        return bad(40_017, "invalid request: request body must be message JSON");
    }
    let topic = text_of(&message, "topic");
    if topic.is_empty() || topic.len() > 64 || !topic.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) {
        return bad(40_009, "invalid request: topic invalid");
    }
    if message.get("priority").is_some_and(|priority| !(1..=5).contains(&priority.as_i64().unwrap_or(0))) {
        return bad(40_007, "invalid priority parameter");
    }
    if text_of(&message, "message").len() > MAX_MESSAGE {
        return bad(40_014, "invalid request: attachments not allowed");
    }
    let actions = items(&message, "actions");
    if actions.len() > 3 || !actions.iter().all(is_good_action) {
        return bad(40_018, "invalid request: actions invalid");
    }
    let mut answer = message.clone();
    answer["id"] = hex_id(count.fetch_add(1, Ordering::SeqCst) + 1, 12).into();
    answer["event"] = "message".into();
    answer["time"] = 1_795_435_200.into();
    answer["expires"] = 1_795_478_400.into();
    Ok((message, Reply::json(200, &answer)))
}

fn is_good_action(action: &Value) -> bool {
    let is_kind = matches!(text_of(action, "action"), "view" | "http");
    is_kind && !text_of(action, "label").is_empty() && is_web_address(text_of(action, "url"))
}
