//! Which events tell most: when there is no room for all of them, the others go first.

/// What the first event in a release, or one that opened or woke an issue, has at least.
pub const TELLING: u8 = 40;

/// What an event has at least that was the first of its hash with some value of a tag: as much as one duplicate in four thousand.
pub const RARE: u8 = 12;

/// What an event is the first of, among those of its hash.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FirstOf {
    pub release: bool,
    /// A value of a tag.
    pub value: bool,
}

/// Of the `ordinal`th event (from 1) of a hash. Half of all events have 0, a quarter 1, …: dropping one value after the other thins the
/// events of an issue evenly, and the first dozen of a rare one outlive the ten-thousandth of a common one.
pub fn relevance(ordinal: u64, first_of: FirstOf) -> u8 {
    let ordinal = ordinal.max(1);
    let sampled = u8::try_from(ordinal.trailing_zeros()).unwrap_or(u8::MAX);
    let early = 8_u8.saturating_sub(u8::try_from(ordinal.ilog2()).unwrap_or(u8::MAX));
    let telling = if first_of.release { TELLING } else { 0 };
    let rare = if first_of.value { RARE } else { 0 };
    sampled.max(early).max(telling).max(rare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_duplicates_tell_less_and_thin_out_by_halves() {
        let none = FirstOf::default();
        assert_eq!(relevance(1, none), 8);
        assert!(relevance(3, none) > relevance(301, none));
        assert_eq!(relevance(301, FirstOf { release: true, value: true }), TELLING);
        assert_eq!(relevance(301, FirstOf { release: false, value: true }), RARE);
        let kept = |least: u8| (1_000..2_000).filter(|ordinal| relevance(*ordinal, none) >= least).count();
        assert_eq!((kept(0), kept(1), kept(2), kept(3)), (1_000, 500, 250, 125));
    }
}
