//! Actions: what contacts did with the founder's product, as analytics SDKs tell it; one form for all of them.
//!
//! One request becomes one item of [`Kind::Actions`](crate::Kind::Actions): [`Actions`] as JSON, scrubbed. Times stand in it as the client's clock
//! has them; who digests the item puts them right by the time of receipt.

mod context;
mod posthog;
mod script;
mod segment;
mod sift;
mod sniff;
mod told;

#[cfg(test)]
mod tests;

pub(crate) use sift::{Asked, sift};
pub(crate) use sniff::{labelled, plain};
pub(crate) use told::Told;
pub(crate) use {posthog::read as read_posthog, script::read as read_script, segment::read as read_segment};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Whose actions are not kept where the browser asks not to be followed (`Sec-GPC`, `DNT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OptOut {
    /// Those of requests that name no user.
    #[default]
    Anonymous,
    All,
    Ignore,
}

impl OptOut {
    /// As the setting has it.
    pub fn parse(text: &str) -> Option<OptOut> {
        Some(match text {
            "anonymous" => OptOut::Anonymous,
            "all" => OptOut::All,
            "ignore" => OptOut::Ignore,
            _ => return None,
        })
    }
}

/// What one request told.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Actions {
    /// In the order in which the client told them.
    pub items: Vec<Action>,
}

/// What an [`Action`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Somebody did something: counted under its name.
    #[default]
    Did,
    /// Only who somebody is, or what is known of them: nothing is counted.
    Knew,
    /// Two handles are one contact: `previous`, and `user` or else `visitor`.
    Linked,
    /// A contact belongs to `group`; `traits` are the group's.
    Joined,
}

/// One message of an SDK. A handle is an id by which programs know a contact: one they gave (`user`), or one that a browser made up (`visitor`).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Action {
    #[serde(rename = "t")]
    pub act: Act,
    /// What the SDK calls this message, the same when it is sent again; empty where it gives none. At most 200 bytes.
    #[serde(rename = "id", skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Of [`Act::Did`]: 1 to 200 characters.
    #[serde(rename = "n", skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Milliseconds since 1970 by the client's clock; `None`: at its receipt.
    #[serde(rename = "at", skip_serializing_if = "Option::is_none")]
    pub at: Option<i64>,
    /// When the client sent it, by the same clock.
    #[serde(rename = "sent", skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<i64>,
    /// Empty where nobody is signed in. At most 256 bytes, as all handles.
    #[serde(rename = "u", skip_serializing_if = "String::is_empty")]
    pub user: String,
    #[serde(rename = "v", skip_serializing_if = "String::is_empty")]
    pub visitor: String,
    /// Of [`Act::Linked`].
    #[serde(rename = "prev", skip_serializing_if = "String::is_empty")]
    pub previous: String,
    /// Link them even where both are identified already.
    #[serde(rename = "force", skip_serializing_if = "std::ops::Not::not")]
    pub is_forced: bool,
    /// Told by a browser or an app, as against a server: only these make visits.
    #[serde(rename = "c", skip_serializing_if = "std::ops::Not::not")]
    pub is_client: bool,
    /// The company or team this happened in; empty where it is not said.
    #[serde(rename = "g", skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// What is known of the action: a JSON object.
    #[serde(rename = "p", skip_serializing_if = "Option::is_none")]
    pub props: Option<Box<RawValue>>,
    /// What is known of the contact (or the group), newer values winning: a JSON object.
    #[serde(rename = "tr", skip_serializing_if = "Option::is_none")]
    pub traits: Option<Box<RawValue>>,
    /// The same, where nothing is known yet.
    #[serde(rename = "tr1", skip_serializing_if = "Option::is_none")]
    pub first_traits: Option<Box<RawValue>>,
}
