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
async fn a_change_that_is_not_durable_yet_keeps_its_answer_and_says_so_and_doors_for_everybody_never_wait() {
    const RANK: Access = Access::Rank(Role::Viewer);
    const API: Access = Access::Api { scope: "things:write", role: Role::Viewer };
    let site = Site::start(|routes| {
        routes.post("/here", RANK, async || "done");
        routes.owned_by("kept");
        routes.post("/kept", RANK, async || "done");
        routes.owned_by("waiting");
        routes.get("/look", RANK, async || "seen");
        routes.post("/wait", RANK, async || {
            let mut answer = crate::see_other_with("/look", "The key is made.");
            answer.headers_mut().append("set-cookie", HeaderValue::from_static("login=abc"));
            answer
        });
        routes.post("/api/v1/wait", API, async || (http::StatusCode::CREATED, "hk_secret"));
        routes.post("/fail", RANK, async || -> crate::Reply<&'static str> { Err(Error::conflict("It is there already.").into()) });
        routes.post("/anyone", Access::Anyone, async || "in");
        routes.post("/open", Access::Open, async || "in");
    })
    .await;
    let cases = [
        ("POST", "/here", 200, None),
        ("POST", "/kept", 200, Some("reached")),
        ("GET", "/look", 200, None),
        ("POST", "/fail", 409, None),
        ("POST", "/wait", 303, Some("pending")),
        ("POST", "/api/v1/wait", 202, Some("pending")),
        ("POST", "/anyone", 200, None),
        ("POST", "/open", 200, None),
    ];
    let ask = async |method: &str, path: &str| {
        call(method, path).with("x-actor", "viewer").with("sec-fetch-site", "same-origin").send(&site).await
    };
    for (method, path, code, durable) in cases {
        let got = ask(method, path).await;
        let told = got.headers.get("hermetic-durable").map(|value| value.to_str().unwrap());
        assert_eq!((got.code, told), (code, durable), "{method} {path}: {}", got.text());
    }
    let program = ask("POST", "/api/v1/wait").await;
    assert_eq!(program.text(), "hk_secret");
    assert!(program.header("hermetic-notice").contains("do not repeat it"));
    let page = ask("POST", "/wait").await;
    let cookies: Vec<String> = page.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap().replace("%20", " ")).collect();
    let [login, notice] = &cookies[..] else { panic!("{cookies:?}") };
    assert_eq!(login, "login=abc");
    assert!(notice.contains("The key is made. It is stored on this machine"), "{notice}");
}
