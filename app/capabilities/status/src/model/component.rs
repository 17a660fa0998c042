//! What the public sees of the machinery: a component's state follows its feeds, unless a report or a maintenance says otherwise.
//!
//! Nouns: [`ComponentState`], [`FeedRule`].

use super::bars::{Condition, Stretch};
use super::words::words;
use kernel::Time;
use std::collections::HashSet;

words! {
    /// Ordered from good to bad, so that `max` is the worst.
    ComponentState, "A component's state", {
        Operational = "operational",
        UnderMaintenance = "under_maintenance",
        DegradedPerformance = "degraded_performance",
        PartialOutage = "partial_outage",
        MajorOutage = "major_outage",
    }
}

words! {
    /// How several feeds make one component.
    FeedRule, "How feeds count", {
        /// As bad as the worst feed: for parts that are all needed.
        WorstOf = "worst_of",
        /// As good as the best feed: for parts that stand in for each other.
        AnyUp = "any_up",
        /// No feed: a person sets the state.
        Manual = "manual",
    }
}

impl ComponentState {
    pub fn condition(self) -> Condition {
        match self {
            ComponentState::Operational => Condition::Operational,
            ComponentState::UnderMaintenance => Condition::Maintenance,
            ComponentState::DegradedPerformance => Condition::Degraded,
            ComponentState::PartialOutage | ComponentState::MajorOutage => Condition::Down,
        }
    }
}

/// The state that the feeds alone would give; `None` when none of them has data.
pub fn state_from_feeds(rule: FeedRule, feeds: &[Condition]) -> Option<ComponentState> {
    let known = feeds.iter().filter(|condition| **condition != Condition::NoData).count();
    let down = feeds.iter().filter(|condition| **condition == Condition::Down).count();
    Some(match combined(rule, feeds) {
        Condition::NoData => return None,
        Condition::Operational => ComponentState::Operational,
        Condition::Maintenance => ComponentState::UnderMaintenance,
        Condition::Degraded => ComponentState::DegradedPerformance,
        Condition::Down if down < known => ComponentState::PartialOutage,
        Condition::Down => ComponentState::MajorOutage,
    })
}

/// Whether it should follow feeds and all of them are gone.
pub fn follows_nothing(rule: FeedRule, feeds: &[String], known: &HashSet<String>) -> bool {
    rule != FeedRule::Manual && !feeds.iter().any(|key| known.contains(key))
}

/// What visitors are told now: a running maintenance takes precedence, then the worst of feeds and open reports.
pub fn told_state(base: Option<ComponentState>, reported: Option<ComponentState>, in_maintenance: bool) -> Option<ComponentState> {
    if in_maintenance {
        return Some(ComponentState::UnderMaintenance);
    }
    base.max(reported)
}

/// One condition from several. No data never hides data: it decides only when nothing else is known.
pub fn combined(rule: FeedRule, feeds: &[Condition]) -> Condition {
    let has = |wanted: Condition| feeds.contains(&wanted);
    let order = match rule {
        FeedRule::WorstOf | FeedRule::Manual => [Condition::Down, Condition::Degraded, Condition::Maintenance, Condition::Operational],
        FeedRule::AnyUp => [Condition::Operational, Condition::Degraded, Condition::Maintenance, Condition::Down],
    };
    order.into_iter().find(|condition| has(*condition)).unwrap_or(Condition::NoData)
}

/// Several histories as one: cut at every boundary, each piece judged by the rule, equal neighbours joined.
pub fn combined_history(rule: FeedRule, histories: &[Vec<Stretch>]) -> Vec<Stretch> {
    if let [only] = histories {
        return joined(only.clone());
    }
    let mut cuts: Vec<Time> = histories.iter().flatten().flat_map(|stretch| [stretch.from, stretch.to]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut cursors = vec![0usize; histories.len()];
    let mut pieces = Vec::new();
    for pair in cuts.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let feeds: Vec<Condition> = histories
            .iter()
            .zip(&mut cursors)
            .map(|(history, cursor)| {
                while history.get(*cursor).is_some_and(|stretch| stretch.to <= from) {
                    *cursor += 1;
                }
                history.get(*cursor).filter(|stretch| stretch.from <= from).map_or(Condition::NoData, |stretch| stretch.condition)
            })
            .collect();
        pieces.push(Stretch { from, to, condition: combined(rule, &feeds) });
    }
    joined(pieces)
}

/// Lays `over` upon `base`: where several meet, the worst counts, so that no word makes a measured outage smaller. `over` may
/// overlap itself.
pub fn overlaid(base: &[Stretch], over: &[Stretch]) -> Vec<Stretch> {
    let mut cuts: Vec<Time> = base.iter().chain(over).flat_map(|stretch| [stretch.from, stretch.to]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let pieces = cuts.windows(2).filter_map(|pair| {
        let meeting = base.iter().chain(over).filter(|stretch| stretch.from <= pair[0] && pair[0] < stretch.to);
        let condition = meeting.map(|stretch| stretch.condition).max_by_key(|condition| badness(*condition))?;
        Some(Stretch { from: pair[0], to: pair[1], condition })
    });
    joined(pieces.collect())
}

fn badness(condition: Condition) -> u8 {
    match condition {
        Condition::NoData => 0,
        Condition::Operational => 1,
        Condition::Maintenance => 2,
        Condition::Degraded => 3,
        Condition::Down => 4,
    }
}

fn joined(pieces: Vec<Stretch>) -> Vec<Stretch> {
    let mut result: Vec<Stretch> = Vec::with_capacity(pieces.len());
    for piece in pieces.into_iter().filter(|piece| piece.from < piece.to) {
        match result.last_mut() {
            Some(last) if last.to == piece.from && last.condition == piece.condition => last.to = piece.to,
            _ => result.push(piece),
        }
    }
    result
}
