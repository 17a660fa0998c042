//! What is used by how many, and the features that the founder names.

use capability::{Cx, Framed, audit};
use kernel::Error;
use kernel::Role;
use kernel::text::checked_line;
use serde::Deserialize;
use web::{By, Form, Member, Path, Query, Reply, State, Viewer, see_other_with};

use super::{csv, page};
use crate::look::{Range, features};
use crate::pages::features::{draw, lines};
use crate::store::{self, NameId};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    range: String,
}

pub async fn show(State(cx): State<Cx>, _by: By<Viewer>, framed: Framed, Query(asked): Query<Asked>) -> Reply {
    let can_name = framed.0.member.role >= Role::Member;
    let found = cx.read(move |r| features(r, Range::parse(&asked.range))).await?;
    page(&framed.live(&[]), "Features", draw(&found, can_name))
}

pub async fn file(State(cx): State<Cx>, _by: By<Viewer>, Query(asked): Query<Asked>) -> Reply {
    let found = cx.read(move |r| features(r, Range::parse(&asked.range))).await?;
    Ok(csv("features", lines(&found)))
}

#[derive(Debug, Deserialize)]
pub struct Named {
    name: String,
    #[serde(default)]
    action: Vec<i64>,
}

pub async fn make(State(cx): State<Cx>, by: By<Member>, Form(form): Form<Named>) -> Reply {
    let name = checked_line(&form.name, "a name", 60).map_err(|error| Error::field("name", error.message().to_owned()))?;
    if form.action.is_empty() {
        return Err(Error::field("action", "Please choose at least one action.").into());
    }
    let actions: Vec<NameId> = form.action.into_iter().map(NameId).collect();
    cx.write(move |tx| {
        for action in &actions {
            store::get_name(tx, *action)?;
        }
        store::new_feature(tx, &name, &actions)?;
        audit(tx, &by.actor, "engagement.feature.make", &name, &format!("{} actions", actions.len()))
    })
    .await?;
    Ok(see_other_with("/engagement/features", "The feature is counted, for the past as well."))
}

pub async fn remove(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    cx.write(move |tx| {
        store::remove_feature(tx, id)?;
        audit(tx, &by.actor, "engagement.feature.remove", &format!("feature {id}"), "")
    })
    .await?;
    Ok(see_other_with("/engagement/features", "The name is gone; its actions are counted as before."))
}
