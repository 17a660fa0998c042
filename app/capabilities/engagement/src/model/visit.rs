//! Visits: runs of what somebody does in a browser or an app. A gap of half an hour ends one. There is no longest visit, so that late actions change
//! only what they touch, whatever the order they come in.

use kernel::Time;
use std::time::Duration;

/// A gap so long begins another visit.
pub const GAP: Duration = Duration::from_secs(30 * 60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    pub from: Time,
    pub to: Time,
    pub actions: u32,
}

impl Visit {
    pub fn length(&self) -> Duration {
        self.to.since(self.from)
    }
}

/// Of one handle; `moments` in order.
pub fn visits(moments: &[Time]) -> Vec<Visit> {
    let mut all: Vec<Visit> = Vec::new();
    for at in moments {
        match all.last_mut().filter(|last| at.since(last.to) < GAP) {
            Some(last) => {
                last.to = *at;
                last.actions += 1;
            }
            None => all.push(Visit { from: *at, to: *at, actions: 1 }),
        }
    }
    all
}

/// What the visits of a day come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summed {
    pub visits: u64,
    /// Of one action.
    pub bounced: u64,
    pub total: Duration,
    pub median: Duration,
}

pub fn sum(visits: &[Visit]) -> Summed {
    let mut lengths: Vec<Duration> = visits.iter().map(Visit::length).collect();
    lengths.sort_unstable();
    Summed {
        visits: visits.len() as u64,
        bounced: visits.iter().filter(|visit| visit.actions == 1).count() as u64,
        total: lengths.iter().sum(),
        median: lengths.get(lengths.len().saturating_sub(1) / 2).copied().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    #[test]
    fn half_an_hour_without_an_action_ends_a_visit() {
        let at = |minutes: &[i64]| visits(&minutes.iter().map(|minute| Time(minute * MINUTE)).collect::<Vec<_>>());
        let shape = |visits: Vec<Visit>| visits.iter().map(|visit| (visit.from.0 / MINUTE, visit.to.0 / MINUTE, visit.actions)).collect::<Vec<_>>();
        assert_eq!(shape(at(&[0, 10, 39, 70, 100])), [(0, 39, 3), (70, 70, 1), (100, 100, 1)]);
        assert_eq!(shape(at(&[0, 29, 58, 87])), [(0, 87, 4)], "as long as there is no gap");
        assert_eq!(shape(at(&[])), []);
        let summed = sum(&at(&[0, 10, 70, 75, 200]));
        assert_eq!((summed.visits, summed.bounced, summed.total.as_secs(), summed.median.as_secs()), (3, 1, 900, 300));
        assert_eq!(sum(&[]), Summed::default());
    }
}
