//! Who follows the page, and how little of their patience is used: updates close together are told together.
//!
//! Nouns: [`SubscriberKind`], [`SubscriberState`], [`Choice`], [`Concerns`].

use super::words::words;
use kernel::ids::ComponentId;
use kernel::text::{Email, WebUrl};
use kernel::{Error, Result, Time};
use std::time::Duration;

/// A confirmation link is good for this long; afterwards one subscribes anew.
pub const CONFIRM_WITHIN: Duration = Duration::from_secs(24 * 3_600);
/// Updates of one report nearer to the last notice than this go into one message.
pub const TOGETHER: Duration = Duration::from_secs(120);

words! {
    SubscriberKind, "A subscriber's kind", {
        Email = "email",
        Webhook = "webhook",
    }
}

words! {
    SubscriberState, "A subscriber's state", {
        Pending = "pending",
        Active = "active",
        Unsubscribed = "unsubscribed",
    }
}

/// Which components somebody follows: all of them, also those to come, or some. Some stay some when the last of them is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    pub is_selective: bool,
    pub components: Vec<ComponentId>,
}

/// Whom a notice concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concerns {
    /// It never named a component.
    Everybody,
    /// Followers of these, and those who follow everything: they alone when all of these are deleted.
    Followers(Vec<ComponentId>),
}

impl Concerns {
    pub fn of(names_components: bool, components: Vec<ComponentId>) -> Self {
        if names_components { Concerns::Followers(components) } else { Concerns::Everybody }
    }
}

impl Choice {
    pub fn is_everything(&self) -> bool {
        !self.is_selective
    }

    pub fn wants(&self, concerns: &Concerns) -> bool {
        match concerns {
            Concerns::Everybody => true,
            Concerns::Followers(named) => self.is_everything() || named.iter().any(|component| self.components.contains(component)),
        }
    }
}

/// The one form of an address under which it can be subscribed once.
pub fn address_key(kind: SubscriberKind, address: &str) -> Result<String> {
    match kind {
        SubscriberKind::Email => {
            Ok(Email::parse(address).map_err(|error| Error::field("address", error.message()))?.as_str().to_lowercase())
        }
        SubscriberKind::Webhook => {
            let url = WebUrl::parse(address).map_err(|error| Error::field("address", error.message()))?;
            if !url.url().username().is_empty() || url.url().password().is_some() {
                return Err(Error::field("address", "Please leave user name and password out of the address; notices are signed instead."));
            }
            if url.as_str().len() > 1_000 {
                return Err(Error::field("address", "Please give an address of at most 1,000 characters."));
            }
            Ok(url.as_str().to_owned())
        }
    }
}

/// When the next notice of a report may go out: at once, or [`TOGETHER`] after the last one.
pub fn notice_at(last_notice: Option<Time>, now: Time) -> Time {
    last_notice.map_or(now, |last| (last + TOGETHER).max(now))
}

/// Spreads messages over time: the `index`-th of a batch goes out this much later.
pub fn spread(index: usize, per_minute: u32) -> Duration {
    let index = u64::try_from(index).unwrap_or(u64::MAX);
    Duration::from_millis(index.saturating_mul(60_000) / u64::from(per_minute.max(1)))
}
