//! The replay doctor's page: what is known of each project, looked at.

use capability::{Cx, Framed, House};
use identity::projects::{DsnKey, Project, dsn};
use ingest::store::{Outcome, first_id_at, last_kept, next_batch, sum_outcomes};
use ingest::{EventId, Kind};
use kernel::time::DAY;
use kernel::{Result, Time};
use serde::Deserialize;
use std::collections::HashMap;
use web::{By, Reply, State, Viewer};

use super::{blocking, page};
use crate::model::doctor::{DAYS, Seen, findings};
use crate::pages::doctor::{Doctor, Patient, show as draw};
use crate::store;
use kernel::ids::ProjectId;

/// Projects on the page.
const MOST_PROJECTS: usize = 50;
/// Errors of the last day that are looked at, and how many packed bytes of them.
const MOST_ERRORS: usize = 300;
const MOST_BYTES: usize = 4 << 20;
/// Larger ones are not read for this.
const MOST_UNPACKED: usize = 1 << 20;

pub async fn show(State(cx): State<Cx>, _by: By<Viewer>, framed: Framed) -> Reply {
    let now = cx.now();
    let doctor = blocking(&cx, move |house| look(house, now)).await?;
    page(&framed.live(&[]), "Replay doctor", draw(&doctor))
}

fn look(house: &House, now: Time) -> Result<Doctor> {
    let (projects, keys) =
        house.hermetic.read_blocking(|r| Ok((identity::store::list_projects(r)?, identity::store::list_dsn_keys(r)?)))?;
    let projects: Vec<Project> = projects.into_iter().take(MOST_PROJECTS).collect();
    let errors = errors_of_a_day(house, now)?;
    let ids: Vec<ProjectId> = projects.iter().map(|project| project.id).collect();
    let connected = house.telemetry.read_blocking(|r| last_kept(r, &ids))?;
    let mut patients = Vec::new();
    for project in projects {
        let key = keys.iter().find(|key| key.project == project.id && key.is_active);
        let mut seen = seen(house, project.id, now)?;
        seen.is_connected = connected.iter().any(|(id, _)| *id == project.id);
        seen.has_key = key.is_some();
        if let Some(errors) = errors.get(&project.id) {
            (seen.browser_errors, seen.naming, seen.orphaned) = *errors;
        }
        patients.push(patient(house, project, key, seen));
    }
    Ok(Doctor { patients, base: house.boot.public_url.origin(), now })
}

fn patient(house: &House, project: Project, key: Option<&DsnKey>, seen: Seen) -> Patient {
    let dsn = key.map(|key| dsn(&house.boot.public_url, key)).unwrap_or_default();
    Patient { slug: project.slug, name: project.name, dsn, findings: findings(&seen), seen }
}

fn seen(house: &House, project: ProjectId, now: Time) -> Result<Seen> {
    let from = now - DAY * DAYS;
    let mut seen = house.hermetic.read_blocking(|r| store::seen_of(r, project, from))?;
    let outcomes = house.telemetry.read_blocking(|r| sum_outcomes(r, Some(project), from))?;
    let lost = outcomes.into_iter().filter(|row| row.category == "replay" && row.outcome != Outcome::Accepted);
    seen.dropped = lost.map(|row| (row.reason, row.quantity)).collect();
    Ok(seen)
}

/// What an error says of the replay it happened in. SDKs tell it in two places.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Told {
    platform: serde_json::Value,
    tags: serde_json::Value,
    contexts: Contexts,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Contexts {
    replay: serde_json::Value,
}

impl Told {
    fn replay(&self) -> Option<EventId> {
        // Tags are an object, or a list of pairs.
        let tag = match &self.tags {
            serde_json::Value::Array(pairs) => pairs.iter().find(|pair| pair[0] == "replayId").map(|pair| &pair[1]),
            tags => tags.get("replayId"),
        };
        tag.or_else(|| self.contexts.replay.get("replay_id")).and_then(|id| id.as_str()).and_then(EventId::parse)
    }
}

/// By project: errors of browsers, those that name a replay, those of them whose replay never came.
fn errors_of_a_day(house: &House, now: Time) -> Result<HashMap<ProjectId, (u64, u64, u64)>> {
    let items = house.telemetry.read_blocking(|r| {
        let first = first_id_at(r, now - DAY)?;
        Ok(next_batch(r, first.saturating_sub(1), &[Kind::Event], MOST_ERRORS, MOST_BYTES)?.items)
    })?;
    let mut named = Vec::new();
    let mut sums: HashMap<ProjectId, (u64, u64, u64)> = HashMap::new();
    for item in items {
        let Some(told) = item
            .payload()
            .ok()
            .filter(|payload| payload.len() <= MOST_UNPACKED)
            .and_then(|payload| serde_json::from_slice::<Told>(&payload).ok())
        else {
            continue;
        };
        if told.platform != "javascript" {
            continue;
        }
        let sum = sums.entry(item.project).or_default();
        sum.0 += 1;
        if let Some(replay) = told.replay() {
            sum.1 += 1;
            named.push((item.project, replay));
        }
    }
    house.hermetic.read_blocking(|r| {
        for (project, replay) in &named {
            if !store::has_recording(r, *project, *replay)? {
                sums.entry(*project).or_default().2 += 1;
            }
        }
        Ok(())
    })?;
    Ok(sums)
}
