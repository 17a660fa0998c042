//! Response times of a day as one small drawing: the typical time as a line, the slowest five per cent as an area. Gaps stay gaps.

use super::Place;
use crate::model::snapshot::Response;
use frontend::View;
use kernel::Time;
use leptos::prelude::*;
use std::fmt::Write as _;
use std::time::Duration;

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 72.0;
const SPAN: Duration = Duration::from_secs(24 * 3_600);
/// Points further apart than this are not joined.
const GAP: Duration = Duration::from_secs(2 * 3_600 + 60);

pub fn view(place: Place<'_>, points: &[Response], now: Time) -> Option<View> {
    let from = now - SPAN;
    let shown: Vec<&Response> = points.iter().filter(|point| point.at >= from && point.at <= now && point.p95_ms.is_finite()).collect();
    let top = nice_top(shown.iter().map(|point| point.p95_ms).fold(0.0, f64::max));
    let (texts, last) = (place.language.texts(), shown.last()?);
    let typical = median(shown.iter().map(|point| point.p50_ms));
    let slow = median(shown.iter().map(|point| point.p95_ms));
    let x = |at: Time| as_float(at.0 - from.0) / as_float(now.0 - from.0) * WIDTH;
    let y = |millis: f64| HEIGHT - (millis / top).clamp(0.0, 1.0) * HEIGHT;
    let (mut line, mut area) = (String::new(), String::new());
    for part in shown.chunk_by(|one, next| next.at.since(one.at) <= GAP) {
        line.push_str(&path(part.iter().map(|point| (x(point.at), y(point.p50_ms)))));
        let left = part.first().map_or(0.0, |point| x(point.at));
        area.push_str(&path(part.iter().map(|point| (x(point.at), y(point.p95_ms)))));
        let _ = write!(area, "V{HEIGHT}H{left:.0}z");
    }
    let summary = format!("{}: {} {}, {} {}", texts.response_time, millis(typical), texts.typical, millis(slow), texts.slowest);
    let scale = millis(top);
    let now_text = place.short_moment(last.at);
    Some(
        view! {
            <figure>
                <svg viewBox="0 0 480 72" preserveAspectRatio="none" role="img" aria-label=summary.clone()>
                    <path class="p95" d=area></path>
                    <path class="p50" d=line></path>
                </svg>
                <figcaption><span>{summary}</span><span>{format!("↕ 0–{scale}")}</span><span>{now_text}</span></figcaption>
            </figure>
        }
        .into_any(),
    )
}

/// Relative steps: half the bytes of absolute ones.
fn path(points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    let (mut last_x, mut last_y) = (0.0, 0.0);
    for (index, (x, y)) in points.map(|(x, y)| (x.round(), y.round())).enumerate() {
        let step = if index == 0 { 'M' } else { 'l' };
        let gap = if y < last_y { "" } else { " " };
        let _ = write!(path, "{step}{:.0}{gap}{:.0}", x - last_x, y - last_y);
        (last_x, last_y) = (x, y);
    }
    path
}

/// 1, 2 or 5 times a power of ten, above everything shown.
fn nice_top(largest: f64) -> f64 {
    let largest = largest.max(1.0);
    let power = 10f64.powf(largest.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * power).find(|top| *top >= largest).unwrap_or(largest)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn millis(value: f64) -> String {
    if value >= 10_000.0 { format!("{:.0} s", value / 1_000.0) } else { format!("{value:.0} ms") }
}

fn as_float(millis: i64) -> f64 {
    // A day in milliseconds is far below what a double holds exactly.
    i32::try_from(millis).map_or(0.0, f64::from)
}
