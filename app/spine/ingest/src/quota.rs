//! How much a key and a project may report in a minute: token buckets in memory, asked before anything is unpacked or stored, and told
//! to SDKs in `X-Sentry-Rate-Limits`, so that they hold back by themselves.
//!
//! A bucket is stored as the moment at which it will be full again. Who still has something may take more than that (a container comes
//! whole or not at all) and waits the longer.

use kernel::Time;
use kernel::ids::{DsnKeyId, ProjectId};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::Kind;

/// Kinds that share a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    Errors,
    Traces,
    Logs,
    Others,
    /// By itself and not told to SDKs of errors, which know of no actions.
    Actions,
    /// By itself and never told: an SDK that hears of a limit, or of any refusal, stops recording for good.
    Replays,
    /// What SDKs tell of what they threw away: by itself, because it is told the most when the rest is limited.
    Reports,
}

impl Group {
    pub const ALL: [Group; 7] = [Group::Errors, Group::Traces, Group::Logs, Group::Others, Group::Actions, Group::Replays, Group::Reports];

    pub fn of(kind: Kind) -> Group {
        match kind {
            Kind::Event | Kind::Feedback | Kind::UserReport | Kind::Security | Kind::Minidump | Kind::Attachment => Group::Errors,
            Kind::Transaction | Kind::Spans | Kind::Profile | Kind::ProfileChunk => Group::Traces,
            Kind::Logs | Kind::Metrics => Group::Logs,
            Kind::Session | Kind::Sessions | Kind::CheckIn => Group::Others,
            Kind::Actions => Group::Actions,
            Kind::ReplayEvent | Kind::ReplayRecording | Kind::ReplayVideo => Group::Replays,
            Kind::ClientReport => Group::Reports,
        }
    }

    /// Whether SDKs hear that its limit is reached.
    pub fn is_told(self) -> bool {
        !matches!(self, Group::Replays | Group::Actions)
    }

    /// Whether who is refused hears that this limit was it.
    pub fn is_heard(self) -> bool {
        self != Group::Replays
    }

    /// Its data categories, as they stand in the header.
    fn categories(self) -> &'static str {
        match self {
            Group::Errors => "error;default;feedback;security;attachment",
            Group::Traces => "transaction;span;profile;profile_chunk",
            Group::Logs => "log_item;log_byte;trace_metric;trace_metric_byte",
            Group::Others => "session;monitor",
            Group::Actions => "action",
            Group::Replays => "replay",
            Group::Reports => "internal",
        }
    }
}

/// Things a minute for each project, by group. A whole minute's worth may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowances {
    pub errors: u32,
    pub traces: u32,
    pub logs: u32,
    pub others: u32,
    pub actions: u32,
}

impl Allowances {
    /// Far above what a small machine digests for long: they end a loop gone wild, not a busy day.
    pub const STANDARD: Allowances =
        Allowances { errors: 300_000, traces: 3_000_000, logs: 3_000_000, others: 300_000, actions: 3_000_000 };

    fn of(&self, group: Group) -> u32 {
        match group {
            Group::Errors => self.errors,
            Group::Traces => self.traces,
            Group::Logs => self.logs,
            Group::Actions => self.actions,
            Group::Others | Group::Replays | Group::Reports => self.others,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Bucket {
    Key(DsnKeyId),
    Project(ProjectId, Group),
}

/// A limit that is reached: what SDKs are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    pub wait: Duration,
    /// `None`: everything that comes with this key.
    pub group: Option<Group>,
}

/// A key with what it may report in a minute.
#[derive(Debug, Clone, Copy)]
pub struct Asker {
    pub project: ProjectId,
    pub key: DsnKeyId,
    pub per_minute: Option<u32>,
}

#[derive(Debug, Default)]
pub struct Quotas {
    /// Microseconds since 1970 at which the bucket is full again.
    full_at: Mutex<HashMap<Bucket, i64>>,
}

const MINUTE: i64 = 60_000_000;
/// The longest that one container can put a bucket into debt.
const DEBT: i64 = 5 * MINUTE;

impl Quotas {
    /// Which limit forbids something of this group now. Nothing is taken yet: what it comes to is known once it is unpacked.
    pub fn check(&self, asker: Asker, allowances: &Allowances, group: Group, now: Time) -> Result<(), Reached> {
        let full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        for (bucket, limit, group) in buckets(asker, allowances, group).into_iter().flatten() {
            if let Some(wait) = wait_of(full_at.get(&bucket), limit, now) {
                return Err(Reached { wait, group });
            }
        }
        Ok(())
    }

    /// Takes what was let in.
    pub fn charge(&self, asker: Asker, allowances: &Allowances, group: Group, quantity: u64, now: Time) {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        for (bucket, limit, _) in buckets(asker, allowances, group).into_iter().flatten() {
            let start = begin(full_at.get(&bucket), now);
            let price = token(limit).saturating_mul(i64::try_from(quantity).unwrap_or(i64::MAX)).min(DEBT);
            full_at.insert(bucket, start.saturating_add(price));
        }
    }

    /// The limits that are reached at this moment, none of them taken from.
    pub fn reached(&self, asker: Asker, allowances: &Allowances, now: Time) -> Vec<Reached> {
        let full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let key = asker.per_minute.and_then(|limit| wait_of(full_at.get(&Bucket::Key(asker.key)), limit, now));
        let mut reached: Vec<Reached> = key.map(|wait| Reached { wait, group: None }).into_iter().collect();
        for group in Group::ALL.into_iter().filter(|group| group.is_told()) {
            let wait = wait_of(full_at.get(&Bucket::Project(asker.project, group)), allowances.of(group), now);
            reached.extend(wait.map(|wait| Reached { wait, group: Some(group) }));
        }
        reached
    }
}

/// The key's own bucket, where it has one, and the project's for this group, each with its limit.
fn buckets(asker: Asker, allowances: &Allowances, group: Group) -> [Option<(Bucket, u32, Option<Group>)>; 2] {
    [
        asker.per_minute.map(|limit| (Bucket::Key(asker.key), limit, None)),
        Some((Bucket::Project(asker.project, group), allowances.of(group), Some(group))),
    ]
}

fn micros(now: Time) -> i64 {
    now.0.saturating_mul(1_000)
}

/// What one thing costs.
fn token(limit: u32) -> i64 {
    (MINUTE / i64::from(limit.max(1))).max(1)
}

/// A clock that was set back must not lock anybody out for longer than the greatest debt does.
fn begin(full_at: Option<&i64>, now: Time) -> i64 {
    let now = micros(now);
    full_at.map_or(now, |at| (*at).clamp(now, now.saturating_add(MINUTE + DEBT)))
}

/// How long until there is something in the bucket again; `None`: there is.
fn wait_of(full_at: Option<&i64>, limit: u32, now: Time) -> Option<Duration> {
    let empty_until = begin(full_at, now) + token(limit) - MINUTE - micros(now);
    u64::try_from(empty_until).ok().filter(|wait| *wait > 0).map(Duration::from_micros)
}

/// Whole seconds, rounded up: who waits this long is let in.
pub fn seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// `60:error;default:project:quota, 60::key:quota`; empty where nothing is reached.
pub fn header(reached: &[Reached]) -> String {
    let parts: Vec<String> = reached
        .iter()
        .map(|limit| match limit.group {
            None => format!("{}::key:quota", seconds(limit.wait)),
            Some(group) => format!("{}:{}:project:quota", seconds(limit.wait), group.categories()),
        })
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_772_452_800_000);

    impl Quotas {
        fn take(&self, asker: Asker, allowances: &Allowances, group: Group, quantity: u64, now: Time) -> Result<(), Reached> {
            self.check(asker, allowances, group, now)?;
            self.charge(asker, allowances, group, quantity, now);
            Ok(())
        }
    }

    fn asker(per_minute: Option<u32>) -> Asker {
        Asker { project: ProjectId(1), key: DsnKeyId(2), per_minute }
    }

    #[test]
    fn a_minutes_worth_may_come_at_once_and_then_one_by_one() {
        let (quotas, allowances) = (Quotas::default(), Allowances { errors: 60, ..Allowances::STANDARD });
        let take = |now| quotas.take(asker(None), &allowances, Group::Errors, 1, now);
        for _ in 0..60 {
            assert_eq!(take(NOW), Ok(()));
        }
        assert_eq!(take(NOW), Err(Reached { wait: Duration::from_secs(1), group: Some(Group::Errors) }));
        assert_eq!(take(NOW + Duration::from_secs(1)), Ok(()));
        assert!(take(NOW + Duration::from_secs(1)).is_err());
        assert!(quotas.take(asker(None), &allowances, Group::Logs, 1, NOW).is_ok(), "another group has its own");
        let other = Asker { project: ProjectId(9), ..asker(None) };
        assert!(quotas.take(other, &allowances, Group::Errors, 1, NOW).is_ok(), "another project has its own");
    }

    #[test]
    fn a_container_comes_whole_and_is_waited_for_the_longer() {
        let (quotas, allowances) = (Quotas::default(), Allowances { logs: 600, ..Allowances::STANDARD });
        assert_eq!(quotas.take(asker(None), &allowances, Group::Logs, 900, NOW), Ok(()));
        let reached = quotas.take(asker(None), &allowances, Group::Logs, 1, NOW).unwrap_err();
        assert_eq!(seconds(reached.wait), 31, "300 too many at 10 a second, and one more");
        let later = NOW + reached.wait;
        assert_eq!(quotas.take(asker(None), &allowances, Group::Logs, 1, later), Ok(()));
    }

    #[test]
    fn a_keys_own_limit_counts_all_groups_and_takes_nothing_from_the_project_when_it_refuses() {
        let (quotas, allowances) = (Quotas::default(), Allowances { errors: 3, ..Allowances::STANDARD });
        assert!(quotas.take(asker(Some(2)), &allowances, Group::Errors, 1, NOW).is_ok());
        assert!(quotas.take(asker(Some(2)), &allowances, Group::Logs, 1, NOW).is_ok());
        let reached = quotas.take(asker(Some(2)), &allowances, Group::Errors, 1, NOW).unwrap_err();
        assert_eq!(reached.group, None);
        for _ in 0..2 {
            assert!(quotas.take(asker(None), &allowances, Group::Errors, 1, NOW).is_ok());
        }
        assert!(quotas.take(asker(None), &allowances, Group::Errors, 1, NOW).is_err());
        let told = header(&quotas.reached(asker(Some(2)), &allowances, NOW));
        assert_eq!(told, "30::key:quota, 20:error;default;feedback;security;attachment:project:quota");
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let (quotas, allowances) = (Quotas::default(), Allowances { errors: 60, ..Allowances::STANDARD });
        for _ in 0..60 {
            quotas.take(asker(None), &allowances, Group::Errors, 1, NOW).unwrap();
        }
        let before = NOW - Duration::from_secs(86_400);
        let reached = quotas.take(asker(None), &allowances, Group::Errors, 1, before).unwrap_err();
        assert!(reached.wait <= Duration::from_secs(360), "{:?}", reached.wait);
    }
}
