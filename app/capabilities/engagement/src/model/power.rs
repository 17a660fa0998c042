//! On how many days people are active, and the band that each of them is in.

use roaring::RoaringBitmap;
use std::collections::BTreeMap;

use super::paged::Paged;
use super::{Daily, Day, Share};

/// How many were active on exactly 1, 2, … days of `first..=last`: the power curve, L7 of the last 7, L28 of the last 28.
pub fn days_histogram(daily: &Daily, (first, last): (Day, Day)) -> Vec<u64> {
    let days = usize::try_from(i64::from(last.0) - i64::from(first.0) + 1).unwrap_or(0);
    let mut histogram = vec![0; days];
    let mut active = Paged::new(0_usize);
    for (_, who) in daily.slice((first, last)) {
        for contact in who {
            let before = active.get(contact);
            active.set(contact, before + 1);
            if before > 0 {
                histogram[before - 1] -= 1;
            }
            histogram[before] += 1;
        }
    }
    histogram
}

/// How often somebody is here. Each contact who was ever seen is in exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Band {
    Power,
    Active,
    Casual,
    AtRisk,
    Dormant,
}

impl Band {
    pub const ALL: [Band; 5] = [Band::Power, Band::Active, Band::Casual, Band::AtRisk, Band::Dormant];
}

/// Days are of the last 30, and are counted back from today, which is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BandLimits {
    pub power_days: u32,
    pub active_days: u32,
    pub at_risk_after_days: u32,
    pub dormant_after_days: u32,
}

impl Default for BandLimits {
    fn default() -> BandLimits {
        BandLimits { power_days: 12, active_days: 4, at_risk_after_days: 14, dormant_after_days: 30 }
    }
}

pub const BAND_DAYS: i32 = 30;

/// How long ago comes first: who was here each day and is not any more is who a founder wants to be told of.
pub fn band(active_days: u32, days_ago: u32, limits: &BandLimits) -> Band {
    if days_ago > limits.dormant_after_days {
        Band::Dormant
    } else if days_ago > limits.at_risk_after_days {
        Band::AtRisk
    } else if active_days >= limits.power_days {
        Band::Power
    } else if active_days >= limits.active_days {
        Band::Active
    } else {
        Band::Casual
    }
}

/// Who is in which; each band is there. `daily` holds the last 30 days, `last_seen` whoever was ever here and the last day that they were.
pub fn bands(
    daily: &Daily,
    last_seen: impl IntoIterator<Item = (u32, Day)>,
    today: Day,
    limits: &BandLimits,
) -> BTreeMap<Band, RoaringBitmap> {
    let mut active = Paged::new(0_u32);
    for (_, who) in daily.slice((today.plus(1 - BAND_DAYS), today)) {
        who.iter().for_each(|contact| active.set(contact, active.get(contact) + 1));
    }
    let mut bands: BTreeMap<Band, RoaringBitmap> = Band::ALL.map(|band| (band, RoaringBitmap::new())).into();
    for (contact, day) in last_seen {
        let days_ago = u32::try_from(i64::from(today.0) - i64::from(day.0)).unwrap_or(0);
        bands.entry(band(active.get(contact), days_ago, limits)).or_default().insert(contact);
    }
    bands
}

/// Those who are dormant, of all that were ever seen.
pub fn inactive(bands: &BTreeMap<Band, RoaringBitmap>) -> Share {
    let all = bands.values().map(RoaringBitmap::len).sum();
    Share::new(bands.get(&Band::Dormant).map_or(0, RoaringBitmap::len), all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn daily(days: &[(i32, &[u32])]) -> Daily {
        Daily::new(days.iter().map(|(day, who)| (Day(*day), who.iter().copied().collect())))
    }

    #[test]
    fn the_curve_counts_people_by_exactly_how_many_days() {
        let daily = daily(&[(1, &[1, 2, 3]), (2, &[1, 2]), (3, &[1]), (9, &[1, 7])]);
        assert_eq!(days_histogram(&daily, (Day(1), Day(7))), [1, 1, 1, 0, 0, 0, 0]);
        assert_eq!(days_histogram(&daily, (Day(9), Day(9))), [2]);
        assert_eq!(days_histogram(&daily, (Day(5), Day(6))), [0, 0]);
        assert!(days_histogram(&daily, (Day(5), Day(4))).is_empty());
    }

    #[test]
    fn bands_end_where_they_say() {
        let of = |active_days, days_ago| band(active_days, days_ago, &BandLimits::default());
        assert_eq!(
            (of(12, 0), of(11, 0), of(4, 0), of(3, 0), of(1, 14)),
            (Band::Power, Band::Active, Band::Active, Band::Casual, Band::Casual)
        );
        assert_eq!((of(1, 15), of(0, 30), of(0, 31)), (Band::AtRisk, Band::AtRisk, Band::Dormant));
    }

    #[test]
    fn who_was_here_each_day_and_stays_away_is_at_risk() {
        assert_eq!(band(15, 15, &BandLimits::default()), Band::AtRisk);
    }

    #[test]
    fn limits_may_be_wider_than_the_days_that_are_looked_at() {
        let limits = BandLimits { at_risk_after_days: 40, dormant_after_days: 60, ..BandLimits::default() };
        assert_eq!((band(0, 35, &limits), band(0, 41, &limits), band(0, 61, &limits)), (Band::Casual, Band::AtRisk, Band::Dormant));
    }

    #[test]
    fn each_contact_is_in_one_band() {
        let days: Vec<(i32, &[u32])> = (71..=100).map(|day| (day, [1].as_slice())).chain([(100, [2].as_slice()), (70, &[3])]).collect();
        let seen = [(1, Day(100)), (2, Day(100)), (3, Day(70)), (4, Day(69)), (5, Day(105))];
        let bands = bands(&daily(&days), seen, Day(100), &BandLimits::default());
        let of = |band| bands[&band].iter().collect::<Vec<_>>();
        assert_eq!((of(Band::Power), of(Band::Active), of(Band::Casual)), (vec![1], vec![], vec![2, 5]));
        assert_eq!((of(Band::AtRisk), of(Band::Dormant)), (vec![3], vec![4]));
        assert_eq!(inactive(&bands), Share::new(1, 5));
    }

    #[test]
    fn nobody_is_no_rate() {
        assert_eq!(inactive(&bands(&Daily::default(), [], Day(1), &BandLimits::default())).percent(), None);
    }
}
