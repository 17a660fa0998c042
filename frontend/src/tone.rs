//! [`Tone`]: how good the news is. Shown by shape and word as well as by colour, never by colour alone.

use crate::View;
use crate::raw;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tone {
    Good,
    Warn,
    Bad,
    Info,
    #[default]
    Neutral,
}

impl Tone {
    /// The class that styles and tests go by.
    pub fn class(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
            Tone::Info => "info",
            Tone::Neutral => "neutral",
        }
    }

    /// The shape of this tone: tick, triangle, cross, letter i, stroke.
    pub fn glyph(self) -> View {
        raw::svg(match self {
            Tone::Good => GOOD,
            Tone::Warn => WARN,
            Tone::Bad => BAD,
            Tone::Info => INFO,
            Tone::Neutral => NEUTRAL,
        })
    }
}

const GOOD: &str =
    r#"<svg class="glyph" viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="7"/><path d="M4.8 8.3l2.2 2.2 4.3-4.6"/></svg>"#;
const WARN: &str = r#"<svg class="glyph" viewBox="0 0 16 16" aria-hidden="true"><path class="body" d="M8 1.6 15.2 14.4H.8z"/><path d="M8 6v3.6M8 11.9v.2"/></svg>"#;
const BAD: &str = r#"<svg class="glyph" viewBox="0 0 16 16" aria-hidden="true"><path class="body" d="M5 1h6l4 4v6l-4 4H5l-4-4V5z"/><path d="M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8"/></svg>"#;
const INFO: &str = r#"<svg class="glyph" viewBox="0 0 16 16" aria-hidden="true"><rect class="body" x="1.2" y="1.2" width="13.6" height="13.6" rx="3.6"/><path d="M8 7.4v4M8 4.7v.2"/></svg>"#;
const NEUTRAL: &str = r#"<svg class="glyph" viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="6.4" class="hollow"/><path class="dash" d="M5.2 8h5.6"/></svg>"#;
