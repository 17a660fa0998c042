use super::*;
use capability::{Registry, route_table};
use kernel::Role;
use web::Access;

/// Every route of the console and who may call it. A new route fails this test until it stands here.
const TABLE: &[(&str, &str, &str)] = &[
    ("GET", "/", "anyone"),
    ("GET", "/api/v1/audit", "console:read admin"),
    ("GET", "/api/v1/deliveries", "console:read viewer"),
    ("GET", "/api/v1/openapi.json", "open"),
    ("GET", "/api/v1/projects", "console:read viewer"),
    ("GET", "/api/v1/projects/{id}", "console:read viewer"),
    ("GET", "/console", "viewer"),
    ("GET", "/console/audit", "admin"),
    ("GET", "/console/deliveries", "viewer"),
    ("GET", "/console/deliveries/{id}", "viewer"),
    ("GET", "/console/health", "viewer"),
    ("GET", "/console/jobs", "viewer"),
    ("GET", "/console/keys", "admin"),
    ("GET", "/console/members", "admin"),
    ("GET", "/console/members/new", "admin"),
    ("GET", "/console/members/{id}", "admin"),
    ("GET", "/console/profile", "viewer"),
    ("GET", "/console/profile/second-factor", "viewer"),
    ("GET", "/console/search", "viewer"),
    ("GET", "/console/settings", "admin"),
    ("GET", "/favicon.ico", "open"),
    ("GET", "/healthz", "open"),
    ("GET", "/join", "anyone"),
    ("GET", "/metrics", "console:metrics viewer"),
    ("GET", "/password", "anyone"),
    ("GET", "/projects", "viewer"),
    ("GET", "/projects/new", "admin"),
    ("GET", "/projects/outcomes", "viewer"),
    ("GET", "/projects/{id}", "viewer"),
    ("GET", "/projects/{id}/connect", "viewer"),
    ("GET", "/projects/{id}/outcomes", "viewer"),
    ("GET", "/projects/{id}/settings", "admin"),
    ("GET", "/readyz", "open"),
    ("GET", "/robots.txt", "open"),
    ("GET", "/search", "viewer"),
    ("GET", "/set-up", "anyone"),
    ("GET", "/sign-in", "anyone"),
    ("GET", "/sign-in/code", "anyone"),
    ("POST", "/api/v1/apply", "console:apply admin"),
    ("POST", "/api/v1/projects", "console:write admin"),
    ("POST", "/console/deliveries/{id}/discard", "member"),
    ("POST", "/console/deliveries/{id}/retry", "member"),
    ("POST", "/console/jobs/{id}/discard", "member"),
    ("POST", "/console/jobs/{id}/retry", "member"),
    ("POST", "/console/keys", "admin"),
    ("POST", "/console/keys/{id}/revoke", "admin"),
    ("POST", "/console/members", "admin"),
    ("POST", "/console/members/{id}/disable", "admin"),
    ("POST", "/console/members/{id}/enable", "admin"),
    ("POST", "/console/members/{id}/link", "admin"),
    ("POST", "/console/members/{id}/role", "admin"),
    ("POST", "/console/members/{id}/second-factor", "admin"),
    ("POST", "/console/profile", "viewer"),
    ("POST", "/console/profile/logins/others/sign-out", "viewer"),
    ("POST", "/console/profile/logins/{id}/sign-out", "viewer"),
    ("POST", "/console/profile/password", "viewer"),
    ("POST", "/console/profile/second-factor", "viewer"),
    ("POST", "/console/profile/second-factor/remove", "viewer"),
    ("POST", "/console/settings/outbound/test-mail", "admin"),
    ("POST", "/console/settings/{owner}", "admin"),
    ("POST", "/console/settings/{owner}/clear", "admin"),
    ("POST", "/join", "anyone"),
    ("POST", "/password", "anyone"),
    ("POST", "/projects", "admin"),
    ("POST", "/projects/{id}", "admin"),
    ("POST", "/projects/{id}/keys", "admin"),
    ("POST", "/projects/{id}/keys/{key}", "admin"),
    ("POST", "/projects/{id}/keys/{key}/remove", "admin"),
    ("POST", "/projects/{id}/keys/{key}/switch", "admin"),
    ("POST", "/projects/{id}/remove", "admin"),
    ("POST", "/set-up", "anyone"),
    ("POST", "/sign-in", "anyone"),
    ("POST", "/sign-in/code", "anyone"),
    ("POST", "/sign-out", "anyone"),
];

fn label(access: Access) -> String {
    match access {
        Access::Anyone => "anyone".to_owned(),
        Access::Open => "open".to_owned(),
        Access::Rank(role) => role.to_string(),
        Access::Api { scope, role } => format!("{scope} {role}"),
    }
}

#[test]
fn the_table_of_routes_is_the_one_that_is_served() {
    let table = route_table(Registry(BOTH));
    let own = table.iter().filter(|entry| entry.owner == "console");
    let mut served: Vec<(String, String, String)> =
        own.map(|entry| (entry.method.to_string(), entry.path.to_owned(), label(entry.access))).collect();
    served.sort();
    let known: Vec<(String, String, String)> =
        TABLE.iter().map(|(method, path, access)| ((*method).into(), (*path).into(), (*access).into())).collect();
    assert_eq!(served, known);
}

#[tokio::test]
async fn each_route_of_the_console_opens_for_its_rank_and_for_nobody_below() {
    let house = house().await;
    let owner_browser = owner(&house).await;
    drop(owner_browser);
    for entry in route_table(Registry(BOTH)).iter().filter(|entry| entry.owner == "console") {
        let Access::Rank(least) = entry.access else { continue };
        let path = entry.path.replace("{id}", "999999").replace("{owner}", "nothing").replace("{key}", "999999");
        let refused = send(&house.visitor(), &entry.method, &path).await;
        assert_eq!(refused.code.as_u16(), if entry.method == Method::GET { 303 } else { 401 }, "{} {path} for a visitor", entry.method);
        for role in Role::ALL {
            let answer = send(&house.member(role).await, &entry.method, &path).await;
            let (code, is_refused) = (answer.code.as_u16(), matches!(answer.code.as_u16(), 401 | 403));
            assert_eq!(is_refused, role < least, "{} {path} for {role}: {code}", entry.method);
            assert!(code < 500, "{} {path} for {role}: {code}", entry.method);
        }
    }
}

async fn send(client: &Client, method: &Method, path: &str) -> Answer {
    if *method == Method::GET { client.get(path).await } else { client.post(path, &[("role", "viewer"), ("key", "x")]).await }
}

#[tokio::test]
async fn the_api_asks_for_scope_and_role() {
    let house = house().await;
    house.visitor().get("/api/v1/deliveries").await.expect(401);
    house.key(Role::Viewer, &["console:apply"]).await.get("/api/v1/deliveries").await.expect(403);
    house.key(Role::Viewer, &["console:read"]).await.get("/api/v1/deliveries").await.expect(200);
    house.key(Role::Viewer, &["console:read"]).await.get("/api/v1/audit").await.expect(403);
    house.key(Role::Admin, &["console:read"]).await.get("/api/v1/audit").await.expect(200);
    house
        .key(Role::Member, &["console:apply"])
        .await
        .json(Method::POST, "/api/v1/apply", &serde_json::json!({"toml": ""}))
        .await
        .expect(403);
    house.key(Role::Viewer, &["console:read"]).await.get("/api/v1/deliveries?state=lost").await.expect(400);
}

#[tokio::test]
async fn viewers_see_no_buttons_they_may_not_press_and_no_pages_they_may_not_open() {
    let house = house().await;
    let viewer = house.member(Role::Viewer).await;
    let home = viewer.get("/console").await.expect(200).body;
    assert!(!home.contains("/console/settings\"") && !home.contains("/console/members\"") && home.contains("/console/deliveries\""));
    let found = viewer.get("/search?q=token").await.expect(200).body;
    assert!(!found.contains("/console/settings#sample"));
    let found = house.member(Role::Admin).await.get("/console/search?q=token").await.expect(200).body;
    assert!(found.contains("/console/settings#sample"));
}
