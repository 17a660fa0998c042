//! Turns come at a fixed rate, spread out, and a late wake-up is not made up for.

use kernel::Time;
use kernel::ids::MonitorId;
use proptest::prelude::*;
use std::time::Duration;

use crate::model::schedule::{ClockGuard, Jump, Schedule, jitter, spread};

const A: MonitorId = MonitorId(1);
const B: MonitorId = MonitorId(2);

#[test]
fn turns_keep_their_grid_whatever_the_lateness() {
    let mut schedule = Schedule::default();
    schedule.put(A, Duration::from_secs(20), 100);
    let mut turns = Vec::new();
    for now in (0..100_000).step_by(77) {
        while let Some(id) = schedule.take_due(now) {
            turns.push((id, now));
        }
    }
    assert_eq!(turns.len(), 5);
    assert!(turns.iter().enumerate().all(|(turn, (_, now))| (now - 100) / 20_000 == turn as u64 && (now - 100) % 20_000 < 77));
}

#[test]
fn missed_turns_are_skipped_not_made_up_for() {
    let mut schedule = Schedule::default();
    schedule.put(A, Duration::from_secs(10), 0);
    assert_eq!(schedule.take_due(60_500), Some(A));
    assert_eq!(schedule.take_due(60_500), None);
    assert_eq!(schedule.next_due(), Some(70_000));
}

#[test]
fn a_retry_comes_sooner_and_the_grid_goes_on() {
    let mut schedule = Schedule::default();
    schedule.put(A, Duration::from_secs(60), 0);
    schedule.put(B, Duration::from_secs(60), 30_000);
    assert_eq!(schedule.take_due(0), Some(A));
    schedule.sooner(A, 10_000);
    schedule.sooner(A, 20_000);
    assert_eq!(schedule.next_due(), Some(10_000));
    assert_eq!(schedule.take_due(10_000), Some(A));
    assert_eq!(schedule.take_due(30_000), Some(B));
    assert_eq!(schedule.next_due(), Some(60_000));
    schedule.remove(A);
    assert_eq!(schedule.next_due(), Some(90_000));
}

#[test]
fn a_slept_machine_and_a_set_clock_are_noticed() {
    let mut guard = ClockGuard::new(0, Time(0));
    assert_eq!(guard.tick(1_000, Time(1_000), 1_000), None);
    assert_eq!(guard.tick(3_500, Time(3_500), 2_000), None);
    assert!(matches!(guard.tick(10_000, Time(10_000), 4_000), Some(Jump::Late { .. })));
    assert!(matches!(guard.tick(11_000, Time(3_611_000), 11_000), Some(Jump::Clock { .. })));
    assert!(matches!(guard.tick(12_000, Time(12_000), 12_000), Some(Jump::Clock { .. })));
    assert_eq!(guard.tick(13_000, Time(13_000), 13_000), None);
}

proptest! {
    #[test]
    fn jitter_is_at_most_a_tenth(id in any::<i64>(), seconds in 1..86_400u64) {
        let interval = Duration::from_secs(seconds);
        prop_assert!(jitter(MonitorId(id), interval) < interval / 10 + Duration::from_nanos(1));
    }

    #[test]
    fn every_monitor_gets_its_turns(intervals in proptest::collection::vec(1..50u64, 1..20)) {
        let mut schedule = Schedule::default();
        for (id, seconds) in intervals.iter().enumerate() {
            schedule.put(MonitorId(id as i64), Duration::from_secs(*seconds), 0);
        }
        let mut turns = vec![0u64; intervals.len()];
        for now in (0..100_000u64).step_by(500) {
            while let Some(id) = schedule.take_due(now) {
                turns[id.0 as usize] += 1;
            }
        }
        for (seconds, turns) in intervals.iter().zip(turns) {
            prop_assert_eq!(turns, 99_500 / (seconds * 1_000) + 1);
        }
    }
}

#[test]
fn ids_in_a_row_are_spread_over_the_interval() {
    let mut tenths = [0; 10];
    for id in 1..=500 {
        tenths[(spread(MonitorId(id)) * 10.0) as usize] += 1;
    }
    assert!(tenths.iter().all(|count| (30..80).contains(count)), "{tenths:?}");
}
