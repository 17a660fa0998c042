//! What became of everything that was reported: how much, over time, and why what is not here is not here.

use frontend::prelude::*;
use identity::projects::Project;
use ingest::store::{Outcome, OutcomePoint, OutcomeRow};
use kernel::Time;
use kernel::time::{DAY, HOUR};

use super::{PATH, Place, count, head, path, places};
use crate::model::outcomes::{by_category, category, explain, losses, totals};
use crate::model::size;

/// How far back the page looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    Day,
    Week,
    Month,
}

impl Range {
    pub const ALL: [Range; 3] = [Range::Day, Range::Week, Range::Month];

    pub fn days(self) -> u32 {
        match self {
            Range::Day => 1,
            Range::Week => 7,
            Range::Month => 30,
        }
    }

    pub fn of(days: Option<u32>) -> Range {
        Range::ALL.into_iter().find(|range| Some(range.days()) == days).unwrap_or(Range::Day)
    }

    fn label(self) -> &'static str {
        match self {
            Range::Day => "24 hours",
            Range::Week => "7 days",
            Range::Month => "30 days",
        }
    }

    /// A point a day where hours would be too many to tell apart.
    pub fn is_daily(self) -> bool {
        self == Range::Month
    }

    pub fn from(self, now: Time) -> Time {
        now - DAY * self.days()
    }
}

pub(crate) struct Outcomes {
    /// `None`: of all projects.
    pub project: Option<Project>,
    pub range: Range,
    pub rows: Vec<OutcomeRow>,
    pub points: Vec<OutcomePoint>,
    pub has_kept: bool,
    pub may_edit: bool,
    pub now: Time,
}

pub(crate) fn show(page: &Outcomes) -> View {
    let mut views = match &page.project {
        Some(project) => vec![head(project, page.has_kept), places(project, Place::Outcomes, page.may_edit)],
        None => vec![page_head(PageHead {
            title: "What became of everything",
            lead: "Whatever a program sent here is stored, or counted with the reason why not. What its SDK threw away before sending is told apart.",
            trail: vec![("Projects", PATH.into())],
            ..PageHead::default()
        })],
    };
    let own = page.project.as_ref().map_or(Href::path("/projects/outcomes"), |project| path(project, "/outcomes"));
    let tab = |range: Range| Tab {
        label: range.label(),
        href: own.clone().with("days", range.days()),
        is_current: range == page.range,
        count: None,
    };
    views.push(tabs("How far back", &Range::ALL.map(tab)));
    if page.rows.is_empty() {
        views.push(empty(page));
        return stack(views);
    }
    views.extend([numbers(page), card(Card::default(), chart(page)), categories(page), reasons(page)]);
    stack(views)
}

fn empty(page: &Outcomes) -> View {
    let connect = page.project.as_ref().map_or(Href::path(PATH), |project| path(project, "/connect"));
    let sentence = format!("Within {} no program reported anything, and nothing was refused.", page.range.label());
    empty_state(EmptyState {
        title: "Nothing came in",
        sentence: &sentence,
        actions: vec![link_button(connect, "See how to connect a program", Look::Plain)],
    })
}

fn numbers(page: &Outcomes) -> View {
    let sums = totals(&page.rows);
    let within = format!("within {}", page.range.label());
    let (accepted, dropped, discarded) = (count(sums.accepted), count(sums.dropped), count(sums.discarded));
    let all = sums.accepted + sums.dropped;
    #[expect(clippy::cast_precision_loss, reason = "a share, shown with two decimals")]
    let share = if all == 0 { 0.0 } else { sums.dropped as f64 / all as f64 * 100.0 };
    let of_all = format!("{share:.2} % of {} that reached this instance", count(all));
    let tone = if sums.dropped == 0 { Tone::Good } else { Tone::Warn };
    tiles(vec![
        tile(&Tile { title: "Accepted", value: &accepted, note: &within, ..Tile::default() }),
        tile(&Tile { title: "Dropped here", value: &dropped, note: &of_all, tone, ..Tile::default() }),
        tile(&Tile { title: "Not sent by SDKs", value: &discarded, note: "as they tell in their reports", ..Tile::default() }),
    ])
}

fn chart(page: &Outcomes) -> View {
    let (every, unit) = if page.range.is_daily() { (DAY, "day") } else { (HOUR, "hour") };
    let from = if page.range.is_daily() { page.range.from(page.now).day_start() } else { page.range.from(page.now).hour_start() };
    let series = |name, outcome| Series { name, points: points(page, from, every, outcome) };
    let title = format!("Items by {unit}");
    line_chart(&LineChart {
        id: "outcomes",
        title: &title,
        about: "How many items were accepted, dropped here, and not sent by the SDKs.",
        unit: Unit::Count,
        from,
        to: page.now,
        every,
        series: vec![
            series("Accepted", Outcome::Accepted),
            series("Dropped here", Outcome::Dropped),
            series("Not sent by SDKs", Outcome::Discarded),
        ],
        empty: "Nothing came in.",
        has_table: true,
        ..LineChart::default()
    })
}

/// A point for each stretch: where nothing was counted, there was nothing, and that is known.
fn points(page: &Outcomes, from: Time, every: std::time::Duration, outcome: Outcome) -> Vec<Point> {
    let mut points = Vec::new();
    let mut at = from;
    while at <= page.now {
        let found = page.points.iter().find(|point| point.at == at && point.outcome == outcome);
        #[expect(clippy::cast_precision_loss, reason = "a count, drawn")]
        points.push(Point { at, value: found.map_or(0.0, |point| point.quantity as f64) });
        at = at + every;
    }
    points
}

fn categories(page: &Outcomes) -> View {
    let rows = by_category(&page.rows).into_iter().map(|row| {
        Row::new(vec![
            view! { <span>{category(&row.category).to_owned()}" "{code(&row.category)}</span> }.into_any(),
            paragraph(&count(row.totals.accepted)),
            paragraph(&count(row.totals.dropped)),
            paragraph(&count(row.totals.discarded)),
            paragraph(&size(row.bytes)),
        ])
    });
    let heads = [
        Head::text("What"),
        Head::number("Accepted"),
        Head::number("Dropped here"),
        Head::number("Not sent by SDKs"),
        Head::number("Stored"),
    ];
    let listed = table(Table { caption: "By category", heads: &heads, rows: rows.collect(), empty: EmptyState::default() });
    let lead = "Spans and log lines are counted one by one, not by the containers they come in. Stored: packed, at the time it came.";
    card(Card { title: "By category", lead, is_flush: true, ..Card::default() }, listed)
}

fn reasons(page: &Outcomes) -> View {
    let row = |(outcome, what, reason, quantity): &(Outcome, String, String, u64)| {
        let explained = explain(*outcome, reason);
        let by = if *outcome == Outcome::Discarded { "by the SDK" } else { "here" };
        let (title, means, advice) = (explained.title, explained.means, explained.advice);
        let name = view! { <span>{state_dot(explained.tone, title)}<br/>{code(reason)}" "<span class="muted">{by}</span></span> };
        let meaning = view! { <span>{means}" "<span class="muted">{advice}</span></span> };
        Row::new(vec![name.into_any(), paragraph(category(what)), paragraph(&count(*quantity)), meaning.into_any()])
    };
    let heads = [Head::text("Why"), Head::text("What"), Head::number("How many"), Head::text("What it means, and what to do")];
    let empty = EmptyState {
        title: "Everything that came in was taken",
        sentence: "If something is refused, or an SDK says that it threw something away, the reason stands here.",
        actions: Vec::new(),
    };
    let rows = losses(&page.rows).iter().map(row).collect();
    card(
        Card { title: "Why something is not here", is_flush: true, ..Card::default() },
        table(Table { caption: "Reasons", heads: &heads, rows, empty }),
    )
}
