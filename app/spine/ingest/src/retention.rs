//! What ages out of the log: kinds that nobody else evicts, counts after 90 days, everything of projects that are gone.

use db::{Db, Tx};
use kernel::ids::ProjectId;
use kernel::time::DAY;
use kernel::{Result, Time};
use std::time::Duration;

use crate::{Kind, store};

/// For how long what is kept. Events with everything that came with them, spans, lines of logs and replays are the affair of whoever shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// Of profiles, measurements and client reports.
    pub raw_days: u32,
    /// Bytes of these in the log, as they are packed.
    pub raw_bytes: u64,
    /// Of sessions and check-ins: what they mean was counted long before.
    pub counted_days: u32,
}

impl Windows {
    pub const STANDARD: Windows = Windows { raw_days: 30, raw_bytes: 1 << 30, counted_days: 14 };
}

/// Days for which outcomes are counted.
pub const OUTCOME_DAYS: u32 = 90;

const RAW: [Kind; 4] = [Kind::Profile, Kind::ProfileChunk, Kind::Metrics, Kind::ClientReport];
const COUNTED: [Kind; 3] = [Kind::Session, Kind::Sessions, Kind::CheckIn];

/// For so long what a removed project reported stays: a state that was restored from a copy may lack a project by mistake.
const GRACE: Duration = DAY;
/// Removed in one transaction: few enough that a report that comes meanwhile hardly waits.
const BATCH: u32 = 200;
/// Ids looked at in one read, where a project is gone.
const SPAN: i64 = 5_000;

/// Removes what is past its window; gives how many items that were.
pub async fn sweep(hermetic: &Db, telemetry: &Db, windows: Windows, now: Time) -> Result<usize> {
    let mut removed = 0;
    for (kinds, days) in [(&RAW[..], windows.raw_days), (&COUNTED[..], windows.counted_days)] {
        removed += remove_before(telemetry, kinds.to_vec(), now - DAY * days).await?;
    }
    let categories: Vec<&'static str> = RAW.iter().map(|kind| kind.category()).collect();
    let beyond = telemetry.read(move |r| store::beyond_budget(r, &categories, windows.raw_bytes)).await?;
    if let Some(before) = beyond {
        removed += remove_before(telemetry, RAW.to_vec(), before).await?;
    }
    for project in removed_projects(hermetic, telemetry, now).await? {
        removed += remove_project(telemetry, project).await?;
    }
    hermetic.write(move |tx| store::remove_salts_before(tx, now.day_start() - DAY)).await?;
    telemetry.write(move |tx| store::remove_outcomes_before(tx, now - DAY * OUTCOME_DAYS)).await?;
    Ok(removed)
}

/// The log is asked first and the state second: a project that begins to report in between is not taken for one that is gone.
async fn removed_projects(hermetic: &Db, telemetry: &Db, now: Time) -> Result<Vec<ProjectId>> {
    let quiet = telemetry.read(move |r| store::projects_quiet_since(r, now - GRACE)).await?;
    hermetic
        .read(move |r| {
            let mut removed = Vec::new();
            for project in quiet {
                if project != crate::tally::NO_PROJECT && identity::store::find_project(r, project)?.is_none() {
                    removed.push(project);
                }
            }
            Ok(removed)
        })
        .await
}

async fn remove_before(telemetry: &Db, kinds: Vec<Kind>, before: Time) -> Result<usize> {
    let mut removed = 0;
    loop {
        let wanted = kinds.clone();
        let ids = telemetry.read(move |r| store::items_before(r, &wanted, before, BATCH)).await?;
        if ids.is_empty() {
            return Ok(removed);
        }
        removed += telemetry.write(move |tx| store::remove_items(tx, &ids)).await?;
    }
}

/// The whole log is walked once: there is no index by project, and a project is seldom removed. Its counts go last, so that a walk
/// that is broken off is done again.
async fn remove_project(telemetry: &Db, project: ProjectId) -> Result<usize> {
    let (mut removed, mut after) = (0, 0);
    loop {
        let (ids, last) = telemetry.read(move |r| store::items_of_project(r, project, after, SPAN)).await?;
        for part in ids.chunks(BATCH as usize) {
            let part = part.to_vec();
            removed += telemetry.write(move |tx| store::remove_items(tx, &part)).await?;
        }
        match last {
            Some(last) => after = last,
            None => break,
        }
    }
    telemetry.write(move |tx: &mut Tx<'_>| store::remove_outcomes_of(tx, project)).await?;
    Ok(removed)
}
