//! At which hours of which weekdays things are done.

use kernel::Time;

use super::Calendar;

/// Seven days from Monday, of 24 hours each.
pub type Heat = [[u64; 24]; 7];

/// `slots`: quarters of an hour and what was done in them. Each zone's hours begin with one, even where they are half an hour off.
/// An hour that the clock repeats is counted twice, one that it skips is not there: that of the weekday, not of the year.
pub fn heat(slots: &[(Time, u64)], calendar: &Calendar) -> Heat {
    let mut heat = Heat::default();
    for (at, actions) in slots {
        let (weekday, hour) = calendar.weekday_and_hour(*at);
        heat[weekday][hour] += actions;
    }
    heat
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::time::parse_zone;

    fn cells(zone: &str, times: &[&str]) -> Vec<(usize, usize, u64)> {
        let slots: Vec<(Time, u64)> = times.iter().map(|at| (Time::parse_rfc3339(at).unwrap(), 1)).collect();
        let heat = heat(&slots, &Calendar::new(parse_zone(zone).unwrap()));
        let cells = heat.iter().enumerate().flat_map(|(weekday, hours)| hours.iter().enumerate().map(move |(hour, n)| (weekday, hour, *n)));
        cells.filter(|(_, _, actions)| *actions > 0).collect()
    }

    #[test]
    fn hours_are_those_of_the_zone() {
        // A Sunday evening in UTC, Monday in Kathmandu (+5:45).
        assert_eq!(cells("UTC", &["2026-11-29T18:15:00Z"]), [(6, 18, 1)]);
        assert_eq!(cells("Asia/Kathmandu", &["2026-11-29T18:15:00Z", "2026-11-29T18:00:00Z"]), [(0, 0, 1), (6, 23, 1)]);
    }

    #[test]
    fn an_hour_that_the_clock_repeats_is_counted_twice() {
        assert_eq!(cells("Europe/Berlin", &["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]), [(6, 2, 2)]);
    }
}
