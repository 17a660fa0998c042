//! Source maps came in: the events that waited for them are read again.

use capability::Cx;
use ingest::pack;
use kernel::ids::ProjectId;
use kernel::{Error, Fact, Result};

use crate::digest::sources::{self, Found};
use crate::digest::{culprit, search};
use crate::grouping::{self, Grouping, group};
use crate::normal::{self, Event};
use crate::store::hashes::HashInsert;
use crate::store::issues::Latest;
use crate::store::{events, frames, hashes, issues, rules};

/// The latest so many per file or release: older ones are read again when somebody opens them next to a newer one, if ever.
const MOST: usize = 1_000;
const BATCH: u32 = 50;

pub async fn reread(cx: &Cx, fact: Fact) -> Result<()> {
    let Fact::ArtifactsAdded { project, debug_ids, release, .. } = fact else { return Ok(()) };
    let mut wanted: Vec<Wanted> = debug_ids.into_iter().map(|id| Wanted { debug_id: id.to_ascii_lowercase(), release: None }).collect();
    if !release.is_empty() {
        wanted.push(Wanted { debug_id: String::new(), release: Some(release) });
    }
    for wanted in wanted {
        let (mut before, mut done) = (i64::MAX, 0);
        while done < MOST {
            let asked = wanted.clone();
            let items = cx.telemetry.read(move |r| asked.items(r, project, before)).await?;
            let Some(last) = items.last() else { break };
            before = *last;
            done += items.len();
            let house = cx.clone();
            let again = tokio::task::spawn_blocking(move || items.into_iter().try_for_each(|item| one(&house, item))).await;
            again.unwrap_or_else(|panic| Err(Error::internal("reading events again panicked").because(panic)))?;
        }
    }
    Ok(())
}

#[derive(Clone)]
struct Wanted {
    debug_id: String,
    release: Option<String>,
}

impl Wanted {
    fn items(&self, r: &db::Reader<'_>, project: ProjectId, before: i64) -> Result<Vec<i64>> {
        match &self.release {
            Some(release) => frames::unread_by_release(r, project, release, before, BATCH),
            None => frames::unread_by_debug_id(r, project, &self.debug_id, before, BATCH),
        }
    }
}

fn one(cx: &Cx, item: i64) -> Result<()> {
    let found = cx.telemetry.read_blocking(|r| Ok((ingest::store::find_item(r, item)?, events::find_event(r, item)?)))?;
    let (Some(item), Some(stored)) = found else { return Ok(()) };
    let mut event = normal::read(&item, &item.payload()?);
    let found = sources::resolve(cx, item.project, &event);
    if found.sources.0.is_empty() {
        return Ok(());
    }
    event.resolve(&found.sources);
    let own = cx.hermetic.read_blocking(|r| rules::list_rules(r, Some(item.project)))?;
    let grouping = group(item.project, &event, &own);
    // First the link, then the note that it is done: whoever is interrupted in between does both again.
    link(cx, stored.hash, item.id, event, grouping)?;
    store_frames(cx, &item, found)
}

fn store_frames(cx: &Cx, item: &ingest::Item, found: Found) -> Result<()> {
    let json = serde_json::to_vec(&found.sources).map_err(|error| Error::internal("writing frames").because(error))?;
    let (packed, id, project) = (pack::pack(&json), item.id, item.project);
    cx.telemetry.write_blocking(move |tx| {
        frames::set_frames(tx, id, &packed)?;
        frames::clear_unread(tx, id)?;
        found.unread.iter().try_for_each(|(debug_id, release)| frames::note_unread(tx, project, debug_id, release, id))
    })
}

/// Events that come with readable frames from now on join the issue that the unreadable ones opened. One that has an issue already stays.
fn link(cx: &Cx, hash: i64, item: i64, event: Event, grouping: Grouping) -> Result<()> {
    cx.hermetic.write_blocking(move |tx| {
        let Some(id) = hashes::issue_of(tx, hash)? else { return Ok(()) };
        let issue = issues::get_issue(tx, id)?;
        let (kind, value) = event.title_parts();
        let mut room = None;
        for key in grouping.keys() {
            let insert = HashInsert {
                project: issue.project,
                hash: key.hash,
                issue: id,
                kind: key.kind.as_str(),
                version: grouping::VERSION,
                title_kind: &kind,
                title_value: &value,
            };
            hashes::lead(tx, &insert, &mut room, || key.components.to_json())?;
        }
        if issue.last_item == item {
            let (culprit, search) = (culprit(&event), search(&event));
            issues::describe(
                tx,
                id,
                Latest {
                    kind: &issue.kind,
                    value: &issue.value,
                    culprit: &culprit,
                    level: issue.level,
                    platform: &issue.platform,
                    search: &search,
                },
            )?;
        }
        Ok(())
    })
}
