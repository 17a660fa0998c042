//! When something happened, whatever the client's clock says.

use kernel::Time;

/// What is known of a moment, in milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// By the client's clock.
    pub at: Option<i64>,
    /// When it was sent, by the same clock.
    pub sent_at: Option<i64>,
    pub received_at: Time,
}

/// Segment's rule: a clock is as wrong as it was when it sent. Nothing happens after it was told of.
pub fn when(moment: &Moment) -> Time {
    let Moment { at, sent_at, received_at } = *moment;
    let Some(at) = at else { return received_at };
    let skew = sent_at.map_or(0, |sent_at| received_at.0.saturating_sub(sent_at));
    Time(at.saturating_add(skew)).min(received_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_clock_is_as_wrong_as_it_was_when_it_sent() {
        let received_at = Time(1_000_000);
        let when = |at, sent_at| when(&Moment { at, sent_at, received_at }).0;
        assert_eq!(when(Some(990_000), Some(1_000_000)), 990_000);
        assert_eq!(when(Some(90_000), Some(100_000)), 990_000, "a clock that is late");
        assert_eq!(when(Some(5_990_000), Some(6_000_000)), 990_000, "a clock that is early");
        assert_eq!(when(Some(5_990_000), None), 1_000_000, "nothing happens after it was told of");
        assert_eq!(when(Some(900_000), None), 900_000, "told late");
        assert_eq!(when(None, Some(900_000)), 1_000_000);
        assert_eq!(when(Some(i64::MAX), Some(i64::MIN)), 1_000_000);
    }
}
