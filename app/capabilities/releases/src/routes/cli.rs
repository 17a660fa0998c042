//! The part of Sentry's API that sentry-cli and the bundler plugins call. Errors come as `{"detail": "…"}`, which they show.
//!
//! One key with the scope `releases:write` opens all of it; any organization may be named, because there is only one here.
//!
//! - [`house`]: version, organizations, projects, repositories; [`uploads`]: chunks and bundles; [`debug_files`]; [`files`]: single ones
//! - [`versions`]: releases, deploys, commits

mod debug_files;
mod files;
mod house;
mod uploads;
mod versions;

use axum::response::{IntoResponse as _, Response};
use capability::{Cx, Routes};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use identity::projects::Project;
use kernel::{Error, Kind, Result, Role};
use serde_json::{Value, json};
use web::{Access, Json};

const OPEN: Access = Access::Api { scope: "releases:write", role: Role::Member };

pub fn register(routes: &mut Routes) {
    house::register(routes);
    uploads::register(routes);
    debug_files::register(routes);
    files::register(routes);
    versions::register(routes);
    routes.bodies_up_to(crate::upload::POSTED_BYTES);
    debug_files::register_large(routes);
    files::register_large(routes);
}

/// An answer in the words of these clients.
fn answer(result: Result<(StatusCode, Value)>) -> Response {
    match result {
        Ok((StatusCode::NO_CONTENT, _)) => StatusCode::NO_CONTENT.into_response(),
        Ok((code, body)) => (code, Json(body)).into_response(),
        Err(error) => {
            let code = code_of(&error);
            if code.is_server_error() {
                tracing::warn!(error = error.chain(), "a request of sentry-cli could not be carried out");
            }
            (code, Json(json!({ "detail": error.public_message() }))).into_response()
        }
    }
}

/// A part of a list, and where the next one begins: clients read it from the `Link` of the answer, and stop without one.
fn paged(address: &str, result: Result<(Value, Option<i64>)>) -> Response {
    let (result, next) = match result {
        Ok((rows, next)) => (ok(rows), next),
        Err(error) => (Err(error), None),
    };
    let mut answer = answer(result);
    let (there, cursor) = next.map_or((false, 0), |next| (true, next));
    let link = format!("<{address}?cursor={cursor}>; rel=\"next\"; results=\"{there}\"; cursor=\"{cursor}\"");
    if let Ok(link) = HeaderValue::try_from(link) {
        answer.headers_mut().insert(header::LINK, link);
    }
    answer
}

fn code_of(error: &Error) -> StatusCode {
    match error.kind {
        Kind::Invalid => StatusCode::BAD_REQUEST,
        Kind::Unauthorized => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn ok(body: Value) -> Result<(StatusCode, Value)> {
    Ok((StatusCode::OK, body))
}

/// The body as JSON, whatever type the client names.
fn parsed(body: &[u8]) -> Result<Value> {
    serde_json::from_slice(body).map_err(|error| Error::invalid(format!("The body is not valid JSON: {error}.")))
}

async fn project(cx: &Cx, slug: String) -> Result<Project> {
    let found = cx
        .read({
            let slug = slug.clone();
            move |r| identity::store::find_project_by_slug(r, &slug)
        })
        .await?;
    found.ok_or_else(|| no_project(&slug))
}

fn no_project(slug: &str) -> Error {
    let slug = kernel::text::shorten(slug, 60);
    Error::new(Kind::NotFound, format!("There is no project “{slug}” here. The short names stand on the page Projects."))
}

/// This server as the client reaches it: by another name than the configured one, uploads must go to that name.
fn base_url(cx: &Cx, headers: &HeaderMap) -> String {
    let public = cx.boot.public_url.url();
    let configured = cx.boot.public_url.as_str().trim_end_matches('/').to_owned();
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return configured };
    let own = match public.port() {
        Some(port) => format!("{}:{port}", public.host_str().unwrap_or_default()),
        None => public.host_str().unwrap_or_default().to_owned(),
    };
    if host.eq_ignore_ascii_case(&own) {
        return configured;
    }
    let forwarded = headers.get("x-forwarded-proto").and_then(|scheme| scheme.to_str().ok());
    // A proxy on this machine that does not pass the name on: the client cannot reach that address.
    if is_loopback(host) && (forwarded.is_some() || headers.contains_key("x-forwarded-for")) {
        return configured;
    }
    // Reached beside the proxy that speaks TLS: this binary itself speaks plain HTTP.
    let scheme = forwarded.filter(|scheme| matches!(*scheme, "http" | "https")).unwrap_or("http");
    format!("{scheme}://{host}{}", public.path().trim_end_matches('/'))
}

fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())).map_or(host, |(name, _)| name);
    let address: Option<std::net::IpAddr> = name.trim_start_matches('[').trim_end_matches(']').parse().ok();
    name.eq_ignore_ascii_case("localhost") || address.is_some_and(|address| address.is_loopback())
}

/// Work that reads and writes for a while, off the threads that answer.
async fn blocking<T: Send + 'static>(cx: &Cx, f: impl FnOnce(&Cx) -> Result<T> + Send + 'static) -> Result<T> {
    let cx = cx.clone();
    match tokio::task::spawn_blocking(move || f(&cx)).await {
        Ok(result) => result,
        Err(panic) => Err(Error::internal("an upload panicked").because(panic)),
    }
}
