//! More than may come, or can be taken: told to the sender in the grammar of the wire, and counted to the last one.

use super::*;
use crate::quota::Allowances;

fn sessions(count: usize) -> String {
    format!("{{}}\n{}", lines(&[r#"{"type":"session"}"#, "{}"]).repeat(count))
}

#[tokio::test]
async fn beyond_a_projects_limit_the_answer_says_what_to_hold_back_and_for_how_long() {
    let site = Site::new().await;
    site.door.set_allowances(Allowances { errors: 2, ..Allowances::STANDARD });
    let report = || site.envelope(event(&EventId::random().to_string(), "boom"));
    let first = report().await;
    assert_eq!((first.code, first.header("x-sentry-rate-limits")), (200, ""));
    let second = report().await;
    let told = "30:error;default;feedback;security;attachment:project:quota";
    assert_eq!((second.code, second.header("x-sentry-rate-limits")), (200, told), "told before anybody is refused");
    let third = report().await;
    assert_eq!((third.code, third.header("x-sentry-rate-limits"), third.header("retry-after")), (429, told, "30"));
    assert_eq!(third.header("access-control-allow-origin"), "*");
    // Other kinds pass, and an envelope of both keeps what it may.
    let both = format!("{}{}", event(ID, "boom"), lines(&[r#"{"type":"session"}"#, "{}"]));
    let got = site.envelope(both).await;
    assert_eq!((got.code, got.header("x-sentry-rate-limits")), (200, told));
    assert_eq!(site.kinds(), [Kind::Event, Kind::Event, Kind::Session]);
    assert_eq!(site.outcomes().await, ["error accepted 2", "error dropped/rate_limited 2", "session accepted 1"]);
}

#[tokio::test]
async fn a_keys_own_limit_ends_a_flood_before_anything_is_unpacked_or_written() {
    let site = Site::new().await;
    let id = site.key.id;
    site.hermetic.write(move |tx| rows::set_dsn_key(tx, id, "Recorded", true, Some(5))).await.unwrap();
    assert_eq!(site.envelope(sessions(5)).await.code, 200);
    for _ in 0..1_000 {
        // Not even what is broken is looked at.
        let got = site.envelope("not an envelope at all").await;
        assert_eq!((got.code, got.header("x-sentry-rate-limits"), got.header("retry-after")), (429, "12::key:quota", "12"));
    }
    let written = site.telemetry.read_blocking(|r| store::sum_outcomes(r, None, START)).unwrap();
    assert_eq!(written.len(), 1, "a thousand refusals cost no write");
    assert_eq!(site.outcomes().await, ["session accepted 5", "unknown dropped/rate_limited 1000"]);
    // Another key of the same project is not held back.
    let project = site.project.id;
    let other = site.hermetic.write(move |tx| rows::new_dsn_key(tx, project, "Second")).await.unwrap();
    let path = format!("{}?sentry_key={}", site.path("envelope/"), other.public_key);
    assert_eq!(site.post(&path, &[], sessions(1)).await.code, 200);
}

#[tokio::test]
async fn what_sdks_tell_of_their_losses_is_limited_by_itself() {
    let site = Site::new().await;
    site.door.set_allowances(Allowances { others: 2, errors: 1, ..Allowances::STANDARD });
    assert_eq!(site.envelope(sessions(2)).await.code, 200);
    assert_eq!(site.envelope(event(ID, "boom")).await.code, 200);
    let report = lines(&[
        "{}",
        r#"{"type":"client_report"}"#,
        r#"{"discarded_events":[{"reason":"ratelimit_backoff","category":"error","quantity":5}]}"#,
    ]);
    for code in [200, 200, 429] {
        assert_eq!(site.envelope(report.clone()).await.code, code, "it does not wait for what it tells of");
    }
    assert!(site.envelope(report).await.header("x-sentry-rate-limits").contains("30:internal:project:quota"));
    let told = [
        "error accepted 1",
        "error discarded/ratelimit_backoff 10",
        "internal accepted 2",
        "internal dropped/rate_limited 2",
        "session accepted 2",
    ];
    assert_eq!(site.outcomes().await, told);
}

#[tokio::test]
async fn lines_of_a_container_are_counted_one_by_one_whatever_its_header_says() {
    let site = Site::new().await;
    site.door.set_allowances(Allowances { logs: 100, ..Allowances::STANDARD });
    let items = vec!["{}"; 150].join(",");
    let container = lines(&["{}", r#"{"type":"log","item_count":1}"#, &format!("{{\"items\":[{items}]}}")]);
    let got = site.envelope(container.clone()).await;
    assert_eq!((got.code, got.header("x-sentry-rate-limits")), (200, "31:log_item;log_byte;trace_metric;trace_metric_byte:project:quota"));
    assert_eq!(site.envelope(container).await.code, 429);
    let boast = lines(&["{}", r#"{"type":"log","item_count":9000}"#, r#"{"items":[{},{}]}"#]);
    assert_eq!(site.envelope(boast).await.code, 429);
    assert_eq!(site.outcomes().await, ["log_item accepted 150", "log_item dropped/rate_limited 152"]);
}

#[tokio::test]
async fn what_the_digests_cannot_follow_is_refused_aloud_until_they_can() {
    let site = Site::new().await;
    assert_eq!(site.envelope(sessions(1)).await.code, 200);
    site.door.note_digested("errors", 1);
    site.door.inner().newest.store(500_000, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(site.door.backlog(), 499_999);
    let got = site.envelope(sessions(1)).await;
    assert_eq!((got.code, got.header("x-sentry-rate-limits"), got.header("retry-after")), (429, "5::organization:overloaded", "5"));
    let dsn = format!(r#"{{"dsn":"https://{KEY}@hermetic.example/{}"}}"#, site.project.id);
    let tunnelled = lines(&[&dsn, r#"{"type":"session"}"#, "{}"]);
    assert_eq!(site.post(&site.path("envelope/"), &[], tunnelled).await.code, 429, "a tunnel is no way around");
    site.door.note_digested("errors", 400_000);
    assert_eq!(site.envelope(sessions(1)).await.code, 200);
    assert_eq!(site.outcomes().await, ["session accepted 2", "unknown dropped/overloaded 2"]);
}

#[tokio::test]
async fn work_keeps_its_place_when_its_client_hangs_up() {
    let site = Site::new().await;
    let hands = || site.door.inner().hands.available_permits();
    let all = hands();
    let (begun, wait_for_begin) = std::sync::mpsc::channel();
    let (end, wait_for_end) = std::sync::mpsc::channel::<()>();
    let work = site.door.by_hand((site.project.id, 7), move || {
        begun.send(()).unwrap();
        wait_for_end.recv().unwrap();
        Ok(())
    });
    {
        let mut work = Box::pin(work);
        assert!(futures_once(work.as_mut()).await, "it waits");
        wait_for_begin.recv().unwrap();
    }
    assert_eq!(hands(), all - 1, "nobody listens any more, and a thread is still at it");
    end.send(()).unwrap();
    while hands() < all {
        tokio::task::yield_now().await;
    }
}

/// Whether it is not ready after it was asked once.
async fn futures_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> bool {
    std::future::poll_fn(|cx| std::task::Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

#[tokio::test]
async fn what_goes_wrong_here_is_counted_as_that() {
    let site = Site::new().await;
    let panicked = site.door.by_hand((site.project.id, 7), || -> Result<(), _> { panic!("a payload nobody thought of") }).await;
    assert_eq!(panicked.unwrap_err().code(), 500);
    site.telemetry.write(|tx| tx.run("drop table ingest_ids", [])).await.unwrap();
    assert_eq!(site.envelope(event(ID, "boom")).await.code, 500);
    assert_eq!(site.outcomes().await, ["error dropped/failed 1", "unknown dropped/failed 1"]);
}

#[tokio::test]
async fn a_body_that_finds_no_room_is_told_to_come_again() {
    let site = Site::new().await;
    let mut others = site.door.inner().room.share();
    others.grow(45 << 20).unwrap();
    let large = format!("{}{}", event(ID, "boom"), lines(&[r#"{"type":"attachment"}"#, &"x".repeat(8 << 20)]));
    assert_eq!(site.envelope(large.clone()).await.code, 429);
    assert_eq!(site.envelope(sessions(1)).await.code, 200, "a small one still fits");
    drop(others);
    assert_eq!(site.envelope(large).await.code, 200);
    assert_eq!(site.door.requests(), 0, "everybody gave back their share");
}

#[tokio::test]
async fn many_at_once_are_all_kept_and_counted_exactly() {
    let site = Arc::new(Site::new().await);
    let tasks: Vec<_> = (0..200)
        .map(|at| {
            let site = Arc::clone(&site);
            // Each id comes twice.
            let id = format!("{:032x}", at / 2 + 1);
            tokio::spawn(async move { site.envelope(event(&id, "boom")).await.code })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 200);
    }
    assert_eq!(site.items().len(), 100);
    assert_eq!(site.outcomes().await, ["error accepted 100", "error dropped/duplicate 100"]);
}
