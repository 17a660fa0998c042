//! Maintenance.

use super::{EDIT, LOOK, again, correctable, show};
use crate::acts;
use crate::forms::MaintenanceForm;
use crate::forms::civil;
use crate::model::MaintenancePhase;
use crate::pages::console::maintenances::{self as pages, MaintenanceEdit};
use crate::settings;
use crate::store::{components, maintenances};
use capability::{Cx, Framed, Routes};
use kernel::error::FieldError;
use kernel::ids::MaintenanceId;
use kernel::paging::PageRequest;
use kernel::{Result, Role};
use serde::Deserialize;
use web::{By, Form, Html, Member, Path, Query, Reply, State, Viewer, see_other_with};

const HOME: &str = "/status/edit/maintenances";

pub fn mount(routes: &mut Routes) {
    routes.get("/status/edit/maintenances", LOOK, list);
    routes.post("/status/edit/maintenances", EDIT, create);
    routes.get("/status/edit/maintenances/new", EDIT, new);
    routes.get("/status/edit/maintenances/{id}", LOOK, one);
    routes.post("/status/edit/maintenances/{id}", EDIT, edit);
    routes.post("/status/edit/maintenances/{id}/steps", EDIT, step);
}

async fn list(State(cx): State<Cx>, by: By<Viewer>, framed: Framed, Query(request): Query<PageRequest>) -> Reply<Html> {
    let role = by.actor.role().unwrap_or(Role::Viewer);
    let page = cx.read(move |r| maintenances::list_all(r, &request)).await?;
    Ok(show(&framed.live(&[acts::TOPIC]), "Maintenance", pages::list(&page, role)))
}

async fn data(
    cx: &Cx,
    id: Option<MaintenanceId>,
    form: Option<MaintenanceForm>,
    errors: Vec<FieldError>,
    role: Role,
) -> Result<MaintenanceEdit> {
    cx.read(move |r| {
        let look = settings::look(r)?;
        let row = id.map(|id| maintenances::get_maintenance(r, id)).transpose()?;
        let stored = row.as_ref().map(|row| MaintenanceForm {
            title: row.view.title.clone(),
            body: String::new(),
            starts_at: civil(row.view.starts_at, &look.zone),
            ends_at: civil(row.view.ends_at, &look.zone),
            components: row.view.components.iter().map(ToString::to_string).collect(),
        });
        let form = form.or(stored).unwrap_or_default();
        Ok(MaintenanceEdit { row, form, components: components::list_components(r)?, zone_name: look.zone_name, errors, role })
    })
    .await
}

async fn new(State(cx): State<Cx>, by: By<Member>, Framed(frame): Framed) -> Reply<Html> {
    let role = by.actor.role().unwrap_or(Role::Viewer);
    Ok(show(&frame, "Announce maintenance", pages::edit(&data(&cx, None, None, Vec::new(), role).await?)))
}

async fn one(State(cx): State<Cx>, by: By<Viewer>, Framed(frame): Framed, Path(id): Path<i64>) -> Reply<Html> {
    let role = by.actor.role().unwrap_or(Role::Viewer);
    Ok(show(&frame, "Maintenance", pages::edit(&data(&cx, Some(MaintenanceId(id)), None, Vec::new(), role).await?)))
}

async fn create(State(cx): State<Cx>, by: By<Member>, Framed(frame): Framed, Form(form): Form<MaintenanceForm>) -> Reply {
    let (sent, role) = (form.clone(), by.actor.role().unwrap_or(Role::Viewer));
    let done = cx
        .write(move |tx| {
            let zone = settings::look(tx)?.zone;
            acts::announce(tx, &by.actor.label(), sent.write(&zone)?, &sent.body)
        })
        .await;
    match done {
        Ok(id) => Ok(see_other_with(&format!("{HOME}/{id}"), "Announced. It begins and ends by itself.")),
        Err(error) => {
            let data = data(&cx, None, Some(form), correctable(error)?, role).await?;
            Ok(again(&frame, "Announce maintenance", pages::edit(&data)))
        }
    }
}

async fn edit(
    State(cx): State<Cx>,
    by: By<Member>,
    Framed(frame): Framed,
    Path(id): Path<i64>,
    Form(form): Form<MaintenanceForm>,
) -> Reply {
    let (id, sent, role) = (MaintenanceId(id), form.clone(), by.actor.role().unwrap_or(Role::Viewer));
    let done = cx
        .write(move |tx| {
            let zone = settings::look(tx)?.zone;
            acts::edit_maintenance(tx, &by.actor.label(), id, sent.write(&zone)?, &sent.body)
        })
        .await;
    match done {
        Ok(()) => Ok(see_other_with(&format!("{HOME}/{id}"), "Saved.")),
        Err(error) => {
            let data = data(&cx, Some(id), Some(form), correctable(error)?, role).await?;
            Ok(again(&frame, "Maintenance", pages::edit(&data)))
        }
    }
}

#[derive(Deserialize)]
struct StepForm {
    phase: String,
    #[serde(default)]
    body: String,
}

async fn step(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>, Form(form): Form<StepForm>) -> Reply {
    let phase: MaintenancePhase = form.phase.parse()?;
    cx.write(move |tx| acts::step_maintenance(tx, &by.actor.label(), MaintenanceId(id), phase, &form.body)).await?;
    Ok(see_other_with(&format!("{HOME}/{id}"), "Done; the public is told."))
}
