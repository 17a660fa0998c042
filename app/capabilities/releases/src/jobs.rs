//! What runs by itself: counting issues, keeping within the budget, forgetting what is old.

use capability::{Cx, Work};
use db::Db;
use ingest::Kind;
use kernel::time::{HOUR, MINUTE};
use kernel::{Error, Fact, Result};
use work::Job;

use crate::model::session::forgotten_before;
use crate::settings;
use crate::store::{artifacts, chunks, deploys, hours, misses, sessions};
use crate::{TOPIC, acts, upload};

/// Rows in one transaction: others wait for its end.
const BATCH: u32 = 2_000;
/// Contents in one transaction: each may be megabytes.
const FEW: u32 = 20;

pub fn register(work: &mut Work) {
    work.job("releases.count_issue", count_issue);
    work.reaction("issue_opened", "releases.count_issue");
    work.reaction("issue_regressed", "releases.count_issue");
    work.job("releases.announce", |cx: Cx, _| async move { off(cx, |cx| upload::announce_waiting(cx)).await });
    work.every("releases.announce", MINUTE * 5);
    work.job("releases.tidy", |cx: Cx, _| async move { off(cx, tidy).await });
    work.every("releases.tidy", HOUR);
}

async fn off(cx: Cx, f: impl FnOnce(&Cx) -> Result<()> + Send + 'static) -> Result<()> {
    match tokio::task::spawn_blocking(move || f(&cx)).await {
        Ok(result) => result,
        Err(panic) => Err(Error::internal("a job of releases panicked").because(panic)),
    }
}

/// So that the list of releases can say how many problems came with each.
async fn count_issue(cx: Cx, job: Job) -> Result<()> {
    let (issue, project, version, at, is_regression) = match job.fact()? {
        Fact::IssueOpened { issue, project, release, at, .. } => (issue, project, release, at, false),
        Fact::IssueRegressed { issue, project, release, at, .. } => (issue, project, release, at, true),
        _ => return Ok(()),
    };
    cx.write(move |tx| {
        let Some(release) = ingest::store::find_release(tx, project, &version)? else { return Ok(()) };
        deploys::add_issue(tx, project, release.id, issue, is_regression, at)?;
        tx.signal(TOPIC);
        Ok(())
    })
    .await
}

fn tidy(cx: &Cx) -> Result<()> {
    remove_orphans(cx)?;
    evict(cx)?;
    let now = cx.now();
    let health = cx.hermetic.read_blocking(settings::health_kept)?;
    until_none(&cx.hermetic, move |tx| hours::remove_before(tx, now - health, BATCH))?;
    until_none(&cx.telemetry, move |tx| chunks::remove_before(tx, now - settings::CHUNKS_KEPT, FEW))?;
    until_none(&cx.telemetry, move |tx| sessions::forget_before(tx, forgotten_before(now), BATCH))?;
    until_none(&cx.telemetry, move |tx| sessions::forget_people_before(tx, (now - settings::PEOPLE_KEPT).day_start(), BATCH))?;
    cx.telemetry.write_blocking(move |tx| misses::remove_before(tx, (now - settings::MISSES_KEPT).day_start()))?;
    remove_items(cx)
}

/// Uploads of projects that are gone. Nobody could look them up any more; their sources need not lie here for longer.
fn remove_orphans(cx: &Cx) -> Result<()> {
    for project in cx.telemetry.read_blocking(artifacts::list_projects)? {
        if cx.hermetic.read_blocking(|r| identity::store::find_project(r, project))?.is_none() {
            until_none(&cx.telemetry, move |tx| artifacts::remove_some_of(tx, project, FEW))?;
        }
    }
    Ok(())
}

/// Only what the digest has read.
fn remove_items(cx: &Cx) -> Result<()> {
    let digested = cx.hermetic.read_blocking(|r| ingest::store::cursor(r, "releases"))?;
    let before = cx.now() - settings::ITEMS_KEPT;
    until_none(&cx.telemetry, move |tx| {
        let mut ids = ingest::store::items_before(tx, &[Kind::Session, Kind::Sessions], before, BATCH)?;
        ids.retain(|id| *id <= digested);
        ingest::store::remove_items(tx, &ids)
    })
}

fn until_none(db: &Db, step: impl Fn(&mut db::Tx<'_>) -> Result<usize> + Clone + Send + 'static) -> Result<()> {
    while db.write_blocking(step.clone())? > 0 {}
    Ok(())
}

/// The uploads that helped nobody for the longest time make room. Contents may belong to several uploads: only what nothing names goes.
fn evict(cx: &Cx) -> Result<()> {
    let budget = cx.hermetic.read_blocking(settings::budget)?;
    let sweep = cx.now() - settings::SWEEP_AFTER;
    until_none(&cx.telemetry, move |tx| artifacts::sweep_blobs(tx, sweep, FEW))?;
    while cx.telemetry.read_blocking(artifacts::sum_blobs)?.0 > budget {
        let Some((project, release, id)) = cx.telemetry.read_blocking(artifacts::find_least_used)? else { break };
        tracing::info!(project = project.0, release, "source maps go: there is no more room for them");
        if release.is_empty() {
            cx.telemetry.write_blocking(move |tx| artifacts::remove_bundle(tx, project, id))?;
        } else {
            acts::remove_uploads(cx, project, &release)?;
        }
    }
    Ok(())
}
