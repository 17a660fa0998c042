//! Windows of time, and which rows of which grain cover one exactly.

use kernel::Time;
use kernel::time::{DAY, HOUR, MINUTE};
use std::time::Duration;

/// How long the rows of a rollup are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grain {
    Minute,
    Hour,
    Day,
}

impl Grain {
    /// As it is stored.
    pub fn code(self) -> i64 {
        match self {
            Grain::Minute => 1,
            Grain::Hour => 2,
            Grain::Day => 3,
        }
    }

    pub fn span(self) -> Duration {
        match self {
            Grain::Minute => MINUTE,
            Grain::Hour => HOUR,
            Grain::Day => DAY,
        }
    }

    pub fn start(self, at: Time) -> Time {
        let span = i64::try_from(self.span().as_millis()).unwrap_or(1);
        Time(at.0.div_euclid(span) * span)
    }

    /// How long rows of this grain are kept.
    pub fn kept(self) -> Duration {
        match self {
            Grain::Minute => HOUR * 48,
            Grain::Hour => DAY * 90,
            Grain::Day => DAY * 730,
        }
    }
}

/// Up to where minutes were summed up as hours, and hours as days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Folded {
    pub hours: Time,
    pub days: Time,
}

/// Rows of one grain, from and up to (without) these starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    pub grain: Grain,
    pub from: Time,
    pub to: Time,
}

/// Covers `from..to` with the longest rows that exist and lie within it. Both ends are full minutes.
pub fn cover(from: Time, to: Time, folded: Folded) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut at = from;
    while at < to {
        let fits = |grain: Grain, upto: Time| grain.start(at) == at && at + grain.span() <= to && at + grain.span() <= upto;
        let (grain, next) = if fits(Grain::Day, folded.days) {
            (Grain::Day, at + DAY)
        } else if fits(Grain::Hour, folded.hours) {
            (Grain::Hour, at + HOUR)
        } else {
            (Grain::Minute, (Grain::Hour.start(at) + HOUR).min(to))
        };
        match pieces.last_mut() {
            Some(last) if last.grain == grain => last.to = next,
            _ => pieces.push(Piece { grain, from: at, to: next }),
        }
        at = next;
    }
    pieces
}

/// What a person chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Period {
    Hour,
    #[default]
    Day,
    Week,
    Month,
}

impl Period {
    pub const ALL: [Period; 4] = [Period::Hour, Period::Day, Period::Week, Period::Month];

    pub fn word(self) -> &'static str {
        match self {
            Period::Hour => "1h",
            Period::Day => "24h",
            Period::Week => "7d",
            Period::Month => "30d",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Period::Hour => "1 hour",
            Period::Day => "24 hours",
            Period::Week => "7 days",
            Period::Month => "30 days",
        }
    }

    pub fn parse(word: &str) -> Option<Period> {
        Self::ALL.into_iter().find(|period| period.word() == word)
    }

    pub fn span(self) -> Duration {
        match self {
            Period::Hour => HOUR,
            Period::Day => DAY,
            Period::Week => DAY * 7,
            Period::Month => DAY * 30,
        }
    }

    /// The distance of points in a drawing of it.
    pub fn step(self) -> Duration {
        match self {
            Period::Hour => MINUTE,
            Period::Day => HOUR,
            Period::Week => HOUR * 6,
            Period::Month => DAY,
        }
    }

    /// The window that ends now. Its ends lie where rows begin, so that nothing is counted by half.
    pub fn window(self, now: Time) -> Window {
        let grain = if self == Period::Hour { Grain::Minute } else { Grain::Hour };
        let to = grain.start(now) + grain.span();
        Window { from: to - self.span(), to }
    }
}

/// From and up to (without).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub from: Time,
    pub to: Time,
}

impl Window {
    /// As long, and just before.
    pub fn previous(self) -> Window {
        Window { from: self.from - self.to.since(self.from), to: self.from }
    }

    /// Minutes that have passed of it.
    pub fn minutes(self, now: Time) -> f64 {
        (self.to.min(now).since(self.from).as_secs_f64() / 60.0).max(1.0)
    }
}
