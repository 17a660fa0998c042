//! Which events tell most: when there is no room for all of them, the others go first.

/// What the first event in a release, or one that opened or woke an issue, has at least.
pub const TELLING: u8 = 40;

/// Of the `ordinal`th event (from 1) of a hash. Half of all events have 0, a quarter 1, …: dropping one value after the other thins the
/// events of an issue evenly, and the first dozen of a rare one outlive the ten-thousandth of a common one.
pub fn relevance(ordinal: u64, is_first_in_release: bool) -> u8 {
    let ordinal = ordinal.max(1);
    let sampled = u8::try_from(ordinal.trailing_zeros()).unwrap_or(u8::MAX);
    let early = 8_u8.saturating_sub(u8::try_from(ordinal.ilog2()).unwrap_or(u8::MAX));
    let telling = if is_first_in_release { TELLING } else { 0 };
    sampled.max(early).max(telling)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_duplicates_tell_less_and_thin_out_by_halves() {
        assert_eq!(relevance(1, false), 8);
        assert!(relevance(3, false) > relevance(301, false));
        assert_eq!(relevance(301, true), TELLING);
        let kept = |least: u8| (1_000..2_000).filter(|ordinal| relevance(*ordinal, false) >= least).count();
        assert_eq!((kept(0), kept(1), kept(2), kept(3)), (1_000, 500, 250, 125));
    }
}
