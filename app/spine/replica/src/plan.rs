//! Which files, in which order, make a database at one transaction. Pure: a listing in, a route out.
//!
//! The newest snapshot at or before the goal comes first; then, again and again, of all files that join on without a gap
//! the one that leads farthest. A file that turned out bad is left out and the route is planned anew: what it held mostly
//! stands in a file of another level as well.

use std::collections::BTreeSet;

use crate::files::{Entry, Listing, SNAPSHOT_LEVEL, Span};

/// Up to which transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    Latest,
    Transaction(u64),
}

/// Files that must not be used.
pub type Bad = BTreeSet<(u8, Span)>;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoRoute {
    #[error("there is no copy of a whole database here")]
    NoSnapshot,
    #[error("the transactions {from} to {to} are missing; transaction {reached} can be restored")]
    Gap { reached: u64, from: u64, to: u64 },
    #[error("transaction {wanted} is not here; the newest is {reached}")]
    NotThere { wanted: u64, reached: u64 },
}

/// The route to the goal.
pub fn route(listing: &Listing, goal: Goal, bad: &Bad) -> Result<Vec<Entry>, NoRoute> {
    let limit = match goal {
        Goal::Latest => u64::MAX,
        Goal::Transaction(txid) => txid,
    };
    let usable: Vec<Entry> =
        listing.all().filter(|entry| entry.span.max <= limit && !bad.contains(&(entry.level, entry.span))).copied().collect();
    let first = usable
        .iter()
        .filter(|entry| entry.span.min == 1)
        .max_by_key(|entry| (entry.level == SNAPSHOT_LEVEL, entry.span.max, entry.level))
        .ok_or(NoRoute::NoSnapshot)?;
    let mut route = vec![*first];
    let mut reached = first.span.max;
    // The farthest first; of equals the one that starts earliest, then the highest level, which is the smallest.
    while let Some(next) = usable
        .iter()
        .filter(|entry| entry.span.min <= reached + 1 && entry.span.max > reached && entry.level < SNAPSHOT_LEVEL)
        .max_by_key(|entry| (entry.span.max, std::cmp::Reverse(entry.span.min), entry.level))
    {
        reached = next.span.max;
        route.push(*next);
    }
    match goal {
        Goal::Transaction(wanted) if reached < wanted => Err(missing(listing, reached).unwrap_or(NoRoute::NotThere { wanted, reached })),
        Goal::Latest => missing(listing, reached).map_or(Ok(route), Err),
        Goal::Transaction(_) => Ok(route),
    }
}

/// Something lies behind a gap.
fn missing(listing: &Listing, reached: u64) -> Option<NoRoute> {
    let behind = listing.all().filter(|entry| entry.span.max > reached).map(|entry| entry.span.min.max(reached + 1)).min()?;
    // A file that is there but must not be used leaves its own transactions missing.
    let to = if behind > reached + 1 { behind - 1 } else { listing.max() };
    Some(NoRoute::Gap { reached, from: reached + 1, to })
}
