//! When one cause takes many monitors down, or one bug opens many issues, one notice is sent instead of fifty.

use std::time::Duration;

use crate::rule::Topic;

/// Openings that lie closer together than this count as one failure.
pub const MASS_WINDOW: Duration = Duration::from_secs(60);
/// A group takes in latecomers for so long: fifty monitors with confirmation need longer than a minute to be found down.
pub const JOIN_WINDOW: Duration = Duration::from_secs(300);
/// With fewer there is nothing to group.
pub const LEAST: usize = 3;
/// From here on notices are grouped even when most other monitors are well.
pub const STORM: usize = 5;

/// `waiting` alerts of one rule would be announced now; `failing` subjects began to fail within the [`MASS_WINDOW`]; `watched` are all there are.
pub fn is_mass(waiting: usize, failing: usize, watched: usize) -> bool {
    if waiting < 2 || failing < LEAST {
        return false;
    }
    failing >= STORM || failing * 2 > watched
}

/// After a rule has told of issues, the next ones gather for so long: a flood is one notice now and then, not one each.
pub const ISSUE_PAUSE: Duration = Duration::from_secs(300);

/// `7 of 12 monitors down, first api.example.com`; `50 new issues, first TypeError: x is undefined`
pub fn group_title(topic: Topic, failing: usize, watched: usize, first: &str) -> String {
    if topic.is_issue() {
        return format!("{}, first {first}", group_subject(topic, failing));
    }
    let trouble = trouble(topic);
    if watched < failing {
        return format!("{failing} monitors {trouble}, first {first}");
    }
    format!("{failing} of {watched} monitors {trouble}, first {first}")
}

/// What a group of so many is about.
pub fn group_subject(topic: Topic, count: usize) -> String {
    let (one, many) = match topic {
        Topic::IssueOpened | Topic::LesserIssueOpened => ("new issue", "new issues"),
        Topic::IssueRegressed => ("issue that is back", "issues that are back"),
        Topic::IssueSpiking => ("issue with far more events than usual", "issues with far more events than usual"),
        _ => ("monitor", "monitors"),
    };
    format!("{count} {}", if count == 1 { one } else { many })
}

/// What is written down when one member of a group has ended and `left` have not.
pub fn left_line(topic: Topic, subject: &str, left: usize) -> String {
    if topic.is_issue() {
        format!("{subject} is over; {left} still open.")
    } else {
        format!("{subject} recovered; {left} still {}.", trouble(topic))
    }
}

/// What the members of a group of monitors are.
fn trouble(topic: Topic) -> &'static str {
    if topic == Topic::MonitorDegraded { "degraded" } else { "down" }
}
