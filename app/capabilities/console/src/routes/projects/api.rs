//! Projects in the JSON API: reading them with their DSNs, and making one from a script.

use capability::{Cx, Routes, audit};
use http::StatusCode;
use identity::projects::{DsnKey, Project, ProjectDraft, dsn};
use identity::store;
use kernel::Role;
use kernel::ids::ProjectId;
use kernel::text::WebUrl;
use serde::{Deserialize, Serialize};
use web::{Access, By, Json, Path, Reply, State};

use super::{free_slug, subject};

const READ: Access = Access::Api { scope: "console:read", role: Role::Viewer };

pub(super) fn mount(routes: &mut Routes) {
    routes.get("/api/v1/projects", READ, list);
    routes.get("/api/v1/projects/{id}", READ, get);
    routes.post("/api/v1/projects", Access::Api { scope: "console:write", role: Role::Admin }, create);
}

#[derive(Serialize)]
struct Projects {
    projects: Vec<ProjectJson>,
}

#[derive(Serialize)]
struct ProjectJson {
    id: i64,
    slug: String,
    name: String,
    platform: String,
    allowed_origins: Vec<String>,
    keeps_addresses: bool,
    scrub_fields: Vec<String>,
    safe_fields: Vec<String>,
    created_at: String,
    keys: Vec<KeyJson>,
}

#[derive(Serialize)]
struct KeyJson {
    id: i64,
    label: String,
    dsn: String,
    public_key: String,
    enabled: bool,
    per_minute: Option<u32>,
}

fn project_json(url: &WebUrl, project: Project, keys: &[DsnKey]) -> ProjectJson {
    let own = keys.iter().filter(|key| key.project == project.id).map(|key| KeyJson {
        id: key.id.0,
        label: key.label.clone(),
        dsn: dsn(url, key),
        public_key: key.public_key.clone(),
        enabled: key.is_active,
        per_minute: key.per_minute,
    });
    ProjectJson {
        id: project.id.0,
        keys: own.collect(),
        slug: project.slug,
        name: project.name,
        platform: project.platform,
        allowed_origins: project.allowed_origins,
        keeps_addresses: project.keeps_addresses,
        scrub_fields: project.scrub_fields,
        safe_fields: project.safe_fields,
        created_at: project.created_at.rfc3339_millis(),
    }
}

async fn list(State(cx): State<Cx>) -> Reply<Json<Projects>> {
    let (projects, keys) = cx.read(|r| Ok((store::list_projects(r)?, store::list_dsn_keys(r)?))).await?;
    let projects = projects.into_iter().map(|project| project_json(&cx.boot.public_url, project, &keys)).collect();
    Ok(Json(Projects { projects }))
}

async fn get(State(cx): State<Cx>, Path(id): Path<ProjectId>) -> Reply<Json<ProjectJson>> {
    let (project, keys) = cx.read(move |r| Ok((store::get_project(r, id)?, store::list_dsn_keys_of(r, id)?))).await?;
    Ok(Json(project_json(&cx.boot.public_url, project, &keys)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewProject {
    name: String,
    #[serde(default)]
    slug: String,
    #[serde(default)]
    platform: String,
    #[serde(default)]
    allowed_origins: Vec<String>,
    #[serde(default = "yes")]
    keeps_addresses: bool,
    #[serde(default)]
    scrub_fields: Vec<String>,
    #[serde(default)]
    safe_fields: Vec<String>,
}

fn yes() -> bool {
    true
}

/// A short name that was given and is taken is an error; one that was not given is found.
async fn create(State(cx): State<Cx>, by: By<web::Admin>, Json(new): Json<NewProject>) -> Reply<(StatusCode, Json<ProjectJson>)> {
    let made = cx.write(move |tx| {
        let draft = ProjectDraft {
            slug: new.slug,
            name: new.name,
            platform: new.platform,
            allowed_origins: new.allowed_origins,
            keeps_addresses: new.keeps_addresses,
            scrub_fields: new.scrub_fields,
            safe_fields: new.safe_fields,
        };
        let slug = if draft.slug.trim().is_empty() { free_slug(tx, draft.clone())? } else { draft.slug.clone() };
        let (project, key) = store::new_project(tx, ProjectDraft { slug, ..draft })?;
        audit(tx, &by.actor, "identity.project.create", &subject(&project), "")?;
        Ok((project, key))
    });
    let (project, key) = made.await?;
    Ok((StatusCode::CREATED, Json(project_json(&cx.boot.public_url, project, &[key]))))
}
