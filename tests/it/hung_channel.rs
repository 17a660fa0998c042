//! A webhook that accepts and never answers: every probe and every other channel stays on time, and its alert arrives when it
//! recovers.

use std::fmt::Write;
use std::time::Duration;

use tests::sink::Hit;
use tests::{Hermetic, Sink, Target, eventually, process};

const INTERVAL: u64 = 5;
const MONITORS: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_hangs_delays_nothing_and_gets_its_alert_later() {
    let (target, hung, healthy) = (Target::start().await, Sink::start().await, Sink::start().await);
    hung.answer_with(0);
    let folder = tempfile::tempdir().expect("a temporary folder");
    process::apply(folder.path(), &channels(&hung, &healthy));
    process::apply(folder.path(), &monitors(&target));
    process::set(folder.path(), "alerts.group_seconds", "0");
    let served = Hermetic::serve(folder.path()).await;
    eventually("every monitor was probed", Duration::from_secs(20), || (target.seen().hits >= MONITORS as u64).then_some(())).await;
    // The first round is spread over the interval; from the second on the rhythm counts.
    tokio::time::sleep(Duration::from_secs(INTERVAL)).await;
    target.forget();
    target.set_down("m0", true);
    let limit = Duration::from_secs(INTERVAL * 3);
    eventually("the healthy channel is told while the other one hangs", limit, || healthy.hits().iter().any(is_down).then_some(())).await;
    eventually("the hanging channel was tried", limit, || (!hung.hits().is_empty()).then_some(())).await;
    tokio::time::sleep(Duration::from_secs(25)).await;
    let seen = target.seen();
    // 5 % of a short interval is near what two busy cores add by themselves: the bound is that, and a tenth of a second.
    let largest = Duration::from_millis(INTERVAL * 1_050 + 100);
    assert!(seen.largest_gap <= largest, "a probe came {:?} after the one before; the log:\n{}", seen.largest_gap, served.log());
    let keys: Vec<String> = hung.hits().iter().map(|hit| hit.header("webhook-id").to_owned()).collect();
    hung.answer_with(200);
    let tried = hung.hits().len();
    let late =
        eventually("the alert reaches the channel that recovered", Duration::from_secs(90), || hung.hits().get(tried).cloned()).await;
    assert!(keys.contains(&late.header("webhook-id").to_owned()), "the late delivery has a new idempotency key: {keys:?}");
}

fn is_down(hit: &Hit) -> bool {
    hit.json()["type"] == "alert.open"
}

fn channels(hung: &Sink, healthy: &Sink) -> String {
    [("hung", hung), ("healthy", healthy)].iter().fold(String::new(), |mut file, (name, sink)| {
        let _ = write!(file, "[[channels]]\nname = \"{name}\"\nkind = \"webhook\"\nurl = \"{}\"\n\n", sink.url("hook"));
        file
    })
}

fn monitors(target: &Target) -> String {
    let mut file = "[[rules]]\nkey = \"down\"\nenabled = false\n\n[[rules]]\nkey = \"both\"\nname = \"Both\"\nsource = \"monitor_down\"\nseverity = \"critical\"\nchannels = [\"hung\", \"healthy\"]\n\n".to_owned();
    for number in 0..MONITORS {
        let url = target.url(&format!("m{number}"));
        let _ = write!(
            file,
            "[[monitors]]\nname = \"m{number}\"\nkind = \"http\"\nurl = \"{url}\"\ninterval_s = {INTERVAL}\nconfirm_failures = 1\nconfirm_successes = 1\n\n"
        );
    }
    file
}
