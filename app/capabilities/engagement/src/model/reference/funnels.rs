//! What is counted by moments: funnels, visits, hours.

use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

use super::{Row, Told};

pub(super) struct Way {
    pub steps: Vec<BTreeSet<u8>>,
    pub window: i64,
    pub begins_before: i64,
    pub is_strict: bool,
}

/// Each first step in turn: from it, the earliest next one, and so on. By step, how long it took; as many as were reached.
pub(super) fn way(rows: &[Row], way: &Way) -> Vec<i64> {
    // By step: which row reached it first, and the latest beginning that got there.
    let mut reached: BTreeMap<usize, (usize, i64)> = BTreeMap::new();
    for (begin, row) in rows.iter().enumerate() {
        if !way.steps[0].contains(&row.name) || row.millis >= way.begins_before {
            continue;
        }
        for (step, at) in run(rows, begin, way).into_iter().enumerate() {
            let best = reached.entry(step).or_insert((at, row.millis));
            if at < best.0 {
                *best = (at, row.millis);
            } else if at == best.0 {
                best.1 = best.1.max(row.millis);
            }
        }
    }
    reached.into_values().map(|(at, began)| rows[at].millis - began).collect()
}

/// Rows at which the steps of the run that begins here are taken.
fn run(rows: &[Row], begin: usize, way: &Way) -> Vec<usize> {
    let mut taken = vec![begin];
    let mut at = begin + 1;
    while at < rows.len() && taken.len() < way.steps.len() {
        if rows[at].millis - rows[begin].millis > way.window {
            break;
        }
        if way.steps[taken.len()].contains(&rows[at].name) {
            taken.push(at);
        } else if way.is_strict && way.steps.iter().any(|step| step.contains(&rows[at].name)) {
            break;
        }
        at += 1;
    }
    taken
}

/// First and last moment and number of actions of each visit. A visit begins with what has nothing within half an hour before it.
pub(super) fn visits(times: &[i64]) -> Vec<(i64, i64, u64)> {
    let begins: BTreeSet<i64> =
        times.iter().copied().filter(|at| !times.iter().any(|earlier| earlier < at && at - earlier < 30 * 60 * 1_000)).collect();
    let mut visits = Vec::new();
    for begin in &begins {
        let next = begins.iter().find(|later| *later > begin).copied().unwrap_or(i64::MAX);
        let of: Vec<i64> = times.iter().copied().filter(|at| at >= begin && *at < next).collect();
        visits.push((*begin, *of.iter().max().unwrap(), of.len() as u64));
    }
    visits
}

/// By weekday from Monday and hour.
pub(super) fn hours(told: &Told) -> BTreeMap<(i8, i8), u64> {
    let mut hours = BTreeMap::new();
    for row in &told.rows {
        let local = jiff::Timestamp::from_millisecond(row.millis).unwrap().to_zoned(told.zone.clone());
        *hours.entry((local.weekday().to_monday_one_offset() - 1, local.hour())).or_default() += 1;
    }
    hours
}

pub(super) fn middle(mut values: Vec<i64>) -> Option<i64> {
    values.sort_unstable();
    match values.len() {
        0 => None,
        even if even.is_multiple_of(2) => Some((values[even / 2 - 1] + values[even / 2]).div_euclid(2)),
        odd => Some(values[odd / 2]),
    }
}

/// Of visits, by the date on which they began: how many, of one action, all their milliseconds, the middle one, contacts.
pub(super) fn visit_dates(all: &[(u32, Date, (i64, i64, u64))]) -> BTreeMap<Date, (u64, u64, i64, i64, u64)> {
    let dates: BTreeSet<Date> = all.iter().map(|(_, date, _)| *date).collect();
    let mut answers = BTreeMap::new();
    for date in dates {
        let of: Vec<_> = all.iter().filter(|(_, begun, _)| *begun == date).collect();
        let lengths: Vec<i64> = of.iter().map(|(_, _, (first, last, _))| last - first).collect();
        let bounced = of.iter().filter(|(_, _, (_, _, actions))| *actions == 1).count() as u64;
        let contacts: BTreeSet<u32> = of.iter().map(|(contact, _, _)| *contact).collect();
        answers.insert(date, (of.len() as u64, bounced, lengths.iter().sum(), middle(lengths).unwrap(), contacts.len() as u64));
    }
    answers
}
