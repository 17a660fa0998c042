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
pub fn count(
    tx: &mut Tx<'_>,
    project: ProjectId,
    category: &str,
    outcome: Outcome,
    reason: &str,
    quantity: u64,
    bytes: u64,
) -> Result<()> {
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
