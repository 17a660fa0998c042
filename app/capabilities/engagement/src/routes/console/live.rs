//! Actions as they arrive.

use capability::{Cx, Framed};
use kernel::time::DAY;
use serde::Deserialize;
use web::{By, Query, Reply, State, Viewer};

use super::{page, projects};
use crate::pages::live::{Live, show as draw};
use crate::read::{NEWEST, newest, parse_before};
use crate::routes::blocking;
use crate::store;

const PAGE: u32 = 50;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    before: String,
}

pub async fn show(State(cx): State<Cx>, _by: By<Viewer>, framed: Framed, Query(asked): Query<Asked>) -> Reply {
    let before = parse_before(&asked.before);
    let now = cx.now();
    let base = cx.boot.public_url.clone();
    let live = blocking(&cx, move |house| {
        let actions = newest(house, before, PAGE + 1)?;
        house.hermetic.read_blocking(|r| {
            let keys = identity::store::list_dsn_keys(r)?;
            let key = keys.into_iter().find(|key| key.is_active).map(|key| key.public_key);
            Ok(Live {
                actions,
                page: PAGE as usize,
                is_older: before != NEWEST,
                projects: projects(r)?,
                passed: store::passed(r, now - DAY)?,
                refused: identity::store::refused_links(r, 5)?,
                base: base.as_str().trim_end_matches('/').to_owned(),
                key: key.unwrap_or_default(),
                now,
            })
        })
    })
    .await?;
    let frame = framed.live(if live.is_older { &[] } else { &[crate::TOPIC] });
    page(&frame, "Live actions", draw(&live))
}
