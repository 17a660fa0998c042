//! What replays put into the pages and answers that belong to all.

use capability::{Diagnosis, Gauge, Hit, House, Keep, Metric, Nav, NavGroup, Person, Reading, Subject, Tile};
use db::Reader;
use frontend::{Href, Tone};
use ingest::{EventId, Kind};
use kernel::ids::ProjectId;
use kernel::time::{DAY, HOUR, describe_duration};
use kernel::{Result, Role, Time};
use serde_json::Value;

use crate::model::search::{Field, Term};
use crate::model::{Replay, Search};
use crate::store::PersonKey;
use crate::{read, settings, store};

pub const NAV: &[Nav] = &[Nav { label: "Replay", path: "/replay", icon: "replay", group: NavGroup::Watch, rank: Role::Viewer }];

pub const KEEP: &[Keep] = &[Keep { what: "Session replays that are not pinned (see the settings)", days: 30 }];

pub const METRICS: &[Metric] = &[Metric {
    name: "replay.rage_clicks_per_hour",
    label: "Rage clicks in replays that started within the last hour",
    unit: "an hour",
    read: rage_clicks,
}];

/// How long before an error somebody wants to begin to watch.
const BEFORE: i64 = 30_000;
const MOST: usize = 5;

/// `None` while nothing has been recorded for a day: no rage would be no good news.
fn rage_clicks(house: &House, r: &Reader<'_>) -> Result<Option<Reading>> {
    let now = house.clock.now();
    let hour = store::since(r, now - HOUR)?;
    if hour.replays == 0 && store::since(r, now - DAY)?.replays == 0 {
        return Ok(None);
    }
    Ok(Some(Reading { value: hour.rage as f64, samples: hour.replays }))
}

pub fn tiles(r: &Reader<'_>) -> Result<Vec<Tile>> {
    let day = store::since(r, r.now - DAY)?;
    if day.replays == 0 {
        return Ok(Vec::new());
    }
    let trouble = day.rage + day.dead;
    Ok(vec![Tile {
        title: "Replays, 24 hours".to_owned(),
        value: day.replays.to_string(),
        note: format!("{} with errors; {} rage and {} dead clicks", day.with_errors, day.rage, day.dead),
        href: "/replay".to_owned(),
        tone: if trouble > 0 { Tone::Warn } else { Tone::Good },
        spark: store::by_hour(r, 25)?,
    }])
}

pub fn search(r: &Reader<'_>, query: &str) -> Result<Vec<Hit>> {
    let query = query.trim();
    if let Some(id) = EventId::parse(query) {
        return Ok(store::by_sdk_id(r, id)?.iter().map(hit).collect());
    }
    if query.chars().count() < 3 {
        return Ok(Vec::new());
    }
    let of_person = Search { terms: vec![Term::Text(Field::User, query.to_lowercase())], ..Search::default() };
    Ok(store::list(r, &of_person, None, MOST)?.replays.iter().map(hit).collect())
}

fn hit(replay: &Replay) -> Hit {
    Hit {
        kind: "Replay",
        title: format!("Replay of {}", replay.person.label()),
        note: format!("{}, {}", frontend::parts::moment_text(replay.started_at), describe_duration(replay.duration())),
        href: format!("/replay/{}", replay.id),
    }
}

pub fn related(house: &House, subject: &Subject<'_>) -> Result<Vec<Hit>> {
    match subject {
        Subject::Replay(text) => {
            let Some(id) = EventId::parse(text) else { return Ok(Vec::new()) };
            Ok(house.hermetic.read_blocking(|r| store::by_sdk_id(r, id))?.iter().map(hit).collect())
        }
        Subject::Event(project, event) => of_event(house, *project, *event),
        Subject::Trace(id) => {
            let Some(id) = EventId::parse(id) else { return Ok(Vec::new()) };
            let search = Search { terms: vec![Term::Text(Field::Trace, id.to_string())], ..Search::default() };
            Ok(house.hermetic.read_blocking(|r| store::list(r, &search, None, MOST))?.replays.iter().map(hit).collect())
        }
        Subject::Release(project, version) => of_release(house, *project, version),
        // Which events an issue has is the affair of errors; its latest event leads here.
        Subject::Issue(_) => Ok(Vec::new()),
    }
}

/// Replays of one transaction of the state.
const ERASED_AT_ONCE: u32 = 200;

/// Replays of a person, in all projects.
pub fn erase(house: &House, person: &Person) -> Result<u64> {
    let ids = person.ids.iter().map(|id| (id, true));
    let mut erased = 0;
    for (key, is_id) in ids.chain(person.emails.iter().map(|email| (email, false))) {
        loop {
            let key = key.clone();
            let gone = house.hermetic.write_blocking(move |tx| {
                let person = if is_id { PersonKey::Id(&key) } else { PersonKey::Email(&key) };
                let found = store::of_person(tx, None, person, ERASED_AT_ONCE)?;
                found.into_iter().map(|replay| store::forget(tx, replay)).collect::<Result<Vec<_>>>()
            })?;
            if gone.is_empty() {
                break;
            }
            erased += gone.len() as u64;
            for (project, sdk_id) in gone {
                house.telemetry.write_blocking(move |tx| store::remove_recording(tx, project, sdk_id))?;
            }
        }
    }
    Ok(erased)
}

/// The replay in which an error happened, half a minute before it. Replays name their errors; where the segment that did was lost, the event
/// names the replay.
fn of_event(house: &House, project: ProjectId, event: EventId) -> Result<Vec<Hit>> {
    let stored = house.telemetry.read_blocking(|r| ingest::store::items_of_event(r, project, event, 90))?;
    let item = stored.into_iter().find(|item| item.kind == Kind::Event);
    let payload: Value = match &item {
        Some(item) => serde_json::from_slice(&item.payload()?).unwrap_or_default(),
        None => Value::Null,
    };
    let mut replays = house.hermetic.read_blocking(|r| store::of_error(r, project, event))?;
    if let (true, Some(id)) = (replays.is_empty(), named_replay(&payload)) {
        replays = house.hermetic.read_blocking(|r| store::by_sdk_id(r, id))?;
        replays.retain(|replay| replay.project == project);
    }
    let at = read::moment_of(&payload["timestamp"]).or(item.map(|item| item.received_at));
    Ok(replays.iter().map(|replay| before(replay, at)).collect())
}

/// As SDKs tag an event, or put it into its contexts.
fn named_replay(event: &Value) -> Option<EventId> {
    let tag = match &event["tags"] {
        Value::Array(pairs) => pairs.iter().find(|pair| pair[0] == "replayId").and_then(|pair| pair[1].as_str()),
        tags => tags["replayId"].as_str(),
    };
    tag.or_else(|| event["contexts"]["replay"]["replay_id"].as_str()).and_then(EventId::parse)
}

fn before(replay: &Replay, at: Option<Time>) -> Hit {
    let ms = at.map(|at| at.0 - replay.started_at.0).filter(|ms| (0..=replay.duration().as_millis() as i64 + BEFORE).contains(ms));
    let whole = hit(replay);
    match ms {
        Some(ms) => Hit {
            title: "Replay · 30 s before".to_owned(),
            note: format!("of {}, {}", replay.person.label(), whole.note),
            href: Href::path(&whole.href).with("at", (ms - BEFORE).max(0)).as_str().to_owned(),
            ..whole
        },
        None => whole,
    }
}

fn of_release(house: &House, project: ProjectId, version: &str) -> Result<Vec<Hit>> {
    let search = Search { terms: vec![Term::Project(project), Term::Text(Field::Release, version.to_lowercase())], ..Search::default() };
    let found = house.hermetic.read_blocking(|r| store::list(r, &search, None, 1))?;
    if found.replays.is_empty() {
        return Ok(Vec::new());
    }
    let asked = format!("release:\"{version}\" project:{project}");
    let href = Href::path("/replay").with("q", asked).as_str().to_owned();
    Ok(vec![Hit { kind: "Replay", title: "Replays of this release".to_owned(), note: String::new(), href }])
}

pub fn gauges(r: &Reader<'_>) -> Result<Vec<Gauge>> {
    let (all, pinned) = store::totals(r)?;
    let gauge = |name, help, value: u64| Gauge { name, help, labels: Vec::new(), value: value as f64 };
    Ok(vec![
        gauge("hermetic_replay_replays", "Session replays that are kept.", all),
        gauge("hermetic_replay_pinned_replays", "Session replays that are kept whatever their age.", pinned),
    ])
}

pub fn diagnose(r: &Reader<'_>) -> Result<Vec<Diagnosis>> {
    let (all, pinned) = store::totals(r)?;
    if all == 0 {
        return Ok(Vec::new());
    }
    let lost = store::lost_since(r, r.now - DAY)?;
    let kept = format!("{} days or {} MB", settings::days(r)?, settings::budget_bytes(r)? / 1_000_000);
    let mut found = vec![Diagnosis {
        tone: Tone::Good,
        subject: "Session replay".to_owned(),
        finding: format!("{all} replays are kept for {kept}, {pinned} of them pinned."),
        advice: String::new(),
    }];
    if lost.came + lost.missing >= 20 && lost.missing * 10 > lost.came + lost.missing {
        found.push(Diagnosis {
            tone: Tone::Warn,
            subject: "Lost segments".to_owned(),
            finding: format!("{} of {} segments of the last day never came.", lost.missing, lost.came + lost.missing),
            advice: "Pages that are left quickly lose what was not sent yet: use the snippet on the page of replays.".to_owned(),
        });
    }
    Ok(found)
}
