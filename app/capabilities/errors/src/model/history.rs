//! What happened to an issue, and what people added to it.

use ingest::EventId;
use kernel::Time;
use kernel::ids::{IssueId, MemberId, ProjectId};

/// One entry of an issue's history.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    pub id: i64,
    pub issue: IssueId,
    pub kind: ActKind,
    pub at: Time,
    /// Empty: Hermetic did it.
    pub made_by: String,
    pub member: Option<MemberId>,
    /// A comment's text (Markdown), or a sentence; may be empty.
    pub text: String,
    /// The event that caused it; it may have aged out.
    pub item: Option<i64>,
    /// JSON that undoing needs; empty for none.
    pub undo: String,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($variant),+
        }

        impl $name {
            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $word),+
                }
            }

            pub fn parse(text: &str) -> Option<$name> {
                match text {
                    $($word => Some($name::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

words! {
    ActKind {
        Opened = "opened",
        Resolved = "resolved",
        Regressed = "regressed",
        Ignored = "ignored",
        Woken = "woken",
        Reopened = "reopened",
        Assigned = "assigned",
        Unassigned = "unassigned",
        Merged = "merged",
        Split = "split",
        Spiking = "spiking",
        Calmed = "calmed",
        Commented = "commented",
        Linked = "linked",
    }
}

words! {
    /// What an issue can be tied to.
    LinkKind {
        Ticket = "ticket",
        Monitor = "monitor",
        Replay = "replay",
        Url = "url",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub id: i64,
    pub kind: LinkKind,
    pub target: String,
    pub label: String,
    pub made_by: String,
    pub created_at: Time,
}

/// What a person said about an error, or without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    pub id: i64,
    pub project: ProjectId,
    pub item: i64,
    pub event_id: Option<EventId>,
    /// Of its event, once that is known.
    pub issue: Option<IssueId>,
    pub name: String,
    pub email: String,
    pub message: String,
    pub url: String,
    pub at: Time,
}
