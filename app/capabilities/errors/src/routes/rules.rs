//! Grouping rules.

use capability::{Cx, Framed};
use kernel::ids::ProjectId;
use kernel::{Error, Role};
use serde::Deserialize;
use web::{Admin, By, Form, Path, Query, Reply, State, see_other_with};

use super::{Pairs, again, wrong_fields};
use crate::grouping::rules::{Matcher, Rule, checked};
use crate::pages;
use crate::pages::rules::{Draft, Listed};
use crate::store::rules;

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    project: String,
}

pub async fn list(State(cx): State<Cx>, Framed(frame): Framed) -> Reply {
    let can_edit = frame.member.role >= Role::Admin;
    let listed = cx
        .read(move |r| {
            let projects = super::projects(r)?;
            let name = |id: ProjectId| projects.iter().find(|(known, _)| *known == id).map(|(_, name)| name.clone()).unwrap_or_default();
            let rules =
                rules::list_rules(r, None)?.into_iter().map(|rule| (name(rule.project), rule)).map(|(name, rule)| (rule, name)).collect();
            Ok(Listed { rules, projects, can_edit })
        })
        .await?;
    super::page(&frame, "Grouping rules", pages::rules::list(&listed))
}

pub async fn new(State(cx): State<Cx>, Framed(frame): Framed, Query(asked): Query<Asked>) -> Reply {
    let projects = cx.read(super::projects).await?;
    let draft = Draft { project: asked.project, is_enabled: true, ..Draft::default() };
    super::page(&frame, "New grouping rule", pages::rules::edit(&draft, &projects, &[]))
}

pub async fn edit(State(cx): State<Cx>, Framed(frame): Framed, Path(id): Path<i64>) -> Reply {
    let (rule, projects) = cx.read(move |r| Ok((find(r, id)?, super::projects(r)?))).await?;
    super::page(&frame, "Grouping rule", pages::rules::edit(&Draft::of(&rule), &projects, &[]))
}

fn find(r: &db::Reader<'_>, id: i64) -> kernel::Result<Rule> {
    rules::list_rules(r, None)?.into_iter().find(|rule| rule.id == id).ok_or_else(|| Error::not_found("rule"))
}

/// The form's rows, those without a pattern left out.
fn draft_of(pairs: &Pairs, id: Option<i64>) -> Draft {
    let (fields, tags, patterns) = (pairs.all("field"), pairs.all("tag"), pairs.all("pattern"));
    let rows = fields.into_iter().zip(tags).zip(patterns).filter(|(_, pattern)| !pattern.is_empty());
    let matchers =
        rows.map(|((field, tag), pattern)| Matcher { field: if field == "tags" { format!("tags.{tag}") } else { field }, pattern });
    Draft {
        id,
        project: pairs.get("project").to_owned(),
        matchers: matchers.collect(),
        fingerprint: pairs.get("fingerprint").to_owned(),
        is_enabled: id.is_none() || pairs.is_on("is_enabled"),
    }
}

pub async fn create(cx: State<Cx>, by: By<Admin>, framed: Framed, Form(pairs): Form<Vec<(String, String)>>) -> Reply {
    save(cx, by, framed, draft_of(&Pairs(pairs), None)).await
}

pub async fn update(cx: State<Cx>, by: By<Admin>, framed: Framed, Path(id): Path<i64>, Form(pairs): Form<Vec<(String, String)>>) -> Reply {
    save(cx, by, framed, draft_of(&Pairs(pairs), Some(id))).await
}

async fn save(State(cx): State<Cx>, by: By<Admin>, Framed(frame): Framed, draft: Draft) -> Reply {
    let (own, actor) = (draft.clone(), by.actor);
    let stored = cx
        .write(move |tx| {
            let (matchers, parts) = checked(own.matchers, own.fingerprint.lines().map(str::to_owned).collect())?;
            let id = match own.id {
                Some(id) => {
                    rules::update_rule(tx, id, &matchers, &parts, own.is_enabled)?;
                    id
                }
                None => {
                    let project =
                        own.project.parse().ok().map(ProjectId).map(|id| identity::store::find_project(tx, id)).transpose()?.flatten();
                    let project = project.ok_or_else(|| Error::field("project", "Please choose a project."))?;
                    rules::insert_rule(tx, project.id, &matchers, &parts)?
                }
            };
            capability::audit(tx, &actor, "errors.rule.save", &format!("grouping rule {id}"), &parts.join(" + "))
        })
        .await;
    match stored {
        Ok(()) => Ok(see_other_with("/errors/rules", "Saved. Events that come from now on are grouped by it.")),
        Err(error) => {
            let errors = wrong_fields(error)?;
            let projects = cx.read(super::projects).await?;
            Ok(again(&frame, "Grouping rule", pages::rules::edit(&draft, &projects, &errors)))
        }
    }
}

pub async fn raise(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>) -> Reply {
    let actor = by.actor;
    cx.write(move |tx| {
        rules::raise_rule(tx, id)?;
        capability::audit(tx, &actor, "errors.rule.raise", &format!("grouping rule {id}"), "")
    })
    .await?;
    Ok(see_other_with("/errors/rules", "It is tried earlier now."))
}

pub async fn remove(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>) -> Reply {
    let actor = by.actor;
    cx.write(move |tx| {
        rules::remove_rule(tx, id)?;
        capability::audit(tx, &actor, "errors.rule.remove", &format!("grouping rule {id}"), "")
    })
    .await?;
    Ok(see_other_with("/errors/rules", "Deleted."))
}
