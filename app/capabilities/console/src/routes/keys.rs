//! The page "API keys": making, showing once, revoking.

use axum::response::IntoResponse;
use capability::{Cx, Framed, Routes, audit, route_table};
use identity::model::{checked_scopes, may_grant};
use identity::store;
use kernel::error::{FieldError, FieldErrors};
use kernel::ids::ApiKeyId;
use kernel::text::checked_line;
use kernel::{Error, Result, Role, Secret};
use serde::Deserialize;
use web::{Access, Admin, By, Form, Html, Path, Reply, State, see_other_with};

use super::{Me, form_errors, me, unprocessable};
use crate::model::{self, Scope};
use crate::pages;

pub(super) fn mount(routes: &mut Routes) {
    routes.get("/console/keys", Access::Rank(Role::Admin), show);
    routes.post("/console/keys", Access::Rank(Role::Admin), create);
    routes.post("/console/keys/{id}/revoke", Access::Rank(Role::Admin), revoke);
}

#[derive(Debug, Default, Deserialize)]
struct KeyForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    scopes: Vec<String>,
}

async fn show(State(cx): State<Cx>, by: By<Admin>, framed: Framed) -> Reply {
    let form = KeyForm { role: Role::Viewer.as_str().to_owned(), ..KeyForm::default() };
    Ok(Html(page(&cx, &me(&by)?, framed, (&form, &[])).await?).into_response())
}

async fn page(cx: &Cx, me: &Me, framed: Framed, (form, errors): (&KeyForm, &[FieldError])) -> Result<String> {
    let (keys, now) = cx.read(|r| Ok((store::list_keys(r)?, r.now))).await?;
    let scopes = scopes(cx);
    let roles: Vec<Role> = Role::ALL.into_iter().filter(|role| may_grant(me.role, *role)).collect();
    let view = pages::keys::Keys {
        keys: &keys,
        scopes: &scopes,
        roles: &roles,
        name: &form.name,
        role: &form.role,
        wanted: &form.scopes,
        errors,
        now,
    };
    let frame = framed.live(&[]);
    Ok(frontend::console_page(&frame, "API keys", pages::keys::show(&view)))
}

fn scopes(cx: &Cx) -> Vec<Scope> {
    model::scopes(&route_table(cx.registry))
}

async fn create(State(cx): State<Cx>, by: By<Admin>, framed: Framed, Form(form): Form<KeyForm>) -> Reply {
    let me = me(&by)?;
    match new_key(&cx, &me, &form).await {
        Ok((name, token)) => {
            let frame = framed.live(&[]);
            Ok(Html(frontend::console_page(&frame, "New API key", pages::keys::created(&name, &token))).into_response())
        }
        Err(error) => {
            let errors = form_errors(error)?;
            Ok(unprocessable(page(&cx, &me, framed, (&form, &errors)).await?))
        }
    }
}

async fn new_key(cx: &Cx, me: &Me, form: &KeyForm) -> Result<(String, Secret)> {
    let known: Vec<String> = scopes(cx).into_iter().map(|scope| scope.name.to_owned()).collect();
    let mut errors = FieldErrors::default();
    let name = errors.take("name", checked_line(&form.name, "the key's name", 60));
    let wrong_role = || Error::invalid("Please choose a role up to your own.");
    let role = errors.take("role", form.role.parse().ok().filter(|role| may_grant(me.role, *role)).ok_or_else(wrong_role));
    let scopes = errors.take("scopes", checked_scopes(&form.scopes, &known));
    errors.finish()?;
    let (Some(name), Some(role), Some(scopes)) = (name, role, scopes) else { return Err(Error::invalid("Please fill in the form.")) };
    let (actor, shown) = (me.actor.clone(), name.clone());
    let write = move |tx: &mut db::Tx<'_>| {
        let (id, token) = store::new_key(tx, &name, role, &scopes, &actor.label())?;
        audit(tx, &actor, "identity.key.create", &format!("key:{id} {name}"), &format!("role {role}, scopes {}", scopes.join(" ")))?;
        Ok(token)
    };
    Ok((shown, cx.write(write).await?))
}

async fn revoke(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<ApiKeyId>) -> Reply {
    let me = me(&by)?;
    let write = move |tx: &mut db::Tx<'_>| {
        let key = store::find_key(tx, id)?.ok_or_else(|| Error::not_found("API key"))?;
        if !may_grant(me.role, key.role) {
            return Err(Error::forbidden("A key with the role owner can be revoked by owners only."));
        }
        store::remove_key(tx, id)?;
        audit(tx, &me.actor, "identity.key.revoke", &format!("key:{id} {}", key.name), "")?;
        Ok(key.name)
    };
    let name = cx.write(write).await?;
    Ok(see_other_with("/console/keys", &format!("The key {name} is revoked; programs that use it are refused from now on.")))
}
