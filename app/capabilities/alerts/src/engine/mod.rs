//! What happens to alerts, inside one transaction each: decisions come from the pure half, rows go through the store, whatever leaves is posted
//! to the outbox in the same transaction.
//!
//! - [`take`]: a fact opens, updates or resolves alerts; [`copies`], [`issues`]: those about the copies of the databases, about issues
//! - [`life`]: opening, acknowledging, resolving
//! - [`flush`]: the group window ends; [`remind`]: reminders and escalation steps
//! - [`announce`]: a notice to channels: quiet hours, text message budget, outbox
//! - [`digest`]: what quiet hours held; [`watch`]: metric rules, and whatever is overdue

pub mod announce;
pub mod copies;
pub mod digest;
pub mod flush;
pub mod issues;
pub mod life;
pub mod remind;
pub mod take;
pub mod watch;

use capability::{Cx, Registry};
use db::Reader;
use kernel::Result;

use crate::notice::Voice;
use crate::settings;

/// Job kinds.
pub const TAKE: &str = "alerts.take";
pub const FLUSH: &str = "alerts.flush";
pub const REMIND: &str = "alerts.remind";
pub const ESCALATE: &str = "alerts.escalate";
pub const DIGEST: &str = "alerts.digest";
/// After a rule or a channel was changed.
pub const TIDY: &str = "alerts.tidy";
pub const WATCH: &str = "alerts.watch";
pub const SWEEP: &str = "alerts.sweep";
/// The sender.
pub const SEND: &str = "alerts.send";

/// What a transaction needs to know of its surroundings.
#[derive(Clone)]
pub struct Desk {
    pub instance: String,
    /// Without a slash at the end.
    pub public_url: String,
    pub registry: Registry,
}

impl Desk {
    pub fn of(cx: &Cx) -> Self {
        let url = &cx.boot.public_url;
        Self {
            instance: url.url().host_str().unwrap_or("hermetic").to_owned(),
            public_url: url.as_str().trim_end_matches('/').to_owned(),
            registry: cx.registry,
        }
    }

    pub fn voice(&self, r: &Reader<'_>) -> Result<Voice<'_>> {
        Ok(Voice { instance: &self.instance, public_url: &self.public_url, zone: settings::zone(r)?, now: r.now })
    }
}
