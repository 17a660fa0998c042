//! The replay doctor's page: what is known of each project, looked at.

use capability::{Cx, Framed, House};
use identity::projects::{DsnKey, Project, dsn};
use ingest::store::{Outcome, find_item, last_kept, sum_outcomes};
use ingest::{EventId, Item};
use kernel::time::DAY;
use kernel::{Result, Time};
use serde::Deserialize;
use web::{By, Reply, State, Viewer};

use super::{blocking, page};
use crate::model::doctor::{DAYS, Seen, findings};
use crate::pages::doctor::{Doctor, Patient, show as draw};
use crate::store::{self, Key};
use kernel::ids::ProjectId;

/// Projects on the page.
const MOST_PROJECTS: usize = 50;
/// Errors of a project within the last day that are looked at, and how many packed bytes of them.
const MOST_ERRORS: usize = 200;
const MOST_BYTES: usize = 2 << 20;
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
    let ids: Vec<ProjectId> = projects.iter().map(|project| project.id).collect();
    let connected = house.telemetry.read_blocking(|r| last_kept(r, &ids))?;
    let mut patients = Vec::new();
    for project in projects {
        let key = keys.iter().find(|key| key.project == project.id && key.is_active);
        let mut seen = seen(house, project.id, now)?;
        seen.is_connected = connected.iter().any(|(id, _)| *id == project.id);
        seen.has_key = key.is_some();
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
    // What is sent twice was kept the first time.
    let lost = outcomes.into_iter().filter(|row| row.category == "replay" && row.outcome != Outcome::Accepted && row.reason != "duplicate");
    seen.dropped = lost.map(|row| (row.reason, row.quantity)).collect();
    look_at_errors(house, project, now, &mut seen)?;
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

/// Errors of browsers, those that name a replay, those of them whose replay never came.
fn look_at_errors(house: &House, project: ProjectId, now: Time, seen: &mut Seen) -> Result<()> {
    let told = house.telemetry.read_blocking(|r| {
        let (mut told, mut bytes) = (Vec::new(), 0);
        for id in store::newest_errors(r, project, now - DAY, MOST_ERRORS)? {
            let Some(item) = find_item(r, id)? else { continue };
            bytes += item.stored_bytes();
            told.extend(told_by(&item));
            if bytes > MOST_BYTES {
                break;
            }
        }
        Ok(told)
    })?;
    let browsers: Vec<Told> = told.into_iter().filter(|told| told.platform == "javascript").collect();
    let named: Vec<EventId> = browsers.iter().filter_map(Told::replay).collect();
    seen.browser_errors = browsers.len() as u64;
    seen.naming = named.len() as u64;
    seen.orphaned = house.hermetic.read_blocking(|r| {
        let mut orphaned = 0;
        for sdk_id in named {
            orphaned += u64::from(store::never_came(r, Key { project, sdk_id })?);
        }
        Ok(orphaned)
    })?;
    Ok(())
}

/// `None`: too large to be read for this, or not to be read.
fn told_by(item: &Item) -> Option<Told> {
    let payload = item.payload().ok().filter(|payload| payload.len() <= MOST_UNPACKED)?;
    serde_json::from_slice(&payload).ok()
}

#[cfg(test)]
mod tests {
    use ingest::store::{Outcome, count};
    use kernel::Role;
    use serde_json::{Value, json};
    use testkit::TestHouse;

    fn id(number: u32) -> String {
        format!("{number:032x}")
    }

    fn event(number: u32, platform: &str, replay: Option<u32>) -> Value {
        let tags = replay.map_or(json!({}), |replay| json!({"replayId": id(replay)}));
        json!({"event_id": id(number), "platform": platform, "message": "boom", "tags": tags})
    }

    #[tokio::test]
    async fn what_others_report_hides_no_error_and_what_was_deleted_is_not_called_lost() {
        let house = TestHouse::new(&[&crate::Replay]).await;
        let (_, noisy) = house.project("Backend").await;
        let (shop, key) = house.project("Shop").await;
        for number in 1..=300 {
            let header = json!({"event_id": id(number)});
            house.post_envelope(&noisy, header, &[("event", event(number, "python", None))]).await.expect(200);
        }
        for (number, replay) in [(900, Some(1)), (901, Some(2)), (902, None)] {
            let header = json!({"event_id": id(number)});
            house.post_envelope(&key, header, &[("event", event(number, "javascript", replay))]).await.expect(200);
        }
        let deleted = ingest::EventId::parse(&id(2)).unwrap();
        house
            .cx
            .write(move |tx| {
                tx.run("insert into replay_gone (project_id, sdk_id, gone_at) values (?, ?, ?)", (shop.id.0, deleted.0, tx.now.0))
            })
            .await
            .unwrap();
        // A retry of what was kept already.
        house.cx.telemetry.write(move |tx| count(tx, shop.id, "replay", Outcome::Dropped, "duplicate", 1, 0)).await.unwrap();
        let page = house.member(Role::Viewer).await.get("/replay/doctor").await.expect(200).body;
        assert!(page.contains("2 of 3 name one, 1 of these never came"), "{page}");
        assert!(page.contains("Errors name a replay, but no recording arrives"), "{page}");
        assert!(!page.contains("not kept:") && !page.contains("duplicate"), "{page}");
    }
}
