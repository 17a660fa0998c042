//! Lines and their words, in telemetry.db.

use db::{Reader, Tx};
use kernel::ids::ProjectId;
use kernel::{Result, Time};
use rusqlite::{Row, params};

use crate::model::{Level, place};

/// A line that is to be found from now on.
#[derive(Debug, Clone)]
pub struct NewLine {
    pub at_us: i64,
    pub position: i64,
    pub level: Level,
    pub words: String,
}

/// Where a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub id: i64,
    pub item: i64,
    pub position: i64,
    pub project: ProjectId,
    pub level: Level,
}

/// Takes in an item's lines, given in the order of time. `false`: it was taken in before, and nothing was written.
pub fn take_in(tx: &mut Tx<'_>, item: i64, project: ProjectId, lines: &[NewLine]) -> Result<bool> {
    let is_known: i64 = tx.value("select exists (select 1 from logs_items where item_id = ?)", [item])?;
    if is_known != 0 {
        return Ok(false);
    }
    let mut ids = Vec::with_capacity(lines.len());
    for line in lines {
        let wanted = place::wanted(line.at_us).max(ids.last().map_or(0, |last| last + 1));
        let id = free_id(tx, wanted)?;
        tx.run(
            "insert into logs_lines (id, item_id, position, project_id, level) values (?, ?, ?, ?, ?)",
            params![id, item, line.position, project.0, line.level.code()],
        )?;
        tx.run("insert into logs_words (rowid, words) values (?, ?)", params![id, line.words])?;
        ids.push(id);
    }
    tx.run(
        "insert into logs_items (item_id, project_id, lines, bytes, ids) values (?1, ?2, ?3, \
         coalesce((select length(payload) + length(head) from ingest_items where id = ?1), 0), ?4)",
        params![item, project.0, i64::try_from(lines.len()).unwrap_or(i64::MAX), place::pack(&ids)],
    )?;
    Ok(true)
}

/// The wanted id, or one a little later. Whoever sends thousands of lines of one moment gets the end of all lines: looking for a gap
/// would take longer with each of them.
fn free_id(r: &Reader<'_>, wanted: i64) -> Result<i64> {
    const NEAR: i64 = 4_096;
    let is_taken: i64 = r.value("select exists (select 1 from logs_lines where id = ?)", [wanted])?;
    if is_taken == 0 {
        return Ok(wanted);
    }
    let last: i64 = r.value("select max(id) from logs_lines where id >= ? and id < ?", params![wanted, wanted + NEAR])?;
    if last + 1 < wanted + NEAR {
        return Ok(last + 1);
    }
    Ok(r.value::<i64>("select max(id) from logs_lines", [])?.max(wanted) + 1)
}

/// Ids from (inclusive) to (exclusive), newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub from: i64,
    pub to: i64,
}

impl Range {
    pub fn of(from: Time, to: Time) -> Range {
        Range { from: place::first_of(from), to: place::first_of(to) }
    }

    /// Only what is older than a line.
    #[must_use]
    pub fn before(self, id: Option<i64>) -> Range {
        Range { to: id.map_or(self.to, |id| id.min(self.to)), ..self }
    }
}

const PLACE: &str = "logs_lines.id, logs_lines.item_id, logs_lines.position, logs_lines.project_id, logs_lines.level";

fn read_place(row: &Row<'_>) -> rusqlite::Result<Place> {
    Ok(Place {
        id: row.get(0)?,
        item: row.get(1)?,
        position: row.get(2)?,
        project: ProjectId(row.get(3)?),
        level: Level::from_code(row.get(4)?),
    })
}

/// Words lead by the index of words, which is in the order of ids; then each line is one step into its own table.
fn led(columns: &str) -> String {
    format!(
        "select {columns} from logs_words join logs_lines on logs_lines.id = logs_words.rowid \
         where logs_words match ? and logs_words.rowid >= ? and logs_words.rowid < ? order by logs_words.rowid desc limit ?"
    )
}

fn plain(columns: &str) -> String {
    format!("select {columns} from logs_lines where id >= ? and id < ? order by id desc limit ?")
}

/// The newest lines of the range to which the expression leads; all of them without one.
pub fn places(r: &Reader<'_>, expression: Option<&str>, range: Range, limit: usize) -> Result<Vec<Place>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    match expression {
        Some(expression) => r.rows(&led(PLACE), params![expression, range.from, range.to, limit], read_place),
        None => r.rows(&plain(PLACE), params![range.from, range.to, limit], read_place),
    }
}

/// The oldest lines of the range, oldest first: what came right after a line.
pub fn next_places(r: &Reader<'_>, expression: Option<&str>, range: Range, limit: usize) -> Result<Vec<Place>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    match expression {
        Some(expression) => {
            r.rows(&led(PLACE).replace(" desc limit", " limit"), params![expression, range.from, range.to, limit], read_place)
        }
        None => r.rows(&plain(PLACE).replace(" desc limit", " limit"), params![range.from, range.to, limit], read_place),
    }
}

/// Moment and level of the newest lines of the range, without collecting them. Gives how many there were.
pub fn each_level(
    r: &Reader<'_>,
    expression: Option<&str>,
    range: Range,
    limit: usize,
    mut each: impl FnMut(Time, Level),
) -> Result<usize> {
    const COLUMNS: &str = "logs_lines.id, logs_lines.level";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut count = 0;
    let mut take = |row: &Row<'_>| {
        count += 1;
        each(place::moment_of(row.get(0)?), Level::from_code(row.get(1)?));
        Ok(())
    };
    match expression {
        Some(expression) => r.each(&led(COLUMNS), params![expression, range.from, range.to, limit], &mut take)?,
        None => r.each(&plain(COLUMNS), params![range.from, range.to, limit], &mut take)?,
    }
    Ok(count)
}

/// How many lines the expression leads to, counted up to `limit`.
pub fn count_led(r: &Reader<'_>, expression: &str, range: Range, limit: usize) -> Result<u64> {
    let count: i64 = r.value(
        "select count(*) from (select rowid from logs_words where logs_words match ? and rowid >= ? and rowid < ? limit ?)",
        params![expression, range.from, range.to, i64::try_from(limit).unwrap_or(i64::MAX)],
    )?;
    Ok(count.unsigned_abs())
}

pub fn count_lines(r: &Reader<'_>, range: Range, limit: usize) -> Result<u64> {
    let count: i64 = r.value(
        "select count(*) from (select id from logs_lines where id >= ? and id < ? limit ?)",
        params![range.from, range.to, i64::try_from(limit).unwrap_or(i64::MAX)],
    )?;
    Ok(count.unsigned_abs())
}

/// The moment of the oldest line there is.
pub fn oldest(r: &Reader<'_>) -> Result<Option<Time>> {
    Ok(r.value::<Option<i64>>("select min(id) from logs_lines", [])?.map(place::moment_of))
}

/// What lines take up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    pub lines: u64,
    /// Packed items.
    pub item_bytes: u64,
    /// Pages of the tables and the index that lead to them.
    pub index_bytes: u64,
}

/// Reads every page of the index: asked once an hour.
pub fn size(r: &Reader<'_>) -> Result<Size> {
    let sums = r.row("select coalesce(sum(lines), 0), coalesce(sum(bytes), 0) from logs_items", [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    })?;
    let (lines, bytes) = sums.unwrap_or_default();
    let mut pages = 0;
    for table in ["logs_lines", "logs_items", "logs_words_data", "logs_words_idx", "logs_words_docsize"] {
        pages += r.value::<i64>("select coalesce(sum(pgsize), 0) from dbstat where name = ? and aggregate = 1", [table])?;
    }
    Ok(Size { lines: lines.unsigned_abs(), item_bytes: bytes.unsigned_abs(), index_bytes: pages.unsigned_abs() })
}

/// An item that was taken in, as the evictor sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    pub item: i64,
    pub lines: u64,
    pub bytes: u64,
}

/// The oldest items that were taken in.
pub fn oldest_taken(r: &Reader<'_>, limit: u32) -> Result<Vec<Taken>> {
    r.rows("select item_id, lines, bytes from logs_items order by item_id limit ?", [limit], |row| {
        Ok(Taken { item: row.get(0)?, lines: row.get::<_, i64>(1)?.unsigned_abs(), bytes: row.get::<_, i64>(2)?.unsigned_abs() })
    })
}

/// Items that were taken in of projects that are not among these, and that have left the log with them.
pub fn taken_of_others(r: &Reader<'_>, projects: &[ProjectId], limit: u32) -> Result<Vec<i64>> {
    let known: Vec<String> = projects.iter().map(|id| id.0.to_string()).collect();
    let sql = format!(
        "select item_id from logs_items where project_id not in ({}) \
         and not exists (select 1 from ingest_items where ingest_items.id = logs_items.item_id) limit ?",
        known.join(", ")
    );
    r.rows(&sql, [limit], |row| row.get(0))
}

/// Takes the items' lines away, with the items themselves.
pub fn remove(tx: &mut Tx<'_>, items: &[i64]) -> Result<usize> {
    let mut removed = 0;
    for item in items {
        let ids = tx.row("select ids from logs_items where item_id = ?", [item], |row| row.get::<_, Vec<u8>>(0))?;
        for id in ids.map(|bytes| place::unpack(&bytes)).unwrap_or_default() {
            tx.run("delete from logs_words where rowid = ?", [id])?;
            removed += tx.run("delete from logs_lines where id = ?", [id])?;
        }
        tx.run("delete from logs_items where item_id = ?", [item])?;
    }
    ingest::store::remove_items(tx, items)?;
    Ok(removed)
}
