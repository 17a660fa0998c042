//! What happened in a replay, and when: what panels list and signals are computed from.

use kernel::Time;
use serde::{Deserialize, Serialize};

/// The longest text of a moment, in characters.
pub const LONGEST: usize = 500;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// By the clock of the browser.
    #[serde(rename = "t")]
    pub at: Time,
    #[serde(flatten)]
    pub what: What,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "snake_case")]
pub enum What {
    /// A page begins.
    Page {
        href: String,
    },
    /// The address changed.
    Navigation {
        from: String,
        to: String,
        /// How long the page took to load; 0 where it did not say, or nothing was loaded.
        ms: u32,
    },
    /// A click as the player sees it. `node` is known only within its page.
    Click {
        x: i32,
        y: i32,
        node: i64,
    },
    /// What the SDK's own breadcrumb says was clicked: `body > div#app > button.save`. `acts`: whether it is a link, a button or a field.
    Target {
        node: i64,
        selector: String,
        tag: String,
        acts: bool,
    },
    /// The SDK saw nothing happen after a click. `timeout`: nothing at all in its time.
    SlowClick {
        node: i64,
        selector: String,
        ms: u32,
        clicks: u32,
        timeout: bool,
    },
    /// The SDK counted so many clicks on one thing.
    MultiClick {
        node: i64,
        selector: String,
        clicks: u32,
    },
    /// The page changed. At most one for each quarter of a second.
    Mutation,
    Scroll,
    Input {
        node: i64,
    },
    Focus {
        node: i64,
    },
    /// The return key was pressed.
    Submit,
    Console {
        level: String,
        message: String,
    },
    Network {
        method: String,
        url: String,
        /// 0 where there was no answer.
        status: u16,
        ms: u32,
        request_bytes: u64,
        response_bytes: u64,
        /// `fetch` or `xhr`.
        kind: String,
    },
    /// `LCP` in ms, `CLS` without a unit, ….
    Vital {
        name: String,
        value: f64,
        rating: String,
    },
    /// How much memory the page took.
    Memory {
        bytes: u64,
    },
    /// An event id that the SDK told.
    Error {
        id: String,
        message: String,
    },
    /// Movements of the mouse, touches and scrolls within five seconds.
    Activity {
        count: u32,
    },
}
