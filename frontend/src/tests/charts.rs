use super::html;
use crate::charts::scale::nice_top;
use crate::prelude::*;
use kernel::Time;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

fn chart(points: Vec<Point>) -> LineChart<'static> {
    LineChart {
        id: "answers",
        title: "Time to answer",
        about: "The last ten minutes.",
        unit: Unit::Millis,
        from: Time(0),
        to: Time(600_000),
        every: MINUTE,
        series: vec![Series { name: "p50", points }],
        ..LineChart::default()
    }
}

fn at(minute: i64, value: f64) -> Point {
    Point { at: Time(minute * 60_000), value }
}

#[test]
fn a_line_breaks_where_nothing_was_measured_and_a_lone_point_is_a_dot() {
    let html = html(line_chart(&chart(vec![at(0, 100.0), at(1, 200.0), at(5, 50.0), at(8, 80.0), at(9, 80.0)])));
    let line = html.split("class=\"line series-1\" d=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert_eq!(line, "M0 50L60 0M300 75h0M480 60L540 60");
}

#[test]
fn a_chart_draws_as_before() {
    let mut chart = chart(vec![at(0, 120.0), at(1, 180.0), at(2, 90.0)]);
    chart.series.push(Series { name: "p95", points: vec![at(0, 320.0), at(2, 410.0)] });
    chart.bands.push(Band { from: Time(180_000), to: Time(420_000), tone: Tone::Bad, label: "Outage, 4 min".to_owned() });
    chart.marks.push(Mark { value: 400.0, label: "Slow" });
    chart.has_table = true;
    insta::assert_snapshot!(html(line_chart(&chart)).replace("><", ">\n<"));
}

#[test]
fn a_chart_without_data_says_so() {
    let html = html(line_chart(&LineChart { empty: "No check has run yet.", ..chart(vec![]) }));
    assert!(html.contains("No check has run yet.") && !html.contains("<svg"), "{html}");
}

#[test]
fn a_long_series_stays_a_light_drawing() {
    let points = (0..5_000).map(|step| Point { at: Time(step * 120), value: 1.0 }).collect();
    let html = html(line_chart(&LineChart { every: Duration::from_millis(120), has_table: true, ..chart(points) }));
    assert!(html.matches("class=\"hit\"").count() <= 120);
    assert!(html.matches("<tr>").count() <= 122);
}

#[test]
fn numbers_that_are_none_draw_nothing_odd() {
    let html = html(line_chart(&chart(vec![at(3, 4.0), at(0, f64::NAN), at(1, f64::INFINITY), at(2, -5.0), at(99, 1.0)])));
    assert!(html.contains("d=\"M120 100L180 0\""), "out of order, not a number, out of the span: {html}");
    for values in [&[][..], &[1.0], &[f64::NAN, 2.0]] {
        assert!(!super::html(sparkline(values, "")).contains("<svg"));
    }
    assert!(super::html(sparkline(&[3.0, 3.0], "")).contains("M0 14L100 14"), "a flat line lies in the middle");
    let empty = super::html(meter(&Meter { label: "Disk", value: f64::NAN, max: 0.0, ..Meter::default() }));
    assert!(empty.contains("aria-valuenow=\"0\""), "{empty}");
}

#[test]
fn each_day_has_its_shape_and_its_words() {
    let tones = [Tone::Neutral, Tone::Good, Tone::Warn, Tone::Bad, Tone::Info];
    let days = tones.map(|tone| DayCell { tone, label: "12 Nov".to_owned(), note: "23 min down".to_owned() });
    let html = html(day_bars(&DayBars { label: "API", days: &days, from: "5 days ago", to: "Today", ..DayBars::default() }));
    insta::assert_snapshot!(html.replace("><", ">\n<"));
}

#[test]
fn axes_end_at_round_numbers() {
    for (largest, top) in [(0.0, 4.0), (3.0, 4.0), (95.0, 100.0), (101.0, 200.0), (0.03, 0.04), (777.0, 800.0), (f64::NAN, 4.0)] {
        assert!((nice_top(largest, 4.0) - top).abs() < 1e-9, "{largest}: {}", nice_top(largest, 4.0));
    }
}

#[test]
fn values_are_written_as_people_read_them() {
    let written = [
        Unit::Millis.write(320.4),
        Unit::Millis.write(1_250.0),
        Unit::Percent.write(99.5),
        Unit::Bytes.write(34_400_000_000.0),
        Unit::Count.write(12_345.0),
        Unit::Count.write(0.25),
    ];
    assert_eq!(written, ["320 ms", "1.25 s", "99.5 %", "34.4 GB", "12.3 k", "0.25"]);
}
