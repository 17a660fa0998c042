//! Recordings in Chromium: they play to their end, nothing in them runs, the page around follows, long ones begin at once.

use std::path::PathBuf;

use tests::{Hermetic, process, root, switch};

const KEY: &str = "5f3c1e0d9b8a7f6e5d4c3b2a19080716";

#[tokio::test]
async fn every_recorded_session_plays_to_its_end_without_a_complaint() {
    watch("recorded").await;
}

#[tokio::test]
async fn nothing_of_a_hostile_recording_runs_or_calls_anybody() {
    watch("hostile").await;
}

#[tokio::test]
async fn the_page_around_a_replay_follows_it_shares_it_and_deletes_it() {
    watch("around").await;
}

#[tokio::test]
async fn half_an_hour_begins_within_a_second_and_is_fetched_as_it_is_needed() {
    watch("long").await;
}

async fn watch(part: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let project = format!("[[projects]]\nslug = \"shop\"\nname = \"Shop\"\n[[projects.keys]]\nlabel = \"all\"\npublic_key = \"{KEY}\"\n");
    process::apply(folder.path(), &project);
    let served = Hermetic::serve(folder.path()).await;
    let address = served.setup_url.clone().expect("a fresh instance has a set-up address");
    let recordings = recordings().display().to_string();
    super::drive("replay.mjs", &[("URL", &served.url), ("SETUP_URL", &address), ("KEY", KEY), ("RECORDINGS", &recordings), ("PART", part)])
        .await;
}

/// What browsers sent: where HERMETIC_FIXTURES says, beside the checkout, or the copy within it.
fn recordings() -> PathBuf {
    let named = switch("HERMETIC_FIXTURES").map_or_else(|| root().join("../shared/fixtures"), PathBuf::from).join("replays");
    if named.is_dir() { named } else { root().join("tests/fixtures/replays") }
}
