//! What is known in memory of every monitor, so that no probe and no dashboard has to ask the database.
//!
//! Nouns: [`Book`], [`Watched`], [`Dot`].

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use kernel::Time;
use kernel::ids::MonitorId;

use crate::model::check::{Check, Sample, Verdict};
use crate::model::heartbeat::BeatState;
use crate::model::judge::{holding_parent, owes_a_look};
use crate::model::quorum::Vote;
use crate::model::schedule::Schedule;
use crate::model::state::State;
use crate::model::watch::{Kind, Monitor, Rules, Watch};
use crate::model::window::Window;
use crate::prober::Target;

/// So many results per monitor are at hand for dashboards: 40 minutes at 20 s.
pub const RING: usize = 120;

/// What it takes to ask a parent beside its probe: a place in the queue, a word of the canaries.
const ASKING: Duration = Duration::from_secs(5);

#[derive(Default)]
pub struct Book {
    pub monitors: HashMap<MonitorId, Watched>,
    pub windows: Vec<Window>,
    pub schedule: Schedule,
    /// Since when no canary answers.
    pub offline_since: Option<Time>,
    /// Before this nobody listened for a while: Hermetic or its machine was away, or the clock was set.
    pub unwatched_until: Time,
}

/// A result in 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dot {
    pub at: Time,
    pub total: u32,
    pub verdict: Verdict,
}

pub struct Watched {
    pub monitor: Arc<Monitor>,
    pub target: Arc<Target>,
    /// Where the facts say it looks.
    pub address: Arc<str>,
    pub state: State,
    pub beat: BeatState,
    pub ring: VecDeque<Dot>,
    pub last: Option<Arc<Check>>,
    pub is_in_flight: bool,
    /// A turn came while one was under way: it is taken right after.
    pub is_due_again: bool,
    pub certificate: Option<(Time, i64)>,
    /// Newest words of other vantages, by key.
    pub votes: HashMap<i64, Vote>,
}

impl Watched {
    pub fn new(monitor: Monitor, target: Target) -> Self {
        Self {
            address: monitor.watch.target().into(),
            monitor: Arc::new(monitor),
            target: Arc::new(target),
            state: State::default(),
            beat: BeatState::default(),
            ring: VecDeque::new(),
            last: None,
            is_in_flight: false,
            is_due_again: false,
            certificate: None,
            votes: HashMap::new(),
        }
    }

    pub fn kind(&self) -> Kind {
        self.monitor.watch.kind()
    }

    /// A heartbeat has its own deadlines: silence between two beats is no missing data.
    pub fn rules(&self) -> Rules {
        match self.kind() {
            Kind::Heartbeat => Rules { interval_s: u32::MAX, ..self.monitor.rules.clone() },
            _ => self.monitor.rules.clone(),
        }
    }

    pub fn keep(&mut self, sample: &Sample) {
        if self.ring.len() == RING {
            self.ring.pop_front();
        }
        self.ring.push_back(Dot { at: sample.at, total: sample.phases.total, verdict: sample.verdict });
    }

    /// The words of other vantages that are not older than three intervals.
    pub fn fresh_votes(&self, now: Time) -> Vec<Vote> {
        let limit = self.monitor.rules.nodata_after();
        self.votes.values().filter(|vote| now.since(vote.check.at) <= limit).cloned().collect()
    }
}

impl Book {
    /// The parent that holds back this monitor's notices now.
    pub fn holding_parent(&self, id: MonitorId, now: Time) -> Option<MonitorId> {
        let watched = self.monitors.get(&id)?;
        let parents = watched.monitor.depends_on.iter().filter_map(|parent| Some((*parent, &self.monitors.get(parent)?.state)));
        holding_parent(parents, now)
    }

    /// Is a parent being looked at, or about to be, since this monitor began to fail? Held back by it, but not explained: the parent
    /// may well be up.
    pub fn asks_a_parent(&self, id: MonitorId, fails_since: Option<Time>, now: Time) -> bool {
        let Some(watched) = self.monitors.get(&id) else { return false };
        let mut parents = watched.monitor.depends_on.iter().filter_map(|parent| self.monitors.get(parent));
        parents.any(|parent| {
            let patience = watched.monitor.rules.timeout() + parent.monitor.rules.timeout() + ASKING;
            let owes = || fails_since.is_some_and(|since| owes_a_look(&parent.state, since, patience, now));
            !parent.monitor.paused && parent.kind().is_probed() && (parent.is_in_flight || owes())
        })
    }

    /// Groups that this monitor is a member of.
    pub fn groups_of(&self, id: MonitorId) -> Vec<MonitorId> {
        let is_member = |watched: &Watched| matches!(&watched.monitor.watch, Watch::Group(group) if group.members.contains(&id));
        self.monitors.iter().filter(|(_, watched)| is_member(watched)).map(|(id, _)| *id).collect()
    }
}
