//! Telegram's bot API: `sendMessage` and `editMessageText`.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Map, Value, json};

use super::{Judged, Provider, is_web_address, items, text_of};
use crate::fakes::sink::{Recorded, Reply};

const TOKEN: &str = "123456:telegramsecret";

/// Everything HTML mode knows.
const TAGS: [&str; 14] = ["b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "pre", "a", "blockquote", "tg-spoiler"];

#[derive(Debug)]
pub struct Telegram(Provider);

impl Telegram {
    pub fn start() -> Self {
        let sent = AtomicUsize::new(0);
        Self(Provider::start(move |request| judge(request, &sent)))
    }

    /// What stands for `https://api.telegram.org`.
    pub fn api_base(&self) -> String {
        self.url("")
    }

    pub fn token(&self) -> &'static str {
        TOKEN
    }

    /// The next `n` calls get 429 and are asked to wait this many seconds.
    pub fn rate_limit(&self, n: usize, seconds: u64) {
        let description = format!("Too Many Requests: retry after {seconds}");
        let body = json!({ "ok": false, "error_code": 429, "description": description, "parameters": { "retry_after": seconds } });
        self.refuse_next(n, &Reply::json(429, &body).header("Retry-After", seconds.to_string()));
    }
}

impl Deref for Telegram {
    type Target = Provider;
    fn deref(&self) -> &Provider {
        &self.0
    }
}

fn refusal(code: u16, description: &str) -> Reply {
    Reply::json(code, &json!({ "ok": false, "error_code": code, "description": description }))
}

fn judge(request: &Recorded, sent: &AtomicUsize) -> Judged {
    let Some(rest) = request.path.strip_prefix("/bot") else { return Err(refusal(404, "Not Found")) };
    let Some(method) = rest.strip_prefix(TOKEN).and_then(|rest| rest.strip_prefix('/')) else {
        return Err(refusal(401, "Unauthorized"));
    };
    let message = fields(request);
    let is_edit = match method {
        "sendMessage" => false,
        "editMessageText" => true,
        _ => return Err(refusal(404, "Not Found")),
    };
    if is_edit && message.get("message_id").is_none() {
        return Err(refusal(400, "Bad Request: message identifier is not specified"));
    }
    check(&message).map_err(|problem| refusal(400, &format!("Bad Request: {problem}")))?;
    let id = if is_edit { message["message_id"].clone() } else { (sent.fetch_add(1, Ordering::SeqCst) + 1).into() };
    let result =
        json!({ "message_id": id, "date": 1_795_435_200, "chat": { "id": message["chat_id"], "type": "group" }, "text": message["text"] });
    Ok((message, Reply::json(200, &json!({ "ok": true, "result": result }))))
}

/// JSON or a form, whichever came.
fn fields(request: &Recorded) -> Value {
    let json = request.json();
    if json.is_object() {
        return json;
    }
    Value::Object(request.form().into_iter().map(|(key, value)| (key, Value::from(value))).collect::<Map<_, _>>())
}

fn check(message: &Value) -> Result<(), String> {
    let is_given =
        |key: &str| message.get(key).is_some_and(|value| value.is_number() || value.as_str().is_some_and(|text| !text.is_empty()));
    if !is_given("chat_id") {
        return Err("chat_id is empty".to_owned());
    }
    let text = text_of(message, "text");
    let shown = match text_of(message, "parse_mode") {
        "" => text.to_owned(),
        "HTML" => shown_text(text)?,
        "MarkdownV2" | "Markdown" => text.to_owned(),
        _ => return Err("unsupported parse_mode".to_owned()),
    };
    if shown.trim().is_empty() {
        return Err("message text is empty".to_owned());
    }
    if shown.encode_utf16().count() > 4_096 {
        return Err("message is too long".to_owned());
    }
    let rows = message.get("reply_markup").map_or(&[][..], |markup| items(markup, "inline_keyboard"));
    for button in rows.iter().filter_map(Value::as_array).flatten() {
        let url = text_of(button, "url");
        if text_of(button, "text").is_empty() || url.is_empty() && text_of(button, "callback_data").is_empty() {
            return Err("can't parse inline keyboard button".to_owned());
        }
        if !url.is_empty() && !is_web_address(url) {
            return Err(format!("inline keyboard button URL '{url}' is invalid: Wrong HTTP URL"));
        }
    }
    Ok(())
}

/// The text without its tags; tags must be known, closed and in order.
fn shown_text(html: &str) -> Result<String, String> {
    let (mut shown, mut open, mut rest) = (String::new(), Vec::new(), html);
    while let Some((before, after)) = rest.split_once('<') {
        shown.push_str(before);
        let offset = html.len() - after.len() - 1;
        let Some((tag, next)) = after.split_once('>') else {
            return Err(format!("can't parse entities: Unclosed start tag at byte offset {offset}"));
        };
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("can't parse entities: Unexpected end tag at byte offset {offset}"));
            }
        } else {
            let name = tag.split_whitespace().next().unwrap_or_default();
            if !TAGS.contains(&name) {
                return Err(format!("can't parse entities: Unsupported start tag \"{name}\" at byte offset {offset}"));
            }
            open.push(name);
        }
        rest = next;
    }
    if let Some(name) = open.pop() {
        return Err(format!("can't parse entities: Can't find end tag corresponding to start tag \"{name}\""));
    }
    shown.push_str(rest);
    Ok(shown.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&"))
}
