//! What is counted by days: actives, lifecycle, retention, bands, adoption.

use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

use super::{before, between};
use crate::model::{BandLimits, Period};

type Dates = BTreeMap<Date, BTreeSet<u32>>;

/// Of the day, of 7 and of 30 days, the sum of the days of 30, and how many of these lie before the data.
pub(super) fn active(dates: &Dates, date: Date) -> (u64, u64, u64, u64, u32) {
    let count = |days: i64| between(dates, before(date, days - 1), date).len() as u64;
    let (mut sum, mut missing) = (0, 0);
    for ago in 0..30 {
        let day = before(date, ago);
        sum += dates.get(&day).map_or(0, |who| who.len() as u64);
        missing += u32::from(dates.keys().next().is_none_or(|first| day < *first));
    }
    (count(1), count(7), count(30), sum, missing)
}

/// First and last date of the period that a date lies in.
pub(super) fn bounds(period: Period, date: Date) -> (Date, Date) {
    match period {
        Period::Day => (date, date),
        Period::Week => {
            let monday = before(date, i64::from(date.weekday().to_monday_zero_offset()));
            (monday, before(monday, -6))
        }
        Period::Month => (date.first_of_month(), date.last_of_month()),
    }
}

/// New, returning, resurrecting, dormant.
pub(super) fn lifecycle(dates: &Dates, period: Period, date: Date) -> (u64, u64, u64, u64) {
    let (first, last) = bounds(period, date);
    let (previous_first, previous_last) = bounds(period, before(first, 1));
    let (mut new, mut returning, mut resurrecting, mut dormant) = (0, 0, 0, 0);
    for contact in between(dates, Date::MIN, Date::MAX) {
        let is_here = between(dates, first, last).contains(&contact);
        let was_here = between(dates, previous_first, previous_last).contains(&contact);
        let was_ever = between(dates, Date::MIN, before(first, 1)).contains(&contact);
        if is_here && !was_ever {
            new += 1;
        }
        if is_here && was_here {
            returning += 1;
        }
        if is_here && was_ever && !was_here {
            resurrecting += 1;
        }
        if was_here && !is_here {
            dormant += 1;
        }
    }
    (new, returning, resurrecting, dormant)
}

pub(super) struct Asked {
    pub period: Period,
    pub is_recurring: bool,
    pub is_unbounded: bool,
    pub today: Date,
}

/// People of the cohort of a date, and for each offset who was back and whether that period is over.
pub(super) fn retention(starts: &Dates, returns: &Dates, cohort: Date, offsets: u32, asked: &Asked) -> (u64, Vec<(u64, bool)>) {
    let (first, last) = bounds(asked.period, cohort);
    let mut people = between(starts, first, last);
    if !asked.is_recurring {
        for contact in between(starts, Date::MIN, before(first, 1)) {
            people.remove(&contact);
        }
    }
    let mut cells = Vec::new();
    let (mut from, mut to) = (first, last);
    for _ in 0..=offsets {
        if from > asked.today {
            break;
        }
        let back = between(returns, from, if asked.is_unbounded { Date::MAX } else { to });
        cells.push((back.intersection(&people).count() as u64, to < asked.today));
        (from, to) = bounds(asked.period, before(to, -1));
    }
    (people.len() as u64, cells)
}

/// Back, and of how many, so many days after the first.
pub(super) fn days_later(starts: &Dates, returns: &Dates, (from, to): (Date, Date), after: i64, asked: &Asked) -> (u64, u64) {
    let (mut back, mut of) = (0, 0);
    for contact in between(starts, Date::MIN, Date::MAX) {
        let began = *starts.iter().find(|(_, who)| who.contains(&contact)).unwrap().0;
        let due = before(began, -after);
        if began < from || began > to || due >= asked.today {
            continue;
        }
        of += 1;
        let until = if asked.is_unbounded { Date::MAX } else { due };
        back += u64::from(between(returns, due, until).contains(&contact));
    }
    (back, of)
}

/// By contact the name of the band.
pub(super) fn bands(dates: &Dates, today: Date, limits: &BandLimits) -> BTreeMap<u32, &'static str> {
    let mut bands = BTreeMap::new();
    for contact in between(dates, Date::MIN, Date::MAX) {
        let (mut days, mut ago) = (0, 0);
        while ago < 30 {
            days += u32::from(dates.get(&before(today, ago)).is_some_and(|who| who.contains(&contact)));
            ago += 1;
        }
        let quiet = |days: u32| !between(dates, before(today, i64::from(days)), today).contains(&contact);
        let name = if quiet(limits.dormant_after_days) {
            "dormant"
        } else if quiet(limits.at_risk_after_days) {
            "at risk"
        } else if days >= limits.power_days {
            "power"
        } else if days >= limits.active_days {
            "active"
        } else {
            "casual"
        };
        bands.insert(contact, name);
    }
    bands
}

/// How many were active on exactly so many days of the dates.
pub(super) fn active_on(dates: &Dates, (first, last): (Date, Date), days: usize) -> u64 {
    let on = |contact: u32| dates.iter().filter(|(date, who)| **date >= first && **date <= last && who.contains(&contact)).count();
    between(dates, first, last).into_iter().filter(|contact| on(*contact) == days).count() as u64
}

/// Days from the first action to the first use, sorted, of uses that began within the dates.
pub(super) fn adopted(seen: &Dates, uses: &Dates, (first, last): (Date, Date)) -> Vec<i64> {
    let began = |dates: &Dates, contact: u32| dates.iter().find(|(_, who)| who.contains(&contact)).map(|(date, _)| *date);
    let mut days = Vec::new();
    for contact in between(uses, first, last) {
        let used = began(uses, contact).unwrap();
        if used >= first {
            let seen = began(seen, contact).unwrap_or(used).min(used);
            days.push((used - seen).get_days().into());
        }
    }
    days.sort_unstable();
    days
}
