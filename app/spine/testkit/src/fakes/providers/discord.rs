//! Discord's webhook: post, and edit what was posted.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{Judged, Provider, is_web_address, items, length, text_of};
use crate::fakes::sink::{Recorded, Reply};

const PATH: &str = "/api/webhooks/100000000000000001/discordsecret";

#[derive(Debug)]
pub struct Discord(Provider);

impl Discord {
    pub fn start() -> Self {
        let posted = AtomicUsize::new(0);
        Self(Provider::start(move |request| judge(request, &posted)))
    }

    pub fn webhook_url(&self) -> String {
        self.url(PATH)
    }

    /// The next `n` posts get 429 and are asked to wait this many seconds (with a fraction).
    pub fn rate_limit(&self, n: usize, retry_after: f64) {
        let body = json!({ "message": "You are being rate limited.", "retry_after": retry_after, "global": false });
        let reply = Reply::json(429, &body)
            .header("Retry-After", retry_after.ceil().to_string())
            .header("X-RateLimit-Limit", "5")
            .header("X-RateLimit-Remaining", "0")
            .header("X-RateLimit-Reset-After", retry_after.to_string())
            .header("X-RateLimit-Bucket", "abcd1234")
            .header("X-RateLimit-Scope", "user");
        self.refuse_next(n, &reply);
    }
}

impl Deref for Discord {
    type Target = Provider;
    fn deref(&self) -> &Provider {
        &self.0
    }
}

fn judge(request: &Recorded, posted: &AtomicUsize) -> Judged {
    let edited = request.path.strip_prefix(PATH).and_then(|rest| rest.strip_prefix("/messages/"));
    match request.method.as_str() {
        _ if !request.path.starts_with("/api/webhooks/100000000000000001/") => {
            return Err(Reply::json(404, &json!({ "message": "Unknown Webhook", "code": 10015 })));
        }
        _ if !request.path.starts_with(PATH) => {
            return Err(Reply::json(401, &json!({ "message": "Invalid Webhook Token", "code": 50027 })));
        }
        "POST" if edited.is_none() => {}
        "PATCH" if edited.is_some() => {}
        _ => return Err(Reply::json(405, &json!({ "message": "405: Method Not Allowed", "code": 0 }))),
    }
    let message = request.json();
    if !message.is_object() {
        let body = json!({ "message": "The request body contains invalid JSON.", "code": 50109 });
        return Err(Reply::json(400, &body));
    }
    if text_of(&message, "content").is_empty() && items(&message, "embeds").is_empty() {
        return Err(Reply::json(400, &json!({ "message": "Cannot send an empty message", "code": 50006 })));
    }
    check(&message).map_err(|(field, problem)| invalid(&field, &problem))?;
    let id = edited.map_or_else(|| (900_000_000_000_000_000 + posted.fetch_add(1, Ordering::SeqCst)).to_string(), str::to_owned);
    let reply = if edited.is_some() || request.parameter("wait").as_deref() == Some("true") {
        Reply::json(200, &message_json(&id, &message))
    } else {
        Reply::new(204)
    };
    let reply = reply.header("X-RateLimit-Limit", "5").header("X-RateLimit-Remaining", "4").header("X-RateLimit-Reset-After", "2");
    Ok((message, reply))
}

fn message_json(id: &str, message: &Value) -> Value {
    json!({
        "id": id,
        "type": 0,
        "channel_id": "200000000000000002",
        "webhook_id": "100000000000000001",
        "content": text_of(message, "content"),
        "embeds": items(message, "embeds"),
        "timestamp": "2026-11-23T12:00:00.000000+00:00",
        "author": { "id": "100000000000000001", "username": text_of(message, "username"), "bot": true },
    })
}

fn invalid(field: &str, problem: &str) -> Reply {
    let errors = json!({ field: { "_errors": [{ "code": "BASE_TYPE_MAX_LENGTH", "message": problem }] } });
    Reply::json(400, &json!({ "message": "Invalid Form Body", "code": 50035, "errors": errors }))
}

fn check(message: &Value) -> Result<(), (String, String)> {
    at_most(message, "content", 2_000)?;
    at_most(message, "username", 80)?;
    let username = text_of(message, "username").to_lowercase();
    if username.contains("discord") || username.contains("clyde") {
        return Err(("username".to_owned(), "Username cannot contain \"discord\"".to_owned()));
    }
    let embeds = items(message, "embeds");
    if embeds.len() > 10 {
        return Err(("embeds".to_owned(), "Must be 10 or fewer in length.".to_owned()));
    }
    let mut total = 0;
    for embed in embeds {
        total += check_embed(embed)?;
    }
    if total > 6_000 {
        return Err(("embeds".to_owned(), "Embed size exceeds maximum size of 6000".to_owned()));
    }
    Ok(())
}

/// Characters that count towards the total.
fn check_embed(embed: &Value) -> Result<usize, (String, String)> {
    let mut total = at_most(embed, "title", 256)? + at_most(embed, "description", 4_096)?;
    total += at_most(embed.get("footer").unwrap_or(&Value::Null), "text", 2_048)?;
    let fields = items(embed, "fields");
    if fields.len() > 25 {
        return Err(("fields".to_owned(), "Must be 25 or fewer in length.".to_owned()));
    }
    for field in fields {
        for (key, max) in [("name", 256), ("value", 1_024)] {
            let count = at_most(field, key, max)?;
            if count == 0 {
                return Err((key.to_owned(), "This field is required".to_owned()));
            }
            total += count;
        }
    }
    let url = text_of(embed, "url");
    if !url.is_empty() && !is_web_address(url) {
        return Err(("url".to_owned(), "Not a well formed URL.".to_owned()));
    }
    if let Some(color) = embed.get("color")
        && color.as_u64().is_none_or(|color| color > 0xff_ffff)
    {
        return Err(("color".to_owned(), "int value should be less than or equal to 16777215.".to_owned()));
    }
    let timestamp = text_of(embed, "timestamp");
    if !timestamp.is_empty() && kernel::Time::parse_rfc3339(timestamp).is_none() {
        return Err(("timestamp".to_owned(), "Could not parse. Should be ISO8601.".to_owned()));
    }
    Ok(total)
}

fn at_most(value: &Value, key: &str, max: usize) -> Result<usize, (String, String)> {
    let count = length(text_of(value, key));
    if count > max { Err((key.to_owned(), format!("Must be {max} or fewer in length."))) } else { Ok(count) }
}
