//! What people do to monitors, whether by console, API or file: checked, sealed, written, announced to the runner.

use db::Tx;
use kernel::error::FieldErrors;
use kernel::ids::{MonitorId, random_public_id};
use kernel::text::WebUrl;
use kernel::{Error, Fact, Result, Sealer};

use crate::model::flat::Given;
use crate::model::validate;
use crate::model::watch::{Auth, Draft, Header, HttpWatch, Kind, Monitor, Secrets, Watch};
use crate::store;

/// More than these are refused: the runner and the lists hold all of them in memory.
const MOST: u64 = 5_000;

pub fn create(tx: &mut Tx<'_>, sealer: &Sealer, given: Given) -> Result<Monitor> {
    if store::monitors::count(tx)? >= MOST {
        return Err(Error::conflict("There are 5000 monitors already; please remove one first."));
    }
    let Given { draft, mut secrets } = given;
    let draft = validate::check(draft, &secrets)?;
    tidy(&draft, &mut secrets);
    let id = store::monitors::insert(tx, sealer, &draft, &secrets)?;
    announce(tx);
    store::monitors::get(tx, id)
}

/// Secrets that were left empty stay as they are.
pub fn update(tx: &mut Tx<'_>, sealer: &Sealer, id: MonitorId, given: Given) -> Result<Monitor> {
    let stored = store::monitors::get(tx, id)?;
    let mut secrets = kept_secrets(&stored.watch, &store::monitors::secrets(tx, sealer, id)?, &given)?;
    let draft = validate::check(given.draft, &secrets)?;
    tidy(&draft, &mut secrets);
    store::monitors::update(tx, sealer, id, &draft, &secrets)?;
    if draft.watch.kind() != stored.watch.kind() {
        store::states::forget_beats(tx, id)?;
    }
    announce(tx);
    store::monitors::get(tx, id)
}

/// Stored credentials stay with the host that they were given for: whoever may change an address may not know them, and would
/// read them at the other end.
pub fn kept_secrets(before: &Watch, stored: &Secrets, given: &Given) -> Result<Secrets> {
    if stored.is_lost {
        return after_loss(before, stored, given);
    }
    let origin = |http: &HttpWatch| WebUrl::parse(&http.url).ok().map(|url| url.url().origin());
    let Watch::Http(after) = &given.draft.watch else { return Ok(given.secrets.clone().or_keep(stored)) };
    // An address that cannot be read is refused by the validation.
    let is_same = matches!(before, Watch::Http(before) if origin(after).is_none_or(|after| Some(after) == origin(before)));
    if is_same {
        return Ok(given.secrets.clone().or_keep(stored));
    }
    let secrets = given.secrets.clone().or_keep(&Secrets { beat_token: stored.beat_token.clone(), ..Secrets::default() });
    let mut errors = FieldErrors::default();
    let mut ask = |field: &str| errors.push(field, "The address changed to another host: please give the credentials again.");
    match &after.auth {
        Auth::Bearer if secrets.bearer.is_empty() => ask("bearer"),
        // A password may be empty, so that the validation alone would not ask.
        Auth::Basic { .. } if secrets.password.is_empty() && !stored.password.is_empty() => ask("password"),
        _ => {}
    }
    let is_missing =
        |header: &Header| header.secret && secrets.headers.get(&header.name.trim().to_lowercase()).is_none_or(String::is_empty);
    if after.headers.iter().any(is_missing) {
        ask("headers");
    }
    errors.finish()?;
    Ok(secrets)
}

/// Nothing of what is stored can be read. Entering again is all or nothing: a check with half of its credentials would fail.
fn after_loss(before: &Watch, stored: &Secrets, given: &Given) -> Result<Secrets> {
    let secrets = given.secrets.clone();
    let Watch::Http(after) = &given.draft.watch else {
        // The address of a heartbeat goes on to be heard, though it cannot be shown.
        let stays = matches!((before, &given.draft.watch), (Watch::Heartbeat(_), Watch::Heartbeat(_))) && secrets.beat_token.is_empty();
        return Ok(if stays { stored.clone() } else { secrets });
    };
    let has_header = |header: &Header| secrets.headers.get(&header.name.trim().to_lowercase()).is_some_and(|value| !value.is_empty());
    let lacks_header = after.headers.iter().any(|header| header.secret && !has_header(header));
    let lacking = [
        (matches!(after.auth, Auth::Bearer) && secrets.bearer.is_empty(), "bearer"),
        (matches!(after.auth, Auth::Basic { .. }) && secrets.password.is_empty(), "password"),
        (lacks_header, "headers"),
    ];
    if lacking.iter().all(|(is_lacking, _)| !is_lacking) {
        return Ok(secrets);
    }
    let is_none_given = secrets.password.is_empty() && secrets.bearer.is_empty() && secrets.headers.values().all(String::is_empty);
    if is_none_given && matches!(before, Watch::Http(_)) {
        return Ok(stored.clone());
    }
    let mut errors = FieldErrors::default();
    for (_, field) in lacking.into_iter().filter(|(is_lacking, _)| *is_lacking) {
        errors.push(field, "What was stored was sealed with a key file that is gone: please enter all credentials again.");
    }
    errors.finish()?;
    Ok(secrets)
}

pub fn set_paused(tx: &mut Tx<'_>, id: MonitorId, is_paused: bool) -> Result<Monitor> {
    store::monitors::set_paused(tx, id, is_paused)?;
    announce(tx);
    store::monitors::get(tx, id)
}

/// What is open about it ends with it, and nothing names it any more: neither groups nor dependants nor windows.
pub fn delete(tx: &mut Tx<'_>, id: MonitorId) -> Result<Monitor> {
    let monitor = store::monitors::get(tx, id)?;
    store::monitors::delete(tx, id)?;
    store::windows::forget(tx, id)?;
    work::record(tx, &Fact::MonitorSilenced { monitor: id, name: monitor.name.clone() })?;
    announce(tx);
    Ok(monitor)
}

/// A new address for the job's reports; the old one ends at once.
pub fn renew_beat_token(tx: &mut Tx<'_>, sealer: &Sealer, id: MonitorId) -> Result<Monitor> {
    let monitor = store::monitors::get(tx, id)?;
    let stored = store::monitors::secrets(tx, sealer, id)?;
    let is_lost = stored.is_lost && monitor.watch.kind() != Kind::Heartbeat;
    let secrets = Secrets { beat_token: random_public_id(), is_lost, ..stored };
    store::monitors::update(tx, sealer, id, &monitor.draft, &secrets)?;
    announce(tx);
    Ok(monitor)
}

pub fn announce(tx: &mut Tx<'_>) {
    tx.signal(crate::CONFIG_TOPIC);
    tx.signal(crate::TOPIC);
}

/// A heartbeat gets its address; secrets that nothing uses any more are dropped.
fn tidy(draft: &Draft, secrets: &mut Secrets) {
    if draft.watch.kind() == Kind::Heartbeat && secrets.beat_token.is_empty() && !secrets.is_lost {
        secrets.beat_token = random_public_id();
    }
    match &draft.watch {
        Watch::Http(http) => {
            let is_used = |name: &str| http.headers.iter().any(|header| header.secret && header.name.eq_ignore_ascii_case(name));
            secrets.headers.retain(|name, _| is_used(name));
        }
        _ => secrets.headers.clear(),
    }
}
