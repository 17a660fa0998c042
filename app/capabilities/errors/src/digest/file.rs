//! The rows that lead to items, written to telemetry.db: the same however often they are written.

use capability::Cx;
use ingest::pack;
use ingest::releases::Release;
use kernel::Result;
use kernel::ids::ProjectId;
use std::collections::HashMap;

use super::flood;
use super::novelty::Novelty;
use super::{Prepared, writing};
use crate::grouping::{Key, flood_key};
use crate::model::Stored;
use crate::store::attachments::{Attachment, insert_attachment};
use crate::store::events::{EventInsert, add_size, hash_of, insert_event, packed_size};
use crate::store::frames;

/// Rows of one transaction of telemetry.db: while it lasts, the door's answers wait.
const PORTION: usize = 50;

/// A batch whose rows are in telemetry.db.
pub struct Filed {
    /// In the order of the log; the primary key is the one they are filed under.
    pub events: Vec<Prepared>,
    pub releases: HashMap<(ProjectId, String), Release>,
}

impl Filed {
    pub fn release(&self, event: &Prepared) -> Option<&Release> {
        if event.release.is_empty() { None } else { self.releases.get(&(event.project, event.release.clone())) }
    }
}

pub fn file(cx: &Cx, events: Vec<Prepared>, files: Vec<(Attachment, i64)>) -> Result<Filed> {
    let mut filed = Filed { releases: releases(cx, &events)?, events };
    let rows = rows(cx, &filed)?;
    let mut hashes = Vec::with_capacity(rows.len());
    let mut rows = rows.into_iter();
    while let Some(first) = rows.next() {
        let portion: Vec<Row> = std::iter::once(first).chain(rows.by_ref().take(PORTION - 1)).collect();
        hashes.extend(cx.telemetry.write_blocking(move |tx| file_rows(tx, portion))?);
    }
    cx.telemetry.write_blocking(move |tx| file_attachments(tx, &files))?;
    for (event, hash) in filed.events.iter_mut().zip(hashes) {
        keep_hash(event, hash);
    }
    Ok(filed)
}

fn file_rows(tx: &mut db::Tx<'_>, rows: Vec<Row>) -> Result<Vec<i64>> {
    let (mut hashes, mut items, mut bytes) = (Vec::with_capacity(rows.len()), 0, 0);
    for mut row in rows {
        row.event.bytes = packed_size(tx, row.event.stored.item)?;
        let stored = &row.event.stored;
        if insert_event(tx, &row.event)? {
            items += 1;
            bytes += crate::store::signed(row.event.bytes);
            hashes.push(stored.hash);
        } else {
            // Digested before, and the change was lost with the power: what it was filed under then holds.
            hashes.push(hash_of(tx, stored.item)?.unwrap_or(stored.hash));
        }
        if let Some(packed) = &row.frames {
            frames::set_frames(tx, stored.item, packed)?;
        }
        for (debug_id, release) in &row.unread {
            frames::note_unread(tx, stored.project, debug_id, release, stored.item)?;
        }
    }
    if items > 0 {
        add_size(tx, "events", items, bytes)?;
    }
    Ok(hashes)
}

fn file_attachments(tx: &mut db::Tx<'_>, files: &[(Attachment, i64)]) -> Result<()> {
    for (attachment, item) in files {
        let bytes = packed_size(tx, *item)?;
        if insert_attachment(tx, attachment, bytes)? {
            add_size(tx, "attachments", 1, crate::store::signed(bytes))?;
        }
    }
    Ok(())
}

fn keep_hash(event: &mut Prepared, hash: i64) {
    if event.grouping.primary.hash == hash {
        return;
    }
    // The flood's hash leads to the flood alone, even where there would be room by now.
    if hash == flood_key(event.project).hash {
        flood::file_under_flood(event);
        return;
    }
    let grouping = &mut event.grouping;
    let known = grouping.others.iter().position(|key| key.hash == hash);
    let kept = match known {
        Some(index) => grouping.others.remove(index),
        // Grouped in another way since; the components are the nearest there is.
        None => Key { hash, ..grouping.primary.clone() },
    };
    let other = std::mem::replace(&mut grouping.primary, kept);
    grouping.others.insert(0, other);
}

struct Row {
    event: EventInsert,
    frames: Option<pack::Packed>,
    unread: Vec<(String, String)>,
}

fn rows(cx: &Cx, filed: &Filed) -> Result<Vec<Row>> {
    let mut novelty = Novelty::read(cx, filed)?;
    let mut rows = Vec::with_capacity(filed.events.len());
    for event in &filed.events {
        let release = filed.release(event).map(|release| release.id);
        let hash = event.grouping.primary.hash;
        let stored = Stored {
            item: event.item,
            project: event.project,
            hash,
            at: event.at,
            received_at: event.received_at,
            level: event.level,
            release,
            environment: event.environment.clone(),
            user: event.user,
            event_id: event.event_id,
        };
        let frames = match event.sources.0.is_empty() {
            true => None,
            false => Some(pack::pack(&serde_json::to_vec(&event.sources).map_err(writing)?)),
        };
        let event = EventInsert { stored, trace_id: event.trace_id, bytes: 0, relevance: novelty.relevance(event, release) };
        rows.push(Row { event, frames, unread: Vec::new() });
    }
    for (row, event) in rows.iter_mut().zip(&filed.events) {
        row.unread.clone_from(&event.unread);
    }
    Ok(rows)
}

/// Releases the events name, made where they are new. Where a program makes up too many, the version stands on the event and among its tags
/// only. As to those that are made: a release that is there twice as long as its events harms nobody.
fn releases(cx: &Cx, events: &[Prepared]) -> Result<HashMap<(ProjectId, String), Release>> {
    let mut wanted: HashMap<(ProjectId, String), kernel::Time> = HashMap::new();
    for event in events.iter().filter(|event| !event.release.is_empty()) {
        wanted.entry((event.project, event.release.clone())).or_insert(event.at);
    }
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let mut found = HashMap::new();
    cx.hermetic.read_blocking(|r| {
        for (project, version) in wanted.keys() {
            if let Some(release) = ingest::store::find_release(r, *project, version)? {
                found.insert((*project, version.clone()), release);
            }
        }
        Ok(())
    })?;
    wanted.retain(|key, _| !found.contains_key(key));
    if wanted.is_empty() {
        return Ok(found);
    }
    let made = cx.hermetic.write_blocking(move |tx| {
        let mut made = Vec::with_capacity(wanted.len());
        for ((project, version), at) in wanted {
            // A project that is gone has no releases any more.
            if identity::store::find_project(tx, project)?.is_some() {
                let release = ingest::store::reported_release(tx, project, &version, at)?;
                made.extend(release.map(|release| ((project, version), release)));
            }
        }
        Ok(made)
    })?;
    found.extend(made);
    Ok(found)
}
