//! What errors makes of reported items.
//!
//! One batch goes through four steps: each item is read and grouped ([`prepare`]); the rows that lead to it are written to telemetry.db,
//! idempotently ([`file`](mod@file)); what belongs to one hash is added up ([`fold`]); and all of it is applied to hermetic.db in the transaction that
//! moves the cursor ([`apply`]). An item that is digested again keeps the hash it was filed under, and is counted once.

mod apply;
mod file;
pub mod flood;
mod fold;
mod novelty;
mod prepare;
pub mod sources;

use capability::digest::Change;
use capability::{Cx, Digest};
use ingest::{EventId, Item, Kind};
use kernel::ids::ProjectId;
use kernel::{Error, Result};
use std::collections::{HashMap, HashSet};

use crate::grouping::rules::Rule;
use crate::normal::feedback;
use crate::store::feedback::FeedbackInsert;
use crate::store::{attachments, events, rules};

pub use prepare::{Prepared, culprit, search, user_hash};

pub struct Events;

impl Digest for Events {
    fn name(&self) -> &'static str {
        "errors"
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Event, Kind::Security, Kind::Minidump, Kind::Feedback, Kind::UserReport, Kind::Attachment]
    }

    fn digest(&self, cx: &Cx, items: &[Item]) -> Result<Change> {
        let rules = rules_by_project(cx)?;
        let sorted = Sorted::of(cx, items)?;
        let mut prepared = Vec::with_capacity(sorted.events.len());
        for item in sorted.events {
            let own = rules.get(&item.project).map_or(&[][..], Vec::as_slice);
            prepared.push(prepare::prepare(cx, item, own)?);
        }
        flood::stem(cx, &mut prepared)?;
        let filed = file::file(cx, prepared, sorted.files)?;
        let feedback = read_feedback(cx, &sorted.feedback)?;
        let batch = fold::fold(filed);
        Ok(Box::new(move |tx| apply::apply(tx, batch, feedback)))
    }
}

fn rules_by_project(cx: &Cx) -> Result<HashMap<ProjectId, Vec<Rule>>> {
    let mut by_project: HashMap<ProjectId, Vec<Rule>> = HashMap::new();
    for rule in cx.hermetic.read_blocking(|r| rules::list_rules(r, None))? {
        by_project.entry(rule.project).or_default().push(rule);
    }
    Ok(by_project)
}

/// Items by what is done with them.
#[derive(Default)]
struct Sorted<'a> {
    events: Vec<&'a Item>,
    files: Vec<(attachments::Attachment, i64)>,
    feedback: Vec<&'a Item>,
}

impl<'a> Sorted<'a> {
    fn of(cx: &Cx, items: &'a [Item]) -> Result<Sorted<'a>> {
        let with_event: HashSet<(ProjectId, EventId)> =
            items.iter().filter(|item| item.kind == Kind::Event).filter_map(|item| Some((item.project, item.event_id?))).collect();
        let mut sorted = Sorted::default();
        for item in items {
            match item.kind {
                Kind::Feedback | Kind::UserReport => sorted.feedback.push(item),
                Kind::Attachment => sorted.files.push(attachment(item)?),
                Kind::Minidump => {
                    sorted.files.push(attachment(item)?);
                    if !has_event(cx, item, &with_event)? {
                        sorted.events.push(item);
                    }
                }
                _ => sorted.events.push(item),
            }
        }
        Ok(sorted)
    }
}

/// A minidump mostly comes with an event that says more; alone it is one.
fn has_event(cx: &Cx, item: &Item, with_event: &HashSet<(ProjectId, EventId)>) -> Result<bool> {
    let Some(event_id) = item.event_id else { return Ok(false) };
    if with_event.contains(&(item.project, event_id)) {
        return Ok(true);
    }
    let project = item.project;
    cx.telemetry.read_blocking(|r| ingest::store::is_known(r, project, event_id, Kind::Event))
}

/// With how many bytes it has as it was sent.
fn attachment(item: &Item) -> Result<(attachments::Attachment, i64)> {
    let size = item.payload()?.len() as u64;
    let head = &item.head;
    let line = |text: &Option<String>, otherwise: &str| {
        let text = text.as_deref().unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect::<String>();
        if text.is_empty() { otherwise.to_owned() } else { text }
    };
    let is_minidump = item.kind == Kind::Minidump;
    let attachment = attachments::Attachment {
        item: item.id,
        project: item.project,
        event_id: item.event_id,
        kind: if is_minidump { "minidump" } else { "attachment" }.to_owned(),
        filename: line(&head.filename, if is_minidump { "minidump.dmp" } else { "attachment" }),
        content_type: line(&head.content_type, "application/octet-stream"),
        attachment_type: line(&head.attachment_type, if is_minidump { "event.minidump" } else { "event.attachment" }),
        size,
        received_at: item.received_at,
    };
    Ok((attachment, item.id))
}

/// With the hash of the event it is about, where that was filed already (in this batch, too).
fn read_feedback(cx: &Cx, items: &[&Item]) -> Result<Vec<FeedbackInsert>> {
    let mut all = Vec::with_capacity(items.len());
    for item in items {
        let Some(said) = feedback::read(item, &item.payload()?) else { continue };
        let (project, about) = (item.project, said.event_id);
        let filed = match about {
            Some(event_id) => cx.telemetry.read_blocking(|r| events::find_by_event_id(r, project, event_id))?,
            None => None,
        };
        all.push(FeedbackInsert {
            project,
            item: item.id,
            event_id: about,
            hash: filed.map(|event| event.hash),
            name: said.name,
            email: said.email,
            message: said.message,
            url: said.url,
            at: said.at,
        });
    }
    Ok(all)
}

fn writing(error: serde_json::Error) -> Error {
    Error::internal("writing what is kept beside an event").because(error)
}
