//! What an answer says about trying again: which codes are worth it, and how long the other side asks to wait.

use std::time::Duration;

use http::header::RETRY_AFTER;
use kernel::Time;

use super::Answer;

/// The longest wait that is honoured: a typo in a header must not park a delivery for a year.
const LONGEST: Duration = Duration::from_secs(86_400);

/// Codes after which the same request may succeed later: timeouts, too early, too many, and the server's own trouble.
pub fn is_worth_retrying(code: u16) -> bool {
    matches!(code, 408 | 425 | 429) || code >= 500
}

/// How long the answer asks to wait. Where several say so the longest wins: coming back too early is what gets a sender banned.
///
/// Read are `Retry-After` (seconds or an HTTP date, hence `now`), Discord's `retry_after` (seconds with fractions) and
/// `X-RateLimit-Reset-After` on a 429, Telegram's `parameters.retry_after`.
pub fn retry_after(answer: &Answer, now: Time) -> Option<Duration> {
    let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
    let standard = header(RETRY_AFTER.as_str()).and_then(|text| seconds(text).or_else(|| until(text, now)));
    let (mut reset, mut body) = (None, None);
    if answer.code == 429 {
        reset = header("x-ratelimit-reset-after").and_then(seconds);
        let json = answer.json();
        let number = json.get("retry_after").or_else(|| json.pointer("/parameters/retry_after"));
        body = number.and_then(|value| value.as_f64()).and_then(from_secs);
    }
    [standard, reset, body].into_iter().flatten().max().map(|wait| wait.min(LONGEST))
}

fn seconds(text: &str) -> Option<Duration> {
    from_secs(text.trim().parse::<f64>().ok()?)
}

/// Rounded up to the millisecond, so that a fraction never means too early.
fn from_secs(seconds: f64) -> Option<Duration> {
    let wait = Duration::try_from_secs_f64(seconds).ok()?;
    Some(Duration::from_millis(u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)))
}

fn until(text: &str, now: Time) -> Option<Duration> {
    let date = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    Some(Time::from(date.timestamp()).since(now))
}
