//! Whether people come back.

use capability::{Cx, Framed};
use serde::Deserialize;
use web::{By, Query, Reply, State, Viewer};

use super::{csv, page};
use crate::look::{RetentionAsked, retained};
use crate::model::Period;
use crate::pages::retention::{draw, lines};
use crate::store::NameId;

/// Cohorts that are asked for where nothing is said, and at most.
const COHORTS: i32 = 12;
const MOST: i32 = 53;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    by: String,
    start: String,
    back: String,
    recurring: String,
    unbounded: String,
    cohorts: String,
}

impl Asked {
    fn read(&self) -> RetentionAsked {
        let name = |text: &str| text.parse().ok().map(NameId);
        RetentionAsked {
            period: match self.by.as_str() {
                "day" => Period::Day,
                "month" => Period::Month,
                _ => Period::Week,
            },
            is_recurring: self.recurring == "on",
            is_unbounded: self.unbounded == "on",
            start: name(&self.start),
            back: name(&self.back),
            cohorts: self.cohorts.parse().unwrap_or(COHORTS).clamp(2, MOST),
        }
    }
}

pub async fn show(State(cx): State<Cx>, _by: By<Viewer>, framed: Framed, Query(asked): Query<Asked>) -> Reply {
    let found = cx.read(move |r| retained(r, asked.read())).await?;
    page(&framed.live(&[]), "Retention", draw(&found))
}

pub async fn file(State(cx): State<Cx>, _by: By<Viewer>, Query(asked): Query<Asked>) -> Reply {
    let found = cx.read(move |r| retained(r, asked.read())).await?;
    Ok(csv("retention", lines(&found)))
}
