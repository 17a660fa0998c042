//! Any JSON as an event: read in its one form, grouped, the same each time.
#![no_main]

use fuzz::{grouping, normal};
use ingest::{Item, Kind};
use kernel::Time;
use kernel::ids::ProjectId;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let item = Item::sample(1, ProjectId(1), Kind::Event, Time(1_772_452_800_000), b"{}");
    let event = normal::read(&item, bytes);
    let hashes = |grouping: &grouping::Grouping| grouping.keys().map(|key| key.hash).collect::<Vec<_>>();
    let one = grouping::group(item.project, &event, &[]);
    let other = grouping::group(item.project, &normal::read(&item, bytes), &[]);
    assert_eq!(hashes(&one), hashes(&other));
    assert!(!hashes(&one).is_empty());
    let _ = event.title_parts();
});
