//! The table of routes tells what is wrong with it, and never by a panic.

use super::*;
use crate::{Access, RouteEntry};

async fn ok() -> &'static str {
    "ok"
}

fn problems(fill: impl FnOnce(&mut Routes<State>)) -> Vec<String> {
    let mut routes = Routes::new();
    fill(&mut routes);
    routes.into_router(&admission()).err().unwrap_or_default()
}

#[test]
fn names_both_owners_of_a_path_claimed_twice() {
    let told = problems(|routes| {
        routes.owned_by("uptime").get("/monitors", Access::Anyone, ok);
        routes.owned_by("status").get("/monitors", Access::Open, ok);
    });
    assert_eq!(told, ["GET /monitors is claimed by both uptime and status."]);
}

#[test]
fn tells_one_path_with_two_spellings() {
    let told = problems(|routes| {
        routes.owned_by("uptime").get("/m/{id}", Access::Anyone, ok);
        routes.post("/m/{monitor}", Access::Anyone, ok);
        routes.get("/m/{name}", Access::Anyone, ok);
    });
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("are one path"), "{told:?}");
}

#[test]
fn turns_a_path_the_router_cannot_take_into_a_sentence() {
    assert_eq!(problems(|routes| routes.get("monitors", Access::Anyone, ok)).len(), 1);
    let told = problems(|routes| routes.owned_by("uptime").get("/m/:id", Access::Anyone, ok));
    assert_eq!(told, ["GET /m/:id of uptime cannot be routed: the path is malformed or overlaps another."]);
}

#[test]
fn lists_every_route_with_its_owner() {
    let mut routes = Routes::<State>::new();
    routes.owned_by("uptime").get("/m/{id}", Access::Rank(Role::Viewer), ok);
    routes.put("/m/{id}", Access::Rank(Role::Member), ok);
    routes.patch("/m/{id}", Access::Rank(Role::Member), ok);
    routes.delete("/m/{id}", Access::Rank(Role::Admin), ok);
    let first = RouteEntry { method: http::Method::GET, path: "/m/{id}", access: Access::Rank(Role::Viewer), owner: "uptime" };
    assert_eq!(routes.entries()[0], first);
    assert_eq!(routes.entries().len(), 4);
    assert!(routes.into_router(&admission()).is_ok());
}

#[tokio::test]
async fn gives_each_method_of_a_path_its_own_access() {
    let site = Site::start(|routes| {
        routes.get("/thing", Access::Anyone, ok);
        routes.delete("/thing", Access::Rank(Role::Admin), ok);
    })
    .await;
    assert_eq!(site.get("/thing").await.code, 200);
    assert_eq!(call("DELETE", "/thing").own().send(&site).await.code, 401);
    assert_eq!(call("DELETE", "/thing").own().with("x-actor", "member").send(&site).await.code, 403);
    assert_eq!(call("DELETE", "/thing").own().with("x-actor", "admin").send(&site).await.code, 200);
}
