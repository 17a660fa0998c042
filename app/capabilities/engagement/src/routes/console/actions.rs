//! One action: what is known of it, by the values of a property.

use capability::{Cx, Framed};
use serde::Deserialize;
use web::{By, Path, Query, Reply, State, Viewer};

use super::{csv, page};
use crate::look::{Range, breakdown};
use crate::pages::actions::{draw, lines};
use crate::routes::blocking;
use crate::store::NameId;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    by: String,
    range: String,
}

pub async fn show(State(cx): State<Cx>, _by: By<Viewer>, framed: Framed, Path(id): Path<i64>, Query(asked): Query<Asked>) -> Reply {
    let found = blocking(&cx, move |house| breakdown(house, NameId(id), &asked.by, Range::parse(&asked.range))).await?;
    page(&framed.live(&[]), &found.name.name, draw(&found))
}

pub async fn file(State(cx): State<Cx>, _by: By<Viewer>, Path(id): Path<i64>, Query(asked): Query<Asked>) -> Reply {
    let found = blocking(&cx, move |house| breakdown(house, NameId(id), &asked.by, Range::parse(&asked.range))).await?;
    Ok(csv("action", lines(&found)))
}
