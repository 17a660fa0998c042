//! The model and the reference asked the same.

use kernel::Time;
use kernel::time::MINUTE;
use proptest::prelude::*;
use roaring::RoaringBitmap;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use super::rows::{Case, NAMES, cases, dates, day, each};
use super::{Row, before, between, days, funnels};
use crate::model::{
    Band, BandLimits, Daily, DaysLater, Funnel, FunnelOptions, Journeys, Period, RetentionOptions, SUMMARY, SurveyKind, VISIT_GAP,
    VisitAction, active, bands, breadth, days_histogram, days_later, days_to_adopt, heat, lifecycle, month_actives, retention, score,
    visit_days, visits,
};

const PERIODS: [Period; 3] = [Period::Day, Period::Week, Period::Month];

fn nobody() -> RoaringBitmap {
    RoaringBitmap::new()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn actives_are_those_of_the_reference(case in cases(), lead in -40_i64..40) {
        let (told, daily) = (case.told(), case.daily(|_| true));
        let by_date = told.dates(|_| true);
        let (first, last) = dates(&told, (lead, 35));
        let series = active(&daily, (day(first), day(last)));
        prop_assert_eq!(series.len(), each(first, last).len());
        for (is, date) in series.iter().zip(each(first, last)) {
            let expected = days::active(&by_date, date);
            let told = (is.day_actives, is.week_actives, is.month_actives, is.stickiness.part, is.days_missing);
            prop_assert_eq!(told, expected, "{}", date);
            prop_assert_eq!((is.day, is.stickiness.of), (day(date), expected.2 * 30));
            let month = Period::Month.index(day(date));
            let (from, to) = days::bounds(Period::Month, date);
            prop_assert_eq!(month_actives(&daily, (month, month))[0].1, between(&by_date, from, to).len() as u64);
        }
    }

    #[test]
    fn stages_are_those_of_the_reference(case in cases(), period in prop::sample::select(PERIODS.as_slice())) {
        let (told, daily) = (case.told(), case.daily(|_| true));
        let by_date = told.dates(|_| true);
        let (first, last) = dates(&told, (3, 3));
        let range = (period.index(day(first)), period.index(day(last)));
        let stages: HashMap<i32, _> = lifecycle(&daily, &nobody(), period, range, day(last)).into_iter().map(|stage| (stage.period, stage)).collect();
        for date in each(first, last) {
            let stage = stages[&period.index(day(date))];
            let is = (stage.new, stage.returning, stage.resurrecting, stage.dormant);
            prop_assert_eq!(is, days::lifecycle(&by_date, period, date), "{}", date);
            prop_assert_eq!(stage.is_over, days::bounds(period, date).1 < last);
        }
    }

    #[test]
    fn a_shorter_history_with_who_was_seen_before_gives_the_same(case in cases(), cut in 1_i64..50) {
        let (told, daily) = (case.told(), case.daily(|_| true));
        let (first, last) = dates(&told, (0, 3));
        let from = before(first, -cut);
        let known = daily.union((day(first), day(before(from, 2))));
        let short = Daily::new(daily.slice((day(before(from, 1)), day(last))).to_vec());
        let stages = |daily, known: &_| lifecycle(daily, known, Period::Day, (day(from).0, day(last).0), day(last));
        prop_assert_eq!(stages(&short, &known), stages(&daily, &nobody()));
    }

    #[test]
    fn cohorts_are_those_of_the_reference(
        case in cases(),
        period in prop::sample::select(PERIODS.as_slice()),
        is_recurring: bool,
        is_unbounded: bool,
        offsets in 0_u32..12,
    ) {
        let told = case.told();
        let (first, last) = dates(&told, (2, case.days_since));
        let (starts, returns) = (told.dates(|name| name < 2), told.dates(|name| name > 0));
        let asked = days::Asked { period, is_recurring, is_unbounded, today: last };
        let cohorts = (period.index(day(first)), period.index(day(last)));
        let options = RetentionOptions { period, cohorts, offsets, is_recurring, is_unbounded, today: day(last) };
        let grid = retention(&case.daily(|name| name < 2), &case.daily(|name| name > 0), &nobody(), &options);
        let mut sums = vec![(0, 0, Vec::new()); offsets as usize + 1];
        let mut cohort = days::bounds(period, first).0;
        for row in &grid.rows {
            let (people, cells) = days::retention(&starts, &returns, cohort, offsets, &asked);
            prop_assert_eq!((row.cohort, row.people), (period.index(day(cohort)), people));
            prop_assert_eq!(&row.cells.iter().map(|cell| (cell.back, cell.is_whole)).collect::<Vec<_>>(), &cells, "{}", cohort);
            for (offset, (back, _)) in cells.iter().enumerate().filter(|(_, (_, is_whole))| *is_whole) {
                sums[offset].0 += back;
                sums[offset].1 += people;
                sums[offset].2.extend((people > 0).then(|| *back as f64 / people as f64));
            }
            cohort = before(days::bounds(period, cohort).1, -1);
        }
        prop_assert!(cohort > last, "a row for each");
        for (mean, (back, of, ratios)) in grid.means.iter().zip(sums) {
            prop_assert_eq!((mean.weighted.part, mean.weighted.of), (back, of));
            let simple = (!ratios.is_empty()).then(|| ratios.iter().sum::<f64>() / ratios.len() as f64);
            prop_assert!(mean.simple.is_some() == simple.is_some());
            prop_assert!((mean.simple.unwrap_or(0.0) - simple.unwrap_or(0.0)).abs() < 1e-9);
        }
    }

    #[test]
    fn days_later_are_those_of_the_reference(case in cases(), is_unbounded: bool, within in (0_i64..20, 0_i64..20)) {
        let told = case.told();
        let (first, last) = dates(&told, (-within.0, -within.1));
        let today = dates(&told, (0, case.days_since)).1;
        let asked = days::Asked { period: Period::Day, is_recurring: false, is_unbounded, today };
        let (starts, returns) = (told.dates(|name| name < 3), told.dates(|_| true));
        let options = DaysLater { cohorts: (day(first), day(last)), is_unbounded, today: day(today) };
        let is = days_later(&case.daily(|name| name < 3), &case.daily(|_| true), &nobody(), &options);
        for ((after, share), expected) in is.into_iter().zip(SUMMARY) {
            prop_assert_eq!(after, expected);
            prop_assert_eq!((share.part, share.of), days::days_later(&starts, &returns, (first, last), i64::from(after), &asked), "{}", after);
        }
    }

    #[test]
    fn bands_and_curves_are_those_of_the_reference(case in cases(), limits in (1_u32..15, 1_u32..8, 0_u32..20, 10_u32..45)) {
        let (told, daily) = (case.told(), case.daily(|_| true));
        let by_date = told.dates(|_| true);
        let today = dates(&told, (0, case.days_since)).1;
        let limits = BandLimits { power_days: limits.0, active_days: limits.1, at_risk_after_days: limits.2, dormant_after_days: limits.3 };
        let last_seen: BTreeMap<u32, _> = daily.days().iter().flat_map(|(day, who)| who.iter().map(|contact| (contact, *day))).collect();
        let is: BTreeMap<u32, &str> = bands(&daily, last_seen, day(today), &limits)
            .iter()
            .flat_map(|(band, who)| who.iter().map(|contact| (contact, word(*band))))
            .collect();
        prop_assert_eq!(is, days::bands(&by_date, today, &limits));
        for length in [1, 7, 28] {
            let first = before(today, length - 1);
            let expected: Vec<u64> = (1..=length as usize).map(|days| days::active_on(&by_date, (first, today), days)).collect();
            prop_assert_eq!(days_histogram(&daily, (day(first), day(today))), expected);
        }
    }

    #[test]
    fn adoption_is_that_of_the_reference(case in cases(), within in (0_i64..20, 0_i64..20)) {
        let told = case.told();
        let (first, last) = dates(&told, (-within.0, -within.1));
        let range = (day(first), day(last));
        let (seen, uses) = (told.dates(|name| name != 1), told.dates(|name| name < 2));
        let is = days_to_adopt(&case.daily(|name| name != 1), &case.daily(|name| name < 2), range);
        let expected = days::adopted(&seen, &uses, (first, last));
        prop_assert_eq!(is.map(|median| (median.value, median.of as usize)), funnels::middle(expected.clone()).map(|value| (value, expected.len())));
        let features: Vec<RoaringBitmap> = (0..NAMES).map(|name| case.daily(|n| n == name).union(range)).collect();
        let all = between(&seen, first, last);
        let mut histogram = vec![0; features.len() + 1];
        for contact in &all {
            histogram[(0..NAMES).filter(|name| between(&told.dates(|n| n == *name), first, last).contains(contact)).count()] += 1;
        }
        prop_assert_eq!(breadth(&all.into_iter().collect(), &features), histogram);
    }

    #[test]
    fn ways_are_those_of_the_reference(
        case in cases(),
        steps in prop::collection::vec(prop::collection::btree_set(0..NAMES, 1..3), 1..5),
        window in prop_oneof![Just(0_i64), 1..40_i64, 40..2_000_i64],
        is_strict: bool,
    ) {
        let told = case.told();
        let begins_before = told.rows.get(told.rows.len() * 3 / 4).map_or(0, |row| row.millis);
        let way = funnels::Way { steps, window: window * 900_000, begins_before, is_strict };
        let journeys = journeys(&case, &way);
        let contacts: BTreeSet<u32> = told.rows.iter().map(|row| row.contact).collect();
        let mut took = vec![Vec::new(); way.steps.len()];
        for contact in contacts {
            let rows: Vec<_> = told.rows.iter().copied().filter(|row| row.contact == contact).collect();
            let times = funnels::way(&rows, &way);
            let stopped = times.len().checked_sub(1);
            for step in 0..way.steps.len() {
                prop_assert_eq!(journeys.stopped_at(step).contains(contact), stopped == Some(step));
            }
            times.iter().enumerate().for_each(|(step, time)| took[step].push(*time));
        }
        let first = took[0].len() as u64;
        let mut previous = first;
        for (reached, times) in journeys.reached().iter().zip(took) {
            let people = times.len() as u64;
            prop_assert_eq!((reached.people, reached.of_first.part, reached.of_first.of), (people, people, first));
            prop_assert_eq!((reached.of_previous.part, reached.of_previous.of), (people, previous));
            previous = people;
            prop_assert_eq!(reached.took_ms.map(|median| median.value), funnels::middle(times));
        }
    }

    #[test]
    fn visits_are_those_of_the_reference(case in cases()) {
        let told = case.told();
        let mut expected = Vec::new();
        for handle in 0..30 {
            let of = |row: &&Row| row.is_client && handle_of(row) == handle;
            let times: Vec<i64> = case.rows().iter().filter(of).map(|row| row.millis).collect();
            for visit in funnels::visits(&times) {
                let row = Row { millis: visit.0, contact: 0, name: 0, is_client: true };
                expected.push((case.merged(handle as u32 / 3), told.date(&row), visit));
            }
        }
        let is = visits(visit_actions(&case));
        let runs: Vec<_> = is.iter().map(|visit| (visit.first.0, visit.last.0, visit.actions)).collect();
        prop_assert_eq!(runs, expected.iter().map(|(_, _, visit)| *visit).collect::<Vec<_>>());
        let by_date: BTreeMap<_, _> = visit_days(&is, &case.calendar())
            .into_iter()
            .map(|(day, of)| (day, (of.visits, of.bounced, of.total_ms, of.length_ms.value, of.contacts)))
            .collect();
        prop_assert_eq!(by_date, funnels::visit_dates(&expected).into_iter().map(|(date, of)| (day(date), of)).collect());
    }

    #[test]
    fn visits_of_one_day_need_what_was_done_around_it(case in cases()) {
        let (told, calendar) = (case.told(), case.calendar());
        let between = |from: Time, until: Time| {
            let actions = visit_actions(&case).into_iter().filter(|action| action.at >= from && action.at < until);
            visits(actions.collect())
        };
        let whole = visit_days(&between(Time(i64::MIN), Time(i64::MAX)), &calendar);
        let (first, last) = dates(&told, (1, 1));
        for day in each(first, last).into_iter().map(day) {
            let (from, end) = (calendar.start_of(day) - VISIT_GAP, calendar.start_of(day.plus(1)));
            let mut until = end;
            while between(from, until).iter().any(|visit| visit.first < end && visit.is_open(until)) {
                until = until + MINUTE;
            }
            let alone = visit_days(&between(from, until), &calendar);
            prop_assert_eq!(alone.get(&day), whole.get(&day));
        }
    }

    #[test]
    fn scores_are_those_of_the_reference(answers in prop::collection::vec(0_u8..=10, 0..60), is_nps: bool) {
        let (kind, answers) = match is_nps {
            true => (SurveyKind::Nps, answers),
            false => (SurveyKind::Csat, answers.into_iter().map(|answer| answer % 5 + 1).collect()),
        };
        let is = score(kind, &answers.iter().map(|answer| (*answer, 1)).collect::<Vec<_>>());
        let of = |range: std::ops::RangeInclusive<u8>| answers.iter().filter(|answer| range.contains(answer)).count() as f64 / answers.len() as f64;
        let (good, bad) = if is_nps { (of(9..=10), of(0..=6)) } else { (of(4..=5), 0.0) };
        prop_assert_eq!(is.is_none(), answers.is_empty());
        if let Some(is) = is {
            let margin = 196.0 * ((good + bad - (good - bad) * (good - bad)) / answers.len() as f64).sqrt();
            let mean = answers.iter().map(|answer| f64::from(*answer)).sum::<f64>() / answers.len() as f64;
            prop_assert!((is.value - (good - bad) * 100.0).abs() < 1e-9);
            prop_assert!((is.margin - margin).abs() < 1e-5 && (is.mean - mean).abs() < 1e-9);
            prop_assert_eq!(is.answers, answers.len() as u64);
        }
    }

    #[test]
    fn hours_are_those_of_the_reference(case in cases()) {
        let slots: Vec<_> = case.rows().iter().map(|row| (Time(row.millis.div_euclid(900_000) * 900_000), 1)).collect();
        let heat = heat(&slots, &case.calendar());
        let hours = funnels::hours(&case.told());
        for (weekday, row) in heat.iter().enumerate() {
            for (hour, actions) in row.iter().enumerate() {
                prop_assert_eq!(*actions, hours.get(&(weekday as i8, hour as i8)).copied().unwrap_or(0));
            }
        }
    }
}

fn word(band: Band) -> &'static str {
    match band {
        Band::Power => "power",
        Band::Active => "active",
        Band::Casual => "casual",
        Band::AtRisk => "at risk",
        Band::Dormant => "dormant",
    }
}

fn visit_actions(case: &Case) -> Vec<VisitAction> {
    let clients = case.rows().iter().filter(|row| row.is_client);
    clients.map(|row| VisitAction { handle: handle_of(row), at: Time(row.millis), contact: case.merged(row.contact) }).collect()
}

/// Some contacts have three browsers.
fn handle_of(row: &Row) -> i64 {
    i64::from(row.contact * 3 + u32::from(row.name) % 3)
}

fn journeys(case: &Case, way: &funnels::Way) -> Journeys {
    let mut funnel = Funnel::new(FunnelOptions {
        steps: way.steps.len(),
        window: Duration::from_millis(way.window as u64),
        begins_before: Time(way.begins_before),
        is_strict: way.is_strict,
    });
    for row in case.told().rows {
        let bits = way.steps.iter().enumerate().map(|(step, names)| u32::from(names.contains(&row.name)) << step);
        funnel.take(Time(row.millis), row.contact, bits.sum());
    }
    funnel.end()
}
