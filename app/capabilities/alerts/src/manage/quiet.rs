//! Quiet hours from a document: one daily window of one channel.
//!
//! - [`QuietDoc`], [`checked_quiet`], [`add_quiet`]: the same for forms, the API and files

use db::{Reader, Tx};
use kernel::error::FieldErrors;
use kernel::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::channel::{Channel, ChannelKind};
use crate::ids::QuietId;
use crate::quiet::{EVERY_DAY, QuietHours, parse_minute, show_minute};
use crate::severity::Severity;
use crate::store::{channels, quiet};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuietDoc {
    /// The channel's name.
    pub channel: String,
    /// `22:00`; an end at or before it lies on the next day.
    pub starts: String,
    pub ends: String,
    pub zone: String,
    /// `mon` to `sun`, the days on which it begins; none for every day.
    pub weekdays: Vec<String>,
    /// `warning` or `info`; left out: `warning`.
    pub holds: String,
}

/// Monday first, as bits are counted.
pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MAX_WINDOWS: usize = 20;

pub fn find_channel(r: &Reader<'_>, name: &str) -> Result<Channel> {
    channels::find_by_name(r, name.trim())?.ok_or_else(|| Error::field("channel", format!("There is no channel “{name}”.")))
}

pub fn checked_quiet(channel: &Channel, doc: &QuietDoc) -> Result<QuietHours> {
    if channel.kind == ChannelKind::Pagerduty {
        return Err(Error::conflict("PagerDuty knows itself when its people sleep; set the hours of low urgency there."));
    }
    let mut errors = FieldErrors::default();
    let zone = errors.take("zone", kernel::time::parse_zone(&doc.zone));
    let starts = errors.take("starts", parse_minute(&doc.starts));
    let ends = errors.take("ends", parse_minute(&doc.ends));
    let holds = match doc.holds.as_str() {
        "" => Some(Severity::Warning),
        text => errors.take("holds", text.parse()),
    };
    if holds == Some(Severity::Critical) {
        errors.push("holds", "What is critical never waits; quiet hours hold warning or info.");
    }
    let days = doc.weekdays.iter().map(|day| WEEKDAYS.iter().position(|known| known == day));
    let days: Option<Vec<usize>> = days.collect();
    if days.is_none() {
        errors.push("weekdays", "A weekday is one of mon, tue, wed, thu, fri, sat, sun.");
    }
    errors.finish()?;
    let incomplete = || Error::invalid("Please fill in the quiet hours.");
    zone.ok_or_else(incomplete)?;
    let bits = days.unwrap_or_default().into_iter().fold(0, |bits, day| bits | 1 << day);
    Ok(QuietHours {
        id: QuietId(0),
        channel: channel.id,
        zone: doc.zone.clone(),
        starts: starts.ok_or_else(incomplete)?,
        ends: ends.ok_or_else(incomplete)?,
        weekdays: if bits == 0 { EVERY_DAY } else { bits },
        holds: holds.ok_or_else(incomplete)?,
    })
}

pub fn add_quiet(tx: &mut Tx<'_>, hours: &QuietHours) -> Result<QuietId> {
    if quiet::list_of_channel(tx, hours.channel)?.len() >= MAX_WINDOWS {
        return Err(Error::conflict(format!("A channel has at most {MAX_WINDOWS} quiet windows.")));
    }
    quiet::insert(tx, hours)
}

pub fn quiet_doc(hours: &QuietHours, channel: &str) -> QuietDoc {
    let days = WEEKDAYS.iter().enumerate().filter(|(bit, _)| hours.weekdays >> bit & 1 == 1);
    QuietDoc {
        channel: channel.to_owned(),
        starts: show_minute(hours.starts),
        ends: show_minute(hours.ends),
        zone: hours.zone.clone(),
        weekdays: days.map(|(_, day)| (*day).to_owned()).collect(),
        holds: hours.holds.as_str().to_owned(),
    }
}
