//! What pages ask of the counts: who was active, came back, used what; each in one reading of the state.

mod breakdown;
mod funnels;
mod range;
mod used;

pub use breakdown::*;
pub use funnels::*;
pub use range::*;
pub use used::*;

use db::Reader;
use kernel::Result;
use roaring::RoaringBitmap;

use crate::model::{
    Active, Band, BandLimits, Calendar, Day, DaysLater, Grid, Heat, MONTH_DAYS, Period, RetentionOptions, Share, Stage, VisitDay, active,
    bands, days_histogram, days_later, heat, lifecycle, retention,
};
use crate::settings;
use crate::store::{self, ANY, NameId};

/// All days there are: who is new is only known by everything before.
const EVER: (Day, Day) = (Day(i32::MIN), Day(i32::MAX));

pub struct Overview {
    pub range: Range,
    pub today: Day,
    pub calendar: Calendar,
    /// For each day of the range.
    pub series: Vec<Active>,
    /// Of the last day before the range, for comparison.
    pub before: Option<Active>,
    pub visits: Vec<(Day, VisitDay)>,
    /// Visits of some days are still to be summed up: a job does it each minute.
    pub is_summing: bool,
    pub period: Period,
    pub stages: Vec<Stage>,
    pub bands: Vec<(Band, u64)>,
    pub limits: BandLimits,
    /// The most used names.
    pub top: Vec<Used>,
    pub has_any: bool,
}

pub fn overview(r: &Reader<'_>, range: Range) -> Result<Overview> {
    let calendar = settings::calendar(r)?;
    let today = calendar.day_of(r.now);
    let (first, last) = range.until(today);
    let daily = store::daily(r, ANY, EVER)?;
    let period = match range {
        Range::Week | Range::Month => Period::Day,
        Range::Quarter | Range::Year => Period::Week,
    };
    let limits = settings::limits(r)?;
    let in_bands = bands(&daily, store::last_days(r)?, today, &limits);
    let everybody = daily.union((first, last));
    let mut top = used(r, (first, last), &everybody)?;
    top.truncate(10);
    Ok(Overview {
        series: active(&daily, (first, last)),
        before: active(&daily, (first.plus(-1), first.plus(-1))).pop(),
        visits: store::visits(r, (first, last))?,
        is_summing: !store::stale_days(r)?.is_empty(),
        stages: lifecycle(&daily, &RoaringBitmap::new(), period, (period.index(first), period.index(last)), today),
        bands: in_bands.into_iter().map(|(band, who)| (band, who.len())).collect(),
        has_any: daily.first_day().is_some(),
        range,
        today,
        calendar,
        period,
        limits,
        top,
    })
}

/// A line for each day of a range: actives and visits.
pub struct DayByDay {
    pub series: Vec<Active>,
    pub visits: Vec<(Day, VisitDay)>,
}

pub fn day_by_day(r: &Reader<'_>, range: Range) -> Result<DayByDay> {
    let (first, last) = range.until(settings::calendar(r)?.day_of(r.now));
    let daily = store::daily(r, ANY, (first.plus(1 - MONTH_DAYS), last))?;
    Ok(DayByDay { series: active(&daily, (first, last)), visits: store::visits(r, (first, last))? })
}

/// What a retention grid is asked for.
#[derive(Debug, Clone, Copy)]
pub struct RetentionAsked {
    pub period: Period,
    pub is_recurring: bool,
    pub is_unbounded: bool,
    /// `None`: anything that makes somebody active.
    pub start: Option<NameId>,
    pub back: Option<NameId>,
    /// The last of them is the period that still runs.
    pub cohorts: i32,
}

pub struct Retained {
    pub asked: RetentionAsked,
    pub names: Vec<(NameId, String)>,
    pub grid: Grid,
    /// Of newcomers of the last 120 days: there 1, 7, 30 and 90 days later.
    pub days: [(u32, Share); 4],
    pub today: Day,
}

pub fn retained(r: &Reader<'_>, asked: RetentionAsked) -> Result<Retained> {
    let today = settings::calendar(r)?.day_of(r.now);
    let starts = store::daily(r, asked.start.unwrap_or(ANY), EVER)?;
    let returns = if asked.start == asked.back { starts.clone() } else { store::daily(r, asked.back.unwrap_or(ANY), EVER)? };
    let last = asked.period.index(today);
    let options = RetentionOptions {
        period: asked.period,
        cohorts: (last - asked.cohorts + 1, last),
        offsets: asked.cohorts.unsigned_abs().saturating_sub(1),
        is_recurring: asked.is_recurring,
        is_unbounded: asked.is_unbounded,
        today,
    };
    let nobody = RoaringBitmap::new();
    let later = DaysLater { cohorts: (today.plus(-120), today), is_unbounded: asked.is_unbounded, today };
    Ok(Retained {
        grid: retention(&starts, &returns, &nobody, &options),
        days: days_later(&starts, &returns, &nobody, &later),
        names: store::list_names(r)?.into_iter().map(|name| (name.id, name.name)).collect(),
        asked,
        today,
    })
}

/// When people are there, and how regularly.
pub struct Rhythm {
    pub range: Range,
    pub heat: Heat,
    /// At place `n`: on exactly `n + 1` of the last 28 days.
    pub curve: Vec<u64>,
    pub zone: String,
}

pub fn rhythm(r: &Reader<'_>, range: Range) -> Result<Rhythm> {
    let calendar = settings::calendar(r)?;
    let today = calendar.day_of(r.now);
    let (first, last) = range.until(today);
    let slots = store::slots(r, (calendar.start_of(first), calendar.start_of(last.plus(1))))?;
    let within = (today.plus(-27), today);
    let curve = days_histogram(&store::daily(r, ANY, within)?, within);
    Ok(Rhythm { range, heat: heat(&slots, &calendar), curve, zone: settings::counted_zone(r)? })
}
