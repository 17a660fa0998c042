//! Every metric against a second implementation that is slow and obviously right: loops over rows, sets of names, nothing shared with the first.

use proptest::prelude::*;
use roaring::RoaringBitmap;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::model::{Asked, Band, Day, Days, Limits, Period, Stepped, active, bands, day_n, days_active, funnel, lifecycle, mean, retention, stickiness};

/// Somebody was there on a day.
type Row = (i32, u32);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    proptest::collection::vec((20_000..20_120_i32, 1..9_u32), 0..120)
}

fn days_of(rows: &[Row]) -> Vec<(Day, RoaringBitmap)> {
    let mut days: BTreeMap<Day, RoaringBitmap> = BTreeMap::new();
    for (day, contact) in rows {
        days.entry(Day(*day)).or_default().insert(*contact);
    }
    days.into_iter().collect()
}

fn who(rows: &[Row], from: i32, to: i32) -> BTreeSet<u32> {
    rows.iter().filter(|(day, _)| *day >= from && *day <= to).map(|(_, contact)| *contact).collect()
}

fn everybody(rows: &[Row]) -> BTreeSet<u32> {
    who(rows, i32::MIN, i32::MAX)
}

/// Number of a period, counted one by one from a day that is known.
fn period_of(day: i32, period: Period) -> i32 {
    match period {
        Period::Day => day,
        // 2024-10-07, a Monday, is day 20,003 and begins week 2,858.
        Period::Week => (0..9_999).find(|week| 20_003 + (week - 2_858) * 7 > day - 7).unwrap_or_default(),
        Period::Month => {
            let date = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap();
            i32::from(date.year()) * 12 + i32::from(date.month()) - 1
        }
    }
}

fn there(rows: &[Row], period: Period, number: i32) -> BTreeSet<u32> {
    rows.iter().filter(|(day, _)| period_of(*day, period) == number).map(|(_, contact)| *contact).collect()
}

fn periods() -> impl Strategy<Value = Period> {
    prop_oneof![Just(Period::Day), Just(Period::Week), Just(Period::Month)]
}

proptest! {
    #[test]
    fn actives_and_stickiness(rows in rows(), first in 20_000..20_110_i32, length in 0..60_i32) {
        let last = first + length;
        let series = active(&days_of(&rows), (Day(first), Day(last)));
        prop_assert_eq!(series.len() as i32, length + 1);
        for found in &series {
            let day = found.day.0;
            let within = |days: i32| who(&rows, day - days + 1, day).len() as u64;
            prop_assert_eq!((found.daily, found.weekly, found.monthly), (within(1), within(7), within(30)));
        }
        if length >= 29 {
            let month = who(&rows, last - 29, last).len() as f64;
            let daily: f64 = (last - 29..=last).map(|day| who(&rows, day, day).len() as f64).sum();
            match stickiness(&series) {
                None => prop_assert_eq!(month, 0.0),
                Some(found) => prop_assert!((found - daily / 30.0 / month).abs() < 1e-9),
            }
        }
    }

    #[test]
    fn the_power_curve_and_bands(rows in rows(), today in 20_000..20_130_i32, power in 2..10_u16, at_risk in 1..20_i32) {
        let days = days_of(&rows);
        let on = |contact: u32, from: i32| {
            rows.iter().filter(|(day, known)| *known == contact && *day >= from && *day <= today).map(|(day, _)| *day).collect::<BTreeSet<i32>>()
        };
        let curve = days_active(&days, (Day(today - 27), Day(today)));
        for times in 1..=28 {
            let wanted = everybody(&rows).into_iter().filter(|contact| on(*contact, today - 27).len() == times).count() as u64;
            prop_assert_eq!(curve[times - 1], wanted, "on exactly {} days", times);
        }
        let limits = Limits { power, active: 2, at_risk, dormant: at_risk + 10 };
        let mut wanted = [0_u64; 5];
        for contact in everybody(&rows) {
            let Some(last) = on(contact, i32::MIN).into_iter().max() else { continue };
            let times = on(contact, today - 29).len() as u16;
            let band = match today - last {
                ago if ago > limits.dormant => Band::Dormant,
                ago if ago > limits.at_risk => Band::AtRisk,
                _ if times >= power => Band::Power,
                _ if times >= 2 => Band::Active,
                _ => Band::Casual,
            };
            wanted[band as usize] += 1;
        }
        prop_assert_eq!(bands(&days, Day(today), &limits), wanted);
    }

    #[test]
    fn the_lifecycle(rows in rows(), period in periods(), back in 0..10_i32) {
        let last = period_of(20_119, period);
        let stages = lifecycle(&days_of(&rows), period, (last - back, last));
        prop_assert_eq!(stages.len() as i32, back + 1);
        for stage in stages {
            let (now, before) = (there(&rows, period, stage.period), there(&rows, period, stage.period - 1));
            let earlier: BTreeSet<u32> = rows.iter().filter(|(day, _)| period_of(*day, period) < stage.period).map(|(_, contact)| *contact).collect();
            let count = |wanted: &dyn Fn(&u32) -> bool| now.iter().filter(|contact| wanted(contact)).count() as u64;
            prop_assert_eq!(stage.new, count(&|contact| !earlier.contains(contact)));
            prop_assert_eq!(stage.returning, count(&|contact| before.contains(contact)));
            prop_assert_eq!(stage.resurrecting, count(&|contact| earlier.contains(contact) && !before.contains(contact)));
            prop_assert_eq!(stage.dormant, before.difference(&now).count() as u64);
            prop_assert_eq!(stage.new + stage.returning + stage.resurrecting, now.len() as u64);
        }
    }

    #[test]
    fn retention_in_all_its_kinds(start in rows(), back in rows(), period in periods(), is_recurring: bool, is_unbounded: bool, length in 0..12_i32) {
        let last = period_of(20_119, period);
        let first = last - length;
        let asked = Asked { period, is_recurring, is_unbounded };
        let cohorts = retention(&days_of(&start), &days_of(&back), asked, (first, last));
        let started = |contact: u32| start.iter().filter(|(_, known)| *known == contact).map(|(day, _)| period_of(*day, period)).collect::<BTreeSet<i32>>();
        for number in first..=last {
            let members: Vec<u32> = everybody(&start)
                .into_iter()
                .filter(|contact| {
                    let all = started(*contact);
                    if is_recurring { all.contains(&number) } else { all.first() == Some(&number) }
                })
                .collect();
            let wanted: Vec<u64> = (number..=last)
                .map(|then| {
                    members.iter().filter(|contact| {
                        back.iter().any(|(day, known)| {
                            let at = period_of(*day, period);
                            known == *contact && if is_unbounded { at >= then && at <= last } else { at == then }
                        })
                    }).count() as u64
                })
                .collect();
            match cohorts.iter().find(|cohort| cohort.period == number) {
                Some(cohort) => prop_assert_eq!((cohort.size, &cohort.back), (members.len() as u64, &wanted)),
                None => prop_assert!(members.is_empty()),
            }
        }
        for offset in 1..=length as usize {
            let over: Vec<_> = cohorts.iter().filter(|cohort| cohort.period + (offset as i32) < last).collect();
            let size: u64 = over.iter().map(|cohort| cohort.size).sum();
            let returned: u64 = over.iter().map(|cohort| cohort.back[offset]).sum();
            match mean(&cohorts, offset) {
                None => prop_assert_eq!(size, 0),
                Some((share, of)) => prop_assert!(of == size && (share - returned as f64 / size as f64).abs() < 1e-12),
            }
        }
    }

    #[test]
    fn day_n_retention(start in rows(), back in rows(), after in 1..31_i32) {
        let today = 20_119;
        let (mut size, mut returned) = (0_u64, 0_u64);
        for contact in everybody(&start) {
            let first = start.iter().filter(|(_, known)| *known == contact).map(|(day, _)| *day).min().unwrap();
            if first >= 20_040 && first + after < today {
                size += 1;
                returned += u64::from(back.iter().any(|(day, known)| *known == contact && *day == first + after));
            }
        }
        match day_n(&days_of(&start), &days_of(&back), after, (Day(20_040), Day(today)), Day(today)) {
            None => prop_assert_eq!(size, 0),
            Some((share, of)) => prop_assert!(of == size && (share - returned as f64 / size as f64).abs() < 1e-12),
        }
    }

    #[test]
    fn funnels(actions in proptest::collection::vec((0..60_i64, 1..4_u32, 1..8_u16), 0..40), window in 1..40_u64) {
        let mut actions = actions;
        actions.sort_by_key(|(at, _, _)| *at);
        // One action at a time for each contact, so that "later" means one thing.
        actions.dedup_by_key(|(at, contact, _)| (*at, *contact));
        let stepped = actions.iter().map(|(at, contact, steps)| Stepped { at: kernel::Time(*at), contact: *contact, steps: *steps });
        let found = funnel(stepped, 3, Duration::from_millis(window));
        let mut wanted = vec![0_u64; 3];
        for contact in 1..4_u32 {
            let own: Vec<_> = actions.iter().filter(|(_, known, _)| *known == contact).collect();
            let is = |place: usize, step: usize| own[place].2 >> step & 1 == 1;
            let mut best = 0;
            for one in (0..own.len()).filter(|place| is(*place, 0)) {
                best = best.max(1);
                let fits = |place: usize| own[place].0 - own[one].0 <= window as i64;
                for two in (one + 1..own.len()).filter(|place| is(*place, 1) && fits(*place)) {
                    best = best.max(2);
                    if (two + 1..own.len()).any(|place| is(place, 2) && fits(place)) {
                        best = 3;
                    }
                }
            }
            (0..best).for_each(|step| wanted[step] += 1);
        }
        prop_assert_eq!(found.contacts, wanted);
    }
}

#[test]
fn the_reference_knows_weeks_and_months_by_the_calendar() {
    let day = |year, month, day| Day::of_date(jiff::civil::date(year, month, day));
    for (monday, sunday) in [(day(2024, 10, 7), day(2024, 10, 13)), (day(2026, 11, 30), day(2026, 12, 6)), (day(1969, 12, 29), day(1970, 1, 4))] {
        assert_eq!(Period::Week.of(monday), Period::Week.of(sunday));
        assert_eq!(Period::Week.of(monday), Period::Week.of(monday.plus(-1)) + 1);
        assert_eq!(Period::Week.first_day(Period::Week.of(sunday)), monday);
    }
    assert_eq!(period_of(20_003, Period::Week), Period::Week.of(Day(20_003)));
    assert_eq!(Period::Month.first_day(Period::Month.of(day(2024, 2, 29))), day(2024, 2, 1));
    assert_eq!(Period::Month.of(day(2025, 1, 1)), Period::Month.of(day(2024, 12, 31)) + 1);
}

#[test]
fn nobody_is_no_share() {
    let none: &Days = &[];
    assert_eq!(stickiness(&active(none, (Day(0), Day(40)))), None);
    assert_eq!(mean(&[], 1), None);
    assert_eq!(day_n(none, none, 1, (Day(0), Day(9)), Day(9)), None);
    assert!(retention(none, none, Asked::default(), (0, 9)).is_empty());
}
