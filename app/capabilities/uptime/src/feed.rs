//! What the status page and other pages hear of monitors: conditions, history, response times, tiles, search, numbers.

use std::collections::HashMap;

use capability::{Condition, Diagnosis, Feed, FeedSource, Gauge, Hit, House, ResponsePoint, Stretch, Tile};
use db::Reader;
use frontend::Tone;
use kernel::ids::MonitorId;
use kernel::time::DAY;
use kernel::{Result, Time};

use crate::model::arithmetic::Tally;
use crate::model::state::MonitorState;
use crate::store;

pub struct MonitorFeed;

fn key(id: MonitorId) -> String {
    format!("uptime:{id}")
}

fn id_of(key: &str) -> Option<MonitorId> {
    key.strip_prefix("uptime:")?.parse().ok()
}

fn condition(state: MonitorState) -> Condition {
    match state {
        // Not confirmed is not down.
        MonitorState::Up | MonitorState::Pending => Condition::Operational,
        MonitorState::Degraded => Condition::Degraded,
        MonitorState::Down => Condition::Down,
        MonitorState::Maintenance => Condition::Maintenance,
        MonitorState::Paused | MonitorState::NoData => Condition::NoData,
    }
}

impl Feed for MonitorFeed {
    fn sources(&self, r: &Reader<'_>) -> Result<Vec<FeedSource>> {
        let source = |monitor: crate::model::watch::Monitor| FeedSource {
            key: key(monitor.id),
            name: monitor.name.clone(),
            kind: monitor.watch.kind().as_str().to_owned(),
        };
        Ok(store::monitors::list(r)?.into_iter().map(source).collect())
    }

    fn conditions(&self, r: &Reader<'_>) -> Result<Vec<(String, Condition)>> {
        let shown: HashMap<_, _> = store::states::shown(r)?.into_iter().collect();
        let now = |id: MonitorId| {
            // While a failure is being confirmed the page shows what was known before; of what was never checked nothing is known.
            shown.get(&id).map_or(Condition::NoData, |shown| condition(shown.body.to_record()))
        };
        Ok(store::monitors::list(r)?.into_iter().map(|monitor| (key(monitor.id), now(monitor.id))).collect())
    }

    fn history(&self, r: &Reader<'_>, key: &str, from: Time, to: Time) -> Result<Vec<Stretch>> {
        let Some(id) = id_of(key) else { return Ok(Vec::new()) };
        let spans = store::states::history(r, id, from, to.min(r.now).max(from))?;
        Ok(spans.into_iter().map(|span| Stretch { from: span.from, to: span.to, condition: condition(span.state) }).collect())
    }

    fn response_times(&self, r: &Reader<'_>, key: &str, from: Time, to: Time) -> Result<Vec<ResponsePoint>> {
        let Some(id) = id_of(key) else { return Ok(Vec::new()) };
        let hours = store::rollups::hours(r, id, from, to)?;
        let point = |(at, rollup): (Time, store::rollups::Rollup)| {
            let quantile = |fraction| rollup.latencies.quantile_ms(fraction);
            Some(ResponsePoint { at, p50_ms: quantile(0.5)?, p95_ms: quantile(0.95)?, samples: rollup.latencies.count() })
        };
        Ok(hours.into_iter().filter_map(point).collect())
    }
}

fn counts(r: &Reader<'_>) -> Result<HashMap<MonitorState, u64>> {
    let mut counts = HashMap::new();
    for (_, shown) in store::states::shown(r)? {
        *counts.entry(shown.state).or_default() += 1;
    }
    Ok(counts)
}

pub fn tiles(r: &Reader<'_>) -> Result<Vec<Tile>> {
    let monitors = store::monitors::list(r)?;
    let tile =
        |title: &str, value, note, tone| Tile { title: title.to_owned(), value, note, href: "/uptime".to_owned(), tone, spark: Vec::new() };
    if monitors.is_empty() {
        return Ok(vec![tile("Monitors", "0".to_owned(), "Make one for your website first.".to_owned(), Tone::Neutral)]);
    }
    let counts = counts(r)?;
    let count = |state| counts.get(&state).copied().unwrap_or(0);
    let (down, degraded) = (count(MonitorState::Down), count(MonitorState::Degraded));
    let (value, tone) = match (down, degraded) {
        (0, 0) => ("all up".to_owned(), Tone::Good),
        (0, degraded) => (format!("{degraded} degraded"), Tone::Warn),
        (down, _) => (format!("{down} down"), Tone::Bad),
    };
    let mut total = Tally::default();
    for monitor in &monitors {
        let spans = store::states::history(r, monitor.id, r.now - DAY, r.now)?;
        total.add(&Tally::of(&spans, r.now - DAY, r.now));
    }
    let uptime = total.uptime().map_or_else(|| "–".to_owned(), |percent| percent.to_string());
    let tone_of_uptime = if total.down > 0 { Tone::Warn } else { Tone::Neutral };
    Ok(vec![
        tile("Monitors", value, format!("{} watched", monitors.len()), tone),
        tile("Uptime, 24 hours", uptime, format!("over {} monitors, by time", monitors.len()), tone_of_uptime),
    ])
}

pub fn search(r: &Reader<'_>, query: &str) -> Result<Vec<Hit>> {
    let needle = query.trim().to_lowercase();
    if needle.is_empty() {
        return Ok(Vec::new());
    }
    let fits = |monitor: &crate::model::watch::Monitor| {
        monitor.name.to_lowercase().contains(&needle)
            || monitor.watch.target().to_lowercase().contains(&needle)
            || monitor.tags.iter().any(|tag| tag.contains(&needle))
    };
    let hit = |monitor: crate::model::watch::Monitor| Hit {
        kind: "Monitor",
        title: monitor.name.clone(),
        note: monitor.watch.target(),
        href: format!("/uptime/monitors/{}", monitor.id),
    };
    Ok(store::monitors::list(r)?.into_iter().filter(fits).take(10).map(hit).collect())
}

pub fn gauges(house: &House, r: &Reader<'_>) -> Result<Vec<Gauge>> {
    let names: HashMap<_, _> = store::monitors::list(r)?.into_iter().map(|monitor| (monitor.id, monitor.name.clone())).collect();
    let mut gauges = Vec::new();
    for (id, shown) in store::states::shown(r)? {
        let Some(name) = names.get(&id) else { continue };
        let value = match shown.state {
            MonitorState::Up => 1.0,
            MonitorState::Degraded | MonitorState::Pending => 0.5,
            MonitorState::Down => 0.0,
            MonitorState::Maintenance | MonitorState::Paused | MonitorState::NoData => continue,
        };
        gauges.push(Gauge {
            name: "hermetic_uptime_monitor_up_ratio",
            help: "1 up, 0.5 degraded or confirming, 0 down; missing while paused, in maintenance or without data.",
            labels: vec![("monitor", name.clone()), ("id", id.to_string())],
            value,
        });
    }
    for metric in crate::host::METRICS {
        if let Some(reading) = (metric.read)(house, r)? {
            gauges.push(Gauge { name: crate::host::gauge_name(metric.name), help: metric.label, labels: Vec::new(), value: reading.value });
        }
    }
    Ok(gauges)
}

pub fn diagnose(r: &Reader<'_>) -> Result<Vec<Diagnosis>> {
    let mut found = Vec::new();
    let monitors = store::monitors::list(r)?;
    let is_unwatched = |monitor: &crate::model::watch::Monitor| monitor.has_lost_secrets && monitor.watch.kind().is_probed();
    let count = monitors.iter().filter(|monitor| !monitor.paused && !is_unwatched(monitor)).count();
    let alive = store::states::cursor(r, crate::runner::reload::ALIVE)?;
    let diagnosis =
        |tone, finding: String, advice: &str| Diagnosis { tone, subject: "Uptime".to_owned(), finding, advice: advice.to_owned() };
    found.push(match alive {
        _ if monitors.is_empty() => diagnosis(Tone::Info, "No monitor is set up.".to_owned(), "Make one in the console under Uptime."),
        _ if monitors.iter().all(|monitor| monitor.paused) => diagnosis(Tone::Info, "All monitors are paused.".to_owned(), ""),
        Some(alive) if r.now.since(alive).as_secs() <= 60 => diagnosis(Tone::Good, format!("{count} monitors are being watched."), ""),
        Some(alive) => diagnosis(
            Tone::Bad,
            format!("Nothing has been watched since {alive}."),
            "Start `hermetic serve`; when it runs, look into its log for uptime.",
        ),
        None => diagnosis(Tone::Warn, "Nothing was watched so far.".to_owned(), "Start `hermetic serve`."),
    });
    found.extend(monitors.iter().filter(|monitor| monitor.has_lost_secrets).map(diagnose_lost));
    found.extend(diagnose_check_ins(r)?);
    for (id, shown) in store::states::shown(r)? {
        if shown.body.is_blind && shown.body.blind_detail.contains("send pings") {
            found.push(diagnosis(
                Tone::Warn,
                format!("Monitor {id} cannot ping."),
                "Give the service CAP_NET_RAW (AmbientCapabilities in the unit), or allow its group in net.ipv4.ping_group_range.",
            ));
            break;
        }
    }
    Ok(found)
}

/// Jobs that report and are not watched.
fn diagnose_check_ins(r: &Reader<'_>) -> Result<Option<Diagnosis>> {
    let unwatched: Vec<_> = store::check_ins::list(r)?
        .into_iter()
        .filter(|record| record.monitor.is_none() && record.refusal != crate::model::check_in::DELETED)
        .collect();
    let Some(first) = unwatched.first() else { return Ok(None) };
    let count = match unwatched.len() {
        1 => "A job checks in that is not watched".to_owned(),
        count => format!("{count} jobs check in that are not watched, one of them"),
    };
    Ok(Some(Diagnosis {
        tone: Tone::Warn,
        subject: "Check-ins".to_owned(),
        finding: format!("{count}: {}. {}", first.job.name(), first.refusal),
        advice: "Send a monitor_config along, or choose Watch under /uptime/check-ins.".to_owned(),
    }))
}

/// Its secrets were sealed with a key file that is gone.
fn diagnose_lost(monitor: &crate::model::watch::Monitor) -> Diagnosis {
    let (tone, finding, advice) = match monitor.watch.kind().is_probed() {
        true => (Tone::Bad, "It is not watched: its credentials were sealed with a key file that is gone.", "Enter them again"),
        false => (
            Tone::Warn,
            "Its address is heard, but cannot be shown any more: it was sealed with a key file that is gone.",
            "Give it a new address if nobody has the present one",
        ),
    };
    Diagnosis {
        tone,
        subject: format!("Monitor {}", monitor.name),
        finding: finding.to_owned(),
        advice: format!("{advice}, under /uptime/monitors/{}.", monitor.id),
    }
}
