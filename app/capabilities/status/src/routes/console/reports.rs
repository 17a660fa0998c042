//! Reports and their updates.

use super::{EDIT, LOOK, again, correctable, show};
use crate::acts;
use crate::forms::ReportForm;
use crate::jobs::Subject;
use crate::links::Target;
use crate::load;
use crate::model::{Impact, Phase};
use crate::pages::console::reports::{self as pages, NewPage, OnePage};
use crate::pages::public::{Place, history};
use crate::routes::public::page;
use crate::settings;
use crate::store::{components, notices, reports, templates};
use capability::{Cx, Framed, Routes};
use http::StatusCode;
use kernel::error::FieldError;
use kernel::ids::ReportId;
use kernel::paging::PageRequest;
use kernel::{Result, Role};
use serde::Deserialize;
use web::{By, Form, Html, Member, Path, Query, Reply, State, Viewer, see_other_with};

const HOME: &str = "/status/edit/reports";

pub fn mount(routes: &mut Routes) {
    routes.get("/status/edit/reports", LOOK, list);
    routes.post("/status/edit/reports", EDIT, create);
    routes.get("/status/edit/reports/new", EDIT, new);
    routes.get("/status/edit/reports/{id}", LOOK, one);
    routes.post("/status/edit/reports/{id}", EDIT, edit);
    routes.get("/status/edit/reports/{id}/preview", LOOK, preview);
    routes.post("/status/edit/reports/{id}/publish", EDIT, publish);
    routes.post("/status/edit/reports/{id}/delete", EDIT, delete);
    routes.post("/status/edit/reports/{id}/updates", EDIT, add_update);
    routes.post("/status/edit/reports/{id}/updates/{update}", EDIT, correct);
}

async fn list(State(cx): State<Cx>, by: By<Viewer>, framed: Framed, Query(request): Query<PageRequest>) -> Reply<Html> {
    let role = by.actor.role().unwrap_or(Role::Viewer);
    let page = cx.read(move |r| reports::list_all(r, &request)).await?;
    Ok(show(&framed.live(&[acts::TOPIC]), "Reports", pages::list(&page, cx.now(), role)))
}

#[derive(Deserialize)]
struct NewQuery {
    #[serde(default)]
    template: Option<i64>,
}

async fn new(State(cx): State<Cx>, _: By<Member>, Framed(frame): Framed, Query(query): Query<NewQuery>) -> Reply<Html> {
    let data = new_data(&cx, ReportForm::default(), query.template, Vec::new()).await?;
    Ok(show(&frame, "Write a report", pages::new(&data)))
}

async fn new_data(cx: &Cx, mut form: ReportForm, template: Option<i64>, errors: Vec<FieldError>) -> Result<NewPage> {
    cx.read(move |r| {
        let templates = templates::list_templates(r)?;
        if let Some(chosen) = templates.iter().find(|row| Some(row.id) == template) {
            form.title = chosen.title.clone();
            form.impact = chosen.impact.as_str().to_owned();
            form.phase = chosen.phase.as_str().to_owned();
            form.body = chosen.body.clone();
        }
        Ok(NewPage { form, components: components::list_components(r)?, templates, errors })
    })
    .await
}

async fn create(State(cx): State<Cx>, by: By<Member>, Framed(frame): Framed, Form(form): Form<ReportForm>) -> Reply {
    let sent = form.clone();
    let done = cx.write(move |tx| acts::create_report(tx, &by.actor.label(), sent.new_report()?)).await;
    match done {
        Ok(id) if form.then == "draft" => Ok(see_other_with(&format!("{HOME}/{id}"), "Kept as a draft; the public sees nothing yet.")),
        Ok(id) => Ok(see_other_with(&format!("{HOME}/{id}"), "Published. Post an update as soon as you know more.")),
        Err(error) => {
            let data = new_data(&cx, form, None, correctable(error)?).await?;
            Ok(again(&frame, "Write a report", pages::new(&data)))
        }
    }
}

async fn one_data(cx: &Cx, id: ReportId, form: ReportForm, errors: Vec<FieldError>, role: Role) -> Result<OnePage> {
    cx.read(move |r| {
        let row = reports::get_report(r, id)?;
        let key = Subject::Report(id).key();
        let telling = notices::find_open(r, &key)?.map(|open| open.posted);
        let told_at = notices::find_last(r, &key)?.map(|(_, at)| at);
        Ok(OnePage { row, form, components: components::list_components(r)?, errors, telling, told_at, role })
    })
    .await
}

async fn one(State(cx): State<Cx>, by: By<Viewer>, framed: Framed, Path(id): Path<i64>) -> Reply<Html> {
    let role = by.actor.role().unwrap_or(Role::Viewer);
    let data = one_data(&cx, ReportId(id), ReportForm::default(), Vec::new(), role).await?;
    Ok(show(&framed.0, "Report", pages::one(&data)))
}

async fn add_update(
    State(cx): State<Cx>,
    by: By<Member>,
    Framed(frame): Framed,
    Path(id): Path<i64>,
    Form(form): Form<ReportForm>,
) -> Reply {
    let (id, sent, role) = (ReportId(id), form.clone(), by.actor.role().unwrap_or(Role::Viewer));
    let done = cx.write(move |tx| acts::add_update(tx, &by.actor.label(), id, sent.new_update()?)).await;
    match done {
        Ok(_) if form.phase == Phase::Resolved.as_str() => Ok(see_other_with(&format!("{HOME}/{id}"), "Resolved.")),
        Ok(_) => Ok(see_other_with(&format!("{HOME}/{id}"), "The update is posted.")),
        Err(error) => {
            let data = one_data(&cx, id, form, correctable(error)?, role).await?;
            Ok(again(&frame, "Report", pages::one(&data)))
        }
    }
}

#[derive(Deserialize)]
struct FrameForm {
    title: String,
    impact: String,
    counts_as_downtime: Option<String>,
}

async fn edit(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>, Form(form): Form<FrameForm>) -> Reply {
    let impact: Impact = form.impact.parse()?;
    let counts = form.counts_as_downtime.is_some();
    cx.write(move |tx| acts::edit_report(tx, &by.actor.label(), ReportId(id), &form.title, impact, counts)).await?;
    Ok(see_other_with(&format!("{HOME}/{id}"), "Saved."))
}

#[derive(Deserialize)]
struct BodyForm {
    body: String,
}

async fn correct(State(cx): State<Cx>, by: By<Member>, Path((id, update)): Path<(i64, i64)>, Form(form): Form<BodyForm>) -> Reply {
    cx.write(move |tx| acts::edit_update(tx, &by.actor.label(), ReportId(id), update, &form.body)).await?;
    Ok(see_other_with(&format!("{HOME}/{id}"), "Corrected. Messages that were sent stay as they were."))
}

async fn publish(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    cx.write(move |tx| acts::publish_report(tx, &by.actor.label(), ReportId(id))).await?;
    Ok(see_other_with(&format!("{HOME}/{id}"), "Published. Post an update as soon as you know more."))
}

async fn delete(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    cx.write(move |tx| acts::delete_report(tx, &by.actor.label(), ReportId(id))).await?;
    Ok(see_other_with(HOME, "The report is gone."))
}

/// The public page of a report that may still be a draft.
async fn preview(State(cx): State<Cx>, _: By<Viewer>, Path(id): Path<i64>) -> Reply {
    let (registry, boot) = (cx.registry, cx.boot.clone());
    let rendered = cx
        .read(move |r| {
            let view = reports::get_report(r, ReportId(id))?.view;
            let snapshot = load::brief(r, registry, vec![view.clone()], Vec::new())?;
            let links = settings::served_links(r, &boot)?;
            let place =
                Place { look: &snapshot.look, links: &links, here: Target::Report(&view.public_id), language: snapshot.look.language };
            Ok(history::report(&snapshot, place, &view))
        })
        .await?;
    Ok(page(StatusCode::OK, rendered))
}
