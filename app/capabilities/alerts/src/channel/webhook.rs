//! Any program: one JSON document with a `type` and a `version`, signed as Standard Webhooks describes: `webhook-id` (stable over
//! retries), `webhook-timestamp`, `webhook-signature` with one `v1,…` per secret, so that secrets can be rotated without a gap.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::{Result, Time};
use ring::hmac;
use serde_json::{Value, json};

use super::Call;
use super::config::WebhookConfig;
use crate::notice::Notice;

/// Of the document; raised when a field changes its meaning or goes.
pub const VERSION: u32 = 1;

pub fn build(config: &WebhookConfig, notice: &Notice, now: Time) -> Result<Call> {
    let mut call = Call::json(config.url.clone(), &payload(notice));
    let seconds = now.0.div_euclid(1_000);
    let signature = sign(&config.keys, &notice.key, seconds, &call.body);
    call.headers.push(("webhook-id".to_owned(), notice.key.clone()));
    call.headers.push(("webhook-timestamp".to_owned(), seconds.to_string()));
    call.headers.push(("webhook-signature".to_owned(), signature));
    Ok(call)
}

/// `v1,<base64 of HMAC-SHA256 over "id.timestamp.body">`, one for each key, separated by blanks.
pub fn sign(keys: &[Vec<u8>], id: &str, seconds: i64, body: &[u8]) -> String {
    let mut signed = format!("{id}.{seconds}.").into_bytes();
    signed.extend_from_slice(body);
    let signatures: Vec<_> = keys
        .iter()
        .map(|key| {
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &signed);
            format!("v1,{}", STANDARD.encode(tag.as_ref()))
        })
        .collect();
    signatures.join(" ")
}

fn payload(notice: &Notice) -> Value {
    let facts: serde_json::Map<String, Value> = notice.facts.iter().map(|(label, value)| (label.clone(), json!(value))).collect();
    json!({
        "type": format!("alert.{}", notice.kind.as_str()),
        "version": VERSION,
        "id": notice.key,
        "timestamp": notice.at.rfc3339_millis(),
        "data": {
            "alert": notice.thread,
            "severity": notice.severity,
            "tag": notice.tag,
            "title": notice.title,
            "detail": notice.detail,
            "facts": facts,
            "items": notice.items,
            "links": notice.links.iter().map(|link| json!({"label": link.label, "url": link.url})).collect::<Vec<_>>(),
            "started_at": notice.started_at.rfc3339_millis(),
            "ended_at": notice.ended_at.map(Time::rfc3339_millis),
            "delayed_seconds": notice.delayed.map(|span| span.as_secs()),
            "is_merged": notice.is_merged,
            "instance": notice.instance,
        },
    })
}
