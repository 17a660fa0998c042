//! SQL of files that came with events, in telemetry.db. The bytes are in the log.

use db::{Reader, Tx};
use ingest::EventId;
use kernel::ids::ProjectId;
use kernel::{Result, Time};
use rusqlite::{Row, params};

use super::{count, signed};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// In the log: `ingest::store::find_item` has the bytes.
    pub item: i64,
    pub project: ProjectId,
    pub event_id: Option<EventId>,
    /// `attachment` or `minidump`.
    pub kind: String,
    /// As the program named it; not a path to anything here.
    pub filename: String,
    pub content_type: String,
    pub attachment_type: String,
    /// As it was sent.
    pub size: u64,
    pub received_at: Time,
}

const COLUMNS: &str = "item_id, project_id, event_id, kind, filename, content_type, attachment_type, size, received_at";

fn read_attachment(row: &Row<'_>) -> rusqlite::Result<Attachment> {
    Ok(Attachment {
        item: row.get(0)?,
        project: ProjectId(row.get(1)?),
        event_id: row.get::<_, Option<[u8; 16]>>(2)?.map(EventId),
        kind: row.get(3)?,
        filename: row.get(4)?,
        content_type: row.get(5)?,
        attachment_type: row.get(6)?,
        size: count(row, 7)?,
        received_at: Time(row.get(8)?),
    })
}

/// `false` when it is there already.
pub fn insert_attachment(tx: &mut Tx<'_>, attachment: &Attachment, bytes: u64) -> Result<bool> {
    let inserted = tx.run(
        "insert or ignore into errors_attachments (item_id, project_id, event_id, kind, filename, content_type, attachment_type, size, bytes, \
         received_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            attachment.item,
            attachment.project.0,
            attachment.event_id.map(|id| id.0),
            attachment.kind,
            attachment.filename,
            attachment.content_type,
            attachment.attachment_type,
            signed(attachment.size),
            signed(bytes),
            attachment.received_at.0
        ],
    )?;
    Ok(inserted > 0)
}

pub fn find_attachment(r: &Reader<'_>, item: i64) -> Result<Option<Attachment>> {
    r.row(&format!("select {COLUMNS} from errors_attachments where item_id = ?"), [item], read_attachment)
}

/// Of one event; they come with it, or within a day of it. Uses the primary key of ingest_ids.
pub fn attachments_of(r: &Reader<'_>, project: ProjectId, event_id: EventId, received_at: Time) -> Result<Vec<Attachment>> {
    let columns = COLUMNS.split(", ").map(|column| format!("a.{column}")).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "select {columns} from ingest_ids l join errors_attachments a on a.item_id = l.item_id \
         where l.day in (?1 - 86400000, ?1, ?1 + 86400000) and l.project_id = ?2 and l.event_id = ?3 order by a.item_id limit 100"
    );
    r.rows(&sql, params![received_at.day_start().0, project.0, event_id.0], read_attachment)
}
