//! The pages of the team: invite, change roles, disable, new links. Admins manage everybody below owner, owners everybody.

use axum::response::IntoResponse;
use capability::{Cx, Framed, Routes, audit};
use identity::model::{Member, Purpose, may_grant};
use identity::store::{self, MemberInsert};
use kernel::error::{FieldError, FieldErrors};
use kernel::ids::MemberId;
use kernel::text::{Email, checked_line};
use kernel::{Error, Result, Role, Secret};
use serde::Deserialize;
use web::{Access, Admin, By, Form, Html, Path, Reply, State, see_other_with};

use super::entry::LONGEST_NAME;
use super::{Me, form_errors, me, page, unprocessable};
use crate::mail::{self, Kind, Letter};
use crate::pages::{self, members::Link};

pub(super) fn mount(routes: &mut Routes) {
    routes.get("/console/members", Access::Rank(Role::Admin), list);
    routes.get("/console/members/new", Access::Rank(Role::Admin), show_invite);
    routes.post("/console/members", Access::Rank(Role::Admin), invite);
    routes.get("/console/members/{id}", Access::Rank(Role::Admin), show);
    routes.post("/console/members/{id}/role", Access::Rank(Role::Admin), set_role);
    routes.post("/console/members/{id}/disable", Access::Rank(Role::Admin), disable);
    routes.post("/console/members/{id}/enable", Access::Rank(Role::Admin), enable);
    routes.post("/console/members/{id}/link", Access::Rank(Role::Admin), new_link);
    routes.post("/console/members/{id}/second-factor", Access::Rank(Role::Admin), remove_second_factor);
}

async fn list(State(cx): State<Cx>, by: By<Admin>, framed: Framed) -> Reply {
    let me = me(&by)?;
    let members = cx.read(store::list_members).await?;
    page(&framed.live(&[identity::TOPIC]), "Members", pages::members::list(&members, me.id))
}

#[derive(Debug, Default, Deserialize)]
struct InviteForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
}

/// The roles somebody of this role may give.
fn roles(own: Role) -> Vec<Role> {
    Role::ALL.into_iter().filter(|role| may_grant(own, *role)).collect()
}

async fn show_invite(by: By<Admin>, framed: Framed) -> Reply {
    let form = InviteForm { role: Role::Member.as_str().to_owned(), ..InviteForm::default() };
    Ok(Html(invite_page(&me(&by)?, framed, &form, &[])).into_response())
}

fn invite_page(me: &Me, framed: Framed, form: &InviteForm, errors: &[FieldError]) -> String {
    let roles = roles(me.role);
    let view = pages::members::Invite { email: &form.email, name: &form.name, role: &form.role, roles: &roles, errors };
    frontend::console_page(&framed.live(&[]), "Invite somebody", pages::members::invite(&view))
}

async fn invite(State(cx): State<Cx>, by: By<Admin>, framed: Framed, Form(form): Form<InviteForm>) -> Reply {
    let me = me(&by)?;
    match create(&cx, &me, &framed.0.member.name, &form).await {
        Ok(link) => link_page(framed, &link),
        Err(error) => {
            let errors = form_errors(error)?;
            Ok(unprocessable(invite_page(&me, framed, &form, &errors)))
        }
    }
}

fn link_page(framed: Framed, link: &Link) -> Reply {
    page(&framed.live(&[]), "One-time link", pages::members::link_shown(link))
}

async fn create(cx: &Cx, me: &Me, by: &str, form: &InviteForm) -> Result<Link> {
    let mut errors = FieldErrors::default();
    let email = errors.take("email", Email::parse(&form.email));
    let wrong_role = || Error::invalid("Please choose a role that you may give.");
    let role = errors.take("role", form.role.parse().ok().filter(|role| may_grant(me.role, *role)).ok_or_else(wrong_role));
    let name = match form.name.trim() {
        "" => email.as_ref().and_then(|email| email.as_str().split('@').next().map(str::to_owned)),
        name => errors.take("name", checked_line(name, "the name", LONGEST_NAME)),
    };
    errors.finish()?;
    let (Some(email), Some(role), Some(name)) = (email, role, name) else { return Err(Error::invalid("Please fill in the form.")) };
    let actor = me.actor.clone();
    let insert = move |tx: &mut db::Tx<'_>| {
        let id = store::insert_member(tx, &MemberInsert { email: &email, name: &name, role, password_hash: None })?;
        audit(tx, &actor, "identity.member.invite", &format!("member:{id}"), &format!("{email} as {role}"))?;
        store::get_member(tx, id)
    };
    issue(cx, by, insert).await
}

/// Makes the link in the transaction that made or checked its member, and mails it where there is a way to.
async fn issue(cx: &Cx, by: &str, member: impl FnOnce(&mut db::Tx<'_>) -> Result<Member> + Send + 'static) -> Result<Link> {
    let (cx, sealer, by) = (cx.clone(), cx.sealer.clone(), by.to_owned());
    let base = cx.clone();
    let write = move |tx: &mut db::Tx<'_>| {
        let member = member(tx)?;
        let (kind, purpose, path) =
            if member.has_password { (Kind::Password, Purpose::Password, "/password") } else { (Kind::Invite, Purpose::Invite, "/join") };
        let token = store::new_link(tx, member.id, purpose)?;
        let link = Secret::new(format!("{}?token={}", base.link(path), token.expose()));
        // A route that is chosen but incomplete counts as one: the delivery waits until it is completed.
        let is_mailed = capability::mail::route(tx, &sealer).map_or(true, |route| route.is_some());
        if is_mailed {
            mail::post(tx, &sealer, &Letter { kind, to: &member.email, member: member.id, name: &member.name, by: &by, link: &link })?;
        }
        Ok(Link { email: member.email.as_str().to_owned(), link, is_invite: purpose == Purpose::Invite, is_mailed })
    };
    cx.write(write).await
}

async fn show(State(cx): State<Cx>, by: By<Admin>, framed: Framed, Path(id): Path<MemberId>) -> Reply {
    let me = me(&by)?;
    let (member, logins, now) = cx.read(move |r| Ok((store::get_member(r, id)?, store::list_logins(r, id)?, r.now))).await?;
    let roles = roles(me.role);
    let view = pages::members::One {
        member: &member,
        roles: &roles,
        logins: &logins,
        is_self: member.id == me.id,
        may_manage: may_grant(me.role, member.role),
        now,
    };
    page(&framed.live(&[identity::TOPIC]), &member.name, pages::members::show(&view))
}

/// The member, if whoever acts may manage them.
fn managed(tx: &db::Tx<'_>, me: &Me, id: MemberId) -> Result<Member> {
    let member = store::get_member(tx, id)?;
    if may_grant(me.role, member.role) { Ok(member) } else { Err(Error::forbidden("Owners are managed by owners only.")) }
}

#[derive(Deserialize)]
struct RoleForm {
    role: Role,
}

async fn set_role(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<MemberId>, Form(form): Form<RoleForm>) -> Reply {
    let (me, role) = (me(&by)?, form.role);
    let write = move |tx: &mut db::Tx<'_>| {
        let member = managed(tx, &me, id)?;
        if !may_grant(me.role, role) {
            return Err(Error::forbidden("Only an owner can make somebody an owner."));
        }
        store::set_role(tx, id, role)?;
        audit(tx, &me.actor, "identity.member.role", &format!("member:{id}"), &format!("{} → {role}", member.role))?;
        Ok(member.name)
    };
    let name = cx.write(write).await?;
    Ok(see_other_with(&format!("/console/members/{id}"), &format!("{name} has the role {role} now.")))
}

async fn disable(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<MemberId>) -> Reply {
    switch(&cx, me(&by)?, id, true).await
}

async fn enable(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<MemberId>) -> Reply {
    switch(&cx, me(&by)?, id, false).await
}

async fn switch(cx: &Cx, me: Me, id: MemberId, is_disabled: bool) -> Reply {
    if is_disabled && me.id == id {
        return Err(Error::conflict("You cannot disable yourself. Please ask another admin or owner.").into());
    }
    let write = move |tx: &mut db::Tx<'_>| {
        let member = managed(tx, &me, id)?;
        store::set_disabled(tx, id, is_disabled)?;
        let act = if is_disabled { "identity.member.disable" } else { "identity.member.enable" };
        audit(tx, &me.actor, act, &format!("member:{id}"), "")?;
        Ok(member.name)
    };
    let name = cx.write(write).await?;
    let told =
        if is_disabled { format!("{name} is signed out and cannot sign in any more.") } else { format!("{name} can sign in again.") };
    Ok(see_other_with(&format!("/console/members/{id}"), &told))
}

async fn new_link(State(cx): State<Cx>, by: By<Admin>, framed: Framed, Path(id): Path<MemberId>) -> Reply {
    let me = me(&by)?;
    let find = move |tx: &mut db::Tx<'_>| {
        let member = managed(tx, &me, id)?;
        if member.disabled_at.is_some() {
            return Err(Error::conflict("This member is disabled. Enable them first."));
        }
        let act = if member.has_password { "identity.member.password_link" } else { "identity.member.invite" };
        audit(tx, &me.actor, act, &format!("member:{id}"), "")?;
        Ok(member)
    };
    let link = issue(&cx, &framed.0.member.name.clone(), find).await?;
    link_page(framed, &link)
}

/// For somebody whose phone and recovery codes are both lost.
async fn remove_second_factor(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<MemberId>) -> Reply {
    let me = me(&by)?;
    if me.id == id {
        return Err(Error::conflict("Turn your own second factor off under Profile, with your password.").into());
    }
    let write = move |tx: &mut db::Tx<'_>| {
        let member = managed(tx, &me, id)?;
        store::disable_totp(tx, id)?;
        audit(tx, &me.actor, "identity.totp.remove", &format!("member:{id}"), "by an admin")?;
        Ok(member.name)
    };
    let name = cx.write(write).await?;
    Ok(see_other_with(&format!("/console/members/{id}"), &format!("The second factor of {name} is off.")))
}
