//! What the console's search finds of errors: issues by their number or words, events by the id of their SDK.

use capability::Hit;
use db::Reader;
use ingest::EventId;
use kernel::Result;
use kernel::ids::IssueId;

use crate::model::Issue;
use crate::pages::counted;
use crate::store::{issues, views};

const HITS: u32 = 8;

pub fn search(r: &Reader<'_>, query: &str) -> Result<Vec<Hit>> {
    let query = query.trim();
    if query.is_empty() {
        return Ok(Vec::new());
    }
    let mut hits = Vec::new();
    // The log is another file, which a search does not open: the address says whether the event is kept.
    if let Some(id) = EventId::parse(query) {
        let note = "Opens the event with this id, where it is kept.".to_owned();
        hits.push(Hit { kind: "Event", title: id.to_string(), note, href: format!("/errors/event/{id}") });
    }
    let by_number = query.trim_start_matches('#').parse().ok().map(|id| issues::find_issue(r, IssueId(id))).transpose()?.flatten();
    let by_words = views::search_issues(r, query, HITS)?;
    let mut seen = Vec::new();
    for issue in by_number.into_iter().chain(by_words) {
        if !seen.contains(&issue.id) {
            seen.push(issue.id);
            hits.push(hit(&issue));
        }
    }
    Ok(hits)
}

fn hit(issue: &Issue) -> Hit {
    let note = [issue.state.as_str().to_owned(), counted(issue.events, "event", "events"), issue.culprit.clone()];
    let note = note.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    Hit {
        kind: "Issue",
        title: kernel::text::shorten(&issue.title(), 140),
        note: kernel::text::shorten(&note, 140),
        href: format!("/errors/{}", issue.id),
    }
}
