//! How many get how far: ordered steps, each within a window that begins with the first.
//!
//! The rule is that of ClickHouse's `windowFunnel` in its default mode, which PostHog and Plausible count with: what lies between two steps does not
//! matter; for each step the start of the latest chain that has reached it is kept, since a later start leaves more time.

use std::collections::HashMap;
use std::time::Duration;

use kernel::Time;

/// One action that may be a step: when, by whom, and as which steps it counts (bit `n`: step `n`). The same action takes nobody two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stepped {
    pub at: Time,
    pub contact: u32,
    pub steps: u16,
}

/// The most steps of a funnel.
pub const STEPS: usize = 10;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reached {
    /// How many contacts got at least so far, by step.
    pub contacts: Vec<u64>,
    /// Milliseconds from the first step to this one, of everybody who got there, in order: by step, the first left empty.
    pub took: Vec<Vec<i64>>,
}

impl Reached {
    /// The median time from the first step to this one.
    pub fn median(&self, step: usize) -> Option<Duration> {
        let took = self.took.get(step)?;
        let middle = took.get(took.len().checked_sub(1)? / 2)?;
        Some(Duration::from_millis(middle.unsigned_abs()))
    }
}

/// Where one contact is.
#[derive(Debug, Clone, Copy)]
struct Way {
    /// By step: when the latest chain that has reached it began.
    began: [i64; STEPS],
    /// How far the best chain got, and after how long it first got there.
    took: [i64; STEPS],
    reached: u8,
}

const NEVER: i64 = i64::MIN;

/// `actions` in the order of time; of several at one moment the order they are given in counts.
pub fn funnel(actions: impl IntoIterator<Item = Stepped>, steps: usize, window: Duration) -> Reached {
    let steps = steps.min(STEPS);
    let window = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
    let mut ways: HashMap<u32, Way> = HashMap::new();
    for action in actions {
        let way = ways.entry(action.contact).or_insert(Way { began: [NEVER; STEPS], took: [0; STEPS], reached: 0 });
        walk(way, &action, steps, window);
    }
    let mut reached = Reached { contacts: vec![0; steps], took: vec![Vec::new(); steps] };
    for way in ways.values() {
        for step in 0..usize::from(way.reached) {
            reached.contacts[step] += 1;
            if step > 0 {
                reached.took[step].push(way.took[step]);
            }
        }
    }
    reached.took.iter_mut().for_each(|took| took.sort_unstable());
    reached
}

/// From the last step to the first, so that one action is not two of them.
fn walk(way: &mut Way, action: &Stepped, steps: usize, window: i64) {
    for step in (0..steps).rev().filter(|step| action.steps >> step & 1 == 1) {
        let began = if step == 0 { action.at.0 } else { way.began[step - 1] };
        if began == NEVER || action.at.0 - began > window {
            continue;
        }
        way.began[step] = began;
        if usize::from(way.reached) == step {
            way.reached += 1;
            way.took[step] = action.at.0 - began;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(actions: &[(i64, u32, u16)], steps: usize, window: u64) -> (Vec<u64>, Option<u128>) {
        let actions = actions.iter().map(|(at, contact, steps)| Stepped { at: Time(*at), contact: *contact, steps: *steps });
        let reached = funnel(actions, steps, Duration::from_millis(window));
        let median = reached.median(steps - 1).map(|span| span.as_millis());
        (reached.contacts, median)
    }

    #[test]
    fn steps_count_in_order_and_within_the_window_of_the_first() {
        assert_eq!(count(&[(0, 1, 1), (5, 1, 2), (9, 1, 4)], 3, 10), (vec![1, 1, 1], Some(9)));
        assert_eq!(count(&[(0, 1, 1), (5, 1, 2), (11, 1, 4)], 3, 10), (vec![1, 1, 0], None), "from the first, not from the one before");
        assert_eq!(count(&[(0, 1, 2), (5, 1, 1)], 2, 10), (vec![1, 0], None), "the other way round");
        assert_eq!(count(&[(0, 1, 1), (10, 1, 2)], 2, 10), (vec![1, 1], Some(10)), "the end of the window is in it");
    }

    #[test]
    fn a_later_start_leaves_more_time() {
        assert_eq!(count(&[(0, 1, 1), (8, 1, 1), (15, 1, 2)], 2, 10), (vec![1, 1], Some(7)));
        // The second step of the older chain does not hide the newer.
        assert_eq!(count(&[(0, 1, 1), (1, 1, 2), (8, 1, 1), (9, 1, 2), (15, 1, 4)], 3, 10), (vec![1, 1, 1], Some(7)));
    }

    #[test]
    fn a_step_that_comes_twice_needs_two_actions() {
        assert_eq!(count(&[(0, 1, 3)], 2, 10), (vec![1, 0], None));
        assert_eq!(count(&[(0, 1, 3), (1, 1, 3)], 2, 10), (vec![1, 1], Some(1)));
    }

    #[test]
    fn each_contact_goes_its_own_way_and_nobody_is_no_median() {
        assert_eq!(count(&[(0, 1, 1), (1, 2, 2), (2, 2, 1), (3, 1, 2)], 2, 10), (vec![2, 1], Some(3)));
        assert_eq!(count(&[], 2, 10), (vec![0, 0], None));
    }
}
