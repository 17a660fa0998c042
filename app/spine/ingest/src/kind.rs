//! What can be reported, and how the wire calls it.

/// The kind of one reported item. The code is stored; never give one to another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An error or message.
    Event,
    /// A segment with its spans, as SDKs before span v2 send it.
    Transaction,
    /// A container of spans (v2).
    Spans,
    /// A container of log lines.
    Logs,
    /// One update of one session.
    Session,
    /// Sessions counted by the SDK.
    Sessions,
    /// A job that begins or ends.
    CheckIn,
    Feedback,
    /// Feedback in its older form.
    UserReport,
    Attachment,
    Minidump,
    /// A browser's report on a policy: CSP, NEL and their like.
    Security,
    /// What the SDK itself threw away.
    ClientReport,
    Profile,
    ProfileChunk,
    ReplayEvent,
    ReplayRecording,
    ReplayVideo,
    /// A container of measurements.
    Metrics,
    /// What contacts did, as analytics SDKs tell it: a container.
    Actions,
}

impl Kind {
    pub const ALL: [Kind; 20] = [
        Kind::Event,
        Kind::Transaction,
        Kind::Spans,
        Kind::Logs,
        Kind::Session,
        Kind::Sessions,
        Kind::CheckIn,
        Kind::Feedback,
        Kind::UserReport,
        Kind::Attachment,
        Kind::Minidump,
        Kind::Security,
        Kind::ClientReport,
        Kind::Profile,
        Kind::ProfileChunk,
        Kind::ReplayEvent,
        Kind::ReplayRecording,
        Kind::ReplayVideo,
        Kind::Metrics,
        Kind::Actions,
    ];

    /// As it is stored.
    pub fn code(self) -> i64 {
        match self {
            Kind::Event => 1,
            Kind::Transaction => 2,
            Kind::Spans => 3,
            Kind::Logs => 4,
            Kind::Session => 5,
            Kind::Sessions => 6,
            Kind::CheckIn => 7,
            Kind::Feedback => 8,
            Kind::UserReport => 9,
            Kind::Attachment => 10,
            Kind::Minidump => 11,
            Kind::Security => 12,
            Kind::ClientReport => 13,
            Kind::Profile => 14,
            Kind::ProfileChunk => 15,
            Kind::ReplayEvent => 16,
            Kind::ReplayRecording => 17,
            Kind::ReplayVideo => 18,
            Kind::Metrics => 19,
            Kind::Actions => 20,
        }
    }

    pub fn from_code(code: i64) -> Option<Kind> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// From an envelope item's `type`. `None`: a type this version does not know.
    pub fn from_item_type(text: &str) -> Option<Kind> {
        Some(match text {
            "event" => Kind::Event,
            "transaction" => Kind::Transaction,
            "span" => Kind::Spans,
            "log" => Kind::Logs,
            "session" => Kind::Session,
            "sessions" => Kind::Sessions,
            "check_in" => Kind::CheckIn,
            "feedback" => Kind::Feedback,
            "user_report" => Kind::UserReport,
            "attachment" => Kind::Attachment,
            "raw_security" | "nel" => Kind::Security,
            "client_report" => Kind::ClientReport,
            "profile" => Kind::Profile,
            "profile_chunk" => Kind::ProfileChunk,
            "replay_event" => Kind::ReplayEvent,
            "replay_recording" => Kind::ReplayRecording,
            "replay_video" => Kind::ReplayVideo,
            "trace_metric" => Kind::Metrics,
            _ => return None,
        })
    }

    /// The data category of rate limits and outcomes, as SDKs spell it.
    pub const fn category(self) -> &'static str {
        match self {
            Kind::Event => "error",
            Kind::Transaction => "transaction",
            Kind::Spans => "span",
            Kind::Logs => "log_item",
            Kind::Session | Kind::Sessions => "session",
            Kind::CheckIn => "monitor",
            Kind::Feedback => "feedback",
            Kind::UserReport => "default",
            Kind::Attachment | Kind::Minidump => "attachment",
            Kind::Security => "security",
            Kind::ClientReport => "internal",
            Kind::Profile | Kind::ProfileChunk => "profile",
            Kind::ReplayEvent | Kind::ReplayRecording | Kind::ReplayVideo => "replay",
            Kind::Metrics => "trace_metric",
            Kind::Actions => "action",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_code_of_its_own_that_finds_it_again() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_code(kind.code()), Some(kind));
        }
        let codes: std::collections::BTreeSet<i64> = Kind::ALL.into_iter().map(Kind::code).collect();
        assert_eq!(codes.len(), Kind::ALL.len());
    }
}
