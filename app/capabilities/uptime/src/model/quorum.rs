//! Several opinions, one verdict: how many of those that report must say "down".
//!
//! Nouns: [`Vote`]; `Quorum` lives in `watch`.

use kernel::Time;

use super::check::{Check, Reason, Verdict};
use super::state::{Known, State};
use super::watch::Quorum;

impl Quorum {
    /// Do `down` of `reporting` voices suffice? Who is silent has no vote, and nobody at all decides nothing.
    pub fn decides(self, down: usize, reporting: usize) -> bool {
        down > 0
            && match self {
                Quorum::Any => true,
                Quorum::Majority => down * 2 > reporting,
                Quorum::All => down >= reporting,
                Quorum::Count(wanted) => down >= usize::from(wanted).min(reporting),
            }
    }

    pub fn label(self) -> String {
        match self {
            Quorum::Any => "any of them".to_owned(),
            Quorum::Majority => "more than half".to_owned(),
            Quorum::All => "all of them".to_owned(),
            Quorum::Count(count) => format!("at least {count}"),
        }
    }

    /// As a form or file writes it: `any`, `majority`, `all` or a number.
    pub fn parse(text: &str) -> Option<Quorum> {
        match text.trim() {
            "any" => Some(Quorum::Any),
            "majority" | "" => Some(Quorum::Majority),
            "all" => Some(Quorum::All),
            number => number.parse().ok().map(Quorum::Count),
        }
    }

    pub fn as_text(self) -> String {
        match self {
            Quorum::Any => "any".to_owned(),
            Quorum::Majority => "majority".to_owned(),
            Quorum::All => "all".to_owned(),
            Quorum::Count(count) => count.to_string(),
        }
    }
}

/// The newest word of another vantage.
#[derive(Debug, Clone, PartialEq)]
pub struct Vote {
    pub vantage: String,
    pub check: Check,
}

/// One verdict from our own check and the newest words of the others (only fresh ones may be given).
pub fn combine(own: Check, others: &[Vote], quorum: Quorum) -> Check {
    let voices: Vec<&Check> =
        std::iter::once(&own).chain(others.iter().map(|vote| &vote.check)).filter(|check| check.verdict != Verdict::Skipped).collect();
    if others.is_empty() || voices.is_empty() {
        return own;
    }
    let down = voices.iter().filter(|check| check.verdict == Verdict::Fail).count();
    let is_down = quorum.decides(down, voices.len());
    match (own.verdict, is_down) {
        (Verdict::Fail, true) => Check { detail: format!("{} ({down} of {} vantages say so)", own.detail, voices.len()), ..own },
        (Verdict::Ok | Verdict::Slow, false) => own,
        (_, true) => {
            let named: Vec<&str> =
                others.iter().filter(|vote| vote.check.verdict == Verdict::Fail).map(|vote| vote.vantage.as_str()).collect();
            let why = others.iter().find(|vote| vote.check.verdict == Verdict::Fail).map_or("", |vote| vote.check.detail.as_str());
            Check {
                verdict: Verdict::Fail,
                reason: Some(Reason::VantageVote),
                detail: format!("Not reachable from {}: {why}", named.join(", ")),
                ..own
            }
        }
        (_, false) => {
            let detail = format!("{} (only seen from {down} of {} vantages)", own.detail, voices.len());
            Check { verdict: Verdict::Ok, reason: None, detail, ..own }
        }
    }
}

/// The check of a group, from what is known of its members. `None` when no member reports.
pub fn group_check<'a>(members: impl Iterator<Item = (&'a str, &'a State)>, policy: Quorum, now: Time) -> Option<Check> {
    let reporting: Vec<(&str, &State)> =
        members.filter(|(_, state)| !state.is_paused && !state.is_blind && state.known != Known::Unknown).collect();
    if reporting.is_empty() {
        return None;
    }
    let down: Vec<&(&str, &State)> = reporting.iter().filter(|(_, state)| state.known == Known::Down).collect();
    let degraded = reporting.iter().filter(|(_, state)| state.known == Known::Degraded).count();
    if policy.decides(down.len(), reporting.len()) {
        let names: Vec<&str> = down.iter().take(5).map(|(name, _)| *name).collect();
        let detail = format!("{} of {} members are down: {}", down.len(), reporting.len(), names.join(", "));
        return Some(Check::fail(now, Reason::GroupMember, detail));
    }
    if down.is_empty() && degraded == 0 {
        return Some(Check::ok(now));
    }
    let detail = format!("Of {} members {} are down and {degraded} degraded: not enough to be down.", reporting.len(), down.len());
    Some(Check::slow(now, Reason::GroupMember, detail))
}

/// `"majority"`, `"2"`, `2` or the stored form, as the stored form.
pub fn quorum_from_json(value: &serde_json::Value) -> Option<serde_json::Value> {
    let quorum = match value {
        serde_json::Value::String(text) => Quorum::parse(text)?,
        serde_json::Value::Number(number) => Quorum::Count(u16::try_from(number.as_u64()?).ok()?),
        stored => serde_json::from_value(stored.clone()).ok()?,
    };
    serde_json::to_value(quorum).ok()
}
