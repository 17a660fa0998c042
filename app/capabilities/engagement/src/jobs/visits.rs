//! Visits of days to which actions came since they were summed up.

use capability::{Cx, House};
use kernel::ids::{ContactId, HandleId};
use kernel::time::HOUR;
use kernel::{Error, Result, Time};
use std::collections::{BTreeSet, HashMap};

use crate::digest::Counting;
use crate::model::{Day, VISIT_GAP, Visit, VisitAction, VisitDay, visit_days, visits};
use crate::{settings, store};

pub async fn run(cx: Cx) -> Result<()> {
    let stale: BTreeSet<Day> = cx.read(store::stale_days).await?.into_iter().collect();
    // What came around midnight may have joined visits of two days.
    let mut todo: BTreeSet<Day> = stale.iter().flat_map(|day| [day.plus(-1), *day, day.plus(1)]).collect();
    let mut done = BTreeSet::new();
    while let Some(day) = todo.pop_last() {
        let turn = Counting::of(&cx)?.turn().await;
        let house = cx.clone();
        let summed = tokio::task::spawn_blocking(move || of_day(&house, day)).await;
        let of_day = summed.unwrap_or_else(|panic| Err(Error::internal("summing up visits").because(panic)))?;
        cx.write(move |tx| store::set_visits(tx, day, of_day.summed.as_ref())).await?;
        drop(turn);
        done.insert(day);
        if of_day.goes_on && !done.contains(&day.plus(-1)) {
            todo.insert(day.plus(-1));
        }
    }
    Ok(())
}

struct OfDay {
    summed: Option<VisitDay>,
    /// Somebody was there over the midnight that it begins with.
    goes_on: bool,
}

/// How much beyond the day is read at once, to see visits to their end.
const BEYOND: std::time::Duration = HOUR;

fn of_day(house: &House, day: Day) -> Result<OfDay> {
    let (calendar, contacts) =
        house.hermetic.read_blocking(|r| Ok((settings::calendar(r)?, identity::store::all_handles(r)?.into_iter().collect())))?;
    let (from, to) = (calendar.start_of(day), calendar.start_of(day.plus(1)));
    let mut until = to + BEYOND;
    loop {
        let mut all = visits_between(house, (from - VISIT_GAP, until), &contacts)?;
        let begins_here = |visit: &Visit| visit.first >= from && visit.first < to;
        // Who was still there at the end of what was read may go on.
        if all.iter().any(|visit| begins_here(visit) && visit.is_open(until)) {
            until = until + BEYOND;
            continue;
        }
        let goes_on = all.iter().any(|visit| visit.first < from && visit.last >= from);
        all.retain(begins_here);
        return Ok(OfDay { summed: visit_days(&all, &calendar).remove(&day), goes_on });
    }
}

fn visits_between(house: &House, within: (Time, Time), contacts: &HashMap<HandleId, ContactId>) -> Result<Vec<Visit>> {
    let mut actions = Vec::new();
    house.telemetry.read_blocking(|r| {
        store::each_between(r, within, |bare| {
            let contact = contacts.get(&bare.handle).and_then(|contact| u32::try_from(contact.0).ok());
            if let (true, Some(contact)) = (bare.is_client, contact) {
                actions.push(VisitAction { handle: bare.handle.0, at: bare.at, contact });
            }
        })
    })?;
    Ok(visits(actions))
}
