//! Telegram bots: `sendMessage` in HTML mode (three characters to escape; MarkdownV2 has eighteen), at most 4,096 characters, links as buttons.

use kernel::Result;
use kernel::text::WebUrl;
use serde_json::{Value, json};

use super::Call;
use super::config::{TelegramConfig, below};
use super::text::{angle, calm_mentions, clip};
use crate::notice::{Notice, Tone};

const MAX: usize = 4_000;

pub fn build(config: &TelegramConfig, notice: &Notice) -> Result<Call> {
    let url = below(&config.api_base, &format!("bot{}/sendMessage", config.token.expose()))?;
    Ok(Call::json(url, &payload(config, notice)))
}

fn payload(config: &TelegramConfig, notice: &Notice) -> Value {
    let mut body = json!({
        "chat_id": config.chat_id,
        "text": text(notice),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": true},
        "disable_notification": matches!(notice.tone(), Tone::Good | Tone::Calm),
    });
    if let Some(object) = body.as_object_mut() {
        if let Some(thread) = config.thread_id {
            object.insert("message_thread_id".to_owned(), json!(thread));
        }
        let buttons: Vec<Value> = notice
            .links
            .iter()
            .filter(|link| is_public(&link.url))
            .take(4)
            .map(|link| json!([{"text": clip(&link.label, 60, |_| None), "url": link.url}]))
            .collect();
        if !buttons.is_empty() {
            object.insert("reply_markup".to_owned(), json!({"inline_keyboard": buttons}));
        }
    }
    body
}

/// Lines are added while they fit, each whole: a cut never leaves a tag open.
fn text(notice: &Notice) -> String {
    let mut lines = vec![format!("<b>{}</b>", shown(&notice.headline().replace('\n', " "), 600))];
    if !notice.detail.trim().is_empty() {
        lines.push(shown(&notice.detail, 1_000));
    }
    lines.extend(notice.items.iter().map(|item| format!("• {}", shown(&item.replace('\n', " "), 200))));
    lines.extend(notice.facts.iter().map(|(label, value)| format!("<b>{}:</b> {}", shown(label, 60), shown(value, 300))));
    // A button to a private address is refused with the whole message; as text it may stand.
    lines.extend(
        notice
            .links
            .iter()
            .filter(|link| !is_public(&link.url))
            .map(|link| format!("{}: {}", shown(&link.label, 60), shown(&link.url, 600))),
    );
    lines.push(format!("<i>{}</i>", shown(&notice.instance, 100)));
    let mut text = String::new();
    let mut length = 0;
    for line in lines {
        let needed = line.encode_utf16().count() + 1;
        if length + needed > MAX {
            text.push_str("\n…");
            break;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&line);
        length += needed;
    }
    text
}

/// Telegram refuses a whole message for a button that leads to a host without a dot or to an address on the local network.
fn is_public(url: &str) -> bool {
    let Ok(url) = WebUrl::parse(url) else { return false };
    match url.url().host() {
        Some(url::Host::Domain(name)) => name.contains('.') && !name.ends_with(".local") && !name.ends_with(".internal"),
        Some(url::Host::Ipv4(address)) => {
            !address.is_private() && !address.is_loopback() && !address.is_link_local() && !address.is_unspecified()
        }
        Some(url::Host::Ipv6(_)) | None => false,
    }
}

fn shown(text: &str, max: usize) -> String {
    clip(&calm_mentions(text), max, angle)
}
