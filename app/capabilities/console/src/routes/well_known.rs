//! Addresses the world expects at fixed places.

use axum::response::{IntoResponse, Response};
use capability::Routes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use kernel::Role;
use web::Access;

use crate::health;

pub(super) fn mount(routes: &mut Routes) {
    routes.get("/healthz", Access::Open, health::live);
    routes.get("/readyz", Access::Open, health::ready);
    routes.get("/metrics", Access::Api { scope: "console:metrics", role: Role::Viewer }, health::metrics);
    routes.get("/robots.txt", Access::Open, robots);
    routes.get("/favicon.ico", Access::Open, favicon);
}

/// The status page is for everybody, the rest for those who sign in.
async fn robots() -> Response {
    (
        [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "public, max-age=86400")],
        "User-agent: *\nAllow: /status\nDisallow: /\n",
    )
        .into_response()
}

async fn favicon() -> Response {
    let headers = [(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, "public, max-age=86400")];
    (headers, assets::text("favicon.svg")).into_response()
}
