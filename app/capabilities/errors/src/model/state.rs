//! The states of an issue, and what an event does to them.

use ingest::releases::Release;
use kernel::Time;
use kernel::ids::ReleaseId;
use std::cmp::Ordering;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Open,
    Resolved(Resolved),
    Ignored(Ignored),
}

/// How it was resolved: which events bring it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    /// Any event that happens later.
    AtOnce,
    /// One of a release newer than this one, which was the newest when it was resolved. `None`: there was none yet, so any release.
    NextRelease(Option<ReleaseId>),
    /// One of this release or a newer one.
    InRelease(ReleaseId),
}

/// Until when it is ignored. Whatever comes first ends it; nothing set: for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ignored {
    /// The first event at or after this wakes it.
    pub until: Option<Time>,
    /// Total of the issue, not from now on.
    pub events: Option<u64>,
    /// Total of the issue, not from now on.
    pub users: Option<u64>,
}

/// An event that was just counted, as states see it.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    pub at: Time,
    pub received_at: Time,
    pub release: Option<&'a Release>,
    /// With this event.
    pub events: u64,
    pub users: u64,
}

/// Why an issue is open again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    Regressed,
    IgnoredLongEnough,
    ManyEvents,
    ManyUsers,
}

impl Wake {
    /// One sentence for the history.
    pub fn text(self) -> &'static str {
        match self {
            Wake::Regressed => "It happened again after it was resolved.",
            Wake::IgnoredLongEnough => "It happened again after the time it was ignored for.",
            Wake::ManyEvents => "It happened as often as it was to be ignored.",
            Wake::ManyUsers => "It happened to as many users as it was to be ignored for.",
        }
    }
}

impl State {
    /// As it is stored.
    pub fn as_str(&self) -> &'static str {
        match self {
            State::Open => "open",
            State::Resolved(_) => "resolved",
            State::Ignored(_) => "ignored",
        }
    }

    pub fn is_open(&self) -> bool {
        *self == State::Open
    }

    /// The release that `Seen::release` is to be compared with.
    pub fn release(&self) -> Option<ReleaseId> {
        match self {
            State::Resolved(Resolved::NextRelease(release)) => *release,
            State::Resolved(Resolved::InRelease(release)) => Some(*release),
            _ => None,
        }
    }

    /// Whether this event opens it again. `since`: when the state was set; `bound`: the release [`State::release`] names, `None` when it
    /// names none or it is gone.
    pub fn woken_by(&self, seen: Seen<'_>, since: Time, bound: Option<&Release>) -> Option<Wake> {
        match self {
            State::Open => None,
            State::Resolved(how) => comes_back(*how, seen, since, bound).then_some(Wake::Regressed),
            State::Ignored(until) => {
                if until.until.is_some_and(|until| seen.received_at >= until) {
                    return Some(Wake::IgnoredLongEnough);
                }
                if until.events.is_some_and(|events| seen.events >= events) {
                    return Some(Wake::ManyEvents);
                }
                until.users.is_some_and(|users| seen.users >= users).then_some(Wake::ManyUsers)
            }
        }
    }
}

/// An event that happened before the issue was resolved and only comes late (from a phone that was offline) proves nothing.
fn comes_back(how: Resolved, seen: Seen<'_>, since: Time, bound: Option<&Release>) -> bool {
    if seen.at <= since && matches!(how, Resolved::AtOnce) {
        return false;
    }
    let order = match (seen.release, bound) {
        (Some(release), Some(bound)) if release.id == bound.id => Some(Ordering::Equal),
        (Some(release), Some(bound)) => Some(release.order(bound)),
        _ => None,
    };
    match (how, order) {
        (Resolved::AtOnce, _) => true,
        (Resolved::NextRelease(_), Some(order)) => order == Ordering::Greater,
        (Resolved::InRelease(_), Some(order)) => order != Ordering::Less,
        // Nothing to compare with: an event of a release when there was none before, or one that names none. Rather too early than
        // never.
        (Resolved::NextRelease(_) | Resolved::InRelease(_), None) => seen.at > since,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::ids::ProjectId;

    fn release(id: i64, version: &str) -> Release {
        Release { id: ReleaseId(id), project: ProjectId(1), version: version.into(), created_at: Time(id), released_at: None }
    }

    fn seen(at: i64, release: Option<&Release>) -> Seen<'_> {
        Seen { at: Time(at), received_at: Time(at), release, events: 10, users: 3 }
    }

    #[test]
    fn a_resolved_issue_comes_back_only_by_what_the_resolution_promised_to_end() {
        let (old, fixed, new, hotfix) =
            (release(1, "app@1.9.0"), release(2, "app@2.0.0"), release(3, "app@2.1.0"), release(4, "app@1.9.1"));
        let in_fixed = State::Resolved(Resolved::InRelease(fixed.id));
        let next = State::Resolved(Resolved::NextRelease(Some(fixed.id)));
        let none = State::Resolved(Resolved::NextRelease(None));
        let at_once = State::Resolved(Resolved::AtOnce);
        let cases: &[(&str, State, i64, Option<&Release>, bool)] = &[
            ("any later event", at_once, 200, None, true),
            ("an old release counts when no release was named", at_once, 200, Some(&old), true),
            ("what happened before and came late", at_once, 99, None, false),
            ("a release before the fix", in_fixed, 200, Some(&old), false),
            ("the fix itself", in_fixed, 200, Some(&fixed), true),
            ("a release after the fix", in_fixed, 200, Some(&new), true),
            ("a later build of the old line", in_fixed, 200, Some(&hotfix), false),
            ("an event without release", in_fixed, 200, None, true),
            ("an event without release that came late", in_fixed, 50, None, false),
            ("still the release it was resolved in", next, 200, Some(&fixed), false),
            ("the next release", next, 200, Some(&new), true),
            ("a later build of the old line, next", next, 200, Some(&hotfix), false),
            ("there was no release when it was resolved", none, 200, Some(&old), true),
        ];
        for (name, state, at, of, comes) in cases {
            let bound = state.release().map(|_| &fixed);
            assert_eq!(state.woken_by(seen(*at, *of), Time(100), bound).is_some(), *comes, "{name}");
        }
    }

    #[test]
    fn releases_without_numbers_are_ordered_by_when_they_came() {
        let (old, new) = (release(1, "f00ba4"), release(2, "bada55"));
        let next = State::Resolved(Resolved::NextRelease(Some(old.id)));
        assert_eq!(next.woken_by(seen(200, Some(&old)), Time(100), Some(&old)), None);
        assert_eq!(next.woken_by(seen(200, Some(&new)), Time(100), Some(&old)), Some(Wake::Regressed));
    }

    #[test]
    fn an_ignored_issue_wakes_by_time_events_or_users_and_else_never() {
        let ignored = |until: Option<i64>, events, users| State::Ignored(Ignored { until: until.map(Time), events, users });
        let cases = [
            ("for ever", ignored(None, None, None), None),
            ("time not over", ignored(Some(201), None, None), None),
            ("time over", ignored(Some(200), None, None), Some(Wake::IgnoredLongEnough)),
            ("not so many events yet", ignored(None, Some(11), None), None),
            ("so many events", ignored(None, Some(10), None), Some(Wake::ManyEvents)),
            ("not so many users yet", ignored(None, None, Some(4)), None),
            ("so many users", ignored(None, Some(11), Some(3)), Some(Wake::ManyUsers)),
        ];
        for (name, state, wake) in cases {
            assert_eq!(state.woken_by(seen(200, None), Time(100), None), wake, "{name}");
        }
        assert_eq!(State::Open.woken_by(seen(200, None), Time(100), None), None);
    }
}
