//! Sizes: what one request, one envelope and one item may have. Those of Sentry's relay, with attachments and envelopes cut to what one
//! small machine can hold.

use crate::Kind;

/// Of a request as it comes, and of an envelope once it is unpacked.
pub const ENVELOPE: usize = 25 << 20;
/// The line that begins an envelope or an item.
pub const HEADER_LINE: usize = 32 << 10;
/// Items of one envelope.
pub const ITEMS: usize = 1_024;
/// Attachments of one envelope.
pub const ATTACHMENTS: usize = 30;
/// Spans, lines or measurements of one container. SDKs send at most 1,000.
pub const ENTRIES: usize = 10_000;

/// Messages of one request to the doors of Segment and RudderStack; their SDKs send at most 100.
pub const MESSAGES: usize = 2_500;
/// Of one action, without what is not kept of it.
pub const ACTION: usize = 32 << 10;
/// Of one message as it comes: beyond it nothing is looked for in it.
pub const MESSAGE: usize = 1 << 20;

/// Of one item's payload.
pub fn payload(kind: Kind) -> usize {
    match kind {
        Kind::Event | Kind::Transaction | Kind::Feedback | Kind::Security | Kind::ReplayEvent => 1 << 20,
        // Looking through JSON takes some times its bytes: no kind of it fills an envelope.
        Kind::Spans | Kind::Logs | Kind::Metrics | Kind::Profile | Kind::ProfileChunk => 12 << 20,
        Kind::Session | Kind::Sessions => 10 << 20,
        Kind::Actions => 4 << 20,
        Kind::CheckIn | Kind::UserReport | Kind::ClientReport => 100 << 10,
        // SDKs stop recording at 20 MB, which those without a worker send as it is.
        Kind::Attachment | Kind::Minidump | Kind::ReplayRecording | Kind::ReplayVideo => 20 << 20,
    }
}

/// Whether the payload must be JSON; the others are bytes of any kind.
pub fn is_json(kind: Kind) -> bool {
    !matches!(kind, Kind::Attachment | Kind::Minidump | Kind::ReplayRecording | Kind::ReplayVideo)
}

/// Whether the payload is a list of things that are counted one by one.
pub fn is_container(kind: Kind) -> bool {
    matches!(kind, Kind::Spans | Kind::Logs | Kind::Metrics | Kind::Actions)
}
