//! [`Unit`] writes values as people read them; [`nice_top`] rounds an axis; [`place`] rounds coordinates.

/// What a number counts, and so how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unit {
    /// Milliseconds: `320 ms`, `1.25 s`.
    Millis,
    Percent,
    Bytes,
    #[default]
    Count,
}

impl Unit {
    pub fn write(self, value: f64) -> String {
        match self {
            Unit::Millis if value >= 1000.0 => format!("{} s", digits(value / 1000.0)),
            Unit::Millis => format!("{} ms", digits(value)),
            Unit::Percent => format!("{} %", digits(value)),
            Unit::Bytes => bytes(value),
            Unit::Count if value >= 10_000.0 => format!("{} k", digits(value / 1000.0)),
            Unit::Count => digits(value),
        }
    }
}

/// At most three figures that matter: `0.25`, `12.5`, `320`.
fn digits(value: f64) -> String {
    let places = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn bytes(value: f64) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "KB")];
    let unit = units.into_iter().find(|(size, _)| value.abs() >= *size);
    unit.map_or_else(|| format!("{} B", digits(value)), |(size, name)| format!("{} {name}", digits(value / size)))
}

/// The end of an axis of `steps` equal and round steps that reaches `largest`.
pub(crate) fn nice_top(largest: f64, steps: f64) -> f64 {
    if !largest.is_finite() || largest <= 0.0 {
        return steps;
    }
    let rough = largest / steps;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|nice| nice * power).find(|step| *step >= rough * 0.999_999);
    step.unwrap_or(power * 10.0) * steps
}

/// A coordinate with one decimal: what the eye can see, in few bytes.
pub(crate) fn place(value: f64) -> f64 {
    if value.is_finite() { (value * 10.0).round() / 10.0 } else { 0.0 }
}
