//! The first minutes: the demo comes up alive, a fresh instance leads to its owner, bad input ends in one sentence.

use std::time::Duration;

use tests::{Client, Demo, Hermetic, eventually_async, people, process};

#[tokio::test]
async fn the_demo_comes_up_with_an_owner_who_can_sign_in() {
    let (_child, demo) = Demo::start().await;
    let owner = Client::new(&demo.url);
    owner.sign_in(&demo.owner.email, &demo.owner.password, demo.owner.totp_secret.as_deref()).await;
    let home = owner.visit("/console").await.expect(200);
    let links = console_links(&home.text);
    assert!(links.len() >= 4, "the home page leads nowhere: {links:?}");
    for link in links {
        owner.visit(&link).await.expect(200);
    }
    Client::new(&demo.url).visit("/status").await.expect(200);
    Client::with_key(&demo.url, &demo.api_key).get("/api/v1/monitors").await.expect(200);
}

#[tokio::test]
async fn every_page_of_the_demo_is_alive_within_a_minute() {
    let (_child, demo) = Demo::start().await;
    let program = Client::with_key(&demo.url, &demo.api_key);
    eventually_async("a monitor of the demo has a result", Duration::from_secs(60), || async {
        let answer = program.get("/api/v1/monitors").await;
        (answer.code == 200 && answer.text.contains("\"up\"")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_fresh_instance_leads_to_its_first_owner_and_only_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let served = Hermetic::serve(folder.path()).await;
    let stranger = Client::new(&served.url);
    let refused = stranger.visit("/set-up").await;
    assert!(!refused.text.contains("name=\"password\""), "without the token from the log nobody becomes the owner");
    let owner = people::set_up(&served).await;
    owner.visit("/console").await.expect(200);
    let address = served.setup_url.clone().expect("a fresh instance has a set-up address");
    let again = stranger.visit(&address).await;
    assert!(!again.text.contains("name=\"password\""), "the set-up address works twice");
}

#[tokio::test]
async fn what_was_set_up_is_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut served = Hermetic::serve(folder.path()).await;
    let owner = people::set_up(&served).await;
    served.kill().await;
    served.restart().await;
    assert!(served.setup_url.is_none(), "an instance with an owner offers no set-up");
    owner.moved_to(&served.url).get("/console").await.expect(200);
}

#[tokio::test]
async fn it_ends_cleanly_when_asked() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut served = Hermetic::serve(folder.path()).await;
    let ended = served.stop().await;
    assert!(ended.success(), "{ended}; its log:\n{}", served.log());
    assert!(!served.log().contains("ended before the server did"), "{}", served.log());
}

#[test]
fn a_wrong_config_ends_in_one_sentence_that_names_the_fix() {
    let cases = [
        ("listen = \"nowhere\"\n", "listen"),
        ("listne = \"127.0.0.1:0\"\n", "listne"),
        ("max_connections = \"many\"\n", "line 1"),
        ("public_url = \"hermetic.example.com\"\n", "public_url"),
        ("trusted_proxies = [\"the proxy\"]\n", "trusted_proxies"),
        ("log_format = \"xml\"\n", "xml"),
        ("listen = \"127.0.0.1:0\n", "hermetic.toml"),
    ];
    for (text, named) in cases {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("hermetic.toml");
        std::fs::write(&file, text).expect("the config can be written");
        let data = folder.path().join("data");
        let ended = process::run(&["serve", "--config", &file.to_string_lossy()], &[("HERMETIC_DATA_DIR", &data.to_string_lossy())]);
        assert_one_sentence(&ended, named, text);
    }
}

#[test]
fn a_missing_config_and_a_data_folder_that_is_a_file_end_in_one_sentence() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let absent = folder.path().join("absent.toml");
    assert_one_sentence(&process::run(&["serve", "--config", &absent.to_string_lossy()], &[]), "absent.toml", "a missing config");
    let file = folder.path().join("file");
    std::fs::write(&file, "not a folder").expect("a file");
    assert_one_sentence(
        &process::run(&["serve", "--listen", "127.0.0.1:0"], &[("HERMETIC_DATA_DIR", &file.to_string_lossy())]),
        "file",
        "a data folder that is a file",
    );
}

#[tokio::test]
async fn a_taken_port_ends_in_one_sentence() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("its address").to_string();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let ended = process::run(&["serve", "--listen", &address], &[("HERMETIC_DATA_DIR", &data.to_string_lossy())]);
    assert_one_sentence(&ended, &address, "a taken port");
}

#[test]
fn a_command_on_a_mistyped_folder_says_so_and_makes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mistyped = folder.path().join("typo");
    for arguments in [&["doctor"][..], &["settings", "list"], &["member", "setup-link"], &["status", "export", "site"]] {
        let ended = process::run(arguments, &[("HERMETIC_DATA_DIR", &mistyped.to_string_lossy())]);
        assert_one_sentence(&ended, "typo", &arguments.join(" "));
        assert!(!mistyped.exists(), "hermetic {arguments:?} made an instance");
    }
}

#[tokio::test]
async fn the_status_page_is_exported_beside_a_server_and_a_wrong_place_is_one_sentence() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let served = Hermetic::serve(folder.path()).await;
    let data = served.data_dir().to_string_lossy().into_owned();
    let site = folder.path().join("site");
    let ended = process::run(&["status", "export", &site.to_string_lossy()], &[("HERMETIC_DATA_DIR", &data)]);
    let told = process::last_line(&ended, "status export");
    assert!(told.contains("of them new or changed, 0 removed") && site.join("index.html").is_file(), "{told}");
    for (target, sentence) in [("ftp://host/site", "an export goes to s3://"), ("s3://bucket/site", "needs an access key")] {
        let ended = process::run(&["status", "export", target], &[("HERMETIC_DATA_DIR", &data)]);
        assert_one_sentence(&ended, sentence, target);
    }
    let half = [("HERMETIC_DATA_DIR", data.as_str()), ("HERMETIC_STATUS_ACCESS_KEY_ID", "key")];
    assert_one_sentence(&process::run(&["status", "export", "s3://bucket/site"], &half), "HERMETIC_STATUS_SECRET_ACCESS_KEY", "half a key");
}

#[tokio::test]
async fn a_link_printed_beside_a_server_leads_to_that_server() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let served = Hermetic::serve(folder.path()).await;
    let printed = process::run(&["member", "setup-link"], &[("HERMETIC_DATA_DIR", &served.data_dir().to_string_lossy())]);
    let link = process::last_line(&printed, "member setup-link");
    assert!(link.starts_with(&served.url), "{link} does not lead to {}", served.url);
}

#[test]
fn a_reader_that_has_seen_enough_ends_a_command_without_a_complaint() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let ended = process::bare_command().arg("version").stdout(writer).output().expect("hermetic runs");
    assert!(ended.status.success() && ended.stderr.is_empty(), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn an_answer_that_cannot_be_written_is_no_success() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device that is always full");
    let ended = process::bare_command().arg("version").stdout(full).output().expect("hermetic runs");
    assert_one_sentence(&ended, "cannot be written", "version to a full disk");
}

#[test]
fn version_and_help_answer_without_a_database() {
    let version = process::run(&["version"], &[]);
    assert!(version.status.success() && String::from_utf8_lossy(&version.stdout).contains(env!("CARGO_PKG_VERSION")));
    let help = process::run(&["--help"], &[]);
    let text = String::from_utf8_lossy(&help.stdout).into_owned();
    for command in ["serve", "demo", "apply", "probe", "status", "member", "settings", "doctor", "version"] {
        assert!(text.contains(command), "hermetic --help does not name {command}:\n{text}");
    }
}

/// It failed, and all it said is one line that names what was wrong; no panic, no backtrace.
fn assert_one_sentence(ended: &std::process::Output, named: &str, case: &str) {
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(!ended.status.success(), "{case:?} was accepted");
    assert!(!said.contains("panicked") && !said.contains("stack backtrace"), "{case:?}: {said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{case:?} should be answered by one sentence: {said}");
    assert!(said.contains(named), "{case:?}: the sentence should name {named:?}: {said}");
}

/// The links of the console's navigation: every address on the page that stays in the house.
fn console_links(html: &str) -> Vec<String> {
    let pattern = regex::Regex::new(r##"<a\b[^>]*href="(/[^"#?]*)""##).unwrap_or_else(|error| panic!("{error}"));
    let mut links: Vec<String> =
        pattern.captures_iter(html).map(|found| found[1].to_owned()).filter(|link| !link.contains("sign-out")).collect();
    links.sort();
    links.dedup();
    links
}
