//! What the capabilities registered: handlers by name. `C` is the context they work in.

use kernel::Result;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::schedule::Rhythm;
use crate::{Delivery, Job, Sent};

pub(crate) type Handle<C, In, Out> = Arc<dyn Fn(C, In) -> Pin<Box<dyn Future<Output = Out> + Send>> + Send + Sync>;

pub struct Work<C> {
    pub(crate) jobs: BTreeMap<&'static str, Handle<C, Job, Result<()>>>,
    pub(crate) senders: BTreeMap<&'static str, Handle<C, Delivery, Sent>>,
    pub(crate) reactions: Vec<(&'static str, &'static str)>,
    pub(crate) schedules: Vec<(&'static str, Rhythm)>,
}

impl<C> Default for Work<C> {
    fn default() -> Self {
        Self { jobs: BTreeMap::new(), senders: BTreeMap::new(), reactions: Vec::new(), schedules: Vec::new() }
    }
}

impl<C> Work<C> {
    pub fn job<F, Fut>(&mut self, kind: &'static str, run: F)
    where
        F: Fn(C, Job) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        self.jobs.insert(kind, Arc::new(move |context, job| Box::pin(run(context, job))));
    }

    pub fn sender<F, Fut>(&mut self, name: &'static str, send: F)
    where
        F: Fn(C, Delivery) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Sent> + Send + 'static,
    {
        self.senders.insert(name, Arc::new(move |context, delivery| Box::pin(send(context, delivery))));
    }

    /// Each fact of this kind becomes one job of that kind. The jobs of one kind made so run one after another, in the
    /// order in which the facts happened.
    pub fn reaction(&mut self, fact_kind: &'static str, job_kind: &'static str) {
        self.reactions.push((fact_kind, job_kind));
    }

    /// Runs the job at each full `period` (UTC).
    pub fn every(&mut self, job_kind: &'static str, period: Duration) {
        self.schedules.push((job_kind, Rhythm::Every(period)));
    }

    /// Runs the job by a five-field cron expression in UTC.
    pub fn cron(&mut self, job_kind: &'static str, expression: &'static str) {
        self.schedules.push((job_kind, Rhythm::Cron(expression)));
    }

    /// What is wired to nothing, one sentence each. Checked at start: a misspelt word must not wait for its first use.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (fact, job) in &self.reactions {
            if !kernel::Fact::KINDS.contains(fact) {
                problems.push(format!("a reaction names the fact {fact:?}, which does not exist"));
            }
            if !self.jobs.contains_key(job) {
                problems.push(format!("a reaction to {fact:?} names the job {job:?}, which nobody registered"));
            }
        }
        for (job, rhythm) in &self.schedules {
            if !self.jobs.contains_key(job) {
                problems.push(format!("a schedule names the job {job:?}, which nobody registered"));
            }
            if let Err(error) = rhythm.next_after(kernel::Time(0)) {
                problems.push(error.chain());
            }
        }
        problems
    }

    /// Names of every registered job, for the page "Jobs".
    pub fn job_kinds(&self) -> impl Iterator<Item = &'static str> {
        self.jobs.keys().copied()
    }
}
