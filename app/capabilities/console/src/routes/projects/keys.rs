//! DSN keys: another one, its label and limit, off and on, its end.

use axum::response::IntoResponse;
use capability::{Cx, Framed, Routes, audit};
use identity::projects::DsnKey;
use identity::store;
use kernel::error::FieldErrors;
use kernel::ids::{DsnKeyId, ProjectId};
use kernel::{Error, Result, Role};
use serde::Deserialize;
use web::{Access, Admin, By, Form, Path, Reply, State, see_other_with};

use super::super::{form_errors, unprocessable};
use super::{address, one_page};
use crate::model::projects::{checked_label, checked_limit};

pub(super) fn mount(routes: &mut Routes) {
    routes.post("/projects/{id}/keys", Access::Rank(Role::Admin), create);
    routes.post("/projects/{id}/keys/{key}", Access::Rank(Role::Admin), save);
    routes.post("/projects/{id}/keys/{key}/switch", Access::Rank(Role::Admin), switch);
    routes.post("/projects/{id}/keys/{key}/remove", Access::Rank(Role::Admin), remove);
}

#[derive(Debug, Default, Deserialize)]
struct KeyForm {
    #[serde(default)]
    label: String,
    #[serde(default)]
    per_minute: String,
}

/// A key of this project and no other's.
fn own_key(r: &db::Reader<'_>, project: ProjectId, id: DsnKeyId) -> Result<DsnKey> {
    let key = store::get_dsn_key(r, id)?;
    if key.project == project { Ok(key) } else { Err(Error::not_found("key")) }
}

fn subject(key: &DsnKey) -> String {
    format!("dsn_key:{} {} of project:{}", key.id, key.label, key.project)
}

async fn create(State(cx): State<Cx>, by: By<Admin>, framed: Framed, Path(id): Path<ProjectId>, Form(form): Form<KeyForm>) -> Reply {
    let made = cx.write(move |tx| {
        store::get_project(tx, id)?;
        let key = store::new_dsn_key(tx, id, &checked_label(&form.label)?)?;
        audit(tx, &by.actor, "identity.dsn_key.create", &subject(&key), "")
    });
    match made.await {
        Ok(()) => Ok(see_other_with(&address(id), "The key is made.")),
        Err(error) => again(&cx, framed, id, None, error).await,
    }
}

/// The page again with what was wrong.
async fn again(cx: &Cx, framed: Framed, id: ProjectId, key: Option<i64>, error: Error) -> Reply {
    let errors = form_errors(error)?;
    let (title, frame, view) = one_page(cx, framed, id, (key, errors)).await?;
    Ok(unprocessable(frontend::console_page(&frame, &title, view)).into_response())
}

async fn save(
    State(cx): State<Cx>,
    by: By<Admin>,
    framed: Framed,
    Path((id, key)): Path<(ProjectId, DsnKeyId)>,
    Form(form): Form<KeyForm>,
) -> Reply {
    let saved = cx.write(move |tx| {
        let before = own_key(tx, id, key)?;
        let mut errors = FieldErrors::default();
        let label = errors.take("label", checked_label(&form.label));
        let limit = errors.take("per_minute", checked_limit(&form.per_minute));
        errors.finish()?;
        let (Some(label), Some(limit)) = (label, limit) else { return Err(Error::invalid("Please fill in the form.")) };
        store::set_dsn_key(tx, key, &label, before.is_active, limit)?;
        let limit = limit.map_or("no limit".to_owned(), |limit| format!("{limit} a minute"));
        audit(tx, &by.actor, "identity.dsn_key.update", &subject(&before), &format!("{label}, {limit}"))
    });
    match saved.await {
        Ok(()) => Ok(see_other_with(&address(id), "The key is saved.")),
        Err(error) => again(&cx, framed, id, Some(key.0), error).await,
    }
}

async fn switch(State(cx): State<Cx>, by: By<Admin>, Path((id, key)): Path<(ProjectId, DsnKeyId)>) -> Reply {
    let switched = cx.write(move |tx| {
        let key = own_key(tx, id, key)?;
        store::set_dsn_key(tx, key.id, &key.label, !key.is_active, key.per_minute)?;
        let act = if key.is_active { "identity.dsn_key.disable" } else { "identity.dsn_key.enable" };
        audit(tx, &by.actor, act, &subject(&key), "")?;
        Ok(key)
    });
    let key = switched.await?;
    let word = if key.is_active { "off: programs that show it are refused" } else { "on" };
    Ok(see_other_with(&address(id), &format!("The key {} is {word}.", key.label)))
}

async fn remove(State(cx): State<Cx>, by: By<Admin>, Path((id, key)): Path<(ProjectId, DsnKeyId)>) -> Reply {
    let removed = cx.write(move |tx| {
        let key = own_key(tx, id, key)?;
        store::remove_dsn_key(tx, key.id)?;
        audit(tx, &by.actor, "identity.dsn_key.remove", &subject(&key), "")?;
        Ok(key)
    });
    let key = removed.await?;
    Ok(see_other_with(&address(id), &format!("The key {} is deleted.", key.label)))
}
