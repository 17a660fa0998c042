//! How much each action, and each feature that was named, is used.

use db::Reader;
use kernel::Result;
use roaring::RoaringBitmap;

use super::{EVER, Range};
use crate::model::{Adoption, Daily, Day, Median, adoption, breadth, days_to_adopt};
use crate::settings;
use crate::store::{self, ANY, Feature, NameId};

/// How much something is used within a range.
#[derive(Debug, Clone, PartialEq)]
pub struct Used {
    pub label: String,
    /// Of a single name: which.
    pub name: Option<NameId>,
    /// Of a feature: which, and what it is made of.
    pub feature: Option<Feature>,
    pub adoption: Adoption,
    pub actions: u64,
    /// Days from the first action of any kind to the first of these.
    pub to_adopt: Option<Median>,
}

/// Every name that somebody used, the most used first.
pub fn used(r: &Reader<'_>, within: (Day, Day), everybody: &RoaringBitmap) -> Result<Vec<Used>> {
    let mut all = Vec::new();
    for name in store::list_names(r)? {
        let users = store::daily(r, name.id, within)?.union(within);
        if users.is_empty() {
            continue;
        }
        let actions = count(r, name.id, within)?;
        let adoption = adoption(everybody, &users, actions);
        all.push(Used { label: name.name, name: Some(name.id), feature: None, adoption, actions, to_adopt: None });
    }
    all.sort_by(|one, other| other.adoption.people.cmp(&one.adoption.people).then_with(|| one.label.cmp(&other.label)));
    Ok(all)
}

fn count(r: &Reader<'_>, name: NameId, within: (Day, Day)) -> Result<u64> {
    Ok(store::counts(r, name, within)?.iter().map(|(_, actions)| actions).sum())
}

pub struct Features {
    pub range: Range,
    pub features: Vec<Used>,
    pub names: Vec<Used>,
    /// Everything that can be made part of a feature.
    pub all: Vec<(NameId, String)>,
    /// At place `n`: how many of the active used `n` of the features; of the names, while no feature is named.
    pub breadth: Vec<u64>,
    pub active: u64,
}

/// Names that are told apart in the breadth: those used by most.
const BREADTH: usize = 20;

pub fn features(r: &Reader<'_>, range: Range) -> Result<Features> {
    let today = settings::calendar(r)?.day_of(r.now);
    let within = range.until(today);
    let everybody = store::daily(r, ANY, within)?.union(within);
    let names = used(r, within, &everybody)?;
    let seen = store::daily(r, ANY, EVER)?;
    let mut features = Vec::new();
    let mut sets = Vec::new();
    for feature in store::list_features(r)? {
        let (used, users) = of_feature(r, feature, within, (&seen, &everybody))?;
        features.push(used);
        sets.push(users);
    }
    if features.is_empty() {
        for id in names.iter().take(BREADTH).filter_map(|name| name.name) {
            sets.push(store::daily(r, id, within)?.union(within));
        }
    }
    let all = store::list_names(r)?.into_iter().map(|name| (name.id, name.name)).collect();
    Ok(Features { range, features, names, all, breadth: breadth(&everybody, &sets), active: everybody.len() })
}

fn of_feature(
    r: &Reader<'_>,
    feature: Feature,
    within: (Day, Day),
    (seen, everybody): (&Daily, &RoaringBitmap),
) -> Result<(Used, RoaringBitmap)> {
    let (mut parts, mut actions) = (Vec::new(), 0);
    for name in &feature.actions {
        parts.push(store::daily(r, *name, EVER)?);
        actions += count(r, *name, within)?;
    }
    let uses = Daily::any_of(parts);
    let users = uses.union(within);
    let used = Used {
        label: feature.name.clone(),
        name: None,
        adoption: adoption(everybody, &users, actions),
        to_adopt: days_to_adopt(seen, &uses, within),
        feature: Some(feature),
        actions,
    };
    Ok((used, users))
}
