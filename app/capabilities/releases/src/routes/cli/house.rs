//! What clients ask to find their way: who they are, which organization and which projects there are.

use axum::response::Response;
use capability::{Cx, Routes, settings};
use identity::projects::{Project, slug_of};
use kernel::Result;
use serde_json::{Value, json};
use web::{By, Member, Path, State};

use super::{OPEN, answer, ok, project};

pub fn register(routes: &mut Routes) {
    routes.get("/api/0/", OPEN, version);
    routes.get("/api/0/organizations/", OPEN, organizations);
    routes.get("/api/0/organizations/{org}/", OPEN, organization);
    routes.get("/api/0/organizations/{org}/projects/", OPEN, projects);
    routes.get("/api/0/organizations/{org}/repos/", OPEN, repositories);
    routes.get("/api/0/projects/{org}/{project}/", OPEN, one_project);
}

async fn version(State(cx): State<Cx>, by: By<Member>) -> Response {
    let name = match &by.actor {
        web::Actor::Visitor => String::new(),
        web::Actor::Member { name, .. } | web::Actor::Key { name, .. } => name.clone(),
    };
    let scopes = ["org:read", "project:read", "project:releases", "project:write"];
    answer(ok(json!({
        "version": "0",
        "auth": { "scopes": scopes },
        "user": { "id": "0", "name": name, "username": name, "email": format!("Hermetic {}", cx.boot.version) },
    })))
}

async fn organizations(State(cx): State<Cx>) -> Response {
    answer(own(&cx, None).await.and_then(|own| ok(json!([own]))))
}

async fn organization(State(cx): State<Cx>, Path(org): Path<String>) -> Response {
    answer(own(&cx, Some(org)).await.and_then(ok))
}

/// The only one. It answers to every name.
async fn own(cx: &Cx, asked: Option<String>) -> Result<Value> {
    let name = cx.read(|r| settings::text(r, &settings::NAME)).await?;
    let slug = asked.unwrap_or_else(|| slug_of(&name));
    Ok(json!({
        "id": "1", "slug": slug, "name": name, "dateCreated": cx.started_at.rfc3339_millis(), "isEarlyAdopter": false,
        "require2FA": false, "requireEmailVerification": false, "features": [], "status": { "id": "active", "name": "active" },
    }))
}

async fn projects(State(cx): State<Cx>) -> Response {
    let listed = cx.read(identity::store::list_projects).await;
    answer(listed.and_then(|projects| ok(projects.iter().map(project_json).collect())))
}

async fn one_project(State(cx): State<Cx>, Path((_, slug)): Path<(String, String)>) -> Response {
    answer(project(&cx, slug).await.and_then(|project| ok(project_json(&project))))
}

async fn repositories() -> Response {
    answer(ok(json!([])))
}

fn project_json(project: &Project) -> Value {
    json!({
        "id": project.id.to_string(), "slug": project.slug, "name": project.name, "platform": project.platform, "team": null, "teams": [],
        "dateCreated": project.created_at.rfc3339_millis(), "isBookmarked": false, "isMember": true, "features": [], "status": "active",
    })
}
