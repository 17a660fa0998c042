//! When to try again. Pure.

use std::time::Duration;

/// Pauses between attempts of a delivery; after these it is hourly until a day has passed since it was posted.
const DELIVERY_PAUSES_S: [u64; 7] = [5, 15, 45, 120, 300, 900, 1_800];
const DELIVERY_AGE: Duration = Duration::from_secs(24 * 3_600);

/// A receiver may ask for a longer pause; longer than this it is asked again all the same.
const LONGEST_WISH: Duration = Duration::from_secs(3_600);

const JOB_PAUSES_S: [u64; 8] = [5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600];
/// A lane's later jobs wait for the failing one: it gives up within a minute and a half.
const LANE_PAUSES_S: [u64; 4] = [1, 5, 20, 60];

/// The pause after the `attempts`-th failed attempt (1 = the first), or `None` when the delivery is to be given up.
/// `spread` in 0.0..1.0 becomes ±20 % of jitter; `wish` is the receiver's Retry-After.
pub fn delivery_pause(attempts: u32, age: Duration, wish: Option<Duration>, spread: f64) -> Option<Duration> {
    if age >= DELIVERY_AGE {
        return None;
    }
    let index = attempts.saturating_sub(1) as usize;
    let base = Duration::from_secs(DELIVERY_PAUSES_S.get(index).copied().unwrap_or(3_600));
    let pause = base.mul_f64(0.8 + 0.4 * spread.clamp(0.0, 1.0));
    Some(wish.map_or(pause, |wish| pause.max(wish.min(LONGEST_WISH))))
}

/// The pause after the `attempts`-th failed run of a job, or `None` when it is dead.
pub fn job_pause(attempts: u32, is_in_lane: bool) -> Option<Duration> {
    let pauses: &[u64] = if is_in_lane { &LANE_PAUSES_S } else { &JOB_PAUSES_S };
    pauses.get(attempts.saturating_sub(1) as usize).map(|seconds| Duration::from_secs(*seconds))
}
