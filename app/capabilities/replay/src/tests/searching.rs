//! The list: what it finds, and how fast.

use kernel::time::Stopwatch;
use serde_json::json;

use super::bench::{Bench, START, envelope, id, told};
use crate::model::Search;
use crate::store::{self, Before};

#[tokio::test]
async fn each_term_narrows_the_list() {
    let bench = Bench::new().await;
    let agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15";
    bench
        .segment(
            1,
            0,
            json!({"user": {"id": "7", "email": "Ann@Example.com"}, "release": "shop@1.2.0", "environment": "production",
            "urls": ["https://shop.example/Checkout?step=2"], "error_ids": [id(900)], "trace_ids": [id(800)]}),
        )
        .await;
    for segment in 0..30 {
        bench
            .segment(
                2,
                segment,
                json!({"user": {"username": "bob"}, "release": "shop@1.3.0", "environment": "staging",
            "request": {"headers": {"User-Agent": agent}}, "replay_type": "buffer"}),
            )
            .await;
    }
    bench.digest().await;
    let second = bench.by_sdk_id(&id(2)).await.id;
    bench.house.cx.write(move |tx| store::pin(tx, second, "Ada", "look at this")).await.unwrap();
    let (one, two) = (id(1), id(2));
    let cases: Vec<(String, Vec<&str>)> = [
        ("", vec![&one, &two]),
        ("ann", vec![&one]),
        ("CHECKOUT", vec![&one]),
        ("nobody", vec![]),
        ("user:ann@example.com", vec![&one]),
        ("user:7", vec![&one]),
        ("user:bo", vec![&two]),
        ("url:/checkout", vec![&one]),
        ("release:1.3", vec![&two]),
        ("environment:Production", vec![&one]),
        ("browser:safari", vec![&two]),
        ("os:macos", vec![&two]),
        ("duration:>60", vec![&two]),
        ("duration:<=60", vec![&one]),
        ("errors:>0", vec![&one]),
        ("has:errors", vec![&one]),
        ("rage:0", vec![&one, &two]),
        ("segments:>=30", vec![&two]),
        ("is:pinned", vec![&two]),
        ("is:buffered", vec![&two]),
        ("has:user", vec![&one, &two]),
        ("has:trace", vec![&one]),
        ("project:shop", vec![&one, &two]),
        ("user:bo release:1.2", vec![]),
        ("url:%", vec![]),
        // They begin at 11:50 by their own clocks.
        ("since:2026-03-02", vec![&one, &two]),
        ("since:2026-03-02T11:50 until:2026-03-02T11:51", vec![&one, &two]),
        ("since:2026-03-02T11:51", vec![]),
        ("until:2026-03-02T11:50", vec![]),
        ("until:2026-03-01", vec![]),
        ("since:1h", vec![&one, &two]),
        ("until:1h", vec![]),
    ]
    .map(|(query, wanted)| (query.to_owned(), wanted.into_iter().map(String::as_str).collect()))
    .into_iter()
    .chain([
        (format!("error:{}", id(900)), vec![one.as_str()]),
        (format!("trace:{}", id(800)), vec![one.as_str()]),
        (format!("replay:{two}"), vec![two.as_str()]),
        (format!("error:{}", id(77)), vec![]),
    ])
    .collect();
    for (query, wanted) in cases {
        let mut found: Vec<String> = bench.find(&query).await.iter().map(|replay| replay.sdk_id.to_string()).collect();
        found.sort();
        assert_eq!(found, wanted, "{query}");
    }
}

#[tokio::test]
async fn a_clock_that_is_fast_puts_nobody_into_the_future() {
    let bench = Bench::new().await;
    let ahead = (START + 3 * 3_600_000) as f64 / 1_000.0;
    let at = |ms: i64| START + 3 * 3_600_000 + ms;
    let page = json!([{"type": 4, "data": {"href": "https://shop.example/"}, "timestamp": at(0)}]);
    bench.report(envelope(&id(1), 0, &page, &told(&id(1), 0, &json!({"replay_start_timestamp": ahead})))).await;
    bench.digest().await;
    assert!(bench.only().await.started_at > bench.house.cx.now());
    for (query, wanted) in [("since:2026-03-02T12:01", 0), ("until:2026-03-02T12:01", 1), ("since:2026-03-02T11:59", 1)] {
        assert_eq!(bench.find(query).await.len(), wanted, "{query}");
    }
}

#[tokio::test]
async fn the_list_goes_on_where_it_ended() {
    let bench = Bench::new().await;
    for number in 1..26 {
        // Some start at the same moment.
        let started = (START + i64::from(number / 3) * 60_000) as f64 / 1_000.0;
        bench.segment(number, 200, json!({"replay_start_timestamp": started})).await;
    }
    bench.digest().await;
    let (mut seen, mut before): (Vec<_>, Option<Before>) = (Vec::new(), None);
    loop {
        let from = before;
        let page = bench.house.cx.read(move |r| store::list(r, &Search::default(), from, 10)).await.unwrap();
        seen.extend(page.replays.iter().map(|replay| (replay.started_at, replay.id)));
        before = page.next.map(|next| Before::parse(&next.to_string()).expect("it is read as it is written"));
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 25);
    assert!(seen.is_sorted_by(|one, other| one > other), "each once, the newest first");
}

/// Loose bars for a machine that others use, too; tests/run replays measures.
#[tokio::test]
async fn ten_thousand_replays_are_listed_and_searched_at_once() {
    let bench = Bench::new().await;
    let project = bench.project.0;
    bench
        .house
        .cx
        .write(move |tx| {
            for number in 0..10_000_i64 {
                tx.run(
                    "insert into replay_replays (project_id, sdk_id, mode, started_at, finished_at, came_at, seen_at, segments, highest, events, \
                     raw_bytes, arrived_bytes, told_at, person_id, person_email, person_name, release, environment, browser, os, sdk, urls, \
                     error_ids, trace_ids, words, errors, rage, dead, slow, abandoned, u_turns, activity, is_stale, pinned_by, note) \
                     values (?1, randomblob(16), 'session', ?2, ?2 + 60000, ?2, ?2, 12, 11, 500, 500000, 50000, ?2, 'u' || ?3, 'u' || ?3 || '@example.com', \
                     '', 'shop@1.' || (?3 % 50), 'production', 'Chrome 142', 'Windows 10+', 'sentry.javascript.browser/11.12.0', \
                     '[\"https://shop.example/a/' || ?3 || '\",\"https://shop.example/a-longer-address-of-a-page?with=a&query=of&its=own\"]', '[]', \
                     '[]', 'u' || ?3 || '@example.com' || char(10) || 'https://shop.example/a/' || ?3, ?3 % 7 = 0, ?3 % 11 = 0, 0, 0, 0, 0, \
                     zeroblob(48), 0, '', '')",
                    (project, START + number * 1_000, number),
                )?;
            }
            Ok(())
        })
        .await
        .unwrap();
    for query in ["", "u77@example.com", "nothing-like-this", "release:1.7 errors:>0", "url:/a/9999", "rage:>0", "duration:>1000"] {
        bench.find(query).await;
        let watch = Stopwatch::start();
        bench.find(query).await;
        let took = watch.elapsed();
        assert!(took.as_millis() < 200, "{query}: {took:?}");
    }
    for query in ["", "errors:>0", "since:24h", "until:24h"] {
        let search = Search::parse(query, &|_| None);
        let plan = bench.house.cx.read(move |r| store::explain_list(r, &search)).await.unwrap();
        assert!(
            plan.contains("replay_replays_by_start") && !plan.contains("TEMP B-TREE FOR ORDER BY"),
            "{query} is not sorted anew: {plan}"
        );
    }
}
