//! What SDKs say they threw away themselves (`client_report`): the only witness of a loss on the client's side.

use serde_json::Value;

use crate::tally::Drops;

/// Lines of one report that are read.
const LINES: usize = 100;
/// What one line can claim: a report is text of a stranger.
const QUANTITY: u64 = 10_000_000;

/// The lists of a report, and whether we or the SDK named the reason. All of them happened at the client.
const LISTS: [&str; 4] = ["discarded_events", "rate_limited_events", "filtered_events", "filtered_sampling_events"];

/// Adds what the report counts.
pub(crate) fn read(payload: &[u8], drops: &mut Drops) {
    let Ok(report) = serde_json::from_slice::<Value>(payload) else { return };
    let lines = LISTS.iter().filter_map(|list| report.get(list)?.as_array()).flatten().take(LINES);
    for line in lines {
        let word = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default();
        let quantity = line.get("quantity").and_then(Value::as_u64).unwrap_or(0).min(QUANTITY);
        if quantity > 0 {
            drops.discarded(category(word("category")), reason(word("reason")), quantity);
        }
    }
}

/// Only known words: each other one would be a row of its own, and anybody who has the key could make millions.
fn category(word: &str) -> &'static str {
    const KNOWN: [&str; 22] = [
        "default",
        "error",
        "transaction",
        "span",
        "session",
        "attachment",
        "profile",
        "profile_chunk",
        "profile_chunk_ui",
        "replay",
        "monitor",
        "log_item",
        "log_byte",
        "trace_metric",
        "trace_metric_byte",
        "feedback",
        "security",
        "internal",
        "metric_bucket",
        "statsd",
        "user_report_v2",
        "profile_duration",
    ];
    KNOWN.into_iter().find(|known| *known == word).unwrap_or("unknown")
}

fn reason(word: &str) -> &'static str {
    const KNOWN: [&str; 17] = [
        "before_send",
        "before_send_transaction",
        "event_processor",
        "sample_rate",
        "no_parent_span",
        "buffer_overflow",
        "cache_overflow",
        "queue_overflow",
        "insufficient_data",
        "ratelimit_backoff",
        "network_error",
        "send_error",
        "internal_sdk_error",
        "backpressure",
        "ignored",
        "invalid",
        "too_big",
    ];
    KNOWN.into_iter().find(|known| *known == word).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_it_knows_and_gathers_the_rest() {
        let mut drops = Drops::default();
        read(
            br#"{"discarded_events":[{"reason":"sample_rate","category":"transaction","quantity":3},
               {"reason":"x'; drop table","category":"??","quantity":18446744073709551615},{"reason":"before_send","category":"error","quantity":0},
               {"category":"error","quantity":"many"},7]}"#,
            &mut drops,
        );
        let told: Vec<_> = drops.iter().map(|(line, sum)| (line.category, line.is_ours, line.reason, sum.quantity)).collect();
        assert_eq!(told, [("transaction", false, "sample_rate", 3), ("unknown", false, "other", QUANTITY)]);
        read(b"[not json", &mut drops);
    }
}
