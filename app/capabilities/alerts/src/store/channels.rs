//! SQL of channels.

use db::{Reader, Tx};
use kernel::ids::ChannelId;
use kernel::{Error, Result, Sealer, Time};
use rusqlite::{Row, params};

use super::{time, unreadable};
use crate::channel::{Channel, ChannelKind, Takes, Values, config};

const COLUMNS: &str = "id, kind, name, hint, takes, is_enabled, disabled_reason, last_sent_at, last_failed_at, last_error, last_code, created_at, \
     has_lost_secrets";

pub const MAX_CHANNELS: usize = 200;

fn read(row: &Row<'_>) -> rusqlite::Result<Channel> {
    Ok(Channel {
        id: ChannelId(row.get(0)?),
        kind: ChannelKind::parse(&row.get::<_, String>(1)?).map_err(|error| unreadable(1, error))?,
        name: row.get(2)?,
        hint: row.get(3)?,
        takes: Takes::parse(&row.get::<_, String>(4)?).map_err(|error| unreadable(4, error))?,
        is_enabled: row.get(5)?,
        disabled_reason: row.get(6)?,
        last_sent_at: time(row, 7)?,
        last_failed_at: time(row, 8)?,
        last_error: row.get(9)?,
        last_code: row.get(10)?,
        created_at: Time(row.get(11)?),
        has_lost_secrets: row.get(12)?,
    })
}

/// What a form gives.
#[derive(Debug, Clone)]
pub struct StoredChannel {
    pub kind: ChannelKind,
    pub name: String,
    pub hint: String,
    /// Sealed.
    pub config: String,
    /// `config` is what it was, and cannot be opened.
    pub is_lost: bool,
    pub takes: Takes,
}

pub fn insert(tx: &mut Tx<'_>, channel: &StoredChannel) -> Result<ChannelId> {
    let id = tx.insert(
        "insert into alerts_channels (kind, name, hint, config, takes, is_enabled, disabled_reason, last_error, created_at, updated_at) \
         values (?1, ?2, ?3, ?4, ?5, 1, '', '', ?6, ?6)",
        params![channel.kind.as_str(), channel.name, channel.hint, channel.config, channel.takes.as_str(), tx.now.0],
    )?;
    tx.signal("alerts");
    Ok(ChannelId(id))
}

pub fn update(tx: &mut Tx<'_>, id: ChannelId, channel: &StoredChannel) -> Result<()> {
    tx.run(
        "update alerts_channels set name = ?2, hint = ?3, config = ?4, takes = ?5, updated_at = ?6, has_lost_secrets = ?7 where id = ?1",
        params![id.0, channel.name, channel.hint, channel.config, channel.takes.as_str(), tx.now.0, channel.is_lost],
    )?;
    tx.signal("alerts");
    Ok(())
}

pub fn set_enabled(tx: &mut Tx<'_>, id: ChannelId, is_enabled: bool, reason: &str) -> Result<()> {
    tx.run(
        "update alerts_channels set is_enabled = ?2, disabled_reason = ?3, updated_at = ?4 where id = ?1",
        params![id.0, is_enabled, reason, tx.now.0],
    )?;
    tx.signal("alerts");
    Ok(())
}

pub fn remove(tx: &mut Tx<'_>, id: ChannelId) -> Result<()> {
    tx.run("delete from alerts_channels where id = ?", [id.0])?;
    tx.signal("alerts");
    Ok(())
}

pub fn list(r: &Reader<'_>) -> Result<Vec<Channel>> {
    r.rows(&format!("select {COLUMNS} from alerts_channels order by id limit {MAX_CHANNELS}"), [], read)
}

pub fn find(r: &Reader<'_>, id: ChannelId) -> Result<Option<Channel>> {
    r.row(&format!("select {COLUMNS} from alerts_channels where id = ?"), [id.0], read)
}

pub fn find_by_name(r: &Reader<'_>, name: &str) -> Result<Option<Channel>> {
    r.row(&format!("select {COLUMNS} from alerts_channels where name = ?"), [name], read)
}

/// The configuration; `None` when it was sealed with a key file that is gone.
pub fn find_values(r: &Reader<'_>, sealer: &Sealer, id: ChannelId) -> Result<Option<Values>> {
    let sealed = find_config(r, id)?.ok_or_else(|| Error::not_found("channel"))?;
    Ok(config::open(sealer, &sealed).ok())
}

/// Writes down what the present key file does not open: the doctor has no key to try.
pub fn mark_lost(tx: &mut Tx<'_>, sealer: &Sealer) -> Result<()> {
    for channel in list(tx)? {
        let is_lost = find_values(tx, sealer, channel.id)?.is_none();
        if is_lost != channel.has_lost_secrets {
            tx.run("update alerts_channels set has_lost_secrets = ? where id = ?", params![is_lost, channel.id.0])?;
            tx.signal("alerts");
        }
    }
    Ok(())
}

/// The sealed configuration.
pub fn find_config(r: &Reader<'_>, id: ChannelId) -> Result<Option<String>> {
    r.row("select config from alerts_channels where id = ?", [id.0], |row| row.get(0))
}

pub fn note_sent(tx: &mut Tx<'_>, id: ChannelId, code: Option<u16>) -> Result<()> {
    tx.run("update alerts_channels set last_sent_at = ?2, last_code = ?3, last_error = '' where id = ?1", params![id.0, tx.now.0, code])?;
    tx.signal("alerts");
    Ok(())
}

pub fn note_failed(tx: &mut Tx<'_>, id: ChannelId, code: Option<u16>, error: &str) -> Result<()> {
    tx.run(
        "update alerts_channels set last_failed_at = ?2, last_code = ?3, last_error = ?4 where id = ?1",
        params![id.0, tx.now.0, code, kernel::text::shorten(error, 500)],
    )?;
    tx.signal("alerts");
    Ok(())
}
