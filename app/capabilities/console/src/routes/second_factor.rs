//! Turning the second factor on and off. While it is being set up the new secret travels in the form, sealed to the member:
//! nothing half-done is stored, and a wrong code does not make the person scan again.

use axum::response::IntoResponse;
use capability::{Cx, Framed, Routes, audit};
use identity::gate::totp_context;
use identity::model::Member;
use identity::{store, totp};
use kernel::error::FieldError;
use kernel::ids::MemberId;
use kernel::{Error, Result, Role, Secret};
use serde::Deserialize;
use web::{Access, By, Form, Html, Query, Reply, State, Viewer, see_other_with};

use super::profile::confirm_password;
use super::{Me, Wanted, form_errors, me, next_of, unprocessable};
use crate::pages::{self, second_factor::Enrolment};

pub(super) fn mount(routes: &mut Routes) {
    routes.get("/console/profile/second-factor", Access::Rank(Role::Viewer), show);
    routes.post("/console/profile/second-factor", Access::Rank(Role::Viewer), confirm);
    routes.post("/console/profile/second-factor/remove", Access::Rank(Role::Viewer), remove);
}

fn pending_context(member: MemberId) -> String {
    format!("console.second_factor:{member}")
}

async fn show(State(cx): State<Cx>, by: By<Viewer>, framed: Framed, Query(wanted): Query<Wanted>) -> Reply {
    let member = member(&cx, &me(&by)?).await?;
    if member.has_totp {
        return Ok(Html(removal_page(framed, &[])).into_response());
    }
    Ok(Html(enrolment_page(&cx, framed, &member, (totp::new_secret(), &wanted.next, &[])).await?).into_response())
}

async fn member(cx: &Cx, me: &Me) -> Result<Member> {
    let id = me.id;
    cx.read(move |r| store::get_member(r, id)).await
}

async fn enrolment_page(cx: &Cx, framed: Framed, member: &Member, (secret, next, errors): (Secret, &str, &[FieldError])) -> Result<String> {
    let product = crate::mail::product(cx).await?;
    let address = totp::address(&secret, member.email.as_str(), &product)?;
    let sealed = cx.sealer.seal(&pending_context(member.id), &secret)?;
    let enrolment = Enrolment { address: &address, secret: &secret, sealed: &sealed, next, errors };
    let mut frame = framed.live(&[]);
    frame.path.clear();
    Ok(frontend::console_page(&frame, "Second factor", pages::second_factor::enrol(&enrolment)?))
}

fn removal_page(framed: Framed, errors: &[FieldError]) -> String {
    let mut frame = framed.live(&[]);
    frame.path.clear();
    frontend::console_page(&frame, "Second factor", pages::second_factor::remove(errors))
}

#[derive(Deserialize)]
struct ConfirmForm {
    #[serde(default)]
    sealed: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
}

async fn confirm(State(cx): State<Cx>, by: By<Viewer>, framed: Framed, Form(form): Form<ConfirmForm>) -> Reply {
    let me = me(&by)?;
    let member = member(&cx, &me).await?;
    if member.has_totp {
        return Err(Error::conflict("Your second factor is on already. Turn it off first to set up another one.").into());
    }
    let stale = || Error::invalid("This page is too old. Please open it again and scan the new picture.");
    let secret = cx.sealer.open(&pending_context(me.id), &form.sealed).map_err(|_| stale())?;
    match enable(&cx, &me, &secret, &form.code).await {
        Ok(codes) => {
            let mut frame = framed.live(&[]);
            frame.path.clear();
            let view = pages::second_factor::recovery_codes(&codes, next_of(&form.next));
            Ok(Html(frontend::console_page(&frame, "Recovery codes", view)).into_response())
        }
        Err(error) => {
            let errors = form_errors(error)?;
            Ok(unprocessable(enrolment_page(&cx, framed, &member, (secret, &form.next, &errors)).await?))
        }
    }
}

async fn enable(cx: &Cx, me: &Me, secret: &Secret, code: &str) -> Result<Vec<String>> {
    let wrong =
        || Error::field("code", "This code is not right. Please check that the clock of your phone is, and type the code it shows now.");
    let step = totp::matching_step(secret, code, cx.now(), 0)?.ok_or_else(wrong)?;
    let sealed = cx.sealer.seal(&totp_context(me.id), secret)?;
    let codes = totp::new_recovery_codes();
    let (id, actor, stored) = (me.id, me.actor.clone(), codes.clone());
    let write = move |tx: &mut db::Tx<'_>| {
        store::enable_totp(tx, id, &sealed, step, &stored)?;
        audit(tx, &actor, "identity.totp.enable", &format!("member:{id}"), "")
    };
    cx.write(write).await?;
    Ok(codes)
}

#[derive(Deserialize)]
struct RemoveForm {
    #[serde(default)]
    current: String,
}

async fn remove(State(cx): State<Cx>, by: By<Viewer>, framed: Framed, Form(form): Form<RemoveForm>) -> Reply {
    let me = me(&by)?;
    if let Err(error) = confirm_password(&cx, &me, &form.current, "current").await {
        return Ok(unprocessable(removal_page(framed, &form_errors(error)?)));
    }
    let write = move |tx: &mut db::Tx<'_>| {
        store::disable_totp(tx, me.id)?;
        audit(tx, &me.actor, "identity.totp.remove", &format!("member:{}", me.id), "")
    };
    cx.write(write).await?;
    Ok(see_other_with("/console/profile", "Your second factor is off. A password alone signs you in now."))
}
