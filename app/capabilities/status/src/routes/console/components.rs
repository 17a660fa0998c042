//! Components and groups.

use super::{EDIT, LOOK, again, correctable, show};
use crate::acts;
use crate::forms::ComponentForm;
use crate::links::Target;
use crate::load;
use crate::model::ComponentState;
use crate::pages::console::components::{self as pages, ComponentEdit, ComponentList};
use crate::settings;
use crate::store::components;
use axum::response::IntoResponse as _;
use capability::{Cx, Framed, Routes};
use kernel::error::FieldError;
use kernel::ids::ComponentId;
use kernel::{Error, Result, Role};
use serde::Deserialize;
use web::{Actor, By, Form, Html, Member, Path, Reply, State, Viewer, see_other, see_other_with};

const HOME: &str = "/status/edit/components";

pub fn mount(routes: &mut Routes) {
    routes.get("/status/edit/components", LOOK, list);
    routes.post("/status/edit/components", EDIT, create);
    routes.get("/status/edit/components/new", EDIT, new);
    routes.post("/status/edit/components/from-feed", EDIT, from_feed);
    routes.get("/status/edit/components/{id}", LOOK, one);
    routes.post("/status/edit/components/{id}", EDIT, edit);
    routes.post("/status/edit/components/{id}/delete", EDIT, delete);
    routes.post("/status/edit/components/{id}/move", EDIT, shift);
    routes.post("/status/edit/components/{id}/state", EDIT, set_state);
    routes.post("/status/edit/groups", EDIT, create_group);
    routes.post("/status/edit/groups/{id}", EDIT, rename_group);
    routes.post("/status/edit/groups/{id}/delete", EDIT, delete_group);
}

async fn list(State(cx): State<Cx>, by: By<Viewer>, framed: Framed) -> Reply<Html> {
    let (registry, role) = (cx.registry, role_of(&by.actor));
    let data = cx
        .read(move |r| {
            let rows = components::list_components(r)?;
            let used = |key: &String| rows.iter().any(|row| row.feeds.contains(key));
            let unused = registry.feed_sources(r)?.into_iter().filter(|source| !used(&source.key)).collect();
            Ok(ComponentList { unused, groups: components::list_groups(r)?, snapshot: load::present(r, registry)?, rows, role })
        })
        .await?;
    Ok(show(&framed.live(&[acts::TOPIC]), "Components", pages::list(&data)))
}

fn role_of(actor: &Actor) -> Role {
    actor.role().unwrap_or(Role::Viewer)
}

async fn data(cx: &Cx, role: Role, id: Option<ComponentId>, typed: Option<(ComponentForm, Vec<FieldError>)>) -> Result<ComponentEdit> {
    let (registry, boot) = (cx.registry, cx.boot.clone());
    cx.read(move |r| {
        let row = id.map(|id| components::get_component(r, id)).transpose()?;
        let stored = row.as_ref().map(|row| ComponentForm {
            name: row.name.clone(),
            description: row.description.clone(),
            group: row.group_id.map(|id| id.to_string()).unwrap_or_default(),
            rule: row.rule.as_str().to_owned(),
            feeds: row.feeds.clone(),
        });
        let state = match &row {
            Some(row) => components::list_states(r, row.id, r.now)?.last().map(|(_, state)| *state),
            None => None,
        };
        let badge_url = match &row {
            Some(row) => settings::served_links(r, &boot)?.absolute(Target::Badge(&row.public_id)),
            None => String::new(),
        };
        let (form, errors) = typed.unwrap_or_else(|| (stored.unwrap_or_default(), Vec::new()));
        let (groups, sources) = (components::list_groups(r)?, registry.feed_sources(r)?);
        Ok(ComponentEdit { row, form, groups, sources, state, badge_url, errors, role })
    })
    .await
}

async fn new(State(cx): State<Cx>, by: By<Member>, Framed(frame): Framed) -> Reply<Html> {
    Ok(show(&frame, "Add a component", pages::edit(&data(&cx, role_of(&by.actor), None, None).await?)))
}

async fn one(State(cx): State<Cx>, by: By<Viewer>, Framed(frame): Framed, Path(id): Path<i64>) -> Reply<Html> {
    let data = data(&cx, role_of(&by.actor), Some(ComponentId(id)), None).await?;
    Ok(show(&frame, "Component", pages::edit(&data)))
}

async fn create(State(cx): State<Cx>, by: By<Member>, Framed(frame): Framed, Form(form): Form<ComponentForm>) -> Reply {
    let (sent, role) = (form.clone(), role_of(&by.actor));
    let done = cx.write(move |tx| acts::create_component(tx, &by.actor.label(), sent.write()?)).await;
    match done {
        Ok(_) => Ok(see_other_with(HOME, "The component is on the page.")),
        Err(error) => {
            let data = data(&cx, role, None, Some((form, correctable(error)?))).await?;
            Ok(again(&frame, "Add a component", pages::edit(&data)))
        }
    }
}

async fn edit(State(cx): State<Cx>, by: By<Member>, Framed(frame): Framed, Path(id): Path<i64>, Form(form): Form<ComponentForm>) -> Reply {
    let (id, sent, role) = (ComponentId(id), form.clone(), role_of(&by.actor));
    let done = cx.write(move |tx| acts::edit_component(tx, &by.actor.label(), id, sent.write()?)).await;
    match done {
        Ok(()) => Ok(see_other_with(HOME, "Saved.")),
        Err(error) => {
            let data = data(&cx, role, Some(id), Some((form, correctable(error)?))).await?;
            Ok(again(&frame, "Component", pages::edit(&data)))
        }
    }
}

#[derive(Deserialize)]
struct FeedForm {
    feed: String,
}

async fn from_feed(State(cx): State<Cx>, by: By<Member>, Form(form): Form<FeedForm>) -> Reply {
    let registry = cx.registry;
    cx.write(move |tx| {
        let source =
            registry.feed_sources(tx)?.into_iter().find(|source| source.key == form.feed).ok_or_else(|| Error::not_found("monitor"))?;
        let write = ComponentForm { name: kernel::text::shorten(&source.name, 80), feeds: vec![source.key], ..ComponentForm::default() };
        acts::create_component(tx, &by.actor.label(), write.write()?)
    })
    .await?;
    Ok(see_other_with(HOME, "The component is on the page. Give it the name your users know."))
}

async fn delete(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    cx.write(move |tx| acts::delete_component(tx, &by.actor.label(), ComponentId(id))).await?;
    Ok(see_other_with(HOME, "The component is gone."))
}

#[derive(Deserialize)]
struct MoveForm {
    way: String,
}

async fn shift(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>, Form(form): Form<MoveForm>) -> Reply {
    cx.write(move |tx| acts::move_component(tx, &by.actor.label(), ComponentId(id), form.way == "up")).await?;
    Ok(see_other(HOME))
}

#[derive(Deserialize)]
struct StateForm {
    state: String,
}

async fn set_state(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>, Form(form): Form<StateForm>) -> Reply {
    let state: ComponentState = form.state.parse()?;
    cx.write(move |tx| acts::set_component_state(tx, &by.actor.label(), ComponentId(id), state)).await?;
    Ok(see_other_with(&format!("{HOME}/{id}"), "The page says so now."))
}

#[derive(Deserialize)]
struct GroupForm {
    #[serde(default)]
    name: String,
}

async fn create_group(State(cx): State<Cx>, by: By<Member>, Form(form): Form<GroupForm>) -> Reply {
    cx.write(move |tx| acts::save_group(tx, &by.actor.label(), None, &form.name)).await?;
    Ok(see_other_with(HOME, "The group is there. Put components into it by editing them.").into_response())
}

async fn rename_group(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>, Form(form): Form<GroupForm>) -> Reply {
    cx.write(move |tx| acts::save_group(tx, &by.actor.label(), Some(id), &form.name)).await?;
    Ok(see_other_with(HOME, "Saved."))
}

async fn delete_group(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    cx.write(move |tx| acts::delete_group(tx, &by.actor.label(), id)).await?;
    Ok(see_other_with(HOME, "The group is gone; its components stayed."))
}
