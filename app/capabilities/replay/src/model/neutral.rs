//! What of a recording may reach a browser. Anybody who knows the public DSN can send one, so it is a stranger's page.
//!
//! The player's frame runs no scripts, and the page's CSP lets nothing in: this is the layer before both. It takes out what would run
//! (scripts, handlers, `javascript:`, documents within documents, refreshes) and what would fetch, from another host (which would tell it
//! who watches) or from this one (with the cookies of who watches): addresses of images, styles, fonts and frames, also those that a
//! drawing's animation would set. What stays is `data:` of pictures, sounds and fonts, and `#…`, a place within the page itself. Nothing
//! here calls itself, and no tree is built.
//!
//! A change names its element by a number that another part has given. So each text is judged as if it were a style's, and none begins
//! or ends within a word that fetches: in whatever order a browser joins them, they make none. A changed attribute is judged without its
//! element, the hardest; only `#…` stays for whatever it is set on. On an `<image>` that would be a request for the player's own page,
//! without anything a stranger chose.
//!
//! - [`event`]: one rrweb event, made safe; `None`: it is not for players
//! - [`rules`]: names of elements and attributes, addresses, style sheets

mod rewrite;
pub mod rules;

use serde::Deserialize;

use super::recording::{self, INCREMENTAL, META, RecordedEvent, SNAPSHOT};

#[derive(Deserialize)]
struct Source {
    source: u8,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    width: f64,
    #[serde(default)]
    height: f64,
}

/// Canvas (9) is painted by running commands, fonts (10) are fetched, custom elements (16) are defined: none of it is needed to see a page.
fn is_played(source: u8) -> bool {
    matches!(source, 0..=8 | 13..=15)
}

/// As JSON, with its time in milliseconds.
pub fn event(event: &RecordedEvent<'_>) -> Option<String> {
    let data = match event.kind {
        0 | 1 => "{}".to_owned(),
        SNAPSHOT => rewrite::rewrite(event.data, false)?,
        INCREMENTAL => {
            let source = serde_json::from_str::<Source>(event.data).ok()?.source;
            if !is_played(source) {
                return None;
            }
            rewrite::rewrite(event.data, matches!(source, 8 | 13 | 15))?
        }
        META => meta(serde_json::from_str(event.data).ok()?),
        _ => return None,
    };
    Some(format!("{{\"type\":{},\"data\":{data},\"timestamp\":{}}}", event.kind, event.at.0))
}

/// Nothing but the size is used. The address stays here: whoever has a shared link must not read it.
fn meta(meta: Meta) -> String {
    let size = |pixels: f64| pixels.clamp(0.0, 20_000.0).round();
    serde_json::json!({"href": "", "width": size(meta.width), "height": size(meta.height)}).to_string()
}

/// The events of some segments that a player takes, made safe, in the order of their times.
pub fn feed<'a>(segments: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut events: Vec<(i64, String)> = Vec::new();
    for json in segments {
        // What ends too early was played up to there.
        let _ = recording::each_event(json, &mut |one| events.extend(event(&one).map(|text| (one.at.0, text))));
    }
    events.sort_by_key(|(at, _)| *at);
    let mut feed = Vec::with_capacity(events.iter().map(|(_, text)| text.len() + 1).sum::<usize>() + 2);
    feed.push(b'[');
    for (index, (_, text)) in events.into_iter().enumerate() {
        if index > 0 {
            feed.push(b',');
        }
        feed.extend_from_slice(text.as_bytes());
    }
    feed.push(b']');
    feed
}

#[cfg(test)]
mod tests;
