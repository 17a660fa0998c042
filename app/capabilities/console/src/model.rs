//! What the pages decide, from plain values: next steps and findings of the home page, scopes of keys, readiness.
//!
//! - [`Desk`], [`Step`], [`Finding`]: what the home page says is to be done
//! - [`Scope`]: what an API key may be given, read off the route table
//! - [`Probe`], [`Readiness`], [`Check`]: whether this instance can do its work
//! - [`exposition`]: gauges as Prometheus reads them; [`settings`]: a posted section of settings
//! - [`outcomes`]: what became of reported items, in words; [`projects`], [`sdks`]: what is checked about them, how a program is connected

pub(crate) mod outcomes;
pub(crate) mod projects;
pub(crate) mod sdks;
pub(crate) mod settings;

use capability::{Diagnosis, Gauge, Setting};
use frontend::Tone;
use kernel::time::describe_duration;
use kernel::{Role, Time};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;
use web::{Access, RouteEntry};

/// Something a new instance still lacks, or has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub title: String,
    pub note: String,
    pub href: String,
    pub is_done: bool,
}

/// Something that does not work as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub tone: Tone,
    pub subject: String,
    pub finding: String,
    pub advice: String,
    pub href: String,
}

/// What the home page says besides the tiles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Desk {
    pub steps: Vec<Step>,
    pub findings: Vec<Finding>,
}

/// A diagnosis and the page of the capability it comes from.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub diagnosis: Diagnosis,
    pub href: String,
}

/// Splits what the capabilities tell: an informing diagnosis with advice is a next step, a warning or worse is a finding.
/// `own` are the steps the console knows of itself.
pub(crate) fn desk(own: Vec<Step>, told: Vec<Told>) -> Desk {
    let mut desk = Desk { steps: own, findings: Vec::new() };
    for Told { diagnosis, href } in told {
        let Diagnosis { tone, subject, finding, advice } = diagnosis;
        match tone {
            Tone::Info if !advice.is_empty() => {
                desk.steps.push(Step { title: advice, note: format!("{subject}: {finding}"), href, is_done: false })
            }
            Tone::Warn | Tone::Bad => desk.findings.push(Finding { tone, subject, finding, advice, href }),
            Tone::Info | Tone::Good | Tone::Neutral => {}
        }
    }
    desk.findings.sort_by_key(|finding| finding.tone != Tone::Bad);
    if desk.steps.iter().all(|step| step.is_done) {
        desk.steps.clear();
    }
    desk
}

/// A scope an API key may have: what it opens, and the least role that is of use with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    pub name: &'static str,
    pub role: Role,
    pub opens: Vec<String>,
}

/// Every scope the routes ask for, by name. Adding a route with a new scope is all it takes to offer it.
pub(crate) fn scopes(table: &[RouteEntry]) -> Vec<Scope> {
    let mut scopes: BTreeMap<&'static str, Scope> = BTreeMap::new();
    for entry in table {
        let Access::Api { scope, role } = entry.access else { continue };
        let known = scopes.entry(scope).or_insert(Scope { name: scope, role, opens: Vec::new() });
        known.role = known.role.min(role);
        known.opens.push(format!("{} {}", entry.method, entry.path));
    }
    scopes.into_values().collect()
}

/// How long the two databases, the runner and the outbox may be silent before the instance is not ready.
const SCHEDULE_GRACE: Duration = Duration::from_secs(90);
const OUTBOX_GRACE: Duration = Duration::from_secs(300);
/// Below this a burst of telemetry can fill the disk before anybody looks.
const LEAST_FREE_BYTES: u64 = 256 << 20;

/// What was measured of the running instance.
#[derive(Debug, Clone)]
pub(crate) struct Probe {
    pub now: Time,
    pub started_at: Time,
    /// Why a database did not answer; `None` when all did.
    pub database: Option<String>,
    /// When the next start of the most overdue schedule was due.
    pub next_schedule: Option<Time>,
    /// Since when the longest-waiting delivery that nothing holds back could have gone out.
    pub outbox_since: Option<Time>,
    pub free_bytes: Option<u64>,
    /// Why the data folder did not take a byte.
    pub disk: Option<String>,
}

/// One line of `/readyz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    pub ok: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Checks {
    pub database: Check,
    pub scheduler: Check,
    pub outbox: Check,
    pub disk: Check,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Readiness {
    pub ready: bool,
    pub checks: Checks,
}

pub(crate) fn judge(probe: &Probe) -> Readiness {
    let checks = Checks { database: check(probe.database.clone()), scheduler: scheduler(probe), outbox: outbox(probe), disk: disk(probe) };
    let ready = checks.database.ok && checks.scheduler.ok && checks.outbox.ok && checks.disk.ok;
    Readiness { ready, checks }
}

fn check(problem: Option<String>) -> Check {
    Check { ok: problem.is_none(), detail: problem.unwrap_or_default() }
}

/// How long something due has waited for us: what fell due while the server was off counts from its start.
fn overdue(probe: &Probe, due: Option<Time>) -> Duration {
    due.map_or(Duration::ZERO, |due| probe.now.since(due.max(probe.started_at)))
}

fn scheduler(probe: &Probe) -> Check {
    let late = overdue(probe, Some(probe.next_schedule.unwrap_or(probe.started_at)));
    let problem = || match probe.next_schedule {
        Some(_) => format!("a schedule is overdue by {}", describe_duration(late)),
        None => "no schedule was ever planned".to_owned(),
    };
    check((late > SCHEDULE_GRACE).then(problem))
}

fn outbox(probe: &Probe) -> Check {
    let late = overdue(probe, probe.outbox_since);
    check((late > OUTBOX_GRACE).then(|| format!("a due delivery has waited for {}", describe_duration(late))))
}

fn disk(probe: &Probe) -> Check {
    let too_full = probe.free_bytes.filter(|free| *free < LEAST_FREE_BYTES).map(|free| format!("only {} are free", size(free)));
    check(probe.disk.clone().or(too_full))
}

/// `3.4 GB`: powers of 1,000, as disks are sold.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1_000 {
        return format!("{bytes} bytes");
    }
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let mut value = bytes as f64 / 1_000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1_000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// Gauges in Prometheus' text format: samples of one name stand together, under one HELP and TYPE.
pub(crate) fn exposition(gauges: &[Gauge], out: &mut String) {
    let mut names: Vec<&str> = Vec::new();
    for gauge in gauges {
        if !names.contains(&gauge.name) {
            names.push(gauge.name);
        }
    }
    for name in names {
        let mut samples = gauges.iter().filter(|gauge| gauge.name == name).peekable();
        let help = samples.peek().map_or("", |gauge| gauge.help);
        // What only grows says so in its name.
        let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
        // Writing to a String cannot fail.
        let _ = writeln!(out, "# HELP {name} {}\n# TYPE {name} {kind}", help.replace('\\', "\\\\").replace('\n', " "));
        for gauge in samples {
            let labels: Vec<String> = gauge.labels.iter().map(|(label, value)| format!("{label}=\"{}\"", label_text(value))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            let _ = writeln!(out, "{name}{labels} {}", gauge.value);
        }
    }
}

fn label_text(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// The setting of this key, wherever it is declared.
pub(crate) fn find_setting(sections: &[(&'static str, capability::Section)], key: &str) -> Option<&'static Setting> {
    sections.iter().flat_map(|(_, section)| section.fields).find(|setting| setting.key == key)
}
