//! Sessions become counters: each session once, by its worst ending, however often and in whatever order it reports.
//!
//! The memory of sessions lies in telemetry.db, the counters in hermetic.db, and a crash may come between the two. So each remembered
//! session carries what was counted before the batch that last touched it: a batch that is digested again finds it and starts from there.

use capability::digest::Change;
use capability::{Cx, Digest};
use db::Tx;
use ingest::store::Outcome;
use ingest::{Item, Kind};
use kernel::ids::{ProjectId, ReleaseId};
use kernel::time::HOUR;
use kernel::{Result, Time};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::model::health::Delta;
use crate::model::session::{self, Clocks, Observed, Refused, What};
use crate::model::{Counts, Ending};
use crate::store::hours::{self, HourKey};
use crate::store::sessions::{self, Remembered, SessionKey};
use crate::{TOPIC, store};

pub struct Sessions;

impl Digest for Sessions {
    fn name(&self) -> &'static str {
        "releases"
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Session, Kind::Sessions]
    }

    fn digest(&self, cx: &Cx, items: &[Item]) -> Result<Change> {
        let Some(first) = items.first().map(|item| item.id) else { return Ok(Box::new(|_| Ok(()))) };
        let mut read = Read::of(items);
        let releases = ensure_releases(cx, &mut read)?;
        let seen: Vec<ReleaseId> = releases.values().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let deltas = cx.telemetry.write_blocking(move |tx| remember(tx, &read, &releases, first))?;
        Ok(Box::new(move |tx| {
            for (key, delta) in &deltas {
                hours::add(tx, key, delta)?;
            }
            for release in seen {
                store::deploys::show(tx, release)?;
            }
            tx.signal(TOPIC);
            Ok(())
        }))
    }
}

/// What a batch says.
#[derive(Default)]
struct Read {
    /// Item, project, when it came, observation.
    observed: Vec<(i64, ProjectId, Time, Observed)>,
    refused: Vec<Refusal>,
}

/// Something that is not counted.
struct Refusal {
    item: i64,
    project: ProjectId,
    received_at: Time,
    reason: Refused,
}

impl Read {
    fn of(items: &[Item]) -> Read {
        let mut read = Read::default();
        for item in items {
            let clocks = Clocks { sent_at: item.head.sent_at, received_at: item.received_at };
            // A payload that does not unpack is told like one that is no JSON: the next one may be well.
            let payload = item.payload().unwrap_or_default();
            let (observed, refused) = match item.kind {
                Kind::Session => match session::read_one(&payload, clocks) {
                    Ok(one) => (vec![one], Vec::new()),
                    Err(reason) => (Vec::new(), vec![reason]),
                },
                _ => session::read_many(&payload, clocks).unwrap_or_else(|reason| (Vec::new(), vec![reason])),
            };
            let (id, project, received_at) = (item.id, item.project, item.received_at);
            read.observed.extend(observed.into_iter().map(|one| (id, project, received_at, one)));
            read.refused.extend(refused.into_iter().map(|reason| Refusal { item: id, project, received_at, reason }));
        }
        read
    }
}

impl Read {
    /// Takes out what these releases said.
    fn refuse(&mut self, beyond: &HashSet<Named>) {
        for (item, project, received_at, one) in std::mem::take(&mut self.observed) {
            let named = (project, one.version.clone());
            if beyond.contains(&named) {
                self.refused.push(Refusal { item, project, received_at, reason: Refused::TooManyReleases });
            } else {
                self.observed.push((item, project, received_at, one));
            }
        }
    }
}

type Releases = HashMap<Named, ReleaseId>;

/// Made before the batch is applied: making one that is there already changes nothing. Beyond the bound nothing is made: those sessions
/// are refused.
fn ensure_releases(cx: &Cx, read: &mut Read) -> Result<Releases> {
    let mut wanted: BTreeMap<(ProjectId, String), Time> = BTreeMap::new();
    for (_, project, _, one) in &read.observed {
        let at = wanted.entry((*project, one.version.clone())).or_insert(one.started_at);
        *at = one.started_at.min(*at);
    }
    let (mut known, missing) = cx.hermetic.read_blocking(|r| {
        let (mut known, mut missing) = (Releases::new(), Vec::new());
        for ((project, version), at) in wanted {
            match ingest::store::find_release(r, project, &version)? {
                Some(release) => {
                    known.insert((project, version), release.id);
                }
                None if identity::store::find_project(r, project)?.is_some() => missing.push((project, version, at)),
                // The project was deleted meanwhile: there is nobody to count for.
                None => {}
            }
        }
        Ok((known, missing))
    })?;
    if !missing.is_empty() {
        let (made, beyond) = cx.hermetic.write_blocking(move |tx| make_releases(tx, missing))?;
        known.extend(made);
        read.refuse(&beyond);
    }
    Ok(known)
}

type Named = (ProjectId, String);

/// What was made, and what would have been too many.
fn make_releases(tx: &mut Tx<'_>, missing: Vec<(ProjectId, String, Time)>) -> Result<(Releases, HashSet<Named>)> {
    let (mut made, mut beyond) = (Releases::new(), HashSet::new());
    for (project, version, at) in missing {
        match ingest::store::reported_release(tx, project, &version, at)? {
            Some(release) => drop(made.insert((project, version), release.id)),
            None => drop(beyond.insert((project, version))),
        }
    }
    Ok((made, beyond))
}

/// Applies a batch to the memory, and gives what it changes about the counters. `first` is the first item that may not be counted yet.
fn remember(tx: &mut Tx<'_>, read: &Read, releases: &Releases, first: i64) -> Result<BTreeMap<HourKey, Delta>> {
    let mut deltas: BTreeMap<HourKey, Delta> = BTreeMap::new();
    let mut touched: BTreeMap<SessionKey, Remembered> = BTreeMap::new();
    for (item, project, _, one) in &read.observed {
        let Some(release) = releases.get(&(*project, one.version.clone())).copied() else { continue };
        let key = HourKey { hour: one.started_at.hour_start(), project: *project, release, environment: one.environment.clone() };
        let ending = match &one.what {
            What::Many(counts) => {
                deltas.entry(key.clone()).or_default().add(*counts);
                worst_of(counts)
            }
            What::One { sid: None, ending } => {
                deltas.entry(key.clone()).or_default().add(Counts::of(*ending));
                *ending
            }
            What::One { sid: Some(sid), ending } => {
                let session = session_of(tx, &touched, *project, sid, one.started_at)?;
                merge(tx, &mut touched, session, &key, (*item, *ending), first)?
            }
        };
        if let Some(person) = &one.person {
            let person = session::person_hash(*project, person);
            let unhandled = ending == Ending::Unhandled || matches!(&one.what, What::Many(counts) if counts.unhandled > 0);
            sessions::put_person(tx, key.hour, release, person, ending == Ending::Crashed, unhandled)?;
        }
    }
    for (key, now) in &touched {
        sessions::put(tx, key, now)?;
        let counter = HourKey { hour: now.hour, project: key.1, release: now.release, environment: now.environment.clone() };
        let delta = deltas.entry(counter).or_default();
        delta.add(Counts::of(now.ending));
        if let Some(prior) = now.prior {
            delta.take(Counts::of(prior));
        }
    }
    count_refused(tx, read)?;
    deltas.retain(|_, delta| !delta.is_nothing());
    Ok(deltas)
}

/// Under which day it is remembered. A clock that is some minutes wrong moves the start from update to update (none began in the future):
/// around midnight, that is over the day.
fn session_of(
    tx: &Tx<'_>,
    touched: &BTreeMap<SessionKey, Remembered>,
    project: ProjectId,
    sid: &str,
    started_at: Time,
) -> Result<SessionKey> {
    let (day, sid) = (started_at.day_start(), session::session_key(sid));
    let own = (day, project, sid);
    for near in [(started_at - HOUR).day_start(), (started_at + HOUR).day_start()] {
        let other = (near, project, sid);
        if near != day && !touched.contains_key(&own) && sessions::find(tx, &own)?.is_none() {
            let is_there = touched.contains_key(&other) || sessions::find(tx, &other)?.is_some();
            if is_there {
                return Ok(other);
            }
        }
    }
    Ok(own)
}

/// The session with one more update in it. Where it is counted was decided when it was first heard of.
fn merge(
    tx: &mut Tx<'_>,
    touched: &mut BTreeMap<SessionKey, Remembered>,
    session: SessionKey,
    counter: &HourKey,
    (item, ending): (i64, Ending),
    first: i64,
) -> Result<Ending> {
    if let Some(known) = touched.get_mut(&session) {
        known.ending = known.ending.max(ending);
        known.item = item;
        return Ok(known.ending);
    }
    let remembered = match sessions::find(tx, &session)? {
        // It was counted as it stands there.
        Some(known) if known.item < first => Remembered { prior: Some(known.ending), ending: known.ending.max(ending), item, ..known },
        // A batch that never reached the counters has touched it: what it found is what is counted.
        Some(known) => {
            let counted = known.prior.unwrap_or(Ending::Well);
            Remembered { ending: counted.max(ending), item, ..known }
        }
        None => {
            Remembered { release: counter.release, environment: counter.environment.clone(), hour: counter.hour, ending, item, prior: None }
        }
    };
    let ending = remembered.ending;
    touched.insert(session, remembered);
    Ok(ending)
}

fn worst_of(counts: &Counts) -> Ending {
    if counts.crashed > 0 { Ending::Crashed } else { Ending::Well }
}

/// Once for each item, in the transaction that says so. The door has counted each item as accepted: of which nothing is left, that is
/// taken back, or the two would add up to more than ever came.
fn count_refused(tx: &mut Tx<'_>, read: &Read) -> Result<()> {
    let upto = sessions::counted_upto(tx)?;
    let counted: HashSet<i64> = read.observed.iter().map(|(item, ..)| *item).collect();
    let mut counts: BTreeMap<(ProjectId, Refused), u64> = BTreeMap::new();
    let mut gone: BTreeMap<i64, (ProjectId, Time)> = BTreeMap::new();
    for refusal in read.refused.iter().filter(|refusal| refusal.item > upto) {
        *counts.entry((refusal.project, refusal.reason)).or_default() += 1;
        if !counted.contains(&refusal.item) {
            gone.insert(refusal.item, (refusal.project, refusal.received_at));
        }
    }
    let category = Kind::Session.category();
    for ((project, reason), quantity) in counts {
        ingest::store::count(tx, project, category, Outcome::Dropped, reason.as_str(), quantity, 0)?;
    }
    for (project, received_at) in gone.into_values() {
        ingest::store::take_back(tx, project, category, received_at, 1)?;
    }
    match read.refused.iter().map(|refusal| refusal.item).max() {
        Some(last) if last > upto => sessions::set_counted_upto(tx, last),
        _ => Ok(()),
    }
}
