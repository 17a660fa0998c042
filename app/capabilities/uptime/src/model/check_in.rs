//! Check-ins: what an SDK reports of a job, and what of it becomes a heartbeat monitor.
//!
//! Nouns: [`CheckIn`], [`Job`] (whom it is about), [`Config`]; [`decide`].

use ingest::Item;
use kernel::ids::ProjectId;
use kernel::{Error, Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::heartbeat::{Beat, BeatKind, BeatState, OVERTAKEN, parse_cron};
use super::watch::{BeatSchedule, HeartbeatWatch};

/// What check-ins that say nothing of it run in: the SDKs' own default.
const ENVIRONMENT: &str = "production";
/// Minutes that a check-in may be late where the configuration does not say (the wire's default).
const MARGIN: i64 = 1;
/// Minutes that a run may take where the configuration does not say (the wire's default).
const LONGEST_RUN: i64 = 30;

/// Whom a check-in is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Job {
    pub project: ProjectId,
    pub slug: String,
    pub environment: String,
}

impl Job {
    /// How its monitor is called.
    pub fn name(&self) -> String {
        let name = if self.environment == ENVIRONMENT { self.slug.clone() } else { format!("{} ({})", self.slug, self.environment) };
        kernel::text::shorten(&name, 100)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct CheckIn {
    pub job: Job,
    /// Pairs start and end; `None`: the latest run.
    pub run_id: Option<String>,
    pub kind: BeatKind,
    pub reported_ms: Option<u32>,
    pub config: Option<Config>,
    pub at: Time,
    pub item: i64,
    /// What is worth reading of it.
    pub note: String,
}

/// The part of a `monitor_config` that is understood.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    pub schedule: Value,
    pub checkin_margin: Option<i64>,
    pub max_runtime: Option<i64>,
    pub timezone: Option<String>,
    pub failure_issue_threshold: Option<i64>,
    pub recovery_threshold: Option<i64>,
}

/// The check-in of an item.
pub fn read(item: &Item) -> Result<CheckIn> {
    let payload: Value =
        serde_json::from_slice(&item.payload()?).map_err(|error| Error::invalid("A check-in is not JSON.").because(error))?;
    let text = |field: &str| payload.get(field).and_then(Value::as_str).unwrap_or_default().trim();
    let slug = slug(text("monitor_slug"));
    let kind = match text("status") {
        "in_progress" => BeatKind::Start,
        "ok" => BeatKind::Success,
        "error" => BeatKind::Fail,
        // `missed` and `timeout` are for us to find out; a word that nobody knows yet must not pass for a success.
        _ => BeatKind::Log,
    };
    let environment = match text("environment") {
        // Without a name it is of no job, and told together with the others of its project.
        _ if slug.is_empty() => String::new(),
        "" => ENVIRONMENT.to_owned(),
        name => line(name, 64),
    };
    let seconds = payload.get("duration").and_then(Value::as_f64).filter(|seconds| (0.0..4e6).contains(seconds));
    let trace = payload.pointer("/contexts/trace/trace_id").and_then(Value::as_str).unwrap_or_default();
    let notes = [("status", text("status")), ("release", text("release")), ("trace", trace)];
    let note = notes.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name} {}", line(value, 200)));
    Ok(CheckIn {
        job: Job { project: item.project, slug, environment },
        run_id: run_id(text("check_in_id")),
        kind,
        reported_ms: seconds.map(|seconds| (seconds * 1_000.0).round() as u32),
        config: payload.get("monitor_config").filter(|config| config.is_object()).map(config_of),
        at: item.received_at,
        item: item.id,
        note: note.collect::<Vec<_>>().join("\n"),
    })
}

/// Field by field: one that cannot be read costs only itself.
fn config_of(config: &Value) -> Config {
    let number = |field: &str| config.get(field).and_then(Value::as_f64).map(|number| number as i64);
    Config {
        schedule: match config.get("schedule") {
            Some(schedule @ Value::Object(fields)) if fields.len() <= 10 && schedule.to_string().len() <= 1_000 => schedule.clone(),
            _ => Value::Null,
        },
        checkin_margin: number("checkin_margin"),
        max_runtime: number("max_runtime"),
        timezone: config.get("timezone").and_then(Value::as_str).map(|zone| line(zone, 60)),
        failure_issue_threshold: number("failure_issue_threshold"),
        recovery_threshold: number("recovery_threshold"),
    }
}

/// As it may stand in lists and addresses: small letters, digits, dashes, underscores.
fn slug(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { '-' };
    let slug: String = text.chars().take(60).map(plain).collect();
    slug.trim_matches('-').to_owned()
}

fn line(text: &str, most: usize) -> String {
    kernel::text::shorten(&text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>(), most)
}

/// `None` for all zeros, with or without dashes: the latest run.
fn run_id(text: &str) -> Option<String> {
    let id: String = text.chars().filter(char::is_ascii_alphanumeric).take(64).flat_map(char::to_lowercase).collect();
    (!id.is_empty() && id.bytes().any(|byte| byte != b'0')).then_some(id)
}

impl Config {
    /// The watch that it asks for, or why it cannot be followed.
    pub fn watch(&self) -> std::result::Result<HeartbeatWatch, String> {
        let minutes = |given: Option<i64>, otherwise: i64| {
            let minutes = given.filter(|minutes| *minutes > 0).unwrap_or(otherwise);
            u32::try_from(minutes.saturating_mul(60)).unwrap_or(u32::MAX).min(2_592_000)
        };
        let times = |given: Option<i64>| u8::try_from(given.unwrap_or(1).clamp(1, 100)).unwrap_or(1);
        Ok(HeartbeatWatch {
            schedule: self.schedule()?,
            grace_s: minutes(self.checkin_margin, MARGIN),
            max_run_s: Some(minutes(self.max_runtime, LONGEST_RUN)),
            fail_after: times(self.failure_issue_threshold),
            recover_after: times(self.recovery_threshold),
        })
    }

    fn schedule(&self) -> std::result::Result<BeatSchedule, String> {
        let field = |name: &str| self.schedule.get(name).unwrap_or(&Value::Null);
        match field("type").as_str() {
            Some("crontab") => {
                let given = field("value").as_str().unwrap_or_default();
                let expression = given.split_whitespace().collect::<Vec<_>>().join(" ");
                parse_cron(&expression).map_err(|_| format!("Its crontab “{}” cannot be read.", line(given, 60)))?;
                let zone = self.timezone.as_deref().filter(|zone| !zone.is_empty()).unwrap_or("UTC");
                kernel::time::parse_zone(zone).map_err(|_| format!("Its time zone “{zone}” is not known."))?;
                Ok(BeatSchedule::Cron { expression, zone: zone.to_owned() })
            }
            Some("interval") => {
                let unit = field("unit").as_str().unwrap_or_default();
                // The longest month and year: a job that is due on the same day of each must not be late because of a short one.
                let seconds: u32 = match unit.trim_end_matches('s') {
                    "minute" => 60,
                    "hour" => 3_600,
                    "day" => 86_400,
                    "week" => 604_800,
                    "month" => 31 * 86_400,
                    "year" => 366 * 86_400,
                    _ => return Err(format!("Its interval is in “{}”, which is no unit.", line(unit, 30))),
                };
                let count = field("value").as_f64().filter(|count| *count >= 1.0).map(|count| count as u32);
                let period = count.and_then(|count| seconds.checked_mul(count)).filter(|period| *period <= 31_622_400);
                let period_s = period.ok_or("Its interval is not between a minute and a year.")?;
                Ok(BeatSchedule::Every { period_s })
            }
            _ => Err("Its schedule is neither a crontab nor an interval.".to_owned()),
        }
    }
}

/// What is on record of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// The watch of its monitor, where there is one.
    pub watch: Option<HeartbeatWatch>,
    /// The watch as it was last made of a configuration.
    pub applied: Option<HeartbeatWatch>,
}

/// What a check-in does to the job's monitor, before its beat is taken in.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    Create(HeartbeatWatch),
    Update(HeartbeatWatch),
    /// The monitor is as it should be.
    Keep,
    /// A person changed the monitor: its configuration is theirs.
    Leave,
    /// There is no monitor, and none is made.
    Ignore(String),
    /// The configuration cannot be followed; the monitor goes on as it is.
    Refuse(String),
}

pub const DELETED: &str = "Its monitor was deleted.";
pub const NO_SCHEDULE: &str = "It did not say when it runs.";

pub fn decide(known: &Known, config: Option<&Config>) -> Decision {
    let wanted = config.map(Config::watch);
    match (&known.watch, &known.applied, wanted) {
        // What a person deleted stays deleted.
        (None, Some(_), _) => Decision::Ignore(DELETED.to_owned()),
        (None, None, Some(Ok(watch))) => Decision::Create(watch),
        (None, None, Some(Err(problem))) => Decision::Ignore(problem),
        (None, None, None) => Decision::Ignore(NO_SCHEDULE.to_owned()),
        (Some(_), _, None) => Decision::Keep,
        (Some(_), _, Some(Err(problem))) => Decision::Refuse(problem),
        (Some(watch), _, Some(Ok(wanted))) if *watch == wanted => Decision::Keep,
        (Some(watch), Some(applied), Some(Ok(wanted))) if watch == applied => Decision::Update(wanted),
        (Some(_), _, Some(Ok(_))) => Decision::Leave,
    }
}

/// The beat that a check-in is. One that names no run ends the latest that is under way.
pub fn beat(check_in: &CheckIn, state: &BeatState) -> Beat {
    let latest = || state.runs.iter().max_by_key(|(_, start)| *start).map(|(id, _)| id.clone()).filter(|id| !id.is_empty());
    Beat {
        at: check_in.at,
        kind: check_in.kind,
        exit_code: None,
        run_id: check_in.run_id.clone().or_else(latest),
        body: check_in.note.clone(),
        reported_ms: check_in.reported_ms,
    }
}

/// A run as its beats tell it.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub id: Option<String>,
    pub started_at: Option<Time>,
    pub ended_at: Option<Time>,
    pub has_failed: bool,
    /// As the job measured it, or from its start to its end.
    pub took: Option<std::time::Duration>,
    pub note: String,
}

/// Runs out of beats, both newest first. An end without a start is a run of its own; so is a start without an end.
pub fn runs(beats: &[Beat]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for beat in beats {
        let ends = match beat.kind {
            BeatKind::Success | BeatKind::Fail => true,
            BeatKind::Start => false,
            BeatKind::Log => continue,
        };
        let is_same = |run: &&mut Run| run.id.is_some() && run.id == beat.run_id;
        let open = runs.iter_mut().filter(is_same).find(|run| if ends { was_overtaken(run, beat.at) } else { run.started_at.is_none() });
        match open {
            Some(run) if !ends => {
                run.started_at = Some(beat.at);
                run.took = run.took.or_else(|| run.ended_at.map(|end| end.since(beat.at)));
            }
            Some(run) => {
                run.ended_at = run.started_at;
                run.has_failed = beat.kind == BeatKind::Fail;
                run.took = beat.reported_ms.map(|ms| std::time::Duration::from_millis(u64::from(ms)));
                run.note.clone_from(&beat.body);
            }
            _ => runs.push(Run {
                id: beat.run_id.clone(),
                started_at: (!ends).then_some(beat.at),
                ended_at: ends.then_some(beat.at),
                has_failed: beat.kind == BeatKind::Fail,
                took: beat.reported_ms.map(|ms| std::time::Duration::from_millis(u64::from(ms))),
                note: beat.body.clone(),
            }),
        }
    }
    runs
}

/// Whether its start came just after this end, as [`take_in`](super::heartbeat::take_in) understands it.
fn was_overtaken(run: &Run, end: Time) -> bool {
    run.ended_at.is_none() && run.started_at.is_some_and(|start| start.since(end) <= OVERTAKEN)
}
