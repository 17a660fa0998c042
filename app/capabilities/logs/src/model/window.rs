//! Stretches of time and the parts that a drawing has of them.

use kernel::Time;
use kernel::time::{DAY, HOUR, MINUTE};
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Window {
    Minutes15,
    Hour,
    Hours6,
    #[default]
    Day,
    Week,
    /// Everything that is kept, as far as a month shows it.
    Month,
}

impl Window {
    pub const ALL: [Window; 6] = [Window::Minutes15, Window::Hour, Window::Hours6, Window::Day, Window::Week, Window::Month];

    pub fn name(self) -> &'static str {
        match self {
            Window::Minutes15 => "15m",
            Window::Hour => "1h",
            Window::Hours6 => "6h",
            Window::Day => "24h",
            Window::Week => "7d",
            Window::Month => "30d",
        }
    }

    pub fn parse(text: &str) -> Option<Window> {
        Window::ALL.into_iter().find(|window| window.name() == text)
    }

    fn span(self) -> Duration {
        match self {
            Window::Minutes15 => MINUTE * 15,
            Window::Hour => HOUR,
            Window::Hours6 => HOUR * 6,
            Window::Day => DAY,
            Window::Week => DAY * 7,
            Window::Month => DAY * 30,
        }
    }

    fn step(self) -> Duration {
        match self {
            Window::Minutes15 => Duration::from_secs(30),
            Window::Hour => MINUTE * 2,
            Window::Hours6 => MINUTE * 12,
            Window::Day => HOUR,
            Window::Week => HOUR * 6,
            Window::Month => DAY,
        }
    }
}

/// From (inclusive) to (exclusive), in steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from: Time,
    pub to: Time,
    pub step: Duration,
}

/// Clocks of programs may be ahead of ours by so much.
const AHEAD: Duration = Duration::from_secs(61);
const PARTS: i64 = 30;

impl Span {
    /// Up to now, its parts at round moments.
    pub fn until_now(window: Window, now: Time) -> Span {
        let step = window.step();
        let from = now - window.span();
        let step_ms = millis(step);
        Span { from: Time(from.0 - from.0.rem_euclid(step_ms)), to: now + AHEAD, step }
    }

    /// At most a month, of at least a second.
    pub fn between(from: Time, to: Time) -> Span {
        let to = Time(to.0.max(from.0.saturating_add(1_000)));
        let from = Time(from.0.max(to.0.saturating_sub(millis(DAY * 31))));
        let step = (to.0.saturating_sub(from.0) / PARTS).max(1_000);
        Span { from, to, step: Duration::from_millis(step.unsigned_abs()) }
    }

    /// The beginnings of its parts.
    pub fn parts(&self) -> Vec<Time> {
        let step = millis(self.step);
        let mut parts = Vec::new();
        let mut at = self.from;
        while at < self.to && parts.len() < 64 {
            parts.push(at);
            at = Time(at.0.saturating_add(step));
        }
        parts
    }

    /// The part in which a moment lies.
    pub fn part_of(&self, at: Time) -> Option<usize> {
        let place = at.0.checked_sub(self.from.0)?.div_euclid(millis(self.step));
        usize::try_from(place).ok().filter(|_| at < self.to)
    }

    /// Whether its parts are whole hours, so that the hours' counts can be summed up.
    pub fn is_of_hours(&self) -> bool {
        self.from == self.from.hour_start() && self.step.as_secs().is_multiple_of(3_600) && self.step >= HOUR
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_772_452_812_345);

    #[test]
    fn every_moment_of_a_window_lies_in_one_of_its_parts() {
        for window in Window::ALL {
            let span = Span::until_now(window, NOW);
            let parts = span.parts();
            assert!((24..=40).contains(&parts.len()), "{window:?} has {} parts", parts.len());
            assert!(span.from <= NOW && NOW.since(span.from) >= window.span());
            for at in [span.from, NOW, span.to - Duration::from_millis(1)] {
                let part = span.part_of(at).unwrap();
                assert!(parts[part] <= at && at < parts[part] + span.step, "{window:?} {at}");
            }
            assert_eq!(span.part_of(span.to), None);
            assert_eq!(span.part_of(span.from - Duration::from_millis(1)), None);
        }
    }

    #[test]
    fn long_windows_are_of_whole_hours_and_odd_spans_are_bounded() {
        assert!(Span::until_now(Window::Day, NOW).is_of_hours() && Span::until_now(Window::Week, NOW).is_of_hours());
        assert!(!Span::until_now(Window::Hour, NOW).is_of_hours());
        let span = Span::between(Time(0), NOW);
        assert!(span.to.since(span.from) <= DAY * 31);
        assert!(Span::between(NOW, Time(0)).parts().len() <= 64);
        assert!(Span::between(Time(i64::MIN), Time(i64::MAX)).parts().len() <= 64);
    }
}
