//! When something happened, whatever way it was written and however wrong the program's clock is.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use kernel::Time;
use kernel::time::MINUTE;
use serde_json::Value;
use std::time::Duration;

/// A clock that is further off than this is corrected by when the SDK says it sent the event; a message that was kept for a while has
/// both times from the same wrong clock.
const DRIFT: Duration = Duration::from_secs(55 * 60);
/// What is older did not happen then: a clock that starts in 1970, mostly.
const OLDEST: Duration = Duration::from_secs(30 * 86_400);

/// Seconds (or, by their size, milli-, micro- or nanoseconds) since 1970, or a date with or without zone.
pub fn parse(value: &Value) -> Option<Time> {
    match value {
        Value::Number(number) => number.as_f64().and_then(of_number),
        Value::String(text) => of_text(text.trim()),
        _ => None,
    }
}

fn of_number(number: f64) -> Option<Time> {
    let millis = match number.abs() {
        size if !size.is_finite() => return None,
        size if size < 1e11 => number * 1_000.0,
        size if size < 1e14 => number,
        size if size < 1e17 => number / 1_000.0,
        _ => number / 1_000_000.0,
    };
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates; what is out of range is out of any window below")]
    Some(Time(millis.round() as i64))
}

fn of_text(text: &str) -> Option<Time> {
    if let Ok(stamp) = text.parse::<Timestamp>() {
        return Some(stamp.into());
    }
    if let Ok(number) = text.parse::<f64>() {
        return of_number(number);
    }
    let civil: DateTime = text.parse().ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp().into())
}

/// The time of an event by our clock: shifted where the program's clock is off, never in the future, never absurdly old.
pub fn event_time(said: Option<Time>, sent_at: Option<Time>, received_at: Time) -> Time {
    let Some(said) = said else { return received_at };
    let off = sent_at.map_or(0, |sent_at| received_at.0.saturating_sub(sent_at.0));
    let shifted =
        if off.unsigned_abs() > u64::try_from(DRIFT.as_millis()).unwrap_or(u64::MAX) { Time(said.0.saturating_add(off)) } else { said };
    if shifted > received_at + MINUTE || shifted < received_at - OLDEST { received_at } else { shifted.min(received_at) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn all_ways_to_write_a_time_are_read() {
        let wanted = Time(1_795_425_190_885);
        for way in [
            json!(1_795_425_190.885),
            json!("1795425190.885"),
            json!(1_795_425_190_885_i64),
            json!(1_795_425_190_885_000_i64),
            json!(1_795_425_190_885_000_000_i64),
            json!("2026-11-23T09:13:10.885Z"),
            json!("2026-11-23T09:13:10.885000123Z"),
            json!("2026-11-23T10:13:10.885+01:00"),
            json!("2026-11-23T09:13:10.885"),
            json!("2026-11-23 09:13:10.885"),
        ] {
            assert_eq!(parse(&way), Some(wanted), "{way}");
        }
        for nonsense in [json!("soon"), json!(null), json!([1]), json!(""), json!("1e400")] {
            assert_eq!(parse(&nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn a_wrong_clock_is_corrected_and_a_right_one_left_alone() {
        let (now, hour) = (Time(1_795_425_190_000), 3_600_000);
        let at = |ago: i64| Some(Time(now.0 - ago));
        let time = |said: Option<Time>, sent: Option<Time>| event_time(said, sent, now).0 - now.0;
        assert_eq!(time(at(5_000), at(1_000)), -5_000, "as it says");
        assert_eq!(time(at(2 * hour + 5_000), at(2 * hour)), -5_000, "its clock is two hours slow");
        assert_eq!(time(at(-2 * hour), at(-2 * hour - 3_000)), -3_000, "its clock is two hours fast");
        assert_eq!(time(at(10 * hour), at(0)), -10 * hour, "kept by a phone that was offline");
        assert_eq!(time(at(-30_000), None), 0, "a little fast");
        assert_eq!(time(Some(Time(0)), None), 0, "1970");
        assert_eq!(time(at(31 * 24 * hour), None), 0, "too old to be true");
        assert_eq!(time(None, None), 0);
        assert_eq!(event_time(Some(Time(i64::MAX)), Some(Time(i64::MIN)), now), now);
    }
}
