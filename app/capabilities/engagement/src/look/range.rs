//! How far back a page looks.

use crate::model::Day;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Range {
    Week,
    #[default]
    Month,
    Quarter,
    Year,
}

impl Range {
    pub const ALL: [Range; 4] = [Range::Week, Range::Month, Range::Quarter, Range::Year];

    /// As addresses have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Range::Week => "7d",
            Range::Month => "30d",
            Range::Quarter => "90d",
            Range::Year => "1y",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Range::Week => "7 days",
            Range::Month => "30 days",
            Range::Quarter => "90 days",
            Range::Year => "1 year",
        }
    }

    /// What is unknown is the default.
    pub fn parse(text: &str) -> Range {
        Self::ALL.into_iter().find(|range| range.as_str() == text).unwrap_or_default()
    }

    pub fn days(self) -> i32 {
        match self {
            Range::Week => 7,
            Range::Month => 30,
            Range::Quarter => 90,
            Range::Year => 365,
        }
    }

    /// First and last day; the last is today, which is not over.
    pub fn until(self, today: Day) -> (Day, Day) {
        (today.plus(1 - self.days()), today)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_ends_today_and_has_its_days() {
        assert_eq!(Range::parse("7d").until(Day(100)), (Day(94), Day(100)));
        assert_eq!(Range::parse("never"), Range::Month);
        for range in Range::ALL {
            assert_eq!(Range::parse(range.as_str()), range);
        }
    }
}
