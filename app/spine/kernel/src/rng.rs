//! Randomness for credentials. The operating system's generator, nothing else.

use ring::rand::{SecureRandom, SystemRandom};

/// `N` unpredictable bytes.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::expect_used, reason = "without the system's randomness no credential may be made; Linux ≥ 3.17 cannot fail here")]
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A number in `0.0..1.0`, for jitter.
pub fn random_fraction() -> f64 {
    f64::from(u32::from_le_bytes(random_bytes())) / (f64::from(u32::MAX) + 1.0)
}
