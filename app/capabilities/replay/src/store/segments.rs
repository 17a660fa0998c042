//! Segments and chunks, in telemetry.db.

use db::{Reader, Tx};
use ingest::pack::Packed;
use ingest::store::Outcome;
use ingest::{EventId, Kind, Reason};
use kernel::ids::ProjectId;
use kernel::{Result, Time};
use rusqlite::{Row, params};

use super::Key;

/// A segment that came.
#[derive(Debug, Clone)]
pub struct NewSegment {
    pub key: Key,
    pub segment: u32,
    pub item: i64,
    pub received_at: Time,
    pub from: Time,
    pub to: Time,
    /// Whether there is anything in it for a player.
    pub is_played: bool,
    pub events: u64,
    pub has_snapshot: bool,
    pub page: String,
    pub raw_bytes: u64,
    pub bytes: u64,
    /// JSON of the moments.
    pub moments: Packed,
}

/// Files a segment once. `true`: it counts, also where this very item was filed before and its batch was not applied. What came again is
/// taken out of the log and counted as that; what was taken out of the log meanwhile, with its replay, is not filed.
pub fn file(tx: &mut Tx<'_>, new: &NewSegment) -> Result<bool> {
    let known = tx.row(
        "select item_id from replay_segments where project_id = ? and sdk_id = ? and segment = ?",
        params![new.key.project.0, new.key.sdk_id.0, new.segment],
        |row| row.get::<_, Option<i64>>(0),
    )?;
    match known {
        Some(item) if item == Some(new.item) => return Ok(true),
        Some(_) => {
            let (project, kind) = (new.key.project, Kind::ReplayRecording);
            let again = Refused { project, item: new.item, kind, received_at: new.received_at, bytes: new.bytes };
            refuse(tx, &again, Reason::Duplicate.as_str())?;
            return Ok(false);
        }
        None => {}
    }
    let filed = tx.run(
        "insert into replay_segments (project_id, sdk_id, segment, item_id, received_at, from_at, to_at, events, has_snapshot, page, raw_bytes, \
         bytes, codec, moments) select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14 \
         where exists (select 1 from ingest_items where id = ?4)",
        params![
            new.key.project.0,
            new.key.sdk_id.0,
            new.segment,
            new.item,
            new.received_at.0,
            new.from.0,
            new.to.0,
            whole(new.events),
            new.has_snapshot,
            new.page,
            whole(new.raw_bytes),
            whole(new.bytes),
            new.moments.codec,
            new.moments.bytes
        ],
    )?;
    Ok(filed > 0)
}

/// An item that was taken at the door and is not kept.
#[derive(Debug, Clone, Copy)]
pub struct Refused {
    pub project: ProjectId,
    pub item: i64,
    pub kind: Kind,
    pub received_at: Time,
    pub bytes: u64,
}

/// In the same transaction as the item goes, so it is counted once.
pub fn refuse(tx: &mut Tx<'_>, refused: &Refused, reason: &str) -> Result<()> {
    if ingest::store::remove_items(tx, &[refused.item])? > 0 {
        let category = refused.kind.category();
        ingest::store::take_back(tx, refused.project, category, refused.received_at, 1)?;
        ingest::store::count(tx, refused.project, category, Outcome::Dropped, reason, 1, refused.bytes)?;
    }
    Ok(())
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A segment as it lies there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiledSegment {
    pub id: i64,
    pub segment: u32,
    pub item: Option<i64>,
    pub chunk: Option<i64>,
    pub received_at: Time,
    pub from: Time,
    pub to: Time,
    pub has_snapshot: bool,
    pub page: String,
    pub raw_bytes: u64,
    pub bytes: u64,
}

const COLUMNS: &str = "id, segment, item_id, chunk_id, received_at, from_at, to_at, has_snapshot, page, raw_bytes, bytes";

fn read_segment(row: &Row<'_>) -> rusqlite::Result<FiledSegment> {
    Ok(FiledSegment {
        id: row.get(0)?,
        segment: row.get(1)?,
        item: row.get(2)?,
        chunk: row.get(3)?,
        received_at: Time(row.get(4)?),
        from: Time(row.get(5)?),
        to: Time(row.get(6)?),
        has_snapshot: row.get(7)?,
        page: row.get(8)?,
        raw_bytes: row.get::<_, i64>(9)?.unsigned_abs(),
        bytes: row.get::<_, i64>(10)?.unsigned_abs(),
    })
}

/// In the order of their numbers.
pub fn segments(r: &Reader<'_>, key: Key) -> Result<Vec<FiledSegment>> {
    let sql = format!("select {COLUMNS} from replay_segments where project_id = ? and sdk_id = ? order by segment");
    r.rows(&sql, params![key.project.0, key.sdk_id.0], read_segment)
}

/// Those with numbers from the first to the last, in their order.
pub fn segments_between(r: &Reader<'_>, key: Key, first: u32, last: u32) -> Result<Vec<FiledSegment>> {
    let sql =
        format!("select {COLUMNS} from replay_segments where project_id = ? and sdk_id = ? and segment between ? and ? order by segment");
    r.rows(&sql, params![key.project.0, key.sdk_id.0, first, last], read_segment)
}

/// Of one chunk, in the order in which they lie in it.
pub fn segments_of_chunk(r: &Reader<'_>, key: Key, chunk: i64) -> Result<Vec<FiledSegment>> {
    let sql = format!("select {COLUMNS} from replay_segments where chunk_id = ? and project_id = ? and sdk_id = ? order by segment");
    r.rows(&sql, params![chunk, key.project.0, key.sdk_id.0], read_segment)
}

/// The packed recordings of a chunk.
pub fn chunk_recording(r: &Reader<'_>, chunk: i64) -> Result<Option<Vec<u8>>> {
    r.row("select recording from replay_chunks where id = ?", [chunk], |row| row.get(0))
}

/// Where it lies what happened: chunks, and segments that lie alone. Which of them are unpacked is for whoever reads them to say: all
/// together may be more than fits into memory.
pub fn places_of_moments(r: &Reader<'_>, key: Key) -> Result<(Vec<i64>, Vec<i64>)> {
    let of = params![key.project.0, key.sdk_id.0];
    let chunks = r.rows(
        "select id from replay_chunks where project_id = ? and sdk_id = ? \
         and exists (select 1 from replay_segments where chunk_id = replay_chunks.id) order by id",
        of,
        |row| row.get(0),
    )?;
    let loose =
        r.rows("select id from replay_segments where project_id = ? and sdk_id = ? and item_id is not null order by segment", of, |row| {
            row.get(0)
        })?;
    Ok((chunks, loose))
}

/// What happened in the segments of a chunk, packed.
pub fn chunk_moments(r: &Reader<'_>, chunk: i64) -> Result<Option<Vec<u8>>> {
    r.row("select moments from replay_chunks where id = ?", [chunk], |row| row.get(0))
}

/// Replays with segments that lie alone, none of which came later; the oldest first. What comes later always lies alone at first, so one
/// look at each of these is enough.
pub fn idle(r: &Reader<'_>, before: Time, limit: u32) -> Result<Vec<Key>> {
    r.rows(
        "select project_id, sdk_id from replay_segments indexed by replay_segments_by_received where item_id is not null \
         group by project_id, sdk_id having max(received_at) < ? order by min(received_at) limit ?",
        params![before.0, limit],
        |row| Ok(Key { project: ProjectId(row.get(0)?), sdk_id: EventId(row.get(1)?) }),
    )
}

/// What happened in one segment that lies alone.
pub fn moments_of(r: &Reader<'_>, segment: i64) -> Result<Option<Packed>> {
    r.row("select codec, moments from replay_segments where id = ? and moments is not null", [segment], |row| {
        Ok(Packed { codec: row.get(0)?, bytes: row.get(1)? })
    })
}

/// Puts segments into a chunk of their own, in one transaction with the leaving of their items. `false`: one of them is no longer as it was
/// read, since somebody deleted the replay or packed it meanwhile; then nothing changes.
pub fn put_together(tx: &mut Tx<'_>, key: Key, run: &[FiledSegment], recording: &[u8], moments: &[u8]) -> Result<bool> {
    for segment in run {
        let found = tx.row("select item_id from replay_segments where id = ?", [segment.id], |row| row.get::<_, Option<i64>>(0))?;
        if segment.item.is_none() || found != Some(segment.item) {
            return Ok(false);
        }
    }
    let chunk = tx.insert(
        "insert into replay_chunks (project_id, sdk_id, recording, moments) values (?, ?, ?, ?)",
        params![key.project.0, key.sdk_id.0, recording, moments],
    )?;
    let raw: u64 = run.iter().map(|segment| segment.raw_bytes).sum();
    let packed = (recording.len() + moments.len()) as u64;
    for segment in run {
        // Its share of the chunk.
        let share = u64::try_from(u128::from(packed) * u128::from(segment.raw_bytes) / u128::from(raw.max(1))).unwrap_or(u64::MAX);
        tx.run(
            "update replay_segments set item_id = null, chunk_id = ?, codec = null, moments = null, bytes = ? where id = ?",
            params![chunk, whole(share), segment.id],
        )?;
    }
    let items: Vec<i64> = run.iter().filter_map(|segment| segment.item).collect();
    ingest::store::remove_items(tx, &items)?;
    Ok(true)
}

/// Chunks that no segment names: earlier versions packed what was deleted meanwhile.
pub fn unnamed_chunks(r: &Reader<'_>, limit: u32) -> Result<Vec<i64>> {
    r.rows(
        "select id from replay_chunks where not exists (select 1 from replay_segments where chunk_id = replay_chunks.id) limit ?",
        [limit],
        |row| row.get(0),
    )
}

/// A chunk and the names of it are written together, so what no segment named once is never named.
pub fn remove_chunks(tx: &mut Tx<'_>, chunks: &[i64]) -> Result<()> {
    chunks.iter().try_for_each(|chunk| tx.run("delete from replay_chunks where id = ?", [chunk]).map(|_| ()))
}

/// Reports and what nobody has read yet lie in the log no longer than this.
const LOOSE_DAYS: u32 = 3;

/// Takes a replay's segments, chunks and items out of the log, read or not. Gives how many segments those were.
pub fn remove_recording(tx: &mut Tx<'_>, project: ProjectId, sdk_id: EventId) -> Result<usize> {
    let of = params![project.0, sdk_id.0];
    let items =
        tx.rows("select item_id from replay_segments where project_id = ? and sdk_id = ? and item_id is not null", of, |row| row.get(0))?;
    ingest::store::remove_items(tx, &items)?;
    loop {
        let loose = ingest::store::items_of_event(tx, project, sdk_id, LOOSE_DAYS)?;
        let is_own = |kind| matches!(kind, Kind::ReplayEvent | Kind::ReplayRecording | Kind::ReplayVideo);
        let items: Vec<i64> = loose.iter().filter(|item| is_own(item.kind)).map(|item| item.id).collect();
        if items.is_empty() {
            break;
        }
        ingest::store::remove_items(tx, &items)?;
    }
    tx.run("delete from replay_chunks where project_id = ? and sdk_id = ?", of)?;
    tx.run("delete from replay_segments where project_id = ? and sdk_id = ?", of)
}

/// Bytes that recordings and what happened in them take up.
pub fn size(r: &Reader<'_>) -> Result<u64> {
    let segments: i64 = r.value("select coalesce(sum(bytes + coalesce(length(moments), 0)), 0) from replay_segments", [])?;
    Ok(segments.unsigned_abs())
}

pub fn size_of(r: &Reader<'_>, key: Key) -> Result<u64> {
    let sum: i64 = r.value(
        "select coalesce(sum(bytes + coalesce(length(moments), 0)), 0) from replay_segments where project_id = ? and sdk_id = ?",
        params![key.project.0, key.sdk_id.0],
    )?;
    Ok(sum.unsigned_abs())
}

/// Videos in the log, with their bytes; the oldest first.
pub fn videos(r: &Reader<'_>, limit: u32) -> Result<Vec<(i64, u64)>> {
    r.rows(
        "select id, length(payload) from ingest_items indexed by ingest_items_by_kind where kind = ? order by id limit ?",
        params![Kind::ReplayVideo.code(), limit],
        |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())),
    )
}

pub fn video_bytes(r: &Reader<'_>) -> Result<u64> {
    let sum: i64 = r.value(
        "select coalesce(sum(length(payload)), 0) from ingest_items indexed by ingest_items_by_kind where kind = ?",
        [Kind::ReplayVideo.code()],
    )?;
    Ok(sum.unsigned_abs())
}

/// What replays the log knows, after `after`, with when their newest segment came.
pub fn keys_after(r: &Reader<'_>, after: Option<Key>, limit: u32) -> Result<Vec<(Key, Time)>> {
    let (project, sdk_id) = after.map_or((i64::MIN, [0; 16]), |key| (key.project.0, key.sdk_id.0));
    r.rows(
        "select project_id, sdk_id, max(received_at) from replay_segments where (project_id, sdk_id) > (?, ?) group by 1, 2 order by 1, 2 limit ?",
        params![project, sdk_id, limit],
        |row| Ok((Key { project: ProjectId(row.get(0)?), sdk_id: EventId(row.get(1)?) }, Time(row.get(2)?))),
    )
}
