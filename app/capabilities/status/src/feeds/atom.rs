//! Atom 1.0 (RFC 4287).

use super::entries::{Entry, entries, title};
use super::xml::{element, escape};
use crate::links::{Links, Target};
use crate::model::Snapshot;
use std::fmt::Write as _;

pub fn render(snapshot: &Snapshot, links: &Links) -> String {
    let mut feed = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    let language = snapshot.look.language.as_str();
    let _ = write!(feed, "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"{language}\">");
    feed.push_str(&element("id", &links.absolute(Target::Index)));
    feed.push_str(&element("title", &title(snapshot)));
    feed.push_str(&element("updated", &snapshot.changed_at.rfc3339()));
    let _ = write!(feed, "<author>{}</author>", element("name", &snapshot.look.name));
    let _ = write!(feed, "<link rel=\"self\" type=\"application/atom+xml\" href=\"{}\"/>", escape(&links.absolute(Target::Atom)));
    let _ = write!(feed, "<link rel=\"alternate\" type=\"text/html\" href=\"{}\"/>", escape(&links.absolute(Target::Index)));
    for entry in entries(snapshot, links) {
        write_entry(&mut feed, &entry);
    }
    feed.push_str("</feed>\n");
    feed
}

fn write_entry(feed: &mut String, entry: &Entry) {
    feed.push_str("<entry>");
    feed.push_str(&element("id", &entry.id));
    feed.push_str(&element("title", &entry.title));
    feed.push_str(&element("published", &entry.published_at.rfc3339()));
    feed.push_str(&element("updated", &entry.updated_at.rfc3339()));
    let _ = write!(feed, "<link rel=\"alternate\" type=\"text/html\" href=\"{}\"/>", escape(&entry.link));
    let _ = write!(feed, "<content type=\"html\">{}</content>", escape(&entry.html));
    feed.push_str("</entry>");
}
