//! Jobs that report by check-ins: which of them are watched, and why others are not.

use frontend::prelude::*;
use kernel::Time;
use kernel::time::describe_duration;

use super::{Origin, badge, sections};
use crate::model::check_in::{Run, runs};
use crate::model::heartbeat::Beat;
use crate::model::state::MonitorState;
use crate::store::check_ins::Record;

pub struct JobRow {
    pub record: Record,
    pub project: String,
    /// Of its monitor.
    pub state: Option<MonitorState>,
}

pub struct Jobs {
    pub rows: Vec<JobRow>,
    pub can_edit: bool,
    pub now: Time,
}

pub fn show(jobs: &Jobs) -> View {
    let lead = "Jobs of your projects that report when they begin and end. One that says when it runs gets a monitor by itself.";
    let head = page_head(PageHead { title: "Check-ins", lead, ..PageHead::default() });
    let heads = [
        Head::text("Job"),
        Head::text("Project"),
        Head::text("Watched"),
        Head::text("Newest"),
        Head::number("Check-ins"),
        Head::hidden("Actions"),
    ];
    let empty = EmptyState {
        title: "No job has checked in yet",
        sentence: "Use your SDK's crons: @sentry_sdk.monitor(monitor_slug=…, monitor_config=…), Sentry.withMonitor(…), or sentry-cli monitors run nightly -- ./backup.sh.",
        ..EmptyState::default()
    };
    let rows = jobs.rows.iter().map(|row| one(row, jobs)).collect();
    let body = card(Card { is_flush: true, ..Card::default() }, table(Table { caption: "Jobs that check in", heads: &heads, rows, empty }));
    stack(vec![head, sections("/uptime/check-ins"), live("jobs", body)])
}

fn one(row: &JobRow, jobs: &Jobs) -> Row {
    let record = &row.record;
    let name = if record.job.slug.is_empty() { "(others)".to_owned() } else { record.job.slug.clone() };
    let name = match record.monitor {
        Some(id) => link(format!("/uptime/monitors/{id}"), &name),
        None => view! { <span>{name}</span> }.into_any(),
    };
    let environment = if record.job.environment.is_empty() { ().into_any() } else { tag(&record.job.environment) };
    let watched = match (record.monitor, row.state) {
        (Some(_), Some(state)) => badge(state),
        (Some(_), None) => state_dot(Tone::Neutral, "waits for its first end"),
        (None, _) => state_dot(Tone::Warn, "not watched"),
    };
    let why = muted(&record.refusal);
    let path = |act: &str| format!("/uptime/check-ins/{}/{act}", record.id);
    let mut acts = Vec::new();
    if jobs.can_edit && record.monitor.is_none() {
        if !record.job.slug.is_empty() {
            acts.push(post_button(path("watch"), "Watch", Look::Plain));
        }
        acts.push(post_button(path("forget"), "Forget", Look::Quiet));
    }
    Row {
        cells: vec![
            view! { <span>{name}" "{environment}</span> }.into_any(),
            muted(&row.project),
            view! { <span>{watched}" "{why}</span> }.into_any(),
            ago(record.last_seen_at, jobs.now),
            muted(&record.seen.to_string()),
            actions(acts),
        ],
        tone: if record.monitor.is_none() { Tone::Warn } else { Tone::Neutral },
    }
}

/// Runs of a job, on its monitor's page.
pub fn run_list(beats: &[Beat], now: Time) -> View {
    let heads = [Head::text("Began"), Head::text("Outcome"), Head::number("Took"), Head::text("Run"), Head::text("Sent along")];
    let rows = runs(beats).iter().take(20).map(|run| run_row(run, now)).collect();
    let empty = EmptyState { title: "No run yet", sentence: "Its next check-in is listed here.", ..EmptyState::default() };
    card(
        Card { title: "Newest runs", is_flush: true, ..Card::default() },
        table(Table { caption: "Newest runs", heads: &heads, rows, empty }),
    )
}

fn run_row(run: &Run, now: Time) -> Row {
    let began = match (run.started_at, run.ended_at) {
        (Some(start), _) => moment(start),
        (None, Some(end)) => view! { <span>{muted("ended")}" "{moment(end)}</span> }.into_any(),
        (None, None) => muted("–"),
    };
    let outcome = match (run.ended_at, run.has_failed) {
        (None, _) => state_dot(Tone::Info, "no end so far"),
        (Some(_), true) => state_dot(Tone::Bad, "failed"),
        (Some(_), false) => state_dot(Tone::Good, "ok"),
    };
    let took = match (run.took, run.started_at) {
        (Some(took), _) => describe_duration(took),
        (None, Some(start)) => format!("for {}", describe_duration(now.since(start))),
        (None, None) => "–".to_owned(),
    };
    let id = run.id.as_deref().map_or("–", |id| id.get(..8).unwrap_or(id));
    Row::new(vec![began, outcome, muted(&took), code(id), muted(&run.note.replace('\n', ", "))])
}

/// Where the check-ins of a monitor come from, on its page.
pub fn origin_card(origin: &Origin) -> View {
    let pairs = vec![
        ("Job", code(&origin.slug)),
        ("Project", muted(&origin.project)),
        ("Environment", muted(&origin.environment)),
        ("Check-ins", muted(&origin.seen.to_string())),
    ];
    let refusal = if origin.refusal.is_empty() { ().into_any() } else { notice(Tone::Warn, &origin.refusal) };
    let more = muted("Its schedule follows what the job sends along, until somebody edits this monitor.");
    card(Card { title: "Check-ins", ..Card::default() }, view! { {refusal}{key_values(pairs)}{more} })
}
