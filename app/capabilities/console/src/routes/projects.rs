//! Projects: the list, making one, what each page of one shows.
//!
//! - [`settings`]: changing and deleting one; [`keys`]: its DSN keys; [`api`]: JSON

mod api;
mod keys;
mod settings;

use axum::response::IntoResponse;
use capability::{Cx, Framed, Hit, Routes, audit};
use db::Reader;
use identity::projects::{DsnKey, Project, ProjectDraft, dsn};
use identity::{PROJECTS_TOPIC, store};
use ingest::store::{self as log, LastKept, Outcome, OutcomePoint, OutcomeRow};
use kernel::error::FieldError;
use kernel::ids::ProjectId;
use kernel::time::DAY;
use kernel::{Result, Role};
use serde::Deserialize;
use web::{Access, Admin, By, Form, Html, Path, Query, Reply, State, see_other_with};

use super::{form_errors, page, unprocessable};
use crate::model::outcomes::Totals;
use crate::model::sdks::{self, Place, Sdk};
use crate::pages::projects::{connect, list, one, outcomes};

const LIST: &str = "/projects";

pub(super) fn mount(routes: &mut Routes) {
    routes.get(LIST, Access::Rank(Role::Viewer), show_list);
    routes.post(LIST, Access::Rank(Role::Admin), create);
    routes.get("/projects/new", Access::Rank(Role::Admin), show_new);
    routes.get("/projects/outcomes", Access::Rank(Role::Viewer), show_all_outcomes);
    routes.get("/projects/{id}", Access::Rank(Role::Viewer), show_one);
    routes.get("/projects/{id}/connect", Access::Rank(Role::Viewer), show_connect);
    routes.get("/projects/{id}/outcomes", Access::Rank(Role::Viewer), show_outcomes);
    settings::mount(routes);
    keys::mount(routes);
    api::mount(routes);
}

/// Where a project is shown.
fn address(id: ProjectId) -> String {
    format!("{LIST}/{id}")
}

async fn show_list(State(cx): State<Cx>, framed: Framed) -> Reply {
    let (projects, keys, now) = cx.read(|r| Ok((store::list_projects(r)?, store::list_dsn_keys(r)?, r.now))).await?;
    let ids: Vec<ProjectId> = projects.iter().map(|project| project.id).collect();
    let counted = cx.telemetry.read(move |r| Ok((log::sum_outcomes(r, None, r.now - DAY)?, log::last_kept(r, &ids)?)));
    let (sums, last) = counted.await?;
    let rows = projects.into_iter().map(|project| row(project, &keys, &sums, &last)).collect();
    let may_edit = framed.0.member.role >= Role::Admin;
    page(&framed.live(&[PROJECTS_TOPIC]), "Projects", list::list(&list::List { rows, may_edit, now }))
}

fn row(project: Project, keys: &[DsnKey], sums: &[OutcomeRow], last: &[(ProjectId, LastKept)]) -> list::ProjectRow {
    let own: Vec<OutcomeRow> = sums.iter().filter(|sum| sum.project == project.id).cloned().collect();
    let totals: Totals = crate::model::outcomes::totals(&own);
    // They come with the most frequent first.
    let top_reason = own.iter().find(|sum| sum.outcome == Outcome::Dropped).map(|sum| sum.reason.clone());
    list::ProjectRow {
        keys: keys.iter().filter(|key| key.project == project.id).count(),
        totals,
        top_reason,
        last: last.iter().find(|(id, _)| *id == project.id).map(|(_, last)| *last),
        project,
    }
}

#[derive(Debug, Default, Deserialize)]
struct NewForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    platform: String,
}

async fn show_new(framed: Framed) -> Reply {
    page(&framed.live(&[]), "New project", list::new(&list::New { name: "", platform: "", errors: &[] }))
}

async fn create(State(cx): State<Cx>, by: By<Admin>, framed: Framed, Form(form): Form<NewForm>) -> Reply {
    let draft = ProjectDraft { platform: form.platform.clone(), slug: String::new(), ..ProjectDraft::named(&form.name) };
    let made = cx.write(move |tx| {
        let draft = ProjectDraft { slug: free_slug(tx, draft.clone())?, ..draft };
        let (project, _) = store::new_project(tx, draft)?;
        audit(tx, &by.actor, "identity.project.create", &subject(&project), "")?;
        Ok(project)
    });
    match made.await {
        Ok(project) => Ok(see_other_with(&address(project.id), "The project is made. Put its DSN into the program.")),
        Err(error) => {
            let errors = form_errors(error)?;
            let view = list::new(&list::New { name: &form.name, platform: &form.platform, errors: &errors });
            Ok(unprocessable(frontend::console_page(&framed.live(&[]), "New project", view)))
        }
    }
}

/// Who names a second project “Web” did not choose its short name, so it gets a number rather than an error.
fn free_slug(r: &Reader<'_>, draft: ProjectDraft) -> Result<String> {
    let wanted = draft.checked()?.slug;
    let mut slug = wanted.clone();
    let mut number = 2;
    while store::find_project_by_slug(r, &slug)?.is_some() {
        slug = format!("{}-{number}", wanted.chars().take(45).collect::<String>());
        number += 1;
    }
    Ok(slug)
}

/// For the console's search.
pub(crate) fn search(r: &Reader<'_>, query: &str) -> Result<Vec<Hit>> {
    let query = query.trim().to_lowercase();
    let is_hit = |project: &Project| project.name.to_lowercase().contains(&query) || project.slug.contains(&query);
    let found = store::list_projects(r)?.into_iter().filter(is_hit).take(10);
    let hit = |project: Project| Hit { kind: "Project", note: project.slug.clone(), href: address(project.id), title: project.name };
    Ok(found.map(hit).collect())
}

/// As the audit log names it.
fn subject(project: &Project) -> String {
    format!("project:{} {}", project.id, project.slug)
}

/// A project with what its pages need.
struct Found {
    project: Project,
    keys: Vec<DsnKey>,
    last: Option<LastKept>,
}

async fn find(cx: &Cx, id: ProjectId) -> Result<Found> {
    let (project, keys) = cx.read(move |r| Ok((store::get_project(r, id)?, store::list_dsn_keys_of(r, id)?))).await?;
    let last = cx.telemetry.read(move |r| log::last_kept(r, &[id])).await?;
    Ok(Found { project, keys, last: last.into_iter().next().map(|(_, last)| last) })
}

async fn show_one(State(cx): State<Cx>, framed: Framed, Path(id): Path<ProjectId>) -> Reply {
    one_page(&cx, framed, id, (None, Vec::new())).await.map(|(title, frame, view)| {
        let html = frontend::console_page(&frame, &title, view);
        Html(html).into_response()
    })
}

/// Which key's form was wrong, and how.
type WrongKey = (Option<i64>, Vec<FieldError>);

async fn one_page(
    cx: &Cx,
    framed: Framed,
    id: ProjectId,
    (wrong_key, errors): WrongKey,
) -> Reply<(String, frontend::Frame, frontend::View)> {
    let found = find(cx, id).await?;
    let (rows, now) = cx.telemetry.read(move |r| Ok((log::sum_outcomes(r, Some(id), r.now - DAY)?, r.now))).await?;
    let may_edit = framed.0.member.role >= Role::Admin;
    let is_waiting = found.last.is_none();
    // Whoever digests the first item tells of it under its own name.
    let topics: Vec<&'static str> = if is_waiting {
        cx.registry.all().iter().map(|capability| capability.name()).chain([PROJECTS_TOPIC]).collect()
    } else {
        vec![PROJECTS_TOPIC]
    };
    let lessons = is_waiting.then(|| connect::lessons(&connect_view(cx, &found, Sdk::of(&found.project.platform), may_edit)));
    let keys = found.keys.iter().map(|key| (key.clone(), dsn(&cx.boot.public_url, key))).collect();
    let title = found.project.name.clone();
    let shown = one::One { project: found.project, keys, rows, last: found.last, lessons, may_edit, now, errors, wrong_key };
    Ok((title, framed.live(&topics), one::show(shown)))
}

#[derive(Debug, Deserialize)]
struct Chosen {
    sdk: Option<String>,
}

async fn show_connect(State(cx): State<Cx>, framed: Framed, Path(id): Path<ProjectId>, Query(chosen): Query<Chosen>) -> Reply {
    let found = find(&cx, id).await?;
    let sdk = Sdk::of(chosen.sdk.as_deref().unwrap_or(&found.project.platform));
    let may_edit = framed.0.member.role >= Role::Admin;
    let view = connect::show(&connect_view(&cx, &found, sdk, may_edit));
    let title = format!("Connect {}", found.project.name);
    page(&framed.live(&[PROJECTS_TOPIC]), &title, view)
}

fn connect_view(cx: &Cx, found: &Found, sdk: Sdk, may_edit: bool) -> connect::Connect {
    let key = found.keys.iter().find(|key| key.is_active);
    let address = key.map(|key| dsn(&cx.boot.public_url, key)).unwrap_or_default();
    let base = cx.link("");
    let place = Place {
        dsn: if address.is_empty() { "YOUR-DSN" } else { &address },
        public_key: key.map_or("YOUR-KEY", |key| &key.public_key),
        base: &base,
        project_id: found.project.id.0,
        slug: &found.project.slug,
    };
    connect::Connect {
        project: found.project.clone(),
        sdk,
        lessons: sdk.lessons(&place),
        extras: sdks::extras(&place),
        has_kept: found.last.is_some(),
        may_edit,
        dsn: address,
    }
}

#[derive(Debug, Deserialize)]
struct Back {
    days: Option<u32>,
}

async fn show_all_outcomes(State(cx): State<Cx>, framed: Framed, Query(back): Query<Back>) -> Reply {
    let range = outcomes::Range::of(back.days);
    let (rows, points, now) = counted(&cx, None, range).await?;
    let view = outcomes::Outcomes { project: None, range, rows, points, has_kept: true, may_edit: false, now };
    page(&framed.live(&[]), "What became of everything", outcomes::show(&view))
}

async fn show_outcomes(State(cx): State<Cx>, framed: Framed, Path(id): Path<ProjectId>, Query(back): Query<Back>) -> Reply {
    let range = outcomes::Range::of(back.days);
    let found = find(&cx, id).await?;
    let (rows, points, now) = counted(&cx, Some(id), range).await?;
    let may_edit = framed.0.member.role >= Role::Admin;
    let title = format!("{}: what became of it", found.project.name);
    let view = outcomes::Outcomes { project: Some(found.project), range, rows, points, has_kept: found.last.is_some(), may_edit, now };
    page(&framed.live(&[]), &title, outcomes::show(&view))
}

async fn counted(
    cx: &Cx,
    project: Option<ProjectId>,
    range: outcomes::Range,
) -> Result<(Vec<OutcomeRow>, Vec<OutcomePoint>, kernel::Time)> {
    let read = move |r: &Reader<'_>| {
        let from = range.from(r.now);
        let from = if range.is_daily() { from.day_start() } else { from };
        Ok((log::sum_outcomes(r, project, from)?, log::outcomes_over_time(r, project, from, range.is_daily())?, r.now))
    };
    cx.telemetry.read(read).await
}
