//! A batch applied to hermetic.db: issues opened, counted, woken; facts told. In one transaction with the move of the cursor.

use db::Tx;
use identity::projects::Project;
use ingest::releases::Release;
use kernel::ids::{IssueId, ProjectId, ReleaseId};
use kernel::{Fact, Result, Time};
use std::collections::{BTreeSet, HashMap};

use super::fold::{Batch, HashDelta, SeenEvent};
use crate::grouping::{self, Key};
use crate::model::{ActKind, Issue, Priority, PriorityFacts, Seen, State, Wake};
use crate::store::acts::{Actor, add_act};
use crate::store::counts;
use crate::store::feedback::{FeedbackInsert, has_waiting, insert_feedback, join_waiting, keep_latest};
use crate::store::hashes::{self, HashInsert};
use crate::store::issues::{self, IssueInsert, IssueSeen};

pub fn apply(tx: &mut Tx<'_>, batch: Batch, feedback: Vec<FeedbackInsert>) -> Result<()> {
    let mut projects = Projects::default();
    let mut opened: HashMap<ProjectId, u64> = HashMap::new();
    let is_waited_for = has_waiting(tx)?;
    for delta in &batch.hashes {
        // What a project that was removed since had sent goes with it.
        let Some(project) = projects.find(tx, delta.project)? else { continue };
        let (hash_id, is_new) = count(tx, &project, delta, &batch.releases)?;
        *opened.entry(delta.project).or_default() += u64::from(is_new);
        if is_waited_for {
            for event_id in delta.seen.iter().filter_map(|seen| seen.event_id) {
                join_waiting(tx, delta.project, event_id, hash_id)?;
            }
        }
    }
    for ((minute, project), events) in batch.minutes {
        counts::add_minute(tx, minute, project, events, 0)?;
    }
    let minute = Time(tx.now.0.div_euclid(60_000) * 60_000);
    for (project, opened) in opened {
        counts::add_minute(tx, minute, project, 0, opened)?;
    }
    let mut told: BTreeSet<i64> = BTreeSet::new();
    for said in feedback {
        if projects.find(tx, said.project)?.is_some() {
            insert_feedback(tx, &said)?;
            told.insert(said.project.0);
        }
    }
    told.into_iter().try_for_each(|project| keep_latest(tx, ProjectId(project)))
}

/// Read once per batch.
#[derive(Default)]
struct Projects(HashMap<ProjectId, Option<Project>>);

impl Projects {
    fn find(&mut self, tx: &Tx<'_>, id: ProjectId) -> Result<Option<Project>> {
        if let Some(known) = self.0.get(&id) {
            return Ok(known.clone());
        }
        let found = identity::store::find_project(tx, id)?;
        self.0.insert(id, found.clone());
        Ok(found)
    }
}

/// Gives the id of the hash the events were counted under, and whether it is a new issue's.
fn count(tx: &mut Tx<'_>, project: &Project, delta: &HashDelta, releases: &HashMap<ReleaseId, Release>) -> Result<(i64, bool)> {
    let (issue, is_new) = find_or_open(tx, delta)?;
    let hash_id = hashes::ensure_hash(tx, &insert(delta, issue.id, &delta.key), || delta.key.components.to_json())?;
    hashes::count_events(tx, hash_id, delta.events(), delta.span(), delta.items())?;
    let mut room = None;
    for other in &delta.others {
        hashes::lead(tx, &insert(delta, issue.id, other), &mut room, || other.components.to_json())?;
    }
    for (hour, events) in &delta.hours {
        counts::add_hour(tx, hash_id, *hour, *events)?;
    }
    let mut room = counts::KeyRoom::default();
    for ((key, value), (events, last_seen_at)) in &delta.tags {
        counts::add_tag(tx, hash_id, (key, value), *events, *last_seen_at, &mut room)?;
    }
    for (release, seen) in &delta.releases {
        counts::add_release(tx, hash_id, *release, *seen)?;
    }
    let mut new_users = Vec::new();
    for user in &delta.users {
        if counts::add_user(tx, issue.id, hash_id, *user)? {
            new_users.push(*user);
        }
    }
    count_issue(tx, &issue, delta, new_users.len() as u64)?;
    if is_new {
        open(tx, project, delta, issue.id, releases)?;
    } else if let Some((wake, event)) = woken(tx, &issue, delta, &new_users, releases)? {
        wake_up(tx, project, delta, &issue, (wake, event), releases)?;
    }
    Ok((hash_id, is_new))
}

/// By the first of its hashes that is known; the events of a batch are already together under the primary one.
fn find_or_open(tx: &mut Tx<'_>, delta: &HashDelta) -> Result<(Issue, bool)> {
    for key in std::iter::once(&delta.key).chain(&delta.others) {
        if let Some(id) = hashes::issue_of(tx, key.hash)? {
            return Ok((issues::get_issue(tx, id)?, false));
        }
    }
    let first = delta.seen.first();
    let latest = &delta.latest;
    let id = issues::insert_issue(
        tx,
        &IssueInsert {
            project: delta.project,
            kind: &latest.kind,
            value: &latest.value,
            culprit: &latest.culprit,
            level: latest.level,
            platform: &latest.platform,
            search: &latest.search,
            first_seen_at: delta.span().0,
            item: first.map_or(0, |seen| seen.item),
            release: first.and_then(|seen| seen.release),
        },
    )?;
    Ok((issues::get_issue(tx, id)?, true))
}

fn insert<'d>(delta: &'d HashDelta, issue: IssueId, key: &Key) -> HashInsert<'d> {
    HashInsert {
        project: delta.project,
        hash: key.hash,
        issue,
        kind: key.kind.as_str(),
        version: grouping::VERSION,
        title_kind: &delta.latest.kind,
        title_value: &delta.latest.value,
    }
}

fn count_issue(tx: &mut Tx<'_>, issue: &Issue, delta: &HashDelta, new_users: u64) -> Result<()> {
    let (first, last) = delta.span();
    let latest = &delta.latest;
    let is_latest = latest.at >= issue.last_seen_at;
    let has_unhandled = issue.has_unhandled || delta.is_unhandled;
    let level = if is_latest { latest.level } else { issue.level };
    let is_spiking = issue.spiking_since.is_some();
    let priority = Priority::of(PriorityFacts { level, has_unhandled, users: issue.users + new_users, is_spiking });
    let described = issues::Latest {
        kind: &latest.kind,
        value: &latest.value,
        culprit: &latest.culprit,
        level: latest.level,
        platform: &latest.platform,
        search: &latest.search,
    };
    let seen = IssueSeen {
        events: delta.events(),
        new_users,
        first_seen_at: first,
        last_seen_at: last,
        last_item: delta.items().1,
        last_release: delta.seen.iter().rev().find_map(|seen| seen.release),
        has_unhandled,
        priority,
        latest: is_latest.then_some(described),
    };
    issues::count_seen(tx, issue.id, &seen)
}

/// The first event of the batch that opens the issue again, and why.
fn woken(
    tx: &Tx<'_>,
    issue: &Issue,
    delta: &HashDelta,
    new_users: &[i64],
    releases: &HashMap<ReleaseId, Release>,
) -> Result<Option<(Wake, SeenEvent)>> {
    if issue.state.is_open() {
        return Ok(None);
    }
    let bound = match issue.state.release() {
        Some(id) => ingest::store::find_release_by_id(tx, id)?,
        None => None,
    };
    let (mut events, mut known_users) = (issue.events, Vec::new());
    for event in &delta.seen {
        events += 1;
        if let Some(user) = event.user.filter(|user| new_users.contains(user) && !known_users.contains(user)) {
            known_users.push(user);
        }
        let seen = Seen {
            at: event.at,
            received_at: event.received_at,
            release: event.release.and_then(|id| releases.get(&id)),
            events,
            users: issue.users + known_users.len() as u64,
        };
        if let Some(wake) = issue.state.woken_by(seen, issue.state_at, bound.as_ref()) {
            return Ok(Some((wake, *event)));
        }
    }
    Ok(None)
}

fn open(tx: &mut Tx<'_>, project: &Project, delta: &HashDelta, issue: IssueId, releases: &HashMap<ReleaseId, Release>) -> Result<()> {
    let first = delta.seen.first();
    add_act(tx, issue, ActKind::Opened, &Actor::default(), "", first.map(|seen| seen.item))?;
    let told = told(project, delta, issue, version(first, releases));
    work::record(
        tx,
        &Fact::IssueOpened {
            issue: told.issue,
            project: told.project,
            project_name: told.project_name,
            title: told.title,
            culprit: told.culprit,
            level: told.level,
            release: told.release,
            environment: told.environment,
            at: first.map_or(tx.now, |seen| seen.at),
        },
    )
}

fn wake_up(
    tx: &mut Tx<'_>,
    project: &Project,
    delta: &HashDelta,
    issue: &Issue,
    (wake, event): (Wake, SeenEvent),
    releases: &HashMap<ReleaseId, Release>,
) -> Result<()> {
    issues::set_state(tx, issue.id, State::Open)?;
    issues::set_regressed(tx, issue.id, event.at)?;
    let kind = if wake == Wake::Regressed { ActKind::Regressed } else { ActKind::Woken };
    add_act(tx, issue.id, kind, &Actor::default(), wake.text(), Some(event.item))?;
    let Told { issue, project, project_name, title, culprit, level, release, environment } =
        told(project, delta, issue.id, version(Some(&event), releases));
    let at = event.at;
    let fact = if wake == Wake::Regressed {
        Fact::IssueRegressed { issue, project, project_name, title, culprit, level, release, environment, at }
    } else {
        let reason = wake.text().to_owned();
        Fact::IssueWoken { issue, project, project_name, title, culprit, level, release, environment, reason, at }
    };
    work::record(tx, &fact)
}

/// What facts say of an issue.
struct Told {
    issue: IssueId,
    project: ProjectId,
    project_name: String,
    title: String,
    culprit: String,
    level: String,
    release: String,
    environment: String,
}

fn told(project: &Project, delta: &HashDelta, issue: IssueId, release: String) -> Told {
    let latest = &delta.latest;
    Told {
        issue,
        project: project.id,
        project_name: project.name.clone(),
        title: kernel::text::shorten(&crate::model::title(&latest.kind, &latest.value), 200),
        culprit: latest.culprit.clone(),
        level: latest.level.to_string(),
        release,
        environment: latest.environment.clone(),
    }
}

fn version(event: Option<&SeenEvent>, releases: &HashMap<ReleaseId, Release>) -> String {
    event.and_then(|event| releases.get(&event.release?)).map(|release| release.version.clone()).unwrap_or_default()
}
