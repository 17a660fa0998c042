//! When to say that a certificate ends soon: once per threshold of days, and anew for a new certificate.

use kernel::Time;

const THRESHOLDS: [i64; 5] = [21, 14, 7, 3, 1];

/// The threshold to tell of now, if any. `told` is the end of the certificate and the threshold that was told of last.
pub fn due(ends_at: Time, days_left: i64, warn_days: u16, told: Option<(Time, i64)>) -> Option<i64> {
    if days_left < 0 || warn_days == 0 {
        // An expired one is an outage of its own: the check fails.
        return None;
    }
    let reached = THRESHOLDS.into_iter().filter(|threshold| days_left <= *threshold && *threshold <= i64::from(warn_days)).min()?;
    match told {
        Some((end, threshold)) if end == ends_at && threshold <= reached => None,
        _ => Some(reached),
    }
}

/// Is what was told of over, because another certificate is there that ends later?
pub fn is_renewed(ends_at: Time, days_left: i64, told: Option<(Time, i64)>) -> bool {
    days_left >= 0 && told.is_some_and(|(end, _)| ends_at > end)
}
