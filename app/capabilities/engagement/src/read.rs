//! Actions as pages show them: with who it was, under which name, in which project. Out of both files; on a blocking thread.

use capability::House;
use db::Reader;
use identity::contacts::Contact;
use identity::store as people;
use kernel::ids::{ContactId, HandleId, ProjectId};
use kernel::{Result, Time};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

use crate::store::{self, Action, NameId};

/// An action with its words.
#[derive(Debug, Clone)]
pub struct Shown {
    pub at: Time,
    pub tie: i64,
    pub name: String,
    pub name_id: NameId,
    /// `None`: erased.
    pub contact: Option<ContactId>,
    pub who: String,
    pub project: ProjectId,
    pub is_client: bool,
    pub props: Map<String, Value>,
}

/// Where a list goes on: before this moment.
pub type Before = (Time, i64);

/// The newest of all.
pub const NEWEST: Before = (Time(i64::MAX), i64::MAX);

/// `123-4`, as addresses have it; what cannot be read begins at the newest.
pub fn parse_before(text: &str) -> Before {
    let parsed = text.split_once('-').and_then(|(at, tie)| Some((Time(at.parse().ok()?), tie.parse().ok()?)));
    parsed.unwrap_or(NEWEST)
}

pub fn newest(house: &House, before: Before, limit: u32) -> Result<Vec<Shown>> {
    let actions = house.telemetry.read_blocking(|r| store::newest(r, before, limit))?;
    house.hermetic.read_blocking(|r| shown(r, actions))
}

pub fn newest_of(house: &House, contact: ContactId, before: Before, limit: u32) -> Result<Vec<Shown>> {
    let handles: Vec<HandleId> =
        house.hermetic.read_blocking(|r| people::handles_of(r, contact))?.into_iter().map(|(id, _, _)| id).collect();
    let actions = house.telemetry.read_blocking(|r| store::newest_of(r, &handles, before, limit))?;
    house.hermetic.read_blocking(|r| shown(r, actions))
}

fn shown(r: &Reader<'_>, actions: Vec<Action>) -> Result<Vec<Shown>> {
    let mut names: HashMap<NameId, String> = HashMap::new();
    let mut whose: HashMap<HandleId, Option<Contact>> = HashMap::new();
    let mut all = Vec::with_capacity(actions.len());
    for action in actions {
        if let std::collections::hash_map::Entry::Vacant(entry) = names.entry(action.name) {
            entry.insert(store::get_name(r, action.name)?.name);
        }
        if let std::collections::hash_map::Entry::Vacant(entry) = whose.entry(action.handle) {
            let contact = people::contact_of_handle(r, action.handle)?;
            entry.insert(contact.map(|contact| people::get_contact(r, contact)).transpose()?);
        }
        let contact = whose.get(&action.handle).and_then(Option::as_ref);
        all.push(Shown {
            at: action.at,
            tie: action.tie,
            name: names.get(&action.name).cloned().unwrap_or_default(),
            name_id: action.name,
            contact: contact.map(|contact| contact.id),
            who: contact.map_or_else(|| "erased".to_owned(), Contact::label),
            project: action.project,
            is_client: action.is_client,
            props: serde_json::from_slice(&action.props()?).unwrap_or_default(),
        });
    }
    Ok(all)
}

/// Actions of one export. Whoever has more has been a program.
const EXPORTED: u32 = 200_000;

/// Everything that is kept of a contact here.
pub fn everything(house: &House, id: ContactId) -> Result<Value> {
    let (contact, handles) = house.hermetic.read_blocking(|r| Ok((people::get_contact(r, id)?, people::handles_of(r, id)?)))?;
    let customer = match contact.customer {
        Some(customer) => house.hermetic.read_blocking(|r| people::find_customer(r, customer))?,
        None => None,
    };
    let actions = newest_of(house, id, NEWEST, EXPORTED)?;
    let answers = house.hermetic.read_blocking(|r| store::answers_of(r, &handles.iter().map(|(id, _, _)| *id).collect::<Vec<_>>()))?;
    Ok(json!({
        "contact": id, "email": contact.email, "name": contact.name, "traits": contact.traits, "is_identified": contact.is_identified,
        "first_seen_at": contact.created_at.rfc3339_millis(),
        "customer": customer.map(|customer| json!({"key": customer.key, "name": customer.name, "traits": customer.traits})),
        "ids": handles.into_iter().map(|(_, key, is_given)| json!({"id": key, "is_given": is_given})).collect::<Vec<_>>(),
        "answers": answers.into_iter().map(|(survey, answer)| json!({
            "survey": survey, "score": answer.score, "comment": answer.comment, "answered_at": answer.answered_at.rfc3339_millis(),
        })).collect::<Vec<_>>(),
        "actions": actions.into_iter().map(|action| json!({
            "at": action.at.rfc3339_millis(), "name": action.name, "properties": action.props,
        })).collect::<Vec<_>>(),
    }))
}
