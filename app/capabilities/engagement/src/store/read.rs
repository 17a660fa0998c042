//! What pages and jobs read of the state.

use db::{Reader, Tx};
use kernel::ids::ContactId;
use kernel::{Result, Time};
use rusqlite::params;

use super::days::decode;
use super::{ANY, NameId, days_of};
use crate::model::{Daily, Day};

/// The zone that days are of; `None` before the first action.
pub fn zone(r: &Reader<'_>) -> Result<Option<String>> {
    r.row("select zone from engagement_zone", [], |row| row.get(0))
}

pub fn set_zone(tx: &mut Tx<'_>, zone: &str) -> Result<()> {
    tx.run("insert into engagement_zone (id, zone) values (1, ?) on conflict do update set zone = excluded.zone", [zone])?;
    Ok(())
}

/// Who did it on which day, within `first..=last`.
pub fn daily(r: &Reader<'_>, name: NameId, (first, last): (Day, Day)) -> Result<Daily> {
    let rows = r.rows(
        "select day, contacts from engagement_bitmaps where name_id = ? and day between ? and ? order by day",
        params![name.0, first.0, last.0],
        |row| Ok((Day(row.get(0)?), decode(row.get_ref(1)?.as_blob()?))),
    )?;
    let days = rows.into_iter().map(|(day, contacts)| Ok((day, contacts?))).collect::<Result<Vec<_>>>()?;
    Ok(Daily::new(days))
}

/// How often it was done on which day.
pub fn counts(r: &Reader<'_>, name: NameId, (first, last): (Day, Day)) -> Result<Vec<(Day, u64)>> {
    r.rows(
        "select day, actions from engagement_counts where name_id = ? and day between ? and ? order by day",
        params![name.0, first.0, last.0],
        |row| Ok((Day(row.get(0)?), row.get::<_, i64>(1)?.max(0) as u64)),
    )
}

/// Actions by quarter of an hour, UTC, within `from..to`.
pub fn slots(r: &Reader<'_>, (from, to): (Time, Time)) -> Result<Vec<(Time, u64)>> {
    r.rows(
        "select slot_at, actions from engagement_slots where slot_at >= ? and slot_at < ? order by slot_at",
        params![from.0, to.0],
        |row| Ok((Time(row.get(0)?), row.get::<_, i64>(1)?.max(0) as u64)),
    )
}

/// Reason and actions that are not counted, since `from`.
pub fn passed(r: &Reader<'_>, from: Time) -> Result<Vec<(String, u64)>> {
    r.rows(
        "select reason, sum(actions) from engagement_passed where day >= ? group by reason order by reason",
        [from.day_start().0],
        |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.max(0) as u64)),
    )
}

/// On which of the last 364 days a contact was active, oldest first.
pub fn active_days(r: &Reader<'_>, contact: ContactId) -> Result<Vec<Day>> {
    let Some((first, last)) = days_of(r, contact)? else { return Ok(Vec::new()) };
    let Ok(bit) = u32::try_from(contact.0) else { return Ok(Vec::new()) };
    let all = daily(r, ANY, (first.max(last.plus(-363)), last))?;
    Ok(all.days().iter().filter(|(_, who)| who.contains(bit)).map(|(day, _)| *day).collect())
}
