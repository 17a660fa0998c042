//! What leaves when.

use capability::Capability as _;
use kernel::Role;
use serde_json::json;
use std::time::Duration;

use super::bench::{Bench, line};
use crate::jobs::prune;

const DAY: Duration = Duration::from_secs(86_400);

async fn rows(bench: &Bench) -> [i64; 4] {
    [
        bench.count("select count(*) from logs_lines").await,
        bench.count("select count(*) from logs_items").await,
        bench.count("select count(*) from logs_words where logs_words match 'line'").await,
        bench.count("select count(*) from ingest_items where kind = 4").await,
    ]
}

async fn set(bench: &Bench, key: &'static str, value: &'static str) {
    let setting = crate::settings::SECTION.fields.iter().find(|field| field.key == key).copied().unwrap();
    let sealer = bench.house.cx.sealer.clone();
    bench.house.cx.write(move |tx| capability::settings::set(tx, &sealer, &setting, value)).await.unwrap();
}

#[tokio::test]
async fn lines_leave_with_their_items_once_they_are_older_than_the_setting() {
    let bench = Bench::new().await;
    bench.log(&[line("info", 1.0, "old line"), line("info", 0.5, "old line")]).await;
    bench.house.clock.advance(DAY * 10);
    bench.log(&[line("info", -864_000.0, "new line")]).await;
    prune(bench.house.cx.clone()).await.unwrap();
    assert_eq!(rows(&bench).await, [3, 2, 3, 2], "nothing is older than 14 days");
    bench.house.clock.advance(DAY * 5);
    prune(bench.house.cx.clone()).await.unwrap();
    assert_eq!(rows(&bench).await, [1, 1, 1, 1]);
    assert_eq!(bench.bodies("line").await, vec!["new line"]);
    assert_eq!(bench.hours().await, 3, "the hours' counts stay");
    set(&bench, "logs.days", "1").await;
    prune(bench.house.cx.clone()).await.unwrap();
    assert_eq!(rows(&bench).await, [0, 0, 0, 0]);
    bench.house.clock.advance(DAY * 100);
    prune(bench.house.cx.clone()).await.unwrap();
    assert_eq!(bench.hours().await, 0);
}

#[tokio::test]
async fn many_lines_leave_by_portions_and_all_of_them() {
    let bench = Bench::new().await;
    for _ in 0..7 {
        bench.send(bench.web, &vec![line("info", 1.0, "line"); 200]).await;
    }
    bench.send(bench.web, &[]).await;
    bench.house.digest().await;
    let items: Vec<i64> = (1..=8).collect();
    let left = bench.house.cx.telemetry.write(move |tx| crate::jobs::remove_portion(tx, items)).await.unwrap();
    assert_eq!(left, [4, 5, 6, 7, 8], "600 lines are more than enough for one transaction");
    bench.house.clock.advance(DAY * 20);
    prune(bench.house.cx.clone()).await.unwrap();
    assert_eq!(rows(&bench).await, [0, 0, 0, 0]);
}

#[tokio::test]
async fn what_was_not_digested_yet_is_never_too_old() {
    let bench = Bench::new().await;
    bench.send(bench.web, &[line("info", 1.0, "line")]).await;
    bench.house.clock.advance(DAY * 20);
    prune(bench.house.cx.clone()).await.unwrap();
    assert_eq!(bench.count("select count(*) from ingest_items where kind = 4").await, 1);
    bench.house.digest().await;
    assert_eq!(bench.hours().await, 1);
    prune(bench.house.cx.clone()).await.unwrap();
    assert_eq!(rows(&bench).await, [0, 0, 0, 0]);
}

#[tokio::test]
async fn above_the_budget_the_oldest_leave_first() {
    let bench = Bench::new().await;
    set(&bench, "logs.budget_mb", "10").await;
    // Text that does not compress, 24 MB of it.
    for round in 0..24_u64 {
        let lines: Vec<_> = (0..100_u64)
            .map(|number| {
                let mut seed = (round * 100 + number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let mut body = format!("line round{round} ");
                while body.len() < 10_000 {
                    seed ^= seed << 13;
                    seed ^= seed >> 7;
                    seed ^= seed << 17;
                    body.push_str(&format!("{seed:016x}"));
                }
                line("info", 1.0, &body)
            })
            .collect();
        bench.send(bench.web, &lines).await;
    }
    bench.house.digest().await;
    assert_eq!(bench.count("select count(*) from logs_lines").await, 2_400);
    prune(bench.house.cx.clone()).await.unwrap();
    let size = bench.house.cx.telemetry.read(crate::store::size).await.unwrap();
    assert!(size.lines > 0 && size.lines < 2_400, "{size:?}");
    assert!(size.item_bytes + size.index_bytes <= 11_000_000, "{size:?}");
    assert_eq!(bench.find("round0").await.rows.len(), 0, "the oldest left");
    assert_eq!(bench.find("round23").await.rows.len(), 100, "the newest are there");
    assert_eq!(bench.hours().await, 2_400);
}

#[tokio::test]
async fn lines_of_a_project_that_is_gone_leave_with_it() {
    let bench = Bench::new().await;
    let jobs = bench.project("Jobs").await;
    bench.send(jobs, &[line("info", 1.0, "line of jobs")]).await;
    bench.log(&[line("info", 1.0, "line of web")]).await;
    bench.house.cx.write(move |tx| identity::store::remove_project(tx, jobs)).await.unwrap();
    assert!(bench.house.member(Role::Viewer).await.get("/logs").await.expect(200).body.contains(&format!("project {jobs}")));
    prune(bench.house.cx.clone()).await.unwrap();
    assert_eq!(bench.bodies("").await, vec!["line of web", "line of jobs"], "the log decides when what a project reported goes");
    let tiles = bench.house.cx.read(|r| crate::Logs.tiles(r)).await.unwrap();
    assert_eq!(tiles[0].note, "of 1 lines", "but it stands in no total any more");
    bench.house.cx.telemetry.write(|tx| ingest::store::remove_items(tx, &[1])).await.unwrap();
    assert_eq!(bench.bodies("").await, vec!["line of web"], "a line whose item is gone is not shown");
    prune(bench.house.cx.clone()).await.unwrap();
    assert_eq!(rows(&bench).await, [1, 1, 1, 1]);
}

#[tokio::test]
async fn numbers_for_rules_and_tiles_are_of_the_lines_there_are() {
    let bench = Bench::new().await;
    let read = |bench: &Bench| {
        let house = bench.house.cx.clone();
        tokio::task::spawn_blocking(move || {
            let metric = crate::Logs.metrics()[0];
            house.hermetic.read_blocking(|r| (metric.read)(&house, r))
        })
    };
    assert_eq!(read(&bench).await.unwrap().unwrap(), None, "nobody reports");
    let lines: Vec<_> = (0..10)
        .map(|number| line("error", f64::from(number), "x"))
        .chain([line("info", 1.0, "y"), line("fatal", 400.0, "before")])
        .collect();
    bench.log(&lines).await;
    let reading = read(&bench).await.unwrap().unwrap().unwrap();
    assert_eq!((reading.value, reading.samples), (2.0, 11), "ten errors in five minutes");
    bench.house.clock.advance(Duration::from_secs(600));
    let reading = read(&bench).await.unwrap().unwrap().unwrap();
    assert_eq!((reading.value, reading.samples), (0.0, 0), "quiet, but it reports");
    let tiles = bench.house.cx.read(|r| crate::Logs.tiles(r)).await.unwrap();
    assert_eq!((tiles[0].value.as_str(), tiles[0].note.as_str()), ("11", "of 12 lines"));
    let house = bench.house.cx.clone();
    let gauges = bench.house.cx.read(move |r| crate::Logs.gauges(&house, r)).await.unwrap();
    let errors = gauges.iter().find(|gauge| gauge.labels[0].1 == "error").unwrap();
    assert_eq!(errors.value, 10.0);
    assert_eq!(json!(crate::Logs.keep()[0].days), json!(14));
}
