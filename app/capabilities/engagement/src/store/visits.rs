//! What the visits of a day come to. In hermetic.db.

use db::{Reader, Tx};
use kernel::Result;
use rusqlite::params;

use crate::model::{Day, Median, VisitDay};

/// Days to which actions came since their visits were summed up.
pub fn stale_days(r: &Reader<'_>) -> Result<Vec<Day>> {
    r.rows("select day from engagement_stale order by day desc limit 1000", [], |row| row.get(0).map(Day))
}

/// Replaces what is known of the day.
pub fn set_visits(tx: &mut Tx<'_>, day: Day, summed: Option<&VisitDay>) -> Result<()> {
    tx.run("delete from engagement_stale where day = ?", [day.0])?;
    tx.run("delete from engagement_visits where day = ?", [day.0])?;
    let Some(summed) = summed else { return Ok(()) };
    tx.run(
        "insert into engagement_visits (day, visits, bounced, total_ms, median_ms, contacts) values (?, ?, ?, ?, ?, ?)",
        params![day.0, summed.visits as i64, summed.bounced as i64, summed.total_ms, summed.length_ms.value, summed.contacts as i64],
    )?;
    tx.signal(crate::TOPIC);
    Ok(())
}

/// Oldest first; days without a visit are left out.
pub fn visits(r: &Reader<'_>, (first, last): (Day, Day)) -> Result<Vec<(Day, VisitDay)>> {
    r.rows(
        "select day, visits, bounced, total_ms, median_ms, contacts from engagement_visits where day between ? and ? order by day",
        params![first.0, last.0],
        |row| {
            let visits = row.get::<_, i64>(1)?.unsigned_abs();
            let of_day = VisitDay {
                visits,
                bounced: row.get::<_, i64>(2)?.unsigned_abs(),
                total_ms: row.get(3)?,
                length_ms: Median { value: row.get(4)?, of: visits },
                contacts: row.get::<_, i64>(5)?.unsigned_abs(),
            };
            Ok((Day(row.get(0)?), of_day))
        },
    )
}
