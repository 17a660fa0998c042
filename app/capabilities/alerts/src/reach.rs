//! Which rules and policies reach somebody, and which only seem to: what they name may be gone or off.

use crate::channel::Channel;
use crate::policy::NotifyPolicy;
use crate::recipients::recipients;
use crate::rule::{AlertRule, Target};

/// Names of rules and policies, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// Rules that want somebody told, and tell nobody.
    pub nobody: Vec<String>,
    /// Rules and policies that name single channels, none of which is there and on: whichever others there are hear of it.
    pub astray: Vec<String>,
}

pub fn reach(rules: &[AlertRule], policies: &[NotifyPolicy], channels: &[Channel]) -> Reach {
    let is_on = |target: &Target| match target {
        Target::Everywhere | Target::Kind(_) => true,
        Target::Channel(id) => channels.iter().any(|channel| channel.id == *id && channel.is_enabled),
    };
    let is_astray = |targets: &[Target]| !targets.is_empty() && !targets.iter().any(is_on);
    let mut reach = Reach::default();
    for rule in rules.iter().filter(|rule| rule.is_enabled) {
        let climbs = rule.policy.and_then(|id| policies.iter().find(|policy| policy.id == id)).map_or(&[][..], |policy| &policy.steps);
        let targets = || climbs.iter().map(|step| step.targets.as_slice()).chain([rule.targets.as_slice()]);
        let wants_somebody = targets().any(|targets| !targets.is_empty());
        if wants_somebody && targets().all(|targets| recipients(targets, channels, rule.severity, None).is_empty()) {
            reach.nobody.push(rule.name.clone());
        } else if is_astray(&rule.targets) {
            reach.astray.push(rule.name.clone());
        }
    }
    let lost = policies.iter().filter(|policy| policy.steps.iter().any(|step| is_astray(&step.targets)));
    reach.astray.extend(lost.map(|policy| policy.name.clone()));
    reach
}

impl Reach {
    /// What gets worse on the way to `after`.
    #[must_use]
    pub fn lost(&self, after: Reach) -> Reach {
        let fresh = |before: &[String], after: Vec<String>| after.into_iter().filter(|name| !before.contains(name)).collect();
        Reach { nobody: fresh(&self.nobody, after.nobody), astray: fresh(&self.astray, after.astray) }
    }

    pub fn is_whole(&self) -> bool {
        self.nobody.is_empty() && self.astray.is_empty()
    }
}

/// `“A”, “B” and 3 more`.
pub fn listed(names: &[String]) -> String {
    const NAMED: usize = 4;
    let mut words: Vec<String> = names.iter().take(NAMED).map(|name| format!("“{name}”")).collect();
    let left = names.len().saturating_sub(NAMED);
    let last = if left > 0 { Some(format!("{left} more")) } else { words.pop() };
    match (words.is_empty(), last) {
        (true, last) => last.unwrap_or_default(),
        (false, last) => format!("{} and {}", words.join(", "), last.unwrap_or_default()),
    }
}
