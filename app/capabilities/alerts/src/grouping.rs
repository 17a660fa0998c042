//! When one cause takes many monitors down, one notice is sent instead of fifty.

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

/// `7 of 12 monitors down, first api.example.com`
pub fn group_title(topic: Topic, failing: usize, watched: usize, first: &str) -> String {
    let trouble = trouble(topic);
    if watched < failing {
        return format!("{failing} monitors {trouble}, first {first}");
    }
    format!("{failing} of {watched} monitors {trouble}, first {first}")
}

/// What the members of a group are.
pub fn trouble(topic: Topic) -> &'static str {
    if topic == Topic::MonitorDegraded { "degraded" } else { "down" }
}
