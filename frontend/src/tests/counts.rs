//! Charts of what people do: stacked bars, shaded tables, bars in rows, figures.

use super::html;
use crate::charts::scale::{grouped, shade};
use crate::prelude::*;
use std::time::Duration;

const HOSTILE: &str = "</title><script>alert(1)</script>\" onload='x'";

fn weeks(count: u64) -> Vec<String> {
    (0..count).map(|week| format!("2026-{:02}-{:02}", week / 4 % 12 + 1, week % 4 * 7 + 1)).collect()
}

fn lifecycle(labels: &[String], value: impl Fn(u64) -> u64) -> StackedBars<'_> {
    let values = |times: u64| (0..labels.len() as u64).map(|column| value(column) * times).collect();
    StackedBars {
        title: "Where people come from and go",
        about: "People by week.",
        each: "Week from",
        labels,
        stacks: vec![
            Stack { name: "New", values: values(1), is_below: false },
            Stack { name: "Returning", values: values(3), is_below: false },
            Stack { name: "Resurrecting", values: values(1), is_below: false },
            Stack { name: "Dormant", values: values(2), is_below: true },
        ],
        running: "not over",
        empty: "",
    }
}

fn next_step() -> EmptyState<'static> {
    EmptyState { title: "Nothing yet", sentence: "Send an action.", actions: Vec::new() }
}

#[test]
fn stacked_bars_draw_as_before() {
    let labels = weeks(2);
    insta::assert_snapshot!(html(stacked_bars(&lifecycle(&labels, |column| column + 10))).replace("><", ">\n<"));
}

#[test]
fn what_is_lost_hangs_below_the_line_and_both_sides_share_a_scale() {
    let labels = vec!["a".to_owned()];
    let html = html(stacked_bars(&lifecycle(&labels, |_| 8)));
    // 40 above and 16 below in steps of 10: the axis runs from 40 to −20, zero lies two thirds down.
    assert!(html.contains("<li>40</li><li>30</li><li>20</li><li>10</li><li>0</li><li>−10</li><li>−20</li>"), "{html}");
    assert!(html.contains("class=\"zero-line\" d=\"M0 66.7h10\""), "{html}");
    assert!(html.contains("class=\"layer series-1\" d=\"M1 53.3h8v13.3h-8z\""), "the first stands on the line: {html}");
    assert!(html.contains("class=\"layer series-2\" d=\"M1 13.3h8v40h-8z\""), "the second stands on the first: {html}");
    assert!(html.contains("class=\"layer series-4\" d=\"M1 66.7h8v26.7h-8z\""), "the last hangs from it: {html}");
    assert!(html.contains("Dormant −16") && html.contains("<td>−16</td>"), "{html}");
}

#[test]
fn stacked_bars_of_nothing_and_of_zeros_stay_whole() {
    let none = html(stacked_bars(&lifecycle(&[], |_| 1)));
    assert!(none.contains("No data in this time.") && !none.contains("<svg"), "{none}");
    let labels = weeks(3);
    let zeros = html(stacked_bars(&lifecycle(&labels, |_| 0)));
    assert!(zeros.contains("<li>4</li><li>3</li>") && zeros.contains("zero-line\" d=\"M0 100h30\""), "{zeros}");
    assert!(!zeros.contains("NaN") && !zeros.contains("−0"), "{zeros}");
    let short = StackedBars { stacks: vec![Stack { name: "New", values: vec![1], is_below: false }], ..lifecycle(&labels, |_| 0) };
    assert_eq!(html(stacked_bars(&short)).matches("\nNew 0").count(), 2, "a value that is missing counts as none");
    let huge = html(stacked_bars(&lifecycle(&labels, |_| u64::MAX / 3)));
    assert!(!huge.contains("NaN") && !huge.contains("inf"), "{huge}");
}

#[test]
fn only_the_last_column_is_said_to_be_running() {
    let labels = weeks(3);
    let running = html(stacked_bars(&lifecycle(&labels, |_| 1)));
    assert_eq!(running.matches("is-running").count(), 1);
    assert!(running.contains("<th scope=\"row\">2026-01-15, not over</th>"), "{running}");
    let over = html(stacked_bars(&StackedBars { running: "", ..lifecycle(&labels, |_| 1) }));
    assert!(!over.contains("is-running") && !over.contains("not over"));
}

#[test]
fn a_year_of_weeks_and_one_of_days_stay_light() {
    let labels = weeks(52);
    let year = html(stacked_bars(&lifecycle(&labels, |week| week * 37 % 900 + 100)));
    assert!(year.len() <= 20_000, "52 weeks: {} bytes", year.len());
    assert_eq!(year.matches("<title>").count(), 52);
    let labels = weeks(365);
    let days = html(stacked_bars(&lifecycle(&labels, |day| day * 37 % 900 + 100)));
    assert!(days.len() <= 130_000, "365 days: {} bytes", days.len());
    let dates = days.split("class=\"axis-x\"").nth(1).and_then(|rest| rest.split("</ol>").next()).unwrap();
    assert_eq!(dates.matches("<li>").count(), 5, "{dates}");
    assert!(dates.contains(&labels[0]) && dates.contains(&labels[364]), "the ends have their dates");
}

fn cohort(label: &str, size: u64, backs: &[u64]) -> GridRow {
    let cell = |(place, back): (usize, &u64)| Some(GridCell { back: Portion::new(*back, size), is_running: place + 1 == backs.len() });
    GridRow { label: label.to_owned(), size, cells: backs.iter().enumerate().map(cell).collect() }
}

#[test]
fn a_retention_grid_draws_as_before() {
    let rows = [cohort("2026-11-02", 1_204, &[1_204, 366, 1]), cohort("2026-11-09", 0, &[0, 0])];
    let mean = [Some(Portion::new(1_204, 1_204)), Some(Portion::new(366, 1_204)), None];
    let grid = RetentionGrid { title: "Retention", period: "Week", rows: &rows, mean: &mean, ..RetentionGrid::default() };
    insta::assert_snapshot!(html(retention_grid(&grid)).replace("><", ">\n<"));
}

#[test]
fn a_grid_of_a_year_of_months_stays_light() {
    let rows: Vec<GridRow> = (0..12).map(|month| cohort(&format!("2026-{month:02}"), 900, &[123; 12])).collect();
    let mean = [Some(Portion::new(1, 3)); 12];
    let html =
        html(retention_grid(&RetentionGrid { title: "Retention", period: "Month", rows: &rows, mean: &mean, ..RetentionGrid::default() }));
    assert!(html.len() <= 12_000, "12 × 12: {} bytes", html.len());
    assert_eq!(html.matches("not over").count(), 12, "the last of each row is hatched, and said");
}

#[test]
fn cohorts_of_unequal_length_keep_their_columns() {
    let rows = [cohort("a", 2, &[2, 1, 0]), cohort("b", 1, &[1])];
    let html =
        html(retention_grid(&RetentionGrid { title: "Retention", period: "Day", first: 1, rows: &rows, ..RetentionGrid::default() }));
    assert!(html.contains(">Day 1</th>") && html.contains(">Day 3</th>") && !html.contains("Day 4") && !html.contains("Mean"), "{html}");
    let second = html.split(">b</th>").nth(1).unwrap();
    assert_eq!(second.matches("<td").count(), 4, "its size, one cell, two that are not there yet: {second}");
    let none = super::html(retention_grid(&RetentionGrid { empty: "Nobody yet.", ..RetentionGrid::default() }));
    assert!(none.contains("Nobody yet.") && !none.contains("<table"));
}

#[test]
fn whatever_is_there_has_a_shade_and_only_the_whole_has_the_last() {
    let of = |part, of| shade(Portion::new(part, of));
    assert_eq!(
        [of(0, 9), of(1, 1_000_000), of(3, 10), of(999, 1_000), of(9, 9), of(12, 9), of(0, 0), of(3, 0)],
        [0, 1, 3, 9, 10, 10, 0, 0]
    );
    assert_eq!(of(u64::MAX, u64::MAX), 10);
}

#[test]
fn a_heat_map_has_each_hour_and_its_sums() {
    let mut hours = [[0; 24]; 7];
    (hours[0][13], hours[6][23], hours[6][13]) = (1_204, 2, 1);
    let html = html(heat_map(&HeatMap { title: "Actions by hour", counted: "actions", hours: &hours }));
    assert_eq!(html.matches("title=\"").count(), 7 * 24);
    assert!(html.contains("<td class=\"shade-10\" title=\"Mon 13–14: 1,204 actions\"><span class=\"sr\">1,204</span></td>"), "{html}");
    assert!(html.contains("<td class=\"shade-1\" title=\"Sun 23–24: 2 actions\">"), "{html}");
    let sums = html.split("class=\"grid-mean\"").nth(1).unwrap();
    assert!(sums.contains("<td>1,205</td>") && sums.contains("<td>1,207</td></tr>"), "{sums}");
    let empty = super::html(heat_map(&HeatMap { title: "Actions", counted: "actions", hours: &[[0; 24]; 7] }));
    assert_eq!(empty.matches("shade-0").count(), 7 * 24);
}

fn step(name: &str, people: u64, took: Option<u64>) -> FunnelStep {
    FunnelStep { name: name.to_owned(), people, took: took.map(Duration::from_secs) }
}

#[test]
fn a_funnel_draws_as_before() {
    let steps = [step("Signed up", 1_571, None), step("Invited", 630, Some(3_600)), step("Paid", 0, None)];
    let drawn = funnel_bars(FunnelBars { caption: "Steps", steps: &steps, empty: next_step() });
    insta::assert_snapshot!(html(drawn).replace("><", ">\n<"));
}

#[test]
fn a_funnel_of_nobody_and_of_nothing_says_so() {
    let nobody = html(funnel_bars(FunnelBars { caption: "Steps", steps: &[step("A", 0, None), step("B", 0, None)], empty: next_step() }));
    assert!(nobody.contains(">–<") && !nobody.contains("NaN"), "{nobody}");
    let nothing = html(funnel_bars(FunnelBars { caption: "Steps", steps: &[], empty: next_step() }));
    assert!(nothing.contains("Send an action.") && !nothing.contains("<table"), "{nothing}");
}

#[test]
fn shares_may_be_of_more_or_less_than_what_is_listed() {
    let bars = [("pro", 30, Tone::Neutral), ("free", 170, Tone::Bad)];
    let bars = bars.map(|(label, count, tone)| ShareBar { label: label.to_owned(), count, tone });
    let drawn = |of| html(share_bars(ShareBars { caption: "Plans", each: "Plan", counted: "People", of, bars: &bars, empty: next_step() }));
    assert!(drawn(200).contains("15 %") && drawn(200).contains("85 %"), "{}", drawn(200));
    let several = drawn(100);
    assert!(
        several.contains("170 %") && several.contains("width=\"100\" height=\"6\"/></svg>"),
        "the bar ends where its row does: {several}"
    );
    assert!(drawn(0).contains("width=\"0\""), "{}", drawn(0));
}

#[test]
fn a_histogram_can_be_read_as_a_table() {
    let buckets = [("1".to_owned(), 4_321), ("2".to_owned(), 0)];
    let of = |buckets: &[(String, u64)]| {
        html(histogram_with_table(&Histogram { title: "L28", about: "Days.", buckets, counted: "people" }, "Days active"))
    };
    assert!(of(&buckets).contains("<tr><th scope=\"row\">1</th><td>4,321</td></tr>"), "{}", of(&buckets));
    assert!(of(&[]).contains("No data in this time.") && !of(&[]).contains("<svg"));
}

#[test]
fn a_figure_says_which_way_is_good_in_words_and_colour() {
    let shown = |change, is_less_better| {
        html(figure(&Figure {
            title: "Bounced",
            value: "31",
            unit: "%",
            change,
            against: "the 7 days before",
            is_less_better,
            ..Figure::default()
        }))
    };
    assert!(shown(Some(12.3), false).contains("change good") && shown(Some(12.3), true).contains("change bad"));
    assert!(shown(Some(-4.0), false).contains("change bad") && shown(Some(-4.0), true).contains("change good"));
    assert!(shown(Some(12.3), false).contains("<span>12.3 % more than in the 7 days before</span>"), "{}", shown(Some(12.3), false));
    for nothing in [0.0, 0.001, -0.001] {
        assert!(shown(Some(nothing), false).contains("<span>as in the 7 days before</span>"), "{nothing}");
        assert!(!shown(Some(nothing), false).contains(['▲', '▼']));
    }
    assert!(shown(None, false).contains("nothing in the 7 days before to compare with"));
    assert!(shown(Some(f64::NAN), false).contains("to compare with"));
    let whole = Figure { n: 1_204, counted: "people", formula: "A divided by B.", spark: &[1.0, 2.0], ..Figure::default() };
    let whole = html(figure(&whole));
    assert!(whole.contains("n = 1,204 people") && whole.contains("<p>A divided by B.</p>") && whole.contains("class=\"spark\""), "{whole}");
}

#[test]
fn changes_and_portions_of_nothing_are_no_numbers() {
    assert_eq!([percent_change(3.0, 2.0), percent_change(0.0, 4.0)], [Some(50.0), Some(-100.0)]);
    assert_eq!([percent_change(3.0, 0.0), percent_change(f64::NAN, 1.0), percent_change(1.0, f64::NAN)], [None; 3]);
    assert_eq!([Portion::new(0, 0).write(), Portion::new(1, 3).write(), Portion::new(5, 5).write()], ["–", "33.3 %", "100 %"]);
    assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
}

#[test]
fn names_from_outside_are_never_markup_in_a_chart() {
    let labels = vec![HOSTILE.to_owned()];
    let stacked = StackedBars {
        title: HOSTILE,
        about: HOSTILE,
        each: HOSTILE,
        stacks: vec![Stack { name: HOSTILE, values: vec![1], is_below: true }],
        running: HOSTILE,
        ..lifecycle(&labels, |_| 1)
    };
    let rows = [cohort(HOSTILE, 1, &[1])];
    let bars = [ShareBar { label: HOSTILE.to_owned(), count: 1, tone: Tone::Good }];
    let buckets = [(HOSTILE.to_owned(), 1)];
    let drawn = [
        html(stacked_bars(&stacked)),
        html(stacked_bars(&StackedBars { title: HOSTILE, empty: HOSTILE, ..StackedBars::default() })),
        html(retention_grid(&RetentionGrid { title: HOSTILE, period: HOSTILE, rows: &rows, ..RetentionGrid::default() })),
        html(retention_grid(&RetentionGrid { empty: HOSTILE, ..RetentionGrid::default() })),
        html(heat_map(&HeatMap { title: HOSTILE, counted: HOSTILE, hours: &[[1; 24]; 7] })),
        html(funnel_bars(FunnelBars { caption: HOSTILE, steps: &[step(HOSTILE, 1, None)], empty: next_step() })),
        html(share_bars(ShareBars { caption: HOSTILE, each: HOSTILE, counted: HOSTILE, of: 1, bars: &bars, empty: next_step() })),
        html(histogram_with_table(&Histogram { title: HOSTILE, about: HOSTILE, buckets: &buckets, counted: HOSTILE }, HOSTILE)),
        html(figure(&Figure {
            title: HOSTILE,
            value: HOSTILE,
            unit: HOSTILE,
            against: HOSTILE,
            counted: HOSTILE,
            formula: HOSTILE,
            ..Figure::default()
        })),
    ];
    for html in drawn {
        assert!(html.contains("&lt;script&gt;"), "it is shown as it came: {html}");
        let mut tags = html.split('<').skip(1).map(|rest| rest.split('>').next().unwrap());
        assert!(!html.contains("<script") && !html.contains("style=") && !tags.any(|tag| tag.contains("onload='")), "{html}");
    }
}
