//! One-time links: accepting an invitation, choosing a new password.

use axum::response::IntoResponse;
use capability::{Cx, Routes};
use http::HeaderMap;
use identity::model::{Member, Purpose, checked_password};
use identity::sign_in;
use identity::{password, store};
use kernel::error::FieldErrors;
use kernel::ids::digest;
use kernel::{Error, Result, Secret};
use serde::Deserialize;
use std::time::Duration;
use web::{Access, Allowance, Form, Html, Peer, Query, Reply, Response, State};

use super::entry::{admit, browser, checked_name};
use super::{HOME, Wanted, form_errors, quiet, unprocessable};
use crate::pages;

/// Tokens cannot be guessed; this only keeps hashing from being asked for in a loop.
const LINK_TRIES: Allowance = Allowance { burst: 20, per: Duration::from_secs(300) };

pub(super) fn mount(routes: &mut Routes) {
    routes.get("/join", Access::Anyone, show_join);
    routes.post("/join", Access::Anyone, join);
    routes.get("/password", Access::Anyone, show_password);
    routes.post("/password", Access::Anyone, choose_password);
}

#[derive(Deserialize)]
struct ChoiceForm {
    #[serde(default)]
    token: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
}

async fn show_join(State(cx): State<Cx>, Query(wanted): Query<Wanted>) -> Reply {
    show(&cx, Purpose::Invite, &wanted.token).await
}

async fn show_password(State(cx): State<Cx>, Query(wanted): Query<Wanted>) -> Reply {
    show(&cx, Purpose::Password, &wanted.token).await
}

async fn join(State(cx): State<Cx>, peer: Peer, headers: HeaderMap, Form(form): Form<ChoiceForm>) -> Reply {
    choose(&cx, Purpose::Invite, form, (peer, headers)).await
}

async fn choose_password(State(cx): State<Cx>, peer: Peer, headers: HeaderMap, Form(form): Form<ChoiceForm>) -> Reply {
    choose(&cx, Purpose::Password, form, (peer, headers)).await
}

async fn show(cx: &Cx, purpose: Purpose, token: &str) -> Reply {
    match find_member(cx, purpose, token).await? {
        None => refusal(cx, purpose).await,
        Some(member) => Ok(Html(form_page(cx, purpose, &member, (token, &[])).await?).into_response()),
    }
}

/// Whom a valid link is for; a disabled member's link opens nothing.
async fn find_member(cx: &Cx, purpose: Purpose, token: &str) -> Result<Option<Member>> {
    let token = digest(token);
    let find = move |r: &db::Reader<'_>| {
        let Some(id) = store::find_link(r, &token, purpose)? else { return Ok(None) };
        store::get_member(r, id).map(|member| Some(member).filter(|member| member.disabled_at.is_none()))
    };
    cx.read(find).await
}

async fn refusal(cx: &Cx, purpose: Purpose) -> Reply {
    let frame = quiet(cx).await?;
    let page = frontend::plain_page(&frame, "This link is not valid", pages::entry::link_wrong(purpose));
    Ok(super::page_with(http::StatusCode::FORBIDDEN, page))
}

async fn form_page(cx: &Cx, purpose: Purpose, member: &Member, (token, errors): (&str, &[kernel::error::FieldError])) -> Result<String> {
    let frame = quiet(cx).await?;
    let page = pages::entry::Choice { purpose, token, name: &member.name, email: member.email.as_str(), errors };
    let title = if purpose == Purpose::Invite { "Join the team" } else { "Choose a new password" };
    Ok(frontend::plain_page(&frame, title, pages::entry::choose(&page)))
}

async fn choose(cx: &Cx, purpose: Purpose, form: ChoiceForm, (peer, headers): (Peer, HeaderMap)) -> Reply {
    cx.limiter.check("console.link", &peer.limit_key(), LINK_TRIES)?;
    let Some(member) = find_member(cx, purpose, &form.token).await? else { return refusal(cx, purpose).await };
    match take(cx, purpose, &member, &form).await {
        Ok(password) => {
            let signed_in = sign_in::with_password(&cx.hermetic, member.email.as_str(), &password, browser(peer, &headers)).await?;
            let next = if purpose == Purpose::Invite { "/console/profile/second-factor?next=/console" } else { HOME };
            admit(cx, &member.email, &signed_in, next)
        }
        Err(error) => answer_errors(cx, purpose, &member, (form, error)).await,
    }
}

async fn answer_errors(cx: &Cx, purpose: Purpose, member: &Member, (form, error): (ChoiceForm, Error)) -> Reply<Response> {
    let errors = form_errors(error)?;
    let name = if purpose == Purpose::Invite { form.name } else { member.name.clone() };
    let member = Member { name, ..member.clone() };
    Ok(unprocessable(form_page(cx, purpose, &member, (&form.token, &errors)).await?))
}

/// Uses the link up and sets what was chosen.
async fn take(cx: &Cx, purpose: Purpose, member: &Member, form: &ChoiceForm) -> Result<Secret> {
    let mut errors = FieldErrors::default();
    let name = if purpose == Purpose::Invite { errors.take("name", checked_name(&form.name)) } else { None };
    let password = errors.take("password", checked_password(&form.password));
    errors.finish()?;
    let password = password.ok_or_else(|| Error::invalid("Please choose a password."))?;
    let hash = password::hash(&password).await?;
    let (token, id, old_name) = (digest(&form.token), member.id, member.name.clone());
    let write = move |tx: &mut db::Tx<'_>| {
        if store::take_link(tx, &token, purpose)? != Some(id) {
            return Err(Error::conflict("This link was used meanwhile. Please ask for a new one."));
        }
        if let Some(name) = &name {
            store::set_name(tx, id, name)?;
        }
        store::set_password(tx, id, &hash, None)?;
        let act = if purpose == Purpose::Invite { "identity.member.join" } else { "identity.password.set" };
        let actor = format!("member:{id} {}", name.as_deref().unwrap_or(&old_name));
        store::audit_as(tx, &actor, act, &format!("member:{id}"), "by a one-time link")
    };
    cx.write(write).await?;
    Ok(password)
}
