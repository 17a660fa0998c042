//! PagerDuty Events v2: one `dedup_key` per alert, so that a reminder joins the incident it belongs to, an acknowledgement here
//! acknowledges there, and the recovery resolves it. `summary` ≤ 1,024, `dedup_key` ≤ 255, the whole event ≤ 512,000 bytes.

use kernel::Result;
use serde_json::{Map, Value, json};

use super::Call;
use super::config::{PagerdutyConfig, below};
use super::text::line;
use crate::notice::{Notice, NoticeKind};

pub fn build(config: &PagerdutyConfig, notice: &Notice) -> Result<Call> {
    let url = below(&config.api_base, "v2/enqueue")?;
    Ok(Call::json(url, &payload(config, notice, action(notice.kind))))
}

/// Ends what a test began: a test must not leave an incident behind.
pub fn end_test(config: &PagerdutyConfig, notice: &Notice) -> Result<Call> {
    let url = below(&config.api_base, "v2/enqueue")?;
    Ok(Call::json(url, &payload(config, notice, "resolve")))
}

fn payload(config: &PagerdutyConfig, notice: &Notice, action: &str) -> Value {
    let mut event = json!({
        "routing_key": config.routing_key.expose(),
        "event_action": action,
        "dedup_key": line(&format!("hermetic:{}:{}", line(&notice.instance, 100), notice.thread), 255),
    });
    if action != "trigger" {
        return event;
    }
    let links: Vec<Value> = notice
        .links
        .iter()
        .take(5)
        .filter(|link| link.url.len() <= 2_000)
        .map(|link| json!({"href": link.url, "text": line(&link.label, 100)}))
        .collect();
    if let Some(object) = event.as_object_mut() {
        object.insert("client".to_owned(), json!("Hermetic"));
        if let Some(link) = notice.links.first() {
            object.insert("client_url".to_owned(), json!(link.url));
        }
        object.insert("links".to_owned(), Value::Array(links));
        object.insert("payload".to_owned(), details(notice));
    }
    event
}

fn details(notice: &Notice) -> Value {
    let mut custom = Map::new();
    if !notice.detail.is_empty() {
        custom.insert("detail".to_owned(), json!(line(&notice.detail, 2_000)));
    }
    for (label, value) in notice.facts.iter().take(20) {
        custom.insert(line(label, 100), json!(line(value, 1_000)));
    }
    if !notice.items.is_empty() {
        let items: Vec<_> = notice.items.iter().take(60).map(|item| line(item, 300)).collect();
        custom.insert("items".to_owned(), json!(items));
    }
    json!({
        "summary": line(&notice.headline(), 1_024),
        "source": line(&notice.instance, 255),
        "severity": notice.severity.as_str(),
        "timestamp": notice.at.rfc3339(),
        "custom_details": custom,
    })
}

fn action(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Resolved | NoticeKind::Resumed => "resolve",
        NoticeKind::Acknowledged => "acknowledge",
        _ => "trigger",
    }
}
