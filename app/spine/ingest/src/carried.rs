//! What a request carries, whatever its door: an envelope, a single event, a report of a browser, a check-in, files.

use std::borrow::Cow;

use crate::envelope::{Envelope, ItemHeader};
use crate::reason::Reason;
use crate::tally::Drops;
use crate::{EventId, Head, Kind, limits};

/// Nothing of it was looked into yet.
#[derive(Debug, Default)]
pub(crate) struct Carried<'a> {
    /// What all its items have in common.
    pub head: Head,
    /// The envelope's own.
    pub event_id: Option<EventId>,
    pub things: Vec<Thing<'a>>,
    /// What is given up already.
    pub drops: Drops,
}

#[derive(Debug)]
pub(crate) struct Thing<'a> {
    pub kind: Kind,
    pub payload: Cow<'a, [u8]>,
    pub filename: Option<String>,
    pub content_type: Option<String>,
    pub attachment_type: Option<String>,
    pub platform: Option<String>,
    /// `false`: the framing had to be mended, so bytes of any kind cannot be trusted.
    pub is_whole: bool,
}

impl<'a> Thing<'a> {
    pub fn new(kind: Kind, payload: impl Into<Cow<'a, [u8]>>) -> Thing<'a> {
        Thing { kind, payload: payload.into(), filename: None, content_type: None, attachment_type: None, platform: None, is_whole: true }
    }
}

/// What counts for nothing that is known.
pub(crate) const UNKNOWN: &str = "unknown";

pub(crate) fn of_envelope(envelope: Envelope<'_>) -> Carried<'_> {
    let header = envelope.header;
    let head = Head { sdk: header.sdk, sent_at: header.sent_at, trace: header.trace, ..Head::default() };
    let event_id = header.event_id.as_deref().and_then(EventId::parse);
    let mut carried = Carried { head, event_id, ..Carried::default() };
    for (passed, reason) in [(envelope.malformed, Reason::Malformed), (envelope.beyond, Reason::TooMany)] {
        if passed.items > 0 {
            carried.drops.drop(UNKNOWN, reason, passed.items, passed.bytes);
        }
    }
    let mut attachments = 0;
    for item in envelope.items {
        let Some(kind) = kind_of(&item.header) else {
            carried.drops.drop(UNKNOWN, Reason::UnknownType, 1, item.payload.len());
            continue;
        };
        attachments += usize::from(kind == Kind::Attachment);
        if kind == Kind::Attachment && attachments > limits::ATTACHMENTS {
            carried.drops.drop(kind.category(), Reason::TooMany, 1, item.payload.len());
            continue;
        }
        carried.things.push(thing(kind, item.header, item.payload, item.is_whole));
    }
    carried
}

fn kind_of(header: &ItemHeader) -> Option<Kind> {
    match (Kind::from_item_type(&header.kind)?, header.attachment_type.as_deref()) {
        (Kind::Attachment, Some("event.minidump")) => Some(Kind::Minidump),
        (kind, _) => Some(kind),
    }
}

fn thing(kind: Kind, header: ItemHeader, payload: &[u8], is_whole: bool) -> Thing<'_> {
    Thing {
        filename: header.filename,
        content_type: header.content_type,
        attachment_type: header.attachment_type,
        platform: header.platform,
        is_whole,
        ..Thing::new(kind, payload)
    }
}
