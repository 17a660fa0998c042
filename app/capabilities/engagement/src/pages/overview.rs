//! The overview: who is active, how long they stay, where they come from and go.

use frontend::prelude::*;
use kernel::Time;
use kernel::time::{DAY, describe_duration};
use std::fmt::Write as _;
use std::time::Duration;

use super::{Tabbed, as_file, day_text, grouped, nothing_yet, number, pages_of, percent, ranges};
use crate::look::{DayByDay, Overview, Used};
use crate::model::{Active, Band, Day, Period, Share, Stage, VisitDay};

pub fn draw(found: &Overview) -> View {
    let head = page_head(PageHead {
        title: "Engagement",
        lead: "Who uses the product, how often, and whether they come back. Counted exactly, by contact: what somebody did as a visitor belongs to \
               the contact it became.",
        actions: vec![as_file(Href::path("/engagement/active.csv").with("range", found.range.as_str()))],
        ..PageHead::default()
    });
    let mut parts = vec![head, pages_of(Tabbed::Overview)];
    if !found.has_any {
        parts.push(nothing_yet());
        return stack(parts);
    }
    parts.push(ranges("/engagement", found.range));
    let body = stack(vec![numbers(found), card(Card::default(), chart(found)), stages(found), in_bands(found), top(found)]);
    parts.push(live("overview", body));
    stack(parts)
}

fn numbers(found: &Overview) -> View {
    let now = found.series.last().copied();
    let yesterday = found.series.len().checked_sub(2).and_then(|place| found.series.get(place));
    let of = |active: Option<&Active>, count: fn(&Active) -> u64| active.map_or_else(|| "–".to_owned(), |active| grouped(count(active)));
    let than = |count: fn(&Active) -> u64| match (now.as_ref(), found.before.as_ref()) {
        (Some(now), Some(before)) => change(count(now), count(before), found.range.label()),
        _ => String::new(),
    };
    let day_note = format!("yesterday {}; today is not over", of(yesterday, |active| active.day_actives));
    let week_note = format!("in 7 days, today included; {}", than(|active| active.week_actives));
    let month_note = format!("in 30 days, today included; {}", than(|active| active.month_actives));
    let sticky = now.map_or_else(|| "–".to_owned(), |now| percent(now.stickiness));
    let missing = now
        .filter(|now| now.days_missing > 0)
        .map_or_else(String::new, |now| format!("; {} of the 30 days lie before the first", now.days_missing));
    let sticky_note = format!("mean of a day’s actives over 30 days, of those in 30 days{missing}");
    let (visits, mut visits_note) = visits_of(&found.visits, found.range.label());
    if found.is_summing {
        visits_note.push_str("; the newest are summed up within a minute");
    }
    let (length, length_note) = length_of(&found.visits);
    tiles(vec![
        tile(&Tile {
            title: "Active today",
            value: &of(now.as_ref(), |active| active.day_actives),
            note: &day_note,
            spark: &found.series.iter().map(|active| active.day_actives as f64).collect::<Vec<_>>(),
            ..Tile::default()
        }),
        tile(&Tile {
            title: "Active in a week",
            value: &of(now.as_ref(), |active| active.week_actives),
            note: &week_note,
            ..Tile::default()
        }),
        tile(&Tile {
            title: "Active in a month",
            value: &of(now.as_ref(), |active| active.month_actives),
            note: &month_note,
            ..Tile::default()
        }),
        tile(&Tile { title: "Stickiness", value: &sticky, note: &sticky_note, ..Tile::default() }),
        tile(&Tile { title: "Visits", value: &visits, note: &visits_note, ..Tile::default() }),
        tile(&Tile { title: "Length of a visit", value: &length, note: &length_note, ..Tile::default() }),
    ])
}

fn change(now: u64, before: u64, range: &str) -> String {
    if before == 0 {
        return format!("nobody {range} ago");
    }
    let percent = (now as f64 / before as f64 - 1.0) * 100.0;
    format!("{percent:+.0} % against {range} ago")
}

fn visits_of(visits: &[(Day, VisitDay)], range: &str) -> (String, String) {
    let all: u64 = visits.iter().map(|(_, day)| day.visits).sum();
    let bounced: u64 = visits.iter().map(|(_, day)| day.bounced).sum();
    (grouped(all), format!("in {range}; {} of them a single action", percent(Share::new(bounced, all))))
}

/// The mean of the range; medians are of one day each, and do not add up.
fn length_of(visits: &[(Day, VisitDay)]) -> (String, String) {
    let all: u64 = visits.iter().map(|(_, day)| day.visits).sum();
    let total: i64 = visits.iter().map(|(_, day)| day.total_ms).sum();
    let Some(mean) = u64::try_from(total).unwrap_or(0).checked_div(all) else {
        return ("–".to_owned(), "browsers and apps make visits; servers do not".to_owned());
    };
    let last = visits.last().map(|(day, of_day)| (day, Duration::from_millis(of_day.length_ms.value.unsigned_abs())));
    let note = last.map_or_else(String::new, |(day, median)| format!("; median of {} {}", day_text(*day), describe_duration(median)));
    (describe_duration(Duration::from_millis(mean)), format!("mean of {} visits{note}", grouped(all)))
}

fn chart(found: &Overview) -> View {
    let at = |day: Day| found.calendar.start_of(day);
    let series = |name, count: fn(&Active) -> u64| Series {
        name,
        points: found.series.iter().map(|active| Point { at: at(active.day), value: count(active) as f64 }).collect(),
    };
    let (from, to) = found.range.until(found.today);
    line_chart(&LineChart {
        id: "active",
        title: "Active contacts and visitors",
        about: "Of each day, and of the 7 and the 30 days that end with it. The last day is not over.",
        from: at(from),
        to: Time(at(to).0.max(at(from).0 + 1)),
        every: DAY,
        series: vec![
            series("day", |active| active.day_actives),
            series("7 days", |active| active.week_actives),
            series("30 days", |active| active.month_actives),
        ],
        has_table: true,
        ..LineChart::default()
    })
}

/// What a period is called.
fn period_text(period: Period, number: i32) -> String {
    match period {
        Period::Day | Period::Week => day_text(period.first_day(number)),
        Period::Month => day_text(period.first_day(number)).chars().take(7).collect(),
    }
}

fn stages(found: &Overview) -> View {
    let labels: Vec<String> = found.stages.iter().map(|stage| period_text(found.period, stage.period)).collect();
    let stack_of = |name, is_below, count: fn(&Stage) -> u64| Stack { name, values: found.stages.iter().map(count).collect(), is_below };
    let is_over = found.stages.last().is_none_or(|stage| stage.is_over);
    let drawn = stacked_bars(&StackedBars {
        title: "Where people come from and go",
        about: "Above the line who was there, below it who was there in the period before and not in this one.",
        each: if found.period == Period::Day { "Day" } else { "Week from" },
        labels: &labels,
        stacks: vec![
            stack_of("Returning", false, |stage| stage.returning),
            stack_of("Resurrecting", false, |stage| stage.resurrecting),
            stack_of("New", false, |stage| stage.new),
            stack_of("Dormant", true, |stage| stage.dormant),
        ],
        running: if is_over { "" } else { "not over" },
        empty: "",
    });
    let means = "New: never here before. Returning: here in the period before, too. Resurrecting: here before that. Dormant: here in the period \
                 before, and not in this one.";
    card(Card::default(), view! { {drawn} {muted(means)} })
}

fn top(found: &Overview) -> View {
    let rows = found.top.iter().map(|used| {
        Row::new(vec![
            paragraph(&used.label),
            number(&grouped(used.adoption.people)),
            number(&percent(used.adoption.of_active)),
            number(&grouped(used.actions)),
        ])
    });
    let listed = table(Table {
        caption: "Most used",
        heads: &[Head::text("Action"), Head::number("People"), Head::number("Of the active"), Head::number("Times")],
        rows: rows.collect(),
        empty: EmptyState { title: "Nothing was done in this time", sentence: "Look further back.", actions: Vec::new() },
    });
    let all = link_button(Href::path("/engagement/features").with("range", found.range.as_str()), "All", Look::Plain);
    card(Card { title: "Most used", is_flush: true, actions: vec![all], ..Card::default() }, listed)
}

fn in_bands(found: &Overview) -> View {
    let limits = &found.limits;
    let means = |band| match band {
        Band::Power => ("Power", format!("on {} or more of 30 days", limits.power_days)),
        Band::Active => ("Active", format!("on {} to {} of 30 days", limits.active_days, limits.power_days.saturating_sub(1))),
        Band::Casual => ("Casual", format!("on fewer, and within {} days", limits.at_risk_after_days)),
        Band::AtRisk => ("At risk", format!("not for more than {} days", limits.at_risk_after_days)),
        Band::Dormant => ("Dormant", format!("not for more than {} days", limits.dormant_after_days)),
    };
    let bars: Vec<ShareBar> = found
        .bands
        .iter()
        .map(|(band, people)| {
            let (label, meaning) = means(*band);
            ShareBar { label: format!("{label}: {meaning}"), count: *people, tone: Tone::Neutral }
        })
        .collect();
    let listed = share_bars(ShareBars {
        caption: "How regularly people are here",
        each: "Band",
        counted: "People",
        of: bars.iter().map(|bar| bar.count).sum(),
        bars: &bars,
        empty: EmptyState::default(),
    });
    let set = link_button("/console/settings", "Limits", Look::Plain);
    card(Card { title: "How regularly people are here", is_flush: true, actions: vec![set], ..Card::default() }, listed)
}

/// As CSV: a line a day.
pub fn lines(found: &DayByDay) -> String {
    let mut text = "day,active,active_7_days,active_30_days,visits,median_visit_ms\r\n".to_owned();
    for active in &found.series {
        let visits = found.visits.iter().find(|(day, _)| *day == active.day).map(|(_, visits)| visits);
        let (count, median) = visits.map_or((0, String::new()), |visits| (visits.visits, visits.length_ms.value.to_string()));
        let Active { day_actives, week_actives, month_actives, .. } = active;
        let _ = write!(text, "{},{day_actives},{week_actives},{month_actives},{count},{median}\r\n", day_text(active.day));
    }
    text
}

/// A single action leads to what is known of it.
fn named(used: &Used) -> View {
    match used.name {
        Some(id) => link(format!("/engagement/actions/{}", id.0), &used.label),
        None => view! { <b>{used.label.clone()}</b> }.into_any(),
    }
}

/// A line of a table of what is used, for the pages that list more of them.
pub(super) fn used_row(used: &Used, more: Vec<View>) -> Row {
    let depth = used.adoption.depth.ratio().map_or_else(|| "–".to_owned(), |depth| format!("{depth:.1}"));
    let mut cells = vec![
        named(used),
        number(&grouped(used.adoption.people)),
        number(&percent(used.adoption.of_active)),
        number(&grouped(used.actions)),
        number(&depth),
    ];
    cells.extend(more);
    Row::new(cells)
}
