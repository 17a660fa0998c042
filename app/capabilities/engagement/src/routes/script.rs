//! `/t.js`, which tells what a page's visitors do, and `/survey.js`, which asks them. These names stand in the founder's pages, so they never move.

use axum::body::Body;
use axum::response::Response;
use capability::Routes;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, HeaderName};
use http::{HeaderMap, HeaderValue};
use web::{Access, Reply};

pub fn mount(routes: &mut Routes) {
    routes.get("/t.js", Access::Open, track);
    routes.get("/survey.js", Access::Open, survey);
}

async fn track(headers: HeaderMap) -> Reply {
    script("track.js", &headers)
}

async fn survey(headers: HeaderMap) -> Reply {
    script("survey.js", &headers)
}

fn script(name: &str, headers: &HeaderMap) -> Reply {
    let mut answer: Response<Body> = web::embedded(name, headers)?;
    let head = answer.headers_mut();
    // A new version is there within the hour.
    head.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    head.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    head.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));
    Ok(answer)
}
