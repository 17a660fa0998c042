//! Ids that are moments: milliseconds, then ten bits for the microseconds within. Two lines of the same microsecond take the next
//! free ids, in the order in which their program wrote them.

use kernel::Time;

const BITS: u32 = 10;

/// Where a line of this moment would like to stand.
pub fn wanted(at_us: i64) -> i64 {
    first_of(Time(at_us.div_euclid(1_000))) | at_us.rem_euclid(1_000)
}

/// The first id of this millisecond.
pub fn first_of(at: Time) -> i64 {
    at.0.clamp(0, i64::MAX >> BITS) << BITS
}

pub fn moment_of(id: i64) -> Time {
    Time(id >> BITS)
}

/// Sorted ids in a few bytes each: the first one, then differences, as varints.
pub fn pack(ids: &[i64]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ids.len() * 4);
    let mut before = 0;
    for id in ids {
        let mut rest = id.saturating_sub(before).unsigned_abs();
        before = *id;
        while rest >= 0x80 {
            bytes.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        bytes.push(rest as u8);
    }
    bytes
}

pub fn unpack(bytes: &[u8]) -> Vec<i64> {
    let (mut ids, mut id) = (Vec::new(), 0_i64);
    let (mut value, mut shift) = (0_u64, 0);
    for byte in bytes {
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        shift += 7;
        if byte & 0x80 == 0 {
            id = id.saturating_add_unsigned(value);
            ids.push(id);
            (value, shift) = (0, 0);
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_follow_the_microseconds() {
        let (one, two) = (wanted(1_795_425_289_974_200), wanted(1_795_425_289_974_800));
        assert!(one < two);
        assert_eq!(moment_of(two), Time(1_795_425_289_974));
        assert!(two < first_of(Time(1_795_425_289_975)));
    }

    proptest! {
        #[test]
        fn packed_ids_come_back(mut ids in prop::collection::vec(0..i64::MAX, 0..50)) {
            ids.sort();
            prop_assert_eq!(unpack(&pack(&ids)), ids);
        }

        #[test]
        fn broken_bytes_break_nothing(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            unpack(&bytes);
        }
    }
}
