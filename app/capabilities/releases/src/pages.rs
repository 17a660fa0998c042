//! Pages: plain data in, HTML out.

pub mod detail;
mod files;
mod help;
pub mod list;
pub mod uploads;

use frontend::prelude::*;

use crate::model::Counts;
use crate::model::health::percent;

/// A share with what it rests on; nothing to rest on is said, not shown as 100 %.
fn share(value: Option<f64>, samples: u64, one: &str) -> View {
    match value {
        Some(value) => {
            let (value, note) = (percent(value), format!("of {}", counted(samples, one)));
            view! { <span>{value}" "<span class="muted">{note}</span></span> }.into_any()
        }
        None => muted("–"),
    }
}

fn tone_of(share: Option<f64>, samples: u64) -> Tone {
    match share {
        Some(share) if samples >= 20 && share < 95.0 => Tone::Bad,
        Some(share) if samples >= 20 && share < 99.0 => Tone::Warn,
        Some(_) if samples >= 20 => Tone::Good,
        _ => Tone::Neutral,
    }
}

/// `1,204,553`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn counted(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{} {one}s", grouped(count)) }
}

fn bytes(count: u64) -> String {
    Unit::Bytes.write(crate::model::health::float(count))
}

/// `12 crashed, 3 unhandled, 0 abnormal, 40 errored`, without the zeros.
fn endings(counts: &Counts) -> String {
    let parts = [
        (counts.crashed, "crashed"),
        (counts.unhandled, "with an unhandled error"),
        (counts.abnormal, "ended abnormally"),
        (counts.errored, "with caught errors"),
        (counts.well(), "well"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{} {what}", grouped(*count))).collect();
    parts.join(", ")
}
