//! Slack incoming webhooks: Block Kit with a plain `text` beside it (what a phone shows and a screen reader reads).
//! Limits: header 150, section 3,000, a field 2,000, 10 fields, button label 75, address 3,000, about 13,200 in all; `&`, `<`, `>` escaped, which also disarms `<!here>`.

use serde_json::{Value, json};

use super::Call;
use super::config::SlackConfig;
use super::text::{angle, clip, fitting, line};
use crate::notice::{Notice, NoticeKind};
use crate::severity::Severity;

pub fn build(config: &SlackConfig, notice: &Notice) -> Call {
    Call::json(config.url.clone(), &fitting(13_000, |percent| payload(config, notice, percent)))
}

fn payload(config: &SlackConfig, notice: &Notice, percent: usize) -> Value {
    let headline = notice.headline();
    let mut blocks = vec![json!({"type": "header", "text": {"type": "plain_text", "text": line(&headline, 150), "emoji": false}})];
    if !notice.detail.trim().is_empty() {
        blocks.push(section(&notice.detail, 20 * percent));
    }
    if !notice.items.is_empty() {
        blocks.push(section(&bullets(&notice.items), 30 * percent));
    }
    let fields: Vec<Value> = notice.facts.iter().take(10).map(|(label, value)| field(label, value, percent)).collect();
    if !fields.is_empty() {
        blocks.push(json!({"type": "section", "fields": fields}));
    }
    let buttons: Vec<Value> =
        notice.links.iter().filter(|link| link.url.len() <= 1_000).take(5).map(|link| button(&link.label, &link.url)).collect();
    if !buttons.is_empty() {
        blocks.push(json!({"type": "actions", "elements": buttons}));
    }
    let context = format!("{} · {}", notice.instance, notice.severity);
    blocks.push(json!({"type": "context", "elements": [{"type": "mrkdwn", "text": clip(&context, 200, angle)}]}));
    json!({"text": format!("{}{}", call(config, notice), clip(&one_line(&headline), 500, angle)), "blocks": blocks})
}

/// `<!here> ` when somebody must come now; never for what went well.
fn call(config: &SlackConfig, notice: &Notice) -> String {
    let is_urgent = notice.severity == Severity::Critical && notice.kind.is_beginning() && notice.kind != NoticeKind::Flapping;
    config.mention.filter(|_| is_urgent).map_or_else(String::new, |who| format!("<!{who}> "))
}

fn section(text: &str, max: usize) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": clip(text, max, angle)}})
}

fn field(label: &str, value: &str, percent: usize) -> Value {
    json!({"type": "mrkdwn", "text": format!("*{}*\n{}", clip(label, percent.max(20), angle), clip(value, 5 * percent, angle))})
}

fn button(label: &str, url: &str) -> Value {
    json!({"type": "button", "text": {"type": "plain_text", "text": line(label, 75)}, "url": url})
}

fn bullets(items: &[String]) -> String {
    items.iter().map(|item| format!("• {}", one_line(item))).collect::<Vec<_>>().join("\n")
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
