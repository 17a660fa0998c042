//! Whether people come back: cohorts by the period of their start, and who of them is there so many periods later.

use roaring::RoaringBitmap;

use super::{Day, Days, Period, by_period};

/// What counts, and as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asked {
    pub period: Period,
    /// A contact is in the cohort of each period in which it starts, not only of its first.
    pub is_recurring: bool,
    /// There in that period or in any later one. Otherwise: in that period.
    pub is_unbounded: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cohort {
    /// Number of the period in which they started.
    pub period: i32,
    pub size: u64,
    /// At place `n`: who was there `n` periods later. Up to the period of today.
    pub back: Vec<u64>,
}

/// Cohorts of `first..=last`, the last being the period of today, which is not over. `start`: who started on which day (all there is); `back`:
/// who came on which day.
pub fn retention(start: &Days, back: &Days, asked: Asked, (first, last): (i32, i32)) -> Vec<Cohort> {
    let nobody = RoaringBitmap::new();
    let came = by_period(back, asked.period);
    let at = |number: i32| came.binary_search_by_key(&number, |(known, _)| *known).map_or(&nobody, |place| &came[place].1);
    // Who is there in a period or any later one, from the last to the first.
    let mut later: Vec<RoaringBitmap> = Vec::new();
    if asked.is_unbounded {
        let mut all = RoaringBitmap::new();
        for number in (first..=last).rev() {
            all |= at(number);
            later.push(all.clone());
        }
        later.reverse();
    }
    let mut seen = RoaringBitmap::new();
    let mut cohorts = Vec::new();
    for (number, started) in by_period(start, asked.period) {
        let mut cohort = started.clone();
        if !asked.is_recurring {
            cohort -= &seen;
            seen |= &started;
        }
        if !(first..=last).contains(&number) {
            continue;
        }
        let back = (number..=last).map(|then| {
            let there = if asked.is_unbounded { &later[(then - first) as usize] } else { at(then) };
            cohort.intersection_len(there)
        });
        cohorts.push(Cohort { period: number, size: cohort.len(), back: back.collect() });
    }
    cohorts
}

/// Share of those who came back `offset` periods later, over all cohorts for which that period is over, weighted by their size; and of how many.
/// The period of today is left out: it is not over.
pub fn mean(cohorts: &[Cohort], offset: usize) -> Option<(f64, u64)> {
    let whole = cohorts.iter().filter(|cohort| offset + 1 < cohort.back.len() || (offset == 0 && !cohort.back.is_empty()));
    let (size, back) = whole.fold((0, 0), |(size, back), cohort| (size + cohort.size, back + cohort.back[offset]));
    (size > 0).then(|| (back as f64 / size as f64, size))
}

/// Day-N retention: who of those that started on a day was there exactly `after` days later; over the starts of `first..=last` for which that day
/// is over.
pub fn day_n(start: &Days, back: &Days, after: i32, (first, last): (Day, Day), today: Day) -> Option<(f64, u64)> {
    let mut seen = RoaringBitmap::new();
    let (mut size, mut returned) = (0, 0);
    for (day, started) in start {
        let cohort = started - &seen;
        seen |= started;
        let then = day.plus(after);
        if !(first..=last).contains(day) || then >= today {
            continue;
        }
        size += cohort.len();
        if let Ok(place) = back.binary_search_by_key(&then, |(known, _)| *known) {
            returned += cohort.intersection_len(&back[place].1);
        }
    }
    (size > 0).then(|| (returned as f64 / size as f64, size))
}
