//! JSON Feed 1.1.

use super::entries::{entries, title};
use crate::links::{Links, Target};
use crate::model::Snapshot;
use serde_json::{Value, json};

pub fn render(snapshot: &Snapshot, links: &Links) -> Value {
    let items: Vec<Value> = entries(snapshot, links)
        .into_iter()
        .map(|entry| {
            json!({
                "id": entry.id,
                "url": entry.link,
                "title": entry.title,
                "content_html": entry.html,
                "summary": entry.text,
                "date_published": entry.published_at.rfc3339(),
                "date_modified": entry.updated_at.rfc3339(),
            })
        })
        .collect();
    json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": title(snapshot),
        "home_page_url": links.absolute(Target::Index),
        "feed_url": links.absolute(Target::JsonFeed),
        "language": snapshot.look.language.as_str(),
        "items": items,
    })
}
