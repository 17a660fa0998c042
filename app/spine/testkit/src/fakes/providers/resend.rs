//! Resend's mail API, with its idempotency keys.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{Judged, Provider, hex_id, items, text_of};
use crate::fakes::sink::{Recorded, Reply};

const KEY: &str = "re_resendsecret";

/// By idempotency key: what was sent under it and the id it got.
type Sent = Arc<Mutex<HashMap<String, (Vec<u8>, String)>>>;

#[derive(Debug)]
pub struct Resend(Provider);

impl Resend {
    pub fn start() -> Self {
        let sent = Sent::default();
        Self(Provider::start(move |request| judge(request, &sent)))
    }

    /// What stands for `https://api.resend.com`.
    pub fn api_base(&self) -> String {
        self.url("")
    }

    pub fn key(&self) -> &'static str {
        KEY
    }

    /// The next `n` mails get 429 with this `Retry-After`.
    pub fn rate_limit(&self, n: usize, seconds: u64) {
        let reply = refusal(429, "rate_limit_exceeded", "Too many requests. You can only make 2 requests per second.");
        self.refuse_next(n, &reply.header("Retry-After", seconds.to_string()));
    }
}

impl Deref for Resend {
    type Target = Provider;
    fn deref(&self) -> &Provider {
        &self.0
    }
}

fn refusal(code: u16, name: &str, message: &str) -> Reply {
    Reply::json(code, &json!({ "statusCode": code, "name": name, "message": message }))
}

fn judge(request: &Recorded, sent: &Sent) -> Judged {
    match request.header("authorization").and_then(|value| value.strip_prefix("Bearer ")) {
        None => return Err(refusal(401, "missing_api_key", "Missing API Key")),
        Some(KEY) => {}
        Some(_) => return Err(refusal(403, "invalid_api_key", "API key is invalid")),
    }
    if (request.method.as_str(), request.path.as_str()) != ("POST", "/emails") {
        return Err(refusal(404, "not_found", "The requested endpoint does not exist."));
    }
    let mail = request.json();
    check(&mail)?;
    let mut sent = sent.lock().unwrap();
    let next = hex_id(sent.len() + 1, 32);
    let id = format!("{}-{}-{}-{}-{}", &next[..8], &next[8..12], &next[12..16], &next[16..20], &next[20..]);
    let key = request.header("idempotency-key").map_or_else(|| format!("none {}", sent.len()), str::to_owned);
    if key.is_empty() || key.len() > 256 {
        return Err(refusal(400, "invalid_idempotency_key", "The key must be between 1-256 chars."));
    }
    match sent.get(&key) {
        // The same again: the same answer, and no second mail.
        Some((body, id)) if *body == request.body => return Err(Reply::json(200, &json!({ "id": id }))),
        Some(_) => {
            let problem = "Same idempotency key used with a different request payload.";
            return Err(refusal(409, "invalid_idempotent_request", problem));
        }
        None => {}
    }
    sent.insert(key, (request.body.clone(), id.clone()));
    Ok((mail, Reply::json(200, &json!({ "id": id }))))
}

fn check(mail: &Value) -> Result<(), Reply> {
    let missing = |field: &str| Err(refusal(422, "missing_required_field", &format!("Missing `{field}` field.")));
    let invalid = |field: &str| {
        let problem = "The email address needs to follow the `email@example.com` or `Name <email@example.com>` format.";
        Err(refusal(422, "validation_error", &format!("Invalid `{field}` field. {problem}")))
    };
    let from = text_of(mail, "from");
    let to: Vec<&str> = match mail.get("to") {
        Some(Value::String(one)) => vec![one.as_str()],
        _ => items(mail, "to").iter().filter_map(Value::as_str).collect(),
    };
    match () {
        () if from.is_empty() => missing("from"),
        () if !is_mailbox(from) => invalid("from"),
        () if to.is_empty() => missing("to"),
        () if to.len() > 50 || !to.iter().all(|to| is_mailbox(to)) => invalid("to"),
        () if text_of(mail, "subject").is_empty() => missing("subject"),
        () if text_of(mail, "text").is_empty() && text_of(mail, "html").is_empty() => missing("html` or `text"),
        () => Ok(()),
    }
}

fn is_mailbox(text: &str) -> bool {
    let address = match text.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or_default(),
        None => text,
    };
    kernel::text::Email::parse(address).is_ok()
}
