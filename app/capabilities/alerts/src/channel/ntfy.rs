//! ntfy: JSON to the server's root; title up to 250 bytes, message below 4,096 bytes (longer ones would become an attachment), priority by
//! severity, up to three actions. Acknowledging is a button of its own: only a person presses it.

use serde_json::{Value, json};

use super::Call;
use super::config::NtfyConfig;
use super::text::clip_bytes;
use crate::notice::{Notice, NoticeKind, Tone};

pub fn build(config: &NtfyConfig, notice: &Notice) -> Call {
    let mut call = Call::json(config.server.clone(), &payload(config, notice));
    if let Some(token) = &config.token {
        call.headers.push(("authorization".to_owned(), format!("Bearer {}", token.expose())));
    }
    call
}

fn payload(config: &NtfyConfig, notice: &Notice) -> Value {
    let mut body = json!({
        "topic": config.topic,
        "title": clip_bytes(&notice.headline().replace('\n', " "), 250),
        "message": message(notice),
        "priority": priority(notice),
        "tags": [tag(notice)],
    });
    if let Some(object) = body.as_object_mut() {
        if let Some(link) = notice.links.first() {
            object.insert("click".to_owned(), json!(link.url));
        }
        let actions: Vec<Value> = notice
            .links
            .iter()
            .take(3)
            .map(|link| json!({"action": "view", "label": clip_bytes(&link.label, 60), "url": link.url}))
            .collect();
        if !actions.is_empty() {
            object.insert("actions".to_owned(), Value::Array(actions));
        }
    }
    body
}

fn message(notice: &Notice) -> String {
    let mut lines = Vec::new();
    if !notice.detail.trim().is_empty() {
        lines.push(notice.detail.clone());
    }
    lines.extend(notice.items.iter().map(|item| format!("• {item}")));
    lines.extend(notice.facts.iter().map(|(label, value)| format!("{label}: {value}")));
    let text = clip_bytes(&lines.join("\n"), 3_900);
    // An empty message is sent as the word "triggered" by the server.
    if text.trim().is_empty() { notice.instance.clone() } else { text }
}

fn priority(notice: &Notice) -> u8 {
    match notice.tone() {
        Tone::Bad => 5,
        Tone::Warn => 4,
        Tone::Good => 3,
        Tone::Calm => 2,
    }
}

fn tag(notice: &Notice) -> &'static str {
    match (notice.kind, notice.tone()) {
        (NoticeKind::Acknowledged, _) => "eyes",
        (NoticeKind::Test, _) => "bell",
        (_, Tone::Good) => "white_check_mark",
        (_, Tone::Bad) => "rotating_light",
        (_, Tone::Warn) => "warning",
        (_, Tone::Calm) => "information_source",
    }
}
