//! What real SDKs sent: every event, attachment and feedback of the recorded traffic becomes something, and nothing is passed over.

use ingest::{Head, Kind};
use std::collections::BTreeMap;
use testkit::recorded::{Part, Request, envelopes};

use super::kit::Kit;

pub struct Recorded {
    /// Such as `node/01-default`.
    pub scenario: String,
    pub kind: Kind,
    pub head: Head,
    pub payload: Vec<u8>,
}

/// Items of errors in the recorded requests.
pub fn recorded() -> Vec<Recorded> {
    envelopes("").iter().flat_map(|envelope| envelope.parts.iter().filter_map(|part| ours(&envelope.request, part))).collect()
}

fn ours(request: &Request, part: &Part) -> Option<Recorded> {
    let kind = Kind::from_item_type(part.kind())?;
    let is_ours = matches!(kind, Kind::Event | Kind::Feedback | Kind::UserReport | Kind::Attachment | Kind::Security);
    let text = |key: &str| part.header[key].as_str().map(str::to_owned);
    let user_agent = Some(request.header("user-agent").unwrap_or_default().to_owned());
    let head = Head { user_agent, filename: text("filename"), content_type: text("content_type"), ..Head::default() };
    is_ours.then(|| Recorded { scenario: request.scenario().to_owned(), kind, head, payload: part.payload.clone() })
}

#[tokio::test]
async fn everything_that_sdks_sent_becomes_something() {
    let recorded = recorded();
    if recorded.is_empty() {
        return;
    }
    let kit = Kit::new().await;
    let mut sent: BTreeMap<(String, &str), i64> = BTreeMap::new();
    let mut items: Vec<(String, Kind, i64)> = Vec::new();
    for one in &recorded {
        let what = match one.kind {
            Kind::Attachment => "attachments",
            Kind::Feedback | Kind::UserReport => "feedback",
            _ => "events",
        };
        *sent.entry((one.scenario.clone(), what)).or_default() += 1;
        let item = kit.send_as(kit.project, one.kind, &one.payload, one.head.clone()).await;
        items.push((one.scenario.clone(), one.kind, item));
    }
    assert_eq!(kit.house.digest().await, recorded.len());
    for ((scenario, what), count) in &sent {
        println!("{scenario}: {count} {what}");
    }
    let all = |what: &str| sent.iter().filter(|((_, kind), _)| *kind == what).map(|(_, count)| count).sum::<i64>();
    assert!(all("events") >= 40, "{} events are fewer than were recorded", all("events"));
    assert_eq!(kit.logged("select count(*) from errors_events").await, all("events"));
    assert_eq!(kit.logged("select count(*) from errors_attachments").await, all("attachments"));
    assert_eq!(kit.count("select count(*) from errors_feedback").await, all("feedback"));
    assert_eq!(kit.logged("select coalesce(sum(quantity), 0) from ingest_outcomes where outcome = 'dropped'").await, 0);
    assert_eq!(kit.count("select sum(events) from errors_issues").await, all("events"));
    assert_eq!(kit.count("select count(*) from errors_issues where value = '' and type = ''").await, 0, "each has a name");
    for issue in kit.issues().await {
        println!("issue {}: {} × {} [{}] {} {:?}", issue.id, issue.events, issue.title(), issue.culprit, issue.platform, issue.priority);
    }
    // The same programs threw in several scenarios: what is one bug is one issue in all of them.
    let mut of_browser = BTreeMap::new();
    for (scenario, kind, item) in &items {
        if *kind == Kind::Event && scenario.starts_with("browser/") {
            *of_browser.entry(kit.issue_of(*item).await).or_insert(0) += 1;
        }
    }
    assert_eq!(of_browser.values().copied().collect::<Vec<i32>>(), [3, 3, 3, 3], "three runs of a page with four errors: {of_browser:?}");
}
