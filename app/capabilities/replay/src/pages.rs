//! Pages of replays: plain data in, HTML out.
//!
//! - [`list`]: the search and what it finds; [`one`]: a replay with its player and lists; [`panels`]: those lists
//! - [`player`]: the document that plays, which has no frame and a policy of its own; [`doctor`]: why nothing is recorded

pub mod doctor;
pub mod list;
pub mod one;
pub mod panels;
pub mod player;

use frontend::prelude::*;
use frontend::raw::Markup;
use kernel::ids::ProjectId;
use std::fmt::Write as _;
use std::time::Duration;

use crate::model::{Replay, Signals};

/// Names of projects, as replays show them.
#[derive(Debug, Clone, Default)]
pub struct Projects(pub Vec<(ProjectId, String, String)>);

impl Projects {
    pub fn name(&self, id: ProjectId) -> String {
        self.0.iter().find(|(known, _, _)| *known == id).map_or_else(|| format!("project {id}"), |(_, _, name)| name.clone())
    }

    /// By which the search finds it.
    pub fn slug(&self, id: ProjectId) -> String {
        self.0.iter().find(|(known, _, _)| *known == id).map_or_else(|| id.to_string(), |(_, slug, _)| slug.clone())
    }
}

/// `1:05`, `1:02:05`: moments and lengths of recordings.
pub fn clock(span: Duration) -> String {
    let seconds = span.as_secs();
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

fn clock_ms(ms: i64) -> String {
    clock(Duration::from_millis(ms.max(0).unsigned_abs()))
}

/// The list, asked for something.
pub fn asking(text: &str) -> Href {
    let href = Href::path("/replay");
    if text.is_empty() { href } else { href.with("q", text) }
}

/// A term of the search; what could be read as two is put in quotes.
fn term(name: &str, value: &str) -> String {
    let plain: String = value.chars().filter(|c| *c != '"').collect();
    if plain.contains(char::is_whitespace) { format!("\"{name}:{plain}\"") } else { format!("{name}:{plain}") }
}

/// What an address says without its host: the path, and what follows it.
pub(crate) fn path_of(url: &str) -> String {
    let path = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("/", |slash| &rest[slash..]));
    kernel::text::shorten(path, 80)
}

/// How much went on in each part of the replay, as bars.
pub(crate) fn activity(parts: &[u8], label: &str) -> View {
    let mut html = Markup::new();
    html.tag("svg").attr("class", "replay-activity").attr("viewBox", format!("0 0 {} 24", parts.len().max(1) * 4));
    html.attr("preserveAspectRatio", "none").attr("role", "img").attr("aria-label", label);
    html.tag("path").attr("d", bars(parts, 24)).done().end("svg");
    html.into_view()
}

/// Nothing is drawn where nothing went on.
fn bars(parts: &[u8], height: u32) -> String {
    let mut path = String::new();
    for (position, value) in parts.iter().enumerate().filter(|(_, value)| **value > 0) {
        let tall = (u32::from(*value) * height / 255).max(1);
        let _ = write!(path, "M{} {height}v-{tall}", position * 4 + 2);
    }
    path
}

/// How busy it was, in words, for those who do not see the drawing.
pub(crate) fn busy(replay: &Replay) -> String {
    let busy = replay.activity.iter().filter(|value| **value > 0).count();
    match (busy, replay.activity.len()) {
        (0, _) => "No activity was recorded".to_owned(),
        (busy, all) => format!("Something went on in {busy} of {all} parts"),
    }
}

/// A badge for each kind of trouble that was seen.
pub(crate) fn signal_badges(signals: &Signals) -> Vec<View> {
    let counted = |count: u32, one: &str, many: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {many}") };
    [
        (signals.rage, Tone::Bad, "rage click", "rage clicks"),
        (signals.dead, Tone::Warn, "dead click", "dead clicks"),
        (signals.slow, Tone::Warn, "slow page", "slow pages"),
        (signals.abandoned, Tone::Info, "form left", "forms left"),
        (signals.u_turns, Tone::Info, "u-turn", "u-turns"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, tone, one, many)| state_badge(tone, &counted(count, one, many)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_players_write_them() {
        for (seconds, written) in [(0, "0:00"), (5, "0:05"), (65, "1:05"), (3_725, "1:02:05")] {
            assert_eq!(clock(Duration::from_secs(seconds)), written);
        }
        assert_eq!(clock_ms(-5), "0:00");
    }

    #[test]
    fn an_address_is_shown_by_its_path() {
        for (url, shown) in
            [("https://shop.example/cart/7?a=1", "/cart/7?a=1"), ("https://shop.example", "/"), ("/cart", "/cart"), ("", "")]
        {
            assert_eq!(path_of(url), shown);
        }
    }

    #[test]
    fn a_link_to_the_search_is_read_back_as_it_was_meant() {
        use crate::model::Search;
        use crate::model::search::{Field, Term};
        for value in ["ann@example.com", "Ann B", "a\"b"] {
            let found = Search::parse(&term("user", value), &|_| None);
            let wanted = value.to_lowercase().replace('"', "");
            assert_eq!(found.terms, [Term::Text(Field::User, wanted)], "{value}");
        }
    }

    #[test]
    fn bars_stand_where_something_went_on() {
        assert_eq!(bars(&[0, 255, 1], 24), "M6 24v-24M10 24v-1");
        assert_eq!(bars(&[], 24), "");
    }
}
