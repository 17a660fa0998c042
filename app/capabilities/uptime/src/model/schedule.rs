//! Whose turn it is: a heap over the monotonic clock, at a fixed rate, each monitor at a place in its interval that is hashed
//! from its id, so that not all knock at once. A late wake-up skips turns, it never makes up for them in a burst.
//!
//! Nouns: [`Schedule`], [`ClockGuard`].

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use kernel::Time;
use kernel::ids::MonitorId;

/// Milliseconds on the monotonic clock since the scheduler started.
pub type Tick = u64;

/// Nobody waits longer for a first turn, however many begin at once.
const MOST_WAIT_MS: u64 = 10_000;

#[derive(Debug, Default)]
pub struct Schedule {
    heap: BinaryHeap<Reverse<(Tick, MonitorId, u64)>>,
    plans: HashMap<MonitorId, Plan>,
    turns: u64,
}

#[derive(Debug, Clone, Copy)]
struct Plan {
    /// Turns are at `phase` + any number of intervals.
    phase: Tick,
    interval: u64,
    due: Tick,
    /// Only the heap entry with this number counts; older ones are left to fall out.
    turn: u64,
}

impl Schedule {
    /// Takes a monitor in (or its new interval): its first turn is at `first`, or when it was due anyway if that is sooner; the
    /// others follow at `phase` in every interval.
    pub fn put(&mut self, id: MonitorId, interval: Duration, first: Tick, phase: Tick) {
        let first = self.plans.get(&id).map_or(first, |plan| first.min(plan.due));
        self.plans.insert(id, Plan { phase, interval: millis(interval), due: first, turn: 0 });
        self.enter(id, first);
    }

    pub fn remove(&mut self, id: MonitorId) {
        self.plans.remove(&id);
    }

    /// Brings its turn forward, for a confirming check; never puts it off.
    pub fn sooner(&mut self, id: MonitorId, at: Tick) {
        if self.plans.get(&id).is_some_and(|plan| at < plan.due) {
            self.enter(id, at);
        }
    }

    pub fn next_due(&mut self) -> Option<Tick> {
        while let Some(Reverse((due, id, turn))) = self.heap.peek() {
            if self.plans.get(id).is_some_and(|plan| plan.turn == *turn) {
                return Some(*due);
            }
            self.heap.pop();
        }
        None
    }

    /// One monitor whose turn has come; its next turn is the next point of its own grid after `now`.
    pub fn take_due(&mut self, now: Tick) -> Option<MonitorId> {
        if self.next_due()? > now {
            return None;
        }
        let Reverse((_, id, _)) = self.heap.pop()?;
        let plan = self.plans.get(&id)?;
        let next = plan.next(now);
        self.enter(id, next);
        Some(id)
    }

    pub fn len(&self) -> usize {
        self.plans.len()
    }

    pub fn is_empty(&self) -> bool {
        self.plans.is_empty()
    }

    fn enter(&mut self, id: MonitorId, due: Tick) {
        self.turns += 1;
        if let Some(plan) = self.plans.get_mut(&id) {
            (plan.due, plan.turn) = (due, self.turns);
            self.heap.push(Reverse((due, id, self.turns)));
        }
    }
}

impl Plan {
    /// The next point of its grid after `now`.
    fn next(&self, now: Tick) -> Tick {
        let gone = (now % self.interval + self.interval - self.phase % self.interval) % self.interval;
        now.saturating_add(self.interval - gone)
    }
}

/// Where in its interval a monitor has its turns. Hashed over the whole interval (500 monitors of 20 s that all had their turns in
/// the same 2 s knocked 250 times a second and then slept), and tied to the wall clock, so that a restart or an edit moves nothing.
pub fn phase(id: MonitorId, interval: Duration, tick: Tick, now: Time) -> Tick {
    let interval = millis(interval);
    let place = (spread(id) * interval as f64) as u64;
    let gone = now.0.rem_euclid(i64::try_from(interval).unwrap_or(i64::MAX)).unsigned_abs();
    tick + (place + interval - gone) % interval
}

/// The first turn of one of so many monitors that begin at once: in a moment, and ten milliseconds for each of them.
pub fn soon(id: MonitorId, tick: Tick, count: usize) -> Tick {
    let span = u64::try_from(count).unwrap_or(u64::MAX).saturating_mul(10).min(MOST_WAIT_MS);
    tick + (spread(id) * span as f64) as u64
}

fn millis(interval: Duration) -> u64 {
    u64::try_from(interval.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// A number in 0.0..1.0 hashed from the id (splitmix64): neighbours land far apart.
pub fn spread(id: MonitorId) -> f64 {
    let mut z = (id.0 as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    (z >> 11) as f64 / (1u64 << 53) as f64
}

/// Notices that the machine slept or its clock was set: results that were under way then say nothing.
#[derive(Debug, Clone, Copy)]
pub struct ClockGuard {
    mono: Tick,
    wall: Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jump {
    /// The loop was to run but did not: suspended or starved.
    Late { by: Duration },
    /// Wall and monotonic clock went apart.
    Clock { by: Duration },
}

impl ClockGuard {
    const TOLERANCE_MS: u64 = 2_000;

    pub fn new(mono: Tick, wall: Time) -> Self {
        Self { mono, wall }
    }

    /// `expected` is when the loop had asked to be woken.
    pub fn tick(&mut self, mono: Tick, wall: Time, expected: Tick) -> Option<Jump> {
        let walked = wall.0.saturating_sub(self.wall.0);
        let passed = i64::try_from(mono.saturating_sub(self.mono)).unwrap_or(i64::MAX);
        let apart = walked.saturating_sub(passed).unsigned_abs();
        let late = mono.saturating_sub(expected.max(self.mono));
        (self.mono, self.wall) = (mono, wall);
        if apart > Self::TOLERANCE_MS {
            Some(Jump::Clock { by: Duration::from_millis(apart) })
        } else if late > Self::TOLERANCE_MS {
            Some(Jump::Late { by: Duration::from_millis(late) })
        } else {
            None
        }
    }
}
