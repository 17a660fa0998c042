//! PagerDuty's Events API v2.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{Judged, Provider, hex_id, is_web_address, items, length, text_of};
use crate::fakes::sink::{Recorded, Reply};

const ROUTING_KEY: &str = "0123456789abcdef0123456789abcdef";
const MAX_BYTES: usize = 512_000;

#[derive(Debug)]
pub struct PagerDuty(Provider);

impl PagerDuty {
    pub fn start() -> Self {
        let count = AtomicUsize::new(0);
        Self(Provider::start(move |request| judge(request, &count)))
    }

    /// What stands for `https://events.pagerduty.com`.
    pub fn api_base(&self) -> String {
        self.url("")
    }

    pub fn enqueue_url(&self) -> String {
        self.url("/v2/enqueue")
    }

    pub fn routing_key(&self) -> &'static str {
        ROUTING_KEY
    }

    /// The next `n` posts get 429.
    pub fn rate_limit(&self, n: usize) {
        self.refuse_next(
            n,
            &Reply::json(429, &json!({ "status": "throttle exceeded", "message": "Requests for this service are arriving too quickly." })),
        );
    }
}

impl Deref for PagerDuty {
    type Target = Provider;
    fn deref(&self) -> &Provider {
        &self.0
    }
}

fn judge(request: &Recorded, count: &AtomicUsize) -> Judged {
    if (request.method.as_str(), request.path.as_str()) != ("POST", "/v2/enqueue") {
        return Err(Reply::new(404));
    }
    if request.body.len() > MAX_BYTES {
        return Err(Reply::json(413, &json!({ "status": "invalid event", "message": "Event object exceeds the size limit" })));
    }
    let message = request.json();
    let errors = problems(&message);
    if !errors.is_empty() {
        let body = json!({ "status": "invalid event", "message": "Event object is invalid", "errors": errors });
        return Err(Reply::json(400, &body));
    }
    let given = text_of(&message, "dedup_key");
    let key = if given.is_empty() { hex_id(count.fetch_add(1, Ordering::SeqCst) + 1, 32) } else { given.to_owned() };
    let reply = Reply::json(202, &json!({ "status": "success", "message": "Event processed", "dedup_key": key }));
    Ok((message, reply))
}

fn problems(message: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    let mut must = |holds: bool, problem: &str| {
        if !holds {
            errors.push(problem.to_owned());
        }
    };
    let key = text_of(message, "routing_key");
    must(!key.is_empty(), "'routing_key' is missing or blank");
    must(key.is_empty() || key == ROUTING_KEY, "Length of 'routing_key' is incorrect (should be 32 characters)");
    let action = text_of(message, "event_action");
    must(
        matches!(action, "trigger" | "acknowledge" | "resolve"),
        "'event_action' is missing, blank or not one of trigger, acknowledge, resolve",
    );
    let dedup_key = text_of(message, "dedup_key");
    must(length(dedup_key) <= 255, "'dedup_key' is longer than 255 characters");
    must(action == "trigger" || !dedup_key.is_empty(), "'dedup_key' is missing or blank");
    if action == "trigger" {
        let payload = message.get("payload").unwrap_or(&Value::Null);
        let summary = text_of(payload, "summary");
        must(!summary.is_empty(), "'payload.summary' is missing or blank");
        must(length(summary) <= 1_024, "'payload.summary' is longer than 1024 characters");
        must(!text_of(payload, "source").is_empty(), "'payload.source' is missing or blank");
        let is_severity = matches!(text_of(payload, "severity"), "critical" | "error" | "warning" | "info");
        must(is_severity, "'payload.severity' is missing, blank or not one of critical, error, warning, info");
        let timestamp = text_of(payload, "timestamp");
        must(timestamp.is_empty() || kernel::Time::parse_rfc3339(timestamp).is_some(), "'payload.timestamp' is not a time");
    }
    must(items(message, "links").iter().all(|link| is_web_address(text_of(link, "href"))), "'links.href' is not a URL");
    errors
}
