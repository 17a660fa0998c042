//! The product in headless Chromium: the founder's first journey, axe-core on every page, the status page without JavaScript.

mod replay;

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tests::{Demo, Hermetic, root, switch, target_dir};
use tokio::process::Command;

const LONGEST: Duration = Duration::from_secs(420);

#[tokio::test]
async fn a_founder_goes_from_set_up_to_a_subscriber_who_leaves() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let served = Hermetic::serve(folder.path()).await;
    let address = served.setup_url.clone().expect("a fresh instance has a set-up address");
    drive("journey.mjs", &[("URL", &served.url), ("SETUP_URL", &address)]).await;
}

#[tokio::test]
async fn no_page_of_the_demo_shuts_anybody_out() {
    let (_child, demo) = Demo::start().await;
    drive("walk.mjs", &owner_of(&demo)).await;
}

#[tokio::test]
async fn the_status_page_says_the_same_without_javascript() {
    let (_child, demo) = Demo::start().await;
    drive("plain.mjs", &owner_of(&demo)).await;
}

#[tokio::test]
async fn nothing_a_person_types_becomes_a_script() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let served = Hermetic::serve(folder.path()).await;
    let address = served.setup_url.clone().expect("a fresh instance has a set-up address");
    drive("scripts.mjs", &[("URL", &served.url), ("SETUP_URL", &address)]).await;
}

/// `/t.js` and `/survey.js` as other people's pages load them: what they send, what they keep, how they fail.
#[tokio::test]
async fn the_scripts_in_other_peoples_pages_do_what_they_say_and_never_throw() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let served = Hermetic::serve(folder.path()).await;
    drive("embedded.mjs", &[("URL", &served.url)]).await;
}

fn owner_of(demo: &Demo) -> [(&'static str, &str); 4] {
    let secret = demo.owner.totp_secret.as_deref().unwrap_or_default();
    [("URL", &demo.url), ("EMAIL", &demo.owner.email), ("PASSWORD", &demo.owner.password), ("TOTP_SECRET", secret)]
}

/// Runs one script with Node; it ends with 0 or says what it saw. Pictures go to <target>/screenshots.
async fn drive(script: &str, settings: &[(&str, &str)]) {
    let packages = packages();
    let pictures = target_dir().join("screenshots");
    std::fs::create_dir_all(&pictures).expect("a folder for pictures");
    let mut command = Command::new("node");
    command.arg(root().join("tests/browser").join(script)).env("BROWSER_PACKAGES", &packages).env("PICTURES", &pictures);
    command.envs(settings.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let child = command.spawn().expect("node is missing: tests/run setup installs it");
    let ended = tokio::time::timeout(LONGEST, child.wait_with_output()).await;
    let ended = ended.unwrap_or_else(|_| panic!("{script} still runs after {LONGEST:?}")).expect("node ends");
    let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    println!("{said}");
    assert!(ended.status.success(), "{script} failed; pictures are in {}:\n{said}", pictures.display());
}

/// Where tests/run put playwright-core and axe-core.
fn packages() -> PathBuf {
    let folder = switch("BROWSER_PACKAGES").map_or_else(|| target_dir().join("browser"), PathBuf::from);
    let is_there = folder.join("node_modules/playwright-core").is_dir() && folder.join("node_modules/axe-core").is_dir();
    assert!(is_there, "The browser tests need playwright-core and axe-core in {}: run tests/run setup once.", folder.display());
    folder
}
