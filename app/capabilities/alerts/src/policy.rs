//! Who is told, after how long: a [`NotifyPolicy`] is a ladder of [`PolicyStep`]s that is climbed until somebody acknowledges.

use std::time::Duration;

use kernel::{Error, Result, Time};
use serde::{Deserialize, Serialize};

use crate::ids::PolicyId;
use crate::rule::Target;

#[derive(Debug, Clone, PartialEq)]
pub struct NotifyPolicy {
    pub id: PolicyId,
    pub name: String,
    pub steps: Vec<PolicyStep>,
    /// How often the whole ladder is climbed again.
    pub repeat: u8,
}

#[derive(Debug, Clone, PartialEq)]
pub struct PolicyStep {
    /// After the step above (the first: after the alert was announced).
    pub wait: Duration,
    pub targets: Vec<Target>,
}

/// Where on the ladder an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rung {
    pub step: u32,
    pub round: u32,
}

pub const MAX_REPEAT: u8 = 5;
pub const MAX_STEPS: usize = 10;
pub const MAX_WAIT_MINUTES: u64 = 1_440;

impl NotifyPolicy {
    pub fn checked(name: &str, steps: Vec<PolicyStep>, repeat: u8) -> Result<Self> {
        let name = kernel::text::checked_line(name, "the name of the policy", 80)?;
        if steps.is_empty() || steps.len() > MAX_STEPS {
            return Err(Error::invalid(format!("A policy has 1 to {MAX_STEPS} steps.")));
        }
        if steps.iter().any(|step| step.targets.is_empty()) {
            return Err(Error::invalid("Please name at least one channel in each step."));
        }
        if steps.iter().any(|step| step.wait > Duration::from_secs(MAX_WAIT_MINUTES * 60)) {
            return Err(Error::invalid("A step waits at most 1440 minutes."));
        }
        if repeat > MAX_REPEAT {
            return Err(Error::invalid(format!("A policy repeats at most {MAX_REPEAT} times.")));
        }
        Ok(Self { id: PolicyId(0), name, steps, repeat })
    }

    pub fn step(&self, rung: Rung) -> Option<&PolicyStep> {
        self.steps.get(usize::try_from(rung.step).ok()?)
    }

    /// When the first step is due.
    pub fn first(&self, announced_at: Time) -> Option<(Rung, Time)> {
        self.steps.first().map(|step| (Rung::default(), announced_at + step.wait))
    }

    /// The rung after `rung` was climbed at `now`; `None` at the end of the last round.
    pub fn after(&self, rung: Rung, now: Time) -> Option<(Rung, Time)> {
        let next = Rung { step: rung.step + 1, round: rung.round };
        if let Some(step) = self.step(next) {
            return Some((next, now + step.wait));
        }
        if rung.round >= u32::from(self.repeat.min(MAX_REPEAT)) {
            return None;
        }
        let again = Rung { step: 0, round: rung.round + 1 };
        // A ladder whose first step waits for nothing would otherwise be climbed again in the same second.
        self.steps.first().map(|step| (again, now + step.wait.max(Duration::from_secs(60))))
    }
}
