//! Far more events than an issue usually has, told without being fooled by a single earlier burst.

/// Hours of the last seven days, oldest first, the one to judge not among them.
pub const HOURS: usize = 7 * 24;

/// Below this nothing is a spike: twelve instead of two an hour wake nobody.
pub const LEAST: u64 = 30;
/// How many times the usual.
const FACTOR: f64 = 5.0;
/// Calm again below so many times the usual.
const CALM_FACTOR: f64 = 2.0;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// `usual`: events per hour.
    Spiking {
        usual: f64,
    },
    Calm,
    /// Neither: whatever was, stays.
    Between,
}

/// `before`: events per hour before the one that had `now`, oldest first; hours before the issue was first seen are not in it.
pub fn judge(before: &[u64], now: u64) -> Verdict {
    // What happened within a day of its first event is told as a new issue.
    if before.len() < 24 {
        return Verdict::Calm;
    }
    let usual = usual(before);
    let count = count(now);
    if now >= LEAST && count > usual * FACTOR {
        Verdict::Spiking { usual }
    } else if now < LEAST || count < usual * CALM_FACTOR {
        Verdict::Calm
    } else {
        Verdict::Between
    }
}

/// The greater of two medians: that of the same time of day on the days before (of each the busiest of three hours, since rush hours move),
/// and that of the last day. The first knows that noon is busy, the second that this week is.
pub fn usual(before: &[u64]) -> f64 {
    let newest_first: Vec<u64> = before.iter().rev().copied().take(HOURS).collect();
    // The newest is one hour ago: the same time a day ago is at 23, and the hours around it at 22 and 24.
    let same_time = (1..=HOURS / 24).filter_map(|day| {
        let hour = day * 24 - 1;
        newest_first.get(hour - 1..(hour + 2).min(newest_first.len()))?.iter().max().copied()
    });
    median(same_time.collect()).max(median(newest_first.iter().copied().take(24).collect()))
}

fn median(mut counts: Vec<u64>) -> f64 {
    if counts.is_empty() {
        return 0.0;
    }
    counts.sort_unstable();
    let middle = counts.len() / 2;
    if counts.len() % 2 == 1 { count(counts[middle]) } else { f64::midpoint(count(counts[middle - 1]), count(counts[middle])) }
}

#[expect(clippy::cast_precision_loss, reason = "events of an hour are far below 2^52")]
fn count(events: u64) -> f64 {
    events as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_far_above_the_usual_is_a_spike() {
        let quiet = vec![0; 168];
        let steady = vec![20; 168];
        let noisy: Vec<u64> = (0..168).map(|hour| if hour % 24 == 12 { 300 } else { 10 }).collect();
        let burst_before: Vec<u64> = (0..168).map(|hour| if hour == 150 { 5_000 } else { 2 }).collect();
        assert_eq!(judge(&quiet, 29), Verdict::Calm, "too few to wake anybody");
        assert_eq!(judge(&quiet, 30), Verdict::Spiking { usual: 0.0 });
        assert_eq!(judge(&steady, 100), Verdict::Between);
        assert_eq!(judge(&steady, 101), Verdict::Spiking { usual: 20.0 });
        assert_eq!(judge(&steady, 39), Verdict::Calm);
        assert_eq!(judge(&burst_before, 60), Verdict::Spiking { usual: 2.0 }, "one burst does not make the next one usual");
        // The hour to judge follows the last of `noisy`, whose index is 167: it is hour 168 % 24 = 0.
        assert!(matches!(judge(&noisy, 60), Verdict::Spiking { .. }));
        assert!(matches!(judge(&noisy[..156], 320), Verdict::Between | Verdict::Calm), "noon is busy every day");
        assert_eq!(judge(&[0; 23], 10_000), Verdict::Calm, "an issue of today is told as a new one");
    }
}
