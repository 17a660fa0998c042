//! Containers become lines: once, in order, whatever dies.

use capability::Digest as _;
use capability::digest::drain;
use ingest::Head;
use kernel::Time;
use serde_json::json;
use std::time::Duration;

use super::bench::{Bench, line, line_with, testkit_start_s};
use crate::digest::Lines;
use crate::model::Level;
use crate::model::line::{line_at, lines_of};

#[tokio::test]
async fn lines_stand_in_the_order_of_their_moments_whenever_they_came() {
    let bench = Bench::new().await;
    bench.log(&[line("info", 10.0, "third"), line("info", 30.0, "first")]).await;
    bench.log(&[line("info", 20.0, "second")]).await;
    assert_eq!(bench.bodies("").await, vec!["third", "second", "first"]);
}

#[tokio::test]
async fn equal_moments_are_told_apart_by_the_sequence_and_then_by_the_position() {
    let bench = Bench::new().await;
    let at = |sequence: i64, body: &str| line_with("info", 10.0, body, json!({ "sentry.timestamp.sequence": sequence }));
    bench.log(&[at(2, "c"), at(0, "a"), at(1, "b"), at(2, "d")]).await;
    bench.log(&[at(0, "later envelope")]).await;
    assert_eq!(bench.bodies("").await, vec!["later envelope", "d", "c", "b", "a"]);
}

#[tokio::test]
async fn a_page_of_equal_moments_shows_every_line_once() {
    let bench = Bench::new().await;
    for _ in 0..3 {
        let lines: Vec<_> = (0..40).map(|number| line("info", 5.0, &format!("line {number}"))).collect();
        bench.send(bench.web, &lines).await;
    }
    bench.house.digest().await;
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = bench.find_page("line", before, 7).await;
        seen.extend(page.rows.iter().map(|row| row.id));
        // Lines that come in meanwhile are newer: they move nothing.
        bench.log(&[line("info", 1.0, "line of now")]).await;
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 120);
    assert!(seen.is_sorted_by(|one, other| one > other), "newest first, each once");
}

#[tokio::test]
async fn thousands_of_lines_of_one_moment_are_all_taken_in() {
    let bench = Bench::new().await;
    for _ in 0..6 {
        bench.send(bench.web, &vec![line("info", 5.0, "same"); 1_000]).await;
    }
    bench.house.digest().await;
    assert_eq!(bench.count("select count(*) from logs_lines").await, 6_000);
    assert_eq!(bench.count("select count(*) from logs_words where logs_words match 'same'").await, 6_000);
}

#[tokio::test]
async fn what_dies_between_the_two_files_counts_nothing_twice_and_loses_nothing() {
    let bench = Bench::new().await;
    bench.send(bench.web, &[line("error", 1.0, "boom"), line("info", 2.0, "fine")]).await;
    let batch = bench.house.cx.telemetry.read(|r| ingest::store::next_batch(r, 0, &[ingest::Kind::Logs], 10, 1 << 20)).await.unwrap();
    let house = bench.house.cx.clone();
    // Killed after telemetry.db was written and before hermetic.db was: the change is dropped.
    let dropped = tokio::task::spawn_blocking(move || Lines.digest(&house, &batch.items).map(|_| ())).await.unwrap();
    dropped.unwrap();
    assert_eq!(bench.hours().await, 0);
    assert_eq!(drain(&bench.house.cx, &Lines).await.unwrap(), 1, "the cursor has not moved: the item is read again");
    assert_eq!(bench.hours().await, 2);
    assert_eq!(bench.bodies("").await, vec!["boom", "fine"]);
    assert_eq!(bench.count("select count(*) from logs_words where logs_words match 'boom'").await, 1);
    assert_eq!(drain(&bench.house.cx, &Lines).await.unwrap(), 0);
    assert_eq!(bench.hours().await, 2);
}

/// A batch of a few packed bytes may be millions of lines: neither memory nor a transaction holds all of them.
#[tokio::test]
async fn a_large_batch_is_taken_in_by_portions() {
    let bench = Bench::new().await;
    for _ in 0..4 {
        bench.send(bench.web, &vec![line("info", 5.0, "same"); 600]).await;
    }
    bench.send_bytes(bench.web, b"{", Head::default()).await;
    let batch = bench.house.cx.telemetry.read(|r| ingest::store::next_batch(r, 0, &[ingest::Kind::Logs], 10, 1 << 20)).await.unwrap();
    let house = bench.house.cx.clone();
    let broken = tokio::task::spawn_blocking(move || Lines.digest(&house, &batch.items).map(|_| ())).await.unwrap();
    assert!(broken.is_err(), "the last item cannot be read");
    assert_eq!(bench.count("select count(*) from logs_lines").await, 2_400, "what came before it is on disk already");
    bench.house.digest().await;
    assert_eq!((bench.count("select count(*) from logs_lines").await, bench.hours().await), (2_400, 2_400));
}

#[tokio::test]
async fn a_line_with_a_long_trace_of_its_stack_is_found_by_all_it_says() {
    let bench = Bench::new().await;
    let body: String = (0..400).map(|number| format!("at function{number} ")).collect();
    let mut long = line("error", 1.0, &body);
    long["trace_id"] = json!("0131874adc87492188e3592b4bbe8c31");
    bench.log(&[long, line("info", 2.0, "short")]).await;
    for question in ["level:error", "project:web -level:info", "trace:0131874adc87492188e3592b4bbe8c31", "-short", "function7"] {
        assert_eq!(bench.bodies(question).await.len(), 1, "{question}");
    }
}

#[tokio::test]
async fn clocks_that_are_off_are_put_right() {
    let bench = Bench::new().await;
    let now = bench.now();
    let day = Duration::from_secs(86_400);
    let sample = |timestamp: f64, head: Head| {
        let payload = json!({ "items": [{ "timestamp": timestamp, "level": "info", "body": "x" }] }).to_string();
        let mut item = ingest::Item::sample(1, bench.web, ingest::Kind::Logs, now, payload.as_bytes());
        item.head = head;
        lines_of(&item).unwrap()[0].at()
    };
    let seconds = testkit_start_s();
    assert_eq!(sample(seconds - 5.0, Head::default()), now - Duration::from_secs(5));
    assert_eq!(sample(seconds + 3_600.0, Head::default()), now, "nothing comes from the future");
    assert_eq!(sample(seconds - 40.0 * 86_400.0, Head::default()), now, "nor from before anybody would look");
    assert_eq!(sample(0.0, Head::default()), now);
    // The whole machine is a day behind, and says so by when it sent.
    let behind = Head { sent_at: Some(now - day), ..Head::default() };
    assert_eq!(sample(seconds - 86_400.0 - 7.0, behind), now - Duration::from_secs(7));
    let nearly_right = Head { sent_at: Some(now - Duration::from_secs(600)), ..Head::default() };
    assert_eq!(sample(seconds - 600.0, nearly_right), now - Duration::from_secs(600));
}

#[test]
fn shapes_of_lines_that_are_read_all_the_same() {
    let now = Time(1_772_452_800_000);
    let read = |text: &str| {
        let item = ingest::Item::sample(1, kernel::ids::ProjectId(1), ingest::Kind::Logs, now, text.as_bytes());
        lines_of(&item).map(|lines| {
            for (position, line) in lines.iter().enumerate() {
                assert_eq!(line_at(&item, position).unwrap().as_ref(), Some(line), "{text}: line {position} alone is the same");
            }
            assert_eq!(line_at(&item, lines.len()).unwrap(), None, "{text}");
            lines.into_iter().map(|line| (line.level, line.body)).collect::<Vec<_>>()
        })
    };
    let one = |level: Level, body: &str| vec![(level, body.to_owned())];
    let table = [
        (r#"{"items":[{"level":"warning","body":"a"}]}"#, one(Level::Warn, "a")),
        (r#"{"items":[{"severity_number":21,"body":"a"}]}"#, one(Level::Fatal, "a")),
        (r#"{"items":[{"body":"a","attributes":{"sentry.severity_number":{"value":5,"type":"integer"}}}]}"#, one(Level::Debug, "a")),
        (r#"{"items":[{"timestamp":"2026-03-02T11:59:59.123456","body":"a"}]}"#, one(Level::Info, "a")),
        (r#"{"items":[{"level":7,"body":{"value":"typed","type":"string"}}]}"#, one(Level::Info, "typed")),
        (r#"{"items":[{"level":"info","body":42}]}"#, one(Level::Info, "42")),
        (r#"{"level":"error","body":"alone","attributes":[]}"#, one(Level::Error, "alone")),
        (r#"[{"body":"listed"}]"#, one(Level::Info, "listed")),
        (
            r#"{"v":[{}],"items":[1,{"body":"a"},[{}],"x",{"body":"b"},{"body":"c"}]}"#,
            [one(Level::Info, "a"), one(Level::Info, "b"), one(Level::Info, "c")].concat(),
        ),
        (r#"{"items":[null,1,"x",[],{}]}"#, one(Level::Info, "")),
        (r#"{"items":{}}"#, vec![]),
        ("{}", vec![]),
        ("null", vec![]),
    ];
    for (text, lines) in table {
        assert_eq!(read(text).unwrap(), lines, "{text}");
    }
    let at = |text: &str| {
        let payload = json!({ "items": [{ "timestamp": text, "body": "a" }] }).to_string();
        lines_of(&ingest::Item::sample(1, kernel::ids::ProjectId(1), ingest::Kind::Logs, now, payload.as_bytes())).unwrap()[0].at_us
    };
    for text in ["2026-03-02T11:59:59.123456", "2026-03-02T11:59:59.123456Z", "2026-03-02T12:59:59.123456+01:00", "1772452799.123456"] {
        assert_eq!(at(text), 1_772_452_799_123_456, "{text}: with its microseconds, and UTC where no zone is said");
    }
    assert!(read("{").is_err(), "what is no JSON is counted as undigestible");
}
