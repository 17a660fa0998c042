//! Changing a project, and deleting it.

use capability::{Cx, Framed, Routes, audit};
use identity::projects::ProjectDraft;
use identity::store;
use kernel::error::FieldError;
use kernel::ids::ProjectId;
use kernel::{Error, Result, Role};
use serde::Deserialize;
use web::{Access, Admin, By, Form, Path, Reply, State, see_other_with};

use super::super::{form_errors, page, unprocessable};
use super::{address, find, subject};
use crate::model::projects::{changed_fields, draft_of};
use crate::pages::projects::settings;

pub(super) fn mount(routes: &mut Routes) {
    routes.get("/projects/{id}/settings", Access::Rank(Role::Admin), show);
    routes.post("/projects/{id}", Access::Rank(Role::Admin), save);
    routes.post("/projects/{id}/remove", Access::Rank(Role::Admin), remove);
}

#[derive(Debug, Default, Deserialize)]
struct SettingsForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    slug: String,
    #[serde(default)]
    platform: String,
    #[serde(default)]
    allowed_origins: String,
    #[serde(default)]
    keeps_addresses: String,
    #[serde(default)]
    scrub_fields: String,
    #[serde(default)]
    safe_fields: String,
}

impl SettingsForm {
    fn draft(&self) -> ProjectDraft {
        let lines = |text: &str| text.lines().map(str::to_owned).collect();
        ProjectDraft {
            slug: self.slug.clone(),
            name: self.name.clone(),
            platform: self.platform.clone(),
            allowed_origins: lines(&self.allowed_origins),
            keeps_addresses: self.keeps_addresses == "on",
            scrub_fields: lines(&self.scrub_fields),
            safe_fields: lines(&self.safe_fields),
        }
    }
}

async fn show(State(cx): State<Cx>, framed: Framed, Path(id): Path<ProjectId>) -> Reply {
    let found = find(&cx, id).await?;
    let title = format!("Settings of {}", found.project.name);
    let draft = draft_of(&found.project);
    let view = settings::Settings { project: &found.project, draft: &draft, errors: &[], end_errors: &[], has_kept: found.last.is_some() };
    page(&framed.live(&[]), &title, settings::show(&view))
}

/// The page again, with what was typed and what was wrong.
async fn again(
    cx: &Cx,
    framed: Framed,
    id: ProjectId,
    draft: Option<ProjectDraft>,
    (errors, end_errors): (Vec<FieldError>, Vec<FieldError>),
) -> Reply {
    let found = find(cx, id).await?;
    let draft = draft.unwrap_or_else(|| draft_of(&found.project));
    let view = settings::Settings {
        project: &found.project,
        draft: &draft,
        errors: &errors,
        end_errors: &end_errors,
        has_kept: found.last.is_some(),
    };
    let title = format!("Settings of {}", found.project.name);
    Ok(unprocessable(frontend::console_page(&framed.live(&[]), &title, settings::show(&view))))
}

async fn save(State(cx): State<Cx>, by: By<Admin>, framed: Framed, Path(id): Path<ProjectId>, Form(form): Form<SettingsForm>) -> Reply {
    let typed = form.draft();
    let draft = typed.clone();
    let write = move |tx: &mut db::Tx<'_>| {
        if draft.slug.trim().is_empty() {
            return Err(Error::field("slug", "Please give the project a short name."));
        }
        let before = store::get_project(tx, id)?;
        let changed = changed_fields(&before, &draft.clone().checked()?);
        if changed.is_empty() {
            return Ok(());
        }
        store::update_project(tx, id, draft)?;
        audit(tx, &by.actor, "identity.project.update", &subject(&before), &changed.join(", "))
    };
    match cx.write(write).await {
        Ok(()) => Ok(see_other_with(&format!("{}/settings", address(id)), "The settings are saved.")),
        Err(error) => {
            let errors = form_errors(error)?;
            again(&cx, framed, id, Some(typed), (errors, Vec::new())).await
        }
    }
}

#[derive(Debug, Default, Deserialize)]
struct EndForm {
    #[serde(default)]
    confirm: String,
}

async fn remove(State(cx): State<Cx>, by: By<Admin>, framed: Framed, Path(id): Path<ProjectId>, Form(form): Form<EndForm>) -> Reply {
    match cx.write(move |tx| remove_confirmed(tx, id, &form.confirm, &by.actor)).await {
        Ok(name) => Ok(see_other_with("/projects", &format!("The project {name} is deleted."))),
        Err(error) => {
            let errors = form_errors(error)?;
            again(&cx, framed, id, None, (Vec::new(), errors)).await
        }
    }
}

fn remove_confirmed(tx: &mut db::Tx<'_>, id: ProjectId, typed: &str, actor: &web::Actor) -> Result<String> {
    let project = store::get_project(tx, id)?;
    if typed.trim() != project.slug {
        return Err(Error::field("confirm", format!("Please type {} exactly, so that no other project is meant.", project.slug)));
    }
    store::remove_project(tx, id)?;
    audit(tx, actor, "identity.project.remove", &subject(&project), "")?;
    Ok(project.name)
}
