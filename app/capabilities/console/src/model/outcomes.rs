//! What became of what programs reported, in words: categories, reasons, what a person can do.

use frontend::Tone;
use ingest::store::{Outcome, OutcomeRow};

/// A reason as a person reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Explained {
    pub title: &'static str,
    pub means: &'static str,
    /// Empty when nothing is to be done.
    pub advice: &'static str,
    pub tone: Tone,
}

const fn said(tone: Tone, title: &'static str, means: &'static str, advice: &'static str) -> Explained {
    Explained { title, means, advice, tone }
}

/// The wire's data category in words.
pub(crate) fn category(category: &str) -> &str {
    match category {
        "error" => "Errors",
        "transaction" => "Traced requests",
        "span" | "span_indexed" => "Spans",
        "log_item" => "Log lines",
        "log_byte" => "Bytes of log lines",
        "session" => "Session updates",
        "monitor" => "Check-ins of jobs",
        "feedback" => "Feedback",
        "default" | "user_report_v2" => "Comments on errors",
        "attachment" => "Attachments",
        "security" => "Policy reports of browsers",
        "internal" => "Reports of SDKs about themselves",
        "profile" | "profile_chunk" | "profile_chunk_ui" | "profile_duration" => "Profiles",
        "replay" => "Replay recordings",
        "action" => "Actions of contacts",
        "trace_metric" => "Measurements",
        "trace_metric_byte" => "Bytes of measurements",
        "metric_bucket" | "statsd" => "Older measurements",
        "unknown" => "Of an unknown kind",
        other => other,
    }
}

/// Categories that repeat in bytes what another one counts in pieces: adding them up would count things twice.
pub(crate) fn is_bytes(category: &str) -> bool {
    category.ends_with("_byte")
}

/// Why it did not come in, and what can be done. A reason nobody here knows is shown as the SDK wrote it.
pub(crate) fn explain(outcome: Outcome, reason: &str) -> Explained {
    match outcome {
        Outcome::Accepted => said(Tone::Good, "Accepted", "Stored and shown.", ""),
        Outcome::Dropped => dropped(reason),
        Outcome::Discarded => discarded(reason),
    }
}

fn dropped(reason: &str) -> Explained {
    match reason {
        "rate_limited" => said(
            Tone::Warn,
            "Over the rate limit",
            "More came in a minute than the key or the instance takes; the SDK was told when to go on.",
            "Raise the limit of the key, or find out what reports so much.",
        ),
        "too_large" => said(
            Tone::Warn,
            "Too large",
            "It was larger than what is taken of its kind: 1 MiB for an error, 20 MiB for an attachment.",
            "Send less of it: shorter values, fewer local variables, smaller files.",
        ),
        "malformed" => said(
            Tone::Warn,
            "Not readable",
            "It was not what its type says: broken JSON, a wrong frame, missing fields.",
            "Update the SDK. If something of yours stands between it and this instance, look there.",
        ),
        "unknown_type" => said(
            Tone::Info,
            "Not known here",
            "The SDK sends a type of data that this version does not store.",
            "Nothing is lost that could be shown. A newer version of this instance may know it.",
        ),
        "duplicate" => said(Tone::Neutral, "Sent twice", "The same id came again within two days; the first one is kept.", ""),
        "replay_deleted" => said(
            Tone::Neutral,
            "Of a deleted replay",
            "Its replay was deleted, or had left for age or space, while the tab was still open.",
            "Nothing; if you deleted none, raise the days or the space in the settings of replays.",
        ),
        "origin" => said(
            Tone::Warn,
            "From another web site",
            "A browser reported from an origin that is not among the allowed ones.",
            "Add the origin in the project's settings if it is yours.",
        ),
        "key_off" => said(
            Tone::Warn,
            "The key is off",
            "The program shows a key that was switched off.",
            "Give it the DSN of a key that is on, or switch the key on again.",
        ),
        "overloaded" => said(
            Tone::Bad,
            "Too much at once",
            "The instance had more to read than it could; the SDK was asked to come back.",
            "If this happens often, sample in the SDK or give the machine more.",
        ),
        "disk_full" => said(
            Tone::Bad,
            "The disk was full",
            "Observations are refused before the last space is gone, so that the rest keeps working.",
            "Make room: shorten retention under Settings, or give the machine a larger disk.",
        ),
        "failed" => said(
            Tone::Bad,
            "It went wrong here",
            "The instance made a mistake while it took this; the SDK was told that it failed.",
            "The log of the instance says what went wrong. Please report it to the makers with that line.",
        ),
        "too_many" => said(
            Tone::Warn,
            "Too many at once",
            "One envelope held more parts, or one container more entries, than are taken: 1,024 and 10,000.",
            "Send smaller batches; the SDKs do so by themselves.",
        ),
        "unknown_key" => said(
            Tone::Warn,
            "A key of nobody",
            "The program shows a key that this project does not have: mistyped, deleted, or of another project.",
            "Give it a DSN of this project. The log of the instance shows the one that came.",
        ),
        "undigestible" => said(
            Tone::Bad,
            "Could not be worked out",
            "It was stored, but what it means could not be worked out; it is passed over.",
            "The log of the instance says why. Please report it to the makers with that line.",
        ),
        _ => dropped_one_kind(reason),
    }
}

/// Of sessions and the releases they name, and of what contacts do.
fn dropped_one_kind(reason: &str) -> Explained {
    match reason {
        "invalid_session" => said(
            Tone::Warn,
            "No session",
            "It came as an update of a session and is none: another shape, or counts that cannot be read.",
            "Update the SDK. If you send sessions by hand, compare them with what an SDK sends.",
        ),
        "session_without_release" => said(
            Tone::Warn,
            "A session of no release",
            "Health is counted by release, and this session names none, or a name that cannot be one.",
            "Give release to the init of the SDK: one line, at most 200 characters.",
        ),
        "session_too_old" => said(
            Tone::Neutral,
            "A session of long ago",
            "It began more than five days before it came: a device that was offline, or a wrong clock.",
            "Nothing, unless there are many of them: then look at the clocks of your devices.",
        ),
        "too_many_releases" => said(
            Tone::Warn,
            "Too many new releases",
            "The program names new releases faster than anybody deploys: each start or each user, probably.",
            "Give release the version of the program, the same for everybody who runs it.",
        ),
        "bot" => said(
            Tone::Info,
            "Not a person",
            "A program that only reads pages, such as a search engine's, sent this; it counts for nobody.",
            "Nothing; what people do is counted without it.",
        ),
        "nobody" => said(
            Tone::Warn,
            "Of nobody",
            "It names neither a user nor a visitor, or one as broken programs name everybody: undefined, null, anonymous.",
            "Look where your program identifies people: the id it gives is empty there.",
        ),
        "opted_out" => said(
            Tone::Info,
            "Asked not to be followed",
            "The browser sends Global Privacy Control or Do Not Track; only this count is kept.",
            "Nothing; whom this covers is set under Settings, What programs report.",
        ),
        _ => said(Tone::Warn, "Another reason", "This version has no words for it.", ""),
    }
}

fn discarded(reason: &str) -> Explained {
    match reason {
        "sample_rate" => said(
            Tone::Neutral,
            "Sampled away",
            "The SDK sends only the share that its sample rate says.",
            "Raise the sample rate if you want to see more.",
        ),
        "before_send" | "before_send_transaction" | "event_processor" => said(
            Tone::Neutral,
            "Filtered by your code",
            "A hook of yours (beforeSend, an event processor) or the SDK's own filter threw it away.",
            "",
        ),
        "ignored" => said(Tone::Neutral, "On the ignore list", "The SDK was told to ignore it.", ""),
        "ratelimit_backoff" => said(
            Tone::Warn,
            "Waiting for the rate limit",
            "The SDK was told to slow down and threw it away meanwhile.",
            "Raise the limit of the key, or find out what reports so much.",
        ),
        "queue_overflow" | "buffer_overflow" | "cache_overflow" => said(
            Tone::Warn,
            "The SDK's queue was full",
            "More happened at once than the SDK keeps while it sends.",
            "Usually one burst. If it lasts, sample, or look whether this instance answers slowly.",
        ),
        "network_error" => said(
            Tone::Bad,
            "Could not be sent",
            "The SDK did not reach this instance: network, name resolution, certificate, or a blocker in the browser.",
            "Reach this instance under your own domain, and check the address in the DSN.",
        ),
        "send_error" => said(
            Tone::Bad,
            "Refused when sent",
            "The SDK sent it and got an error for an answer.",
            "See what was dropped here at that time: mostly too large, or not readable.",
        ),
        "no_parent_span" => said(
            Tone::Neutral,
            "Outside of a trace",
            "A span that began where nothing was traced; the SDK sends none without a parent.",
            "",
        ),
        "insufficient_data" => said(Tone::Neutral, "Nothing to tell", "A profile or recording with too little in it to be of use.", ""),
        "backpressure" => said(
            Tone::Warn,
            "Slowed down by itself",
            "The SDK sampled less because its queue was filling or a rate limit held.",
            "Raise the limit of the key, or sample less from the start.",
        ),
        "too_big" => said(
            Tone::Warn,
            "Too large to send",
            "The SDK knew that it would not be taken.",
            "Send less of it: smaller attachments, shorter values.",
        ),
        "internal_sdk_error" | "invalid" => {
            said(Tone::Warn, "The SDK failed", "The SDK could not make of it what it wanted to send.", "Update the SDK.")
        }
        _ => said(Tone::Info, "Another reason", "The SDK gives it in its own word.", ""),
    }
}

/// How much came to each outcome; bytes are left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub accepted: u64,
    pub dropped: u64,
    pub discarded: u64,
}

impl Totals {
    pub fn add(&mut self, outcome: Outcome, quantity: u64) {
        match outcome {
            Outcome::Accepted => self.accepted += quantity,
            Outcome::Dropped => self.dropped += quantity,
            Outcome::Discarded => self.discarded += quantity,
        }
    }
}

/// One category with all that became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CategoryRow {
    pub category: String,
    pub totals: Totals,
    /// As they are stored: packed.
    pub bytes: u64,
}

/// Summed up by category, the most frequent first.
pub(crate) fn by_category(rows: &[OutcomeRow]) -> Vec<CategoryRow> {
    let mut found: Vec<CategoryRow> = Vec::new();
    for row in rows {
        let known = found.iter().position(|one| one.category == row.category);
        let at = known.unwrap_or_else(|| {
            found.push(CategoryRow { category: row.category.clone(), totals: Totals::default(), bytes: 0 });
            found.len() - 1
        });
        found[at].totals.add(row.outcome, row.quantity);
        if row.outcome == Outcome::Accepted {
            found[at].bytes += row.bytes;
        }
    }
    found.sort_by_key(|row| std::cmp::Reverse(row.totals.accepted + row.totals.dropped + row.totals.discarded));
    found
}

/// All of it but what counts bytes.
pub(crate) fn totals(rows: &[OutcomeRow]) -> Totals {
    let mut totals = Totals::default();
    for row in rows.iter().filter(|row| !is_bytes(&row.category)) {
        totals.add(row.outcome, row.quantity);
    }
    totals
}

/// What was not taken, summed up over projects: (outcome, category, reason, how many), the most frequent first.
pub(crate) fn losses(rows: &[OutcomeRow]) -> Vec<(Outcome, String, String, u64)> {
    let mut found: Vec<(Outcome, String, String, u64)> = Vec::new();
    for row in rows.iter().filter(|row| row.outcome != Outcome::Accepted) {
        let is_same = |one: &&mut (Outcome, String, String, u64)| one.0 == row.outcome && one.1 == row.category && one.2 == row.reason;
        match found.iter_mut().find(is_same) {
            Some(one) => one.3 += row.quantity,
            None => found.push((row.outcome, row.category.clone(), row.reason.clone(), row.quantity)),
        }
    }
    found.sort_by_key(|one| std::cmp::Reverse(one.3));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_of_the_door_has_words_and_an_act_of_its_own() {
        let unknown = explain(Outcome::Dropped, "something new");
        // The words of the digests, as they are stored; their own tests hold them.
        let later =
            ["undigestible", "invalid_session", "session_without_release", "session_too_old", "too_many_releases", "replay_deleted"];
        for reason in ingest::Reason::ALL.map(ingest::Reason::as_str).into_iter().chain(later) {
            let explained = explain(Outcome::Dropped, reason);
            assert_ne!(explained.title, unknown.title, "{reason}");
            assert!(!explained.advice.is_empty() || reason == "duplicate", "{reason} leaves the person alone");
        }
    }

    #[test]
    fn bytes_are_never_added_to_items() {
        let row = |category: &str, quantity| OutcomeRow {
            project: kernel::ids::ProjectId(1),
            category: category.into(),
            outcome: Outcome::Dropped,
            reason: "rate_limited".into(),
            quantity,
            bytes: 0,
        };
        assert_eq!(totals(&[row("log_item", 3), row("log_byte", 9_000)]), Totals { dropped: 3, ..Totals::default() });
        let listed = losses(&[row("log_item", 3), row("log_byte", 9_000), row("log_item", 4)]);
        assert_eq!(listed.iter().map(|one| (one.1.as_str(), one.3)).collect::<Vec<_>>(), [("log_byte", 9_000), ("log_item", 7)]);
    }
}
