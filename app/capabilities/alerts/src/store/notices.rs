//! SQL of notices: what was said about an alert on which channel, and what is held for a digest.

use db::{Reader, Tx};
use kernel::ids::{AlertId, ChannelId};
use kernel::{Error, Result, Time};
use rusqlite::{Row, params};

use super::{time, unreadable};
use crate::alert::Alert;
use crate::ids::NoticeId;
use crate::notice::{Notice, NoticeKind};
use crate::severity::Severity;

/// How a notice fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NoticeState {
    Posted,
    /// Waits for the digest at the end of quiet hours.
    Held,
    Sent,
    Dead,
    /// Overtaken by its ending before it went out.
    Superseded,
}

impl NoticeState {
    const ALL: [NoticeState; 5] = [NoticeState::Posted, NoticeState::Held, NoticeState::Sent, NoticeState::Dead, NoticeState::Superseded];

    pub fn as_str(self) -> &'static str {
        match self {
            NoticeState::Posted => "posted",
            NoticeState::Held => "held",
            NoticeState::Sent => "sent",
            NoticeState::Dead => "dead",
            NoticeState::Superseded => "superseded",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct NoticeRow {
    pub id: NoticeId,
    pub alert: Option<AlertId>,
    pub channel: ChannelId,
    pub kind: NoticeKind,
    pub key: String,
    pub headline: String,
    pub state: NoticeState,
    /// Letters of a mail that are out already.
    pub progress: u32,
    pub posted_at: Time,
    pub finished_at: Option<Time>,
}

const COLUMNS: &str = "id, alert_id, channel_id, kind, key, headline, state, progress, posted_at, finished_at";

fn read(row: &Row<'_>) -> rusqlite::Result<NoticeRow> {
    let kind: String = row.get(3)?;
    let state: String = row.get(6)?;
    let known = || NoticeKind::ALL.into_iter().find(|known| known.as_str() == kind);
    Ok(NoticeRow {
        id: NoticeId(row.get(0)?),
        alert: row.get::<_, Option<i64>>(1)?.map(AlertId),
        channel: ChannelId(row.get(2)?),
        kind: known().ok_or_else(|| unreadable(3, Error::internal("an unknown kind of notice")))?,
        key: row.get(4)?,
        headline: row.get(5)?,
        state: NoticeState::ALL.into_iter().find(|known| known.as_str() == state).unwrap_or(NoticeState::Dead),
        progress: row.get(7)?,
        posted_at: Time(row.get(8)?),
        finished_at: time(row, 9)?,
    })
}

/// `None` when this key is known: nothing is said twice.
pub fn insert(
    tx: &mut Tx<'_>,
    alert: Option<AlertId>,
    channel: ChannelId,
    notice: &Notice,
    state: NoticeState,
) -> Result<Option<NoticeId>> {
    let json = serde_json::to_string(notice).map_err(|error| Error::internal("writing a notice as JSON").because(error))?;
    let inserted = tx.run(
        "insert into alerts_notices (alert_id, channel_id, kind, key, headline, notice, state, progress, posted_at) values (?, ?, ?, ?, ?, ?, ?, 0, ?) \
         on conflict (key) do nothing",
        params![alert.map(|alert| alert.0), channel.0, notice.kind.as_str(), notice.key, notice.headline(), json, state.as_str(), tx.now.0],
    )?;
    if inserted == 0 {
        return Ok(None);
    }
    tx.value("select last_insert_rowid()", []).map(|id| Some(NoticeId(id)))
}

pub fn find(r: &Reader<'_>, id: NoticeId) -> Result<Option<(NoticeRow, Notice)>> {
    let row = r.row(&format!("select {COLUMNS}, notice from alerts_notices where id = ?"), [id.0], |row| {
        Ok((read(row)?, row.get::<_, String>(10)?))
    })?;
    let Some((row, json)) = row else { return Ok(None) };
    let notice = serde_json::from_str(&json).map_err(|error| Error::internal("reading a stored notice").because(error))?;
    Ok(Some((row, notice)))
}

pub fn set_state(tx: &mut Tx<'_>, id: NoticeId, state: NoticeState) -> Result<()> {
    tx.run("update alerts_notices set state = ?2, finished_at = ?3 where id = ?1", params![id.0, state.as_str(), tx.now.0])?;
    Ok(())
}

pub fn set_progress(tx: &mut Tx<'_>, id: NoticeId, progress: u32) -> Result<()> {
    tx.run("update alerts_notices set progress = ?2 where id = ?1", params![id.0, progress])?;
    Ok(())
}

/// Oldest first. Uses alerts_notices_by_alert_id.
pub fn list_of_alert(r: &Reader<'_>, alert: AlertId) -> Result<Vec<NoticeRow>> {
    r.rows(&format!("select {COLUMNS} from alerts_notices where alert_id = ? order by id limit 500"), [alert.0], read)
}

/// Notices about an alert on one channel, oldest first. Uses alerts_notices_by_alert_id.
pub fn list_on_channel(r: &Reader<'_>, alert: AlertId, channel: ChannelId) -> Result<Vec<NoticeRow>> {
    r.rows(
        &format!("select {COLUMNS} from alerts_notices where alert_id = ? and channel_id = ? order by id limit 200"),
        params![alert.0, channel.0],
        read,
    )
}

/// Channels on which another open alert about the same subject was told. What quiet hours hold was told to nobody who should hear of something
/// critical now. Uses alerts_alerts_by_subject_key, then alerts_notices_by_alert_id.
pub fn list_channels_told_by_others(r: &Reader<'_>, alert: &Alert) -> Result<Vec<ChannelId>> {
    r.rows(
        "select distinct notice.channel_id from alerts_alerts as other join alerts_notices as notice on notice.alert_id = coalesce(other.group_id, other.id) \
         where other.subject_key = ?1 and other.topic = ?2 and other.id <> ?3 and other.state <> 'resolved' \
         and notice.kind in ('open', 'grouped', 'flapping', 'interrupted') \
         and (notice.state in ('posted', 'sent') or (notice.state = 'held' and not ?4)) limit 200",
        params![alert.subject_key, alert.topic.as_str(), alert.id.0, alert.severity == Severity::Critical],
        |row| Ok(ChannelId(row.get(0)?)),
    )
}

/// A notice that waits, with what decides how long.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    pub row: NoticeRow,
    pub severity: Severity,
}

/// Uses alerts_notices_by_held_channel_id.
pub fn list_held(r: &Reader<'_>, channel: ChannelId) -> Result<Vec<Held>> {
    r.rows(
        &format!(
            "select {COLUMNS}, json_extract(notice, '$.severity') from alerts_notices where channel_id = ? and state = 'held' order by id limit 1000"
        ),
        [channel.0],
        |row| {
            let severity = row.get::<_, String>(10)?.parse().map_err(|error| unreadable(10, error))?;
            Ok(Held { row: read(row)?, severity })
        },
    )
}

/// Channels for which something is held.
pub fn list_held_channels(r: &Reader<'_>) -> Result<Vec<ChannelId>> {
    r.rows("select distinct channel_id from alerts_notices where state = 'held' limit 200", [], |row| Ok(ChannelId(row.get(0)?)))
}

/// Notices that were posted to channels of this kind since `since`. Uses alerts_notices_by_channel_id_posted_at.
pub fn count_posted_since(r: &Reader<'_>, channel_kind: &str, since: Time) -> Result<u64> {
    r.value::<i64>(
        "select count(*) from alerts_channels as channel join alerts_notices as notice on notice.channel_id = channel.id \
         where channel.kind = ? and notice.posted_at >= ? and notice.state in ('posted', 'sent')",
        params![channel_kind, since.0],
    )
    .map(i64::unsigned_abs)
}

/// The headline of a critical notice that waits on this channel and that no other channel has told. Uses alerts_notices_by_channel_id_posted_at.
pub fn find_untold_critical(r: &Reader<'_>, channel: ChannelId) -> Result<Option<String>> {
    r.row(
        "select notice.headline from alerts_notices as notice join alerts_alerts as alert on alert.id = notice.alert_id \
         where notice.channel_id = ?1 and notice.state in ('posted', 'dead') and alert.severity = 'critical' and alert.state = 'open' \
         and not exists (select 1 from alerts_notices as other where other.alert_id = notice.alert_id and other.state = 'sent') \
         order by notice.posted_at desc limit 1",
        [channel.0],
        |row| row.get(0),
    )
}

/// The latest notices of a channel, newest first.
pub fn list_latest(r: &Reader<'_>, channel: ChannelId, limit: u32) -> Result<Vec<NoticeRow>> {
    r.rows(
        &format!("select {COLUMNS} from alerts_notices where channel_id = ? order by posted_at desc, id desc limit ?"),
        params![channel.0, limit],
        read,
    )
}

/// Notices that belong to no alert (digests), once they are old.
pub fn remove_old(tx: &mut Tx<'_>, before: Time, limit: u32) -> Result<usize> {
    tx.run(
        "delete from alerts_notices where id in (select id from alerts_notices where alert_id is null and posted_at < ?1 and state <> 'held' order by id limit ?2)",
        params![before.0, limit],
    )
}
