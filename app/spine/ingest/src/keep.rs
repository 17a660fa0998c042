//! Writing what was judged: one part of a group commit for each request, and the counts of what is refused every few seconds.

use db::Tx;
use kernel::Result;
use kernel::ids::ProjectId;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::Kind;
use crate::directory::Caller;
use crate::door::{Door, Inner, Taken};
use crate::judge::{Judged, has_own_id};
use crate::reason::Reason;
use crate::refusal::Refusal;
use crate::store::{self, Ready};
use crate::tally::{Drops, Line, Sum};

pub(crate) async fn keep(door: &Door, caller: &Caller, judged: Judged) -> Result<Taken, Refusal> {
    let project = caller.asker.project;
    if let Some(refusal) = refusal_of(&judged) {
        door.tally(project, &judged.drops);
        return Err(refusal);
    }
    let Judged { kept, drops, id, .. } = judged;
    let lost_here = drops.ours();
    if !kept.is_empty() || !drops.is_empty() {
        let (sums, drops) = (sums_of(&kept), Arc::new(drops));
        let written = Arc::clone(&drops);
        match door.inner().telemetry.write(move |tx| write(tx, project, &kept, &written)).await {
            Ok(last) => drop(door.inner().newest.fetch_max(last.unwrap_or(0), Ordering::Relaxed)),
            Err(error) => {
                let refusal = Refusal::from(error);
                door.tally(project, &drops);
                door.tally(project, &lost(&sums, refusal.reason()));
                return Err(refusal);
            }
        }
    }
    Ok(Taken { id, reached: door.reached(caller), lost: lost_here })
}

/// Nothing is left: the sender hears why, the most telling reason first. Of replays it does not: after any refusal an SDK records no more
/// in that session, and what is lost is one segment.
fn refusal_of(judged: &Judged) -> Option<Refusal> {
    let is_limited = judged.hit.iter().any(|limit| limit.group.is_none());
    if !judged.kept.is_empty() || (judged.drops.is_all(Kind::ReplayRecording.category()) && !is_limited) {
        return None;
    }
    let has = |reason| judged.drops.has(reason);
    if has(Reason::RateLimited) {
        Some(Refusal::Limited(judged.hit.clone()))
    } else if has(Reason::TooLarge) || has(Reason::TooMany) {
        Some(Refusal::TooLarge("This is larger than what is taken of its kind.".to_owned()))
    } else if has(Reason::Malformed) {
        Some(Refusal::Malformed("Nothing in this can be read.".to_owned()))
    } else {
        None
    }
}

/// Category, quantity and bytes of what is to be counted where the log takes none of it.
fn sums_of(kept: &[Ready]) -> Vec<(&'static str, u64, usize)> {
    kept.iter().map(|item| (item.kind.category(), item.quantity, item.payload.bytes.len())).collect()
}

fn lost(sums: &[(&'static str, u64, usize)], reason: Reason) -> Drops {
    let mut lost = Drops::default();
    for (category, quantity, bytes) in sums {
        lost.drop(category, reason, *quantity, *bytes);
    }
    lost
}

/// An SDK that did not hear the answer sends the same envelope again: then nothing of it is new.
fn write(tx: &mut Tx<'_>, project: ProjectId, kept: &[Ready], drops: &Drops) -> Result<Option<i64>> {
    let (mut fresh, mut again): (Vec<&Ready>, Vec<&Ready>) = (Vec::with_capacity(kept.len()), Vec::new());
    for item in kept {
        let is_same = |known: &&Ready| known.kind == item.kind && known.event_id == item.event_id;
        let is_again = has_own_id(item.kind) && (fresh.iter().any(is_same) || is_known(tx, project, item)?);
        if is_again { again.push(item) } else { fresh.push(item) }
    }
    if !again.is_empty() && !fresh.iter().any(|item| has_own_id(item.kind)) {
        again.append(&mut fresh);
    }
    let last = store::append_all(tx, project, &fresh)?;
    let mut drops = drops.clone();
    for item in again {
        drops.drop(item.kind.category(), Reason::Duplicate, item.quantity, item.payload.bytes.len());
    }
    count(tx, drops.iter().map(|(line, sum)| (project, line, sum)))?;
    Ok(last)
}

fn is_known(tx: &Tx<'_>, project: ProjectId, item: &Ready) -> Result<bool> {
    item.event_id.map_or(Ok(false), |id| store::is_known(tx, project, id, item.kind))
}

fn count<'d>(tx: &mut Tx<'_>, sums: impl Iterator<Item = (ProjectId, &'d Line, &'d Sum)>) -> Result<()> {
    for (project, line, sum) in sums {
        store::count(tx, project, line.category, line.outcome(), line.reason, sum.quantity, sum.bytes)?;
    }
    Ok(())
}

/// What could not be written now is written with the next flush.
pub(crate) async fn flush(inner: &Inner) -> Result<()> {
    let sums = inner.tally.take();
    if sums.is_empty() {
        return Ok(());
    }
    let written = Arc::new(sums);
    let again = Arc::clone(&written);
    let done = inner.telemetry.write(move |tx| count(tx, written.iter().map(|(project, line, sum)| (*project, line, sum)))).await;
    if done.is_err() {
        inner.tally.give_back(again.to_vec());
    }
    done
}
