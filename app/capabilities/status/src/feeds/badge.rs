//! Badges: a small SVG with name and state, and the same for shields.io.

use super::xml::escape;
use crate::model::snapshot::Indicator;
use crate::model::{ComponentState, Language};
use serde_json::{Value, json};

/// What a badge says: text decides, colour only repeats it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    pub label: String,
    pub message: String,
    pub color: &'static str,
}

// Each is at least 4.5 : 1 under white text.
const GOOD: &str = "#1a7f45";
const SLOW: &str = "#8a6100";
const BAD: &str = "#b3261e";
const PARTIAL: &str = "#b04a00";
const PLANNED: &str = "#2a62b8";
const UNKNOWN: &str = "#5b6470";

impl Badge {
    pub fn component(name: &str, state: Option<ComponentState>, language: Language) -> Self {
        let color = match state {
            None => UNKNOWN,
            Some(ComponentState::Operational) => GOOD,
            Some(ComponentState::UnderMaintenance) => PLANNED,
            Some(ComponentState::DegradedPerformance) => SLOW,
            Some(ComponentState::PartialOutage) => PARTIAL,
            Some(ComponentState::MajorOutage) => BAD,
        };
        Self { label: kernel::text::shorten(name, 40), message: language.state(state).to_owned(), color }
    }

    pub fn page(name: &str, indicator: Indicator, description: &str) -> Self {
        let color = match indicator {
            Indicator::None => GOOD,
            Indicator::Maintenance => PLANNED,
            Indicator::Minor => SLOW,
            Indicator::Major => PARTIAL,
            Indicator::Critical => BAD,
        };
        Self { label: kernel::text::shorten(name, 40), message: description.to_owned(), color }
    }

    pub fn uptime(name: &str, percent: Option<String>, language: Language) -> Self {
        let color = if percent.is_some() { GOOD } else { UNKNOWN };
        Self { label: kernel::text::shorten(name, 40), message: percent.unwrap_or_else(|| language.texts().no_data.to_owned()), color }
    }

    /// The width is an estimate; `textLength` makes the text fit whatever font is there.
    pub fn svg(&self) -> String {
        let (left_text, right_text) = (text_width(&self.label), text_width(&self.message));
        let (left, right) = (left_text + 14, right_text + 14);
        let (all, color) = (left + right, self.color);
        let (label, message) = (escape(&self.label), escape(&self.message));
        let text = |at: u32, width: u32, words: &str| format!("<text x=\"{at}\" y=\"14\" textLength=\"{width}\">{words}</text>");
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{all}\" height=\"20\" role=\"img\" aria-label=\"{label}: {message}\">\
             <title>{label}: {message}</title><clipPath id=\"r\"><rect width=\"{all}\" height=\"20\" rx=\"4\"/></clipPath>\
             <g clip-path=\"url(#r)\"><path fill=\"#3b424c\" d=\"M0 0h{left}v20H0z\"/><path fill=\"{color}\" d=\"M{left} 0h{right}v20H{left}z\"/></g>\
             <g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,Geneva,sans-serif\" font-size=\"11\">{}{}</g></svg>\n",
            text(7, left_text, &label),
            text(left + 7, right_text, &message),
        )
    }

    /// <https://shields.io/badges/endpoint-badge>
    pub fn shields(&self) -> Value {
        json!({ "schemaVersion": 1, "label": self.label, "message": self.message, "color": self.color })
    }
}

/// Tenths of pixels of 11 px Verdana, near enough.
fn text_width(text: &str) -> u32 {
    let tenths: u32 = text
        .chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | '|' | '\'' | ' ' => 36,
            'f' | 'r' | 't' | '(' | ')' | '-' => 46,
            'm' | 'w' | 'M' | 'W' | '%' | '@' => 104,
            c if c.is_uppercase() => 78,
            c if u32::from(c) > 0x2e80 => 110,
            _ => 68,
        })
        .sum();
    tenths.div_ceil(10).max(1)
}
