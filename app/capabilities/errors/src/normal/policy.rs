//! Browsers' reports on policies (CSP and its like) as events: grouped by what was forbidden and where it comes from.

use ingest::Item;
use ingest::releases::checked_version;
use serde_json::{Map, Value};

use super::lenient::{take_line, take_map};
use super::read::{bare, name_agent};
use super::{Event, Message, Pairs, tags};
use crate::model::Level;

/// What the report says, whichever of the two formats it came in.
struct Report {
    /// `csp`, `network-error`, ….
    kind: String,
    body: Map<String, Value>,
    url: String,
}

pub fn read(item: &Item, payload: &[u8]) -> Event {
    let Some(mut report) = serde_json::from_slice(payload).ok().and_then(report) else {
        let message = Message { formatted: "A browser's report that cannot be read".to_owned(), ..Message::default() };
        return Event { message: Some(message), logger: "security".to_owned(), level: Level::Info, ..bare(item) };
    };
    let mut either = |dashed: &str, camel: &str| {
        let first = take_line(&mut report.body, dashed, 2_048);
        if first.is_empty() { take_line(&mut report.body, camel, 2_048) } else { first }
    };
    let (document, referrer) = (either("document-uri", "documentURL"), either("referrer", "referrer"));
    let (effective, violated) = (either("effective-directive", "effectiveDirective"), either("violated-directive", "violatedDirective"));
    let blocked = either("blocked-uri", "blockedURL");
    let (source, disposition) = (either("source-file", "sourceFile"), either("disposition", "disposition"));
    let (host, problem) = (either("hostname", "hostname"), either("type", "type"));
    let directive = if effective.is_empty() { violated.split(' ').next().unwrap_or_default().to_owned() } else { effective };
    let origin = origin(&blocked);
    let (text, parts) = if report.kind == "csp" {
        (format!("Blocked {directive} from {origin}"), vec!["csp".to_owned(), directive.clone(), origin.clone()])
    } else {
        let about = if problem.is_empty() { host } else { problem };
        (format!("{}: {about}", report.kind), vec![report.kind.clone(), about])
    };
    let mut event = Event { message: Some(Message { formatted: text, ..Message::default() }), policy: Some(parts), ..bare(item) };
    event.platform = "javascript".to_owned();
    event.level = Level::Warning;
    event.logger.clone_from(&report.kind);
    // The address the browser was told to report to says the rest.
    let told = item.head.trace.as_ref();
    let release = told.and_then(|told| told.release.as_deref()).and_then(checked_version);
    let environment = told.and_then(|told| told.environment.clone()).filter(|environment| !environment.is_empty());
    event.release = release.unwrap_or_default();
    event.environment = environment.unwrap_or_else(|| "production".to_owned());
    name_agent(&mut event, &item.head);
    event.request.url = without_query(if document.is_empty() { &report.url } else { &document }).to_owned();
    event.extra = std::mem::take(&mut report.body);
    let sent: Pairs = [
        ("effective-directive", directive),
        ("blocked-uri", origin),
        ("source-file", without_query(&source).to_owned()),
        ("disposition", disposition),
        ("referrer", without_query(&referrer).to_owned()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect();
    event.tags = tags::all(&event, sent);
    event
}

/// `{"csp-report": {…}}`, or an entry of the Reporting API; of a list the first.
fn report(value: Value) -> Option<Report> {
    match value {
        Value::Array(list) => list.into_iter().find_map(report),
        Value::Object(mut map) => {
            for (key, kind) in [("csp-report", "csp"), ("expect-ct-report", "expect-ct"), ("expect-staple-report", "expect-staple")] {
                if map.contains_key(key) {
                    return Some(Report { kind: kind.to_owned(), body: take_map(&mut map, key), url: String::new() });
                }
            }
            let kind = take_line(&mut map, "type", 64);
            if kind.is_empty() {
                return map.contains_key("known-pins").then(|| Report { kind: "hpkp".to_owned(), body: map, url: String::new() });
            }
            let url = take_line(&mut map, "url", 2_048);
            let kind = if kind == "csp-violation" { "csp".to_owned() } else { kind };
            Some(Report { kind, body: take_map(&mut map, "body"), url })
        }
        _ => None,
    }
}

/// `inline`, `eval`, `data` and their like as they are; of an address its host.
fn origin(blocked: &str) -> String {
    let blocked = blocked.trim_matches('\'');
    match blocked.split_once("://") {
        Some((_, rest)) => rest.split(['/', '?', '#', ':']).next().unwrap_or_default().to_ascii_lowercase(),
        None if blocked.is_empty() => "an unnamed place".to_owned(),
        None => blocked.split([':', ',']).next().unwrap_or_default().to_ascii_lowercase(),
    }
}

fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingest::Kind;
    use kernel::Time;
    use kernel::ids::ProjectId;

    fn read(json: &str) -> Event {
        super::read(&Item::sample(1, ProjectId(1), Kind::Security, Time(1_795_425_190_000), b""), json.as_bytes())
    }

    #[test]
    fn both_formats_of_a_policy_report_are_one_problem() {
        let old = read(
            r#"{"csp-report":{"document-uri":"https://shop.example/cart?id=7","violated-directive":"script-src-elem 'self'","effective-directive":"script-src-elem","blocked-uri":"https://evil.example/x.js"}}"#,
        );
        let new = read(
            r#"[{"type":"csp-violation","age":3,"url":"https://shop.example/","body":{"documentURL":"https://shop.example/","effectiveDirective":"script-src-elem","blockedURL":"https://evil.example/y.js?z"}}]"#,
        );
        assert_eq!(old.policy, new.policy);
        assert_eq!(old.message.as_ref().unwrap().text(), "Blocked script-src-elem from evil.example");
        assert_eq!(old.request.url, "https://shop.example/cart");
        assert_eq!(old.tag("effective-directive"), Some("script-src-elem"));
        let inline = read(r#"{"csp-report":{"violated-directive":"style-src 'self'","blocked-uri":"inline"}}"#);
        assert_eq!(inline.policy.unwrap(), ["csp", "style-src", "inline"]);
        let network = read(r#"{"type":"network-error","url":"https://shop.example/","body":{"type":"dns.unreachable","phase":"dns"}}"#);
        assert_eq!(network.policy.unwrap(), ["network-error", "dns.unreachable"]);
    }

    #[test]
    fn the_address_reports_are_sent_to_names_release_and_environment() {
        let mut item = Item::sample(1, ProjectId(1), Kind::Security, Time(1_795_425_190_000), b"");
        let trace = ingest::TraceHead { release: Some("shop@1.0.0".into()), environment: Some("live".into()), ..Default::default() };
        item.head = ingest::Head { trace: Some(trace), user_agent: Some("Firefox/132.0".into()), ..Default::default() };
        let event = super::read(&item, br#"{"csp-report":{"effective-directive":"img-src","blocked-uri":"data"}}"#);
        assert_eq!(
            (event.release.as_str(), event.tag("environment"), event.tag("browser")),
            ("shop@1.0.0", Some("live"), Some("Firefox 132"))
        );
    }

    #[test]
    fn what_is_no_report_is_told_as_such() {
        for payload in ["", "7", "[]", "{}", "null", r#"{"csp-report":7}"#] {
            assert!(read(payload).message.is_some(), "{payload}");
        }
    }
}
