//! The member's own page: name, password, signed-in browsers.

use capability::{Cx, Framed, Routes, audit};
use identity::model::checked_password;
use identity::{password, store};
use kernel::error::FieldError;
use kernel::ids::LoginId;
use kernel::{Error, Result, Role, Secret};
use serde::Deserialize;
use std::time::Duration;
use web::{Access, Allowance, By, Form, Path, Reply, State, Viewer, see_other_with};

use super::entry::checked_name;
use super::{Me, form_errors, me, unprocessable};
use crate::pages;

const PATH: &str = "/console/profile";
/// Somebody at an unlocked screen must not guess the password here either.
const PASSWORD_TRIES: Allowance = Allowance { burst: 10, per: Duration::from_secs(300) };

pub(super) fn mount(routes: &mut Routes) {
    routes.get("/console/profile", Access::Rank(Role::Viewer), show);
    routes.post("/console/profile", Access::Rank(Role::Viewer), rename);
    routes.post("/console/profile/password", Access::Rank(Role::Viewer), change_password);
    routes.post("/console/profile/logins/others/sign-out", Access::Rank(Role::Viewer), sign_out_others);
    routes.post("/console/profile/logins/{id}/sign-out", Access::Rank(Role::Viewer), sign_out_one);
}

async fn show(State(cx): State<Cx>, by: By<Viewer>, framed: Framed) -> Reply {
    let page = page(&cx, &me(&by)?, framed, Tried::default()).await?;
    Ok(axum::response::IntoResponse::into_response(web::Html(page)))
}

/// What was typed in a try that could not be taken.
#[derive(Default)]
struct Tried {
    name: Option<String>,
    errors: Vec<FieldError>,
}

async fn page(cx: &Cx, me: &Me, framed: Framed, tried: Tried) -> Result<String> {
    let id = me.id;
    let found = cx.read(move |r| Ok((store::get_member(r, id)?, store::list_logins(r, id)?, store::count_recovery_codes(r, id)?, r.now)));
    let (member, logins, codes_left, now) = found.await?;
    let mut frame = framed.live(&[identity::TOPIC]);
    // No entry of the navigation leads here; without this "Home" would be marked.
    frame.path.clear();
    let profile = pages::profile::Profile {
        name: tried.name.as_deref().unwrap_or(&member.name),
        member: &member,
        logins: &logins,
        own_login: me.login,
        codes_left,
        errors: &tried.errors,
        now,
    };
    Ok(frontend::console_page(&frame, "Profile and sign-in", pages::profile::show(&profile)))
}

#[derive(Deserialize)]
struct NameForm {
    #[serde(default)]
    name: String,
}

async fn rename(State(cx): State<Cx>, by: By<Viewer>, framed: Framed, Form(form): Form<NameForm>) -> Reply {
    let me = me(&by)?;
    match checked_name(&form.name) {
        Ok(name) => {
            let (id, actor) = (me.id, me.actor);
            let write = move |tx: &mut db::Tx<'_>| {
                store::set_name(tx, id, &name)?;
                audit(tx, &actor, "identity.member.rename", &format!("member:{id}"), &name)
            };
            cx.write(write).await?;
            Ok(see_other_with(PATH, "Your name is saved."))
        }
        Err(error) => {
            let tried = Tried { name: Some(form.name), errors: form_errors(error)? };
            Ok(unprocessable(page(&cx, &me, framed, tried).await?))
        }
    }
}

#[derive(Deserialize)]
struct PasswordForm {
    #[serde(default)]
    current: String,
    #[serde(default)]
    password: String,
}

async fn change_password(State(cx): State<Cx>, by: By<Viewer>, framed: Framed, Form(form): Form<PasswordForm>) -> Reply {
    let me = me(&by)?;
    match set_password(&cx, &me, &form).await {
        Ok(()) => Ok(see_other_with(PATH, "Your password is changed. Every other browser is signed out.")),
        Err(error) => {
            let tried = Tried { name: None, errors: form_errors(error)? };
            Ok(unprocessable(page(&cx, &me, framed, tried).await?))
        }
    }
}

async fn set_password(cx: &Cx, me: &Me, form: &PasswordForm) -> Result<()> {
    confirm_password(cx, me, &form.current, "current").await?;
    let hash = password::hash(&checked_password(&form.password)?).await?;
    let (id, login, actor) = (me.id, me.login, me.actor.clone());
    let write = move |tx: &mut db::Tx<'_>| {
        store::set_password(tx, id, &hash, Some(login))?;
        audit(tx, &actor, "identity.password.set", &format!("member:{id}"), "")
    };
    cx.write(write).await
}

/// Asks the password again before something that a borrowed browser must not do.
pub(super) async fn confirm_password(cx: &Cx, me: &Me, typed: &str, field: &str) -> Result<()> {
    cx.limiter.check("console.password", &me.id.to_string(), PASSWORD_TRIES)?;
    let id = me.id;
    let hash = cx.read(move |r| store::find_password_hash(r, id)).await?;
    match password::is_right(hash, &Secret::new(typed)).await? {
        true => Ok(()),
        false => Err(Error::field(field, "This is not your current password.")),
    }
}

async fn sign_out_one(State(cx): State<Cx>, by: By<Viewer>, Path(login): Path<LoginId>) -> Reply {
    let Me { id, actor, .. } = me(&by)?;
    let write = move |tx: &mut db::Tx<'_>| {
        store::remove_login(tx, id, login)?;
        audit(tx, &actor, "identity.login.remove", &format!("login:{login}"), "")
    };
    cx.write(write).await?;
    Ok(see_other_with(PATH, "That browser is signed out."))
}

async fn sign_out_others(State(cx): State<Cx>, by: By<Viewer>) -> Reply {
    let Me { id, login, actor, .. } = me(&by)?;
    let write = move |tx: &mut db::Tx<'_>| {
        store::remove_logins(tx, id, Some(login))?;
        audit(tx, &actor, "identity.login.remove", &format!("member:{id}"), "all other browsers")
    };
    cx.write(write).await?;
    Ok(see_other_with(PATH, "Every other browser is signed out."))
}
