//! What is remembered of a monitor between two checks. Three layers that never mix: what is *known* of the target, what lies
//! *over* it (paused, maintenance, no data), and what people were *told*.
//!
//! Nouns: [`State`], [`Known`], [`MonitorState`] (as shown), [`Told`], [`Change`], [`Notice`].

use kernel::Time;
use kernel::ids::MonitorId;
use serde::{Deserialize, Serialize};

use super::check::{Reason, Verdict};

/// What confirmed checks say of the target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    #[default]
    Unknown,
    Up,
    Degraded,
    Down,
}

/// A monitor's state as people see it. All but `Pending` are also recorded as stretches of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MonitorState {
    Up,
    Degraded,
    Down,
    /// Failing but not confirmed yet, or never checked.
    Pending,
    Maintenance,
    Paused,
    #[default]
    #[serde(rename = "nodata")]
    NoData,
}

impl MonitorState {
    pub const ALL: [MonitorState; 7] = [
        MonitorState::Up,
        MonitorState::Degraded,
        MonitorState::Down,
        MonitorState::Pending,
        MonitorState::Maintenance,
        MonitorState::Paused,
        MonitorState::NoData,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            MonitorState::Up => "up",
            MonitorState::Degraded => "degraded",
            MonitorState::Down => "down",
            MonitorState::Pending => "pending",
            MonitorState::Maintenance => "maintenance",
            MonitorState::Paused => "paused",
            MonitorState::NoData => "nodata",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            MonitorState::Up => "Up",
            MonitorState::Degraded => "Degraded",
            MonitorState::Down => "Down",
            MonitorState::Pending => "Confirming",
            MonitorState::Maintenance => "Maintenance",
            MonitorState::Paused => "Paused",
            MonitorState::NoData => "No data",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub at: Time,
    pub reason: Reason,
    pub detail: String,
}

/// The outage that is open. `since` is the first failing check and names it in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenOutage {
    pub since: Time,
    pub confirmed_at: Time,
    pub reason: Reason,
    pub detail: String,
    /// The dependency whose outage explains this one.
    #[serde(default)]
    pub parent: Option<MonitorId>,
}

/// The newest thing people were told, so that a held notice is neither lost nor said twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    #[default]
    Nothing,
    Degraded {
        since: Time,
    },
    Down {
        since: Time,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    pub at: Time,
    pub verdict: Verdict,
    pub reason: Option<Reason>,
    pub detail: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// What the memory is about ([`crate::model::watch::Watch::place`]); empty before the first look.
    pub place: String,
    pub known: Known,
    /// From when on that is so: the first check of its kind, not the confirming one.
    pub known_since: Time,
    pub is_paused: bool,
    pub is_in_maintenance: bool,
    /// Nothing is learnt about it at present; never opens or closes an outage.
    pub is_blind: bool,
    pub blind_since: Time,
    pub blind_detail: String,
    /// The newest recorded stretch.
    pub recorded: MonitorState,
    pub recorded_at: Time,
    pub fails: u8,
    pub first_fail: Option<Failure>,
    pub oks: u8,
    pub first_ok: Option<Time>,
    /// The last five answered checks, newest in bit 0; 1 = slow.
    pub slow_bits: u8,
    pub slow_since: Option<Time>,
    pub slow_detail: String,
    pub outage: Option<OpenOutage>,
    /// When the last outage was confirmed to be over: dependants wait for a minute after it.
    pub recovered_at: Option<Time>,
    pub told: Told,
    /// Confirmed changes of the last 30 minutes.
    pub flips: Vec<Time>,
    pub flapping_since: Option<Time>,
    /// The parent whose outage explains this one.
    pub parent: Option<MonitorId>,
    /// A parent is being looked at: whether it explains anything is known in a moment.
    pub is_parent_asked: bool,
    pub last: Option<Last>,
}

impl State {
    /// As people see it.
    pub fn shown(&self) -> MonitorState {
        match self.overlay() {
            Some(state) => state,
            None if self.known == Known::Unknown => MonitorState::Pending,
            None if self.known != Known::Down && self.fails > 0 => MonitorState::Pending,
            None => self.plain(),
        }
    }

    /// As it is recorded for the uptime arithmetic.
    pub fn to_record(&self) -> MonitorState {
        self.overlay().unwrap_or(self.plain())
    }

    fn overlay(&self) -> Option<MonitorState> {
        if self.is_paused {
            Some(MonitorState::Paused)
        } else if self.is_in_maintenance {
            Some(MonitorState::Maintenance)
        } else if self.is_blind {
            Some(MonitorState::NoData)
        } else {
            None
        }
    }

    fn plain(&self) -> MonitorState {
        match self.known {
            Known::Unknown => MonitorState::NoData,
            Known::Up => MonitorState::Up,
            Known::Degraded => MonitorState::Degraded,
            Known::Down => MonitorState::Down,
        }
    }

    /// Is there a reason to keep notices back for now? They are sent when the reason ends and they still hold.
    pub fn is_held(&self) -> bool {
        let is_explained = self.parent.is_some() || self.is_parent_asked;
        self.is_paused || self.is_in_maintenance || self.is_blind || is_explained || self.flapping_since.is_some()
    }

    pub fn is_flapping(&self) -> bool {
        self.flapping_since.is_some()
    }

    /// One sentence on why it is in this state; empty when it is simply up.
    pub fn why(&self) -> &str {
        if self.is_blind {
            return &self.blind_detail;
        }
        match (&self.outage, &self.first_fail) {
            (Some(outage), _) => &outage.detail,
            (None, Some(failure)) => &failure.detail,
            (None, None) if self.known == Known::Degraded => &self.slow_detail,
            (None, None) => "",
        }
    }
}

/// What must be written down after a step of the state machine, in this order, in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A new stretch of recorded state begins at `at` (which may lie before now: the first failing check).
    Entered {
        state: MonitorState,
        at: Time,
        reason: Option<Reason>,
        detail: String,
    },
    OutageOpened {
        since: Time,
        confirmed_at: Time,
        reason: Reason,
        detail: String,
        parent: Option<MonitorId>,
    },
    /// A dependency proved to be down after the outage was confirmed and before anybody heard of it.
    OutageExplained {
        since: Time,
        parent: MonitorId,
    },
    /// `note` says what ended it, when that was no good check.
    OutageClosed {
        since: Time,
        at: Time,
        note: &'static str,
    },
    Told(Notice),
}

/// What people shall hear of.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    Down { since: Time, detected_at: Time, reason: Reason, detail: String },
    Recovered { since: Time, recovered_at: Time },
    Degraded { since: Time, detail: String },
    Restored { since: Time, restored_at: Time },
    Flapping { transitions: u32, since: Time },
    Settled { is_down: bool },
    Silenced,
}
