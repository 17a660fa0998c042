//! Making and changing escalation policies from a document.
//!
//! - [`PolicyDoc`], [`merged_policy`]: what a policy should be; what is left out stays as it is
//! - [`save_policy`]: stored under a name of its own

use std::time::Duration;

use db::{Reader, Tx};
use kernel::{Error, Result};
use serde::{Deserialize, Serialize};

use super::find_targets;
use crate::ids::PolicyId;
use crate::policy::{NotifyPolicy, PolicyStep};
use crate::rule::Target;
use crate::store::policies;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyDoc {
    pub name: Option<String>,
    pub steps: Option<Vec<StepDoc>>,
    pub repeat: Option<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepDoc {
    #[serde(default)]
    pub wait_minutes: u64,
    /// As in a rule: `everywhere`, a kind, `channel:3`, or a channel's name.
    pub channels: Vec<String>,
}

/// The policy as it would be: the document laid over what exists.
pub fn merged_policy(r: &Reader<'_>, before: Option<&NotifyPolicy>, doc: &PolicyDoc) -> Result<NotifyPolicy> {
    let name = doc.name.clone().or_else(|| before.map(|policy| policy.name.clone())).unwrap_or_default();
    let steps = match &doc.steps {
        Some(steps) => steps.iter().map(|step| checked_step(r, step)).collect::<Result<Vec<PolicyStep>>>()?,
        None => before.map(|policy| policy.steps.clone()).unwrap_or_default(),
    };
    let repeat = doc.repeat.unwrap_or(before.map_or(0, |policy| policy.repeat));
    let checked = NotifyPolicy::checked(&name, steps, repeat)?;
    Ok(NotifyPolicy { id: before.map_or(PolicyId(0), |policy| policy.id), ..checked })
}

fn checked_step(r: &Reader<'_>, step: &StepDoc) -> Result<PolicyStep> {
    let targets = find_targets(r, &step.channels).map_err(|error| Error::field("steps", error.message()))?;
    Ok(PolicyStep { wait: Duration::from_secs(step.wait_minutes.saturating_mul(60)), targets })
}

pub fn save_policy(tx: &mut Tx<'_>, policy: &NotifyPolicy) -> Result<PolicyId> {
    let is_new = policy.id.0 == 0;
    match policies::find_by_name(tx, &policy.name)? {
        Some(other) if is_new || other != policy.id => {
            return Err(Error::field("name", format!("A policy called “{}” exists already.", policy.name)));
        }
        _ => {}
    }
    if is_new {
        return policies::insert(tx, policy);
    }
    policies::update(tx, policy)?;
    Ok(policy.id)
}

pub fn policy_doc(policy: &NotifyPolicy) -> PolicyDoc {
    let step = |step: &PolicyStep| StepDoc {
        wait_minutes: step.wait.as_secs() / 60,
        channels: step.targets.iter().map(Target::as_text).collect(),
    };
    PolicyDoc { name: Some(policy.name.clone()), steps: Some(policy.steps.iter().map(step).collect()), repeat: Some(policy.repeat) }
}
