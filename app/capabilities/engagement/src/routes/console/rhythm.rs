//! When people are there.

use capability::{Cx, Framed};
use serde::Deserialize;
use web::{By, Query, Reply, State, Viewer};

use super::page;
use crate::look::{Range, rhythm};
use crate::pages::rhythm::draw;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    range: String,
}

pub async fn show(State(cx): State<Cx>, _by: By<Viewer>, framed: Framed, Query(asked): Query<Asked>) -> Reply {
    let found = cx.read(move |r| rhythm(r, Range::parse(&asked.range))).await?;
    page(&framed.live(&[]), "Rhythm", draw(&found))
}
