//! The destination of the copies dies: somebody hears of it within ten seconds, the writes go on, and the end is told too.

use std::time::Duration;

use http::Method;
use kernel::Role;
use kernel::time::Stopwatch;
use testkit::S3;
use tests::{Client, Hermetic, Sink, eventually, eventually_async, people, process};

/// What the issue promises.
const TOLD_WITHIN: Duration = Duration::from_secs(10);
const LONG: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_destination_is_told_within_ten_seconds_while_writes_go_on_and_the_recovery_is_told_after_catching_up() {
    let (s3, sink) = (S3::start(), Sink::start().await);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let channel = format!("[[channels]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"{}\"\ntakes = \"everything\"\n", sink.url("hook"));
    process::apply(folder.path(), &channel);
    let url = s3.url("hermetic");
    let settings = [
        ("HERMETIC_REPLICA_URL", url.as_str()),
        ("HERMETIC_REPLICA_ACCESS_KEY_ID", S3::ACCESS_KEY),
        ("HERMETIC_REPLICA_SECRET_ACCESS_KEY", S3::SECRET_KEY),
    ];
    let served = Hermetic::serve_with(folder.path(), &settings).await;
    let owner = people::set_up(&served).await;
    let reader = people::add_key(&owner, Role::Admin, "backup:read").await;
    let program = people::add_key(&owner, Role::Admin, "uptime:write").await;
    eventually_async("both files are copied", LONG, || are_current(&reader)).await;

    s3.set_down(true);
    let watch = Stopwatch::start();
    for number in 0..5 {
        let monitor =
            serde_json::json!({"name": format!("during-{number}"), "kind": "http", "url": "http://127.0.0.1:9/", "interval_s": 3600});
        program.json(Method::POST, "/api/v1/monitors", &monitor).await.expect(201);
    }
    let says = |sink: &Sink, text: &str| {
        sink.hits().iter().any(|hit| hit.json()["data"]["title"].as_str().is_some_and(|title| title.contains(text))).then_some(())
    };
    eventually("the webhook is told", TOLD_WITHIN, || says(&sink, "The copy of hermetic.db at replica is stale")).await;
    assert!(watch.elapsed() <= TOLD_WITHIN, "told after {:?}", watch.elapsed());

    s3.set_down(false);
    eventually_async("both caught up", LONG, || are_current(&reader)).await;
    eventually("the recovery is told", LONG, || says(&sink, "The copy of hermetic.db at replica is up to date again")).await;
}

async fn are_current(reader: &Client) -> Option<()> {
    let body = reader.get("/api/v1/backup").await.expect(200).json();
    let mut copies = body["files"].as_array()?.iter().flat_map(|file| file["copies"].as_array().cloned().unwrap_or_default());
    copies.all(|copy| copy["state"] == "current").then_some(())
}
