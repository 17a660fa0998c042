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
         where hour >= ?1 and (?2 is null or project_id = ?2) group by 1, 2, 3, 4 order by 5 desc limit 1000",
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

/// How much of what a project reported came to this outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProjectSum {
    pub project: ProjectId,
    pub outcome: Outcome,
    pub quantity: u64,
}

/// Of every project, from the start of `from`'s hour on. Reads the primary key from that hour to its end.
pub fn sum_by_project(r: &Reader<'_>, from: Time) -> Result<Vec<ProjectSum>> {
    r.rows(
        "select project_id, outcome, sum(quantity) from ingest_outcomes where hour >= ? group by 1, 2 order by 1, 2 limit 5000",
        [from.hour_start().0],
        |row| {
            let outcome: String = row.get(1)?;
            Ok(ProjectSum {
                project: ProjectId(row.get(0)?),
                outcome: Outcome::parse(&outcome).unwrap_or(Outcome::Dropped),
                quantity: row.get::<_, i64>(2)?.unsigned_abs(),
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

/// By hour, or by day when `is_daily`, oldest first. What SDKs report of themselves and what nothing became of has no point.
pub fn outcomes_over_time(r: &Reader<'_>, project: Option<ProjectId>, from: Time, is_daily: bool) -> Result<Vec<OutcomePoint>> {
    let step: i64 = if is_daily { 86_400_000 } else { 3_600_000 };
    r.rows(
        "select hour - hour % ?3, outcome, sum(quantity) from ingest_outcomes \
         where hour >= ?1 and (?2 is null or project_id = ?2) group by 1, 2 order by 1 limit 5000",
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
