//! The six digits an authenticator app shows: RFC 6238 with SHA-1 and 30 seconds, as every app does it.

use kernel::Time;
use ring::hmac;

/// The code for a secret in base 32 at a moment; None when the secret is not base 32.
pub fn code(secret: &str, now: Time) -> Option<String> {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &base32(secret)?);
    let step = u64::try_from(now.millis() / 30_000).ok()?;
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let digest = tag.as_ref();
    let offset = usize::from(digest.last()? & 0x0f);
    let four: [u8; 4] = digest.get(offset..offset + 4)?.try_into().ok()?;
    Some(format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000))
}

fn base32(text: &str) -> Option<Vec<u8>> {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut bytes = Vec::new();
    let (mut held, mut bits) = (0_u32, 0_u32);
    for letter in text.bytes().filter(|letter| !matches!(letter, b' ' | b'-' | b'=')) {
        let value = LETTERS.iter().position(|known| *known == letter.to_ascii_uppercase())?;
        held = (held << 5) | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_vectors_of_rfc_6238() {
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!(code(secret, Time(59_000)).as_deref(), Some("287082"));
        assert_eq!(code(secret, Time(1_111_111_109_000)).as_deref(), Some("081804"));
        assert_eq!(code(secret, Time(20_000_000_000_000)).as_deref(), Some("353130"));
        assert_eq!(code("not base 32!", Time(0)), None);
    }
}
