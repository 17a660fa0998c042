//! Releases, their deploys and commits, as clients create and change them.

use axum::response::Response;
use capability::{Cx, Routes};
use db::{Reader, Tx};
use http::StatusCode;
use identity::projects::Project;
use ingest::releases::{Release, checked_version};
use kernel::ids::{ProjectId, ReleaseId};
use kernel::text::{WebUrl, shorten};
use kernel::{Error, Result, Time};
use serde_json::{Value, json};
use web::{Actor, By, Member, Path, Raw, State};

use super::{OPEN, answer, blocking, no_project, ok, parsed, project};
use crate::store::deploys::{self, Commit, Deploy};
use crate::{TOPIC, acts};

/// Releases in one answer.
const LISTED: u32 = 100;
/// Commits that are kept of one release: more are not read.
const MAX_COMMITS: usize = 100;

pub fn register(routes: &mut Routes) {
    routes.get("/api/0/organizations/{org}/releases/", OPEN, list);
    routes.post("/api/0/organizations/{org}/releases/", OPEN, create);
    routes.get("/api/0/organizations/{org}/releases/{version}/", OPEN, show);
    routes.put("/api/0/organizations/{org}/releases/{version}/", OPEN, update);
    routes.delete("/api/0/organizations/{org}/releases/{version}/", OPEN, remove);
    routes.get("/api/0/organizations/{org}/releases/{version}/deploys/", OPEN, list_deploys);
    routes.post("/api/0/organizations/{org}/releases/{version}/deploys/", OPEN, create_deploy);
    routes.get("/api/0/organizations/{org}/releases/{version}/commits/", OPEN, list_commits);
    routes.get("/api/0/organizations/{org}/releases/{version}/previous-with-commits/", OPEN, previous);
    routes.get("/api/0/projects/{org}/{project}/releases/", OPEN, list_in_project);
    routes.post("/api/0/projects/{org}/{project}/releases/", OPEN, create_in_project);
    routes.get("/api/0/projects/{org}/{project}/releases/{version}/", OPEN, show_in_project);
    routes.put("/api/0/projects/{org}/{project}/releases/{version}/", OPEN, update_in_project);
    routes.delete("/api/0/projects/{org}/{project}/releases/{version}/", OPEN, remove_in_project);
}

pub fn no_version() -> Error {
    Error::invalid("A release has 1 to 200 characters in one line, and is not “.”, “..”, “latest” or slashes alone.")
}

/// Makes a release that an upload names.
pub async fn ensure(cx: &Cx, project: ProjectId, version: String) -> Result<()> {
    cx.write(move |tx| {
        let release = ingest::store::ensure_release(tx, project, &version, tx.now)?;
        deploys::show(tx, release.id)?;
        tx.signal(TOPIC);
        Ok(())
    })
    .await
}

/// The projects that a request names; where it names none, those that have the release; where none has it, the only one there is.
pub async fn projects_of(cx: &Cx, named: Option<&Value>, version: &str) -> Result<Vec<ProjectId>> {
    let named: Vec<String> = named
        .and_then(Value::as_array)
        .map(|slugs| {
            slugs.iter().filter_map(|slug| slug.as_str().map(str::to_owned).or_else(|| slug.as_i64().map(|id| id.to_string()))).collect()
        })
        .unwrap_or_default();
    let version = version.to_owned();
    cx.read(move |r| {
        if !named.is_empty() {
            let found = |slug: &String| {
                let project = identity::store::find_project_by_slug(r, slug)?;
                project.map(|project| project.id).ok_or_else(|| no_project(slug))
            };
            return named.iter().map(found).collect();
        }
        let all = identity::store::list_projects(r)?;
        let having = with_release(r, &version)?;
        match (having.as_slice(), all.as_slice()) {
            ([], [only]) => Ok(vec![only.id]),
            ([], _) => Err(Error::invalid("Please name a project: --project, or SENTRY_PROJECT.")),
            (having, _) => Ok(having.iter().map(|(project, _)| project.id).collect()),
        }
    })
    .await
}

/// The projects that have this release.
fn with_release(r: &Reader<'_>, version: &str) -> Result<Vec<(Project, Release)>> {
    let mut having = Vec::new();
    for project in identity::store::list_projects(r)? {
        if let Some(release) = ingest::store::find_release(r, project.id, version)?
            && !deploys::is_hidden(r, release.id)?
        {
            having.push((project, release));
        }
    }
    Ok(having)
}

fn some_release(r: &Reader<'_>, version: &str) -> Result<Vec<(Project, Release)>> {
    let having = with_release(r, version)?;
    if having.is_empty() { Err(Error::not_found("release")) } else { Ok(having) }
}

/// One release, of however many projects.
fn release_json(r: &Reader<'_>, having: &[(Project, Release)]) -> Result<Value> {
    let Some((_, release)) = having.first() else { return Err(Error::not_found("release")) };
    let (mut new_issues, mut deploy_count) = (0, 0);
    for (_, release) in having {
        new_issues += deploys::count_issues(r, release.id)?.0;
        deploy_count += deploys::count_deploys(r, release.id)?;
    }
    let projects: Vec<Value> = having
        .iter()
        .map(|(project, _)| json!({ "id": project.id, "slug": project.slug, "name": project.name, "platform": project.platform }))
        .collect();
    let commits = deploys::list_commits(r, release.id, 1)?;
    Ok(json!({
        "id": release.id, "version": release.version, "shortVersion": release.version, "status": "open", "ref": null, "url": null,
        "dateCreated": release.created_at.rfc3339_millis(), "dateReleased": release.released_at.map(Time::rfc3339_millis),
        "dateStarted": null, "newGroups": new_issues, "commitCount": deploys::count_commits(r, release.id)?, "deployCount": deploy_count, "authors": [],
        "lastEvent": null, "firstEvent": null, "lastCommit": commits.first().map(|commit| json!({ "id": commit.hash })),
        "projects": projects,
    }))
}

async fn list(State(cx): State<Cx>) -> Response {
    let listed = cx.read(|r| {
        let mut rows = Vec::new();
        for project in identity::store::list_projects(r)? {
            rows.extend(list_of(r, &project)?);
        }
        Ok(Value::Array(rows))
    });
    answer(listed.await.and_then(ok))
}

async fn list_in_project(State(cx): State<Cx>, Path((_, slug)): Path<(String, String)>) -> Response {
    let listed = async {
        let project = project(&cx, slug).await?;
        cx.read(move |r| list_of(r, &project)).await
    };
    answer(listed.await.and_then(|rows| ok(Value::Array(rows))))
}

fn list_of(r: &Reader<'_>, project: &Project) -> Result<Vec<Value>> {
    let hidden = deploys::list_hidden(r, project.id)?;
    let releases = ingest::store::list_releases(r, project.id, LISTED)?;
    let shown = releases.into_iter().filter(|release| !hidden.contains(&release.id));
    shown.map(|release| release_json(r, &[(project.clone(), release)])).collect()
}

async fn create(State(cx): State<Cx>, by: By<Member>, Raw(body): Raw) -> Response {
    answer(change(&cx, by.actor, &body, None, None).await)
}

async fn update(State(cx): State<Cx>, by: By<Member>, Path((_, version)): Path<(String, String)>, Raw(body): Raw) -> Response {
    answer(change(&cx, by.actor, &body, Some(version), None).await)
}

async fn create_in_project(State(cx): State<Cx>, by: By<Member>, Path((_, slug)): Path<(String, String)>, Raw(body): Raw) -> Response {
    answer(change(&cx, by.actor, &body, None, Some(slug)).await)
}

async fn update_in_project(
    State(cx): State<Cx>,
    by: By<Member>,
    Path((_, slug, version)): Path<(String, String, String)>,
    Raw(body): Raw,
) -> Response {
    answer(change(&cx, by.actor, &body, Some(version), Some(slug)).await)
}

/// Creates what is not there, and sets what is told: when it came out, its commits.
async fn change(cx: &Cx, actor: Actor, body: &[u8], version: Option<String>, slug: Option<String>) -> Result<(StatusCode, Value)> {
    let body = parsed(body)?;
    let named = version.as_deref().or_else(|| body.get("version").and_then(Value::as_str)).unwrap_or_default();
    let version = checked_version(named).ok_or_else(no_version)?;
    let projects = match slug {
        Some(slug) => vec![project(cx, slug).await?.id],
        None => projects_of(cx, body.get("projects"), &version).await?,
    };
    let released_at = body.get("dateReleased").and_then(Value::as_str).and_then(Time::parse_rfc3339);
    let commits = read_commits(&body);
    cx.write(move |tx| {
        let mut is_new = false;
        for project in &projects {
            is_new |= set(tx, *project, &version, released_at, commits.as_deref())?;
        }
        if is_new {
            capability::audit(tx, &actor, "releases.release.create", &format!("release {version}"), "by the API")?;
        }
        tx.signal(TOPIC);
        let having: Vec<_> = with_release(tx, &version)?.into_iter().filter(|(project, _)| projects.contains(&project.id)).collect();
        Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, release_json(tx, &having)?))
    })
    .await
}

/// `true` when it is new.
fn set(tx: &mut Tx<'_>, project: ProjectId, version: &str, released_at: Option<Time>, commits: Option<&[Commit]>) -> Result<bool> {
    let is_known = ingest::store::find_release(tx, project, version)?.is_some();
    let release = ingest::store::ensure_release(tx, project, version, tx.now)?;
    deploys::show(tx, release.id)?;
    if let Some(at) = released_at {
        ingest::store::set_released(tx, release.id, at)?;
    }
    if let Some(commits) = commits {
        deploys::set_commits(tx, project, release.id, commits)?;
    }
    Ok(!is_known)
}

/// As a list of commits, or as the last one of each repository. `None`: the request says nothing of commits.
fn read_commits(body: &Value) -> Option<Vec<Commit>> {
    let text = |value: &Value, name: &str, max: usize| shorten(value.get(name).and_then(Value::as_str).unwrap_or_default().trim(), max);
    let listed = |name: &str| body.get(name).and_then(Value::as_array).filter(|list| !list.is_empty());
    if let Some(commits) = listed("commits") {
        let commit = |commit: &Value| Commit {
            hash: text(commit, "id", 64),
            repository: text(commit, "repository", 200),
            author: text(commit, "author_name", 100),
            message: text(commit, "message", 500),
            committed_at: commit.get("timestamp").and_then(Value::as_str).and_then(Time::parse_rfc3339),
        };
        return Some(commits.iter().take(MAX_COMMITS).map(commit).filter(|commit| !commit.hash.is_empty()).collect());
    }
    let reference = |one: &Value| Commit { hash: text(one, "commit", 64), repository: text(one, "repository", 200), ..Commit::default() };
    listed("refs").map(|refs| refs.iter().take(MAX_COMMITS).map(reference).filter(|commit| !commit.hash.is_empty()).collect())
}

async fn show(State(cx): State<Cx>, Path((_, version)): Path<(String, String)>) -> Response {
    answer(cx.read(move |r| release_json(r, &some_release(r, &version)?)).await.and_then(ok))
}

async fn show_in_project(State(cx): State<Cx>, Path((_, slug, version)): Path<(String, String, String)>) -> Response {
    let shown = async {
        let project = project(&cx, slug).await?;
        cx.read(move |r| {
            let having: Vec<_> = some_release(r, &version)?.into_iter().filter(|(other, _)| other.id == project.id).collect();
            release_json(r, &having)
        })
        .await
    };
    answer(shown.await.and_then(ok))
}

async fn remove(State(cx): State<Cx>, by: By<Member>, Path((_, version)): Path<(String, String)>) -> Response {
    answer(forget(&cx, by.actor, version, None).await)
}

async fn remove_in_project(State(cx): State<Cx>, by: By<Member>, Path((_, slug, version)): Path<(String, String, String)>) -> Response {
    answer(forget(&cx, by.actor, version, Some(slug)).await)
}

async fn forget(cx: &Cx, actor: Actor, version: String, slug: Option<String>) -> Result<(StatusCode, Value)> {
    let only = match slug {
        Some(slug) => Some(project(cx, slug).await?.id),
        None => None,
    };
    let having = cx.read(move |r| some_release(r, &version)).await?;
    let releases: Vec<Release> =
        having.into_iter().filter(|(project, _)| only.is_none_or(|only| project.id == only)).map(|(_, release)| release).collect();
    if releases.is_empty() {
        return Err(Error::not_found("release"));
    }
    blocking(cx, move |cx| releases.iter().try_for_each(|release| acts::remove_release(cx, &actor, release))).await?;
    Ok((StatusCode::NO_CONTENT, Value::Null))
}

fn deploy_json(deploy: &Deploy) -> Value {
    let text = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
    json!({
        "id": deploy.id.to_string(), "environment": deploy.environment, "name": text(&deploy.name), "url": text(&deploy.url),
        "dateStarted": deploy.started_at.map(Time::rfc3339_millis), "dateFinished": deploy.finished_at.rfc3339_millis(),
    })
}

async fn list_deploys(State(cx): State<Cx>, Path((_, version)): Path<(String, String)>) -> Response {
    let listed = cx.read(move |r| {
        let mut rows = Vec::new();
        for (_, release) in some_release(r, &version)? {
            rows.extend(deploys::list_deploys(r, release.id, LISTED)?.iter().map(deploy_json));
        }
        Ok(Value::Array(rows))
    });
    answer(listed.await.and_then(ok))
}

async fn create_deploy(State(cx): State<Cx>, by: By<Member>, Path((_, version)): Path<(String, String)>, Raw(body): Raw) -> Response {
    answer(deploy(&cx, by.actor, version, &body).await)
}

async fn deploy(cx: &Cx, actor: Actor, version: String, body: &[u8]) -> Result<(StatusCode, Value)> {
    let body = parsed(body)?;
    let text = |name: &str, max: usize| shorten(body.get(name).and_then(Value::as_str).unwrap_or_default().trim(), max);
    let moment = |name: &str| body.get(name).and_then(Value::as_str).and_then(Time::parse_rfc3339);
    let environment = text("environment", 64);
    if environment.is_empty() {
        return Err(Error::field("environment", "Please name the environment of the deploy: production, staging."));
    }
    let (name, url) = (text("name", 100), WebUrl::parse(&text("url", 500)).map(String::from).unwrap_or_default());
    let (started_at, finished_at) = (moment("dateStarted"), moment("dateFinished"));
    let named = body.get("projects").and_then(Value::as_array).is_some_and(|slugs| !slugs.is_empty());
    let only = if named { Some(projects_of(cx, body.get("projects"), &version).await?) } else { None };
    cx.write(move |tx| {
        let mut made = None;
        for (project, release) in some_release(tx, &version)? {
            if only.as_ref().is_some_and(|only| !only.contains(&project.id)) {
                continue;
            }
            let mut deploy = Deploy {
                id: 0,
                release: release.id,
                environment: environment.clone(),
                name: name.clone(),
                url: url.clone(),
                started_at,
                finished_at: finished_at.unwrap_or(tx.now),
            };
            deploy.id = deploys::new_deploy(tx, project.id, &deploy)?;
            made = Some(deploy);
        }
        let deploy = made.ok_or_else(|| Error::not_found("release"))?;
        capability::audit(tx, &actor, "releases.deploy.create", &format!("release {version}"), &deploy.environment)?;
        tx.signal(TOPIC);
        Ok((StatusCode::CREATED, deploy_json(&deploy)))
    })
    .await
}

async fn list_commits(State(cx): State<Cx>, Path((_, version)): Path<(String, String)>) -> Response {
    let listed = cx.read(move |r| {
        let Some((_, release)) = some_release(r, &version)?.into_iter().next() else { return Ok(json!([])) };
        let commits = deploys::list_commits(r, release.id, LISTED)?;
        Ok(commits
            .iter()
            .map(|commit| json!({ "id": commit.hash, "message": commit.message, "author": { "name": commit.author } }))
            .collect())
    });
    answer(listed.await.and_then(ok))
}

/// The release before this one that knows its commits: from there on clients look for new ones. An empty object: none.
async fn previous(State(cx): State<Cx>, Path((_, version)): Path<(String, String)>) -> Response {
    let found = cx.read(move |r| match find_previous(r, &version)? {
        Some((project, release)) => release_json(r, &[(project, release)]),
        None => Ok(json!({})),
    });
    answer(found.await.and_then(ok))
}

/// Of the projects that have this release: another project's commits lie in another repository, where the client looks for them in vain.
/// A release that is not made yet comes after all others.
fn find_previous(r: &Reader<'_>, version: &str) -> Result<Option<(Project, Release)>> {
    let having = with_release(r, version)?;
    let places: Vec<(Project, ReleaseId)> = if having.is_empty() {
        identity::store::list_projects(r)?.into_iter().map(|project| (project, ReleaseId(i64::MAX))).collect()
    } else {
        having.into_iter().map(|(project, release)| (project, release.id)).collect()
    };
    let mut latest: Option<(Project, Release)> = None;
    for (project, before) in places {
        for release in ingest::store::list_releases(r, project.id, LISTED)?.into_iter().filter(|release| release.id < before) {
            if deploys::count_commits(r, release.id)? > 0 {
                if latest.as_ref().is_none_or(|(_, known)| known.id < release.id) {
                    latest = Some((project, release));
                }
                break;
            }
        }
    }
    Ok(latest)
}
