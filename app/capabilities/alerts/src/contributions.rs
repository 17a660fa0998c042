//! What alerts puts into the pages and answers that belong to all.

use capability::{Diagnosis, Gauge, Hit, Keep, Nav, NavGroup, Tile};
use db::Reader;
use frontend::Tone;
use kernel::{Result, Role};

use crate::alert::AlertState;
use crate::channel::{Channel, ChannelKind};
use crate::severity::Severity;
use crate::store::{alerts, channels, rules};

pub const NAV: &[Nav] = &[Nav { label: "Alerts", path: "/alerts", icon: "alerts", group: NavGroup::Watch, rank: Role::Viewer }];

pub const KEEP: &[Keep] = &[Keep { what: "resolved alerts with their timelines", days: 365 }];

pub fn tiles(r: &Reader<'_>) -> Result<Vec<Tile>> {
    let open = alerts::count_by_state(r, AlertState::Open)?;
    let worst = alerts::find_worst_open(r)?;
    let has_channels = channels::list(r)?.iter().any(|channel| channel.is_enabled);
    let tone = match worst.as_ref().map(|alert| alert.severity) {
        Some(Severity::Critical) => Tone::Bad,
        Some(Severity::Warning) => Tone::Warn,
        Some(Severity::Info) => Tone::Info,
        None if has_channels => Tone::Good,
        None => Tone::Neutral,
    };
    let (note, href) = match worst {
        Some(alert) => (alert.title, format!("/alerts/{}", alert.id)),
        None if has_channels => ("Nothing needs anybody.".to_owned(), "/alerts".to_owned()),
        None => ("Make a channel, so that somebody hears of the first one.".to_owned(), "/alerts/channels".to_owned()),
    };
    Ok(vec![Tile { title: "Open alerts".to_owned(), value: open.to_string(), note, href, tone, spark: Vec::new() }])
}

pub fn search(r: &Reader<'_>, query: &str) -> Result<Vec<Hit>> {
    let needle = query.trim().to_lowercase();
    let mut hits: Vec<Hit> = alerts::search(r, query.trim(), 5)?
        .into_iter()
        .map(|alert| Hit {
            kind: "Alert",
            note: format!("{}, {}", alert.state.as_str(), alert.severity),
            href: format!("/alerts/{}", alert.id),
            title: alert.title,
        })
        .collect();
    let named = channels::list(r)?.into_iter().filter(|channel| channel.name.to_lowercase().contains(&needle)).take(3);
    hits.extend(named.map(|channel| Hit {
        kind: "Channel",
        note: channel.kind.label().to_owned(),
        href: format!("/alerts/channels/{}", channel.id),
        title: channel.name,
    }));
    let matching = rules::list(r)?.into_iter().filter(|rule| rule.name.to_lowercase().contains(&needle)).take(3);
    hits.extend(matching.map(|rule| Hit {
        kind: "Rule",
        note: rule.severity.to_string(),
        href: format!("/alerts/rules/{}", rule.id),
        title: rule.name,
    }));
    hits.truncate(10);
    Ok(hits)
}

pub fn gauges(r: &Reader<'_>) -> Result<Vec<Gauge>> {
    let mut gauges = Vec::new();
    for state in [AlertState::Open, AlertState::Acknowledged] {
        #[expect(clippy::cast_precision_loss, reason = "a count of open alerts is far below 2^52")]
        let value = alerts::count_by_state(r, state)? as f64;
        gauges.push(Gauge {
            name: "hermetic_alerts_alerts",
            help: "Alerts that are not resolved.",
            labels: vec![("state", state.as_str().to_owned())],
            value,
        });
    }
    for channel in channels::list(r)?.into_iter().filter(|channel| channel.is_enabled) {
        let value = if is_failing(&channel) { 0.0 } else { 1.0 };
        let labels = vec![("channel", channel.id.to_string()), ("kind", channel.kind.as_str().to_owned())];
        gauges.push(Gauge { name: "hermetic_alerts_channel_up", help: "Whether the last delivery of a channel succeeded.", labels, value });
    }
    Ok(gauges)
}

fn is_failing(channel: &Channel) -> bool {
    channel.last_failed_at.is_some_and(|failed| channel.last_sent_at.is_none_or(|sent| failed > sent))
}

pub fn diagnose(r: &Reader<'_>) -> Result<Vec<Diagnosis>> {
    let all = channels::list(r)?;
    let enabled: Vec<&Channel> = all.iter().filter(|channel| channel.is_enabled).collect();
    let mut findings = Vec::new();
    if enabled.is_empty() {
        findings.push(Diagnosis {
            tone: Tone::Warn,
            subject: "Alerts".to_owned(),
            finding: "No channel is on: alerts are recorded and nobody is told.".to_owned(),
            advice: "Make a channel under Alerts, Channels, and send a test.".to_owned(),
        });
    }
    for channel in &enabled {
        let subject = format!("Channel {}", channel.name);
        let (tone, finding, advice) = match channel.last_sent_at {
            _ if is_failing(channel) => {
                (Tone::Bad, format!("Does not deliver: {}", channel.last_error), "Look at its settings and send a test.".to_owned())
            }
            None => (Tone::Warn, "Was never tried.".to_owned(), "Send a test: an untested channel is no channel.".to_owned()),
            Some(_) => (Tone::Good, "Delivers.".to_owned(), String::new()),
        };
        findings.push(Diagnosis { tone, subject, finding, advice });
    }
    if !enabled.is_empty() && enabled.iter().all(|channel| channel.kind == ChannelKind::Email) {
        findings.push(Diagnosis {
            tone: Tone::Info,
            subject: "Alerts".to_owned(),
            finding: "Mail is the only channel.".to_owned(),
            advice: "Add a second kind: mail that does not leave cannot tell that it does not leave.".to_owned(),
        });
    }
    Ok(findings)
}
