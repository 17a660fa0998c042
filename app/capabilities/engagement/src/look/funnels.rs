//! Funnels: read straight out of the index of names, whatever the range.

use capability::House;
use db::Reader;
use kernel::{Result, Time};
use std::collections::BTreeMap;
use std::time::Duration;

use super::Range;
use crate::model::{Funnel, FunnelOptions, Reached};
use crate::settings;
use crate::store::{self, NameId};

/// Steps of a funnel that a page asks for.
pub const STEPS: usize = 8;

/// Of first steps within the range, each later step within the window that begins with the first.
pub fn funnelled(house: &House, steps: &[NameId], window: Duration, range: Range) -> Result<Vec<Reached>> {
    let (contacts, (from, to)) = house.hermetic.read_blocking(|r| {
        let calendar = settings::calendar(r)?;
        let (first, last) = range.until(calendar.day_of(r.now));
        Ok((contacts(r)?, (calendar.start_of(first), calendar.start_of(last.plus(1)))))
    })?;
    let actions = house.telemetry.read_blocking(|r| stepped(r, steps, (from, to + window), &contacts))?;
    let mut funnel = Funnel::new(FunnelOptions { steps: steps.len(), window, begins_before: to, is_strict: false });
    for Stepped { at, contact, steps, .. } in actions {
        funnel.take(at, contact, steps);
    }
    Ok(funnel.end().reached())
}

/// One action that is a step, or several.
struct Stepped {
    at: Time,
    tie: u32,
    contact: u32,
    steps: u32,
}

const NOBODY: u32 = u32::MAX;

/// By the number of the handle: whose it is.
fn contacts(r: &Reader<'_>) -> Result<Vec<u32>> {
    let highest = identity::store::highest_handle(r)?;
    let mut contacts = vec![NOBODY; usize::try_from(highest.0).unwrap_or(0) + 1];
    for (handle, contact) in identity::store::all_handles(r)? {
        if let (Some(place), Ok(contact)) = (usize::try_from(handle.0).ok().and_then(|at| contacts.get_mut(at)), u32::try_from(contact.0)) {
            *place = contact;
        }
    }
    Ok(contacts)
}

/// In the order of time. Steps of the same name are read once.
fn stepped(r: &Reader<'_>, steps: &[NameId], within: (Time, Time), contacts: &[u32]) -> Result<Vec<Stepped>> {
    let mut masks: BTreeMap<NameId, u32> = BTreeMap::new();
    for (place, name) in steps.iter().take(STEPS).enumerate() {
        *masks.entry(*name).or_default() |= 1 << place;
    }
    let mut all: Vec<Stepped> = Vec::new();
    for (name, steps) in masks {
        store::each_named(r, name, within, |at, tie, handle| {
            let contact = usize::try_from(handle.0).ok().and_then(|place| contacts.get(place)).copied().unwrap_or(NOBODY);
            if contact != NOBODY {
                all.push(Stepped { at, tie: u32::try_from(tie).unwrap_or(u32::MAX), contact, steps });
            }
        })?;
    }
    all.sort_unstable_by_key(|step| (step.at, step.tie));
    Ok(all)
}
