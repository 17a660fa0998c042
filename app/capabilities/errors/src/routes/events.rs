//! The events of one issue.

use capability::{Cx, Framed};
use db::Reader;
use kernel::Result;
use kernel::ids::{IssueId, ReleaseId};
use serde::Deserialize;
use std::collections::HashMap;
use web::{Actor, Path, Query, Reply, State};

use super::{event, issue};
use crate::model::{Level, Stored};
use crate::pages;
use crate::pages::events::{Asked, EventLine, Events};
use crate::store::counts;
use crate::store::views::{self, EventFilter};

/// Each is unpacked to tell what it says.
const PAGE: u32 = 25;

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Wanted {
    environment: String,
    release: String,
    level: String,
    user: String,
    before: Option<i64>,
}

pub async fn list(State(cx): State<Cx>, framed: Framed, actor: Actor, Path(id): Path<i64>, Query(wanted): Query<Wanted>) -> Reply {
    let frame = framed.live(&["errors"]);
    let shown = issue::load(&cx, &frame, &actor, IssueId(id)).await?;
    let asked = Asked { environment: wanted.environment, release: wanted.release, level: wanted.level, user: wanted.user };
    let own = asked.clone();
    let (hashes, releases, environments, filter) = cx
        .read(move |r| {
            let releases = releases_of(r, IssueId(id))?;
            let filter = filter(&own, &releases);
            Ok((event::hashes_of(r, IssueId(id))?, releases, environments_of(r, IssueId(id))?, filter))
        })
        .await?;
    let before = wanted.before.unwrap_or(i64::MAX);
    let names: HashMap<ReleaseId, String> = releases.iter().cloned().collect();
    let (lines, next) = match filter {
        Some(filter) => cx.telemetry.read(move |r| page(r, &hashes, &filter, before, &names)).await?,
        // A release that no event of it names: nothing to look for.
        None => (Vec::new(), None),
    };
    let releases = releases.into_iter().map(|(_, version)| version).collect();
    let events = Events { lines, asked, environments, releases, next, is_older: wanted.before.is_some() };
    super::page(&frame, &shown.issue.title(), pages::events::page(&shown, &events))
}

fn releases_of(r: &Reader<'_>, id: IssueId) -> Result<Vec<(ReleaseId, String)>> {
    counts::releases_of(r, id)?.into_iter().map(|seen| Ok((seen.release, issue::version_of(r, Some(seen.release))?))).collect()
}

fn environments_of(r: &Reader<'_>, id: IssueId) -> Result<Vec<String>> {
    let tags = counts::tags_of(r, id)?;
    Ok(tags.into_iter().filter(|tag| tag.key == "environment").map(|tag| tag.value).collect())
}

/// `None`: nothing can fit.
fn filter(asked: &Asked, releases: &[(ReleaseId, String)]) -> Option<EventFilter> {
    let release = match asked.release.as_str() {
        "" => None,
        version => Some(releases.iter().find(|(_, known)| known == version)?.0),
    };
    let level = Level::ALL.into_iter().find(|level| level.as_str() == asked.level);
    let users = super::list::user_hashes(asked.user.trim());
    Some(EventFilter { environment: asked.environment.trim().to_owned(), release, level, users })
}

type PageOf = (Vec<EventLine>, Option<i64>);

fn page(r: &Reader<'_>, hashes: &[i64], filter: &EventFilter, before: i64, names: &HashMap<ReleaseId, String>) -> Result<PageOf> {
    let mut items = views::filtered_events(r, hashes, filter, before, PAGE + 1)?;
    let is_more = items.len() > PAGE as usize;
    items.truncate(PAGE as usize);
    let next = if is_more { items.last().copied() } else { None };
    let mut lines = Vec::with_capacity(items.len());
    for item in items {
        if let Some(loaded) = event::load(r, item)? {
            lines.push(line(&loaded, names)?);
        }
    }
    Ok((lines, next))
}

fn line(loaded: &event::Loaded, names: &HashMap<ReleaseId, String>) -> Result<EventLine> {
    let Stored { item, at, level, release, environment, .. } = &loaded.stored;
    let mut line = EventLine {
        item: *item,
        at: *at,
        level: *level,
        title: String::new(),
        place: String::new(),
        user: String::new(),
        release: release.and_then(|id| names.get(&id).cloned()).unwrap_or_default(),
        environment: environment.clone(),
    };
    if let Some(event) = loaded.event()? {
        let (kind, value) = event.title_parts();
        line.title = crate::model::title(&kind, &value);
        line.place = if event.transaction.is_empty() { event.request.url.clone() } else { event.transaction.clone() };
        line.user = event.user.identity().map(|(_, value)| value.to_owned()).unwrap_or_default();
    }
    Ok(line)
}
