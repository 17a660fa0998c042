//! Forgetting a contact: what it did, what is known of it, and what other capabilities keep of it.
//!
//! What a program sent lies in the log for a day after it was counted, with the ids in it: all that was counted already goes along. Freed pages
//! of the files are written over as they are used again.

use capability::{Cx, House, Person};
use db::Tx;
use identity::store as people;
use ingest::Kind;
use kernel::ids::{ContactId, HandleId};
use kernel::{Error, Result, Time};

use crate::digest::{Counting, NAME};
use crate::model::Calendar;
use crate::settings;
use crate::store::{self, Bare, Gains};

/// What becomes of what it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Gone from all counts of the actions that are kept, as if it had never been here.
    Delete,
    /// Counts stay; nobody can tell any more who it was.
    Anonymise,
}

/// What was erased: capability and things.
pub type Erased = Vec<(&'static str, u64)>;

/// Rows of one transaction of telemetry.db: the door waits behind it.
const BATCH: u32 = 1_000;

pub async fn erase(
    cx: &Cx,
    contact: ContactId,
    mode: Mode,
    note: impl FnOnce(&mut Tx<'_>) -> Result<()> + Send + 'static,
) -> Result<Erased> {
    let turn = Counting::of(cx)?.turn().await;
    let house = cx.clone();
    let done = tokio::task::spawn_blocking(move || erase_now(&house, contact, mode, note)).await;
    drop(turn);
    done.unwrap_or_else(|panic| Err(Error::internal("erasing a contact").because(panic)))
}

fn erase_now(
    house: &House,
    contact: ContactId,
    mode: Mode,
    note: impl FnOnce(&mut Tx<'_>) -> Result<()> + Send + 'static,
) -> Result<Erased> {
    let (known, handles, zone) = house
        .hermetic
        .read_blocking(|r| Ok((people::get_contact(r, contact)?, people::handles_of(r, contact)?, settings::counted_zone(r)?)))?;
    let emails = if known.email.is_empty() { Vec::new() } else { vec![known.email] };
    let person = Person { ids: handles.iter().map(|(_, key, _)| key.clone()).collect(), emails };
    let ids: Vec<HandleId> = handles.into_iter().map(|(id, _, _)| id).collect();
    let calendar = Calendar::new(kernel::time::parse_zone(&zone)?);
    let losses = losses(house, contact, &ids, &calendar)?;
    let actions: u64 = losses.slots.values().sum();
    let left = ids.clone();
    house.hermetic.write_blocking(move |tx| {
        left.iter().try_for_each(|handle| store::forget_answers(tx, *handle, mode == Mode::Anonymise))?;
        match mode {
            Mode::Delete => {
                store::lose(tx, &losses)?;
                store::replace_contact(tx, contact, None)?;
                left.iter().try_for_each(|handle| store::note_erased(tx, *handle))?;
                people::erase_contact(tx, contact)?;
            }
            Mode::Anonymise => people::anonymise_contact(tx, contact)?,
        }
        tx.signal(crate::TOPIC);
        note(tx)
    })?;
    for handle in ids {
        empty_log(house, handle, mode)?;
    }
    remove_counted_items(house)?;
    let mut erased = house.registry.erase(house, &person)?;
    erased.insert(0, (NAME, actions));
    Ok(erased)
}

/// What the kept actions of these handles come to.
fn losses(house: &House, contact: ContactId, handles: &[HandleId], calendar: &Calendar) -> Result<Gains> {
    let (mut losses, mut days) = (Gains::default(), calendar.walker());
    house.telemetry.read_blocking(|r| {
        handles.iter().try_for_each(|handle| store::each_of(r, *handle, |bare: Bare| losses.add(days.day_of(bare.at), contact, &bare)))
    })?;
    Ok(losses)
}

/// Takes a handle's actions out of the log, or what is known of them. A job ends what was broken off ([`end_erasures`]).
fn empty_log(house: &House, handle: HandleId, mode: Mode) -> Result<()> {
    if mode == Mode::Anonymise {
        return house.telemetry.write_blocking(move |tx| store::forget_props(tx, handle));
    }
    while house.telemetry.write_blocking(move |tx| store::remove_of(tx, handle, BATCH))? > 0 {}
    house.hermetic.write_blocking(move |tx| store::end_erased(tx, handle))
}

/// What a crash has left of erasures.
pub fn end_erasures(house: &House) -> Result<()> {
    let left = house.hermetic.read_blocking(store::erased)?;
    left.into_iter().try_for_each(|handle| empty_log(house, handle, Mode::Delete))
}

fn remove_counted_items(house: &House) -> Result<()> {
    let cursor = house.hermetic.read_blocking(|r| ingest::store::cursor(r, NAME))?;
    loop {
        let mut ids = house.telemetry.read_blocking(|r| ingest::store::items_before(r, &[Kind::Actions], Time(i64::MAX), BATCH))?;
        ids.retain(|id| *id <= cursor);
        if ids.is_empty() {
            return Ok(());
        }
        house.telemetry.write_blocking(move |tx| ingest::store::remove_items(tx, &ids))?;
    }
}
