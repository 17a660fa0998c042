//! Routes through a listing.

use crate::files::{Entry, Listing, Span};
use crate::plan::{Bad, Goal, NoRoute, route};
use kernel::Time;

fn listing(files: &[(u8, u64, u64)]) -> Listing {
    let mut listing = Listing::default();
    for (level, min, max) in files {
        listing.add(Entry { level: *level, span: Span { min: *min, max: *max }, size: 1, at: Time(0) });
    }
    listing
}

fn names(route: &[Entry]) -> Vec<(u8, u64, u64)> {
    route.iter().map(|entry| (entry.level, entry.span.min, entry.span.max)).collect()
}

#[test]
fn the_fewest_files_lead_to_the_newest_transaction() {
    let files = listing(&[(9, 1, 1), (0, 1, 1), (0, 2, 2), (0, 3, 3), (0, 4, 4), (0, 5, 5), (1, 2, 3), (1, 4, 4), (2, 2, 4)]);
    assert_eq!(names(&route(&files, Goal::Latest, &Bad::new()).unwrap()), [(9, 1, 1), (2, 2, 4), (0, 5, 5)]);
    assert_eq!(names(&route(&files, Goal::Transaction(3), &Bad::new()).unwrap()), [(9, 1, 1), (1, 2, 3)]);
    assert_eq!(names(&route(&files, Goal::Transaction(1), &Bad::new()).unwrap()), [(9, 1, 1)]);
}

#[test]
fn a_bad_file_is_led_around() {
    let files = listing(&[(9, 1, 4), (9, 1, 1), (0, 2, 2), (0, 3, 3), (0, 4, 4), (0, 5, 5), (1, 2, 3)]);
    let bad = Bad::from([(9, Span { min: 1, max: 4 })]);
    assert_eq!(names(&route(&files, Goal::Latest, &bad).unwrap()), [(9, 1, 1), (1, 2, 3), (0, 4, 4), (0, 5, 5)]);
    let bad = Bad::from([(9, Span { min: 1, max: 4 }), (1, Span { min: 2, max: 3 })]);
    assert_eq!(names(&route(&files, Goal::Latest, &bad).unwrap()), [(9, 1, 1), (0, 2, 2), (0, 3, 3), (0, 4, 4), (0, 5, 5)]);
    let bad = Bad::from([(0, Span { min: 5, max: 5 })]);
    assert_eq!(route(&files, Goal::Latest, &bad), Err(NoRoute::Gap { reached: 4, from: 5, to: 5 }));
}

#[test]
fn a_gap_is_named_with_what_can_still_be_had() {
    let files = listing(&[(0, 1, 1), (0, 2, 2), (0, 5, 5)]);
    assert_eq!(route(&files, Goal::Latest, &Bad::new()), Err(NoRoute::Gap { reached: 2, from: 3, to: 4 }));
    assert_eq!(names(&route(&files, Goal::Transaction(2), &Bad::new()).unwrap()), [(0, 1, 1), (0, 2, 2)]);
    assert_eq!(route(&listing(&[(0, 2, 2)]), Goal::Latest, &Bad::new()), Err(NoRoute::NoSnapshot));
    assert_eq!(route(&listing(&[(0, 1, 1)]), Goal::Transaction(9), &Bad::new()), Err(NoRoute::NotThere { wanted: 9, reached: 1 }));
}
