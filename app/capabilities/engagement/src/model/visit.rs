//! Visits: runs of what somebody did in a browser or an app. Half an hour without anything ends one; nothing else does.

use kernel::Time;
use kernel::time::MINUTE;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::{Calendar, Day, Median, median};

/// After this, or longer, the next action begins another visit.
pub const VISIT_GAP: Duration = MINUTE.saturating_mul(30);

/// What a program did on its own, on a server, belongs to no visit and is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct VisitAction {
    /// One browser, one app: two at once are two visits of the same contact.
    pub handle: i64,
    pub at: Time,
    pub contact: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    pub handle: i64,
    pub contact: u32,
    pub first: Time,
    pub last: Time,
    pub actions: u64,
}

impl Visit {
    pub fn millis(&self) -> i64 {
        self.last.0.saturating_sub(self.first.0)
    }

    /// Whether it may go on with what was done at `until` or later.
    pub fn is_open(&self, until: Time) -> bool {
        self.last + VISIT_GAP > until
    }
}

/// In whatever order they came. To know the visits of a day, give what was done from one gap before it until none of it [is open](Visit::is_open):
/// an action within the gap shows that a visit is one of the day before.
pub fn visits(mut actions: Vec<VisitAction>) -> Vec<Visit> {
    actions.sort_unstable();
    let gap = VISIT_GAP.as_millis() as i64;
    let mut visits: Vec<Visit> = Vec::new();
    for VisitAction { handle, at, contact } in actions {
        match visits.last_mut() {
            Some(visit) if visit.handle == handle && at.0.saturating_sub(visit.last.0) < gap => {
                visit.last = at;
                visit.actions += 1;
            }
            _ => visits.push(Visit { handle, contact, first: at, last: at, actions: 1 }),
        }
    }
    visits
}

/// Visits that began on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisitDay {
    pub visits: u64,
    /// Of one action.
    pub bounced: u64,
    pub total_ms: i64,
    /// Of how long they took, those of one action as 0.
    pub length_ms: Median,
    pub contacts: u64,
}

/// By the day on which they began; days without any are left out.
pub fn visit_days(visits: &[Visit], calendar: &Calendar) -> BTreeMap<Day, VisitDay> {
    let mut sorted: Vec<&Visit> = visits.iter().collect();
    sorted.sort_unstable_by_key(|visit| visit.first);
    let mut walker = calendar.walker();
    let mut days: BTreeMap<Day, Vec<&Visit>> = BTreeMap::new();
    for visit in sorted {
        days.entry(walker.day_of(visit.first)).or_default().push(visit);
    }
    days.into_iter().filter_map(|(day, visits)| Some((day, visit_day(&visits)?))).collect()
}

fn visit_day(visits: &[&Visit]) -> Option<VisitDay> {
    let mut lengths: Vec<i64> = visits.iter().map(|visit| visit.millis()).collect();
    Some(VisitDay {
        visits: visits.len() as u64,
        bounced: visits.iter().filter(|visit| visit.actions == 1).count() as u64,
        total_ms: lengths.iter().sum(),
        length_ms: median(&mut lengths)?,
        contacts: visits.iter().map(|visit| visit.contact).collect::<HashSet<_>>().len() as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    const MIN: i64 = 60_000;

    fn of(handle: i64, times: &[i64]) -> Vec<VisitAction> {
        times.iter().map(|at| VisitAction { handle, at: Time(*at), contact: 1 }).collect()
    }

    fn runs(actions: Vec<VisitAction>) -> Vec<(i64, i64, u64)> {
        visits(actions).iter().map(|visit| (visit.first.0, visit.last.0, visit.actions)).collect()
    }

    #[test]
    fn half_an_hour_ends_a_visit() {
        assert_eq!(runs(of(1, &[0, 30 * MIN - 1])), [(0, 30 * MIN - 1, 2)]);
        assert_eq!(runs(of(1, &[0, 30 * MIN])), [(0, 0, 1), (30 * MIN, 30 * MIN, 1)]);
    }

    #[test]
    fn a_visit_may_last_for_days() {
        let times: Vec<i64> = (0..200).map(|at| at * 29 * MIN).collect();
        assert_eq!(runs(of(1, &times)), [(0, 199 * 29 * MIN, 200)]);
    }

    #[test]
    fn the_order_in_which_actions_come_says_nothing() {
        assert_eq!(runs(of(1, &[50 * MIN, 0, 25 * MIN])), [(0, 50 * MIN, 3)]);
    }

    #[test]
    fn a_visit_is_open_for_half_an_hour() {
        let visit = visits(of(1, &[0, 10 * MIN]))[0];
        assert!(visit.is_open(Time(40 * MIN - 1)));
        assert!(!visit.is_open(Time(40 * MIN)));
    }

    #[test]
    fn two_browsers_are_two_visits_of_one_contact() {
        let mut actions = of(2, &[0, 10 * MIN]);
        actions.extend(of(1, &[5 * MIN]));
        let days = visit_days(&visits(actions), &Calendar::new(TimeZone::UTC));
        assert_eq!(days.len(), 1);
        let expected = VisitDay { visits: 2, bounced: 1, total_ms: 10 * MIN, length_ms: Median { value: 5 * MIN, of: 2 }, contacts: 1 };
        assert_eq!(days[&Day(0)], expected);
    }

    #[test]
    fn a_visit_belongs_to_the_day_on_which_it_began() {
        let midnight = 86_400_000;
        let days = visit_days(&visits(of(1, &[midnight - MIN, midnight + MIN])), &Calendar::new(TimeZone::UTC));
        assert_eq!(days.keys().collect::<Vec<_>>(), [&Day(0)]);
        assert!(visit_days(&visits(Vec::new()), &Calendar::new(TimeZone::UTC)).is_empty());
    }
}
