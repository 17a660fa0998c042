//! SQL of quiet hours.

use db::{Reader, Tx};
use kernel::Result;
use kernel::ids::ChannelId;
use rusqlite::{Row, params};

use super::unreadable;
use crate::ids::QuietId;
use crate::quiet::QuietHours;

const COLUMNS: &str = "id, channel_id, zone, starts, ends, weekdays, holds";

fn read(row: &Row<'_>) -> rusqlite::Result<QuietHours> {
    Ok(QuietHours {
        id: QuietId(row.get(0)?),
        channel: ChannelId(row.get(1)?),
        zone: row.get(2)?,
        starts: row.get(3)?,
        ends: row.get(4)?,
        weekdays: row.get(5)?,
        holds: row.get::<_, String>(6)?.parse().map_err(|error| unreadable(6, error))?,
    })
}

pub fn insert(tx: &mut Tx<'_>, quiet: &QuietHours) -> Result<QuietId> {
    let id = tx.insert(
        "insert into alerts_quiet_hours (channel_id, zone, starts, ends, weekdays, holds) values (?, ?, ?, ?, ?, ?)",
        params![quiet.channel.0, quiet.zone, quiet.starts, quiet.ends, quiet.weekdays, quiet.holds.as_str()],
    )?;
    tx.signal("alerts");
    Ok(QuietId(id))
}

pub fn remove(tx: &mut Tx<'_>, id: QuietId) -> Result<()> {
    tx.run("delete from alerts_quiet_hours where id = ?", [id.0])?;
    tx.signal("alerts");
    Ok(())
}

/// Uses alerts_quiet_hours_by_channel_id.
pub fn list_of_channel(r: &Reader<'_>, channel: ChannelId) -> Result<Vec<QuietHours>> {
    r.rows(&format!("select {COLUMNS} from alerts_quiet_hours where channel_id = ? order by id limit 50"), [channel.0], read)
}

pub fn find(r: &Reader<'_>, id: QuietId) -> Result<Option<QuietHours>> {
    r.row(&format!("select {COLUMNS} from alerts_quiet_hours where id = ?"), [id.0], read)
}
