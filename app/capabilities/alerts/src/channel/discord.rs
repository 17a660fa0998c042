//! Discord webhooks: one embed, `?wait=true` so that the answer tells whether it was accepted, and `allowed_mentions` that allow nobody.
//! Limits: title 256, description 4,096, a field's name 256 and value 1,024, 25 fields, footer 2,048, 6,000 in all.

use kernel::Result;
use kernel::text::WebUrl;
use serde_json::{Value, json};

use super::Call;
use super::config::DiscordConfig;
use super::text::{calm_mentions, clip};
use crate::notice::Notice;

pub fn build(config: &DiscordConfig, notice: &Notice) -> Result<Call> {
    let mut url = config.url.url().clone();
    {
        // Whatever the copied address already carries (a thread, `wait`) must not be there twice.
        let kept: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(name, _)| name != "wait" && name != "thread_id")
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        let mut query = url.query_pairs_mut();
        query.clear().extend_pairs(kept).append_pair("wait", "true");
        if let Some(thread) = &config.thread {
            query.append_pair("thread_id", thread);
        }
    }
    Ok(Call::json(WebUrl::parse(url.as_str())?, &payload(notice)))
}

fn payload(notice: &Notice) -> Value {
    let mut embed = json!({
        "title": shown(&notice.headline().replace('\n', " "), 256),
        "description": description(notice),
        "color": notice.tone().color(),
        "timestamp": notice.at.rfc3339(),
        "footer": {"text": shown(&notice.instance, 100)},
    });
    // 256 + 2,000 + 10 × (64 + 256) + 100 stays below the 6,000 of all texts together.
    let fields: Vec<Value> = notice
        .facts
        .iter()
        .filter(|(label, value)| !label.trim().is_empty() && !value.trim().is_empty())
        .take(10)
        .map(|(label, value)| json!({"name": shown(label, 64), "value": shown(value, 256), "inline": true}))
        .collect();
    if let Some(object) = embed.as_object_mut() {
        object.insert("fields".to_owned(), Value::Array(fields));
        if let Some(link) = notice.links.first().filter(|link| link.url.len() <= 2_000) {
            object.insert("url".to_owned(), json!(link.url));
        }
    }
    json!({"username": "Hermetic", "embeds": [embed], "allowed_mentions": {"parse": []}})
}

fn description(notice: &Notice) -> String {
    let mut lines = Vec::new();
    if !notice.detail.trim().is_empty() {
        lines.push(shown(&notice.detail, 500));
    }
    let mut room = 700_usize;
    for item in &notice.items {
        let item = format!("• {}", shown(&item.replace('\n', " "), 100));
        let length = item.encode_utf16().count() + 1;
        if length > room {
            lines.push("• …".to_owned());
            break;
        }
        room -= length;
        lines.push(item);
    }
    // Links are ours and hold no brackets or blanks: they are parsed addresses. The whole of them stays, or none.
    let mut room = 700_usize;
    for link in notice.links.iter().skip(1) {
        let link = format!("[{}]({})", shown(&link.label, 60), link.url.replace(')', "%29"));
        room = room.saturating_sub(link.encode_utf16().count());
        if room == 0 {
            break;
        }
        lines.push(link);
    }
    lines.join("\n")
}

/// Text that formats nothing, links nothing and calls nobody.
fn shown(text: &str, max: usize) -> String {
    clip(&calm_mentions(text), max, |c| match c {
        '\\' => Some("\\\\"),
        '*' => Some("\\*"),
        '_' => Some("\\_"),
        '~' => Some("\\~"),
        '`' => Some("\\`"),
        '|' => Some("\\|"),
        '[' => Some("\\["),
        ']' => Some("\\]"),
        '<' => Some("\\<"),
        '>' => Some("\\>"),
        '#' => Some("\\#"),
        _ => None,
    })
}
