//! The second vantage: `hermetic probe --server URL --key …`. Stateless: it asks the server what to look at, looks, and sends
//! what it found; when the server is away it keeps up to an hour of results.
//!
//! Nouns: [`AgentOptions`], [`probe_agent`].

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Method;
use kernel::ids::MonitorId;
use kernel::text::WebUrl;
use kernel::time::{HOUR, Stopwatch};
use kernel::{Clock, Error, Result, Secret};
use outbound::{Http, Outbound, Reach, Request};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::model::check::{Check, Reason};
use crate::model::schedule::{ClockGuard, Schedule, phase, soon};
use crate::prober::{Prober, ProberOptions, Target};
use crate::routes::vantages::{Config, Results, VantageResult};

const PULL_EVERY: Duration = Duration::from_secs(60);
const PUSH_EVERY: Duration = Duration::from_secs(5);
/// Older results than this are dropped: nobody judges by them any more.
const SPOOL: Duration = HOUR;
const MOST_SPOOLED: usize = 100_000;
/// So many results travel at once.
const MOST_SENT: usize = 2_000;
const MOST_AT_ONCE: usize = 512;

#[derive(Clone)]
pub struct AgentOptions {
    pub server: WebUrl,
    pub key: Secret,
    pub outbound: Outbound,
    pub clock: Clock,
    pub version: &'static str,
    pub shutdown: CancellationToken,
}

struct Agent {
    options: AgentOptions,
    targets: Mutex<HashMap<MonitorId, Arc<Target>>>,
    schedule: Mutex<Schedule>,
    prober: Mutex<Arc<Prober>>,
    spool: Mutex<VecDeque<VantageResult>>,
    watch: Stopwatch,
    permits: Arc<Semaphore>,
}

/// Looks until `shutdown`. Ends early only when the server refuses the key.
pub async fn probe_agent(options: AgentOptions) -> Result<()> {
    let agent = Arc::new(Agent {
        prober: Mutex::new(Arc::new(Prober::new(ProberOptions::default())?)),
        targets: Mutex::default(),
        schedule: Mutex::default(),
        spool: Mutex::default(),
        watch: Stopwatch::start(),
        permits: Arc::new(Semaphore::new(MOST_AT_ONCE)),
        options,
    });
    agent.pull().await?;
    let shutdown = agent.options.shutdown.clone();
    let looking = tokio::spawn(look(agent.clone()));
    let pushing = tokio::spawn(push(agent.clone()));
    let mut end = Ok(());
    loop {
        tokio::select! { () = shutdown.cancelled() => break, () = tokio::time::sleep(PULL_EVERY) => {} }
        match agent.pull().await {
            Ok(()) => {}
            Err(error) if matches!(error.kind, kernel::Kind::Unauthorized | kernel::Kind::Forbidden) => {
                end = Err(error);
                break;
            }
            Err(error) => tracing::warn!(error = error.chain(), "the server cannot be asked for changes; looking goes on"),
        }
    }
    looking.abort();
    pushing.abort();
    // What was found last still goes out, if the server takes it.
    let _ = agent.send().await;
    end
}

impl Agent {
    fn tick(&self) -> u64 {
        self.watch.micros() / 1_000
    }

    async fn call(&self, method: Method, query: &str, body: Option<serde_json::Value>) -> Result<Vec<u8>> {
        let url = format!("{}/api/v1/uptime/vantages{query}", self.options.server.as_str().trim_end_matches('/'));
        let url = WebUrl::parse(&url)?;
        let mut request = match &body {
            Some(body) => Request::post_json(url, Reach::Operator, body),
            None => Request::new(method, url, Reach::Operator),
        };
        request = request.header("authorization", format!("Bearer {}", self.options.key.expose()));
        let http: &Http = &self.options.outbound.http;
        let answer =
            http.send(request).await.map_err(|failure| Error::unavailable("The server cannot be reached.").because(failure.to_string()))?;
        match answer.code {
            200..=299 => Ok(answer.body),
            401 => Err(Error::new(
                kernel::Kind::Unauthorized,
                "The server does not know this key; please make one with the scope uptime:probe.",
            )),
            403 => Err(Error::forbidden("This key may not probe; please make one with the scope uptime:probe.")),
            code => Err(Error::unavailable(format!("The server answered {code}."))),
        }
    }

    /// All pages of what is to be looked at.
    async fn ask(&self) -> Result<Config> {
        let unreadable = "The server's answer cannot be read: is its version another one?";
        let mut whole: Option<Config> = None;
        loop {
            let query = whole.as_ref().and_then(|config| config.next).map_or_else(String::new, |next| format!("?after={next}"));
            let body = self.call(Method::GET, &query, None).await?;
            let mut page: Config = serde_json::from_slice(&body).map_err(|error| Error::unavailable(unreadable).because(error))?;
            if let Some(before) = whole {
                let monitors = before.monitors.into_iter().chain(page.monitors).collect();
                page = Config { monitors, ..page };
            }
            if page.next.is_none() {
                return Ok(page);
            }
            whole = Some(page);
        }
    }

    async fn pull(&self) -> Result<()> {
        let config = self.ask().await?;
        let options = ProberOptions {
            user_agent: config.user_agent,
            allow_private: config.allow_private,
            allow_metadata: config.allow_metadata,
            ..ProberOptions::default()
        };
        {
            let mut prober = self.prober.lock().unwrap_or_else(PoisonError::into_inner);
            if *prober.options() != options {
                *prober = Arc::new(Prober::new(options)?);
            }
        }
        let (mut targets, mut schedule) =
            (self.targets.lock().unwrap_or_else(PoisonError::into_inner), self.schedule.lock().unwrap_or_else(PoisonError::into_inner));
        let (tick, now, count) = (self.tick(), self.options.clock.now(), config.monitors.len());
        let mut next = HashMap::new();
        for assigned in config.monitors {
            let target = Target { watch: assigned.watch, rules: assigned.rules, secrets: assigned.secrets };
            let interval = target.rules.interval();
            if targets.get(&assigned.id).is_none_or(|old| old.rules.interval() != interval) {
                schedule.put(assigned.id, interval, soon(assigned.id, tick, count), phase(assigned.id, interval, tick, now));
            }
            next.insert(assigned.id, Arc::new(target));
        }
        for id in targets.keys().filter(|id| !next.contains_key(id)) {
            schedule.remove(*id);
        }
        *targets = next;
        Ok(())
    }

    async fn probe(&self, id: MonitorId, target: Arc<Target>) {
        let Ok(_permit) = self.permits.acquire().await else { return };
        let (tick, at) = (self.tick(), self.options.clock.now());
        let mut guard = ClockGuard::new(tick, at);
        let prober = self.prober.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut check = prober.probe(&target, at).await;
        if guard.tick(self.tick(), self.options.clock.now(), tick + u64::from(target.rules.timeout_ms)).is_some() {
            check = Check::skipped(at, Reason::SelfOverload);
        }
        let mut spool = self.spool.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = self.options.clock.now() - SPOOL;
        while spool.len() >= MOST_SPOOLED || spool.front().is_some_and(|result| result.check.at < oldest) {
            spool.pop_front();
        }
        spool.push_back(VantageResult { monitor: id, check });
    }

    /// Sends what is spooled; what could not be sent stays.
    async fn send(&self) -> Result<()> {
        loop {
            let results: Vec<VantageResult> =
                self.spool.lock().unwrap_or_else(PoisonError::into_inner).iter().take(MOST_SENT).cloned().collect();
            if results.is_empty() {
                return Ok(());
            }
            let newest = results.len();
            let body = Results { version: self.options.version.to_owned(), results };
            let body = serde_json::to_value(&body).map_err(|error| Error::internal("writing results as JSON").because(error))?;
            self.call(Method::POST, "", Some(body)).await?;
            let mut spool = self.spool.lock().unwrap_or_else(PoisonError::into_inner);
            let sent = newest.min(spool.len());
            spool.drain(..sent);
        }
    }
}

async fn look(agent: Arc<Agent>) {
    loop {
        let tick = agent.tick();
        loop {
            let due = agent.schedule.lock().unwrap_or_else(PoisonError::into_inner).take_due(tick);
            let Some(id) = due else { break };
            let target = agent.targets.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
            if let Some(target) = target {
                let agent = agent.clone();
                tokio::spawn(async move { agent.probe(id, target).await });
            }
        }
        let next = agent.schedule.lock().unwrap_or_else(PoisonError::into_inner).next_due();
        let wait = next.map_or(1_000, |due| due.saturating_sub(agent.tick()).clamp(1, 1_000));
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
}

async fn push(agent: Arc<Agent>) {
    loop {
        tokio::time::sleep(PUSH_EVERY).await;
        if let Err(error) = agent.send().await {
            tracing::warn!(error = error.chain(), "results cannot be sent; they are kept for up to an hour");
        }
    }
}
