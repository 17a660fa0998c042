//! `kill -9` at random moments during 500 state changes: every alert and every recovery arrives, none twice under two keys.
//!
//! Each of 250 monitors goes down once and comes back once, in waves. Each has a rule of its own: failures of one rule that lie
//! close together are told as one, and here every single one shall be heard. KILL9_SEED gives other moments, KILL9_MONITORS
//! another number.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::Duration;

use tests::{Hermetic, Sink, Target, eventually, process, switch};

const WAVES: usize = 2;
const KILLS_PER_CHANGE: usize = 3;
const LONGEST_WAVE: Duration = Duration::from_secs(90);
const KEY_HEADER: &str = "webhook-id";

/// A small generator: the same seed gives the same moments.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end.max(1)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_alert_and_no_recovery_is_lost_when_the_process_is_killed() {
    let seed = switch("KILL9_SEED").and_then(|text| text.parse().ok()).unwrap_or(20_261_123);
    let monitors = switch("KILL9_MONITORS").and_then(|text| text.parse().ok()).unwrap_or(250_usize);
    let mut dice = Dice(seed);
    let (target, sink) = (Target::start().await, Sink::start().await);
    // A receiver that answers late: most kills then fall between its having a notice and our knowing it.
    sink.answer_after(Duration::from_millis(60));
    let folder = tempfile::tempdir().expect("a temporary folder");
    process::apply(folder.path(), &channel(&sink));
    process::apply(folder.path(), &monitors_with_rules(&target, monitors));
    process::set(folder.path(), "alerts.group_seconds", "0");
    let mut served = Hermetic::serve(folder.path()).await;
    let names: Vec<String> = (0..monitors).map(|number| format!("flip-{number:03}-x")).collect();
    let mut kills = 0;
    for wave in names.chunks(monitors.div_ceil(WAVES).max(1)) {
        for is_down in [true, false] {
            wave.iter().for_each(|name| target.set_down(name, is_down));
            for _ in 0..KILLS_PER_CHANGE {
                tokio::time::sleep(Duration::from_millis(100 + dice.below(1_900))).await;
                served.kill().await;
                kills += 1;
                served.restart().await;
            }
            let wanted = if is_down { Said::Down } else { Said::Recovered };
            eventually(&format!("every monitor of the wave is reported as {wanted:?} (seed {seed}, {kills} kills)"), LONGEST_WAVE, || {
                let seen = heard(&sink);
                wave.iter().all(|name| seen.contains_key(&(name.clone(), wanted))).then_some(())
            })
            .await;
        }
    }
    let seen = heard(&sink);
    let missing: Vec<_> = names
        .iter()
        .flat_map(|name| [Said::Down, Said::Recovered].map(|said| (name.clone(), said)))
        .filter(|change| !seen.contains_key(change))
        .collect();
    assert!(missing.is_empty(), "lost with seed {seed}: {missing:?}");
    let split: Vec<_> = seen.iter().filter(|(_, keys)| keys.len() > 1).collect();
    assert!(split.is_empty(), "told twice under different keys with seed {seed}: {split:?}");
    assert!(seen.values().flatten().all(|key| !key.is_empty()), "a delivery came without {KEY_HEADER}");
    let repeated = repeated(&sink);
    println!("{} changes, {kills} kills, {} requests, {repeated} of them repeated", names.len() * 2, sink.hits().len());
    assert!(repeated > 0, "no kill fell into a delivery, so nothing was said of repeated ones; take another KILL9_SEED than {seed}");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Down,
    Recovered,
}

/// What the webhook was told: for each monitor and direction, the idempotency keys it came under.
fn heard(sink: &Sink) -> BTreeMap<(String, Said), BTreeSet<String>> {
    let mut seen: BTreeMap<(String, Said), BTreeSet<String>> = BTreeMap::new();
    for hit in sink.hits() {
        let body = hit.json();
        // An ending whose beginning had not gone out yet tells both.
        let is_merged = body["data"]["is_merged"] == true;
        let said: &[Said] = match body["type"].as_str().unwrap_or_default() {
            "alert.open" => &[Said::Down],
            "alert.resolved" if is_merged => &[Said::Down, Said::Recovered],
            "alert.resolved" => &[Said::Recovered],
            _ => continue,
        };
        for (name, said) in names_in(&hit.body).into_iter().flat_map(|name| said.iter().map(move |said| (name.clone(), *said))) {
            seen.entry((name, said)).or_default().insert(hit.header(KEY_HEADER).to_owned());
        }
    }
    seen
}

/// Every `flip-NNN-x` the payload speaks of, alone or in a group.
fn names_in(body: &str) -> BTreeSet<String> {
    body.match_indices("flip-")
        .filter_map(|(at, _)| body.get(at..at + 10))
        .filter(|name| name.ends_with("-x"))
        .map(ToOwned::to_owned)
        .collect()
}

fn repeated(sink: &Sink) -> usize {
    let hits = sink.hits();
    let keys: BTreeSet<&str> = hits.iter().map(|hit| hit.header(KEY_HEADER)).collect();
    hits.len() - keys.len()
}

/// The one channel; it must be there before a rule can name it.
fn channel(sink: &Sink) -> String {
    format!("[[channels]]\nname = \"sink\"\nkind = \"webhook\"\nurl = \"{}\"\n", sink.url("hook"))
}

/// For each flipping monitor a rule of its own; the shipped one for all is silent.
fn monitors_with_rules(target: &Target, monitors: usize) -> String {
    let mut file = "[[rules]]\nkey = \"down\"\nenabled = false\n\n".to_owned();
    for number in 0..monitors {
        let name = format!("flip-{number:03}-x");
        let url = target.url(&name);
        let _ = write!(
            file,
            "[[rules]]\nkey = \"{name}\"\nname = \"{name}\"\nsource = \"monitor_down\"\nonly = \"{name}\"\nseverity = \"critical\"\ncooldown_minutes = 0\nchannels = [\"sink\"]\n\n"
        );
        let _ = write!(
            file,
            "[[monitors]]\nname = \"{name}\"\nkind = \"http\"\nurl = \"{url}\"\ninterval_s = 5\nconfirm_failures = 1\nconfirm_successes = 1\n\n"
        );
    }
    file
}
