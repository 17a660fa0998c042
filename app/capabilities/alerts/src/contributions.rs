//! What alerts puts into the pages and answers that belong to all.

use capability::{Diagnosis, Gauge, Hit, Keep, Nav, NavGroup, Tile};
use db::Reader;
use frontend::Tone;
use kernel::{Result, Role};

use crate::alert::AlertState;
use crate::channel::config::LOST;
use crate::channel::{Channel, ChannelKind};
use crate::reach::{listed, reach};
use crate::settings;
use crate::severity::Severity;
use crate::silence::Silence;
use crate::store::{alerts, channels, policies, rules, silences};

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
    let mut tiles = vec![Tile { title: "Open alerts".to_owned(), value: open.to_string(), note, href, tone, spark: Vec::new() }];
    tiles.extend(silence_tile(r)?);
    Ok(tiles)
}

/// Only while something is silenced: what makes no noise must not be forgotten.
fn silence_tile(r: &Reader<'_>) -> Result<Option<Tile>> {
    let current = silences::list_current(r)?;
    let value = match (current.len(), current.iter().any(Silence::is_total)) {
        (0, _) => return Ok(None),
        (_, true) => "Everything".to_owned(),
        (1, false) => "1 silence".to_owned(),
        (count, false) => format!("{count} silences"),
    };
    let more = match current.len() {
        1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let note = format!("{}{more}", silenced(r)?.into_iter().next().unwrap_or_default());
    Ok(Some(Tile { title: "Silenced".to_owned(), value, note, href: "/alerts/silences".to_owned(), tone: Tone::Warn, spark: Vec::new() }))
}

/// One line for each silence that holds, the widest first: what it covers, until when, and why.
pub fn silenced(r: &Reader<'_>) -> Result<Vec<String>> {
    const SHOWN: usize = 5;
    let (rules, zone) = (rules::list(r)?, settings::zone(r)?);
    let mut current = silences::list_current(r)?;
    current.sort_by_key(|silence| (!silence.is_total(), silence.alert.is_some()));
    let line = |silence: &Silence| {
        let mut scope = silence.scope(&rules);
        if let Some(first) = scope.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let reason = if silence.reason.is_empty() { String::new() } else { format!(" ({})", silence.reason) };
        format!("{scope} {}{reason}", silence.end(&zone))
    };
    let mut lines: Vec<String> = current.iter().take(SHOWN).map(line).collect();
    if current.len() > SHOWN {
        lines.push(format!("and {} more", current.len() - SHOWN));
    }
    Ok(lines)
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
            _ if channel.has_lost_secrets => {
                (Tone::Bad, format!("Does not deliver: {LOST}"), format!("Do so under /alerts/channels/{} and send a test.", channel.id))
            }
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
    findings.extend(astray(r, &all)?);
    findings.extend(silence_findings(r)?);
    Ok(findings)
}

fn warning(subject: &str, finding: String, advice: &str) -> Diagnosis {
    Diagnosis { tone: Tone::Warn, subject: subject.to_owned(), finding, advice: advice.to_owned() }
}

/// Rules that tell nobody, or others than they name. Without any channel that is already said of all of them.
fn astray(r: &Reader<'_>, channels: &[Channel]) -> Result<Vec<Diagnosis>> {
    let (rules, policies) = (rules::list(r)?, policies::list(r)?);
    let mut findings = Vec::new();
    let mut found = reach(&rules, &policies, channels);
    if !channels.iter().any(|channel| channel.is_enabled) {
        let names_one = |name: &String| rules.iter().any(|rule| rule.name == *name && rule.names_single_channels());
        found.nobody.retain(names_one);
    }
    if !found.nobody.is_empty() {
        let verb = if found.nobody.len() == 1 { "tells" } else { "tell" };
        let finding = format!("{} {verb} nobody.", listed(&found.nobody));
        findings.push(warning("Alert rules", finding, "Choose a channel that is on in the rule, or switch the rule off."));
    }
    if !found.astray.is_empty() {
        let verb = if found.astray.len() == 1 { "names" } else { "name" };
        let finding = format!("{} {verb} only channels that are gone or off; the other channels are told instead.", listed(&found.astray));
        findings.push(warning("Alert rules", finding, "Choose the channel that is meant."));
    }
    Ok(findings)
}

/// What nobody hears of is a warning when it is everything or has no end; what was planned with an end is only said.
fn silence_findings(r: &Reader<'_>) -> Result<Vec<Diagnosis>> {
    let lines = silenced(r)?;
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let current = silences::list_current(r)?;
    let is_risky = current.iter().any(|silence| silence.is_total() || (silence.ends_at.is_none() && silence.alert.is_none()));
    let finding = format!("Nobody is told of: {}.", lines.join("; "));
    Ok(vec![match is_risky {
        true => warning("Silences", finding, "Lift what is no longer meant under Alerts, Silences."),
        false => Diagnosis { tone: Tone::Info, subject: "Silences".to_owned(), finding, advice: String::new() },
    }])
}
