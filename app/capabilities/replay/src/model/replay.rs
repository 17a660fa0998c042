//! One session of one person, as a whole.

use ingest::EventId;
use kernel::Time;
use kernel::ids::{ProjectId, ReplayId};
use std::time::Duration;

/// Parts of a replay for which [`Replay::activity`] says how much went on.
pub const ACTIVITY_PARTS: usize = 48;

/// Why the SDK recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// From the start, because the session was chosen.
    #[default]
    Session,
    /// An error happened; what lies before it is at most the minute that was held in memory.
    Buffer,
}

impl Mode {
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Session => "session",
            Mode::Buffer => "buffer",
        }
    }

    /// What is unknown counts as a session.
    pub fn parse(text: &str) -> Mode {
        if text == "buffer" { Mode::Buffer } else { Mode::Session }
    }
}

/// The customer as the program names them; empty where it does not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    pub id: String,
    pub email: String,
    pub name: String,
}

impl Person {
    /// The most telling of what is known.
    pub fn label(&self) -> &str {
        [&self.email, &self.name, &self.id].into_iter().find(|text| !text.is_empty()).map_or("somebody", String::as_str)
    }

    pub fn is_known(&self) -> bool {
        !(self.id.is_empty() && self.email.is_empty() && self.name.is_empty())
    }
}

/// What the moments of a replay say of the person's trouble: how often each was seen. See [`crate::model::signals`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signals {
    pub rage: u32,
    pub dead: u32,
    pub slow: u32,
    pub abandoned: u32,
    pub u_turns: u32,
}

/// Kept whatever its age, because somebody said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    pub at: Time,
    pub by: String,
    pub note: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    pub id: ReplayId,
    pub project: ProjectId,
    /// What the SDK calls it.
    pub sdk_id: EventId,
    pub mode: Mode,
    /// By the clock of the browser.
    pub started_at: Time,
    pub finished_at: Time,
    /// When its newest segment came, by our clock.
    pub seen_at: Time,
    pub segments: u32,
    /// The highest number of a segment that came; `None` before the first recording.
    pub highest: Option<u32>,
    pub events: u64,
    /// Of the recordings as JSON, and as they arrived.
    pub raw_bytes: u64,
    pub arrived_bytes: u64,
    pub person: Person,
    pub release: String,
    pub environment: String,
    /// Name and version: `Chrome 142`.
    pub browser: String,
    pub os: String,
    /// `sentry.javascript.browser/11.12.0`.
    pub sdk: String,
    pub urls: Vec<String>,
    pub errors: Vec<EventId>,
    pub traces: Vec<String>,
    pub signals: Signals,
    /// How much went on in each of [`ACTIVITY_PARTS`] equal parts, 0–255 of the busiest.
    pub activity: Vec<u8>,
    pub pinned: Option<Pinned>,
}

impl Replay {
    pub fn duration(&self) -> Duration {
        self.finished_at.since(self.started_at)
    }

    /// Segments that the SDK numbered and that never came (or have not come yet).
    pub fn missing(&self) -> u32 {
        self.highest.map_or(0, |highest| (highest.saturating_add(1)).saturating_sub(self.segments))
    }
}

/// Who watched, by the hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// `member 3`, or `share 5` for who came by that link.
    pub viewer: String,
    pub first_at: Time,
    pub last_at: Time,
    pub times: u32,
}

/// A link for people without a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    pub id: i64,
    pub replay: ReplayId,
    pub made_by: String,
    pub made_at: Time,
    pub expires_at: Time,
    pub revoked_at: Option<Time>,
}

impl Share {
    pub fn is_open(&self, now: Time) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_called_by_what_tells_most() {
        let person = |id: &str, email: &str, name: &str| Person { id: id.into(), email: email.into(), name: name.into() };
        assert_eq!(person("7", "a@b.c", "Ann").label(), "a@b.c");
        assert_eq!(person("7", "", "Ann").label(), "Ann");
        assert_eq!(person("7", "", "").label(), "7");
        assert_eq!((person("", "", "").label(), person("", "", "").is_known()), ("somebody", false));
    }

    #[test]
    fn a_share_ends_at_its_time_or_when_it_is_taken_back() {
        let share = Share { id: 1, replay: ReplayId(1), made_by: String::new(), made_at: Time(0), expires_at: Time(10), revoked_at: None };
        assert!(share.is_open(Time(9)) && !share.is_open(Time(10)));
        assert!(!Share { revoked_at: Some(Time(3)), ..share }.is_open(Time(4)));
    }
}
