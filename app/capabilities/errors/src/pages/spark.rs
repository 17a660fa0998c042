//! A row of bars small enough for a table: one path, and nothing drawn where nothing happened.

use frontend::View;
use frontend::raw::Markup;
use std::fmt::Write as _;

const HEIGHT: u64 = 24;

/// Oldest first. `label` says in words what the drawing shows.
pub fn bars(values: &[u64], label: &str) -> View {
    let most = values.iter().copied().max().unwrap_or(0);
    let mut path = String::new();
    for (position, value) in values.iter().enumerate().filter(|(_, value)| **value > 0) {
        // What happened once must be seen beside what happened a thousand times.
        let height = (value.saturating_mul(HEIGHT) / most.max(1)).max(1);
        let _ = write!(path, "M{} {HEIGHT}v-{height}", position * 4 + 2);
    }
    let mut html = Markup::new();
    html.tag("svg").attr("class", "bars").attr("viewBox", format!("0 0 {} {HEIGHT}", values.len().max(1) * 4));
    html.attr("preserveAspectRatio", "none").attr("role", "img").attr("aria-label", label);
    html.tag("path").attr("d", path).done().end("svg");
    html.into_view()
}
