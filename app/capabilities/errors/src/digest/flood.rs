//! A broken fingerprint, or somebody with the public key and a random generator, must not fill the house with issues: what comes beyond
//! a number of new ones in an hour is counted under one that says so.

use capability::Cx;
use kernel::Result;
use kernel::ids::ProjectId;
use kernel::time::HOUR;
use std::collections::{HashMap, HashSet};

use super::Prepared;
use crate::grouping::flood_key;
use crate::store::{counts, hashes};

/// New issues of a project in an hour. The worst release a person has to look through has some dozens; whoever moves here with an old
/// program has its whole history of them on the first day.
pub const MOST: u64 = 3_000;

/// Files under the one issue what would open too many. An event that was filed before keeps its hash, whatever is decided now.
pub fn stem(cx: &Cx, events: &mut [Prepared]) -> Result<()> {
    let mut room = room(cx, events)?;
    if room.values().all(|room| *room >= events.len() as u64) {
        return Ok(());
    }
    let known = known(cx, events)?;
    let mut opening: HashSet<i64> = HashSet::new();
    for event in events {
        let hash = event.grouping.primary.hash;
        if opening.contains(&hash) || event.grouping.keys().any(|key| known.contains(&key.hash)) {
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

fn file_under_flood(event: &mut Prepared) {
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

fn known(cx: &Cx, events: &[Prepared]) -> Result<HashSet<i64>> {
    let wanted: HashSet<i64> = events.iter().flat_map(|event| event.grouping.keys()).map(|key| key.hash).collect();
    cx.hermetic.read_blocking(|r| {
        let mut known = HashSet::new();
        for hash in wanted {
            if hashes::issue_of(r, hash)?.is_some() {
                known.insert(hash);
            }
        }
        Ok(known)
    })
}
