//! A batch added up by hash, so that five hundred events of one problem cost a handful of statements. Pure.

use ingest::EventId;
use ingest::releases::Release;
use kernel::Time;
use kernel::ids::{ProjectId, ReleaseId};
use std::collections::{BTreeMap, HashMap};

use super::Prepared;
use super::file::Filed;
use crate::grouping::Key;
use crate::model::Level;
use crate::store::counts::ReleaseSeen;

/// Everything a batch changes in hermetic.db but feedback.
pub struct Batch {
    /// In the order in which their first events came.
    pub hashes: Vec<HashDelta>,
    /// By minute of arrival.
    pub minutes: BTreeMap<(Time, ProjectId), u64>,
    pub releases: HashMap<ReleaseId, Release>,
}

/// Of all events of a batch with one primary hash.
pub struct HashDelta {
    pub project: ProjectId,
    pub key: Key,
    /// Other hashes that may lead to a known issue, in this order.
    pub others: Vec<Key>,
    /// In the order of the log.
    pub seen: Vec<SeenEvent>,
    pub hours: BTreeMap<Time, u64>,
    pub users: Vec<i64>,
    pub tags: BTreeMap<(String, String), (u64, Time)>,
    pub releases: BTreeMap<ReleaseId, ReleaseSeen>,
    pub is_unhandled: bool,
    pub latest: Latest,
}

#[derive(Debug, Clone, Copy)]
pub struct SeenEvent {
    pub item: i64,
    pub at: Time,
    pub received_at: Time,
    pub release: Option<ReleaseId>,
    pub event_id: Option<EventId>,
    pub user: Option<i64>,
}

/// What the issue is called after: its latest event.
pub struct Latest {
    pub at: Time,
    pub kind: String,
    pub value: String,
    pub culprit: String,
    pub level: Level,
    pub platform: String,
    pub environment: String,
    pub search: String,
}

pub fn fold(filed: Filed) -> Batch {
    let releases: HashMap<ReleaseId, Release> = filed.releases.values().map(|release| (release.id, release.clone())).collect();
    let named: Vec<Option<ReleaseId>> = filed.events.iter().map(|event| filed.release(event).map(|release| release.id)).collect();
    let mut batch = Batch { hashes: Vec::new(), minutes: BTreeMap::new(), releases };
    let mut places: HashMap<i64, usize> = HashMap::new();
    for (event, release) in filed.events.into_iter().zip(named) {
        *batch.minutes.entry((minute(event.received_at), event.project)).or_default() += 1;
        let place = *places.entry(event.grouping.primary.hash).or_insert_with(|| {
            batch.hashes.push(HashDelta::of(&event));
            batch.hashes.len() - 1
        });
        if let Some(delta) = batch.hashes.get_mut(place) {
            delta.add(event, release);
        }
    }
    batch
}

fn minute(at: Time) -> Time {
    Time(at.0.div_euclid(60_000) * 60_000)
}

impl HashDelta {
    fn of(event: &Prepared) -> HashDelta {
        HashDelta {
            project: event.project,
            key: event.grouping.primary.clone(),
            others: Vec::new(),
            seen: Vec::new(),
            hours: BTreeMap::new(),
            users: Vec::new(),
            tags: BTreeMap::new(),
            releases: BTreeMap::new(),
            is_unhandled: false,
            latest: Latest {
                at: Time(i64::MIN),
                kind: String::new(),
                value: String::new(),
                culprit: String::new(),
                level: event.level,
                platform: String::new(),
                environment: String::new(),
                search: String::new(),
            },
        }
    }

    fn add(&mut self, event: Prepared, release: Option<ReleaseId>) {
        for other in event.grouping.others {
            if !self.others.iter().any(|known| known.hash == other.hash) {
                self.others.push(other);
            }
        }
        self.seen.push(SeenEvent {
            item: event.item,
            at: event.at,
            received_at: event.received_at,
            release,
            event_id: event.event_id,
            user: event.user,
        });
        *self.hours.entry(event.at.hour_start()).or_default() += 1;
        if let Some(user) = event.user.filter(|user| !self.users.contains(user)) {
            self.users.push(user);
        }
        for tag in event.tags {
            let (events, last_seen_at) = self.tags.entry(tag).or_insert((0, event.at));
            *events += 1;
            *last_seen_at = (*last_seen_at).max(event.at);
        }
        if let Some(release) = release {
            let first = ReleaseSeen { events: 0, first_seen_at: event.at, last_seen_at: event.at, first_item: event.item };
            let seen = self.releases.entry(release).or_insert(first);
            seen.events += 1;
            seen.first_seen_at = seen.first_seen_at.min(event.at);
            seen.last_seen_at = seen.last_seen_at.max(event.at);
        }
        self.is_unhandled |= event.is_unhandled;
        if event.at >= self.latest.at {
            self.latest = Latest {
                at: event.at,
                kind: event.kind,
                value: event.value,
                culprit: event.culprit,
                level: event.level,
                platform: event.platform,
                environment: event.environment,
                search: event.search,
            };
        }
    }

    pub fn events(&self) -> u64 {
        self.seen.len() as u64
    }

    /// First and last, by when they happened.
    pub fn span(&self) -> (Time, Time) {
        let first = self.seen.iter().map(|seen| seen.at).min().unwrap_or_default();
        (first, self.seen.iter().map(|seen| seen.at).max().unwrap_or_default())
    }

    /// First and last, in the log.
    pub fn items(&self) -> (i64, i64) {
        let first = self.seen.first().map_or(0, |seen| seen.item);
        (first, self.seen.last().map_or(0, |seen| seen.item))
    }
}
