//! When one cause takes many monitors down, one notice is sent instead of fifty.

use std::time::Duration;

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

/// `7 of 12 monitors failing, first api.example.com`
pub fn group_title(failing: usize, watched: usize, first: &str) -> String {
    if watched < failing {
        return format!("{failing} monitors failing, first {first}");
    }
    format!("{failing} of {watched} monitors failing, first {first}")
}
