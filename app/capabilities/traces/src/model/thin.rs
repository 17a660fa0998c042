//! [`examples`]: what stays of an hour that is too old to be kept whole: of each name the slowest, a failed one and one of the others.

use kernel::ids::ProjectId;
use std::collections::BTreeSet;

use super::rows::NameId;
use super::span::TraceId;

/// Traces of one hour that stay; a thousand names must not keep the whole log.
pub const MAX_EXAMPLES: usize = 200;

/// A root span of the hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    pub project: ProjectId,
    pub name: NameId,
    pub trace: Option<TraceId>,
    pub item: i64,
    pub micros: u64,
    pub is_failed: bool,
}

/// Whose items and traces are to be kept, the most telling first, each once. `candidates` come name by name.
pub fn examples(candidates: &[Candidate]) -> Vec<Candidate> {
    // The slowest of every name come before the failed ones, and those before the ones by chance, should the hour have too many names.
    let mut ranks: [Vec<&Candidate>; 3] = Default::default();
    for same in candidates.chunk_by(|one, next| one.name == next.name) {
        ranks[0].extend(same.iter().max_by_key(|root| (root.micros, root.item)));
        ranks[1].extend(same.iter().filter(|root| root.is_failed).max_by_key(|root| root.item));
        ranks[2].extend(same.iter().min_by_key(|root| lot(root)));
    }
    let mut seen = BTreeSet::new();
    ranks.into_iter().flatten().filter(|root| seen.insert((root.item, root.trace))).take(MAX_EXAMPLES).copied().collect()
}

/// Drawn from the item's number, so that the same hour gives the same example again.
fn lot(root: &Candidate) -> u64 {
    root.item.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}
