//! What a capability puts into pages and answers that belong to all.

use db::Reader;
use frontend::Tone;
use ingest::EventId;
use kernel::ids::{IssueId, ProjectId};
use kernel::{Result, Role};

use crate::House;

/// An entry of the console's navigation.
#[derive(Debug, Clone, Copy)]
pub struct Nav {
    pub label: &'static str,
    pub path: &'static str,
    /// A name of `assets::icon`.
    pub icon: &'static str,
    pub group: NavGroup,
    /// Who sees it.
    pub rank: Role,
}

/// The headings of the navigation, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NavGroup {
    Home,
    Watch,
    Support,
    Grow,
    Run,
    Set,
}

impl NavGroup {
    pub const ALL: [NavGroup; 6] = [NavGroup::Home, NavGroup::Watch, NavGroup::Support, NavGroup::Grow, NavGroup::Run, NavGroup::Set];

    pub fn label(self) -> &'static str {
        match self {
            NavGroup::Home => "",
            NavGroup::Watch => "Watch",
            NavGroup::Support => "Support",
            NavGroup::Grow => "Grow",
            NavGroup::Run => "Run",
            NavGroup::Set => "Set up",
        }
    }
}

/// A number on the home page, with what it means and where it leads.
#[derive(Debug, Clone)]
pub struct Tile {
    pub title: String,
    /// With its unit.
    pub value: String,
    /// Range and sample size, or the next step when there is nothing yet.
    pub note: String,
    pub href: String,
    pub tone: Tone,
    /// Oldest first; empty for none.
    pub spark: Vec<f64>,
}

#[derive(Debug, Clone)]
pub struct Hit {
    /// What kind of thing it is: “Monitor”, “Report”.
    pub kind: &'static str,
    pub title: String,
    pub note: String,
    pub href: String,
}

/// What somebody looks at, for whoever has something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'a> {
    /// 32 hexadecimal digits.
    Trace(&'a str),
    Event(ProjectId, EventId),
    Issue(IssueId),
    Release(ProjectId, &'a str),
    /// What SDKs call a replay: 32 hexadecimal digits.
    Replay(&'a str),
}

/// Somebody who is to be forgotten, as every capability may know them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// By which programs know them.
    pub ids: Vec<String>,
    pub emails: Vec<String>,
}

/// A number that an alert rule may watch. `read` gives `None` while there is nothing to compute it from; it may look at what
/// the house keeps in memory.
#[derive(Clone, Copy)]
pub struct Metric {
    pub name: &'static str,
    pub label: &'static str,
    pub unit: &'static str,
    pub read: fn(&House, &Reader<'_>) -> Result<Option<Reading>>,
}

/// A computed value and how many observations it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    pub value: f64,
    pub samples: u64,
}

/// One Prometheus sample.
#[derive(Debug, Clone)]
pub struct Gauge {
    /// With the prefix `hermetic_<capability>_` and the unit as suffix.
    pub name: &'static str,
    pub help: &'static str,
    pub labels: Vec<(&'static str, String)>,
    pub value: f64,
}

/// A window of retention.
#[derive(Debug, Clone, Copy)]
pub struct Keep {
    pub what: &'static str,
    pub days: u32,
}

/// A finding of the doctor: what is, and what the person can do.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    pub tone: Tone,
    pub subject: String,
    pub finding: String,
    /// Empty when nothing is to be done.
    pub advice: String,
}
