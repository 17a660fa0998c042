//! What is merged, kept and thrown away: listings in, decisions out.

use kernel::Time;
use kernel::time::{DAY, HOUR, MINUTE};
use std::time::Duration;

use crate::files::{Entry, Listing, SNAPSHOT_LEVEL, Span};
use crate::levels::{MERGED, Windows, expired, next_due, next_merge, snapshot_due};
use crate::plan::{Bad, Goal, route};
use crate::queue::spent;

const NOW: Time = Time(1_700_000_000_000);

/// (level, first, last, how long ago).
fn listing(files: &[(u8, u64, u64, Duration)]) -> Listing {
    let mut listing = Listing::default();
    for (level, min, max, ago) in files {
        listing.add(Entry { level: *level, span: Span { min: *min, max: *max }, size: 1, at: NOW - *ago });
    }
    listing
}

fn singles(span: std::ops::RangeInclusive<u64>, ago: Duration) -> Vec<(u8, u64, u64, Duration)> {
    span.map(|txid| (0, txid, txid, ago)).collect()
}

fn without(listing: &Listing, gone: &[(u8, Span)]) -> Listing {
    let mut left = listing.clone();
    gone.iter().for_each(|(level, span)| left.remove(*level, *span));
    left
}

#[test]
fn what_only_level_0_holds_stays_after_a_takeover_and_the_newest_can_still_be_restored() {
    let mut files = vec![(9, 1, 1, HOUR * 3), (0, 1, 1, HOUR * 3), (1, 2, 50, HOUR * 2), (1, 61, 70, HOUR * 2)];
    files.extend(singles(2..=70, HOUR * 2));
    let listing = listing(&files);
    let gone = expired(&listing, &Windows::default(), NOW);
    let singles_left: Vec<u64> = without(&listing, &gone).level(0).map(|entry| entry.span.min).collect();
    assert_eq!(singles_left, (51..=60).chain([70]).collect::<Vec<u64>>(), "51 to 60 are nowhere else, 70 is the newest");
    let left = without(&listing, &gone);
    assert_eq!(route(&left, Goal::Latest, &Bad::new()).unwrap().last().unwrap().span.max, 70);
    for goal in [50, 55, 70] {
        assert!(route(&left, Goal::Transaction(goal), &Bad::new()).is_ok(), "{goal}");
    }
}

#[test]
fn the_first_whole_database_stays_until_a_snapshot_of_the_same_transactions_is_there() {
    let files = |snapshot: &[(u8, u64, u64, Duration)]| {
        let mut files = singles(1..=50, HOUR * 30);
        files.extend([(1, 2, 40, HOUR * 30), (1, 41, 50, HOUR * 30), (0, 51, 51, HOUR)]);
        files.extend(snapshot);
        listing(&files)
    };
    let first = (0, Span { min: 1, max: 1 });
    let is_gone = |listing: &Listing| expired(listing, &Windows::default(), NOW).contains(&first);
    assert!(!is_gone(&files(&[])), "the store copies nothing of that size: it is the only whole database");
    assert!(!is_gone(&files(&[(9, 1, 45, HOUR)])), "what lies between is built upon it");
    assert!(is_gone(&files(&[(9, 1, 1, HOUR * 30)])));
    assert!(is_gone(&files(&[(9, 1, 45, DAY * 31)])), "of so long ago only days are kept");
}

#[test]
fn a_first_database_that_no_store_copies_is_followed_by_a_snapshot_a_day_later() {
    let young = listing(&[(0, 1, 1, HOUR * 23), (0, 2, 2, HOUR)]);
    assert!(!snapshot_due(&young, DAY, NOW));
    let old = listing(&[(0, 1, 1, HOUR * 25), (0, 2, 2, HOUR)]);
    assert!(snapshot_due(&old, DAY, NOW));
    assert!(!snapshot_due(&listing(&[(0, 1, 1, HOUR * 25)]), DAY, NOW), "nothing was written since");
    assert!(snapshot_due(&listing(&[(0, 7, 7, HOUR)]), DAY, NOW), "there is no whole database at all");
}

#[test]
fn a_clock_that_was_far_ahead_stops_no_merging() {
    let mut files = listing(&[(0, 2, 2, MINUTE * 5), (0, 3, 3, MINUTE * 5)]);
    files.add(Entry { level: 0, span: Span { min: 4, max: 4 }, size: 1, at: NOW + DAY * 365 });
    files.add(Entry { level: 0, span: Span { min: 5, max: 5 }, size: 1, at: NOW - MINUTE });
    let (level, period) = MERGED[0];
    let mut done = 1;
    let mut merged = Vec::new();
    loop {
        assert!(next_due(&files, |merged| if merged == level { done } else { u64::MAX }, NOW).is_none_or(|due| due <= NOW));
        let inputs = next_merge(&files, level, period, done, NOW);
        let Some(last) = inputs.last() else { break };
        done = last.span.max;
        merged.push(inputs.iter().map(|entry| entry.span.min).collect::<Vec<_>>());
    }
    assert_eq!(merged, [vec![2, 3], vec![4], vec![5]]);
}

#[test]
fn the_spool_keeps_one_snapshot_and_the_file_that_proves_what_a_destination_has() {
    let mut local = listing(&[(9, 1, 10, DAY * 2), (9, 1, 20, DAY), (1, 2, 30, HOUR)]);
    for (level, min, max, ago) in singles(25..=40, HOUR) {
        local.add(Entry { level, span: Span { min, max }, size: 1, at: NOW - ago });
    }
    let there = listing(&[(0, 30, 30, HOUR), (9, 1, 20, DAY), (1, 2, 30, HOUR)]);
    let away = listing(&[(0, 5, 5, DAY * 3), (9, 1, 1, DAY * 9)]);
    let gone = spent(&local, &[&there, &away], &[30, 5], |level| if level == 1 { 30 } else { 0 }, |_| true);
    let names: Vec<(u8, u64)> = gone.iter().map(|entry| (entry.level, entry.span.max)).collect();
    assert!(names.contains(&(SNAPSHOT_LEVEL, 10)), "the one that is away gets the newer one: {names:?}");
    assert!(!names.contains(&(SNAPSHOT_LEVEL, 20)), "{names:?}");
    assert!(names.contains(&(0, 29)) && !names.contains(&(0, 30)) && !names.contains(&(0, 31)), "{names:?}");
}
