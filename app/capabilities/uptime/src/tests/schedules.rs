//! Turns come at a fixed rate, spread out, and a late wake-up is not made up for.

use kernel::Time;
use kernel::ids::MonitorId;
use proptest::prelude::*;
use std::time::Duration;

use crate::model::schedule::{ClockGuard, Jump, Schedule, phase, soon, spread};

const A: MonitorId = MonitorId(1);
const B: MonitorId = MonitorId(2);

#[test]
fn turns_keep_their_grid_whatever_the_lateness() {
    let mut schedule = Schedule::default();
    schedule.put(A, Duration::from_secs(20), 100, 100);
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
    schedule.put(A, Duration::from_secs(10), 0, 0);
    assert_eq!(schedule.take_due(60_500), Some(A));
    assert_eq!(schedule.take_due(60_500), None);
    assert_eq!(schedule.next_due(), Some(70_000));
}

#[test]
fn a_retry_comes_sooner_and_the_grid_goes_on() {
    let mut schedule = Schedule::default();
    schedule.put(A, Duration::from_secs(60), 0, 0);
    schedule.put(B, Duration::from_secs(60), 30_000, 30_000);
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
    fn a_restart_and_an_edit_move_no_turn(id in any::<i64>(), seconds in 5..86_400u64, tick in 0..1_000_000u64, later in 0..1_000_000u64, now in 0..2_000_000_000_000i64) {
        let (id, interval) = (MonitorId(id), Duration::from_secs(seconds));
        let before = phase(id, interval, tick, Time(now));
        // Another process: its ticks begin anew, the wall clock went on.
        let after = phase(id, interval, 7, Time(now) + Duration::from_millis(later));
        let wall = |phase: u64, tick: u64, at: i64| (at + phase as i64 - tick as i64).rem_euclid(seconds as i64 * 1_000);
        prop_assert_eq!(wall(before, tick, now), wall(after, 7, now + later as i64));
        prop_assert!(before - tick < seconds * 1_000);
    }

    #[test]
    fn no_gap_is_longer_than_the_interval_across_a_restart_and_an_edit(
        ids in proptest::collection::vec(any::<i64>(), 1..40),
        seconds in 5..600u64,
        edited in 0..1_200_000u64,
        restarted in 0..1_200_000u64,
    ) {
        let interval = Duration::from_secs(seconds);
        let mut schedule = Schedule::default();
        let mut last = std::collections::HashMap::new();
        let start = 1_700_000_000_123i64;
        let begin = |schedule: &mut Schedule, tick: u64| {
            for id in ids.iter().map(|id| MonitorId(*id)) {
                schedule.put(id, interval, soon(id, tick, ids.len()), phase(id, interval, tick, Time(start + tick as i64)));
            }
        };
        begin(&mut schedule, 0);
        for now in (0..1_500_000u64).step_by(250) {
            if now == edited / 250 * 250 {
                begin(&mut schedule, now);
            }
            if now == restarted / 250 * 250 {
                schedule = Schedule::default();
                begin(&mut schedule, now);
            }
            while let Some(id) = schedule.take_due(now) {
                let gap = now - last.insert(id, now).unwrap_or(0);
                // A new process may take its moment for the first turns; that is no more than this for so many.
                let most = seconds * 1_000 + 250 + if now >= restarted && now < restarted + 1_000 { ids.len() as u64 * 10 + 250 } else { 0 };
                prop_assert!(gap <= most, "{} of {}", gap, most);
            }
        }
    }

    #[test]
    fn every_monitor_gets_its_turns(intervals in proptest::collection::vec(1..50u64, 1..20)) {
        let mut schedule = Schedule::default();
        for (id, seconds) in intervals.iter().enumerate() {
            schedule.put(MonitorId(id as i64), Duration::from_secs(*seconds), 0, 0);
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
fn the_turns_of_500_monitors_are_spread_over_the_whole_interval() {
    let interval = Duration::from_secs(20);
    let mut schedule = Schedule::default();
    for id in (1..=500).map(MonitorId) {
        schedule.put(id, interval, soon(id, 0, 500), phase(id, interval, 0, Time(1_700_000_000_000)));
    }
    let mut first_round = 0;
    let mut seconds = [0; 20];
    for now in (0..60_000u64).step_by(10) {
        while schedule.take_due(now).is_some() {
            match now {
                // Each had its first turn soon; some had the turn of their own place too.
                0..5_000 => first_round += 1,
                40_000.. => seconds[(now / 1_000 % 20) as usize] += 1,
                _ => {}
            }
        }
    }
    assert!(first_round >= 500, "{first_round}");
    assert_eq!(seconds.iter().sum::<i32>(), 500);
    assert!(seconds.iter().all(|count| (10..45).contains(count)), "{seconds:?}");
    assert_eq!(soon(MonitorId(3), 40, 1) / 50, 0, "one alone has its turn at once");
}

#[test]
fn ids_in_a_row_are_spread_over_the_interval() {
    let mut tenths = [0; 10];
    for id in 1..=500 {
        tenths[(spread(MonitorId(id)) * 10.0) as usize] += 1;
    }
    assert!(tenths.iter().all(|count| (30..80).contains(count)), "{tenths:?}");
}
