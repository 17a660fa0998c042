//! Deliveries: the outbox. Posted in the transaction that caused them, sent later, at least once, in order per destination.

use db::Tx;
use kernel::ids::DeliveryId;
use kernel::{Result, Time};
use serde_json::Value;
use std::time::Duration;

use crate::{TOPIC, store};

#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// Whom it goes to, such as `alerts.channel:3`. One at a time and in order per destination.
    pub destination: String,
    /// The registered sender that knows how, such as `alerts.send`.
    pub sender: &'static str,
    /// The idempotency key: a second post of the same key changes nothing; every attempt carries it.
    pub key: String,
    /// One line for the page "Deliveries".
    pub subject: String,
    pub payload: Value,
    /// `None`: as soon as possible.
    pub run_at: Option<Time>,
}

/// `None` when this key was posted before.
pub fn post(tx: &mut Tx<'_>, delivery: NewDelivery) -> Result<Option<DeliveryId>> {
    let id = store::insert_delivery(tx, &delivery)?;
    tx.signal(TOPIC);
    Ok(id)
}

/// Takes back what has not been tried yet. `false` when an attempt was made or is on its way: the receiver may have it.
pub fn cancel(tx: &mut Tx<'_>, key: &str) -> Result<bool> {
    let is_cancelled = store::cancel_untried(tx, key)?;
    tx.signal(TOPIC);
    Ok(is_cancelled)
}

/// What a sender gets.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub id: DeliveryId,
    pub key: String,
    pub destination: String,
    pub subject: String,
    pub payload: Value,
    /// 1 for the first attempt.
    pub attempt: u32,
    pub created_at: Time,
}

/// What a sender answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    Done {
        code: Option<u16>,
        provider_id: Option<String>,
    },
    /// The receiver may take it later; `after` is its own wish (Retry-After).
    Retry {
        reason: String,
        code: Option<u16>,
        after: Option<Duration>,
    },
    /// It will never be taken: the address is wrong, or the receiver refuses it.
    Dead {
        reason: String,
        code: Option<u16>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    Pending,
    Leased,
    Sent,
    Dead,
    Cancelled,
}

impl DeliveryState {
    pub const ALL: [DeliveryState; 5] =
        [DeliveryState::Pending, DeliveryState::Leased, DeliveryState::Sent, DeliveryState::Dead, DeliveryState::Cancelled];

    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Pending => "pending",
            DeliveryState::Leased => "leased",
            DeliveryState::Sent => "sent",
            DeliveryState::Dead => "dead",
            DeliveryState::Cancelled => "cancelled",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A row of the page "Deliveries", and what a channel's page shows as its last delivery.
#[derive(Debug, Clone)]
pub struct DeliveryRow {
    pub id: DeliveryId,
    pub destination: String,
    pub key: String,
    pub subject: String,
    pub state: DeliveryState,
    pub attempts: u32,
    pub next_at: Time,
    pub last_error: Option<String>,
    pub last_code: Option<u16>,
    pub created_at: Time,
    pub finished_at: Option<Time>,
}

#[derive(Debug, Clone)]
pub struct Attempt {
    pub outcome: String,
    pub code: Option<u16>,
    pub detail: Option<String>,
    pub duration: Duration,
    pub created_at: Time,
}
