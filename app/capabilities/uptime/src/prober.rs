//! Looks at targets through real sockets: each probe resolves, connects and shakes hands anew, each phase is timed and bounded,
//! and a failure keeps the phases that were done.
//!
//! - [`http`], [`tcp`], [`tls`], [`dns`], [`ping`]: one file per kind; [`body`], [`assertion`]: what is done with an answer
//! - [`resolve`], [`dial`], [`policy`]: from a name to a connection; [`meter`]: counts and times bytes
//! - [`canary`]: can we see out at all?
//!
//! Nouns: [`Prober`] (shared by all probes), [`Target`] (what one probe needs to know), `Trace` (what it found so far).

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use kernel::time::Stopwatch;
use kernel::{Result, Time};

use crate::model::check::{Check, Phases, Reason, Seen};
use crate::model::watch::{Rules, Secrets, Watch};

pub mod assertion;
pub mod body;
pub mod canary;
pub mod dial;
pub mod dns;
pub mod http;
pub mod meter;
pub mod ping;
pub mod policy;
pub mod resolve;
pub mod tcp;
pub mod tls;

/// What all probes have in common, from the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProberOptions {
    /// Asked instead of the system's resolver.
    pub resolver: Option<SocketAddr>,
    pub user_agent: String,
    pub allow_private: bool,
    pub allow_metadata: bool,
    pub canaries: Vec<SocketAddr>,
    /// Trusted beside the system's authorities, in PEM.
    pub extra_ca_pem: String,
}

impl Default for ProberOptions {
    fn default() -> Self {
        Self {
            resolver: None,
            user_agent: "Hermetic uptime check".to_owned(),
            allow_private: true,
            allow_metadata: false,
            canaries: Vec::new(),
            extra_ca_pem: String::new(),
        }
    }
}

/// What one probe needs to know of its monitor.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    pub watch: Watch,
    pub rules: Rules,
    pub secrets: Secrets,
}

pub struct Prober {
    options: ProberOptions,
    policy: policy::Policy,
    names: resolve::Names,
    tls: tls::Trust,
    pings: ping::Pings,
    /// What the system's name resolution was made from.
    names_from: [Option<Vec<u8>>; 2],
}

impl Prober {
    pub fn new(options: ProberOptions) -> Result<Self> {
        let policy = policy::Policy { allow_private: options.allow_private, allow_metadata: options.allow_metadata };
        let names = resolve::Names::new(options.resolver);
        let tls = tls::Trust::new(&options.extra_ca_pem)?;
        Ok(Self { options, policy, names, tls, pings: ping::Pings::default(), names_from: name_files() })
    }

    pub fn options(&self) -> &ProberOptions {
        &self.options
    }

    /// Did somebody change how this system resolves names since? A new lease, a new hosts file.
    pub fn is_stale(&self) -> bool {
        self.names_from != name_files()
    }

    /// One look at the target. Never longer than its timeout; never an error: whatever happens is a check.
    pub async fn probe(&self, target: &Target, at: Time) -> Check {
        if target.secrets.is_lost {
            // Without them the answer would say nothing about the target.
            return Check::skipped(at, Reason::CredentialsLost);
        }
        let mut trace = Trace::new(target.rules.timeout());
        let found = match &target.watch {
            Watch::Http(watch) => http::probe(self, watch, &target.secrets, &mut trace).await,
            Watch::Tcp(watch) => tcp::probe(self, watch, &mut trace).await,
            Watch::Tls(watch) => tls::probe(self, watch, &mut trace, at).await,
            Watch::Dns(watch) => dns::probe(self, watch, &mut trace).await,
            Watch::Ping(watch) => ping::probe(self, watch, &mut trace).await,
            // Judged from what is known already; nobody dials for them.
            Watch::Heartbeat(_) | Watch::Group(_) => Ok(None),
        };
        let mut phases = trace.phases;
        phases.total = micros(trace.watch.elapsed());
        let found = found.map(|remark| remark.or_else(|| too_slow(&phases, &target.rules)));
        let check = match found {
            Ok(None) => Check::ok(at),
            Ok(Some(word)) => Check::slow(at, word.reason, word.detail),
            // Nothing was learnt about the target.
            Err(word) if matches!(word.reason, Reason::NotPermitted | Reason::Cancelled) => {
                Check { detail: word.detail, ..Check::skipped(at, word.reason) }
            }
            Err(word) => Check::fail(at, word.reason, word.detail),
        };
        Check { phases, seen: Box::new(trace.seen), ..check }
    }

    /// Can we see out at all? Asked before a monitor is called down for a reason that could be our own network.
    pub async fn has_egress(&self) -> bool {
        canary::has_egress(&self.options.canaries).await
    }
}

fn name_files() -> [Option<Vec<u8>>; 2] {
    ["/etc/resolv.conf", "/etc/hosts"].map(|path| std::fs::read(path).ok())
}

fn too_slow(phases: &Phases, rules: &Rules) -> Option<Word> {
    let limit = rules.degraded_ms?;
    let took = phases.total / 1_000;
    (took > limit).then(|| Word::new(Reason::AssertionLatency, format!("It took {took} ms; the limit is {limit} ms.")))
}

/// A reason and a sentence: why a check is slow or failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub reason: Reason,
    pub detail: String,
}

impl Word {
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    pub fn plain(reason: Reason) -> Self {
        Self::new(reason, reason.sentence())
    }
}

/// `Ok(None)`: all is well. `Ok(Some)`: it answers, but slow or less well. `Err`: it failed.
pub type Found = std::result::Result<Option<Word>, Word>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Dns,
    Connect,
    Tls,
    Send,
    Ttfb,
    Transfer,
}

/// What a probe found so far, and how much time it has left.
pub struct Trace {
    watch: Stopwatch,
    budget: Duration,
    pub phases: Phases,
    pub seen: Seen,
}

impl Trace {
    pub fn new(budget: Duration) -> Self {
        Self { watch: Stopwatch::start(), budget, phases: Phases::default(), seen: Seen::default() }
    }

    pub fn left(&self) -> Duration {
        self.budget.saturating_sub(self.watch.elapsed())
    }

    pub fn note(&mut self, part: Part, span: Duration) {
        let slot = match part {
            Part::Dns => &mut self.phases.dns,
            Part::Connect => &mut self.phases.connect,
            Part::Tls => &mut self.phases.tls,
            Part::Send => &mut self.phases.send,
            Part::Ttfb => &mut self.phases.ttfb,
            Part::Transfer => &mut self.phases.transfer,
        };
        // Redirects walk through the phases again: their times add up.
        *slot = Some(slot.unwrap_or(0).saturating_add(micros(span)));
    }

    /// Runs one phase within the time that is left; its time is kept however it ends.
    pub async fn phase<T>(
        &mut self,
        part: Part,
        late: Reason,
        work: impl Future<Output = std::result::Result<T, Word>>,
    ) -> std::result::Result<T, Word> {
        let watch = Stopwatch::start();
        let done = tokio::time::timeout(self.left(), work).await;
        self.note(part, watch.elapsed());
        done.unwrap_or_else(|_| Err(Word::plain(late)))
    }
}

pub fn micros(span: Duration) -> u32 {
    u32::try_from(span.as_micros()).unwrap_or(u32::MAX)
}
