//! A broken fingerprint, or somebody with the public key and a random generator, must not fill the house with issues: what comes beyond
//! a number of new ones in an hour is counted under one that says so.

use capability::Cx;
use kernel::Result;
use kernel::ids::{IssueId, ProjectId};
use kernel::time::HOUR;
use std::collections::{HashMap, HashSet};

use super::Prepared;
use crate::grouping::flood_key;
use crate::store::{counts, events, hashes};

/// New issues of a project in an hour. The worst release a person has to look through has some dozens; whoever moves here with an old
/// program has its whole history of them on the first day.
pub const MOST: u64 = 3_000;

/// Ways by which the events of one issue are recognised. A program whose stacks differ with each event, or somebody who flips what is its own
/// code, must not fill the house with them either: what would be one more is counted under a way that is known.
pub const MOST_WAYS: u64 = 500;

/// Files under the one issue what would open too many, and under a known way what would give an issue too many of them. An event that was
/// filed before keeps its hash, whatever is decided now.
pub fn stem(cx: &Cx, events: &mut [Prepared]) -> Result<()> {
    let known = known(cx, events)?;
    gather(cx, events, &known)?;
    let mut room = room(cx, events)?;
    if room.values().all(|room| *room >= events.len() as u64) {
        return Ok(());
    }
    let filed = filed(cx, events)?;
    let mut opening: HashSet<i64> = HashSet::new();
    for event in events {
        let hash = event.grouping.primary.hash;
        let is_known = event.grouping.keys().any(|key| known.contains_key(&key.hash));
        if opening.contains(&hash) || is_known || filed.contains(&event.item) {
            continue;
        }
        match room.get_mut(&event.project) {
            Some(room) if *room == 0 => file_under_flood(event),
            Some(room) => {
                *room -= 1;
                opening.insert(hash);
            }
            None => {}
        }
    }
    Ok(())
}

/// Events whose own hash is new, while another leads to an issue that has enough.
fn gather(cx: &Cx, events: &mut [Prepared], known: &HashMap<i64, IssueId>) -> Result<()> {
    let mut full: HashMap<IssueId, bool> = HashMap::new();
    for event in events {
        if known.contains_key(&event.grouping.primary.hash) {
            continue;
        }
        let found = event.grouping.others.iter().enumerate().find_map(|(place, key)| Some((place, *known.get(&key.hash)?)));
        let Some((place, issue)) = found else { continue };
        let is_full = match full.get(&issue) {
            Some(is_full) => *is_full,
            None => cx.hermetic.read_blocking(|r| Ok(hashes::count_ways(r, issue, MOST_WAYS)? >= MOST_WAYS))?,
        };
        full.insert(issue, is_full);
        if is_full {
            event.grouping.primary = event.grouping.others.swap_remove(place);
            event.grouping.others.clear();
        }
    }
    Ok(())
}

/// Items that an earlier try has filed already.
fn filed(cx: &Cx, events: &[Prepared]) -> Result<HashSet<i64>> {
    cx.telemetry.read_blocking(|r| {
        let mut filed = HashSet::new();
        for event in events {
            if events::hash_of(r, event.item)?.is_some() {
                filed.insert(event.item);
            }
        }
        Ok(filed)
    })
}

pub(super) fn file_under_flood(event: &mut Prepared) {
    event.grouping.primary = flood_key(event.project);
    event.grouping.others.clear();
    event.kind.clear();
    event.value = format!("More than {MOST} different problems within an hour: the rest is counted here");
    event.culprit.clear();
    event.search = event.value.to_lowercase();
}

/// How many issues each project of the batch may still open.
fn room(cx: &Cx, events: &[Prepared]) -> Result<HashMap<ProjectId, u64>> {
    let projects: HashSet<ProjectId> = events.iter().map(|event| event.project).collect();
    cx.hermetic.read_blocking(|r| {
        let since = r.now - HOUR;
        projects.into_iter().map(|project| Ok((project, MOST.saturating_sub(counts::opened_since(r, project, since)?)))).collect()
    })
}

/// The issues that hashes of the batch lead to.
fn known(cx: &Cx, events: &[Prepared]) -> Result<HashMap<i64, IssueId>> {
    let wanted: HashSet<i64> = events.iter().flat_map(|event| event.grouping.keys()).map(|key| key.hash).collect();
    cx.hermetic.read_blocking(|r| {
        let mut known = HashMap::new();
        for hash in wanted {
            known.extend(hashes::issue_of(r, hash)?.map(|issue| (hash, issue)));
        }
        Ok(known)
    })
}
