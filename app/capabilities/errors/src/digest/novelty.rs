//! What is new about each event of a batch, by which it is kept longer than others.

use capability::Cx;
use db::Reader;
use kernel::Result;
use kernel::ids::ReleaseId;
use std::collections::{HashMap, HashSet};

use super::Prepared;
use super::file::Filed;
use crate::model::relevance::{FirstOf, relevance};
use crate::store::{counts, hashes};

/// What was never seen under a hash before this batch, and how many events each had.
#[derive(Debug, Default)]
pub struct Novelty<'b> {
    events: HashMap<i64, u64>,
    /// Taken out by the first event that has it.
    releases: HashSet<(i64, ReleaseId)>,
    values: HashSet<(i64, &'b str, &'b str)>,
}

impl<'b> Novelty<'b> {
    pub fn read(cx: &Cx, filed: &'b Filed) -> Result<Novelty<'b>> {
        let mut all = Novelty::default();
        for event in &filed.events {
            let hash = event.grouping.primary.hash;
            all.events.insert(hash, 0);
            all.releases.extend(filed.release(event).map(|release| (hash, release.id)));
            all.values.extend(event.tags.iter().map(|(key, value)| (hash, key.as_str(), value.as_str())));
        }
        let (events, releases, values) = (all.events.keys().copied().collect(), all.releases, all.values);
        cx.hermetic.read_blocking(|r| only_new(r, events, releases, values))
    }

    /// Of the next event of the batch.
    pub fn relevance(&mut self, event: &'b Prepared, release: Option<ReleaseId>) -> u8 {
        let hash = event.grouping.primary.hash;
        let count = self.events.entry(hash).or_default();
        *count += 1;
        let is_first = release.is_some_and(|release| self.releases.remove(&(hash, release)));
        let mut first_of = FirstOf { release: is_first, value: false };
        for (key, value) in &event.tags {
            first_of.value |= self.values.remove(&(hash, key.as_str(), value.as_str()));
        }
        relevance(*count, first_of)
    }
}

fn only_new<'b>(
    r: &Reader<'_>,
    wanted: Vec<i64>,
    mut releases: HashSet<(i64, ReleaseId)>,
    mut values: HashSet<(i64, &'b str, &'b str)>,
) -> Result<Novelty<'b>> {
    let mut events = HashMap::with_capacity(wanted.len());
    let mut known: HashMap<i64, (i64, counts::KeyRoom)> = HashMap::new();
    for hash in wanted {
        let found = hashes::ordinal(r, hash)?;
        events.insert(hash, found.map_or(0, |(_, count)| count));
        known.extend(found.map(|(id, _)| (hash, (id, counts::KeyRoom::default()))));
    }
    let mut seen = Vec::new();
    for (hash, release) in &releases {
        if let Some((id, _)) = known.get(hash)
            && counts::has_release(r, *id, *release)?
        {
            seen.push((*hash, *release));
        }
    }
    for one in seen {
        releases.remove(&one);
    }
    let mut old = Vec::new();
    for (hash, key, value) in &values {
        let is_new = match known.get_mut(hash) {
            Some((id, room)) => counts::is_new_value(r, *id, (key, value), room)?,
            None => true,
        };
        if !is_new {
            old.push((*hash, *key, *value));
        }
    }
    for one in old {
        values.remove(&one);
    }
    Ok(Novelty { events, releases, values })
}
