//! Contacts in the order in which they were here last. In hermetic.db.

use db::{Reader, Tx};
use identity::contacts::Contact;
use identity::store as people;
use kernel::Result;
use kernel::ids::ContactId;
use rusqlite::params;

use crate::model::Day;

/// A contact with the days on which it was here first and last.
#[derive(Debug, Clone)]
pub struct Person {
    pub contact: Contact,
    pub first: Day,
    pub last: Day,
}

/// Whom a list is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Whom {
    #[default]
    Everybody,
    Contacts,
    Visitors,
}

/// Who was here last comes first. `before`: day and number of the last one that was shown.
pub fn list_people(r: &Reader<'_>, whom: Whom, before: Option<(Day, ContactId)>, limit: u32) -> Result<Vec<Person>> {
    let only = match whom {
        Whom::Everybody => "",
        Whom::Contacts => "and c.is_identified = 1",
        Whom::Visitors => "and c.is_identified = 0",
    };
    let (day, id) = before.unwrap_or((Day(i32::MAX), ContactId(i64::MAX)));
    let sql = format!(
        "select e.contact_id, e.first_day, e.last_day from engagement_contacts e join identity_contacts c on c.id = e.contact_id \
         where (e.last_day, e.contact_id) < (?, ?) {only} order by e.last_day desc, e.contact_id desc limit ?"
    );
    let rows = r.rows(&sql, params![day.0, id.0, limit], |row| Ok((ContactId(row.get(0)?), Day(row.get(1)?), Day(row.get(2)?))))?;
    rows.into_iter().map(|(id, first, last)| Ok(Person { contact: people::get_contact(r, id)?, first, last })).collect()
}

/// `None`: never did anything.
pub fn days_of(r: &Reader<'_>, id: ContactId) -> Result<Option<(Day, Day)>> {
    r.row("select first_day, last_day from engagement_contacts where contact_id = ?", [id.0], |row| {
        Ok((Day(row.get(0)?), Day(row.get(1)?)))
    })
}

/// Those whose handle, address or name it is, or begins with it.
pub fn find_people(r: &Reader<'_>, text: &str, limit: u32) -> Result<Vec<Person>> {
    let found = people::find_contacts(r, text, limit)?;
    found
        .into_iter()
        .map(|contact| {
            let (first, last) = days_of(r, contact.id)?.unwrap_or_default();
            Ok(Person { contact, first, last })
        })
        .collect()
}

/// Handles that may be made in a day: far above what a small product has newcomers, below what fills a disk.
pub const NEWCOMERS: i64 = 200_000;

/// Whether one more person may be made today; it is counted then.
pub fn admit_newcomer(tx: &mut Tx<'_>) -> Result<bool> {
    let today = tx.now.day_start().0;
    tx.run("insert or ignore into engagement_newcomers (day, handles) values (?, 0)", [today])?;
    let sql = "update engagement_newcomers set handles = handles + 1 where day = ? and handles < ?";
    Ok(tx.run(sql, params![today, NEWCOMERS])? > 0)
}

/// How many identified contacts were ever here, and how many of these not after `limit`.
pub fn contacts_seen(r: &Reader<'_>, limit: Day) -> Result<(u64, u64)> {
    let row = r.row(
        "select count(*), count(*) filter (where e.last_day < ?) from engagement_contacts e \
         join identity_contacts c on c.id = e.contact_id where c.is_identified = 1",
        [limit.0],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
    )?;
    let (all, inactive) = row.unwrap_or_default();
    Ok((all.unsigned_abs(), inactive.unsigned_abs()))
}

/// Whoever was ever here, with the last day that it did anything.
pub fn last_days(r: &Reader<'_>) -> Result<Vec<(u32, Day)>> {
    r.rows("select contact_id, last_day from engagement_contacts", [], |row| Ok((row.get(0)?, Day(row.get(1)?))))
}
