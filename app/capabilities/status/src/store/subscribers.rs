//! Who follows the page.

use super::word;
use crate::model::Language;
use crate::model::subscriber::{Choice, SubscriberKind, SubscriberState};
use db::{Reader, Tx};
use kernel::ids::{ComponentId, SubscriberId};
use kernel::paging::{Page, PageRequest};
use kernel::{Result, Time};
use rusqlite::{Params, Row, params};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriberRow {
    pub id: SubscriberId,
    pub kind: SubscriberKind,
    pub address: String,
    pub language: Language,
    pub state: SubscriberState,
    pub token_sealed: String,
    pub secret_sealed: Option<String>,
    pub created_at: Time,
    pub confirmed_at: Option<Time>,
    /// The webhook's signing secret was sealed with a key file that is gone.
    pub has_lost_secret: bool,
}

pub struct SubscriberInsert<'a> {
    pub kind: SubscriberKind,
    pub address: &'a str,
    pub address_key: &'a str,
    pub language: Language,
    pub confirm_digest: Option<&'a str>,
    pub confirm_until: Option<Time>,
    pub token_digest: &'a str,
    pub token_sealed: &'a str,
    pub secret_sealed: Option<&'a str>,
}

const COLUMNS: &str = "id, kind, address, language, state, token_sealed, secret_sealed, created_at, confirmed_at, has_lost_secret";

/// Not unsubscribed. Uses status_subscribers_by_address.
pub fn find_by_address(r: &Reader<'_>, kind: SubscriberKind, key: &str) -> Result<Option<SubscriberRow>> {
    find(r, "kind = ? and address_key = ? and state <> 'unsubscribed'", params![kind.as_str(), key])
}

/// By the link of a confirmation mail, while it is good.
pub fn find_by_confirm(r: &Reader<'_>, digest: &str) -> Result<Option<SubscriberRow>> {
    find(r, "confirm_digest = ? and confirm_until > ? and state = 'pending'", params![digest, r.now.0])
}

/// By the link in each message.
pub fn find_by_token(r: &Reader<'_>, digest: &str) -> Result<Option<SubscriberRow>> {
    find(r, "token_digest = ?1 or former_digest = ?1", [digest])
}

pub fn find_subscriber(r: &Reader<'_>, id: SubscriberId) -> Result<Option<SubscriberRow>> {
    find(r, "id = ?", [id.0])
}

pub fn list_subscribers(r: &Reader<'_>, page: &PageRequest) -> Result<Page<SubscriberRow>> {
    let sql = format!("select {COLUMNS} from status_subscribers where id < ?1 and state <> 'unsubscribed' order by id desc limit ?2");
    let rows = r.rows(&sql, params![page.before(), page.limit() + 1], read_subscriber)?;
    Ok(Page::from_rows(rows, page, |row| row.id.0))
}

/// In the order of their ids, also those who wait for their confirmation.
pub fn list_after(r: &Reader<'_>, after: i64, limit: u32) -> Result<Vec<SubscriberRow>> {
    let sql = format!("select {COLUMNS} from status_subscribers where id > ? and state <> 'unsubscribed' order by id limit ?");
    r.rows(&sql, params![after, limit], read_subscriber)
}

/// The link of the messages to come; that of the ones before holds all the same, above all for leaving.
pub fn renew_token(tx: &mut Tx<'_>, id: SubscriberId, digest: &str, sealed: &str) -> Result<()> {
    tx.run(
        "update status_subscribers set former_digest = token_digest, token_digest = ?, token_sealed = ? where id = ?",
        params![digest, sealed, id.0],
    )?;
    Ok(())
}

pub fn mark_lost(tx: &mut Tx<'_>, id: SubscriberId, is_lost: bool) -> Result<()> {
    tx.run("update status_subscribers set has_lost_secret = ? where id = ?", params![is_lost, id.0])?;
    Ok(())
}

pub fn count_lost(r: &Reader<'_>) -> Result<i64> {
    r.value("select count(*) from status_subscribers where state = 'active' and has_lost_secret = 1", [])
}

pub fn count_by_state(r: &Reader<'_>, state: SubscriberState) -> Result<i64> {
    r.value("select count(*) from status_subscribers where state = ?", [state.as_str()])
}

/// Who waits for mails. Uses status_subscribers_by_state.
pub fn count_active_by_mail(r: &Reader<'_>) -> Result<i64> {
    r.value("select count(*) from status_subscribers where state = 'active' and kind = 'email'", [])
}

/// Active subscribers above `after` with what they follow. Uses status_subscribers_by_state.
pub fn list_active_after(r: &Reader<'_>, after: i64, limit: u32) -> Result<Vec<(SubscriberId, SubscriberKind, Choice)>> {
    let rows: Vec<(i64, SubscriberKind)> = r.rows(
        "select id, kind from status_subscribers where state = 'active' and id > ? order by id limit ?",
        params![after, limit],
        |row| Ok((row.get(0)?, word(row, 1)?)),
    )?;
    rows.into_iter().map(|(id, kind)| Ok((SubscriberId(id), kind, choice_of(r, SubscriberId(id))?))).collect()
}

pub fn choice_of(r: &Reader<'_>, id: SubscriberId) -> Result<Choice> {
    let components = r.rows(
        "select component_id from status_subscriber_components where subscriber_id = ? order by component_id limit 500",
        [id.0],
        |row| row.get(0).map(ComponentId),
    )?;
    let is_selective: Option<bool> = r.row("select is_selective from status_subscribers where id = ?", [id.0], |row| row.get(0))?;
    Ok(Choice { is_selective: is_selective.unwrap_or(false), components })
}

pub fn insert_subscriber(tx: &mut Tx<'_>, insert: &SubscriberInsert<'_>) -> Result<SubscriberId> {
    let id = tx.insert(
        "insert into status_subscribers (kind, address, address_key, language, state, confirm_digest, confirm_until, token_digest, token_sealed, \
         secret_sealed, created_at) values (?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?, ?)",
        params![
            insert.kind.as_str(),
            insert.address,
            insert.address_key,
            insert.language.as_str(),
            insert.confirm_digest,
            insert.confirm_until.map(|at| at.0),
            insert.token_digest,
            insert.token_sealed,
            insert.secret_sealed,
            tx.now.0
        ],
    )?;
    Ok(SubscriberId(id))
}

/// A new link for somebody who asked again before confirming; the old one ends.
pub fn renew_confirm(tx: &mut Tx<'_>, id: SubscriberId, digest: &str, until: Time) -> Result<()> {
    tx.run(
        "update status_subscribers set confirm_digest = ?, confirm_until = ? where id = ? and state = 'pending'",
        params![digest, until.0, id.0],
    )?;
    Ok(())
}

/// `false` when it was active or gone already.
pub fn activate(tx: &mut Tx<'_>, id: SubscriberId) -> Result<bool> {
    let changed = tx.run(
        "update status_subscribers set state = 'active', confirm_digest = null, confirm_until = null, confirmed_at = ? where id = ? and state = 'pending'",
        params![tx.now.0, id.0],
    )?;
    Ok(changed > 0)
}

/// The address is forgotten at once; the row stays a while, so that the link in old messages still has an answer.
pub fn unsubscribe(tx: &mut Tx<'_>, id: SubscriberId) -> Result<()> {
    tx.run(
        "update status_subscribers set state = 'unsubscribed', address = '', address_key = '', secret_sealed = null, confirm_digest = null, \
         confirm_until = null, ended_at = ? where id = ? and state <> 'unsubscribed'",
        params![tx.now.0, id.0],
    )?;
    tx.run("delete from status_subscriber_components where subscriber_id = ?", [id.0])?;
    Ok(())
}

pub fn set_choice(tx: &mut Tx<'_>, id: SubscriberId, choice: &Choice) -> Result<()> {
    tx.run("update status_subscribers set is_selective = ? where id = ?", params![choice.is_selective, id.0])?;
    tx.run("delete from status_subscriber_components where subscriber_id = ?", [id.0])?;
    for component in &choice.components {
        tx.run(
            "insert into status_subscriber_components (subscriber_id, component_id) select ?1, id from status_components where id = ?2 on conflict do nothing",
            params![id.0, component.0],
        )?;
    }
    Ok(())
}

/// Requests never confirmed, and those who left long ago.
pub fn sweep(tx: &mut Tx<'_>, confirm_before: Time, left_before: Time) -> Result<usize> {
    let unconfirmed = tx.run("delete from status_subscribers where state = 'pending' and created_at < ?", [confirm_before.0])?;
    let left = tx.run("delete from status_subscribers where state = 'unsubscribed' and ended_at < ?", [left_before.0])?;
    Ok(unconfirmed + left)
}

fn find(r: &Reader<'_>, condition: &str, params: impl Params) -> Result<Option<SubscriberRow>> {
    r.row(&format!("select {COLUMNS} from status_subscribers where {condition}"), params, read_subscriber)
}

fn read_subscriber(row: &Row<'_>) -> rusqlite::Result<SubscriberRow> {
    Ok(SubscriberRow {
        id: row.get(0).map(SubscriberId)?,
        kind: word(row, 1)?,
        address: row.get(2)?,
        language: word(row, 3)?,
        state: word(row, 4)?,
        token_sealed: row.get(5)?,
        secret_sealed: row.get(6)?,
        created_at: row.get(7).map(Time)?,
        confirmed_at: row.get::<_, Option<i64>>(8)?.map(Time),
        has_lost_secret: row.get(9)?,
    })
}
