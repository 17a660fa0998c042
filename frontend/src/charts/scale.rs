//! [`Unit`] writes values as people read them, [`grouped`] counts in full; [`nice_top`] rounds an axis; [`place`] rounds coordinates;
//! [`Portion`] is a part of a whole, [`shade`] its step of ten.

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

/// A part of a whole, written as percent. Nothing of nothing is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Portion {
    pub part: u64,
    pub of: u64,
}

impl Portion {
    pub fn new(part: u64, of: u64) -> Self {
        Self { part, of }
    }

    pub fn percent(self) -> Option<f64> {
        (self.of > 0).then(|| float(self.part) / float(self.of) * 100.0)
    }

    /// `30.4 %`, or a dash.
    pub fn write(self) -> String {
        self.percent().map_or_else(|| "–".to_owned(), |percent| Unit::Percent.write(percent))
    }
}

/// 0 for nothing, else 1 to 10: whatever is there can be seen, and only the whole is as dark as can be.
pub fn shade(portion: Portion) -> u8 {
    let steps = (u128::from(portion.part) * 10).checked_div(u128::from(portion.of)).unwrap_or(0);
    match portion.part {
        0 => 0,
        _ if portion.of == 0 => 0,
        _ => u8::try_from(steps).unwrap_or(10).clamp(1, 10),
    }
}

/// `1,204,377`.
pub fn grouped(count: u64) -> String {
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

#[expect(clippy::cast_precision_loss, reason = "a drawing needs no more than 52 bits")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}
