//! Microsoft Teams by a workflow's address: one Adaptive Card 1.4. Text stands in `RichTextBlock` runs, which know no Markdown, so nothing a
//! monitor reports can format, link or mention. The whole message stays below the 28 KB Teams takes.

use serde_json::{Value, json};

use super::Call;
use super::config::TeamsConfig;
use super::text::{clip, fitting, line};
use crate::notice::{Notice, Tone};

pub fn build(config: &TeamsConfig, notice: &Notice) -> Call {
    Call::json(config.url.clone(), &fitting(27_000, |percent| payload(notice, percent)))
}

fn payload(notice: &Notice, percent: usize) -> Value {
    let mut body = vec![block(&[run(&line(&notice.headline(), 300), "Large", true, color(notice.tone()))])];
    if !notice.detail.trim().is_empty() {
        body.push(plain(&clip(&notice.detail, 10 * percent, |_| None)));
    }
    body.extend(notice.items.iter().take(25).map(|item| plain(&format!("• {}", line(item, percent + percent / 2)))));
    body.extend(notice.facts.iter().take(10).map(|(label, value)| {
        block(&[
            run(&format!("{}: ", line(label, 60)), "Default", true, "Default"),
            run(&line(value, 3 * percent), "Default", false, "Default"),
        ])
    }));
    body.push(block(&[run(&line(&notice.instance, 100), "Small", false, "Default")]));
    let actions: Vec<Value> = notice
        .links
        .iter()
        .filter(|link| link.url.len() <= 1_000)
        .take(5)
        .map(|link| json!({"type": "Action.OpenUrl", "title": line(&link.label, 60), "url": link.url}))
        .collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "fallbackText": line(&notice.headline(), 300),
                "body": body,
                "actions": actions,
            },
        }],
    })
}

fn plain(text: &str) -> Value {
    block(&[run(text, "Default", false, "Default")])
}

fn block(runs: &[Value]) -> Value {
    json!({"type": "RichTextBlock", "inlines": runs})
}

fn run(text: &str, size: &str, is_bold: bool, color: &str) -> Value {
    json!({"type": "TextRun", "text": text, "size": size, "weight": if is_bold { "Bolder" } else { "Default" }, "color": color})
}

fn color(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "Good",
        Tone::Calm => "Default",
        Tone::Warn => "Warning",
        Tone::Bad => "Attention",
    }
}
