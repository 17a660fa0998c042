//! The embedded files under `/assets/` ([`asset_handler`]): named by their content, so a browser may keep them for ever.

use crate::encoding::{self, Encoding};
use crate::hot::is_known;
use crate::reply::Reply;
use assets::Asset;
use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use kernel::{Error, Kind};

/// Mount it at `/assets/{*path}` with [`crate::Access::Open`]: a file needs nobody looked up.
pub async fn asset_handler(uri: Uri, headers: HeaderMap) -> Reply {
    match assets::find(uri.path()) {
        Some(asset) => Ok(answer(asset, &headers)),
        None => Err(Error::new(Kind::NotFound, "This file does not exist (any more); please load the page again.").into()),
    }
}

/// A file by its plain name, at an address that never changes: whoever serves it says for how long it may be kept.
pub fn embedded(name: &str, headers: &HeaderMap) -> Reply {
    match assets::find(assets::url(name)) {
        Some(asset) => Ok(answer(asset, headers)),
        None => Err(Error::new(Kind::NotFound, "This file does not exist.").into()),
    }
}

fn answer(asset: &'static Asset, headers: &HeaderMap) -> Response {
    let etag = HeaderValue::from_static(asset.etag);
    let (packed, body) = match (encoding::accepted(headers), asset.br, asset.gzip) {
        (Encoding::Brotli, Some(body), _) => (Some("br"), body),
        (Encoding::Brotli | Encoding::Gzip, _, Some(body)) => (Some("gzip"), body),
        _ => (None, asset.body),
    };
    let is_known = is_known(headers, &etag);
    let mut response = Response::new(if is_known { Body::empty() } else { Body::from(body) });
    let head = response.headers_mut();
    head.insert(ETAG, etag);
    head.insert(VARY, HeaderValue::from_static("accept-encoding"));
    head.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    head.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    if let Some(name) = packed {
        head.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    response
}
