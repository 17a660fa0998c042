//! [`Vital`]: what a browser measured of a page, and how good that is (web.dev's thresholds).

use frontend::Tone;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vital {
    /// Largest contentful paint.
    Lcp,
    /// Interaction to next paint.
    Inp,
    /// Cumulative layout shift, without a unit.
    Cls,
    /// First contentful paint.
    Fcp,
    /// Time to first byte.
    Ttfb,
}

impl Vital {
    pub const ALL: [Vital; 5] = [Vital::Lcp, Vital::Inp, Vital::Cls, Vital::Fcp, Vital::Ttfb];

    /// As SDKs spell it.
    pub fn word(self) -> &'static str {
        match self {
            Vital::Lcp => "lcp",
            Vital::Inp => "inp",
            Vital::Cls => "cls",
            Vital::Fcp => "fcp",
            Vital::Ttfb => "ttfb",
        }
    }

    pub fn parse(word: &str) -> Option<Vital> {
        Self::ALL.into_iter().find(|vital| vital.word() == word)
    }

    pub fn label(self) -> &'static str {
        match self {
            Vital::Lcp => "LCP",
            Vital::Inp => "INP",
            Vital::Cls => "CLS",
            Vital::Fcp => "FCP",
            Vital::Ttfb => "TTFB",
        }
    }

    pub fn about(self) -> &'static str {
        match self {
            Vital::Lcp => "until the largest thing in sight is painted",
            Vital::Inp => "until the page answers a tap or key, at its slowest",
            Vital::Cls => "how far what is in sight jumps about",
            Vital::Fcp => "until the first thing is painted",
            Vital::Ttfb => "until the first byte arrives",
        }
    }

    /// Good up to the first, poor beyond the second: in milliseconds, CLS without a unit.
    pub fn limits(self) -> (f64, f64) {
        match self {
            Vital::Lcp => (2_500.0, 4_000.0),
            Vital::Inp => (200.0, 500.0),
            Vital::Cls => (0.1, 0.25),
            Vital::Fcp => (1_800.0, 3_000.0),
            Vital::Ttfb => (800.0, 1_800.0),
        }
    }

    pub fn rate(self, value: f64) -> Rating {
        match self.limits() {
            (good, _) if value <= good => Rating::Good,
            (_, poor) if value <= poor => Rating::NeedsImprovement,
            _ => Rating::Poor,
        }
    }

    /// As a [`crate::model::sketch::Sketch`] counts it: microseconds, or millionths for CLS. `None`: not a measurement.
    pub fn micros(self, value: f64) -> Option<u64> {
        let is_measured = value.is_finite() && (0.0..=600_000.0).contains(&value);
        let scale = if self == Vital::Cls { 1_000_000.0 } else { 1_000.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between 0 and 6e11")]
        is_measured.then_some((value * scale).round() as u64)
    }

    /// The way back.
    pub fn value(self, micros: f64) -> f64 {
        if self == Vital::Cls { micros / 1_000_000.0 } else { micros / 1_000.0 }
    }

    pub fn write(self, value: f64) -> String {
        match self {
            Vital::Cls => {
                let text = format!("{value:.3}");
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
            _ => frontend::charts::Unit::Millis.write(value),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rating {
    Good,
    NeedsImprovement,
    Poor,
}

impl Rating {
    pub fn label(self) -> &'static str {
        match self {
            Rating::Good => "good",
            Rating::NeedsImprovement => "needs improvement",
            Rating::Poor => "poor",
        }
    }

    pub fn tone(self) -> Tone {
        match self {
            Rating::Good => Tone::Good,
            Rating::NeedsImprovement => Tone::Warn,
            Rating::Poor => Tone::Bad,
        }
    }
}
