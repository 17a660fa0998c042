//! The public's doors that are not answered from memory: subscribing and leaving, the password, and the whole page while it is
//! protected or not yet in memory. No link acts: what a mail scanner opens changes nothing.

use crate::follow::{self, Granted, Wish};
use crate::gate;
use crate::links::{Links, Target};
use crate::load;
use crate::model::subscriber::{SubscriberKind, SubscriberState};
use crate::model::{Language, Snapshot};
use crate::pages::public::follow::{self as pages, Followed};
use crate::pages::public::{Place, Rendered};
use crate::settings;
use crate::site::{self, File};
use crate::store::subscribers::{self, SubscriberRow};
use axum::response::IntoResponse as _;
use capability::{Cx, Routes};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use kernel::{Error, Result, Secret};
use serde::Deserialize;
use std::time::Duration;
use web::{Access, Allowance, Form, Path, Peer, Reply, Response, State, see_other};

const PAGES: Allowance = Allowance { burst: 120, per: Duration::from_secs(60) };
const GUESSES: Allowance = Allowance { burst: 10, per: Duration::from_secs(600) };

pub fn mount(routes: &mut Routes) {
    routes.get("/status", Access::Anyone, first_page);
    routes.get("/status/", Access::Anyone, first_page);
    routes.get("/status/{*path}", Access::Anyone, any_page);
    // A path that is posted to is not part of `{*path}` for other methods.
    routes.get("/status/unlock", Access::Anyone, first_page);
    routes.post("/status/unlock", Access::Anyone, unlock);
    routes.get("/status/subscribe", Access::Anyone, subscribe_page);
    routes.post("/status/subscribe", Access::Anyone, subscribe);
    routes.get("/status/confirm/{token}", Access::Anyone, confirm_page);
    routes.post("/status/confirm/{token}", Access::Anyone, confirm);
    routes.get("/status/follow/{token}", Access::Anyone, follow_page);
    routes.post("/status/follow/{token}", Access::Anyone, choose);
    routes.get("/status/follow/{token}/leave", Access::Anyone, follow_page);
    // Mail providers post here for their users (RFC 8058): no page of ours stands behind such a request.
    routes.post("/status/follow/{token}/leave", Access::Open, leave);
}

/// What a dynamic public page needs.
struct Stand {
    snapshot: Snapshot,
    links: Links,
}

impl Stand {
    fn place(&self, here: Target<'static>, language: Language) -> Place<'_> {
        Place { look: &self.snapshot.look, links: &self.links, here, language }
    }
}

async fn stand(cx: &Cx) -> Result<Stand> {
    let (registry, boot) = (cx.registry, cx.boot.clone());
    cx.read(move |r| Ok(Stand { snapshot: load::brief(r, registry, Vec::new(), Vec::new())?, links: settings::served_links(r, &boot)? }))
        .await
}

async fn first_page(State(cx): State<Cx>, peer: Peer, headers: HeaderMap) -> Reply {
    serve(&cx, peer, &headers, String::new()).await
}

async fn any_page(State(cx): State<Cx>, peer: Peer, headers: HeaderMap, Path(path): Path<String>) -> Reply {
    serve(&cx, peer, &headers, path.trim_end_matches('/').to_owned()).await
}

async fn subscribe_page(State(cx): State<Cx>, peer: Peer, headers: HeaderMap) -> Reply {
    serve(&cx, peer, &headers, "subscribe".to_owned()).await
}

async fn serve(cx: &Cx, peer: Peer, headers: &HeaderMap, path: String) -> Reply {
    let (registry, boot, sealer) = (cx.registry, cx.boot.clone(), cx.sealer.clone());
    let password = cx.read(move |r| settings::password(r, &sealer)).await?;
    let is_protected = password.is_some();
    if let Some(password) = password.filter(|password| !gate::is_open(headers, &cx.sealer, password, cx.now())) {
        return door(cx, false, &password).await;
    }
    // Whatever is not in memory costs a look into the database: nobody may ask for that as fast as they can.
    cx.limiter.check("status.page", &peer.limit_key(), PAGES)?;
    let found = cx
        .read(move |r| {
            let snapshot = if site::is_lasting(&path) { load::past(r, registry)? } else { load::snapshot(r, registry)? };
            Ok(site::find(&snapshot, &settings::served_links(r, &boot)?, &path))
        })
        .await?;
    let file = found.ok_or_else(|| Error::not_found("page"))?;
    Ok(file_response(file, is_protected))
}

async fn door(cx: &Cx, is_wrong: bool, _: &Secret) -> Reply {
    let stand = stand(cx).await?;
    let rendered = pages::password(stand.place(Target::Index, stand.snapshot.look.language), is_wrong);
    Ok(page(StatusCode::UNAUTHORIZED, rendered))
}

fn file_response(file: File, is_protected: bool) -> Response {
    let cache = if is_protected { "private, no-store" } else { "no-cache" };
    let mut response =
        ([(CONTENT_TYPE, HeaderValue::from_static(file.content_type)), (CACHE_CONTROL, HeaderValue::from_static(cache))], file.body)
            .into_response();
    if let Some(csp) = file.csp.and_then(|csp| HeaderValue::from_str(&csp).ok()) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, csp);
    }
    response
}

pub fn page(code: StatusCode, rendered: Rendered) -> Response {
    let file = File { path: String::new(), content_type: site::HTML, body: rendered.html, csp: Some(rendered.csp) };
    let mut response = file_response(file, true);
    *response.status_mut() = code;
    response
}

#[derive(Deserialize)]
struct Unlock {
    #[serde(default)]
    password: String,
}

async fn unlock(State(cx): State<Cx>, peer: Peer, headers: HeaderMap, Form(form): Form<Unlock>) -> Reply {
    cx.limiter.check("status.unlock", &peer.limit_key(), GUESSES)?;
    let sealer = cx.sealer.clone();
    let (password, own) = cx.read(move |r| Ok((settings::password(r, &sealer)?, settings::host(r)?))).await?;
    let asked = headers.get(HOST).and_then(|host| host.to_str().ok()).map(|host| host.split(':').next().unwrap_or_default());
    let is_own = own.zip(asked).is_some_and(|(own, asked)| own.eq_ignore_ascii_case(asked));
    let home = if is_own { "/" } else { "/status" };
    let Some(password) = password else { return Ok(see_other(home)) };
    if !gate::is_password(&form.password, &password) {
        return door(&cx, true, &password).await;
    }
    let mut response = see_other(home);
    let cookie = gate::cookie(&cx.sealer, &password, cx.now(), capability::is_https(&cx))?;
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(response)
}

#[derive(Deserialize)]
struct SubscribeForm {
    kind: String,
    #[serde(default)]
    language: String,
    #[serde(default)]
    address: String,
    #[serde(default)]
    component: Vec<String>,
}

async fn subscribe(State(cx): State<Cx>, peer: Peer, headers: HeaderMap, Form(form): Form<SubscribeForm>) -> Reply {
    let sealer = cx.sealer.clone();
    if let Some(password) = cx.read(move |r| settings::password(r, &sealer)).await?
        && !gate::is_open(&headers, &cx.sealer, &password, cx.now())
    {
        return door(&cx, false, &password).await;
    }
    let stand = stand(&cx).await?;
    let language = form.language.parse().unwrap_or(stand.snapshot.look.language);
    let place = stand.place(Target::Subscribe, language);
    let wish = Wish { kind: form.kind.parse()?, address: form.address.clone(), language, components: form.component };
    let texts = language.texts();
    let outcome = match follow::check_limits(&cx.limiter, &peer.limit_key(), &wish) {
        Ok(key) => follow::subscribe(&cx, wish, key).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(Granted::Mail) => Ok(page(StatusCode::OK, pages::notice(place, texts.check_mail_title, texts.check_mail))),
        Ok(Granted::Webhook { secret, token }) => {
            Ok(page(StatusCode::OK, pages::secret(place, secret.expose(), &format!("/status/follow/{}", token.expose()))))
        }
        Ok(Granted::Refused) => {
            Ok(page(StatusCode::UNPROCESSABLE_ENTITY, pages::subscribe(&stand.snapshot, place, Some((texts.webhook_refused, "")))))
        }
        Err(error) if error.kind == kernel::Kind::Invalid => {
            let rendered = pages::subscribe(&stand.snapshot, place, Some((error.message(), &form.address)));
            Ok(page(StatusCode::UNPROCESSABLE_ENTITY, rendered))
        }
        Err(error) => Err(error.into()),
    }
}

async fn confirm_page(State(cx): State<Cx>, Path(token): Path<String>) -> Reply {
    let digest = kernel::ids::digest(&token);
    let found = cx.read(move |r| subscribers::find_by_confirm(r, &digest)).await?;
    let stand = stand(&cx).await?;
    let Some(row) = found else { return Ok(expired(&stand)) };
    let place = stand.place(Target::Subscribe, row.language);
    Ok(page(StatusCode::OK, pages::confirm(place, &format!("/status/confirm/{token}"))))
}

async fn confirm(State(cx): State<Cx>, Path(token): Path<String>) -> Reply {
    let sealer = cx.sealer.clone();
    let done = cx.write(move |tx| follow::confirm(tx, &sealer, &token)).await?;
    let stand = stand(&cx).await?;
    let Some((row, _)) = done else { return Ok(expired(&stand)) };
    let texts = row.language.texts();
    Ok(page(StatusCode::OK, pages::notice(stand.place(Target::Subscribe, row.language), texts.manage_title, texts.confirmed)))
}

fn expired(stand: &Stand) -> Response {
    let language = stand.snapshot.look.language;
    let texts = language.texts();
    page(StatusCode::GONE, pages::notice(stand.place(Target::Subscribe, language), texts.subscribe, texts.link_expired))
}

async fn follow_page(State(cx): State<Cx>, Path(token): Path<String>) -> Reply {
    followed(&cx, token, false).await
}

async fn followed(cx: &Cx, token: String, is_saved: bool) -> Reply {
    let known = token.clone();
    let found = cx
        .read(move |r| {
            let Some(row) = follow::find(r, &known)? else { return Ok(None) };
            let choice = subscribers::choice_of(r, row.id)?;
            Ok(Some((row, choice)))
        })
        .await?;
    let stand = stand(cx).await?;
    let Some((row, choice)) = found else { return Ok(expired(&stand)) };
    let place = stand.place(Target::Subscribe, row.language);
    if row.state == SubscriberState::Unsubscribed {
        return Ok(gone(place));
    }
    let chosen = stand
        .snapshot
        .components()
        .filter(|component| choice.components.contains(&component.id))
        .map(|component| component.public_id.clone());
    let followed = Followed { address: shown(&row), chosen: chosen.collect(), path: format!("/status/follow/{token}"), is_saved };
    Ok(page(StatusCode::OK, pages::manage(&stand.snapshot, place, &followed)))
}

/// A webhook's address may hold a token of its owner's: the page shows where it leads only.
fn shown(row: &SubscriberRow) -> String {
    match row.kind {
        SubscriberKind::Email => row.address.clone(),
        SubscriberKind::Webhook => kernel::text::WebUrl::parse(&row.address).map(|url| url.origin()).unwrap_or_default(),
    }
}

fn gone(place: Place<'_>) -> Response {
    let texts = place.language.texts();
    page(StatusCode::OK, pages::notice(place, texts.unsubscribe, texts.unsubscribed))
}

#[derive(Deserialize)]
struct ChooseForm {
    #[serde(default)]
    component: Vec<String>,
}

async fn choose(State(cx): State<Cx>, Path(token): Path<String>, Form(form): Form<ChooseForm>) -> Reply {
    let known = token.clone();
    cx.write(move |tx| match follow::find(tx, &known)? {
        Some(row) if row.state == SubscriberState::Active => follow::choose(tx, row.id, &form.component),
        _ => Ok(()),
    })
    .await?;
    followed(&cx, token, true).await
}

async fn leave(State(cx): State<Cx>, Path(token): Path<String>) -> Reply {
    let known = token.clone();
    let row = cx.read(move |r| follow::find(r, &known)).await?;
    cx.write(move |tx| follow::leave(tx, &token)).await?;
    let stand = stand(&cx).await?;
    let language = row.map_or(stand.snapshot.look.language, |row| row.language);
    Ok(gone(stand.place(Target::Subscribe, language)))
}
