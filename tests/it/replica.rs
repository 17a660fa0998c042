//! The copies of the real binary: killed under load, restored by `serve` on an empty folder, by the command line, and by
//! halves while the status page answers.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use kernel::Role;
use testkit::S3;
use tests::{Answer, Client, Hermetic, eventually_async, people, process};

const LONG: Duration = Duration::from_secs(60);

/// The settings that make `s3` the destination.
pub fn destination(s3: &S3) -> Vec<(String, String)> {
    [("URL", s3.url("hermetic")), ("ACCESS_KEY_ID", S3::ACCESS_KEY.to_owned()), ("SECRET_ACCESS_KEY", S3::SECRET_KEY.to_owned())]
        .into_iter()
        .map(|(name, value)| (format!("HERMETIC_REPLICA_{name}"), value))
        .collect()
}

pub fn borrowed(settings: &[(String, String)]) -> Vec<(&str, &str)> {
    settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// A new machine: nothing but the key, which is kept apart from the copies.
pub fn new_machine(old: &Hermetic) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(folder.path().join("data")).expect("a data folder");
    std::fs::copy(old.data_dir().join("secret.key"), folder.path().join("data/secret.key")).expect("the key");
    folder
}

async fn add(program: &Client, name: &str) {
    let monitor = serde_json::json!({"name": name, "kind": "http", "url": "http://127.0.0.1:9/", "interval_s": 3600});
    program.json(Method::POST, "/api/v1/monitors", &monitor).await.expect(201);
}

/// Who makes monitors, and who reads them.
pub async fn programs(served: &Hermetic) -> (Client, Client) {
    let owner = people::set_up(served).await;
    (people::add_key(&owner, Role::Admin, "uptime:write").await, people::add_key(&owner, Role::Admin, "uptime:read").await)
}

/// `None` while nobody listens.
async fn quick(visitor: &Client, path: &str) -> Option<Answer> {
    visitor.try_send(Method::GET, path, &[], String::new()).await.ok()
}

/// The names of all monitors.
pub async fn names(program: &Client) -> Vec<String> {
    let answer = program.get("/api/v1/monitors?limit=500").await.expect(200).json();
    let mut names: Vec<String> =
        answer["monitors"].as_array().into_iter().flatten().filter_map(|monitor| monitor["name"].as_str().map(str::to_owned)).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_instance_comes_back_on_an_empty_folder_with_all_that_was_copied() {
    let s3 = S3::start();
    let settings = destination(&s3);
    let folder = tempfile::tempdir().expect("a temporary folder");
    // What is answered with 201 is at the destination.
    process::set(folder.path(), "backup.durable", "uptime");
    let mut served = Hermetic::serve_with(folder.path(), &borrowed(&settings)).await;
    let (program, reader) = programs(&served).await;
    for number in 0..40 {
        add(&program, &format!("kept-{number:02}")).await;
    }
    let before = names(&reader).await;
    assert_eq!(before.len(), 40);
    served.kill().await;
    let new = new_machine(&served);
    run_out(&s3);
    let mut again = Hermetic::serve_with(new.path(), &borrowed(&settings)).await;
    assert_eq!(names(&reader.moved_to(&again.url)).await, before);
    assert!(again.log().contains("restored"), "{}", again.log());
    // It goes on copying: its next change reaches the same path, and the next machine has it too.
    add(&program.moved_to(&again.url), "written after the restore").await;
    again.kill().await;
    let third = new_machine(&again);
    run_out(&s3);
    let last = Hermetic::serve_with(third.path(), &borrowed(&settings)).await;
    let there = names(&reader.moved_to(&last.url)).await;
    assert_eq!(there.len(), 41);
    assert!(there.iter().any(|name| name == "written after the restore"), "{there:?}");
}

/// The minute after which a dead machine's lease has run out, without waiting for it.
fn run_out(s3: &S3) {
    for file in ["hermetic.db", "telemetry.db"] {
        // It may have been killed before it had one.
        let _ = std::fs::remove_file(s3.folder().join("hermetic").join(file).join("lock.json"));
    }
}

/// Four programs write, the log is written to as well, and the process is killed in the middle: whatever was answered with 201
/// was at the destination by then, and is there on the new machine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_acknowledged_as_durable_is_missing_after_kill_9_under_load() {
    let s3 = S3::start();
    let settings = destination(&s3);
    let folder = tempfile::tempdir().expect("a temporary folder");
    process::set(folder.path(), "backup.durable", "uptime");
    let mut served = Hermetic::serve_with(folder.path(), &borrowed(&settings)).await;
    let (program, reader) = programs(&served).await;
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (program, acknowledged) = (program.moved_to(program.base()), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                for number in 0..500 {
                    let name = format!("kept-{writer}-{number:03}");
                    // Checked at once and often, so that telemetry.db is written all the while.
                    let monitor = serde_json::json!({"name": name, "kind": "tcp", "host": "127.0.0.1", "port": 9, "interval_s": 20});
                    let sent =
                        program.try_send(Method::POST, "/api/v1/monitors", &[("content-type", "application/json")], monitor.to_string());
                    match sent.await {
                        Ok(answer) if answer.code == 201 => acknowledged.lock().expect("the list").push(name),
                        Ok(answer) => panic!("{}: {}", answer.code, answer.text),
                        // It was killed.
                        Err(_) => return,
                    }
                }
            })
        })
        .collect();
    eventually_async("enough was acknowledged", LONG, || async { (acknowledged.lock().expect("the list").len() >= 60).then_some(()) })
        .await;
    served.kill().await;
    for writer in writers {
        writer.await.expect("a writer");
    }
    let new = new_machine(&served);
    let again = Hermetic::serve_with(new.path(), &borrowed(&settings)).await;
    let there = names(&reader.moved_to(&again.url)).await;
    let acknowledged = acknowledged.lock().expect("the list");
    let missing: Vec<_> = acknowledged.iter().filter(|name| !there.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?} of {} acknowledged are missing; {} are there", acknowledged.len(), there.len());
    println!("{} acknowledged as durable, {} restored", acknowledged.len(), there.len());
}

/// Whether `backup list` on the destination shows what the spool has.
async fn is_current(served: &Hermetic) -> bool {
    let spool = served.data_dir().join("replica/hermetic.db/ltx/0");
    let newest = |folder: &Path| {
        let names = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.ends_with(".ltx")).max()
    };
    let listed = served.command(&["backup", "list", "--most", "1"]);
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let Some(newest) = newest(&spool).and_then(|name| u64::from_str_radix(name.get(..16)?, 16).ok()) else { return false };
    text.contains(&format!("hermetic.db at {}", "s3://")) && text.contains(&format!("up to transaction {newest} "))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_page_answers_while_the_log_is_still_being_restored() {
    let s3 = S3::start();
    let settings = destination(&s3);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut served = Hermetic::serve_with(folder.path(), &borrowed(&settings)).await;
    let (program, _) = programs(&served).await;
    add(&program, "kept").await;
    eventually_async("the copies are up to date", LONG, || async { is_current(&served).await.then_some(()) }).await;
    assert!(served.stop().await.success());
    let new = new_machine(&served);
    s3.set_slow(Duration::from_millis(300));
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address");
    let listen = port.to_string();
    let mut slow = settings.clone();
    slow.push(("HERMETIC_LISTEN".to_owned(), listen.clone()));
    let start = || {
        let mut child = process::bare_command();
        child.arg("serve").env("HERMETIC_DATA_DIR", new.path().join("data")).stderr(std::process::Stdio::null());
        child.envs(slow.clone()).spawn().expect("it starts")
    };
    let left = || {
        let names = std::fs::read_dir(new.path().join("data")).expect("the data folder").flatten();
        names.filter(|entry| entry.file_name().to_string_lossy().starts_with("restoring-")).count()
    };
    let visitor = Client::new(&format!("http://{listen}"));
    let mut child = start();
    // Killed in the middle, as systemd or an impatient founder does, it must come back the same way.
    for is_first in [true, false] {
        let seen = eventually_async("the status page answers before the rest does", LONG, || async {
            let page = quick(&visitor, "/status").await?;
            let console = quick(&visitor, "/console").await?;
            (page.code == 200 && console.code == 503).then_some(console.text)
        })
        .await;
        assert!(seen.contains("is being restored"), "{seen}");
        assert_eq!(left(), 1, "what the killed one left is cleared away");
        if is_first {
            child.kill().expect("it is killed");
            child.wait().expect("it ends");
            assert!(!new.path().join("data/telemetry.db").exists(), "it was killed before the log was back");
            child = start();
        }
    }
    // The store breaks off: the page stays, and what is behind it says so.
    s3.set_down(true);
    eventually_async("a try fails", LONG, || async {
        let console = quick(&visitor, "/console").await?;
        console.text.contains("the last try failed").then_some(())
    })
    .await;
    assert_eq!(quick(&visitor, "/status").await.map(|page| page.code), Some(200));
    s3.set_down(false);
    s3.set_slow(Duration::ZERO);
    eventually_async("everything answers", LONG, || async {
        quick(&visitor, "/healthz").await.filter(|answer| answer.code == 200).map(|_| ())
    })
    .await;
    assert_eq!(left(), 0);
    child.kill().expect("it is stopped");
    child.wait().expect("it ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_lists_verifies_rehearses_and_restores_and_never_overwrites() {
    let s3 = S3::start();
    let settings = destination(&s3);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut served = Hermetic::serve_with(folder.path(), &borrowed(&settings)).await;
    let (program, _) = programs(&served).await;
    add(&program, "kept").await;
    assert!(served.stop().await.success(), "it ends when the copies are up to date");
    let run = |arguments: &[&str]| {
        let ended = process::run(arguments, &borrowed(&settings));
        let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        assert!(!said.contains(S3::SECRET_KEY), "{arguments:?} shows the secret");
        (ended.status.success(), said)
    };
    let (is_ok, said) = run(&["backup", "verify"]);
    assert!(is_ok && said.contains("restorable in"), "{said}");
    let (is_ok, said) = run(&["drill"]);
    assert!(is_ok && said.contains("hermetic.db at replica: restored and checked"), "{said}");
    let out = folder.path().join("out");
    let target = out.to_string_lossy().into_owned();
    let (is_ok, said) = run(&["restore", &target]);
    assert!(!is_ok && said.contains("Nothing was written") && said.contains("That is all this copy has"), "{said}");
    assert!(!out.join("hermetic.db").exists());
    let (is_ok, said) = run(&["restore", "--yes", &target]);
    assert!(is_ok && said.contains("hermetic.db: restored to transaction"), "{said}");
    for file in ["hermetic.db", "telemetry.db"] {
        let mode = std::fs::metadata(out.join(file)).expect("the restored file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file} is its owner's alone");
    }
    let (is_ok, said) = run(&["restore", "--yes", &target]);
    assert!(!is_ok && said.contains("nothing was overwritten"), "{said}");
    let (is_ok, said) = run(&["restore", "--yes", "--at", "1999-01-01T00:00:00Z", &format!("{target}-early")]);
    assert!(!is_ok && said.contains("Nothing was written before"), "{said}");
    let (is_ok, said) = run(&["restore", "--yes", "--txid", "1", &format!("{target}-one")]);
    assert!(!is_ok && said.contains("--only"), "{said}");
    let (is_ok, said) = run(&["restore", "--yes", "--txid", "1", "--only", "hermetic.db", &format!("{target}-one")]);
    assert!(is_ok && said.contains("will not be in it"), "{said}");
    // A mistyped address must not stay green in somebody's cron, nor a bucket that was emptied.
    std::fs::create_dir(folder.path().join("nowhere")).expect("an empty folder");
    let nowhere = folder.path().join("nowhere").to_string_lossy().into_owned();
    for rehearsed in [&["drill", "--from", &nowhere][..], &["backup", "verify", "--from", &nowhere]] {
        let (is_ok, said) = run(rehearsed);
        assert!(!is_ok && said.contains("There is no copy of hermetic.db at"), "{rehearsed:?}: {said}");
    }
    let level = s3.folder().join("hermetic/telemetry.db/0000");
    let object = std::fs::read_dir(level).expect("the level").flatten().next().expect("an object").path();
    std::fs::write(object, "not what it was").expect("it is broken");
    let (is_ok, said) = run(&["backup", "verify"]);
    assert!(!is_ok && said.contains("damaged: "), "{said}");
}

/// What `sudo hermetic restore` makes belongs to the owner of the folder: the service, which is not root, must be able to open it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_root_restores_belongs_to_the_owner_of_the_folder() {
    let s3 = S3::start();
    let settings = destination(&s3);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut served = Hermetic::serve_with(folder.path(), &borrowed(&settings)).await;
    assert!(served.stop().await.success());
    let home = tempfile::tempdir().expect("a temporary folder");
    let own = std::fs::metadata(home.path()).expect("its owner").uid();
    let owner = if own == 0 { 12_345 } else { own };
    std::os::unix::fs::chown(home.path(), Some(owner), None).expect("the folder gets another owner");
    std::fs::write(home.path().join("mine"), "not made by the restore").expect("another file");
    std::fs::create_dir(home.path().join("replica")).expect("a folder");
    std::os::unix::fs::symlink(home.path().join("mine"), home.path().join("replica/link")).expect("a link");
    let owner_of = |path: &Path| std::fs::symlink_metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).uid();
    for target in [home.path().to_owned(), home.path().join("made/here")] {
        let ended = process::run(&["restore", "--yes", &target.to_string_lossy()], &borrowed(&settings));
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        for made in ["hermetic.db", "telemetry.db", "hermetic.lock", "replica/hermetic.db/seal.json", "."] {
            assert_eq!(owner_of(&target.join(made)), owner, "{}: {made}", target.display());
        }
    }
    assert_eq!(owner_of(&home.path().join("made")), owner);
    assert_eq!(owner_of(&home.path().join("mine")), own, "what was there before keeps its owner, and no link leads to it");
}

/// Two destinations; the first fell behind before the machine died.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_folder_is_filled_from_the_newest_copy_not_from_the_first() {
    let s3 = S3::start();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("hermetic.toml");
    let (url, access, secret, vault) = (s3.url("hermetic"), S3::ACCESS_KEY, S3::SECRET_KEY, folder.path().join("vault"));
    let main = format!("[[replica]]\nname = \"main\"\nurl = {url:?}\naccess_key_id = {access:?}\nsecret_access_key = {secret:?}\n");
    std::fs::write(&config, format!("{main}[[replica]]\nname = \"vault\"\nurl = {vault:?}\n")).expect("the config");
    std::fs::create_dir(&vault).expect("the vault");
    let config = config.to_string_lossy().into_owned();
    let settings = [("HERMETIC_CONFIG", config.as_str())];
    let mut served = Hermetic::serve_with(folder.path(), &settings).await;
    let (program, reader) = programs(&served).await;
    add(&program, "yesterday").await;
    let copy = |served: &Hermetic, wait: &str| {
        let ended = served.command(&["backup", "now", "--wait", wait]);
        let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        (ended.status.success(), said)
    };
    let (is_ok, said) = copy(&served, "60");
    assert!(is_ok && said.contains("A server runs on this folder") && said.contains("at main") && said.contains("at vault"), "{said}");
    s3.set_fails(true);
    add(&program, "today").await;
    eventually_async("the vault has it", LONG, || async { copy(&served, "0").1.contains("hermetic.db: transaction").then_some(()) }).await;
    let (is_ok, said) = copy(&served, "0");
    assert!(!is_ok && said.contains("is not at main"), "{said}");
    assert!(served.stop().await.success(), "a destination that fails keeps nobody from stopping");
    let (is_ok, said) = copy(&served, "1");
    assert!(!is_ok && said.contains("is at vault") && said.contains("is not at main"), "{said}");
    // It answers again, and has only what it had.
    s3.set_fails(false);
    let new = new_machine(&served);
    let again = Hermetic::serve_with(new.path(), &settings).await;
    assert_eq!(names(&reader.moved_to(&again.url)).await, ["today", "yesterday"]);
    assert!(again.log().contains("The replica main has only the state of"), "{}", again.log());
    drop(again);
    s3.set_down(true);
    let out = folder.path().join("out").to_string_lossy().into_owned();
    let ended = process::run(&["restore", "--yes", &out], &settings);
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success() && said.contains("from vault.") && said.contains("The replica main cannot be asked"), "{said}");
    assert!(said.contains("may hold a newer state"), "{said}");
}

/// The unit's TimeoutStartSec cannot know how large the data is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn systemd_is_asked_for_more_time_before_it_is_told_that_the_start_is_over() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let socket = folder.path().join("notify");
    let systemd = std::os::unix::net::UnixDatagram::bind(&socket).expect("a socket");
    systemd.set_read_timeout(Some(LONG)).expect("a limit");
    let mut served = Hermetic::serve_with(folder.path(), &[("NOTIFY_SOCKET", &socket.to_string_lossy())]).await;
    let said = || {
        let mut buffer = [0; 256];
        let length = systemd.recv(&mut buffer).expect("a notice");
        String::from_utf8_lossy(&buffer[..length]).trim().to_owned()
    };
    assert_eq!(said(), "EXTEND_TIMEOUT_USEC=120000000");
    assert_eq!(said(), "READY=1");
    assert!(served.stop().await.success());
}
