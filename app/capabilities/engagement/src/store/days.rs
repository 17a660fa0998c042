//! What actions add up to, by name and day. In hermetic.db.

use db::{Reader, Tx};
use kernel::ids::{ContactId, HandleId};
use kernel::{Error, Result, Time};
use roaring::RoaringBitmap;
use rusqlite::params;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{ANY, Bare, NameId, days_of, passive_names};
use crate::model::Day;

const SLOT: i64 = 900_000;

/// What a batch of actions adds, by name and day: how many, and who.
#[derive(Debug, Default)]
pub struct Gains {
    pub days: BTreeMap<(NameId, Day), (u64, RoaringBitmap)>,
    /// Quarters of an hour, UTC.
    pub slots: BTreeMap<Time, u64>,
    /// Days on which somebody did something in a browser or an app.
    pub visited: BTreeSet<Day>,
}

impl Gains {
    pub fn add(&mut self, day: Day, contact: ContactId, bare: &Bare) {
        // Numbers of contacts are kept below 2^32 where they are given.
        let Ok(contact) = u32::try_from(contact.0) else { return };
        let (actions, who) = self.days.entry((bare.name, day)).or_default();
        *actions += 1;
        who.insert(contact);
        *self.slots.entry(Time(bare.at.0.div_euclid(SLOT) * SLOT)).or_default() += 1;
        if bare.is_client {
            self.visited.insert(day);
        }
    }
}

/// `passive`: names that make nobody active.
pub fn gain(tx: &mut Tx<'_>, gains: &Gains, passive: &HashSet<NameId>) -> Result<()> {
    let mut any: BTreeMap<Day, (u64, RoaringBitmap)> = BTreeMap::new();
    let mut fresh: BTreeMap<Day, RoaringBitmap> = BTreeMap::new();
    for ((name, day), (actions, contacts)) in &gains.days {
        count(tx, (*name, *day), *actions)?;
        *fresh.entry(*day).or_default() |= add(tx, (*name, *day), contacts)?;
        if !passive.contains(name) {
            let (all, who) = any.entry(*day).or_default();
            *all += actions;
            *who |= contacts;
        }
    }
    for (day, (actions, contacts)) in any {
        count(tx, (ANY, day), actions)?;
        add(tx, (ANY, day), &contacts)?;
    }
    for (day, contacts) in fresh {
        contacts.iter().try_for_each(|contact| seen(tx, ContactId(i64::from(contact)), day))?;
    }
    for (slot, actions) in &gains.slots {
        tx.run(
            "insert into engagement_slots (slot_at, actions) values (?, ?) on conflict do update set actions = actions + excluded.actions",
            params![slot.0, *actions as i64],
        )?;
    }
    for day in &gains.visited {
        tx.run("insert or ignore into engagement_stale (day) values (?)", [day.0])?;
    }
    Ok(())
}

/// Takes away what a contact's actions came to; its bits are [`replace_contact`]'s.
pub fn lose(tx: &mut Tx<'_>, losses: &Gains) -> Result<()> {
    let passive = passive_names(tx)?;
    for ((name, day), (actions, _)) in &losses.days {
        let any = (!passive.contains(name)).then_some(ANY);
        for name in [Some(*name), any].into_iter().flatten() {
            tx.run(
                "update engagement_counts set actions = max(actions - ?, 0) where name_id = ? and day = ?",
                params![*actions as i64, name.0, day.0],
            )?;
            tx.run("delete from engagement_counts where name_id = ? and day = ? and actions = 0", params![name.0, day.0])?;
        }
    }
    for (slot, actions) in &losses.slots {
        tx.run("update engagement_slots set actions = max(actions - ?, 0) where slot_at = ?", params![*actions as i64, slot.0])?;
    }
    for day in &losses.visited {
        tx.run("insert or ignore into engagement_stale (day) values (?)", [day.0])?;
    }
    Ok(())
}

/// The log still has actions of this handle, whose contact is erased.
pub fn note_erased(tx: &mut Tx<'_>, handle: HandleId) -> Result<()> {
    tx.run("insert or ignore into engagement_erased (handle_id) values (?)", [handle.0]).map(drop)
}

pub fn end_erased(tx: &mut Tx<'_>, handle: HandleId) -> Result<()> {
    tx.run("delete from engagement_erased where handle_id = ?", [handle.0]).map(drop)
}

pub fn erased(r: &Reader<'_>) -> Result<Vec<HandleId>> {
    r.rows("select handle_id from engagement_erased", [], |row| row.get(0).map(HandleId))
}

fn count(tx: &Tx<'_>, (name, day): (NameId, Day), actions: u64) -> Result<()> {
    tx.run(
        "insert into engagement_counts (name_id, day, actions) values (?, ?, ?) on conflict do update set actions = actions + excluded.actions",
        params![name.0, day.0, actions as i64],
    )?;
    Ok(())
}

/// Gives who is new. What changes nothing is not written: on most days most actions are of somebody who was there already.
fn add(tx: &Tx<'_>, at: (NameId, Day), contacts: &RoaringBitmap) -> Result<RoaringBitmap> {
    let known = bitmap(tx, at)?;
    let fresh = contacts - &known;
    if !fresh.is_empty() {
        set_bitmap(tx, at, &(known | &fresh))?;
    }
    Ok(fresh)
}

fn bitmap(r: &Reader<'_>, (name, day): (NameId, Day)) -> Result<RoaringBitmap> {
    let bytes: Option<Vec<u8>> =
        r.row("select contacts from engagement_bitmaps where name_id = ? and day = ?", params![name.0, day.0], |row| row.get(0))?;
    bytes.map_or(Ok(RoaringBitmap::new()), |bytes| decode(&bytes))
}

pub(super) fn decode(bytes: &[u8]) -> Result<RoaringBitmap> {
    RoaringBitmap::deserialize_from(bytes).map_err(|error| Error::internal("reading a bitmap of contacts").because(error))
}

fn set_bitmap(tx: &Tx<'_>, (name, day): (NameId, Day), contacts: &RoaringBitmap) -> Result<()> {
    if contacts.is_empty() {
        tx.run("delete from engagement_bitmaps where name_id = ? and day = ?", params![name.0, day.0])?;
        return Ok(());
    }
    let mut bytes = Vec::with_capacity(contacts.serialized_size());
    contacts.serialize_into(&mut bytes).map_err(|error| Error::internal("writing a bitmap of contacts").because(error))?;
    tx.run(
        "insert into engagement_bitmaps (name_id, day, contacts) values (?, ?, ?) on conflict do update set contacts = excluded.contacts",
        params![name.0, day.0, bytes],
    )?;
    Ok(())
}

fn seen(tx: &Tx<'_>, contact: ContactId, day: Day) -> Result<()> {
    tx.run(
        "insert into engagement_contacts (contact_id, first_day, last_day) values (?1, ?2, ?2) \
         on conflict do update set first_day = min(first_day, excluded.first_day), last_day = max(last_day, excluded.last_day)",
        params![contact.0, day.0],
    )?;
    Ok(())
}

/// Everything that `from` did was done by `into`, or by nobody any more where that is `None`. Idempotent.
pub fn replace_contact(tx: &mut Tx<'_>, from: ContactId, into: Option<ContactId>) -> Result<()> {
    let Some((first, last)) = days_of(tx, from)? else { return Ok(()) };
    let (from_bit, into_bit) = (bit(from)?, into.map(bit).transpose()?);
    let mut changed: Vec<((NameId, Day), RoaringBitmap)> = Vec::new();
    each_bitmap(tx, (first, last), |name, day, mut contacts| {
        if contacts.remove(from_bit) {
            contacts.extend(into_bit);
            changed.push(((name, day), contacts));
        }
    })?;
    for (at, contacts) in &changed {
        set_bitmap(tx, *at, contacts)?;
    }
    if let Some(into) = into {
        seen(tx, into, first)?;
        seen(tx, into, last)?;
    }
    tx.run("delete from engagement_contacts where contact_id = ?", [from.0])?;
    Ok(())
}

/// The oldest day that is counted.
pub fn first_day(r: &Reader<'_>) -> Result<Option<Day>> {
    r.row("select min(day) from engagement_counts", [], |row| row.get::<_, Option<i32>>(0)).map(|day| day.flatten().map(Day))
}

/// Removes what is counted of this day and later ones.
pub fn forget_days(tx: &mut Tx<'_>, first: Day) -> Result<()> {
    for table in ["engagement_counts", "engagement_bitmaps", "engagement_visits"] {
        tx.run(&format!("delete from {table} where day >= ?"), [first.0])?;
    }
    tx.run("delete from engagement_contacts where first_day >= ?", [first.0])?;
    tx.run("update engagement_contacts set last_day = ?1 - 1 where last_day >= ?1", [first.0])?;
    Ok(())
}

fn bit(contact: ContactId) -> Result<u32> {
    u32::try_from(contact.0).map_err(|error| Error::internal("a contact beyond 2^32").because(error))
}

fn each_bitmap(r: &Reader<'_>, (first, last): (Day, Day), mut each: impl FnMut(NameId, Day, RoaringBitmap)) -> Result<()> {
    let mut broken = None;
    r.each(
        "select name_id, day, contacts from engagement_bitmaps where name_id in (select 0 union all select id from engagement_names) \
         and day between ? and ?",
        params![first.0, last.0],
        |row| {
            match decode(row.get_ref(2)?.as_blob()?) {
                Ok(contacts) => each(NameId(row.get(0)?), Day(row.get(1)?), contacts),
                Err(error) => broken = Some(error),
            }
            Ok(())
        },
    )?;
    broken.map_or(Ok(()), Err)
}

/// Counts what is not counted elsewhere, and why.
pub fn pass(tx: &mut Tx<'_>, reason: &str, actions: u64) -> Result<()> {
    tx.run(
        "insert into engagement_passed (day, reason, actions) values (?, ?, ?) on conflict do update set actions = actions + excluded.actions",
        params![tx.now.day_start().0, reason, actions as i64],
    )?;
    Ok(())
}
