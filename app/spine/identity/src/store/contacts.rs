//! SQL of contacts, their customers and handles.

use db::{Reader, Tx};
use kernel::ids::{ContactId, CustomerId, HandleId};
use kernel::{Error, Result, Time};
use rusqlite::{Row, params};
use serde_json::{Map, Value};

use crate::contacts::{Contact, Customer, Handle, Link, Merged, Side, email_of, learn, link, name_of};

const CONTACT_COLUMNS: &str = "id, customer_id, is_identified, email, name, traits, created_at";

fn read_contact(row: &Row<'_>) -> rusqlite::Result<Contact> {
    Ok(Contact {
        id: ContactId(row.get(0)?),
        customer: row.get::<_, Option<i64>>(1)?.map(CustomerId),
        is_identified: row.get(2)?,
        email: row.get(3)?,
        name: row.get(4)?,
        traits: map_of(&row.get::<_, String>(5)?),
        created_at: Time(row.get(6)?),
    })
}

fn map_of(json: &str) -> Map<String, Value> {
    serde_json::from_str(json).unwrap_or_default()
}

fn text_of(traits: &Map<String, Value>) -> Result<String> {
    serde_json::to_string(traits).map_err(|error| Error::internal("writing traits").because(error))
}

pub fn find_contact(r: &Reader<'_>, id: ContactId) -> Result<Option<Contact>> {
    r.row(&format!("select {CONTACT_COLUMNS} from identity_contacts where id = ?"), [id.0], read_contact)
}

pub fn get_contact(r: &Reader<'_>, id: ContactId) -> Result<Contact> {
    find_contact(r, id)?.ok_or_else(|| Error::not_found("contact"))
}

/// Whose handle this is; then those whose address or name begins with it.
pub fn find_contacts(r: &Reader<'_>, text: &str, limit: u32) -> Result<Vec<Contact>> {
    let text = text.trim();
    let mut found = Vec::new();
    if let Some(handle) = find_handle(r, text)? {
        found.extend(find_contact(r, handle.contact)?);
    }
    let end = format!("{text}\u{10ffff}");
    for column in ["email", "name"] {
        let sql = format!(
            "select {CONTACT_COLUMNS} from identity_contacts where {column} <> '' and {column} >= ?1 collate nocase and {column} < ?2 collate nocase \
             order by {column} collate nocase limit ?3"
        );
        found.extend(r.rows(&sql, params![text, end, limit], read_contact)?);
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|contact| seen.insert(contact.id));
    found.truncate(limit as usize);
    Ok(found)
}

/// The handle with the contact it belongs to now.
pub fn find_handle(r: &Reader<'_>, key: &str) -> Result<Option<Handle>> {
    r.row("select id, contact_id from identity_handles where key = ?", [key], |row| {
        Ok(Handle { id: HandleId(row.get(0)?), contact: ContactId(row.get(1)?) })
    })
}

/// Whom a handle means now; `None` once its contact was erased.
pub fn contact_of_handle(r: &Reader<'_>, id: HandleId) -> Result<Option<ContactId>> {
    r.row("select contact_id from identity_handles where id = ?", [id.0], |row| row.get(0).map(ContactId))
}

/// No handle has a higher number.
pub fn highest_handle(r: &Reader<'_>) -> Result<HandleId> {
    r.value("select coalesce(max(id), 0) from identity_handles", []).map(HandleId)
}

/// Every handle with whom it means now.
pub fn all_handles(r: &Reader<'_>) -> Result<Vec<(HandleId, ContactId)>> {
    r.rows("select id, contact_id from identity_handles order by id", [], |row| Ok((HandleId(row.get(0)?), ContactId(row.get(1)?))))
}

/// Key and whether a program gave it; at most 1,000.
pub fn handles_of(r: &Reader<'_>, contact: ContactId) -> Result<Vec<(HandleId, String, bool)>> {
    r.rows("select id, key, is_given from identity_handles where contact_id = ? order by id limit 1000", [contact.0], |row| {
        Ok((HandleId(row.get(0)?), row.get(1)?, row.get(2)?))
    })
}

fn new_contact(tx: &mut Tx<'_>, is_identified: bool) -> Result<ContactId> {
    let id = tx.insert(
        "insert into identity_contacts (is_identified, email, name, traits, created_at) values (?, '', '', '{}', ?)",
        params![is_identified, tx.now.0],
    )?;
    // Bitmaps hold 32 bits.
    if u32::try_from(id).is_err() {
        return Err(Error::internal("there are more than 2^32 contacts"));
    }
    Ok(ContactId(id))
}

fn new_handle(tx: &mut Tx<'_>, key: &str, is_given: bool, contact: ContactId) -> Result<Handle> {
    let id = tx.insert(
        "insert into identity_handles (key, is_given, contact_id, created_at) values (?, ?, ?, ?)",
        params![key, is_given, contact.0, tx.now.0],
    )?;
    Ok(Handle { id: HandleId(id), contact })
}

/// The handle, with a new contact where there is none. A browser's becomes a program's the first time that a program gives it.
pub fn ensure_handle(tx: &mut Tx<'_>, key: &str, is_given: bool) -> Result<Handle> {
    let Some(handle) = find_handle(tx, key)? else {
        let contact = new_contact(tx, is_given)?;
        return new_handle(tx, key, is_given, contact);
    };
    if is_given && tx.run("update identity_handles set is_given = 1 where id = ? and is_given = 0", [handle.id.0])? > 0 {
        tx.run("update identity_contacts set is_identified = 1 where id = ?", [handle.contact.0])?;
    }
    Ok(handle)
}

/// What linking did. Whoever keeps something by contact moves it in the same transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linked {
    /// Of the first key.
    pub handle: Handle,
    pub merged: Option<Merged>,
    pub is_refused: bool,
}

/// The two handles are one contact, unless both were identified before, as two. `key`: what a program gave; it stays where both could.
pub fn link_handles(tx: &mut Tx<'_>, key: &str, other: &str, is_forced: bool) -> Result<Linked> {
    let other_handle = ensure_handle(tx, other, false)?;
    let other_side = side(tx, other_handle.contact)?;
    // Somebody signs up: the visitor is named, and nothing has to be moved.
    if !other_side.is_identified && find_handle(tx, key)?.is_none() {
        tx.run("update identity_contacts set is_identified = 1 where id = ?", [other_handle.contact.0])?;
        let handle = new_handle(tx, key, true, other_handle.contact)?;
        return Ok(Linked { handle, merged: None, is_refused: false });
    }
    let handle = ensure_handle(tx, key, true)?;
    let (merged, is_refused) = match link(side(tx, handle.contact)?, other_side, is_forced) {
        Link::AreOne => (None, false),
        Link::Merge(merged) => {
            merge_contacts(tx, merged)?;
            (Some(merged), false)
        }
        Link::Refuse => {
            note_refusal(tx, key, other)?;
            (None, true)
        }
    };
    let contact = merged.map_or(handle.contact, |merged| merged.into);
    Ok(Linked { handle: Handle { contact, ..handle }, merged, is_refused })
}

fn side(r: &Reader<'_>, contact: ContactId) -> Result<Side> {
    let is_identified = r.value("select is_identified from identity_contacts where id = ?", [contact.0])?;
    Ok(Side { contact, is_identified })
}

/// Refused pairs that are remembered, so that the founder sees them.
const REFUSALS: i64 = 1_000;

fn note_refusal(tx: &mut Tx<'_>, key: &str, other: &str) -> Result<()> {
    let known = tx.run(
        "update identity_refused_links set times = times + 1, last_at = ?1 where key = ?2 and other = ?3",
        params![tx.now.0, key, other],
    )?;
    if known == 0 && tx.value::<i64>("select count(*) from identity_refused_links", [])? < REFUSALS {
        tx.run(
            "insert into identity_refused_links (key, other, times, first_at, last_at) values (?2, ?3, 1, ?1, ?1)",
            params![tx.now.0, key, other],
        )?;
    }
    Ok(())
}

/// Pairs and how often they were refused: the newest first, at most `limit`.
pub fn refused_links(r: &Reader<'_>, limit: u32) -> Result<Vec<(String, String, u64)>> {
    r.rows("select key, other, times from identity_refused_links order by last_at desc, key limit ?", [limit], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?.max(0) as u64))
    })
}

/// What is known of `into` counts for more.
fn merge_contacts(tx: &mut Tx<'_>, merged: Merged) -> Result<()> {
    let from = get_contact(tx, merged.from)?;
    let into = get_contact(tx, merged.into)?;
    tx.run("update identity_handles set contact_id = ? where contact_id = ?", [into.id.0, from.id.0])?;
    let mut traits = into.traits;
    learn(&mut traits, &from.traits, false);
    tx.run(
        "update identity_contacts set traits = ?2, email = iif(email = '', ?3, email), name = iif(name = '', ?4, name), \
         customer_id = coalesce(customer_id, ?5), created_at = min(created_at, ?6), is_identified = max(is_identified, ?7) where id = ?1",
        params![into.id.0, text_of(&traits)?, from.email, from.name, from.customer.map(|id| id.0), from.created_at.0, from.is_identified],
    )?;
    tx.run("delete from identity_contacts where id = ?", [from.id.0])?;
    Ok(())
}

/// Adds what was told of a contact; `wins`: newer values win, otherwise they fill gaps only.
pub fn learn_of_contact(tx: &mut Tx<'_>, id: ContactId, told: &Map<String, Value>, wins: bool) -> Result<()> {
    let mut contact = get_contact(tx, id)?;
    if !learn(&mut contact.traits, told, wins) {
        return Ok(());
    }
    let email = email_of(&contact.traits).map_or(contact.email.clone(), str::to_owned);
    let name = name_of(&contact.traits).unwrap_or(contact.name);
    tx.run(
        "update identity_contacts set traits = ?, email = ?, name = ? where id = ?",
        params![text_of(&contact.traits)?, email, name, id.0],
    )?;
    Ok(())
}

/// Customers that programs may make by naming them.
const CUSTOMERS: i64 = 100_000;

/// The customer with what was told of it, made where there is none; `None`: there are too many already.
pub fn learn_of_customer(tx: &mut Tx<'_>, key: &str, told: &Map<String, Value>) -> Result<Option<CustomerId>> {
    let known = tx.row("select id, traits from identity_customers where key = ?", [key], |row| {
        Ok((CustomerId(row.get(0)?), row.get::<_, String>(1)?))
    })?;
    let (id, mut traits) = match known {
        Some((id, traits)) => (id, map_of(&traits)),
        None if tx.value::<i64>("select count(*) from identity_customers", [])? >= CUSTOMERS => return Ok(None),
        None => {
            let sql = "insert into identity_customers (key, name, traits, created_at) values (?, '', '{}', ?)";
            (CustomerId(tx.insert(sql, params![key, tx.now.0])?), Map::new())
        }
    };
    if learn(&mut traits, told, true) {
        let name = name_of(&traits).unwrap_or_default();
        tx.run("update identity_customers set traits = ?, name = ? where id = ?", params![text_of(&traits)?, name, id.0])?;
    }
    Ok(Some(id))
}

/// The contact belongs to this customer from now on.
pub fn join_customer(tx: &mut Tx<'_>, contact: ContactId, key: &str, told: &Map<String, Value>) -> Result<()> {
    if let Some(id) = learn_of_customer(tx, key, told)? {
        tx.run("update identity_contacts set customer_id = ?1 where id = ?2 and customer_id is not ?1", params![id.0, contact.0])?;
    }
    Ok(())
}

pub fn find_customer(r: &Reader<'_>, id: CustomerId) -> Result<Option<Customer>> {
    r.row("select id, key, name, traits, created_at from identity_customers where id = ?", [id.0], |row| {
        Ok(Customer {
            id: CustomerId(row.get(0)?),
            key: row.get(1)?,
            name: row.get(2)?,
            traits: map_of(&row.get::<_, String>(3)?),
            created_at: Time(row.get(4)?),
        })
    })
}

/// Takes away everything by which a contact could be known; what is counted by its number stays.
pub fn anonymise_contact(tx: &mut Tx<'_>, id: ContactId) -> Result<()> {
    for (handle, key, _) in handles_of(tx, id)? {
        tx.run("delete from identity_refused_links where key = ?1 or other = ?1", [key])?;
        let nameless = format!("erased-{}", kernel::ids::random_public_id());
        tx.run("update identity_handles set key = ?, is_given = 0 where id = ?", params![nameless, handle.0])?;
    }
    let sql = "update identity_contacts set email = '', name = '', traits = '{}', customer_id = null, is_identified = 0 where id = ?";
    if tx.run(sql, [id.0])? == 0 { Err(Error::not_found("contact")) } else { Ok(()) }
}

/// Removes a contact with its handles and what was refused of them. Whoever keeps something by contact removes it in the same transaction.
pub fn erase_contact(tx: &mut Tx<'_>, id: ContactId) -> Result<()> {
    for (_, key, _) in handles_of(tx, id)? {
        tx.run("delete from identity_refused_links where key = ?1 or other = ?1", [key])?;
    }
    if tx.run("delete from identity_contacts where id = ?", [id.0])? == 0 { Err(Error::not_found("contact")) } else { Ok(()) }
}
