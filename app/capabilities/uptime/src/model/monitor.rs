//! A monitor around what it watches: its rhythm and patience, its credentials, its name and place.
//!
//! Nouns: [`Monitor`], [`Draft`] (as a person gives it), [`Rules`], [`Secrets`] (sealed apart, write-only).

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use kernel::Time;
use kernel::ids::MonitorId;
use serde::{Deserialize, Serialize};

use super::watch::{Quorum, Watch};

/// Rhythm and patience of a monitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    pub interval_s: u32,
    pub timeout_ms: u32,
    /// Slower than this is "slow"; `None` = speed is not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub degraded_ms: Option<u32>,
    /// So many failures in a row make it down.
    pub confirm_failures: u8,
    /// So many good checks in a row make it up again.
    pub confirm_successes: u8,
    /// Time between the checks that confirm; never longer than the interval.
    pub retry_s: u32,
    /// How many vantages must agree that it is down (with a second vantage only).
    pub vantages: Quorum,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            interval_s: 60,
            timeout_ms: 10_000,
            degraded_ms: None,
            confirm_failures: 2,
            confirm_successes: 2,
            retry_s: 10,
            vantages: Quorum::Majority,
        }
    }
}

impl Rules {
    pub fn interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.interval_s.max(1)))
    }

    pub fn timeout(&self) -> Duration {
        Duration::from_millis(u64::from(self.timeout_ms.max(1)))
    }

    pub fn retry(&self) -> Duration {
        Duration::from_secs(u64::from(self.retry_s.clamp(1, self.interval_s.max(1))))
    }

    /// From the moment of the failure to "down" at the latest: what the form and the detail page promise.
    pub fn worst_detection(&self) -> Duration {
        let confirmations = u32::from(self.confirm_failures.max(1));
        self.interval() + self.retry() * (confirmations - 1) + self.timeout() * confirmations
    }

    /// Without a result for so long nothing is known any more.
    pub fn nodata_after(&self) -> Duration {
        (self.interval() * 3).max(Duration::from_secs(120))
    }
}

/// Credentials of a monitor: sealed in a column of their own, never given out again.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Secrets {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub password: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub bearer: String,
    /// By lower-case header name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Where a heartbeat reports to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub beat_token: String,
    /// They were sealed with a key file that is gone: what was stored stays as it is until it is entered again.
    #[serde(skip)]
    pub is_lost: bool,
}

impl Secrets {
    /// What is left of secrets that cannot be opened: which of them there must be.
    pub fn lost(watch: &Watch) -> Secrets {
        let headers = match watch {
            Watch::Http(http) => http.headers.iter().filter(|header| header.secret).map(|header| header.name.to_lowercase()).collect(),
            _ => Vec::new(),
        };
        Secrets {
            is_lost: watch.needs_secrets(),
            headers: headers.into_iter().map(|name| (name, String::new())).collect(),
            ..Secrets::default()
        }
    }

    /// A form or file that leaves a secret empty keeps the stored one.
    pub fn or_keep(mut self, stored: &Secrets) -> Secrets {
        if self.password.is_empty() {
            self.password.clone_from(&stored.password);
        }
        if self.bearer.is_empty() {
            self.bearer.clone_from(&stored.bearer);
        }
        if self.beat_token.is_empty() {
            self.beat_token.clone_from(&stored.beat_token);
        }
        for (name, value) in &stored.headers {
            let kept = self.headers.entry(name.clone()).or_default();
            if kept.is_empty() {
                kept.clone_from(value);
            }
        }
        self
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(•••)")
    }
}

/// What a person gives to create or change a monitor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// Names it in files (`hermetic apply`); free text without blanks.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    pub name: String,
    pub watch: Watch,
    #[serde(default)]
    pub rules: Rules,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub note: String,
    #[serde(default)]
    pub depends_on: Vec<MonitorId>,
    #[serde(default)]
    pub paused: bool,
}

impl Draft {
    /// The monitors that it refers to: its parents and members.
    pub fn needs(&self) -> Vec<MonitorId> {
        self.depends_on.iter().chain(self.members()).copied().collect()
    }

    /// The same with other ids.
    pub fn with_ids(mut self, id: impl Fn(MonitorId) -> MonitorId) -> Draft {
        self.depends_on.iter_mut().for_each(|parent| *parent = id(*parent));
        if let Watch::Group(group) = &mut self.watch {
            group.members.iter_mut().for_each(|member| *member = id(*member));
        }
        self
    }

    fn members(&self) -> &[MonitorId] {
        match &self.watch {
            Watch::Group(group) => &group.members,
            _ => &[],
        }
    }
}

/// A configured watch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Monitor {
    pub id: MonitorId,
    #[serde(flatten)]
    pub draft: Draft,
    pub created_at: Time,
    pub changed_at: Time,
    /// As the runner last found it.
    pub has_lost_secrets: bool,
}

impl std::ops::Deref for Monitor {
    type Target = Draft;
    fn deref(&self) -> &Draft {
        &self.draft
    }
}
