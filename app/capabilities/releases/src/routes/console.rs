//! Pages for people.

use capability::{Cx, Framed, Routes};
use db::Reader;
use identity::projects::Project;
use ingest::releases::Release;
use kernel::ids::{ProjectId, ReleaseId};
use kernel::time::DAY;
use kernel::{Error, Result, Role};
use serde::Deserialize;
use std::collections::HashMap;
use web::{Access, Actor, Admin, By, Html, Member, Path, Query, Reply, State, see_other_with};

use crate::model::order::in_order;
use crate::model::{Counts, health};
use crate::pages::detail::{Detail, Range};
use crate::pages::list::{List, Listed};
use crate::pages::uploads::Uploads;
use crate::store::{artifacts, deploys, hours, misses, sessions};
use crate::{TOPIC, acts, pages};

const READ: Access = Access::Rank(Role::Viewer);
/// Releases of a project that are looked at: those before them are found by search.
const KNOWN: u32 = 1_000;
const SHOWN: usize = 50;
const FILES: u32 = 200;

pub fn register(routes: &mut Routes) {
    routes.get("/releases", READ, list);
    routes.get("/releases/{id}", READ, show);
    routes.post("/releases/{id}/delete", Access::Rank(Role::Admin), remove);
    routes.post("/releases/{id}/artifacts/delete", Access::Rank(Role::Member), remove_artifacts);
    routes.post("/releases/{id}/artifacts/{bundle}/delete", Access::Rank(Role::Member), remove_bundle);
    routes.get("/releases/uploads/{project}", READ, uploads);
    routes.post("/releases/uploads/{project}/{bundle}/delete", Access::Rank(Role::Member), remove_upload);
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Asked {
    project: Option<i64>,
    before: Option<i64>,
}

async fn list(State(cx): State<Cx>, framed: Framed, Query(asked): Query<Asked>) -> Reply {
    let frame = framed.live(&[TOPIC]);
    let now = cx.now();
    let house = cx.clone();
    let list = cx
        .read(move |r| {
            let projects = identity::store::list_projects(r)?;
            let project = match asked.project {
                Some(id) => projects.iter().find(|project| project.id.0 == id).cloned(),
                None => busiest(r, &projects)?,
            };
            let (rows, next) = match &project {
                Some(project) => rows_of(&house, r, project, asked.before)?,
                None => (Vec::new(), None),
            };
            Ok(List { projects, project, rows, next, is_older: asked.before.is_some(), public_url: house.link(""), now })
        })
        .await?;
    page(&frame, "Releases", pages::list::page(&list))
}

/// The project with the most sessions of the day; without any, the one with the latest release.
fn busiest(r: &Reader<'_>, projects: &[Project]) -> Result<Option<Project>> {
    let mut sessions: HashMap<ProjectId, u64> = HashMap::new();
    for (project, _, counts) in hours::sum_all(r, r.now - DAY)? {
        *sessions.entry(project).or_default() += counts.sessions;
    }
    let mut ranked = Vec::new();
    for project in projects {
        let latest = ingest::store::list_releases(r, project.id, 1)?.first().map(|release| release.id);
        ranked.push((sessions.get(&project.id).copied().unwrap_or(0), latest, project));
    }
    Ok(ranked.into_iter().max_by_key(|(sessions, latest, _)| (*sessions, *latest)).map(|(_, _, project)| project.clone()))
}

fn rows_of(cx: &Cx, r: &Reader<'_>, project: &Project, before: Option<i64>) -> Result<(Vec<Listed>, Option<i64>)> {
    let hidden = deploys::list_hidden(r, project.id)?;
    let releases: Vec<Release> =
        ingest::store::list_releases(r, project.id, KNOWN)?.into_iter().filter(|release| !hidden.contains(&release.id)).collect();
    let mut releases = in_order(releases).into_iter();
    if let Some(before) = before {
        releases.by_ref().find(|release| release.id.0 == before);
    }
    let mut shown: Vec<Release> = releases.take(SHOWN + 1).collect();
    let has_more = shown.len() > SHOWN;
    shown.truncate(SHOWN);
    let next = shown.last().filter(|_| has_more).map(|release| release.id.0);
    let health: HashMap<ReleaseId, Counts> = hours::sum_by_release(r, project.id, r.now - DAY)?.into_iter().collect();
    let all: u64 = health.values().map(|counts| counts.sessions).sum();
    let mut rows = Vec::with_capacity(shown.len());
    for release in shown {
        let counts = health.get(&release.id).copied().unwrap_or_default();
        let (users, held) = cx.telemetry.read_blocking(|log| {
            let users = if counts.sessions > 0 { sessions::count_users(log, release.id, log.now - DAY)? } else { Default::default() };
            Ok((users, artifacts::sum_of_release(log, project.id, &release.version)?))
        })?;
        let (new_issues, regressions) = deploys::count_issues(r, release.id)?;
        let deploy = deploys::list_deploys(r, release.id, 1)?.into_iter().next();
        rows.push(Listed {
            adoption: health::adoption(counts.sessions, all),
            counts,
            users,
            held,
            new_issues,
            regressions,
            deploy,
            release,
        });
    }
    Ok((rows, next))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Within {
    range: String,
}

async fn show(State(cx): State<Cx>, framed: Framed, Path(id): Path<i64>, Query(within): Query<Within>) -> Reply {
    let frame = framed.live(&[TOPIC]);
    let range = Range::parse(&within.range);
    let role = frame.member.role;
    let house = cx.clone();
    let mut detail = cx.read(move |r| detail_of(&house, r, ReleaseId(id), range, role)).await?;
    let subject = (detail.project.id, detail.release.version.clone());
    // The others open readers of their own: not while this one is held.
    detail.hits = off(&cx, move |cx| cx.registry.related(cx, &capability::Subject::Release(subject.0, &subject.1))).await?;
    detail.hits.retain(|hit| hit.kind != "Release");
    page(&frame, &detail.release.version.clone(), pages::detail::page(&detail))
}

fn detail_of(cx: &Cx, r: &Reader<'_>, id: ReleaseId, range: Range, role: Role) -> Result<Detail> {
    let release = ingest::store::find_release_by_id(r, id)?.ok_or_else(|| Error::not_found("release"))?;
    let project = identity::store::get_project(r, release.project)?;
    let day = hours::sum_by_release(r, project.id, r.now - DAY)?;
    let own = day.iter().find(|(other, _)| *other == id).map(|(_, counts)| *counts).unwrap_or_default();
    let from = r.now - range.span();
    let (users, held, files, missed) = cx.telemetry.read_blocking(|log| {
        Ok((
            if range.has_users() { Some(sessions::count_users(log, id, from)?) } else { None },
            artifacts::sum_of_release(log, project.id, &release.version)?,
            artifacts::list_of_release(log, project.id, &release.version, 0, FILES)?,
            misses::list(log, project.id, &release.version, 20)?,
        ))
    })?;
    Ok(Detail {
        adoption: health::adoption(own.sessions, day.iter().map(|(_, counts)| counts.sessions).sum()),
        counts: hours::sum_of(r, id, from)?,
        environments: hours::sum_by_environment(r, id, from)?,
        steps: hours::sum_by_step(r, id, from, range.step_millis())?,
        issues: deploys::count_issues(r, id)?,
        deploys: deploys::list_deploys(r, id, 20)?,
        commits: deploys::list_commits(r, id, 20)?,
        is_hidden: deploys::is_hidden(r, id)?,
        public_url: cx.link(""),
        can_edit: role >= Role::Member,
        can_delete: role >= Role::Admin,
        now: r.now,
        users,
        held,
        files,
        missed,
        hits: Vec::new(),
        range,
        project,
        release,
    })
}

async fn release_of(cx: &Cx, id: i64) -> Result<Release> {
    cx.read(move |r| ingest::store::find_release_by_id(r, ReleaseId(id))?.ok_or_else(|| Error::not_found("release"))).await
}

async fn off<T: Send + 'static>(cx: &Cx, f: impl FnOnce(&Cx) -> Result<T> + Send + 'static) -> Result<T> {
    let cx = cx.clone();
    match tokio::task::spawn_blocking(move || f(&cx)).await {
        Ok(result) => result,
        Err(panic) => Err(Error::internal("deleting panicked").because(panic)),
    }
}

async fn remove(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>) -> Reply {
    let release = release_of(&cx, id).await?;
    let to = format!("/releases?project={}", release.project);
    off(&cx, move |cx| acts::remove_release(cx, &by.actor, &release)).await?;
    Ok(see_other_with(&to, "Deleted. It is listed again if a program reports it."))
}

async fn remove_artifacts(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    let release = release_of(&cx, id).await?;
    let removed = off(&cx, move |cx| acts::remove_artifacts(cx, &by.actor, &release)).await?;
    let told = if removed == 1 { "One upload was deleted.".to_owned() } else { format!("{removed} uploads were deleted.") };
    Ok(see_other_with(&format!("/releases/{id}"), &told))
}

async fn remove_bundle(State(cx): State<Cx>, by: By<Member>, Path((id, bundle)): Path<(i64, i64)>) -> Reply {
    let release = release_of(&cx, id).await?;
    off(&cx, move |cx| acts::remove_bundle(cx, &by.actor, release.project, &format!("release {}", release.version), bundle)).await?;
    Ok(see_other_with(&format!("/releases/{id}"), "The upload was deleted."))
}

async fn uploads(State(cx): State<Cx>, framed: Framed, Path(project): Path<i64>) -> Reply {
    let frame = framed.live(&[TOPIC]);
    let (now, can_edit) = (cx.now(), frame.member.role >= Role::Member);
    let house = cx.clone();
    let uploads = cx
        .read(move |r| {
            let project = identity::store::get_project(r, ProjectId(project))?;
            let (files, held) = house.telemetry.read_blocking(|log| {
                Ok((artifacts::list_of_release(log, project.id, "", 0, FILES)?, artifacts::sum_of_release(log, project.id, "")?))
            })?;
            Ok(Uploads { project, files, held, public_url: house.link(""), can_edit, now })
        })
        .await?;
    page(&frame, "Uploads without a release", pages::uploads::page(&uploads))
}

async fn remove_upload(State(cx): State<Cx>, by: By<Member>, Path((project, bundle)): Path<(i64, i64)>) -> Reply {
    remove_of_project(&cx, by.actor, ProjectId(project), bundle).await?;
    Ok(see_other_with(&format!("/releases/uploads/{project}"), "The upload was deleted."))
}

async fn remove_of_project(cx: &Cx, actor: Actor, project: ProjectId, bundle: i64) -> Result<()> {
    let name = cx.read(move |r| Ok(identity::store::get_project(r, project)?.name)).await?;
    off(cx, move |cx| acts::remove_bundle(cx, &actor, project, &format!("project {name}"), bundle)).await
}

fn page(frame: &frontend::Frame, title: &str, view: frontend::View) -> Reply {
    use axum::response::IntoResponse as _;
    Ok(Html(frontend::console_page(frame, title, view)).into_response())
}
