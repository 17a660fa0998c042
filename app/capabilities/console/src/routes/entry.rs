//! The way in: first owner, password, code, and out again.
//!
//! A right password with a second factor gives a pending login (its cookie opens nothing) and a sealed note of whose it is,
//! so that codes are counted per member and not per try of the password.

use axum::response::IntoResponse;
use capability::{Cx, Routes, is_https};
use http::header::{COOKIE, SET_COOKIE, USER_AGENT};
use http::{HeaderMap, HeaderValue};
use identity::model::{Purpose, checked_password};
use identity::sign_in::{self, Browser, SignedIn};
use identity::store::{self, MemberInsert};
use identity::{LoginCookie, password};
use kernel::error::FieldErrors;
use kernel::ids::digest;
use kernel::text::{Email, checked_line};
use kernel::{Error, Kind, Result, Role, Secret};
use serde::Deserialize;
use std::time::Duration;
use web::{Access, Actor, Allowance, Flash, Form, Html, Peer, Query, Reply, Response, State, see_other};

use super::{Wanted, at_field, form_errors, next_of, quiet, unprocessable};
use crate::pages;

/// Tries of a password: per address of the network, and per mail address.
const PASSWORD_TRIES: Allowance = Allowance { burst: 10, per: Duration::from_secs(300) };
/// Tries of a code per member: with three codes of a million right at a time, guessing takes years.
const CODE_TRIES: Allowance = Allowance { burst: 5, per: Duration::from_secs(600) };
/// The longest name of a member.
pub(super) const LONGEST_NAME: usize = 80;

pub(super) fn mount(routes: &mut Routes) {
    routes.get("/set-up", Access::Anyone, show_set_up);
    routes.post("/set-up", Access::Anyone, set_up);
    routes.get("/sign-in", Access::Anyone, show_sign_in);
    routes.post("/sign-in", Access::Anyone, sign_in);
    routes.get("/sign-in/code", Access::Anyone, show_code);
    routes.post("/sign-in/code", Access::Anyone, take_code);
    routes.post("/sign-out", Access::Anyone, sign_out);
}

#[derive(Deserialize)]
struct SetUpForm {
    #[serde(default)]
    token: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
}

async fn show_set_up(State(cx): State<Cx>, peer: Peer, Query(wanted): Query<Wanted>) -> Reply {
    cx.limiter.check("console.set_up", &peer.limit_key(), PASSWORD_TRIES)?;
    if let Some(refusal) = set_up_refusal(&cx, &wanted.token).await? {
        return Ok(refusal);
    }
    let form = pages::entry::SetUp { token: &wanted.token, name: "", email: "", errors: &[] };
    let frame = quiet(&cx).await?;
    Ok(Html(frontend::plain_page(&frame, "Set up Hermetic", pages::entry::set_up(&form))).into_response())
}

/// A page that says why the link does not open anything, and how to get one that does.
async fn set_up_refusal(cx: &Cx, token: &str) -> Result<Option<Response>> {
    let token = digest(token);
    let (has_owner, is_good) = cx.read(move |r| Ok((store::has_owner(r)?, store::find_link(r, &token, Purpose::Setup)?.is_some()))).await?;
    if is_good && !has_owner {
        return Ok(None);
    }
    let frame = quiet(cx).await?;
    let page = if has_owner {
        frontend::plain_page(&frame, "This instance is set up already", pages::entry::set_up_done())
    } else {
        frontend::plain_page(&frame, "This set-up link is not valid", pages::entry::set_up_link_wrong())
    };
    Ok(Some(super::page_with(http::StatusCode::FORBIDDEN, page)))
}

async fn set_up(State(cx): State<Cx>, peer: Peer, headers: HeaderMap, Form(form): Form<SetUpForm>) -> Reply {
    cx.limiter.check("console.set_up", &peer.limit_key(), PASSWORD_TRIES)?;
    if let Some(refusal) = set_up_refusal(&cx, &form.token).await? {
        return Ok(refusal);
    }
    match create_owner(&cx, &form).await {
        Ok((email, password)) => {
            let signed_in = sign_in::with_password(&cx.hermetic, email.as_str(), &password, browser(peer, &headers)).await?;
            admit(&cx, &email, &signed_in, "/console/profile/second-factor?next=/console")
        }
        Err(error) => {
            let errors = form_errors(error)?;
            let page = pages::entry::SetUp { token: &form.token, name: &form.name, email: &form.email, errors: &errors };
            let frame = quiet(&cx).await?;
            Ok(unprocessable(frontend::plain_page(&frame, "Set up Hermetic", pages::entry::set_up(&page))))
        }
    }
}

async fn create_owner(cx: &Cx, form: &SetUpForm) -> Result<(Email, Secret)> {
    let mut errors = FieldErrors::default();
    let name = errors.take("name", checked_line(&form.name, "your name", LONGEST_NAME));
    let email = errors.take("email", Email::parse(&form.email));
    let password = errors.take("password", checked_password(&form.password));
    errors.finish()?;
    // `finish` went through, so none of them is missing.
    let (Some(name), Some(email), Some(password)) = (name, email, password) else { return Err(Error::invalid("Please fill in the form.")) };
    let hash = password::hash(&password).await?;
    let (token, address) = (form.token.clone(), email.clone());
    let insert = move |tx: &mut db::Tx<'_>| {
        sign_in::create_owner(tx, &token, &MemberInsert { email: &address, name: &name, role: Role::Owner, password_hash: Some(&hash) })
    };
    cx.write(insert).await?;
    Ok((email, password))
}

#[derive(Deserialize)]
struct SignInForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

async fn show_sign_in(State(cx): State<Cx>, actor: Actor, flash: Flash, Query(wanted): Query<Wanted>) -> Reply {
    if matches!(actor, Actor::Member { .. }) {
        return Ok(see_other(next_of(&wanted.next)));
    }
    if !cx.read(store::has_owner).await? {
        return Ok(see_other("/"));
    }
    let form = pages::entry::SignIn { email: "", next: &wanted.next, notice: flash.0.as_deref().unwrap_or_default(), errors: &[] };
    let frame = quiet(&cx).await?;
    Ok(Html(frontend::plain_page(&frame, "Sign in", pages::entry::sign_in(&form))).into_response())
}

async fn sign_in(State(cx): State<Cx>, peer: Peer, headers: HeaderMap, Form(form): Form<SignInForm>) -> Reply {
    let key = email_key(&form.email);
    cx.limiter.check("console.sign_in.address", &peer.limit_key(), PASSWORD_TRIES)?;
    cx.limiter.check("console.sign_in.email", &key, PASSWORD_TRIES)?;
    let tried = sign_in::with_password(&cx.hermetic, &form.email, &Secret::new(form.password), browser(peer, &headers)).await;
    match tried {
        Ok(signed_in) => {
            if !signed_in.needs_code {
                cx.limiter.forget("console.sign_in.email", &key);
            }
            let email = Email::parse(&form.email)?;
            admit(&cx, &email, &signed_in, next_of(&form.next))
        }
        Err(error) => {
            let errors = form_errors(error)?;
            // For whoever bans addresses by the log; the mail address stays out of it.
            tracing::info!(address = %peer.0, "a sign-in was refused");
            let page = pages::entry::SignIn { email: &form.email, next: &form.next, notice: "", errors: &errors };
            let frame = quiet(&cx).await?;
            Ok(unprocessable(frontend::plain_page(&frame, "Sign in", pages::entry::sign_in(&page))))
        }
    }
}

/// How rate limits know an address without keeping it.
fn email_key(email: &str) -> String {
    digest(&email.trim().to_lowercase())
}

pub(super) fn browser(peer: Peer, headers: &HeaderMap) -> Browser {
    let user_agent = headers.get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default();
    Browser { address: peer.0.to_string(), user_agent }
}

/// Sets the cookie of a login and leads on: to the code where one is needed, else to where the person wanted to go.
pub(super) fn admit(cx: &Cx, email: &Email, signed_in: &SignedIn, next: &str) -> Reply {
    let cookie = login_cookie(cx);
    let token = signed_in.token.expose();
    if !signed_in.needs_code {
        return with_cookies(see_other(next), &[cookie.set(token)]);
    }
    let whose = cx.sealer.seal(&whose_context(token), &Secret::new(email_key(email.as_str())))?;
    let target = frontend::Href::path("/sign-in/code").with("next", next);
    with_cookies(see_other(target.as_str()), &[cookie.set(token), whose_cookie(cookie, &whose)])
}

pub(super) fn login_cookie(cx: &Cx) -> LoginCookie {
    LoginCookie { is_secure: is_https(cx) }
}

fn with_cookies(mut response: Response, cookies: &[String]) -> Reply {
    for cookie in cookies {
        let value = HeaderValue::from_str(cookie).map_err(|error| Error::internal("writing a cookie").because(error))?;
        response.headers_mut().append(SET_COOKIE, value);
    }
    Ok(response)
}

/// The note is worth nothing beside another token.
fn whose_context(token: &str) -> String {
    format!("console.pending:{}", digest(token))
}

fn whose_name(cookie: LoginCookie) -> &'static str {
    if cookie.is_secure { "__Host-hermetic_whose" } else { "hermetic_whose" }
}

fn whose_cookie(cookie: LoginCookie, sealed: &str) -> String {
    let secure = if cookie.is_secure { "; Secure" } else { "" };
    let seconds = if sealed.is_empty() { 0 } else { identity::model::PENDING_FOR.as_secs() };
    format!("{}={sealed}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}", whose_name(cookie))
}

/// The pending login of this browser and whose it is.
fn pending(cx: &Cx, headers: &HeaderMap) -> Option<(String, String)> {
    let cookie = login_cookie(cx);
    let token = cookie.read(headers)?;
    let lines = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, sealed) = pairs.find(|(name, _)| *name == whose_name(cookie))?;
    let whose = cx.sealer.open(&whose_context(&token), sealed).ok()?;
    Some((token, whose.expose().to_owned()))
}

#[derive(Deserialize)]
struct CodeForm {
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
}

async fn show_code(State(cx): State<Cx>, actor: Actor, headers: HeaderMap, Query(wanted): Query<Wanted>) -> Reply {
    if matches!(actor, Actor::Member { .. }) {
        return Ok(see_other(next_of(&wanted.next)));
    }
    if pending(&cx, &headers).is_none() {
        return Ok(start_again());
    }
    let frame = quiet(&cx).await?;
    Ok(Html(frontend::plain_page(&frame, "Second factor", pages::entry::code_form(&wanted.next, &[]))).into_response())
}

fn start_again() -> Response {
    web::see_other_with("/sign-in", "Please sign in with your password first.")
}

async fn take_code(State(cx): State<Cx>, peer: Peer, headers: HeaderMap, Form(form): Form<CodeForm>) -> Reply {
    let Some((token, whose)) = pending(&cx, &headers) else { return Ok(start_again()) };
    cx.limiter.check("console.code.address", &peer.limit_key(), PASSWORD_TRIES)?;
    cx.limiter.check("console.code.member", &whose, CODE_TRIES)?;
    match sign_in::with_code(&cx.hermetic, &cx.sealer, &token, &form.code).await {
        Ok(fresh) => {
            cx.limiter.forget("console.code.member", &whose);
            cx.limiter.forget("console.sign_in.email", &whose);
            let cookie = login_cookie(&cx);
            with_cookies(see_other(next_of(&form.next)), &[cookie.set(fresh.expose()), whose_cookie(cookie, "")])
        }
        Err(error) if error.kind == Kind::Unauthorized => Ok(web::see_other_with("/sign-in", error.message())),
        Err(error) => {
            let errors = form_errors(error)?;
            let frame = quiet(&cx).await?;
            Ok(unprocessable(frontend::plain_page(&frame, "Second factor", pages::entry::code_form(&form.next, &errors))))
        }
    }
}

/// Also for a visitor whose login ended meanwhile: the stale cookie goes.
async fn sign_out(State(cx): State<Cx>, actor: Actor) -> Reply {
    if let Actor::Member { id, login, .. } = actor {
        cx.write(move |tx| store::remove_login(tx, id, login)).await?;
    }
    let cookie = login_cookie(&cx);
    with_cookies(web::see_other_with("/sign-in", "You are signed out."), &[cookie.clear(), whose_cookie(cookie, "")])
}

/// Name and e-mail of a form's field, checked under its own name.
pub(super) fn checked_name(name: &str) -> Result<String> {
    checked_line(name, "your name", LONGEST_NAME).map_err(at_field("name"))
}
