//! Of those who began in a period, who was there N periods later.

use roaring::RoaringBitmap;
use std::collections::BTreeMap;

use super::paged::Paged;
use super::{Daily, Day, Period, Share};

#[derive(Debug, Clone, Copy)]
pub struct RetentionOptions {
    pub period: Period,
    /// Numbers of the first and the last cohort.
    pub cohorts: (i32, i32),
    /// How many periods later is the last that is asked for.
    pub offsets: u32,
    /// Whoever began in a period, though not for the first time, belongs to its cohort as well.
    pub is_recurring: bool,
    /// “On or after” the N-th period later, instead of “on”.
    pub is_unbounded: bool,
    pub today: Day,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    pub rows: Vec<Row>,
    pub means: Vec<Mean>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub cohort: i32,
    pub people: u64,
    /// By offset from 0; what has not begun yet has no cell.
    pub cells: Vec<Cell>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    pub back: u64,
    /// The period is over. What is not is marked, and is part of no mean.
    pub is_whole: bool,
}

/// Over all cohorts for which the period is over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// Each person counts the same.
    pub weighted: Share,
    /// Each cohort that has people counts the same, as a ratio.
    pub simple: Option<f64>,
}

/// `starts`: what makes somebody part of a cohort; `returns`: what makes them retained. Both hold all days since the first cohort;
/// `before` is whoever started before `starts` begins.
pub fn retention(starts: &Daily, returns: &Daily, before: &RoaringBitmap, options: &RetentionOptions) -> Grid {
    let cohorts = if options.is_recurring { starts.clone() } else { starts.newcomers(before) }.by_period(options.period);
    let current = options.period.index(options.today);
    let returned = returned(returns, options, current);
    let nobody = RoaringBitmap::new();
    let (first, last) = options.cohorts;
    let rows: Vec<Row> = (first..=last.min(current))
        .map(|cohort| {
            let people = cohorts.get(&cohort).unwrap_or(&nobody);
            let end = current.min(cohort.saturating_add_unsigned(options.offsets));
            let cell = |index: i32| Cell {
                back: returned.get(&index).map_or(0, |who| who.intersection_len(people)),
                is_whole: options.period.is_over(index, options.today),
            };
            Row { cohort, people: people.len(), cells: (cohort..=end).map(cell).collect() }
        })
        .collect();
    let means = (0..=options.offsets as usize).map(|offset| mean(&rows, offset)).collect();
    Grid { rows, means }
}

/// Who was there by period; unbounded, whoever was there in it or later.
fn returned(returns: &Daily, options: &RetentionOptions, current: i32) -> BTreeMap<i32, RoaringBitmap> {
    let mut periods = returns.by_period(options.period);
    periods.retain(|index, _| *index <= current);
    if !options.is_unbounded {
        return periods;
    }
    let mut later = RoaringBitmap::new();
    let mut all = BTreeMap::new();
    for index in (options.cohorts.0..=current).rev() {
        if let Some(who) = periods.get(&index) {
            later |= who;
        }
        all.insert(index, later.clone());
    }
    all
}

fn mean(rows: &[Row], offset: usize) -> Mean {
    let whole =
        rows.iter().filter_map(|row| row.cells.get(offset).filter(|cell| cell.is_whole).map(|cell| Share::new(cell.back, row.people)));
    let (mut weighted, mut sum, mut cohorts) = (Share::default(), 0.0, 0_u32);
    for share in whole {
        weighted = Share::new(weighted.part + share.part, weighted.of + share.of);
        if let Some(ratio) = share.ratio() {
            sum += ratio;
            cohorts += 1;
        }
    }
    Mean { weighted, simple: (cohorts > 0).then(|| sum / f64::from(cohorts)) }
}

pub const SUMMARY: [u32; 4] = [1, 7, 30, 90];

/// Of those who came for the first time on a day of `first..=last`, how many were there 1, 7, 30 and 90 days later: on that day, or
/// unbounded, on that day or later. Whose day is not over yet is in neither number.
pub fn days_later(starts: &Daily, returns: &Daily, before: &RoaringBitmap, options: &DaysLater) -> [(u32, Share); 4] {
    let newcomers = starts.newcomers(before);
    let cohorts = newcomers.slice(options.cohorts);
    let later = options.is_unbounded.then(|| last_days(returns, options.today));
    SUMMARY.map(|after| {
        let mut share = Share::default();
        for (day, people) in cohorts {
            let due = day.plus(after as i32);
            if due >= options.today {
                continue;
            }
            share.of += people.len();
            share.part += match &later {
                Some(last) => people.iter().filter(|contact| last.get(*contact) >= due.0).count() as u64,
                None => returns.on(due).map_or(0, |who| who.intersection_len(people)),
            };
        }
        (after, share)
    })
}

#[derive(Debug, Clone, Copy)]
pub struct DaysLater {
    /// First and last day of the cohorts.
    pub cohorts: (Day, Day),
    pub is_unbounded: bool,
    pub today: Day,
}

/// The last day on which each was there, until today.
fn last_days(daily: &Daily, today: Day) -> Paged<i32> {
    let mut last = Paged::new(i32::MIN);
    for (day, who) in daily.slice((Day(i32::MIN), today)) {
        who.iter().for_each(|contact| last.set(contact, day.0));
    }
    last
}

#[cfg(test)]
mod tests;
