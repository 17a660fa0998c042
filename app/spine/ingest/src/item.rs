//! One reported thing, on its way into the log and out of it.

use kernel::ids::{DsnKeyId, ProjectId};
use kernel::{Result, Time};
use serde::{Deserialize, Serialize};
use std::fmt;

use crate::{Kind, pack};

/// What an SDK calls an event id: 128 bits, written as 32 hexadecimal digits without dashes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub [u8; 16]);

impl EventId {
    pub fn random() -> EventId {
        EventId(kernel::rng::random_bytes())
    }

    /// With or without dashes, in any case. `None`: not an id; all zeros is none either.
    pub fn parse(text: &str) -> Option<EventId> {
        let id = uuid::Uuid::try_parse(text.trim()).ok()?;
        (!id.is_nil()).then(|| EventId(id.into_bytes()))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The envelope's `trace` header: what the SDK knew of the trace when it sent the envelope. It can be stale.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TraceHead {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// 0–1: each sampled trace stands for `1 / rate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
}

/// What is known of an item besides its payload: from the request, the envelope and the item's own header.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Head {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<DsnKeyId>,
    /// `sentry.python/2.75.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdk: Option<String>,
    /// When the SDK says it sent this, by its own clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Time>,
    /// The client's address, where the project keeps addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceHead>,
    /// Of attachments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachment_type: Option<String>,
    /// Of profile chunks and other items whose header says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
}

/// An item that is to be kept: scrubbed and packed already.
#[derive(Debug, Clone)]
pub struct NewItem {
    pub project: ProjectId,
    pub kind: Kind,
    pub event_id: Option<EventId>,
    pub head: Head,
    pub payload: pack::Packed,
    /// How many things it counts for: spans or lines of a container, 1 otherwise.
    pub quantity: u64,
}

/// An item of the log.
#[derive(Debug, Clone)]
pub struct Item {
    /// In the order of commits.
    pub id: i64,
    pub project: ProjectId,
    pub kind: Kind,
    pub received_at: Time,
    pub event_id: Option<EventId>,
    pub head: Head,
    pub(crate) payload: pack::Packed,
}

impl Item {
    /// The scrubbed payload as it came, mostly JSON.
    pub fn payload(&self) -> Result<Vec<u8>> {
        pack::unpack(&self.payload)
    }

    /// How many bytes it takes up in the log.
    pub fn stored_bytes(&self) -> usize {
        self.payload.bytes.len()
    }

    /// An item as a digest would read it, for tests of what is made of it.
    pub fn sample(id: i64, project: ProjectId, kind: Kind, received_at: Time, payload: &[u8]) -> Item {
        Item { id, project, kind, received_at, event_id: None, head: Head::default(), payload: pack::pack(payload) }
    }
}
