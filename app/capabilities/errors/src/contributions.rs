//! What errors puts into the pages and answers that belong to all.

use capability::{Diagnosis, Gauge, Hit, House, Keep, Metric, Nav, NavGroup, Reading, Subject, Tile};
use db::Reader;
use frontend::Tone;
use ingest::EventId;
use kernel::time::{DAY, HOUR, MINUTE};
use kernel::{Result, Role, Time};

use crate::model::{Issue, Stored};
use crate::store::{counts, events, hashes, issues};

pub const NAV: &[Nav] = &[Nav { label: "Errors", path: "/errors", icon: "errors", group: NavGroup::Watch, rank: Role::Viewer }];

pub const KEEP: &[Keep] = &[
    Keep {
        what: "events with everything they came with and names of users among tags (a setting), issues and their counts for as long as you want",
        days: 90,
    },
    Keep { what: "events per hour of each issue", days: 35 },
];

/// Events are counted by whole minutes, so the rate is taken over ten of them and what has passed of the next.
fn rate_from(now: Time) -> Time {
    Time(now.0.div_euclid(60_000) * 60_000) - MINUTE * 10
}

pub const METRICS: &[Metric] = &[
    Metric {
        name: "errors.events_per_minute",
        label: "Errors per minute, over the last 10 minutes",
        unit: "/min",
        read: |_, r| {
            let from = rate_from(r.now);
            let events = counts::events_since(r, from)?;
            reading(r, float(events) * 60.0 / r.now.since(from).as_secs_f64(), events)
        },
    },
    Metric {
        name: "errors.unresolved_issues",
        label: "Unresolved issues",
        unit: "issues",
        read: |_, r| {
            let open = issues::count_open(r)?;
            reading(r, float(open), open)
        },
    },
    Metric {
        name: "errors.new_issues_24h",
        label: "New issues in the last 24 h",
        unit: "issues",
        read: |_, r| {
            let new = issues::count_new(r, r.now - DAY)?;
            reading(r, float(new), new)
        },
    },
];

/// Nothing was ever reported: nothing can be said.
fn reading(r: &Reader<'_>, value: f64, samples: u64) -> Result<Option<Reading>> {
    Ok(issues::has_any(r)?.then_some(Reading { value, samples }))
}

#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}

pub fn tiles(r: &Reader<'_>) -> Result<Vec<Tile>> {
    if !issues::has_any(r)? {
        return Ok(Vec::new());
    }
    let (new, open) = (issues::count_new(r, r.now - DAY)?, issues::count_open(r)?);
    let from = r.now.hour_start() - HOUR * 23;
    let hours = counts::hours_of_all(r, None, from)?;
    let at = |index: i64| Time(from.0 + index * 3_600_000);
    let spark: Vec<f64> =
        (0..24).map(|index| hours.iter().find(|(hour, _)| *hour == at(index)).map_or(0.0, |(_, events)| float(*events))).collect();
    let events: u64 = hours.iter().map(|(_, events)| events).sum();
    Ok(vec![
        Tile {
            title: "New issues".to_owned(),
            value: new.to_string(),
            note: format!("in 24 h; {open} unresolved in all"),
            href: "/errors".to_owned(),
            tone: if new > 0 { Tone::Warn } else { Tone::Good },
            spark: Vec::new(),
        },
        Tile {
            title: "Errors".to_owned(),
            value: events.to_string(),
            note: "events in the last 24 h".to_owned(),
            href: "/errors".to_owned(),
            tone: Tone::Neutral,
            spark,
        },
    ])
}

pub fn gauges(house: &House, r: &Reader<'_>) -> Result<Vec<Gauge>> {
    let gauge = |name, help, value: u64| Gauge { name, help, labels: Vec::new(), value: float(value) };
    let mut gauges = vec![
        gauge("hermetic_errors_unresolved_issues", "Issues that are open.", issues::count_open(r)?),
        gauge("hermetic_errors_events_per_10_minutes", "Events of the last ten minutes.", counts::events_since(r, r.now - MINUTE * 10)?),
    ];
    let (kept, attached) = house.telemetry.read_blocking(|r| Ok((events::size_of(r, "events")?, events::size_of(r, "attachments")?)))?;
    for (what, (items, bytes)) in [("events", kept), ("attachments", attached)] {
        let labels = || vec![("what", what.to_owned())];
        gauges.push(Gauge { name: "hermetic_errors_kept", help: "What is kept of it.", labels: labels(), value: float(items) });
        gauges.push(Gauge { name: "hermetic_errors_kept_bytes", help: "How much room it takes.", labels: labels(), value: float(bytes) });
    }
    Ok(gauges)
}

pub fn diagnose(r: &Reader<'_>) -> Result<Vec<Diagnosis>> {
    let spiking = issues::list_spiking(r)?.len();
    if spiking == 0 {
        return Ok(Vec::new());
    }
    Ok(vec![Diagnosis {
        tone: Tone::Warn,
        subject: "Errors".to_owned(),
        finding: format!("{spiking} {} far more events than usual.", if spiking == 1 { "issue has" } else { "issues have" }),
        advice: "Look at the issues that were seen last under Errors.".to_owned(),
    }])
}

/// On a blocking thread.
pub fn related(house: &House, subject: &Subject<'_>) -> Result<Vec<Hit>> {
    const MOST: u32 = 10;
    match *subject {
        Subject::Trace(id) => {
            let Some(id) = EventId::parse(id) else { return Ok(Vec::new()) };
            let found = house.telemetry.read_blocking(|r| events::events_of_trace(r, id.0, MOST))?;
            event_hits(house, found)
        }
        Subject::Event(project, id) => {
            let found = house.telemetry.read_blocking(|r| events::find_by_event_id(r, project, id))?;
            event_hits(house, found.into_iter().collect())
        }
        Subject::Release(project, version) => house.hermetic.read_blocking(|r| {
            let Some(release) = ingest::store::find_release(r, project, version)? else { return Ok(Vec::new()) };
            let new = issues::new_in_release(r, project, release.id, MOST)?;
            Ok(new.iter().map(|issue| issue_hit(issue, "New issue")).collect())
        }),
        Subject::Issue(_) | Subject::Replay(_) => Ok(Vec::new()),
    }
}

fn event_hits(house: &House, found: Vec<Stored>) -> Result<Vec<Hit>> {
    house.hermetic.read_blocking(|r| {
        let mut hits = Vec::with_capacity(found.len());
        for event in &found {
            let Some(id) = hashes::issue_of(r, event.hash)? else { continue };
            let issue = issues::get_issue(r, id)?;
            let hit = issue_hit(&issue, "Error");
            hits.push(Hit { href: format!("/errors/{id}/events/{}", event.item), note: frontend::parts::moment_text(event.at), ..hit });
        }
        Ok(hits)
    })
}

fn issue_hit(issue: &Issue, kind: &'static str) -> Hit {
    Hit {
        kind,
        title: kernel::text::shorten(&issue.title(), 120),
        note: format!("{}, {} events", issue.state.as_str(), issue.events),
        href: format!("/errors/{}", issue.id),
    }
}
