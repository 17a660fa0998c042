//! What an HTTP answer must say: its code, a header, a text, a JSON value, a health document.

use http::HeaderMap;
use serde_json::Value;
use serde_json_path::JsonPath;

use super::{Found, Word};
use crate::model::check::Reason;
use crate::model::codes::Codes;
use crate::model::watch::{HeaderRule, HttpWatch, JsonRule, Operator};

/// Does anything look at the body?
pub fn reads_body(watch: &HttpWatch) -> bool {
    !watch.keyword.is_empty() || watch.json.is_some() || watch.health_document
}

pub fn judge(watch: &HttpWatch, code: u16, headers: &HeaderMap, body: &[u8]) -> Found {
    let health = if watch.health_document { health_document(body) } else { None };
    // A health document knows more than its code: 503 with "degraded" is degraded.
    let remark = match health {
        Some(found) => found?,
        None => {
            let remark = by_code(watch, code)?;
            if watch.health_document && remark.is_none() {
                return Err(Word::new(Reason::AssertionJson, "The answer is no health document: it has no known \"status\"."));
            }
            remark
        }
    };
    if let Some(rule) = &watch.header {
        by_header(rule, headers)?;
    }
    if !watch.keyword.is_empty() {
        let has = String::from_utf8_lossy(body).contains(&watch.keyword);
        if has == watch.keyword_absent {
            let what = if has { "The unwanted text is there" } else { "The expected text is missing" };
            return Err(Word::new(Reason::AssertionBody, format!("{what}: {:?}.", kernel::text::shorten(&watch.keyword, 80))));
        }
    }
    if let Some(rule) = &watch.json {
        by_json(rule, body)?;
    }
    Ok(remark)
}

fn by_code(watch: &HttpWatch, code: u16) -> Found {
    let accepts = Codes::parse(&watch.accepted).is_ok_and(|codes| codes.accepts(code));
    match code {
        _ if accepts => Ok(None),
        429 => Ok(Some(Word::plain(Reason::RateLimited))),
        503 if watch.unavailable_is_slow => Ok(Some(Word::plain(Reason::UpstreamUnavailable))),
        503 => Err(Word::plain(Reason::UpstreamUnavailable)),
        _ => {
            // From 400 on the server itself says that something is wrong; below, only we expected another code.
            let reason = if code >= 400 { Reason::HttpStatus } else { Reason::AssertionStatus };
            Err(Word::new(reason, format!("The answer has code {code}; accepted is {}.", watch.accepted)))
        }
    }
}

fn by_header(rule: &HeaderRule, headers: &HeaderMap) -> Result<(), Word> {
    let values: Vec<&str> = headers.get_all(rule.name.as_str()).iter().filter_map(|value| value.to_str().ok()).collect();
    if values.is_empty() {
        return match rule.operator {
            Operator::NotEquals => Ok(()),
            _ => Err(Word::new(Reason::AssertionHeader, format!("The header {} is missing.", rule.name))),
        };
    }
    if values.iter().any(|value| holds(rule.operator, value, &rule.value)) {
        return Ok(());
    }
    let found = kernel::text::shorten(values[0], 80);
    Err(Word::new(
        Reason::AssertionHeader,
        format!("The header {} is {found:?}; expected: {} {:?}.", rule.name, rule.operator.label(), rule.value),
    ))
}

fn by_json(rule: &JsonRule, body: &[u8]) -> Result<(), Word> {
    let wrong = |text: String| Err(Word::new(Reason::AssertionJson, text));
    let Ok(json) = serde_json::from_slice::<Value>(body) else {
        return wrong("The answer is not JSON.".to_owned());
    };
    let Ok(path) = JsonPath::parse(&rule.path) else {
        return wrong(format!("The JSONPath {:?} cannot be read.", rule.path));
    };
    let found: Vec<String> = path.query(&json).all().into_iter().map(plain).collect();
    if found.is_empty() {
        return wrong(format!("There is nothing at {}.", rule.path));
    }
    let good = match rule.operator {
        Operator::NotEquals => found.iter().all(|value| holds(Operator::NotEquals, value, &rule.value)),
        operator => found.iter().any(|value| holds(operator, value, &rule.value)),
    };
    if good {
        return Ok(());
    }
    let shown = kernel::text::shorten(&found.join(", "), 80);
    wrong(format!("{} is {shown}; expected: {} {}.", rule.path, rule.operator.label(), rule.value))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn holds(operator: Operator, found: &str, wanted: &str) -> bool {
    let numbers = found.trim().parse::<f64>().ok().zip(wanted.trim().parse::<f64>().ok());
    let equal = found == wanted || numbers.is_some_and(|(found, wanted)| found == wanted);
    match operator {
        Operator::Equals => equal,
        Operator::NotEquals => !equal,
        Operator::Contains => found.contains(wanted),
        Operator::GreaterThan => numbers.is_some_and(|(found, wanted)| found > wanted),
        Operator::LessThan => numbers.is_some_and(|(found, wanted)| found < wanted),
        Operator::Exists => true,
    }
}

/// `{"status": "healthy" | "degraded" | "unhealthy"}` or application/health+json (`pass`, `warn`, `fail`). `None` when it is neither.
fn health_document(body: &[u8]) -> Option<Found> {
    let json: Value = serde_json::from_slice(body).ok()?;
    let status = json.get("status")?.as_str()?.to_lowercase();
    let parts = troubled(&json);
    let said = |reason| Word::new(reason, format!("The service says that it is {:?}{parts}.", kernel::text::shorten(&status, 40)));
    match status.as_str() {
        "healthy" | "pass" | "ok" | "up" | "operational" => Some(Ok(None)),
        "degraded" | "warn" | "warning" => Some(Ok(Some(said(Reason::AssertionJson)))),
        "unhealthy" | "fail" | "error" | "down" | "outage" => Some(Err(said(Reason::AssertionJson))),
        _ => None,
    }
}

/// The names of the checks inside the document that are not well.
fn troubled(json: &Value) -> String {
    let Some(checks) = ["checks", "services", "components"].iter().find_map(|field| json.get(field)?.as_object()) else {
        return String::new();
    };
    let is_well = |value: &Value| {
        let status = value.as_str().or_else(|| value.get("status")?.as_str()).or_else(|| value.get(0)?.get("status")?.as_str());
        status.is_none_or(|status| matches!(status.to_lowercase().as_str(), "healthy" | "pass" | "ok" | "up" | "operational"))
    };
    let names: Vec<&str> = checks.iter().filter(|(_, value)| !is_well(value)).map(|(name, _)| name.as_str()).take(5).collect();
    if names.is_empty() { String::new() } else { kernel::text::shorten(&format!(" ({})", names.join(", ")), 120) }
}
