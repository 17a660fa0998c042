//! What one body told, and how its values are read: programs write numbers as ids, null for nobody, and times in several ways.

use identity::contacts::{HANDLE_BYTES, is_handle};
use kernel::Time;
use kernel::text::shorten;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::Action;
use crate::limits;
use crate::raw::Raw;
use crate::reason::Reason;
use crate::tally::Drops;

pub(super) type Object = Map<String, Value>;

/// The category of what is no replay.
pub(crate) const CATEGORY: &str = crate::Kind::Actions.category();

#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The key, where it stands in the body.
    pub key: Option<String>,
    pub actions: Vec<Action>,
    /// What of the body is no action.
    pub drops: Drops,
}

impl Told {
    /// One message more, by `read`, or the reason why it is none.
    pub fn take(&mut self, message: Raw<'_>, read: impl FnOnce(Object) -> Result<Action, Reason>) {
        let size = message.0.len();
        match object_of(message).and_then(read) {
            Ok(action) => self.actions.push(action),
            Err(reason) => self.lose(reason, 1, size),
        }
    }

    pub fn lose(&mut self, reason: Reason, quantity: u64, bytes: usize) {
        self.drops.drop(CATEGORY, reason, quantity, bytes);
    }
}

/// A message as a tree: one that is larger than any program's could take a hundred times its bytes.
pub(super) fn object_of(message: Raw<'_>) -> Result<Object, Reason> {
    if message.0.len() > limits::MESSAGE {
        return Err(Reason::TooLarge);
    }
    serde_json::from_slice(message.0).map_err(|_| Reason::Malformed)
}

/// The text under this name; numbers are written out.
pub(super) fn text(object: &Object, name: &str) -> String {
    match object.get(name) {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// As [`text`], if it names somebody.
pub(super) fn handle(object: &Object, name: &str) -> String {
    Some(text(object, name)).filter(|text| is_handle(text)).unwrap_or_default()
}

/// What the SDK calls a message; a longer one is no id that anybody could send twice.
pub(super) fn message_id(object: &Object, name: &str) -> String {
    Some(text(object, name)).filter(|id| id.len() <= 200).unwrap_or_default()
}

/// A company is known by an id as people are.
pub(super) fn group(value: Option<&Value>) -> String {
    let group = match value {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    if group.len() <= HANDLE_BYTES && is_handle(&group) { group } else { String::new() }
}

pub(super) fn object<'o>(object: &'o Object, name: &str) -> Option<&'o Object> {
    object.get(name)?.as_object()
}

pub(super) fn take_object(object: &mut Object, name: &str) -> Object {
    match object.remove(name) {
        Some(Value::Object(inner)) => inner,
        _ => Object::new(),
    }
}

/// Later than the year 5138 as seconds: a number above it counts milliseconds.
const MILLISECONDS: i64 = 100_000_000_000;

pub(super) fn time(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::String(text) => {
            let text = text.trim();
            // Python writes times of its own zone without one, and means UTC.
            Time::parse_rfc3339(text).or_else(|| Time::parse_rfc3339(&format!("{text}Z"))).map(|time| time.0)
        }
        Value::Number(number) => {
            let number = number.as_i64()?;
            Some(if number.abs() < MILLISECONDS { number * 1_000 } else { number })
        }
        _ => None,
    }
}

/// 1 to 200 characters.
pub(super) fn name(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| shorten(text, 200))
}

/// `None` where there is nothing in it.
pub(super) fn raw(object: &Object) -> Option<Box<RawValue>> {
    if object.is_empty() { None } else { to_raw_value(object).ok() }
}
