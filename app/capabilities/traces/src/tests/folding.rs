//! Minutes become hours, hours become days, and nothing is lost or counted twice on the way.

use ingest::Kind;
use kernel::Time;
use kernel::time::{DAY, HOUR, MINUTE};
use serde_json::Value;

use super::support::{Watched, container, span};
use crate::model::cell::Cell;
use crate::model::family::Family;
use crate::model::window::{Grain, Period, Window};
use crate::store::rollups::{self, Filter};

/// A request that ended at this moment.
fn at(watched: &Watched, moment: Time, ms: f64) -> Value {
    let _ = watched;
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of these days")]
    let since = (moment.0 - 1_772_452_800_000) as f64;
    span(1, 1, 0, "GET /a", "http.server", since - ms, ms)
}

async fn whole(watched: &Watched, window: Window) -> Cell {
    let counted = watched.counted_in(Family::Endpoint, window, Filter::default()).await;
    counted.into_iter().next().map(|(_, cell)| cell).unwrap_or_default()
}

async fn rows(watched: &Watched, grain: Grain) -> i64 {
    let code = grain.code();
    let sql = "select count(*) from traces_rollups where grain = ? and family = 1";
    watched.house.cx.read(move |r| r.value(sql, [code])).await.unwrap()
}

#[tokio::test]
async fn a_month_is_the_same_before_and_after_it_was_summed_up() {
    let watched = Watched::new().await;
    let begin = watched.house.clock.now();
    let window = |now: Time| Window { from: begin.hour_start() - HOUR, to: Grain::Hour.start(now) + HOUR };
    let mut wanted = 0;
    for step in 0..60_u64 {
        watched.house.clock.set(begin + HOUR * u32::try_from(step).unwrap() + MINUTE * 7);
        let payload = container(vec![at(&watched, watched.house.clock.now(), 10.0 * (step + 1) as f64)]);
        watched.report(Kind::Spans, &payload).await;
        // Digests and lets the schedules run: minutes are summed up while more comes in.
        watched.digest().await;
        wanted += 1;
        assert_eq!(whole(&watched, window(watched.house.clock.now())).await.n, wanted, "after {step} hours");
    }
    assert!(rows(&watched, Grain::Hour).await >= 58, "hours were summed up");
    assert_eq!(rows(&watched, Grain::Day).await, 2, "two days are whole");
    let all = whole(&watched, window(watched.house.clock.now())).await;
    let p50 = all.quantile(0.5);
    assert!((p50 - 300_000.0).abs() < 300_000.0 * 0.021, "{p50}");
    assert_eq!(all.slowest.micros, 600_000);
}

#[tokio::test]
async fn what_comes_late_is_added_to_every_length_of_row() {
    let watched = Watched::new().await;
    let begin = watched.house.clock.now();
    watched.report(Kind::Spans, &container(vec![at(&watched, begin, 10.0)])).await;
    watched.digest().await;
    watched.house.pass(DAY * 2).await;
    let now = watched.house.clock.now();
    assert_eq!((rows(&watched, Grain::Hour).await, rows(&watched, Grain::Day).await), (1, 1));
    // A phone that was offline for two days reports what happened then.
    watched.report(Kind::Spans, &container(vec![at(&watched, begin, 30.0)])).await;
    watched.digest().await;
    let of = async |window| whole(&watched, window).await.n;
    assert_eq!(of(Window { from: begin.day_start(), to: now.day_start() + DAY }).await, 2, "by the day");
    assert_eq!(of(Window { from: begin.hour_start(), to: begin.hour_start() + HOUR }).await, 2, "by the hour");
    let minute = Grain::Minute.start(begin);
    assert_eq!(of(Window { from: minute, to: minute + MINUTE }).await, 2, "by the minute");
}

#[tokio::test]
async fn old_rows_go_and_their_sums_stay() {
    let watched = Watched::new().await;
    let begin = watched.house.clock.now();
    watched.report(Kind::Spans, &container(vec![at(&watched, begin, 10.0)])).await;
    watched.digest().await;
    watched.house.live_through(DAY * 4, HOUR).await;
    assert_eq!((rows(&watched, Grain::Minute).await, rows(&watched, Grain::Hour).await, rows(&watched, Grain::Day).await), (0, 1, 1));
    watched.house.clock.advance(DAY * 100);
    watched.house.work().await;
    watched.house.pass(HOUR).await;
    assert_eq!((rows(&watched, Grain::Hour).await, rows(&watched, Grain::Day).await), (0, 1));
    let all = Window { from: begin.day_start(), to: begin.day_start() + DAY };
    assert_eq!(whole(&watched, all).await.n, 1);
}

#[tokio::test]
async fn a_quiet_time_writes_nothing() {
    let watched = Watched::new().await;
    let upto = async || watched.house.cx.read(|r| r.value::<i64>("select coalesce(max(upto), 0) from traces_folds", [])).await.unwrap();
    watched.house.live_through(HOUR * 2 + MINUTE * 10, MINUTE * 5).await;
    let before = upto().await;
    watched.house.live_through(MINUTE * 40, MINUTE * 5).await;
    assert!(before > 0);
    assert_eq!(before, upto().await, "within an hour there is nothing new to sum up");
    let folded = watched.house.cx.read(rollups::folded).await.unwrap();
    assert_eq!(folded.hours, Grain::Hour.start(watched.house.clock.now()));
    assert!(Period::Day.window(watched.house.clock.now()).to > folded.hours);
}
