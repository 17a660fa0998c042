//! One monitor: how it is and why, how fast it answers, what happened in the last 90 days.

use std::sync::Arc;
use std::time::Duration;

use frontend::prelude::*;
use kernel::Time;
use kernel::time::{DAY, HOUR, MINUTE, describe_duration};

use super::check_ins::{origin_card, run_list};
use super::history::{beats, checks, outages};
use super::{Origin, badge, percent, sections, tone};
use crate::model::arithmetic::{Bucket, Span, Tally};
use crate::model::check::{Certificate, Check, Phases, Sample, Verdict};
use crate::model::heartbeat::{Beat, BeatState, expectation};
use crate::model::state::MonitorState;
use crate::model::watch::{Kind, Monitor, Watch};
use crate::runner::Dot;
use crate::store::rollups::Rollup;
use crate::store::states::{Outage, Shown};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    Day,
    Week,
    Month,
    Quarter,
}

impl Range {
    const ALL: [Range; 4] = [Range::Day, Range::Week, Range::Month, Range::Quarter];

    pub fn parse(text: &str) -> Range {
        Range::ALL.into_iter().find(|range| range.name() == text).unwrap_or(Range::Day)
    }

    pub fn name(self) -> &'static str {
        match self {
            Range::Day => "24h",
            Range::Week => "7d",
            Range::Month => "30d",
            Range::Quarter => "90d",
        }
    }

    pub fn span(self) -> Duration {
        match self {
            Range::Day => DAY,
            Range::Week => DAY * 7,
            Range::Month => DAY * 30,
            Range::Quarter => DAY * 90,
        }
    }

    /// What one point sums up.
    pub fn step(self) -> Duration {
        match self {
            Range::Day => MINUTE * 10,
            Range::Week | Range::Month => HOUR,
            Range::Quarter => DAY,
        }
    }
}

pub struct Chart {
    pub range: Range,
    pub from: Time,
    pub to: Time,
    pub points: Vec<(Time, Rollup)>,
    pub total: Rollup,
    /// Outages and maintenances.
    pub bands: Vec<Span>,
}

pub struct Detail {
    pub monitor: Monitor,
    pub shown: Option<Shown>,
    pub beat: BeatState,
    pub totals: [(&'static str, Tally); 4],
    pub bars: Vec<(Bucket, Tally)>,
    pub chart: Chart,
    pub outages: Vec<Outage>,
    pub window: Option<Time>,
    pub beats: Vec<Beat>,
    /// Of a job that reports by check-ins.
    pub origin: Option<Origin>,
    /// Where the job reports; empty for who may not see it.
    pub beat_url: String,
    pub related: Vec<(Monitor, MonitorState)>,
    pub can_edit: bool,
    /// From memory: the newest check with all it saw, and the newest results.
    pub last: Option<Arc<Check>>,
    pub ring: Vec<Dot>,
    pub checks: Vec<Sample>,
    pub now: Time,
}

impl Detail {
    fn state(&self) -> MonitorState {
        self.shown.as_ref().map_or(MonitorState::Pending, |shown| shown.state)
    }

    fn kind(&self) -> Kind {
        self.monitor.watch.kind()
    }
}

pub fn show(detail: &Detail) -> View {
    let mut wide = vec![live("bars", ninety_days(detail))];
    if detail.kind() != Kind::Group {
        wide.push(live("times", response_times(detail)));
    }
    wide.push(live("outages", outages(detail)));
    match detail.kind() {
        Kind::Heartbeat if detail.origin.is_some() => wide.push(live("runs", run_list(&detail.beats, detail.now))),
        Kind::Heartbeat => wide.push(live("beats", beats(detail))),
        // It has no checks of its own: its members do.
        Kind::Group => {}
        _ => wide.push(live("checks", checks(detail))),
    }
    let mut narrow = Vec::new();
    if let Some(origin) = &detail.origin {
        narrow.push(live("origin", origin_card(origin)));
    } else if !detail.beat_url.is_empty() {
        narrow.push(beat_address(detail));
    } else if detail.kind() == Kind::Heartbeat && detail.monitor.has_lost_secrets && detail.can_edit {
        narrow.push(lost_address(detail));
    }
    narrow.push(facts(detail));
    if let Some(check) = detail.last.as_ref().filter(|_| detail.kind().is_probed()) {
        narrow.push(live("phases", phases_card("Newest check", &check.phases)));
        if let Some(certificate) = &check.seen.certificate {
            narrow.push(certificate_card(certificate, detail.now));
        }
    }
    if !detail.related.is_empty() || detail.kind() == Kind::Group {
        narrow.push(related(detail));
    }
    let summary = vec![live("state", state_notice(detail)), live("tiles", uptime_tiles(detail))];
    stack(vec![head(detail), sections("/uptime/monitors"), stack(summary), columns(wide, narrow)])
}

fn head(detail: &Detail) -> View {
    let path = |act: &str| format!("/uptime/monitors/{}/{act}", detail.monitor.id);
    let mut acts = Vec::new();
    if detail.can_edit {
        if detail.kind().is_probed() {
            acts.push(post_button(path("test"), "Test now", Look::Primary));
        }
        acts.push(match detail.monitor.paused {
            true => post_button(path("resume"), "Resume", Look::Plain),
            false => post_button(path("pause"), "Pause", Look::Plain),
        });
        acts.push(link_button(path("edit"), "Edit", Look::Plain));
        acts.push(confirm_button(&ConfirmButton {
            label: "Delete",
            question: "Its history and outages go with it; groups, dependants and maintenance windows lose it, and a window that covers nothing else goes too. A component that follows it stays on the status page, without data, until you change it. This cannot be undone.",
            confirm: "Delete for good",
            action: path("delete").into(),
            look: Look::Danger,
            ..ConfirmButton::default()
        }));
    }
    page_head(PageHead {
        title: &detail.monitor.name,
        lead: &detail.monitor.watch.target(),
        trail: vec![("Monitors", "/uptime".into())],
        badge: Some(live("badge", badge(detail.state()))),
        actions: acts,
    })
}

fn state_notice(detail: &Detail) -> View {
    let state = detail.state();
    let Some(shown) = &detail.shown else {
        let text = if detail.kind() == Kind::Heartbeat { "It waits for its first beat." } else { "Its first check is under way." };
        return notice(Tone::Info, text);
    };
    let since = describe_duration(detail.now.since(shown.since));
    let mut lines = Vec::new();
    if shown.body.is_flapping() {
        lines.push("It changes its state again and again: single notices are withheld until it has been stable for 30 minutes.".to_owned());
    }
    if shown.body.parent.is_some() && state == MonitorState::Down {
        lines.push("A monitor that it depends on is down too; nobody is told of this one for now.".to_owned());
    }
    let why = shown.body.why();
    let headline = match state {
        MonitorState::Up if lines.is_empty() => return ().into_any(),
        MonitorState::Up => format!("Up for {since}."),
        MonitorState::Down => format!("Down for {}: {why}", describe_duration(detail.now.since(shown.body.known_since))),
        MonitorState::Degraded => format!("Degraded for {since}: {why}"),
        MonitorState::Pending if why.is_empty() && detail.kind() == Kind::Heartbeat => "It waits for its first beat.".to_owned(),
        MonitorState::Pending if why.is_empty() => "Its first check is under way.".to_owned(),
        MonitorState::Pending => format!("A check failed and is being confirmed: {why}"),
        MonitorState::Maintenance => "A maintenance window is open: it is watched, and notices are held until the window ends.".to_owned(),
        MonitorState::Paused => "Paused: nobody looks. Resume it to watch again.".to_owned(),
        MonitorState::NoData => format!("Nothing is known at present. {why}"),
    };
    let lines: Vec<View> = lines.iter().map(|line| paragraph(line)).collect();
    notice_about(tone(state), &headline, lines)
}

fn uptime_tiles(detail: &Detail) -> View {
    let mut all: Vec<View> = detail
        .totals
        .iter()
        .map(|(label, tally)| {
            let value = percent(tally.uptime());
            let note = match tally.down {
                0 if tally.uptime().is_none() => "not watched yet".to_owned(),
                0 => "no outage".to_owned(),
                down => format!("{} down", describe_duration(Duration::from_millis(down.unsigned_abs()))),
            };
            let tone = if tally.down > 0 { Tone::Bad } else { Tone::Neutral };
            tile(&Tile { title: &format!("Uptime, {label}"), value: &value, note: &note, tone, ..Tile::default() })
        })
        .collect();
    if let Some(p95) = detail.chart.total.latencies.quantile_ms(0.95) {
        let answered = detail.ring.iter().filter(|dot| matches!(dot.verdict, Verdict::Ok | Verdict::Slow));
        let spark: Vec<f64> = answered.map(|dot| f64::from(dot.total) / 1_000.0).collect();
        let note = format!("95 % are faster; {} answers in {}", detail.chart.total.latencies.count(), detail.chart.range.name());
        all.push(tile(&Tile {
            title: if detail.kind() == Kind::Heartbeat { "Run time, p95" } else { "Response, p95" },
            value: &Unit::Millis.write(p95),
            note: &note,
            spark: &spark,
            ..Tile::default()
        }));
    }
    tiles(all)
}

fn ninety_days(detail: &Detail) -> View {
    let cells: Vec<DayCell> = detail
        .bars
        .iter()
        .map(|(bucket, tally)| DayCell {
            tone: tone(tally.worst()),
            label: bucket.date.strftime("%-d %b %Y").to_string(),
            note: day_note(tally),
        })
        .collect();
    let bars = day_bars(&DayBars { label: &detail.monitor.name, days: &cells, from: "90 days ago", to: "today", ..DayBars::default() });
    card(Card { title: "90 days", ..Card::default() }, bars)
}

fn day_note(tally: &Tally) -> String {
    let part = |length: i64, word: &str| {
        (length > 0).then(|| format!("{} {word}", describe_duration(Duration::from_millis(length.unsigned_abs()))))
    };
    let parts: Vec<String> = [
        tally.uptime().map(|percent| percent.to_string()),
        part(tally.down, "down"),
        part(tally.degraded, "degraded"),
        part(tally.maintenance, "in maintenance"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() { "no data".to_owned() } else { parts.join(", ") }
}

fn response_times(detail: &Detail) -> View {
    let chart = &detail.chart;
    let title = if detail.kind() == Kind::Heartbeat { "Run times" } else { "Response times" };
    let series = |name, fraction| Series {
        name,
        points: chart
            .points
            .iter()
            .filter_map(|(at, rollup)| Some(Point { at: *at, value: rollup.latencies.quantile_ms(fraction)? }))
            .collect(),
    };
    let bands = chart.bands.iter().map(|span| Band {
        from: span.from,
        to: span.to,
        tone: tone(span.state),
        label: format!("{}, {}", span.state.label(), describe_duration(span.to.since(span.from))),
    });
    let drawn = line_chart(&LineChart {
        id: "response-times",
        title,
        about: &format!("Percentiles of the times of {} over {}.", detail.monitor.name, chart.range.name()),
        unit: Unit::Millis,
        from: chart.from,
        to: chart.to,
        every: chart.range.step(),
        series: vec![series("p50", 0.5), series("p95", 0.95), series("p99", 0.99)],
        bands: bands.collect(),
        marks: detail.monitor.rules.degraded_ms.map(|limit| Mark { value: f64::from(limit), label: "limit" }).into_iter().collect(),
        empty: "The first hour is summed up a few minutes after the first checks.",
        has_table: true,
    });
    let choices: Vec<Tab<'_>> = Range::ALL
        .iter()
        .map(|range| Tab {
            label: range.name(),
            href: Href::path(format!("/uptime/monitors/{}", detail.monitor.id)).with("range", range.name()),
            is_current: *range == chart.range,
            count: None,
        })
        .collect();
    card(Card { title, ..Card::default() }, view! { {tabs("Time range", &choices)}{drawn} })
}

fn beat_address(detail: &Detail) -> View {
    let url = &detail.beat_url;
    let address = copy_box("The job reports to", url);
    let example = code_block(&format!("# at the end of the job, with its exit code\ncurl -fsS -m 10 --retry 3 {url}/$?"));
    let more = muted(
        "Add /start when it begins, /fail when it failed, /log for a note; ?rid=… tells runs apart. HEAD, GET and POST are the same.",
    );
    let renew = new_address(detail);
    card(Card { title: "Address", ..Card::default() }, view! { {address}{example}{more}{renew} })
}

fn lost_address(detail: &Detail) -> View {
    let lost = notice(Tone::Warn, "It was sealed with a key file that is gone: it is still heard, but cannot be shown any more.");
    let renew = new_address(detail);
    card(Card { title: "Address", ..Card::default() }, view! { {lost}{renew} })
}

fn new_address(detail: &Detail) -> View {
    confirm_button(&ConfirmButton {
        label: "New address",
        question: "The old address stops working at once; change it in your job.",
        confirm: "Make a new one",
        action: format!("/uptime/monitors/{}/renew", detail.monitor.id).into(),
        look: Look::Quiet,
        ..ConfirmButton::default()
    })
}

fn facts(detail: &Detail) -> View {
    let rules = &detail.monitor.rules;
    let mut pairs = vec![("Kind", muted(detail.kind().label()))];
    match &detail.monitor.watch {
        Watch::Heartbeat(watch) => {
            pairs.push(("Expected", muted(&detail.monitor.watch.target())));
            pairs.push(("Grace time", muted(&describe_duration(Duration::from_secs(u64::from(watch.grace_s))))));
            if let Some(longest) = watch.max_run_s {
                pairs.push(("Longest run", muted(&describe_duration(Duration::from_secs(u64::from(longest))))));
            }
            if watch.fail_after > 1 || watch.recover_after > 1 {
                pairs.push(("Down after", muted(&format!("{} in a row; up again after {}", watch.fail_after, watch.recover_after))));
            }
            if let Some(expected) = expectation(watch, &detail.beat) {
                pairs.push(("Next beat due", ago(expected.due, detail.now)));
            }
        }
        watch => {
            pairs.push(("Every", muted(&describe_duration(rules.interval()))));
            if watch.kind().is_probed() {
                pairs.push(("Timeout", muted(&Unit::Millis.write(f64::from(rules.timeout_ms)))));
                pairs.push(("Down is known after", muted(&format!("at worst {}", describe_duration(rules.worst_detection())))));
                pairs.push(("Confirmed by", muted(&format!("{} failures in a row", rules.confirm_failures))));
            }
        }
    }
    if let Watch::Group(group) = &detail.monitor.watch {
        pairs.push(("Down when", muted(&format!("{} of its members are down", group.policy.label()))));
    }
    if let Some(address) = detail.last.as_ref().and_then(|check| check.seen.address.clone()) {
        pairs.push(("Address", code(&address)));
    }
    if let Some(since) = detail.window {
        pairs.push(("In maintenance", ago(since, detail.now)));
    }
    if !detail.monitor.key.is_empty() {
        pairs.push(("Key", code(&detail.monitor.key)));
    }
    if !detail.monitor.tags.is_empty() {
        let tags: Vec<View> = detail.monitor.tags.iter().map(|name| tag(name)).collect();
        pairs.push(("Tags", view! { <span>{tags}</span> }.into_any()));
    }
    let note = if detail.monitor.note.is_empty() { ().into_any() } else { paragraph(&detail.monitor.note) };
    card(Card { title: "How it watches", ..Card::default() }, view! { {key_values(pairs)}{note} })
}

pub fn phases_card(title: &str, phases: &Phases) -> View {
    let parts: Vec<Share<'_>> = Phases::NAMES
        .iter()
        .zip(phases.parts())
        .filter_map(|(label, micros)| Some(Share { label, value: f64::from(micros?) / 1_000.0 }))
        .collect();
    let total = Unit::Millis.write(f64::from(phases.total) / 1_000.0);
    let lead = format!("{total} in all");
    let body = if parts.is_empty() {
        muted("No phase was reached.")
    } else {
        shares(&Shares { label: "Phases", unit: Unit::Millis, parts: &parts })
    };
    card(Card { title, lead: &lead, ..Card::default() }, body)
}

pub fn certificate_card(certificate: &Certificate, now: Time) -> View {
    let left = certificate.days_left(now);
    let (tone, text) = match left {
        ..0 => (Tone::Bad, "expired".to_owned()),
        0..=7 => (Tone::Bad, format!("{left} days left")),
        8..=21 => (Tone::Warn, format!("{left} days left")),
        _ => (Tone::Good, format!("{left} days left")),
    };
    let yes = |is_ok, good, bad| if is_ok { state_dot(Tone::Good, good) } else { state_dot(Tone::Bad, bad) };
    let pairs = vec![
        ("Ends", view! { <span>{date(certificate.not_after)}" "{state_dot(tone, &text)}</span> }.into_any()),
        ("Issued by", muted(&certificate.issuer)),
        ("For", muted(&kernel::text::shorten(&certificate.names.join(", "), 120))),
        ("Name", yes(certificate.san_ok, "fits", "does not fit")),
        ("Trust", yes(certificate.chain_ok, "trusted", "not trusted")),
    ];
    card(Card { title: "Certificate", ..Card::default() }, key_values(pairs))
}

fn related(detail: &Detail) -> View {
    let title = if detail.kind() == Kind::Group { "Members" } else { "Depends on" };
    let items: Vec<View> = detail
        .related
        .iter()
        .map(|(monitor, state)| {
            let name = link(format!("/uptime/monitors/{}", monitor.id), &monitor.name);
            view! { <li>{state_dot(tone(*state), state.label())}" "{name}</li> }.into_any()
        })
        .collect();
    if items.is_empty() {
        return card(Card { title, ..Card::default() }, muted("It has no member left. Edit it to choose some, or delete it."));
    }
    card(Card { title, ..Card::default() }, view! { <ul class="plain-list">{items}</ul> })
}
