//! What people do to dumps, whether by console, API or file: checked, sealed, written, told to the desk.

use capability::settings::{ZONE, text};
use db::{Reader, Tx};
use jiff::tz::TimeZone;
use kernel::ids::DumpId;
use kernel::time::parse_zone;
use kernel::{Error, Fact, Result, Sealer, Time};

use super::flat::Given;
use super::model::{Dump, Encryption, Outcome, Run, Secrets, schedule, validate};
use super::store::{self, OwnKey};
use super::{TOPIC, seal};

/// The instance's zone; what cannot be read counts as UTC.
pub fn zone(r: &Reader<'_>) -> Result<TimeZone> {
    Ok(parse_zone(&text(r, &ZONE)?).unwrap_or(TimeZone::UTC))
}

pub fn create(tx: &mut Tx<'_>, sealer: &Sealer, given: Given) -> Result<Dump> {
    if store::list(tx)?.len() >= store::MOST as usize {
        return Err(Error::conflict(format!("There are {} dumps already; please remove one first.", store::MOST)));
    }
    let secrets = given.secrets.over(Secrets::default());
    let draft = validate::check(given.draft, &secrets)?;
    let id = store::insert(tx, sealer, &draft, &secrets)?;
    if draft.encryption == Encryption::Instance {
        key(tx, sealer)?;
    }
    reschedule(tx, id)
}

pub fn update(tx: &mut Tx<'_>, sealer: &Sealer, id: DumpId, given: Given) -> Result<Dump> {
    let before = store::get(tx, id)?;
    let secrets = given.secrets.over(store::secrets(tx, sealer, id)?);
    let draft = validate::check(given.draft, &secrets)?;
    store::update(tx, sealer, id, &draft, &secrets)?;
    if draft.encryption == Encryption::Instance {
        key(tx, sealer)?;
    }
    if draft.paused && !before.draft.paused {
        if before.is_retrying() {
            store::set_wanted(tx, id, None)?;
        }
        settle(tx, &before, "the pause of the backup")?;
    }
    let is_same = draft.paused == before.draft.paused && draft.cron == before.draft.cron && draft.every_hours == before.draft.every_hours;
    if is_same {
        tx.signal(TOPIC);
        return store::get(tx, id);
    }
    reschedule(tx, id)
}

/// What lies at the destination stays there.
pub fn delete(tx: &mut Tx<'_>, id: DumpId) -> Result<Dump> {
    let dump = store::get(tx, id)?;
    if store::is_running(tx, id)? {
        return Err(Error::conflict("It runs just now. Please wait for its end, then remove it."));
    }
    settle(tx, &dump, "the removal of the backup")?;
    store::delete(tx, id)?;
    tx.signal(TOPIC);
    Ok(dump)
}

pub fn run_now(tx: &mut Tx<'_>, id: DumpId, by: &str) -> Result<Dump> {
    let dump = store::get(tx, id)?;
    if store::is_running(tx, id)? {
        return Err(Error::conflict("It runs already."));
    }
    let now = tx.now;
    store::set_wanted(tx, id, Some((now, by)))?;
    tx.signal(TOPIC);
    Ok(dump)
}

/// A person looked: the smaller size is right. What went wrong after that run stays wrong.
pub fn accept(tx: &mut Tx<'_>, run: i64) -> Result<Run> {
    let run = store::get_run(tx, run)?;
    if run.outcome != Outcome::Doubtful {
        return Err(Error::conflict("Only a dump that is doubted for its size can be accepted."));
    }
    if run.object().is_none() {
        return Err(Error::conflict("This dump was rotated away: there is nothing left to accept."));
    }
    store::set_outcome(tx, run.id, Outcome::Good)?;
    if store::has_later_trouble(tx, &run)? {
        tx.signal(TOPIC);
    } else {
        became_good(tx, run.dump, run.ended_at.unwrap_or(run.started_at))?;
    }
    store::get_run(tx, run.id)
}

/// A good one of that moment is there: nothing is owed until the start after it, and what was wrong is over.
pub fn became_good(tx: &mut Tx<'_>, id: DumpId, at: Time) -> Result<()> {
    let Some(dump) = store::find(tx, id)? else { return Ok(()) };
    if dump.due_at.is_some_and(|due| due <= at) {
        let due = schedule::next_after(&dump.draft, &zone(tx)?, at);
        store::set_schedule(tx, id, dump.next_at, due)?;
    }
    settle(tx, &dump, "")
}

/// Ends the trouble, if there is any. `by` is empty when a good dump ended it.
fn settle(tx: &mut Tx<'_>, dump: &Dump, by: &str) -> Result<()> {
    tx.signal(TOPIC);
    if dump.trouble.is_none() {
        return Ok(());
    }
    store::set_trouble(tx, dump.id, None)?;
    let recovered_at = tx.now;
    work::record(tx, &Fact::DumpRecovered { dump: dump.id, name: dump.draft.name.clone(), recovered_at, by: by.to_owned() })
}

/// From now on, by its own rhythm.
fn reschedule(tx: &mut Tx<'_>, id: DumpId) -> Result<Dump> {
    let dump = store::get(tx, id)?;
    let next = if dump.draft.paused { None } else { schedule::next_after(&dump.draft, &zone(tx)?, tx.now) };
    store::set_schedule(tx, id, next, next)?;
    tx.signal(TOPIC);
    store::get(tx, id)
}

/// The key in use, made when it is first needed.
pub fn key(tx: &mut Tx<'_>, sealer: &Sealer) -> Result<OwnKey> {
    match store::own_keys(tx, sealer)?.into_iter().next() {
        Some(key) => Ok(key),
        None => new_key(tx, sealer),
    }
}

/// From now on dumps are made with another one. The earlier keys stay: what was made with them is opened by nothing else.
pub fn new_key(tx: &mut Tx<'_>, sealer: &Sealer) -> Result<OwnKey> {
    let (identity, recipient) = seal::new_key();
    store::insert_key(tx, sealer, &recipient, &identity)?;
    tx.signal(TOPIC);
    let newest = store::own_keys(tx, sealer)?.into_iter().next();
    newest.ok_or_else(|| Error::internal("reading the key that was just written"))
}
