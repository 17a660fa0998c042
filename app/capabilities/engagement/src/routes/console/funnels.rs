//! How many get from one step to the next.

use capability::{Cx, Framed, audit};
use kernel::text::checked_line;
use kernel::time::DAY;
use kernel::{Error, Role};
use serde::Deserialize;
use std::time::Duration;
use web::{By, Form, Member, Path, Query, Reply, State, Viewer, see_other_with};

use super::{csv, page};
use crate::look::{Range, STEPS, funnelled};
use crate::pages::funnels::{Page, draw, lines};
use crate::routes::blocking;
use crate::store::{self, NameId};

/// Where nothing is said.
const WINDOW_DAYS: u32 = 14;
const MOST_DAYS: u32 = 365;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    step: Vec<String>,
    days: String,
    range: String,
}

impl Asked {
    /// What is left empty is no step.
    fn steps(&self) -> Vec<NameId> {
        self.step.iter().filter_map(|step| step.parse().ok().map(NameId)).take(STEPS).collect()
    }

    fn days(&self) -> u32 {
        self.days.parse().unwrap_or(WINDOW_DAYS).clamp(1, MOST_DAYS)
    }
}

async fn look(cx: &Cx, asked: Asked) -> kernel::Result<Page> {
    let (steps, days, range) = (asked.steps(), asked.days(), Range::parse(&asked.range));
    blocking(cx, move |house| {
        let reached = if steps.len() < 2 { Vec::new() } else { funnelled(house, &steps, window(days), range)? };
        house.hermetic.read_blocking(|r| {
            let names = store::list_names(r)?.into_iter().map(|name| (name.id, name.name)).collect();
            Ok(Page { steps, days, range, reached, names, kept: store::list_funnels(r)?, can_keep: false })
        })
    })
    .await
}

fn window(days: u32) -> Duration {
    DAY * days
}

pub async fn show(State(cx): State<Cx>, _by: By<Viewer>, framed: Framed, Query(asked): Query<Asked>) -> Reply {
    let can_keep = framed.0.member.role >= Role::Member;
    let found = Page { can_keep, ..look(&cx, asked).await? };
    page(&framed.live(&[]), "Funnels", draw(&found))
}

pub async fn file(State(cx): State<Cx>, _by: By<Viewer>, Query(asked): Query<Asked>) -> Reply {
    Ok(csv("funnel", lines(&look(&cx, asked).await?)))
}

#[derive(Debug, Deserialize)]
pub struct Kept {
    name: String,
    #[serde(default)]
    step: Vec<i64>,
    days: u32,
}

pub async fn keep(State(cx): State<Cx>, by: By<Member>, Form(form): Form<Kept>) -> Reply {
    let name = checked_line(&form.name, "a name", 60).map_err(|error| Error::field("name", error.message().to_owned()))?;
    let steps: Vec<NameId> = form.step.into_iter().map(NameId).take(STEPS).collect();
    if steps.len() < 2 {
        return Err(Error::field("step", "A funnel has at least two steps.").into());
    }
    let days = form.days.clamp(1, MOST_DAYS);
    cx.write(move |tx| {
        for step in &steps {
            store::get_name(tx, *step)?;
        }
        store::new_funnel(tx, &name, window(days), &steps)?;
        audit(tx, &by.actor, "engagement.funnel.keep", &name, &format!("{} steps", steps.len()))
    })
    .await?;
    Ok(see_other_with("/engagement/funnels", "The funnel is kept."))
}

pub async fn remove(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    cx.write(move |tx| {
        store::remove_funnel(tx, id)?;
        audit(tx, &by.actor, "engagement.funnel.remove", &format!("funnel {id}"), "")
    })
    .await?;
    Ok(see_other_with("/engagement/funnels", "The funnel is gone; nothing else is."))
}
