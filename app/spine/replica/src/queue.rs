//! What a destination gets next. Pure: what lies here and what lies there in, one file out.

use crate::files::{Entry, Listing, SNAPSHOT_LEVEL};

/// More single transactions than this waiting: the destination was away, and gets merged files instead.
const PATIENCE: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Upload(Entry),
    /// Nothing here joins on to what is there: a whole database must be made first.
    NeedsSnapshot,
    Nothing,
}

/// The file that brings the destination forward. `txid` is the last transaction of all, which a restored database has without any
/// file of it.
pub fn next_fresh(local: &Listing, remote: &Listing, txid: u64) -> Next {
    let reached = remote.max();
    if local.max().max(txid) <= reached {
        return Next::Nothing;
    }
    if remote.is_empty() {
        let whole = local.all().filter(|entry| entry.span.min == 1);
        return whole.max_by_key(|entry| (entry.span.max, entry.level)).map_or(Next::NeedsSnapshot, |entry| Next::Upload(*entry));
    }
    let joins = |entry: &&Entry| entry.span.min <= reached + 1 && entry.span.max > reached;
    let single = local.level(0).find(joins);
    let waiting = local.level(0).filter(|entry| entry.span.max > reached).count();
    if let Some(single) = single
        && waiting <= PATIENCE
    {
        return Next::Upload(*single);
    }
    let farthest = (1..SNAPSHOT_LEVEL).filter_map(|level| local.level(level).filter(joins).max_by_key(|entry| entry.span.max));
    if let Some(merged) = farthest.max_by_key(|entry| entry.span.max).or(single) {
        return Next::Upload(*merged);
    }
    let snapshot = local.level(SNAPSHOT_LEVEL).filter(|entry| entry.span.max > reached).max_by_key(|entry| entry.span.max);
    snapshot.map_or(Next::NeedsSnapshot, |entry| Next::Upload(*entry))
}

/// Merged files and snapshots that the destination has not got: they bring it no further, but make restoring short.
pub fn next_merged(local: &Listing, remote: &Listing) -> Option<Entry> {
    let reached = remote.max();
    // Asked at every upload, when almost always nothing is new.
    (1..=SNAPSHOT_LEVEL)
        .filter(|level| local.level_max(*level) > remote.level_max(*level))
        .flat_map(|level| local.level(level))
        .filter(|entry| entry.span.max <= reached && entry.span.max > remote.level_max(entry.level))
        .min_by_key(|entry| (entry.span.max, entry.level))
        .copied()
}

/// What of the spool may go, given what every destination has. Kept: the newest transaction, what still is to be merged, what
/// a destination still needs, and what is `proof`, the newest that each one has: after a restart that file shows whose transactions
/// lie there. While one is away, fine files make room for merged ones after `patience` of their level. Of whole databases one is enough.
pub fn spent(
    local: &Listing,
    remotes: &[&Listing],
    proof: &[u64],
    made: impl Fn(u8) -> u64,
    is_old: impl Fn(&Entry) -> bool,
) -> Vec<Entry> {
    let reached = remotes.iter().map(|remote| remote.max()).min().unwrap_or(0);
    let newest = local.level(0).next_back().map(|entry| entry.span);
    local
        .all()
        .filter(|entry| {
            let is_merged = match entry.level {
                level @ 0..3 => made(level + 1) >= entry.span.max || entry.span.min == 1,
                _ => true,
            };
            let is_there = match entry.level {
                0 => reached >= entry.span.max,
                level => remotes.iter().all(|remote| remote.level_max(level) >= entry.span.max),
            };
            let is_replaced = match entry.level {
                SNAPSHOT_LEVEL => local.level_max(SNAPSHOT_LEVEL) > entry.span.max,
                level => level < 3 && made(level + 1) >= entry.span.max && is_old(entry),
            };
            let is_proof = Some(entry.span) == newest || proof.contains(&entry.span.max);
            !is_proof && is_merged && (is_there || is_replaced)
        })
        .copied()
        .collect()
}

/// The files that lead from `reached` as far as possible, each as far as it can.
pub fn chain(local: &Listing, reached: u64) -> Vec<Entry> {
    let mut chain = Vec::new();
    let mut at = reached;
    while let Some(next) = local
        .all()
        .filter(|entry| entry.level < SNAPSHOT_LEVEL && entry.span.min > 1 && entry.span.min <= at + 1 && entry.span.max > at)
        .max_by_key(|entry| (entry.span.max, entry.level))
    {
        at = next.span.max;
        chain.push(*next);
    }
    chain
}
