//! Issues that are resolved, ignored, come back, spike and calm down, through events and the clock.

use kernel::time::{DAY, HOUR};
use kernel::{Fact, Time};
use serde_json::{Value, json};

use super::kit::{Kit, message, python, with};
use crate::acts;
use crate::model::{ActKind, Ignored, Priority, Resolved, State};
use crate::store::acts::{Actor, acts_of};

fn bug(release: &str) -> Value {
    let event = python("KeyError", "'total'", &[("shop.pay", "pay", 1, "cart['total']")]);
    if release.is_empty() { event } else { with(event, json!({"release": release})) }
}

fn somebody() -> Actor {
    Actor { member: None, name: "Ada".into() }
}

impl Kit {
    async fn set(&self, id: kernel::ids::IssueId, state: State) {
        self.house.cx.write(move |tx| acts::set_state(tx, &[id], state, &somebody())).await.unwrap();
        // What comes next comes later.
        self.house.clock.advance(std::time::Duration::from_secs(60));
    }

    async fn release(&self, version: &'static str) -> kernel::ids::ReleaseId {
        let project = self.project;
        let found = self.house.cx.read(move |r| ingest::store::find_release(r, project, version)).await.unwrap();
        found.expect("the release is known").id
    }

    async fn regressions(&self) -> usize {
        self.facts().await.iter().filter(|fact| matches!(fact, Fact::IssueRegressed { .. })).count()
    }
}

#[tokio::test]
async fn a_resolved_issue_regresses_with_the_next_event_and_says_so_once() {
    let kit = Kit::new().await;
    let id = kit.issue_for(&bug("")).await;
    kit.set(id, State::Resolved(Resolved::AtOnce)).await;
    assert_eq!(kit.issue_for(&bug("")).await, id);
    let issue = kit.issue(id).await;
    assert_eq!((issue.state, issue.events, issue.regressed_at), (State::Open, 2, Some(kit.now())));
    kit.issue_for(&bug("")).await;
    assert_eq!(kit.regressions().await, 1);
    let history = kit.house.cx.read(move |r| acts_of(r, id, 10)).await.unwrap();
    assert_eq!(history.iter().rev().map(|act| act.kind).collect::<Vec<_>>(), [ActKind::Opened, ActKind::Resolved, ActKind::Regressed]);
    assert!(history[0].item.is_some() && history[1].made_by == "Ada");
    let closed = kit.facts().await.into_iter().any(|fact| matches!(fact, Fact::IssueClosed { state, .. } if state == "resolved"));
    assert!(closed);
}

#[tokio::test]
async fn only_a_release_that_should_have_the_fix_brings_an_issue_back() {
    let kit = Kit::new().await;
    let id = kit.issue_for(&bug("shop@1.0.0")).await;
    let base = kit.release("shop@1.0.0").await;
    kit.set(id, State::Resolved(Resolved::NextRelease(Some(base)))).await;
    for old in ["shop@1.0.0", "shop@0.9.9"] {
        kit.issue_for(&bug(old)).await;
        assert!(!kit.issue(id).await.state.is_open(), "{old} cannot have it");
    }
    kit.issue_for(&bug("shop@1.0.1")).await;
    assert!(kit.issue(id).await.state.is_open());
    let fixed = kit.release("shop@1.0.1").await;
    kit.set(id, State::Resolved(Resolved::InRelease(fixed))).await;
    kit.issue_for(&bug("shop@1.0.0")).await;
    assert!(!kit.issue(id).await.state.is_open(), "the release before the fix");
    kit.issue_for(&bug("shop@1.0.1")).await;
    assert!(kit.issue(id).await.state.is_open(), "the fix did not fix it");
    assert_eq!((kit.regressions().await, kit.issue(id).await.events), (2, 6));
}

#[tokio::test]
async fn an_event_that_happened_before_the_fix_and_comes_late_reopens_nothing() {
    let kit = Kit::new().await;
    let id = kit.issue_for(&bug("")).await;
    let before = kit.now();
    kit.set(id, State::Resolved(Resolved::AtOnce)).await;
    kit.issue_for(&with(bug(""), json!({"timestamp": before.0 as f64 / 1_000.0 - 30.0}))).await;
    assert_eq!(kit.issue(id).await.state, State::Resolved(Resolved::AtOnce));
    assert_eq!(kit.issue(id).await.events, 2);
}

#[tokio::test]
async fn an_ignored_issue_is_quiet_until_what_was_agreed() {
    let kit = Kit::new().await;
    let id = kit.issue_for(&bug("")).await;
    let ignored = |until, events, users| State::Ignored(Ignored { until, events, users });
    kit.set(id, ignored(None, None, None)).await;
    kit.issue_for(&bug("")).await;
    assert_eq!(kit.issue(id).await.state, ignored(None, None, None), "for ever");
    kit.set(id, ignored(None, Some(4), None)).await;
    kit.issue_for(&bug("")).await;
    assert!(!kit.issue(id).await.state.is_open(), "the third");
    kit.issue_for(&bug("")).await;
    assert!(kit.issue(id).await.state.is_open(), "the fourth");
    kit.set(id, ignored(None, None, Some(2))).await;
    for (user, is_open) in [("ada", false), ("ada", false), ("bob", true)] {
        kit.issue_for(&with(bug(""), json!({"user": {"id": user}}))).await;
        assert_eq!(kit.issue(id).await.state.is_open(), is_open, "{user}");
    }
    kit.set(id, ignored(Some(kit.now() + DAY), None, None)).await;
    kit.issue_for(&bug("")).await;
    assert!(!kit.issue(id).await.state.is_open());
    kit.house.clock.advance(DAY);
    kit.issue_for(&bug("")).await;
    assert!(kit.issue(id).await.state.is_open());
    assert_eq!(kit.regressions().await, 0, "nothing was resolved");
    let woken =
        kit.facts().await.into_iter().filter_map(|fact| if let Fact::IssueWoken { reason, .. } = fact { Some(reason) } else { None });
    assert_eq!(
        woken.collect::<Vec<_>>(),
        [
            "It happened as often as it was to be ignored.",
            "It happened to as many users as it was to be ignored for.",
            "It happened again after the time it was ignored for."
        ]
    );
}

#[tokio::test]
async fn issues_that_stay_quiet_are_resolved_only_when_that_is_set() {
    let kit = Kit::new().await;
    let id = kit.issue_for(&bug("")).await;
    kit.house.live_through(DAY * 8, DAY).await;
    assert!(kit.issue(id).await.state.is_open(), "as shipped");
    let sealer = kit.house.cx.sealer.clone();
    let setting = crate::settings::SECTION.fields.iter().find(|field| field.key == "errors.quiet_days").unwrap();
    kit.house.cx.write(move |tx| capability::settings::set(tx, &sealer, setting, "7")).await.unwrap();
    kit.house.live_through(HOUR * 2, HOUR).await;
    assert_eq!(kit.issue(id).await.state, State::Resolved(Resolved::AtOnce));
    kit.set(id, State::Open).await;
    kit.house.live_through(DAY * 6, HOUR * 12).await;
    assert!(kit.issue(id).await.state.is_open(), "whom somebody opens again is not resolved behind their back");
    kit.house.live_through(DAY * 2, HOUR * 12).await;
    assert!(!kit.issue(id).await.state.is_open(), "only after as long a time");
    let late = with(message("kept by a phone"), json!({"timestamp": (kit.now() - DAY * 20).0 / 1_000}));
    let late = kit.issue_for(&late).await;
    kit.house.live_through(HOUR * 2, HOUR).await;
    assert!(kit.issue(late).await.state.is_open(), "what comes late is news, too");
}

#[tokio::test]
async fn a_spike_is_told_once_and_its_end_too() {
    let kit = Kit::new().await;
    let id = kit.issue_for(&bug("")).await;
    for _ in 0..30 {
        kit.house.pass(HOUR).await;
        kit.issue_for(&bug("")).await;
    }
    for _ in 0..60 {
        kit.send_event(&bug("")).await;
    }
    kit.house.digest().await;
    kit.house.pass(HOUR).await;
    let issue = kit.issue(id).await;
    assert!(issue.spiking_since.is_some());
    assert_eq!(issue.priority, Priority::High);
    let spikes = |facts: Vec<Fact>| {
        facts
            .into_iter()
            .filter_map(
                |fact| if let Fact::IssueSpiking { events, usual_per_hour, .. } = fact { Some((events, usual_per_hour)) } else { None },
            )
            .collect::<Vec<_>>()
    };
    assert_eq!(spikes(kit.facts().await), [(61, 1.0)]);
    kit.house.live_through(HOUR * 2, HOUR).await;
    assert_eq!(kit.issue(id).await.spiking_since, None);
    let facts = kit.facts().await;
    assert_eq!(facts.iter().filter(|fact| matches!(fact, Fact::IssueCalmed { .. })).count(), 1);
    assert_eq!(spikes(facts).len(), 1);
}

#[tokio::test]
async fn the_time_of_an_event_decides_in_which_hour_it_counts() {
    let kit = Kit::new().await;
    let earlier = kit.now().hour_start() - HOUR * 5;
    let id = kit.issue_for(&with(bug(""), json!({"timestamp": earlier.0 / 1_000}))).await;
    let hours = kit.house.cx.read(move |r| crate::store::counts::hours_of(r, id, Time(0))).await.unwrap();
    assert_eq!(hours, [(earlier, 1)]);
}
