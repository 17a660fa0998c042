//! The overview, and what it is made of as a file.

use capability::{Cx, Framed};
use serde::Deserialize;
use web::{By, Query, Reply, State, Viewer};

use super::{csv, page};
use crate::look::{Range, day_by_day, overview};
use crate::pages::overview::{draw, lines};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    range: String,
}

pub async fn show(State(cx): State<Cx>, _by: By<Viewer>, framed: Framed, Query(asked): Query<Asked>) -> Reply {
    let found = cx.read(move |r| overview(r, Range::parse(&asked.range))).await?;
    page(&framed.live(&[crate::TOPIC]), "Engagement", draw(&found))
}

/// A line a day: actives of the day, of the 7 and of the 30 days that end with it, visits.
pub async fn file(State(cx): State<Cx>, _by: By<Viewer>, Query(asked): Query<Asked>) -> Reply {
    let found = cx.read(move |r| day_by_day(r, Range::parse(&asked.range))).await?;
    Ok(csv("active", lines(&found)))
}
