//! Each hour: which issues had far more events than usual, and which of those that had are calm again.

use capability::Cx;
use db::{Reader, Tx};
use kernel::ids::IssueId;
use kernel::time::HOUR;
use kernel::{Fact, Result, Time};
use std::collections::HashMap;

use crate::model::spike::{self, Verdict};
use crate::model::{ActKind, Issue, Priority, PriorityFacts};
use crate::store::acts::{Actor, add_act};
use crate::store::{counts, issues};

struct Finding {
    issue: Issue,
    events: u64,
    verdict: Verdict,
}

/// `at`: the full hour that has just ended.
pub async fn look(cx: &Cx, at: Time) -> Result<()> {
    let hour = at.hour_start() - HOUR;
    let findings = cx.read(move |r| findings(r, hour)).await?;
    if findings.is_empty() {
        return Ok(());
    }
    cx.write(move |tx| findings.iter().try_for_each(|finding| note(tx, finding, hour + HOUR))).await
}

fn findings(r: &Reader<'_>, hour: Time) -> Result<Vec<Finding>> {
    let mut wanted: HashMap<IssueId, u64> = counts::busy_issues(r, hour, spike::LEAST)?.into_iter().collect();
    for id in issues::list_spiking(r)? {
        if let std::collections::hash_map::Entry::Vacant(place) = wanted.entry(id) {
            let last = counts::hours_of(r, id, hour)?.into_iter().find(|(at, _)| *at == hour);
            place.insert(last.map_or(0, |(_, events)| events));
        }
    }
    let mut findings = Vec::new();
    for (id, events) in wanted {
        let Some(issue) = issues::find_issue(r, id)? else { continue };
        let verdict = spike::judge(&before(r, &issue, hour)?, events);
        let is_news = match verdict {
            Verdict::Spiking { .. } => issue.spiking_since.is_none() && issue.state.is_open(),
            Verdict::Calm => issue.spiking_since.is_some(),
            Verdict::Between => false,
        };
        if is_news {
            findings.push(Finding { issue, events, verdict });
        }
    }
    findings.sort_by_key(|finding| finding.issue.id);
    Ok(findings)
}

/// Events per hour before `hour`, oldest first, from the first one the issue was seen in; hours without events are there as 0.
fn before(r: &Reader<'_>, issue: &Issue, hour: Time) -> Result<Vec<u64>> {
    let hours = i64::try_from(spike::HOURS).unwrap_or(i64::MAX);
    let from = Time(hour.0 - hours * 3_600_000).max(issue.first_seen_at.hour_start());
    let known: HashMap<Time, u64> = counts::hours_of(r, issue.id, from)?.into_iter().collect();
    let count = (hour.0 - from.0).max(0) / 3_600_000;
    Ok((0..count).map(|index| known.get(&Time(from.0 + index * 3_600_000)).copied().unwrap_or(0)).collect())
}

fn note(tx: &mut Tx<'_>, finding: &Finding, at: Time) -> Result<()> {
    let issue = &finding.issue;
    let title = kernel::text::shorten(&issue.title(), 200);
    let priority =
        |is_spiking| Priority::of(PriorityFacts { level: issue.level, has_unhandled: issue.has_unhandled, users: issue.users, is_spiking });
    match finding.verdict {
        Verdict::Spiking { usual } => {
            issues::set_spiking(tx, issue.id, Some(at), priority(true))?;
            let text = format!("{} events in an hour; usual are {usual:.0}.", finding.events);
            add_act(tx, issue.id, ActKind::Spiking, &Actor::default(), &text, None)?;
            let project = identity::store::find_project(tx, issue.project)?;
            work::record(
                tx,
                &Fact::IssueSpiking {
                    issue: issue.id,
                    project: issue.project,
                    project_name: project.map(|project| project.name).unwrap_or_default(),
                    title,
                    events: finding.events,
                    usual_per_hour: usual,
                    at,
                },
            )
        }
        Verdict::Calm => {
            issues::set_spiking(tx, issue.id, None, priority(false))?;
            add_act(tx, issue.id, ActKind::Calmed, &Actor::default(), "", None)?;
            work::record(tx, &Fact::IssueCalmed { issue: issue.id, project: issue.project, title, at })
        }
        Verdict::Between => Ok(()),
    }
}
