//! A moment in JSON that leaves or enters the house: RFC 3339 in UTC with milliseconds, not the bare number of a stored one.
//!
//! Nouns: [`serialize`] and [`deserialize`], for `#[serde(with = "moment")]`.

use kernel::Time;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub fn serialize<S: Serializer>(time: &Time, to: S) -> Result<S::Ok, S::Error> {
    time.rfc3339_millis().serialize(to)
}

pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Time, D::Error> {
    let text = String::deserialize(from)?;
    Time::parse_rfc3339(&text).ok_or_else(|| D::Error::custom("please give a time such as 2026-11-23T14:00:00.000Z"))
}
