//! What became of everything that was reported.

use db::{Reader, Tx};
use kernel::ids::ProjectId;
use kernel::{Result, Time};
use rusqlite::params;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Accepted,
    /// By us; the reason says why.
    Dropped,
    /// By the SDK before it was sent: from its client reports.
    Discarded,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Accepted => "accepted",
            Outcome::Dropped => "dropped",
            Outcome::Discarded => "discarded",
        }
    }

    pub fn parse(text: &str) -> Option<Outcome> {
        [Outcome::Accepted, Outcome::Dropped, Outcome::Discarded].into_iter().find(|outcome| outcome.as_str() == text)
    }
}

/// Adds to the hour's count, in telemetry.db.
pub fn count(tx: &mut Tx<'_>, project: ProjectId, category: &str, outcome: Outcome, reason: &str, quantity: u64, bytes: u64) -> Result<()> {
    tx.run(
        "insert into ingest_outcomes (hour, project_id, category, outcome, reason, quantity, bytes) values (?, ?, ?, ?, ?, ?, ?) \
         on conflict do update set quantity = quantity + excluded.quantity, bytes = bytes + excluded.bytes",
        params![
            tx.now.hour_start().0,
            project.0,
            category,
            outcome.as_str(),
            reason,
            i64::try_from(quantity).unwrap_or(i64::MAX),
            i64::try_from(bytes).unwrap_or(i64::MAX)
        ],
    )?;
    Ok(())
}

/// Counts an item that a digest cannot make anything of, in telemetry.db. Once: the cursor moves in the other file, and where it did not
/// the item comes again. A digest reads in the order of ids, so the last one that was counted tells of all.
pub fn count_passed(tx: &mut Tx<'_>, digest: &str, item: i64, (project, category): (ProjectId, &str)) -> Result<()> {
    let is_new = tx.run(
        "insert into ingest_marks (digest, item_id) values (?, ?) \
         on conflict (digest) do update set item_id = excluded.item_id where excluded.item_id > item_id",
        params![digest, item],
    )?;
    if is_new == 0 { Ok(()) } else { count(tx, project, category, Outcome::Dropped, "undigestible", 1, 0) }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeRow {
    pub project: ProjectId,
    pub category: String,
    pub outcome: Outcome,
    pub reason: String,
    pub quantity: u64,
    pub bytes: u64,
}

/// Summed up from `from` (the start of its hour) on, the most frequent first.
pub fn sum_outcomes(r: &Reader<'_>, project: Option<ProjectId>, from: Time) -> Result<Vec<OutcomeRow>> {
    r.rows(
        "select project_id, category, outcome, reason, sum(quantity), sum(bytes) from ingest_outcomes \
         where hour >= ?1 and (?2 is null or project_id = ?2) group by 1, 2, 3, 4 order by 5 desc limit 10000",
        params![from.hour_start().0, project.map(|id| id.0)],
        |row| {
            let outcome: String = row.get(2)?;
            Ok(OutcomeRow {
                project: ProjectId(row.get(0)?),
                category: row.get(1)?,
                outcome: Outcome::parse(&outcome).unwrap_or(Outcome::Dropped),
                reason: row.get(3)?,
                quantity: row.get::<_, i64>(4)?.unsigned_abs(),
                bytes: row.get::<_, i64>(5)?.unsigned_abs(),
            })
        },
    )
}

/// One stretch of time of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutcomePoint {
    /// Its start.
    pub at: Time,
    pub outcome: Outcome,
    pub quantity: u64,
}

/// By hour, or by day when `is_daily`, oldest first. Bytes are no items and are left out. What SDKs report of themselves and what nothing
/// became of has no point.
pub fn outcomes_over_time(r: &Reader<'_>, project: Option<ProjectId>, from: Time, is_daily: bool) -> Result<Vec<OutcomePoint>> {
    let step: i64 = if is_daily { 86_400_000 } else { 3_600_000 };
    r.rows(
        "select hour - hour % ?3, outcome, sum(quantity) from ingest_outcomes where hour >= ?1 \
         and (?2 is null or project_id = ?2) and category not like '%\\_byte' escape '\\' group by 1, 2 order by 1 limit 5000",
        params![from.hour_start().0, project.map(|id| id.0), step],
        |row| {
            let outcome: String = row.get(1)?;
            Ok(OutcomePoint {
                at: Time(row.get(0)?),
                outcome: Outcome::parse(&outcome).unwrap_or(Outcome::Dropped),
                quantity: row.get::<_, i64>(2)?.unsigned_abs(),
            })
        },
    )
}

/// When something of a project was last kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastKept {
    At(Time),
    /// Too many items of others came since; known is the hour, by its start.
    InHour(Time),
}

impl LastKept {
    /// Not after the moment that is meant.
    pub fn at(self) -> Time {
        match self {
            LastKept::At(at) | LastKept::InHour(at) => at,
        }
    }
}

/// How many of the newest items are looked through for an exact time.
const NEWEST: u32 = 500;

/// For each of these projects that ever had something kept (within the 90 days that outcomes are kept). The items have no index by
/// project, so the exact time is looked for among the newest; behind them the counts know the hour, found by one step an hour.
pub fn last_kept(r: &Reader<'_>, projects: &[ProjectId]) -> Result<Vec<(ProjectId, LastKept)>> {
    let newest = r.rows(
        "select project_id, max(received_at) from (select project_id, received_at from ingest_items order by id desc limit ?) group by 1",
        [NEWEST],
        |row| Ok((ProjectId(row.get(0)?), LastKept::At(Time(row.get(1)?)))),
    )?;
    let mut found = Vec::new();
    for id in projects {
        let exact = newest.iter().find(|(project, _)| project == id).map(|(_, last)| *last);
        let last = match exact {
            Some(last) => Some(last),
            None => last_hour(r, *id)?.map(LastKept::InHour),
        };
        found.extend(last.map(|last| (*id, last)));
    }
    Ok(found)
}

const LAST_HOUR: &str = "with recursive hours(hour) as (select max(hour) from ingest_outcomes union all \
     select (select max(hour) from ingest_outcomes where hour < hours.hour) from hours where hours.hour is not null) \
     select hours.hour from hours cross join ingest_outcomes on ingest_outcomes.hour = hours.hour and ingest_outcomes.project_id = ? \
     where ingest_outcomes.outcome = 'accepted' limit 1";

fn last_hour(r: &Reader<'_>, project: ProjectId) -> Result<Option<Time>> {
    r.row(LAST_HOUR, [project.0], |row| Ok(Time(row.get(0)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Clock;
    use kernel::time::HOUR;

    fn log(folder: &std::path::Path, clock: &Clock) -> db::Db {
        let options = db::OpenOptions {
            folder: folder.to_owned(),
            file: db::File::Telemetry,
            readers: 1,
            clock: clock.clone(),
            checkpoints: db::Checkpoints::Automatic,
            floor: 0,
        };
        let log = db::Db::open(options).unwrap();
        log.migrate(vec![db::Migrations { owner: "ingest", list: crate::TELEMETRY_MIGRATIONS }]).unwrap();
        log
    }

    #[test]
    fn the_last_hour_of_a_quiet_project_is_found_by_steps_and_not_by_reading_every_count() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::frozen(Time(1_772_452_800_000));
        let log = log(folder.path(), &clock);
        let (quiet, loud) = (ProjectId(1), ProjectId(2));
        let kept = |project, outcome| {
            log.write_blocking(move |tx| count(tx, project, "error", outcome, "", 1, 10)).unwrap();
        };
        kept(quiet, Outcome::Accepted);
        let then = clock.now();
        for _ in 0..300 {
            clock.advance(HOUR);
            kept(loud, Outcome::Accepted);
            // What was refused is not kept.
            kept(quiet, Outcome::Dropped);
        }
        let found = log.read_blocking(|r| last_kept(r, &[quiet, loud, ProjectId(3)])).unwrap();
        assert_eq!(found, [(quiet, LastKept::InHour(then)), (loud, LastKept::InHour(clock.now()))]);
        let plan = log.read_blocking(|r| r.explain(LAST_HOUR, [1])).unwrap();
        assert!(!plan.contains("SCAN ingest_outcomes"), "{plan}");
        assert!(plan.matches("SEARCH ingest_outcomes").count() >= 2, "{plan}");
    }

    #[test]
    fn points_are_summed_by_hour_and_by_day() {
        let folder = tempfile::tempdir().unwrap();
        // 22:30: three hours make two days.
        let clock = Clock::frozen(Time(1_772_452_800_000 + 37_800_000));
        let log = log(folder.path(), &clock);
        let start = clock.now();
        for _ in 0..3 {
            log.write_blocking(|tx| {
                count(tx, ProjectId(1), "error", Outcome::Accepted, "", 2, 10)?;
                count(tx, ProjectId(1), "span", Outcome::Accepted, "", 3, 10)?;
                count(tx, ProjectId(1), "log_byte", Outcome::Accepted, "", 9_000, 10)?;
                count(tx, ProjectId(2), "error", Outcome::Dropped, "duplicate", 7, 0)
            })
            .unwrap();
            clock.advance(HOUR);
        }
        let points = |project, is_daily| log.read_blocking(|r| outcomes_over_time(r, project, start, is_daily)).unwrap();
        let sums = |points: Vec<OutcomePoint>| points.into_iter().map(|point| (point.outcome, point.quantity)).collect::<Vec<_>>();
        assert_eq!(sums(points(Some(ProjectId(1)), false)), [(Outcome::Accepted, 5); 3]);
        assert_eq!(sums(points(Some(ProjectId(1)), true)), [(Outcome::Accepted, 10), (Outcome::Accepted, 5)]);
        let all = points(None, true);
        assert_eq!(all[0].at, start.day_start());
        assert_eq!(sums(all), [(Outcome::Accepted, 10), (Outcome::Dropped, 14), (Outcome::Accepted, 5), (Outcome::Dropped, 7)]);
    }
}
