//! Who gets in: every access against every caller, and proofs that fail closed.

use super::*;
use crate::{Access, Admin, By, Owner, Viewer};

fn routes_of_every_access(routes: &mut Routes<State>) {
    routes.get("/anyone", Access::Anyone, async |actor: Actor| actor.label());
    routes.get("/open", Access::Open, async |actor: Actor| actor.label());
    routes.get("/viewer", Access::Rank(Role::Viewer), async |by: By<Viewer>| by.actor.label());
    routes.get("/admin", Access::Rank(Role::Admin), async |by: By<Admin>| by.actor.label());
    routes.get("/api/v1/things", Access::Api { scope: "things:read", role: Role::Member }, async |by: By<crate::Member>| by.actor.label());
}

#[tokio::test]
async fn admits_exactly_whom_the_route_names() {
    let site = Site::start(routes_of_every_access).await;
    let paths = ["/anyone", "/open", "/viewer", "/admin", "/api/v1/things"];
    for (actor, codes) in [
        ("visitor", [200, 200, 401, 401, 401]),
        ("viewer", [200, 200, 200, 403, 403]),
        ("member", [200, 200, 200, 403, 200]),
        ("admin", [200, 200, 200, 200, 200]),
        ("owner", [200, 200, 200, 200, 200]),
        ("key", [200, 200, 403, 403, 200]),
        ("weak-key", [200, 200, 403, 403, 403]),
        ("expired", [200, 200, 401, 401, 401]),
        ("broken", [200, 200, 500, 500, 500]),
    ] {
        for (path, code) in paths.into_iter().zip(codes) {
            let got = call("GET", path).with("x-actor", actor).send(&site).await;
            assert_eq!(got.code, code, "{actor} {path}: {}", got.text());
        }
    }
    assert_eq!(call("GET", "/anyone").with("x-actor", "admin").send(&site).await.text(), "member:7 Ada");
    assert_eq!(call("GET", "/open").with("x-actor", "admin").send(&site).await.text(), "visitor");
    assert_eq!(call("GET", "/api/v1/things").with("x-actor", "key").send(&site).await.text(), "key:1 deploy");
}

#[tokio::test]
async fn admits_head_only_where_get_is_admitted() {
    let site = Site::start(routes_of_every_access).await;
    assert_eq!(call("HEAD", "/admin").send(&site).await.code, 401);
    assert_eq!(call("HEAD", "/admin").with("x-actor", "owner").send(&site).await.code, 200);
}

#[tokio::test]
async fn sends_a_browser_to_sign_in_and_tells_a_program_why() {
    let site = Site::start(routes_of_every_access).await;
    let got = call("GET", "/viewer?from=a%20b&next=//evil").browser().send(&site).await;
    assert_eq!((got.code, got.header("location")), (303, "/sign-in?next=%2Fviewer%3Ffrom%3Da%2520b%26next%3D%2F%2Fevil"));
    let program = site.get("/viewer").await;
    assert_eq!((program.code, program.json()["error"]["kind"].clone()), (401, "unauthorized".into()));
    let api = call("GET", "/api/v1/things").browser().send(&site).await;
    assert_eq!((api.code, api.header("www-authenticate"), api.header("content-type")), (401, "Bearer", "application/json"));
}

#[tokio::test]
async fn a_proof_fails_closed_on_a_route_that_does_not_grant_it() {
    let site = Site::start(|routes| {
        routes.get("/anyone", Access::Anyone, async |by: By<Viewer>| by.actor.label());
        routes.get("/open", Access::Open, async |by: By<Viewer>| by.actor.label());
        routes.get("/viewer", Access::Rank(Role::Viewer), async |by: By<Owner>| by.actor.label());
        routes.get("/owner", Access::Rank(Role::Owner), async |by: By<Viewer>| by.actor.label());
    })
    .await;
    for (path, code) in [("/anyone", 500), ("/open", 500), ("/viewer", 500), ("/owner", 200)] {
        let got = call("GET", path).with("x-actor", "owner").send(&site).await;
        assert_eq!(got.code, code, "{path}");
    }
}

#[tokio::test]
async fn a_proof_fails_closed_without_any_gate() {
    let bare: axum::Router = axum::Router::new().route("/", axum::routing::get(async |by: By<Viewer>| by.actor.label()));
    let request = http::Request::get("/").body(axum::body::Body::empty()).unwrap();
    let response = tower::ServiceExt::oneshot(bare, request).await.unwrap();
    assert_eq!(response.status().as_u16(), 500);
}

#[tokio::test]
async fn a_change_is_answered_only_when_it_is_durable_and_what_failed_or_only_looked_does_not_wait() {
    let site = Site::start(|routes| {
        routes.post("/here", Access::Open, async || "done");
        routes.owned_by("waiting");
        routes.get("/look", Access::Open, async || "seen");
        routes.post("/wait", Access::Open, async || "done");
        routes.post("/fail", Access::Open, async || -> crate::Reply<&'static str> { Err(Error::conflict("It is there already.").into()) });
    })
    .await;
    for (method, path, code) in [("POST", "/here", 200), ("GET", "/look", 200), ("POST", "/fail", 409), ("POST", "/wait", 503)] {
        let got = call(method, path).send(&site).await;
        assert_eq!(got.code, code, "{method} {path}: {}", got.text());
    }
    assert!(call("POST", "/wait").send(&site).await.text().contains("The copy has not arrived."));
}
