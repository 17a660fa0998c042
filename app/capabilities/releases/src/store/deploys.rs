//! SQL of deploys, commits, counts of issues and of what is hidden, in hermetic.db.

use db::{Reader, Tx};
use kernel::ids::{IssueId, ProjectId, ReleaseId};
use kernel::{Result, Time};
use rusqlite::{Row, params};

use super::count;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deploy {
    pub id: i64,
    pub release: ReleaseId,
    pub environment: String,
    pub name: String,
    pub url: String,
    pub started_at: Option<Time>,
    pub finished_at: Time,
}

const DEPLOY_COLUMNS: &str = "id, release_id, environment, name, url, started_at, finished_at";

fn read_deploy(row: &Row<'_>) -> rusqlite::Result<Deploy> {
    Ok(Deploy {
        id: row.get(0)?,
        release: ReleaseId(row.get(1)?),
        environment: row.get(2)?,
        name: row.get(3)?,
        url: row.get(4)?,
        started_at: row.get::<_, Option<i64>>(5)?.map(Time),
        finished_at: Time(row.get(6)?),
    })
}

/// The id in `deploy` does not matter.
pub fn new_deploy(tx: &mut Tx<'_>, project: ProjectId, deploy: &Deploy) -> Result<i64> {
    tx.insert(
        "insert into releases_deploys (project_id, release_id, environment, name, url, started_at, finished_at) values (?, ?, ?, ?, ?, ?, ?)",
        params![
            project.0,
            deploy.release.0,
            deploy.environment,
            deploy.name,
            deploy.url,
            deploy.started_at.map(|at| at.0),
            deploy.finished_at.0
        ],
    )
}

/// The newest first.
pub fn list_deploys(r: &Reader<'_>, release: ReleaseId, limit: u32) -> Result<Vec<Deploy>> {
    let sql = format!("select {DEPLOY_COLUMNS} from releases_deploys where release_id = ? order by id desc limit ?");
    r.rows(&sql, params![release.0, limit], read_deploy)
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commit {
    pub hash: String,
    pub repository: String,
    pub author: String,
    pub message: String,
    pub committed_at: Option<Time>,
}

/// Instead of what was known: the client sends all of them each time.
pub fn set_commits(tx: &mut Tx<'_>, project: ProjectId, release: ReleaseId, commits: &[Commit]) -> Result<()> {
    tx.run("delete from releases_commits where release_id = ?", [release.0])?;
    for (position, commit) in (0_i64..).zip(commits) {
        tx.run(
            "insert into releases_commits (release_id, position, project_id, hash, repository, author, message, committed_at) \
             values (?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                release.0,
                position,
                project.0,
                commit.hash,
                commit.repository,
                commit.author,
                commit.message,
                commit.committed_at.map(|at| at.0)
            ],
        )?;
    }
    Ok(())
}

pub fn list_commits(r: &Reader<'_>, release: ReleaseId, limit: u32) -> Result<Vec<Commit>> {
    r.rows(
        "select hash, repository, author, message, committed_at from releases_commits where release_id = ? order by position limit ?",
        params![release.0, limit],
        |row| {
            Ok(Commit {
                hash: row.get(0)?,
                repository: row.get(1)?,
                author: row.get(2)?,
                message: row.get(3)?,
                committed_at: row.get::<_, Option<i64>>(4)?.map(Time),
            })
        },
    )
}

pub fn count_commits(r: &Reader<'_>, release: ReleaseId) -> Result<u64> {
    Ok(count(r.value("select count(*) from releases_commits where release_id = ?", [release.0])?))
}

pub fn count_deploys(r: &Reader<'_>, release: ReleaseId) -> Result<u64> {
    Ok(count(r.value("select count(*) from releases_deploys where release_id = ?", [release.0])?))
}

/// Once for each issue and way, however often it is told.
pub fn add_issue(tx: &mut Tx<'_>, project: ProjectId, release: ReleaseId, issue: IssueId, is_regression: bool, at: Time) -> Result<()> {
    tx.run(
        "insert or ignore into releases_issues (release_id, issue_id, project_id, is_regression, at) values (?, ?, ?, ?, ?)",
        params![release.0, issue.0, project.0, is_regression, at.0],
    )?;
    Ok(())
}

/// New issues and issues that came back.
pub fn count_issues(r: &Reader<'_>, release: ReleaseId) -> Result<(u64, u64)> {
    let counts = r.row(
        "select count(*) filter (where is_regression = 0), count(*) filter (where is_regression = 1) from releases_issues where release_id = ?",
        [release.0],
        |row| Ok((count(row.get(0)?), count(row.get(1)?))),
    )?;
    Ok(counts.unwrap_or_default())
}

/// What this capability keeps of a release goes; it is not listed until it is reported again.
pub fn hide(tx: &mut Tx<'_>, project: ProjectId, release: ReleaseId) -> Result<()> {
    for table in ["releases_deploys", "releases_commits", "releases_issues"] {
        tx.run(&format!("delete from {table} where release_id = ?"), [release.0])?;
    }
    tx.run(
        "insert into releases_hidden (release_id, project_id, hidden_at) values (?, ?, ?) \
         on conflict (release_id) do update set hidden_at = excluded.hidden_at",
        params![release.0, project.0, tx.now.0],
    )?;
    Ok(())
}

pub fn show(tx: &mut Tx<'_>, release: ReleaseId) -> Result<()> {
    tx.run("delete from releases_hidden where release_id = ?", [release.0])?;
    Ok(())
}

pub fn is_hidden(r: &Reader<'_>, release: ReleaseId) -> Result<bool> {
    Ok(r.value::<i64>("select exists (select 1 from releases_hidden where release_id = ?)", [release.0])? != 0)
}

/// Ids of releases of a project that are hidden.
pub fn list_hidden(r: &Reader<'_>, project: ProjectId) -> Result<Vec<ReleaseId>> {
    r.rows("select release_id from releases_hidden where project_id = ? limit 10000", [project.0], |row| Ok(ReleaseId(row.get(0)?)))
}
