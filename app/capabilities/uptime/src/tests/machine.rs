//! The state machine on a frozen clock.

use kernel::Time;
use kernel::ids::MonitorId;
use std::time::Duration;

use crate::model::check::{Check, Reason};
use crate::model::judge::{Around, attend, holding_parent, judge, look_at, mass_failure, owes_a_look, wants_retry, would_confirm};
use crate::model::quorum::{Vote, combine};
use crate::model::state::{Change, Known, MonitorState, Notice, State, Told};
use crate::model::watch::{Quorum, Rules};

/// A monitor on a clock that moves by hand.
struct Bench {
    state: State,
    rules: Rules,
    now: Time,
    around: Around,
    entered: Vec<(MonitorState, Time)>,
    notices: Vec<Notice>,
    outages: Vec<Change>,
}

impl Bench {
    fn new() -> Self {
        let rules = Rules { interval_s: 20, retry_s: 10, ..Rules::default() };
        let now = Time(1_700_000_000_000);
        let around = Around::default();
        Self { state: State::default(), rules, now, around, entered: vec![], notices: vec![], outages: vec![] }
    }

    fn up() -> Self {
        let mut bench = Self::new();
        bench.ok();
        bench.take();
        bench
    }

    fn keep(&mut self, (state, changes): (State, Vec<Change>)) {
        self.state = state;
        for change in changes {
            match change {
                Change::Entered { state, at, .. } => self.entered.push((state, at)),
                Change::Told(notice) => self.notices.push(notice),
                outage => self.outages.push(outage),
            }
        }
    }

    fn check(&mut self, check: Check) -> &mut Self {
        let step = judge(&self.state, &check, &self.rules, self.now);
        self.keep(step);
        self.wait(10)
    }

    fn ok(&mut self) -> &mut Self {
        self.check(Check::ok(self.now))
    }

    fn fail(&mut self) -> &mut Self {
        self.check(Check::fail(self.now, Reason::ConnectRefused, "refused"))
    }

    fn slow(&mut self) -> &mut Self {
        self.check(Check::slow(self.now, Reason::AssertionLatency, "900 ms"))
    }

    fn wait(&mut self, seconds: u64) -> &mut Self {
        self.now = self.now + Duration::from_secs(seconds);
        self
    }

    fn attend(&mut self) -> &mut Self {
        let step = attend(&self.state, &self.around, &self.rules, self.now);
        self.keep(step);
        self
    }

    fn take(&mut self) -> Vec<Notice> {
        self.outages.clear();
        self.entered.clear();
        std::mem::take(&mut self.notices)
    }
}

#[test]
fn the_first_good_check_makes_it_up_without_a_word() {
    let mut bench = Bench::new();
    assert_eq!(bench.state.shown(), MonitorState::Pending);
    bench.ok();
    assert_eq!(bench.state.shown(), MonitorState::Up);
    assert_eq!(bench.notices, vec![]);
}

#[test]
fn down_is_confirmed_by_the_second_failure_and_dates_from_the_first() {
    let mut bench = Bench::up();
    let first = bench.now;
    bench.fail();
    assert_eq!(bench.state.shown(), MonitorState::Pending);
    assert!(wants_retry(&bench.state) && bench.notices.is_empty());
    let second = bench.now;
    bench.check(Check::fail(second, Reason::TtfbTimeout, "silent"));
    assert_eq!(bench.state.shown(), MonitorState::Down);
    assert_eq!(bench.entered, vec![(MonitorState::Down, first)]);
    let told = Notice::Down { since: first, detected_at: second, reason: Reason::TtfbTimeout, detail: "silent".to_owned() };
    assert_eq!(bench.notices, vec![told]);
}

#[test]
fn one_failure_between_good_checks_is_forgotten() {
    let mut bench = Bench::up();
    bench.fail().ok().fail().ok();
    assert_eq!(bench.state.shown(), MonitorState::Up);
    assert_eq!((bench.notices.len(), bench.entered.len()), (0, 0));
}

#[test]
fn recovery_needs_two_good_checks_and_dates_from_the_first() {
    let mut bench = Bench::up();
    let since = bench.now;
    bench.fail().fail();
    bench.take();
    bench.ok();
    assert_eq!(bench.state.shown(), MonitorState::Down);
    bench.fail();
    let back = bench.now;
    bench.ok().ok();
    assert_eq!(bench.notices, vec![Notice::Recovered { since, recovered_at: back }]);
    assert_eq!(bench.outages, vec![Change::OutageClosed { since, at: back, note: "" }]);
}

#[test]
fn three_slow_of_five_are_degraded_and_at_most_one_is_up_again() {
    let mut bench = Bench::up();
    let since = bench.now;
    bench.slow().ok().slow();
    assert_eq!(bench.state.shown(), MonitorState::Up);
    bench.slow();
    assert_eq!(bench.state.shown(), MonitorState::Degraded);
    assert!(matches!(&bench.notices[..], [Notice::Degraded { since: at, .. }] if *at == since));
    bench.ok().ok();
    assert_eq!(bench.state.shown(), MonitorState::Degraded);
    bench.ok();
    assert_eq!(bench.state.shown(), MonitorState::Degraded);
    bench.ok();
    assert_eq!(bench.state.shown(), MonitorState::Up);
    assert!(matches!(bench.notices.last(), Some(Notice::Restored { .. })));
}

#[test]
fn a_degraded_monitor_that_goes_down_is_told_both_in_order() {
    let mut bench = Bench::up();
    bench.slow().slow().slow();
    bench.take();
    bench.fail().fail();
    assert!(matches!(&bench.notices[..], [Notice::Restored { .. }, Notice::Down { .. }]));
}

#[test]
fn maintenance_holds_the_notice_and_does_not_drop_it() {
    let mut bench = Bench::up();
    let window = bench.now;
    bench.around.maintenance_since = Some(window);
    bench.attend();
    let since = bench.now;
    bench.fail().fail().fail();
    assert_eq!(bench.state.shown(), MonitorState::Maintenance);
    assert_eq!(bench.entered, vec![(MonitorState::Maintenance, window)]);
    assert!(bench.notices.is_empty());
    assert!(matches!(bench.outages[0], Change::OutageOpened { .. }));
    bench.around.maintenance_since = None;
    let end = bench.now;
    bench.attend();
    assert_eq!(bench.entered.last(), Some(&(MonitorState::Down, end)));
    assert!(matches!(&bench.notices[..], [Notice::Down { since: at, .. }] if *at == since));
}

#[test]
fn what_broke_and_healed_inside_a_window_is_recorded_but_not_told() {
    let mut bench = Bench::up();
    bench.around.maintenance_since = Some(bench.now);
    bench.attend().fail().fail().ok().ok();
    bench.around.maintenance_since = None;
    bench.attend();
    assert!(bench.notices.is_empty());
    assert_eq!(bench.outages.len(), 2);
    assert_eq!(bench.state.shown(), MonitorState::Up);
}

#[test]
fn a_recovery_inside_a_window_is_told_when_it_ends() {
    let mut bench = Bench::up();
    bench.fail().fail();
    bench.take();
    bench.around.maintenance_since = Some(bench.now);
    bench.attend().ok().ok();
    assert!(bench.notices.is_empty());
    bench.around.maintenance_since = None;
    bench.attend();
    assert!(matches!(&bench.notices[..], [Notice::Recovered { .. }]));
}

#[test]
fn silence_is_no_data_and_opens_nothing() {
    let mut bench = Bench::up();
    let last = bench.state.last.as_ref().unwrap().at;
    bench.wait(110).attend();
    assert_eq!(bench.state.shown(), MonitorState::Up);
    bench.wait(10).attend();
    assert_eq!(bench.state.shown(), MonitorState::NoData);
    assert_eq!(bench.entered, vec![(MonitorState::NoData, last + Duration::from_secs(20))]);
    let back = bench.now;
    bench.ok();
    assert_eq!(bench.entered.last(), Some(&(MonitorState::Up, back)));
    assert!(bench.notices.is_empty() && bench.outages.is_empty());
}

#[test]
fn our_own_lost_network_neither_opens_nor_closes_an_outage() {
    let mut bench = Bench::up();
    let first = bench.now;
    bench.fail();
    let second = Check::fail(bench.now, Reason::ConnectTimeout, "");
    assert!(would_confirm(&bench.state, &second, &bench.rules) && Reason::ConnectTimeout.may_be_our_network());
    for _ in 0..2 {
        bench.check(Check::skipped(bench.now, Reason::SelfOffline));
    }
    assert_eq!(bench.state.shown(), MonitorState::NoData);
    assert_eq!(bench.entered, vec![(MonitorState::NoData, first)]);
    assert!(bench.notices.is_empty() && bench.outages.is_empty());

    let mut down = Bench::up();
    down.fail().fail();
    down.take();
    down.check(Check::skipped(down.now, Reason::SelfOffline));
    assert!(down.outages.is_empty() && down.state.outage.is_some());
    down.ok().ok();
    assert!(matches!(&down.notices[..], [Notice::Recovered { .. }]));
}

#[test]
fn a_suspended_machine_judges_nothing() {
    let mut bench = Bench::up();
    bench.fail();
    let before = bench.state.clone();
    bench.check(Check::skipped(bench.now, Reason::SelfOverload));
    assert_eq!(bench.state, before);
}

#[test]
fn flapping_says_one_word_and_is_quiet_until_stable() {
    let mut bench = Bench::up();
    for _ in 0..4 {
        bench.fail().fail().ok().ok();
    }
    let told: Vec<_> = bench.take();
    assert!(
        matches!(&told[..], [Notice::Down { .. }, Notice::Recovered { .. }, Notice::Down { .. }, Notice::Flapping { transitions: 4, .. }]),
        "{told:?}"
    );
    bench.wait(29 * 60).attend();
    assert!(bench.take().is_empty());
    bench.wait(61).ok().attend();
    let told = bench.take();
    assert!(matches!(&told[..], [Notice::Settled { is_down: false }, Notice::Recovered { .. }]), "{told:?}");
    assert_eq!(bench.state.told, Told::Nothing);
}

#[test]
fn flapping_that_ends_down_is_told_so() {
    let mut bench = Bench::up();
    bench.fail().fail().ok().ok().fail().fail().ok().ok().fail().fail();
    bench.take();
    for _ in 0..40 {
        bench.fail().wait(50).attend();
    }
    let told = bench.take();
    assert!(matches!(&told[..], [Notice::Settled { is_down: true }]), "{told:?}");
    assert!(matches!(bench.state.told, Told::Down { .. }));
}

#[test]
fn a_dependant_is_recorded_linked_and_not_told_while_its_parent_is_down() {
    let mut parent = Bench::up();
    parent.fail();
    let id = MonitorId(1);
    assert_eq!(holding_parent([(id, &parent.state)].into_iter(), parent.now), Some(id), "a failing parent holds already");
    parent.fail();
    let mut child = Bench::up();
    child.now = parent.now;
    child.around.parent_down = Some(id);
    child.attend().fail().fail();
    assert!(child.notices.is_empty());
    assert!(matches!(child.outages[0], Change::OutageOpened { parent: Some(MonitorId(1)), .. }));
    parent.now = child.now;
    parent.ok().ok();
    let back = parent.state.recovered_at.unwrap();
    assert_eq!(holding_parent([(id, &parent.state)].into_iter(), back + Duration::from_secs(59)), Some(id));
    assert_eq!(holding_parent([(id, &parent.state)].into_iter(), back + Duration::from_secs(60)), None);
    child.around.parent_down = None;
    child.attend();
    assert!(matches!(&child.notices[..], [Notice::Down { .. }]), "still down a minute after its parent came back: now it is told");
}

#[test]
fn a_pause_ends_what_is_open() {
    let mut bench = Bench::up();
    bench.fail().fail();
    bench.take();
    bench.around.is_paused = true;
    bench.attend();
    assert_eq!(bench.notices, vec![Notice::Silenced]);
    assert!(matches!(bench.outages[..], [Change::OutageClosed { .. }]));
    bench.fail().fail().fail();
    assert_eq!(bench.state.shown(), MonitorState::Paused);
    bench.around.is_paused = false;
    bench.attend();
    assert_eq!((bench.state.shown(), bench.state.known), (MonitorState::Pending, Known::Unknown));
}

#[test]
fn at_another_place_it_starts_over_and_what_was_open_ends() {
    let mut bench = Bench::up();
    bench.keep(look_at(&bench.state, "here", bench.now));
    bench.fail().fail();
    bench.take();
    bench.keep(look_at(&bench.state, "here", bench.now));
    assert_eq!((bench.state.shown(), bench.notices.len()), (MonitorState::Down, 0), "asked in another way, it is the same place");
    let now = bench.now;
    bench.keep(look_at(&bench.state, "there", bench.now));
    assert_eq!(bench.notices, vec![Notice::Silenced]);
    assert!(matches!(bench.outages[..], [Change::OutageClosed { at, note: "(Ended by a change of what is watched.)", .. }] if at == now));
    assert_eq!((bench.state.shown(), bench.state.known, bench.state.why()), (MonitorState::Pending, Known::Unknown, ""));
    bench.take();
    bench.fail().fail();
    assert!(matches!(&bench.notices[..], [Notice::Down { .. }]), "the new place is told of by itself");
}

#[test]
fn a_parent_owes_a_look_until_it_has_looked_or_its_time_is_over() {
    let parent = Bench::up();
    let patience = Duration::from_secs(8);
    let last = parent.state.last.as_ref().unwrap().at;
    assert!(!owes_a_look(&parent.state, last, patience, last), "it looked after the failure began");
    let since = last + Duration::from_secs(1);
    assert!(owes_a_look(&parent.state, since, patience, since + Duration::from_secs(7)));
    assert!(!owes_a_look(&parent.state, since, patience, since + patience));
    assert!(owes_a_look(&State::default(), since, patience, since), "one that never looked yet, too");
}

#[test]
fn a_parent_that_proves_down_later_explains_what_nobody_heard_of() {
    let mut child = Bench::up();
    child.rules.confirm_failures = 1;
    child.around.is_parent_asked = true;
    child.attend().fail();
    assert!(child.notices.is_empty() && matches!(child.outages[..], [Change::OutageOpened { parent: None, .. }]));
    (child.around.is_parent_asked, child.around.parent_down) = (false, Some(MonitorId(1)));
    child.attend();
    assert!(matches!(child.outages[1..], [Change::OutageExplained { parent: MonitorId(1), .. }]), "{:?}", child.outages);
    child.attend().fail();
    assert_eq!((child.outages.len(), child.notices.len()), (2, 0), "said once");

    let mut told = Bench::up();
    told.fail().fail().take();
    told.around.parent_down = Some(MonitorId(1));
    told.attend();
    assert!(told.outages.is_empty(), "what people heard of before the parent failed has a reason of its own");
}

#[test]
fn half_of_all_monitors_failing_at_once_is_a_mass_failure() {
    let mut states = Vec::new();
    for id in 0..5 {
        let mut bench = Bench::up();
        if id < 3 {
            bench.wait(id).fail();
        }
        states.push((MonitorId(id as i64), bench.state));
    }
    let now = Bench::up().now + Duration::from_secs(20);
    let found = mass_failure(states.iter().map(|(id, state)| (*id, state)), now).unwrap();
    assert_eq!((found.failing, found.total, found.first), (3, 5, MonitorId(0)));
    assert_eq!(mass_failure(states[1..].iter().map(|(id, state)| (*id, state)), now), None);
}

#[test]
fn only_vantages_that_report_have_a_vote() {
    let now = Time(1);
    let ok = || Check::ok(now);
    let fail = || Check::fail(now, Reason::ConnectTimeout, "silent");
    let vote = |check| Vote { vantage: "paris".to_owned(), check };
    assert_eq!(combine(fail(), &[], Quorum::All).verdict, fail().verdict);
    assert_eq!(combine(fail(), &[vote(ok())], Quorum::Majority).verdict, ok().verdict, "one of two is not more than half");
    assert_eq!(combine(fail(), &[vote(ok())], Quorum::Any).verdict, fail().verdict);
    assert_eq!(combine(ok(), &[vote(fail()), vote(fail())], Quorum::Majority).reason, Some(Reason::VantageVote));
    assert_eq!(combine(fail(), &[vote(fail()), vote(ok())], Quorum::Count(2)).verdict, fail().verdict);
    let offline = Check::skipped(now, Reason::SelfOffline);
    assert_eq!(combine(offline.clone(), &[vote(fail())], Quorum::All).verdict, fail().verdict, "who cannot see has no vote");
    assert_eq!(combine(offline, &[], Quorum::All).reason, Some(Reason::SelfOffline));
}
