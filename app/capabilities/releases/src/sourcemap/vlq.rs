//! Base 64 VLQ: the numbers of mappings.

/// Fields of one segment at most; more are none that anybody knows.
pub const MAX_FIELDS: usize = 5;

/// The numbers of one segment and how many there are. `None`: this is no segment.
pub fn read(segment: &[u8]) -> Option<([i64; MAX_FIELDS], usize)> {
    let mut fields = [0; MAX_FIELDS];
    let (mut count, mut value, mut shift) = (0, 0_i64, 0_u32);
    for byte in segment {
        let digit = digit(*byte)?;
        // 32 bits are the most that the format allows.
        if shift > 30 {
            return None;
        }
        value |= (digit & 31) << shift;
        if digit & 32 != 0 {
            shift += 5;
            continue;
        }
        *fields.get_mut(count)? = if value & 1 == 0 { value >> 1 } else { -(value >> 1) };
        (count, value, shift) = (count + 1, 0, 0);
    }
    (shift == 0).then_some((fields, count))
}

fn digit(byte: u8) -> Option<i64> {
    Some(i64::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}
