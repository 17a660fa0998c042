//! What handlers take: [`Form`], [`Query`], [`Json`], [`Path`], [`Raw`], refused with one sentence that names the field.

use crate::body::{self, BodyFailure};
use crate::reply::Failure;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http_body_util::BodyExt;
use kernel::{Error, Kind, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A posted form; repeated keys fill a `Vec`.
#[derive(Debug, Clone)]
pub struct Form<T>(pub T);

/// The query of the address; repeated keys fill a `Vec`.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

/// A JSON body, in or out.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

/// The parameters of the path. One that cannot be read names nothing that exists: 404.
#[derive(Debug, Clone)]
pub struct Path<T>(pub T);

/// The body as it came, within the server's size and time limits.
#[derive(Debug, Clone)]
pub struct Raw(pub Bytes);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        if !has_type(&request, |kind| kind == "application/x-www-form-urlencoded") {
            return Err(Error::invalid("Please send this as a form (Content-Type: application/x-www-form-urlencoded).").into());
        }
        Ok(Form(parse_form(&read(request).await?)?))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Ok(Query(parse_form(parts.uri.query().unwrap_or_default().as_bytes())?))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        if !has_type(&request, |kind| kind == "application/json" || kind.ends_with("+json")) {
            return Err(Error::invalid("Please send this as JSON (Content-Type: application/json).").into());
        }
        Ok(Json(parse_json(&read(request).await?)?))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response(),
            Err(error) => Failure(Error::internal("writing an answer as JSON").because(error)).into_response(),
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Path(value)),
            Err(rejection) if is_our_mistake(&rejection) => {
                Err(Error::internal("a handler takes other path parameters than its route has").because(rejection).into())
            }
            Err(_) => Err(Error::new(Kind::NotFound, "There is nothing at this address.").into()),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        Ok(Raw(read(request).await?))
    }
}

/// The whole body. Its limits stand in [`crate::body`], around every body the server hands out.
async fn read(request: Request) -> Result<Bytes> {
    match request.into_body().collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) => Err(body_error(error)),
    }
}

/// The whole body, for whoever has a say in how it grows: `grow` is told of each piece before it is kept, and its error ends the
/// reading. What says beforehand that it is larger than `max` is not read at all.
pub async fn read_growing(mut body: axum::body::Body, max: usize, mut grow: impl FnMut(usize) -> Result<()>) -> Result<Vec<u8>> {
    let too_large = || Error::new(Kind::TooLarge, format!("This is too large; at most {max} bytes are taken here."));
    let announced = usize::try_from(http_body::Body::size_hint(&body).lower()).unwrap_or(usize::MAX);
    if announced > max {
        return Err(too_large());
    }
    let mut whole = Vec::with_capacity(announced.min(64 << 10));
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(body_error)?.into_data() else { continue };
        if whole.len() + piece.len() > max {
            return Err(too_large());
        }
        grow(piece.len())?;
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

fn body_error(error: axum::Error) -> Error {
    match body::failure_of(&error) {
        Some(BodyFailure::TooLarge { max }) => {
            Error::new(Kind::TooLarge, format!("This is too large; at most {max} bytes are taken here."))
        }
        Some(BodyFailure::TooSlow) => {
            Error::invalid("The request took too long to arrive; please try again.").because(BodyFailure::TooSlow)
        }
        None => Error::invalid("The request broke off before it was complete; please try again.").because(error),
    }
}

fn has_type(request: &Request, is_wanted: impl Fn(&str) -> bool) -> bool {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    is_wanted(&kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

fn is_our_mistake(rejection: &PathRejection) -> bool {
    match rejection {
        PathRejection::FailedToDeserializePathParams(failed) => {
            matches!(failed.kind(), ErrorKind::WrongNumberOfParameters { .. } | ErrorKind::UnsupportedType { .. })
        }
        _ => true,
    }
}

fn parse_form<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let pairs = serde_html_form::Deserializer::from_bytes(bytes);
    serde_path_to_error::deserialize(pairs).map_err(|error| field_error(&error.path().to_string(), &error.inner().to_string()))
}

fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let mut document = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut document).map_err(|error| {
        let inner = error.inner();
        if inner.is_data() { field_error(&error.path().to_string(), &inner.to_string()) } else { json_error(inner) }
    })?;
    document.end().map_err(|error| json_error(&error))?;
    Ok(value)
}

fn json_error(error: &serde_json::Error) -> Error {
    Error::invalid(format!("The body is not valid JSON: {error}."))
}

/// Serde names a missing or unknown field in its message and the place in its path; the person hears both as one name.
fn field_error(path: &str, reason: &str) -> Error {
    let reason = reason.split(" at line ").next().unwrap_or(reason);
    let named = |prefix: &str| reason.strip_prefix(prefix).and_then(|rest| rest.split('`').next());
    let under = |name: &str| match path {
        "." => name.to_owned(),
        _ if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        _ => format!("{path}.{name}"),
    };
    if let Some(name) = named("missing field `") {
        let field = under(name);
        return Error::field(&field, format!("Please fill in the field “{field}”."));
    }
    if let Some(name) = named("unknown field `") {
        let field = under(name);
        return Error::field(&field, format!("There is no field “{field}”; please remove it."));
    }
    match path {
        "." => Error::invalid(format!("This cannot be read: {reason}.")),
        _ => Error::field(path, format!("The field “{path}” cannot be read: {reason}.")),
    }
}
