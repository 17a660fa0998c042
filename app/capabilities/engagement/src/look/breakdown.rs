//! What is known of one action: by the values of a property, out of the newest that are kept.

use capability::House;
use identity::store as people;
use kernel::Result;
use kernel::ids::{ContactId, HandleId};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap, HashSet};

use super::Range;
use crate::settings;
use crate::store::{self, Action, Name, NameId};

pub struct Breakdown {
    pub name: Name,
    pub range: Range,
    /// Properties with how many of the actions have them, the common first.
    pub keys: Vec<(String, u64)>,
    /// What the values are of; empty where no action has a property.
    pub by: String,
    /// The most people first.
    pub values: Vec<Valued>,
    /// How many actions were looked at, and whether there are more of the range.
    pub looked: u64,
    pub is_cut: bool,
    pub people: u64,
}

/// One value, and who told it how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Valued {
    pub value: String,
    pub people: u64,
    pub actions: u64,
}

/// Properties are packed action by action: so many are opened for a page.
const LOOKED: u32 = 20_000;
/// Values and properties that a page shows.
const MOST: usize = 50;

/// `by`: empty for the property that most of the actions have.
pub fn breakdown(house: &House, name: NameId, by: &str, range: Range) -> Result<Breakdown> {
    let (name, within) = house.hermetic.read_blocking(|r| {
        let calendar = settings::calendar(r)?;
        let (first, last) = range.until(calendar.day_of(r.now));
        Ok((store::get_name(r, name)?, (calendar.start_of(first), calendar.start_of(last.plus(1)))))
    })?;
    let mut actions = house.telemetry.read_blocking(|r| store::newest_named(r, name.id, within, LOOKED + 1))?;
    let is_cut = actions.len() > LOOKED as usize;
    actions.truncate(LOOKED as usize);
    let contacts = contacts(house, &actions)?;
    let mut keys: BTreeMap<String, u64> = BTreeMap::new();
    let mut opened: Vec<(Option<ContactId>, Map<String, Value>)> = Vec::with_capacity(actions.len());
    for action in &actions {
        let props: Map<String, Value> = serde_json::from_slice(&action.props()?).unwrap_or_default();
        props.keys().for_each(|key| *keys.entry(key.clone()).or_default() += 1);
        opened.push((contacts.get(&action.handle).copied().flatten(), props));
    }
    let mut keys: Vec<(String, u64)> = keys.into_iter().collect();
    keys.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    keys.truncate(MOST);
    let by = if by.is_empty() { keys.first().map(|(key, _)| key.clone()).unwrap_or_default() } else { by.to_owned() };
    let everybody: HashSet<ContactId> = opened.iter().filter_map(|(contact, _)| *contact).collect();
    Ok(Breakdown {
        values: values(&opened, &by),
        looked: opened.len() as u64,
        people: everybody.len() as u64,
        name,
        range,
        keys,
        by,
        is_cut,
    })
}

fn contacts(house: &House, actions: &[Action]) -> Result<HashMap<HandleId, Option<ContactId>>> {
    let handles: HashSet<HandleId> = actions.iter().map(|action| action.handle).collect();
    house.hermetic.read_blocking(|r| handles.into_iter().map(|handle| Ok((handle, people::contact_of_handle(r, handle)?))).collect())
}

fn values(opened: &[(Option<ContactId>, Map<String, Value>)], by: &str) -> Vec<Valued> {
    let mut sums: BTreeMap<String, (HashSet<ContactId>, u64)> = BTreeMap::new();
    for (contact, props) in opened {
        let value = props.get(by).map_or_else(|| "(not told)".to_owned(), |value| kernel::text::shorten(&crate::pages::plain(value), 80));
        let (who, times) = sums.entry(value).or_default();
        who.extend(contact);
        *times += 1;
    }
    let mut values: Vec<Valued> =
        sums.into_iter().map(|(value, (who, actions))| Valued { value, people: who.len() as u64, actions }).collect();
    values.sort_by(|one, other| (other.people, other.actions).cmp(&(one.people, one.actions)).then_with(|| one.value.cmp(&other.value)));
    values.truncate(MOST);
    values
}
