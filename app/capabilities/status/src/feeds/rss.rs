//! RSS 2.0.

use super::entries::{entries, title};
use super::xml::{element, escape};
use crate::links::{Links, Target};
use crate::model::Snapshot;
use kernel::Time;
use std::fmt::Write as _;

pub fn render(snapshot: &Snapshot, links: &Links) -> String {
    let mut feed = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\"><channel>",
    );
    feed.push_str(&element("title", &title(snapshot)));
    feed.push_str(&element("link", &links.absolute(Target::Index)));
    feed.push_str(&element("description", &title(snapshot)));
    feed.push_str(&element("language", snapshot.look.language.as_str()));
    feed.push_str(&element("lastBuildDate", &rfc2822(snapshot.changed_at)));
    let _ = write!(feed, "<atom:link rel=\"self\" type=\"application/rss+xml\" href=\"{}\"/>", escape(&links.absolute(Target::Rss)));
    for entry in entries(snapshot, links) {
        feed.push_str("<item>");
        feed.push_str(&element("title", &entry.title));
        feed.push_str(&element("link", &entry.link));
        let _ = write!(feed, "<guid isPermaLink=\"false\">{}</guid>", escape(&entry.id));
        feed.push_str(&element("pubDate", &rfc2822(entry.updated_at)));
        feed.push_str(&element("description", &entry.html));
        feed.push_str("</item>");
    }
    feed.push_str("</channel></rss>\n");
    feed
}

fn rfc2822(at: Time) -> String {
    at.timestamp().strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}
