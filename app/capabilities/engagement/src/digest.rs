//! How what SDKs told becomes actions that are counted: who it was is settled first, then each action is filed once in telemetry.db, and what
//! they add up to goes into the state with the cursor.

use capability::digest::{Change, Digest};
use capability::{Cx, House};
use db::Tx;
use identity::store as people;
use ingest::action::{Act, Action, Actions};
use ingest::{Item, Kind, pack};
use kernel::ids::{ContactId, HandleId};
use kernel::time::{DAY, parse_zone};
use kernel::{Error, Result, Time};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::model::{Calendar, Moment, when};
use crate::settings;
use crate::store::{self, Bare, Gains, IS_CLIENT, IS_LATE, Key, NameId, NewAction, PLACES};

pub struct Counted;

/// Names the cursor.
pub const NAME: &str = "engagement";

/// Actions of one transaction of telemetry.db: the door waits behind it.
const PORTION: usize = 1_000;

/// What is told in one item, with where it lies.
struct Told<'a> {
    item: &'a Item,
    position: usize,
    action: Action,
}

impl Digest for Counted {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Actions]
    }

    fn digest(&self, cx: &Cx, items: &[Item]) -> Result<Change> {
        let told = read(items)?;
        let turn = Counting::of(cx)?.turn_blocking();
        let who = Arc::new(settle(cx, &told)?);
        let (zone, keeps) = cx.hermetic.read_blocking(|r| Ok((settings::counted_zone(r)?, settings::keep(r)?)))?;
        let calendar = Calendar::new(parse_zone(&zone)?);
        if let Some(item) = items.first() {
            let (received_at, id) = (item.received_at, item.id);
            cx.telemetry.write_blocking(move |tx| store::mark(tx, received_at, id))?;
        }
        let (fresh, passed) = file_all(cx, &told, &who, keeps)?;
        let passive = who.passive.clone();
        Ok(Box::new(move |tx| {
            let gains = gains(tx, &fresh, &calendar)?;
            store::gain(tx, &gains, &passive)?;
            passed.iter().filter(|(_, actions)| **actions > 0).try_for_each(|(reason, actions)| store::pass(tx, reason, *actions))?;
            store::set_zone(tx, &zone)?;
            tx.signal(crate::TOPIC);
            drop(turn);
            Ok(())
        }))
    }
}

/// What counts, and how much does not, and why.
type Filed = (Vec<NewAction>, BTreeMap<&'static str, u64>);

/// Portion by portion: while one is written, the next is worked out and packed, which costs about as much.
fn file_all(cx: &Cx, told: &[Told<'_>], who: &Who, keeps: Duration) -> Result<Filed> {
    std::thread::scope(|scope| {
        let (ready, portions) = std::sync::mpsc::sync_channel(1);
        scope.spawn(move || {
            for portion in told.chunks(PORTION) {
                if ready.send(work_out(portion, who, keeps)).is_err() {
                    return;
                }
            }
        });
        let (mut fresh, mut passed) = (Vec::new(), BTreeMap::new());
        for (news, more) in portions {
            for (reason, actions) in more {
                *passed.entry(reason).or_default() += actions;
            }
            let (filed, again) = cx.telemetry.write_blocking(move |tx| file(tx, news))?;
            fresh.extend(filed);
            *passed.entry("duplicate").or_default() += again;
        }
        Ok((fresh, passed))
    })
}

fn work_out(portion: &[Told<'_>], who: &Who, keeps: Duration) -> Filed {
    let mut passed = BTreeMap::new();
    let did = portion.iter().filter(|told| told.action.act == Act::Did);
    let news = did.filter_map(|told| new_action(told, who, keeps, &mut passed)).collect();
    (news, passed)
}

fn read(items: &[Item]) -> Result<Vec<Told<'_>>> {
    let mut all = Vec::new();
    for item in items {
        let payload = item.payload()?;
        let told: Actions = serde_json::from_slice(&payload).map_err(|error| Error::internal("reading actions").because(error))?;
        all.extend(told.items.into_iter().enumerate().map(|(position, action)| Told { item, position, action }));
    }
    Ok(all)
}

/// Who did what under which name, as numbers.
#[derive(Default)]
struct Who {
    handles: HashMap<String, HandleId>,
    names: HashMap<String, NameId>,
    passive: HashSet<NameId>,
    /// Handles that were not made, because too many were today.
    turned_away: HashSet<String>,
}

/// Handles, links, traits and names are made before anything is filed. Done again it changes nothing more.
fn settle(cx: &Cx, told: &[Told<'_>]) -> Result<Who> {
    let mut who = cx.hermetic.read_blocking(|r| {
        let names = store::list_names(r)?;
        let passive = names.iter().filter(|name| !name.is_activity).map(|name| name.id).collect();
        let names = names.into_iter().map(|name| (name.name, name.id)).collect();
        Ok(Who { names, passive, ..Who::default() })
    })?;
    let keys: HashSet<String> = told.iter().filter_map(|told| handle_of(&told.action)).map(str::to_owned).collect();
    who.handles = cx.hermetic.read_blocking(move |r| {
        let mut known = HashMap::with_capacity(keys.len());
        for key in keys {
            if let Some(handle) = people::find_handle(r, &key)? {
                known.insert(key, handle.id);
            }
        }
        Ok(known)
    })?;
    let open: Vec<(Action, Time)> =
        told.iter().filter(|told| is_news(&told.action, &who)).map(|told| (told.action.clone(), told.item.received_at)).collect();
    if open.is_empty() {
        return Ok(who);
    }
    cx.hermetic.write_blocking(move |tx| {
        for (action, _) in &open {
            learn(tx, action, &mut who)?;
        }
        who.passive = store::passive_names(tx)?;
        Ok(who)
    })
}

/// Whose doing it counts as.
fn handle_of(action: &Action) -> Option<&str> {
    [&action.user, &action.visitor].into_iter().find(|key| !key.is_empty()).map(String::as_str)
}

/// Whether something has to be written before it can be counted.
fn is_news(action: &Action, who: &Who) -> bool {
    let is_known = handle_of(action).is_some_and(|key| who.handles.contains_key(key)) && who.names.contains_key(&action.name);
    action.act != Act::Did || !is_known || (!action.user.is_empty() && !action.visitor.is_empty()) || !action.group.is_empty()
}

fn learn(tx: &mut Tx<'_>, action: &Action, who: &mut Who) -> Result<()> {
    let Some(key) = handle_of(action) else { return learn_of_group(tx, action) };
    let others = [key, other_of(action)];
    for key in others.into_iter().filter(|key| !key.is_empty()) {
        if people::find_handle(tx, key)?.is_none() && !store::admit_newcomer(tx)? {
            who.turned_away.extend(others.map(str::to_owned));
            return Ok(());
        }
    }
    let handle = linked(tx, action, key)?;
    who.handles.insert(key.to_owned(), handle.id);
    if action.act == Act::Did && !who.names.contains_key(&action.name) {
        who.names.insert(action.name.clone(), store::ensure_name(tx, &action.name)?);
    }
    if action.act == Act::Joined {
        return people::join_customer(tx, handle.contact, &action.group, &told(&action.traits));
    }
    if !action.group.is_empty() {
        people::join_customer(tx, handle.contact, &action.group, &Map::new())?;
    }
    for (traits, wins) in [(&action.traits, true), (&action.first_traits, false)] {
        if traits.is_some() {
            people::learn_of_contact(tx, handle.contact, &told(traits), wins)?;
        }
    }
    Ok(())
}

fn told(json: &Option<Box<RawValue>>) -> Map<String, Value> {
    json.as_ref().and_then(|json| serde_json::from_str(json.get()).ok()).unwrap_or_default()
}

/// Programs tell of a company without naming a person.
fn learn_of_group(tx: &mut Tx<'_>, action: &Action) -> Result<()> {
    if action.act != Act::Joined {
        return Ok(());
    }
    people::learn_of_customer(tx, &action.group, &told(&action.traits)).map(drop)
}

/// The second handle that an action names: who it was before, or the browser.
fn other_of(action: &Action) -> &str {
    match action.act {
        Act::Linked => &action.previous,
        _ if action.user.is_empty() => "",
        _ => &action.visitor,
    }
}

/// The handle of `key`, linked with the other that the action names. What is counted by contact moves along.
fn linked(tx: &mut Tx<'_>, action: &Action, key: &str) -> Result<identity::contacts::Handle> {
    let other = other_of(action);
    if other.is_empty() || other == key {
        return people::ensure_handle(tx, key, !action.user.is_empty());
    }
    let linked = people::link_handles(tx, key, other, action.is_forced)?;
    if let Some(merged) = linked.merged {
        store::replace_contact(tx, merged.from, Some(merged.into))?;
    }
    Ok(linked.handle)
}

/// `None`: it is not counted, which `passed` says.
fn new_action(told: &Told<'_>, who: &Who, keeps: Duration, passed: &mut BTreeMap<&'static str, u64>) -> Option<NewAction> {
    let Told { item, action, .. } = told;
    let mut pass = |reason| *passed.entry(reason).or_default() += 1;
    let (Some(handle), Some(name)) = (handle_of(action).and_then(|key| who.handles.get(key)), who.names.get(&action.name)) else {
        let is_turned_away = handle_of(action).is_some_and(|key| who.turned_away.contains(key));
        pass(if is_turned_away { "too_many_people" } else { "nobody" });
        return None;
    };
    let at = when(&Moment { at: action.at, sent_at: action.sent_at, received_at: item.received_at });
    if at < item.received_at - keeps {
        pass("too_old");
        return None;
    }
    let place = place_of(told);
    let is_late = at < item.received_at - DAY;
    let props = action.props.as_ref().map_or("", |props| props.get());
    Some(NewAction {
        key: key_of(action, item, place),
        at,
        name: *name,
        handle: *handle,
        project: item.project,
        flags: if action.is_client { IS_CLIENT } else { 0 } | if is_late { IS_LATE } else { 0 },
        props: pack::pack(if props == "{}" { b"" } else { props.as_bytes() }),
    })
}

fn place_of(told: &Told<'_>) -> i64 {
    told.item.id.saturating_mul(PLACES).saturating_add(told.position as i64)
}

/// What gives no id is known by where it came, so that at least a digest that is repeated finds it again.
fn key_of(action: &Action, item: &Item, place: i64) -> Key {
    let by_client = action.at.map_or(item.received_at, Time);
    let told = if action.id.is_empty() { format!("at {place}") } else { format!("{} {}", item.project, action.id) };
    Key { day: by_client.day_start().0 / 86_400_000, hash: kernel::ids::short_digest(&told), place }
}

/// Those that count, and how many came before.
fn file(tx: &mut Tx<'_>, portion: Vec<NewAction>) -> Result<(Vec<NewAction>, u64)> {
    let (mut filed, mut again) = (Vec::with_capacity(portion.len()), 0);
    for new in portion {
        if store::file(tx, &new)? { filed.push(new) } else { again += 1 }
    }
    Ok((filed, again))
}

fn gains(tx: &Tx<'_>, fresh: &[NewAction], calendar: &Calendar) -> Result<Gains> {
    let (mut gains, mut days) = (Gains::default(), calendar.walker());
    let mut contacts: HashMap<HandleId, Option<ContactId>> = HashMap::new();
    for new in fresh {
        let contact = match contacts.get(&new.handle) {
            Some(contact) => *contact,
            None => *contacts.entry(new.handle).or_insert(people::contact_of_handle(tx, new.handle)?),
        };
        // None: erased while this was digested.
        if let Some(contact) = contact {
            let bare = Bare { at: new.at, name: new.name, handle: new.handle, is_client: new.flags & IS_CLIENT != 0 };
            gains.add(days.day_of(new.at), contact, &bare);
        }
    }
    Ok(gains)
}

/// Whether a digest that was broken off has filed something of this item.
pub fn is_begun(house: &House, item: &Item) -> Result<bool> {
    let told = read(std::slice::from_ref(item))?;
    let Some(first) = told.iter().find(|told| told.action.act == Act::Did) else { return Ok(false) };
    let key = key_of(&first.action, item, place_of(first));
    house.telemetry.read_blocking(|r| store::is_filed(r, key))
}

/// Whoever changes what is counted takes turns: the digest with each of its batches, a rebuild as a whole.
#[derive(Default)]
pub struct Counting(Arc<Mutex<()>>);

/// As long as it is held nobody else changes what is counted.
pub struct Turn {
    _guard: OwnedMutexGuard<()>,
    /// The house keeps it only as long as somebody does: without this the next one would take turns with nobody.
    _counting: Arc<Counting>,
}

impl Counting {
    pub fn of(house: &House) -> Result<Arc<Counting>> {
        house.slots.get_or_make(|| Ok(Counting::default()))
    }

    pub async fn turn(self: Arc<Counting>) -> Turn {
        Turn { _guard: Arc::clone(&self.0).lock_owned().await, _counting: self }
    }

    fn turn_blocking(self: Arc<Counting>) -> Turn {
        Turn { _guard: Arc::clone(&self.0).blocking_lock_owned(), _counting: self }
    }
}
