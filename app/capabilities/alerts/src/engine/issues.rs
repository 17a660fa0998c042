//! Facts about issues of programs: what they open, what they end.

use db::Tx;
use kernel::ids::IssueId;
use kernel::text::shorten;
use kernel::time::DAY;
use kernel::{Fact, Result, Time};

use super::Desk;
use super::life::{Resolution, resolve};
use crate::alert::NewAlert;
use crate::notice::NoticeKind;
use crate::rule::{Topic, opening_topic};
use crate::store::alerts;

/// After so long nobody needs to be told that an issue is new. The issue itself stays in its list.
const NEWS_DAYS: u32 = 7;
/// A spike that nobody calms: its program reports nothing any more.
const SPIKE_DAYS: u32 = 2;

const PREFIX: &str = "issue:";
/// By what an alert ends whose issue was dealt with; what ends it otherwise says nothing of the issue.
pub const CLOSING: &str = "closing the issue";

fn key(id: IssueId) -> String {
    format!("{PREFIX}{id}")
}

/// The page of the issue that an alert is about.
pub fn page(subject_key: &str) -> Option<String> {
    subject_key.strip_prefix(PREFIX).map(|id| format!("/errors/{id}"))
}

/// Closed ends everything that is open about the issue, calmed only its spike.
pub fn end(tx: &mut Tx<'_>, desk: &Desk, fact: &Fact) -> Result<()> {
    let (issue, topic, at, by) = match fact {
        Fact::IssueCalmed { issue, at, .. } => (*issue, Some(Topic::IssueSpiking), *at, String::new()),
        Fact::IssueClosed { issue, state, at, .. } => (*issue, None, *at, format!("{CLOSING} ({})", shorten(state, 60))),
        _ => return Ok(()),
    };
    for alert in alerts::list_open_about(tx, topic, &key(issue))? {
        resolve(tx, desk, alert, &Resolution { by: &by, at, kind: NoticeKind::Resolved })?;
    }
    Ok(())
}

pub fn new_alert(fact: &Fact, now: Time) -> Option<NewAlert> {
    let topic = opening_topic(fact)?;
    match fact {
        Fact::IssueOpened { issue, project_name, title, culprit, level, release, environment, at, .. } => Some(NewAlert {
            // An issue is new once.
            occurrence: format!("issue-opened:{issue}"),
            title: headline("New issue in", project_name, title),
            detail: shorten(culprit, 500),
            facts: facts(project_name, culprit, level, release, environment),
            ..about(topic, *issue, title, (*at, now))
        }),
        Fact::IssueRegressed { issue, project_name, title, culprit, level, release, environment, at, .. } => Some(NewAlert {
            occurrence: format!("issue-regressed:{issue}:{}", at.0),
            title: headline("Back again in", project_name, title),
            detail: shorten(culprit, 500),
            facts: facts(project_name, culprit, level, release, environment),
            ..about(topic, *issue, title, (*at, now))
        }),
        Fact::IssueWoken { issue, project_name, title, culprit, level, release, environment, reason, at, .. } => Some(NewAlert {
            occurrence: format!("issue-woken:{issue}:{}", at.0),
            title: headline("No longer ignored in", project_name, title),
            detail: shorten(reason, 500),
            facts: facts(project_name, culprit, level, release, environment),
            ..about(topic, *issue, title, (*at, now))
        }),
        Fact::IssueSpiking { issue, project_name, title, events, usual_per_hour, at, .. } => Some(NewAlert {
            occurrence: format!("issue-spiking:{issue}:{}", at.0),
            title: headline("Spike in", project_name, title),
            detail: format!("{events} events in one hour; usual are {usual_per_hour:.1} an hour."),
            facts: facts(project_name, "", "", "", ""),
            expires_at: Some(now + DAY * SPIKE_DAYS),
            ..about(topic, *issue, title, (*at, now))
        }),
        _ => None,
    }
}

/// What is old when it comes is news all the same: it is forgotten a week after it was told.
fn about(topic: Topic, issue: IssueId, title: &str, (at, now): (Time, Time)) -> NewAlert {
    NewAlert {
        topic,
        subject_key: key(issue),
        occurrence: String::new(),
        subject: shorten(title, 200),
        target: String::new(),
        title: String::new(),
        detail: String::new(),
        facts: Vec::new(),
        started_at: at,
        expires_at: Some(now + DAY * NEWS_DAYS),
        is_flapping: false,
    }
}

fn headline(what: &str, project: &str, title: &str) -> String {
    shorten(&format!("{what} {project}: {title}"), 300)
}

fn facts(project: &str, culprit: &str, level: &str, release: &str, environment: &str) -> Vec<(String, String)> {
    let all = [("Project", project), ("Where", culprit), ("Level", level), ("Release", release), ("Environment", environment)];
    let known = all.into_iter().filter(|(_, value)| !value.is_empty());
    known.map(|(label, value)| (label.to_owned(), shorten(value, 200))).collect()
}
