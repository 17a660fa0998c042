//! What the list of issues is asked for by its address, besides the search.

use kernel::ids::ProjectId;

/// Which issues are meant before anything is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StateTab {
    #[default]
    Open,
    /// Open, and first seen within a day or back after it was resolved.
    Fresh,
    Ignored,
    Resolved,
    All,
}

impl StateTab {
    pub const ALL: [StateTab; 5] = [StateTab::Open, StateTab::Fresh, StateTab::Ignored, StateTab::Resolved, StateTab::All];

    pub fn as_str(self) -> &'static str {
        match self {
            StateTab::Open => "open",
            StateTab::Fresh => "fresh",
            StateTab::Ignored => "ignored",
            StateTab::Resolved => "resolved",
            StateTab::All => "all",
        }
    }

    /// An unknown word is what a person comes for.
    pub fn parse(text: &str) -> StateTab {
        Self::ALL.into_iter().find(|tab| tab.as_str() == text).unwrap_or_default()
    }

    pub fn label(self) -> &'static str {
        match self {
            StateTab::Open => "Open",
            StateTab::Fresh => "New and regressed",
            StateTab::Ignored => "Ignored",
            StateTab::Resolved => "Resolved",
            StateTab::All => "All",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    #[default]
    LastSeen,
    FirstSeen,
    Events,
    Users,
    Priority,
}

impl Sort {
    pub const ALL: [Sort; 5] = [Sort::LastSeen, Sort::FirstSeen, Sort::Events, Sort::Users, Sort::Priority];

    pub fn as_str(self) -> &'static str {
        match self {
            Sort::LastSeen => "last_seen",
            Sort::FirstSeen => "first_seen",
            Sort::Events => "events",
            Sort::Users => "users",
            Sort::Priority => "priority",
        }
    }

    pub fn parse(text: &str) -> Sort {
        Self::ALL.into_iter().find(|sort| sort.as_str() == text).unwrap_or_default()
    }

    pub fn label(self) -> &'static str {
        match self {
            Sort::LastSeen => "Last seen",
            Sort::FirstSeen => "First seen",
            Sort::Events => "Most events",
            Sort::Users => "Most users",
            Sort::Priority => "Priority",
        }
    }
}

/// What the small drawings show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Range {
    #[default]
    Day,
    Fortnight,
}

impl Range {
    pub fn as_str(self) -> &'static str {
        match self {
            Range::Day => "24h",
            Range::Fortnight => "14d",
        }
    }

    pub fn parse(text: &str) -> Range {
        if text == "14d" { Range::Fortnight } else { Range::Day }
    }

    pub fn words(self) -> &'static str {
        match self {
            Range::Day => "24 h",
            Range::Fortnight => "14 d",
        }
    }
}

/// What stands in the address of the list.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub tab: StateTab,
    pub sort: Sort,
    pub range: Range,
    pub project: Option<ProjectId>,
    pub text: String,
}
