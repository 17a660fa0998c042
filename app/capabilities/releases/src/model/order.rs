//! Releases as a list: the newest first, and those with comparable numbers by their numbers.

use ingest::releases::{Release, Semver};
use std::collections::BTreeMap;

/// Every release keeps a place of its time; among the places of one package, its versions stand in the order of their numbers. (Comparing
/// any two releases directly is no order at all: 1.0 before abc before 2.0 by time, and 2.0 before 1.0 by number.)
pub fn in_order(mut releases: Vec<Release>) -> Vec<Release> {
    releases.sort_by_key(|release| std::cmp::Reverse((release.created_at, release.id)));
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, release) in releases.iter().enumerate() {
        if let Some(semver) = Semver::parse(&release.version) {
            places.entry(semver.package.to_owned()).or_default().push(place);
        }
    }
    let mut ordered = releases.clone();
    for places in places.into_values() {
        let mut of_package: Vec<&Release> = places.iter().map(|place| &releases[*place]).collect();
        of_package.sort_by(|one, other| other.order(one));
        for (place, release) in places.into_iter().zip(of_package) {
            ordered[place] = release.clone();
        }
    }
    ordered
}
