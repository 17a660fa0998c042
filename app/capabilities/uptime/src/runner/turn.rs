//! One turn of a monitor: probe, doubt ourselves where that is due, judge, remember.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use kernel::Fact;
use kernel::ids::MonitorId;

use super::book::Watched;
use super::{Book, Desk};
use crate::model::certificates;
use crate::model::check::{Check, Reason, Verdict};
use crate::model::judge::{judge, wants_retry, would_confirm};
use crate::model::quorum::{Vote, combine, group_check};
use crate::model::schedule::ClockGuard;
use crate::model::state::State;
use crate::model::watch::{Kind, Watch};
use crate::prober::{Target, policy};

/// An answer of the canaries is believed for so long.
const CANARY_TICKS: u64 = 5_000;

impl Desk {
    /// Starts every turn that is due, each in a task of its own.
    pub fn start_due(self: &Arc<Self>) {
        let tick = self.tick();
        loop {
            let mut book = self.book();
            let Some(id) = book.schedule.take_due(tick) else { return };
            let Some(watched) = book.monitors.get_mut(&id) else { continue };
            match watched.kind() {
                Kind::Heartbeat => {}
                Kind::Group => {
                    drop(book);
                    self.take_group_turn(id);
                }
                _ if watched.is_in_flight => watched.is_due_again = true,
                _ => {
                    watched.is_in_flight = true;
                    drop(book);
                    let desk = self.clone();
                    tokio::spawn(async move { desk.take_turn(id).await });
                }
            }
        }
    }

    /// Probes and concludes.
    pub async fn take_turn(&self, id: MonitorId) {
        let Ok(_permit) = self.permits.acquire().await else { return };
        let Some(target) = self.book().monitors.get(&id).map(|watched| watched.target.clone()) else { return };
        let (tick, at) = (self.tick(), self.cx.now());
        let mut guard = ClockGuard::new(tick, at);
        let mut check = self.prober().probe(&target, at).await;
        let latest = tick + u64::from(target.rules.timeout_ms);
        if self.was_changed(id, &target) {
            check = Check::skipped(at, Reason::Cancelled);
        } else if guard.tick(self.tick(), self.cx.now(), latest).is_some() {
            check = Check::skipped(at, Reason::SelfOverload);
        } else if self.is_doubtful(id, &check) {
            if self.sees_out().await {
                self.note_online(&mut self.book());
            } else {
                self.note_offline(&check);
                check = Check::skipped(at, Reason::SelfOffline);
            }
        }
        self.conclude(id, check);
    }

    /// What was found at a place that is not watched any more says nothing; the new one has its turn now.
    fn was_changed(&self, id: MonitorId, asked: &Target) -> bool {
        let tick = self.tick();
        let mut book = self.book();
        if book.monitors.get(&id).is_none_or(|watched| watched.state.place == asked.watch.place()) {
            return false;
        }
        book.schedule.sooner(id, tick);
        drop(book);
        self.nudge();
        true
    }

    /// Judged from what is known of its members.
    pub fn take_group_turn(&self, id: MonitorId) {
        let now = self.cx.now();
        let check = {
            let book = self.book();
            let Some(Watch::Group(group)) = book.monitors.get(&id).map(|watched| &watched.monitor.watch) else { return };
            let members = group
                .members
                .iter()
                .filter_map(|member| book.monitors.get(member))
                .map(|member| (member.monitor.name.as_str(), &member.state));
            group_check(members, group.policy, now)
        };
        if let Some(check) = check {
            self.conclude(id, check);
        }
    }

    /// Takes in a finished check: remembers it, judges it, and arranges what follows from it.
    pub fn conclude(&self, id: MonitorId, own: Check) {
        let now = self.cx.now();
        let tick = self.tick();
        let mut book = self.book();
        let parent = book.holding_parent(id, now);
        let Some(watched) = book.monitors.get_mut(&id) else { return };
        watched.is_in_flight = false;
        let is_due_again = std::mem::take(&mut watched.is_due_again);
        if watched.monitor.paused {
            return;
        }
        self.keep(watched, &own);
        // A beat or a sum over members says nothing about our way out.
        let saw_out = watched.kind().is_probed() && matches!(own.verdict, Verdict::Ok | Verdict::Slow) && is_public(&own);
        let rules = watched.rules();
        let check = combine(own, &watched.fresh_votes(now), rules.vantages);
        let before = watched.state.clone();
        // A good check has nothing to wait for.
        let fails_since = (check.verdict == Verdict::Fail).then(|| before.first_fail.as_ref().map_or(check.at, |first| first.at));
        let is_parent_asked = book.asks_a_parent(id, fails_since, now);
        let Some(watched) = book.monitors.get_mut(&id) else { return };
        let mut standing = State { parent, is_parent_asked, ..before.clone() };
        if watched.kind() == Kind::Group {
            // Its members were confirmed already: what they say counts at once.
            standing.slow_bits = if check.verdict == Verdict::Slow { 0b1_1111 } else { 0 };
        }
        let (state, changes) = judge(&standing, &check, &rules, now);
        let is_news = !changes.is_empty() || state.shown() != before.shown();
        let (first_failure, known_changed) = (before.fails == 0 && state.fails > 0, before.known != state.known);
        let wants_retry = wants_retry(&state) && watched.kind().is_probed();
        watched.last = Some(Arc::new(check));
        watched.state = state;
        if is_news {
            self.ledger.step(watched.monitor.clone(), watched.state.clone(), changes);
        }
        let parents = if first_failure { watched.monitor.depends_on.clone() } else { Vec::new() };
        if wants_retry {
            book.schedule.sooner(id, tick + u64::try_from(rules.retry().as_millis()).unwrap_or(u64::MAX));
        }
        if is_due_again {
            book.schedule.sooner(id, tick);
        }
        // Before anybody hears of a dependant, its parents shall have been looked at.
        for parent in parents {
            book.schedule.sooner(parent, tick);
        }
        if known_changed {
            for group in book.groups_of(id) {
                book.schedule.sooner(group, tick);
            }
        }
        if saw_out {
            self.note_online(&mut book);
        }
        drop(book);
        self.nudge();
    }

    fn keep(&self, watched: &mut Watched, own: &Check) {
        let sample = own.sample(0);
        watched.keep(&sample);
        if watched.kind() != Kind::Group {
            self.ledger.sample(watched.monitor.id, sample);
        }
        self.look_at_certificate(watched, own);
    }

    /// The word of another vantage: kept, and a reason to look again when it differs from ours.
    pub fn take_vote(&self, id: MonitorId, key_id: i64, vote: Vote) {
        let tick = self.tick();
        let mut book = self.book();
        let Some(watched) = book.monitors.get_mut(&id) else { return };
        self.ledger.sample(id, vote.check.sample(key_id));
        let is_news =
            vote.check.verdict == Verdict::Fail && watched.votes.get(&key_id).is_none_or(|old| old.check.verdict != Verdict::Fail);
        let is_newer = watched.votes.get(&key_id).is_none_or(|old| old.check.at < vote.check.at);
        if is_newer {
            watched.votes.insert(key_id, vote);
        }
        if is_news && watched.kind().is_probed() {
            book.schedule.sooner(id, tick);
        }
        drop(book);
        self.nudge();
    }

    fn look_at_certificate(&self, watched: &mut Watched, check: &Check) {
        let Some(certificate) = &check.seen.certificate else { return };
        let days_left = certificate.days_left(check.at);
        let warn_days = watched.monitor.watch.certificate_warn_days();
        let (monitor, target) = (watched.monitor.id, watched.monitor.watch.target());
        let (name, not_after) = (watched.monitor.name.clone(), certificate.not_after);
        let fact = match certificates::due(not_after, days_left, warn_days, watched.certificate) {
            Some(threshold) => {
                watched.certificate = Some((not_after, threshold));
                Fact::CertificateExpiring { monitor, name, target, not_after, days_left }
            }
            None if certificates::is_renewed(not_after, days_left, watched.certificate) => {
                watched.certificate = None;
                Fact::CertificateRenewed { monitor, name, target, not_after, renewed_at: check.at }
            }
            None => return,
        };
        // The state's row must be there for the certificate to be noted in it.
        self.ledger.step(watched.monitor.clone(), watched.state.clone(), Vec::new());
        self.ledger.certificate(watched.monitor.clone(), watched.certificate, Some(fact));
    }

    /// Would this check make it down, for a reason that could be our own network?
    fn is_doubtful(&self, id: MonitorId, check: &Check) -> bool {
        let could_be_us = check.reason.is_some_and(Reason::may_be_our_network) && is_public(check);
        could_be_us && self.book().monitors.get(&id).is_some_and(|watched| would_confirm(&watched.state, check, &watched.rules()))
    }

    /// Asks the canaries; many doubtful monitors at once share one answer.
    async fn sees_out(&self) -> bool {
        let mut egress = self.egress.lock().await;
        if let Some((tick, answer)) = *egress
            && self.tick().saturating_sub(tick) < CANARY_TICKS
        {
            return answer;
        }
        let answer = self.prober().has_egress().await;
        *egress = Some((self.tick(), answer));
        answer
    }

    fn note_offline(&self, check: &Check) {
        let mut book = self.book();
        if book.offline_since.is_none() {
            book.offline_since = Some(check.at);
            let detail = format!("No canary can be reached; the newest failure was: {}", check.detail);
            self.ledger.fact(Fact::MonitoringInterrupted { vantage: "here".to_owned(), since: check.at, detail });
        }
    }

    fn note_online(&self, book: &mut Book) {
        if let Some(since) = book.offline_since.take() {
            self.ledger.fact(Fact::MonitoringResumed { vantage: "here".to_owned(), since, resumed_at: self.cx.now() });
        }
    }
}

/// Whether the target lies outside, as far as we know: a name that could not be resolved counts as outside.
fn is_public(check: &Check) -> bool {
    let address = check.seen.address.as_deref().unwrap_or("");
    let ip = address.parse::<SocketAddr>().map(|address| address.ip()).or_else(|_| address.parse::<IpAddr>());
    ip.map_or(true, policy::is_public)
}
