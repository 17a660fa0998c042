//! What people do on the day something broke: databases put in place by hand, a key file that is missing or the wrong one, commands on
//! an empty folder, a disk that is not mounted, copies that are damaged. None of it may lose what a copy still has.

use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Method;
use tests::{Client, Hermetic, eventually_async, process};

use crate::replica::{names, new_machine, programs};

const LONG: Duration = Duration::from_secs(60);

/// A folder as the only destination.
struct Scene {
    folder: tempfile::TempDir,
    served: Hermetic,
    program: Client,
    reader: Client,
}

impl Scene {
    /// With one monitor, “kept”, which is at the destination.
    async fn new() -> Scene {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let copies = folder.path().join("copies");
        std::fs::create_dir(&copies).expect("the destination");
        let served = Hermetic::serve_with(folder.path(), &[("HERMETIC_REPLICA_URL", &copies.to_string_lossy())]).await;
        let (program, reader) = programs(&served).await;
        let scene = Scene { folder, served, program, reader };
        scene.add("kept").await;
        let copied = scene.served.command(&["backup", "now", "--wait", "60"]);
        assert!(copied.status.success(), "{}", said(&copied));
        scene
    }

    async fn add(&self, name: &str) {
        let monitor = serde_json::json!({"name": name, "kind": "http", "url": "http://127.0.0.1:9/", "interval_s": 3600});
        self.program.moved_to(&self.served.url).json(Method::POST, "/api/v1/monitors", &monitor).await.expect(201);
    }

    async fn names(&self) -> Vec<String> {
        names(&self.reader.moved_to(&self.served.url)).await
    }

    fn copies(&self) -> PathBuf {
        self.folder.path().join("copies")
    }

    /// A command on another data folder, with the same destination.
    fn on(&self, data: &Path, arguments: &[&str]) -> (bool, String) {
        run_on(data, &self.copies(), arguments)
    }
}

fn run_on(data: &Path, copies: &Path, arguments: &[&str]) -> (bool, String) {
    let settings = [("HERMETIC_DATA_DIR", data.to_string_lossy()), ("HERMETIC_REPLICA_URL", copies.to_string_lossy())];
    let ended = process::run(arguments, &settings.each_ref().map(|(name, value)| (*name, value.as_ref())));
    (ended.status.success(), said(&ended))
}

fn said(ended: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr))
}

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn databases_put_in_place_over_a_crashed_instance_are_opened_without_its_log() {
    let mut scene = Scene::new().await;
    let then = scene.folder.path().join("then");
    let (is_ok, text) = scene.on(&then, &["restore", "--yes", &then.to_string_lossy()]);
    assert!(is_ok, "{text}");
    // `cp` over the old file, which stays the same file; and one moved away before.
    for is_moved in [false, true] {
        for number in 0..20 {
            scene.add(&format!("mistake-{is_moved}-{number}")).await;
        }
        scene.served.kill().await;
        let data = scene.served.data_dir();
        assert!(std::fs::metadata(data.join("hermetic.db-wal")).is_ok_and(|log| log.len() > 0), "a crash leaves a log");
        for file in ["hermetic.db", "telemetry.db"] {
            if is_moved {
                std::fs::rename(data.join(file), scene.folder.path().join(file)).expect("it is moved away");
            }
            std::fs::copy(then.join(file), data.join(file)).expect("it is put in place");
        }
        scene.served.restart().await;
        assert_eq!(scene.names().await, ["kept"], "{}", scene.served.log());
        assert!(scene.served.log().contains("was put here by hand"), "{}", scene.served.log());
        let (is_ok, text) = scene.on(&data, &["doctor"]);
        assert!(is_ok, "{text}");
    }
    // A crash alone loses nothing.
    scene.add("written after it").await;
    scene.served.kill().await;
    scene.served.restart().await;
    assert_eq!(scene.names().await, ["kept", "written after it"]);
    let whole = eventually_async("a copy of it is whole", LONG, || async {
        scene.served.command(&["backup", "now", "--wait", "30"]).status.success().then_some(())
    });
    whole.await;
    let (is_ok, text) = scene.on(&scene.served.data_dir(), &["drill"]);
    assert!(is_ok, "{text}");
}

/// Whether the log that was restored is the old one: a new one would hold next to nothing.
fn log_is_back(scene: &Scene, data: &Path) {
    let out = tempfile::tempdir().expect("a temporary folder");
    let (is_ok, text) = scene.on(out.path(), &["restore", "--yes", "--only", "telemetry.db", &out.path().to_string_lossy()]);
    assert!(is_ok, "{text}");
    assert!(
        std::fs::read(data.join("telemetry.db")).expect("it is there") == std::fs::read(out.path().join("telemetry.db")).expect("the copy")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_comes_back_too_when_the_key_file_is_missing_or_the_wrong_one_at_first() {
    let mut scene = Scene::new().await;
    assert!(scene.served.stop().await.success());
    let new = tempfile::tempdir().expect("a temporary folder");
    // No key: both files are back before the start ends with that.
    let lost = new.path().join("lost");
    let (is_ok, text) = scene.on(&lost, &SERVE);
    assert!(!is_ok && text.contains("is missing, and this folder has a database"), "{text}");
    log_is_back(&scene, &lost);
    let (is_ok, text) = scene.on(&lost, &["settings", "new-key"]);
    assert!(is_ok, "{text}");
    // The wrong key, and a command before the right one is found.
    let wrong = new.path().join("wrong");
    std::fs::create_dir(&wrong).expect("a data folder");
    std::fs::write(wrong.join("secret.key"), "ab".repeat(32)).expect("another key");
    let (is_ok, text) = scene.on(&wrong, &SERVE);
    assert!(!is_ok && text.contains("key"), "{text}");
    log_is_back(&scene, &wrong);
    let (_, text) = scene.on(&wrong, &["doctor"]);
    assert!(text.contains("key"), "{text}");
    std::fs::copy(scene.served.data_dir().join("secret.key"), wrong.join("secret.key")).expect("the right key");
    log_is_back(&scene, &wrong);
    assert!(scene.on(&wrong, &["doctor"]).0);
    // The state alone, as `restore --only` leaves it: no command makes an empty log.
    let half = new.path().join("half");
    let (is_ok, text) = scene.on(&half, &["restore", "--yes", "--only", "hermetic.db", &half.to_string_lossy()]);
    assert!(is_ok, "{text}");
    let (is_ok, text) = scene.on(&half, &["settings", "new-key"]);
    assert!(is_ok, "{text}");
    for command in [&["doctor"][..], &["member", "list"], &["backup", "now", "--wait", "1"]] {
        let (is_ok, text) = scene.on(&half, command);
        assert!(!is_ok && text.contains("Start `hermetic serve` first"), "{command:?}: {text}");
    }
    assert!(!half.join("telemetry.db").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_command_begins_an_instance_where_a_copy_may_be_restored() {
    let mut scene = Scene::new().await;
    assert!(scene.served.stop().await.success());
    let new = new_machine(&scene.served);
    let data = new.path().join("data");
    let file = new.path().join("apply.toml");
    std::fs::write(&file, "").expect("a file to apply");
    let file = file.to_string_lossy();
    let site = new.path().join("site").to_string_lossy().into_owned();
    for command in [
        &["apply", "--plan", &file][..],
        &["apply", "--yes", &file],
        &["settings", "set", "backup.durable", "uptime"],
        &["settings", "list"],
        &["settings", "new-key"],
        &["member", "setup-link"],
        &["status", "export", &site],
        &["backup", "now"],
        &["doctor"],
    ] {
        let (is_ok, text) = scene.on(&data, command);
        assert!(!is_ok && text.contains("There is no Hermetic in"), "{command:?}: {text}");
        assert!(!data.join("hermetic.db").exists() && !data.join("telemetry.db").exists(), "{command:?}");
    }
    let copies = scene.copies();
    let again = Hermetic::serve_with(new.path(), &[("HERMETIC_REPLICA_URL", &copies.to_string_lossy())]).await;
    assert_eq!(names(&scene.reader.moved_to(&again.url)).await, ["kept"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_destination_whose_folder_is_not_there_is_an_unmounted_disk_and_no_new_instance() {
    let mut scene = Scene::new().await;
    assert!(scene.served.stop().await.success());
    let new = new_machine(&scene.served);
    let (data, copies, away) = (new.path().join("data"), scene.copies(), scene.folder.path().join("away"));
    std::fs::rename(&copies, &away).expect("the disk is gone");
    let (is_ok, text) = scene.on(&data, &SERVE);
    assert!(!is_ok && text.contains("is not there: is the disk mounted?"), "{text}");
    assert!(!data.join("hermetic.db").exists() && !copies.exists());
    std::fs::rename(&away, &copies).expect("it is back");
    let again = Hermetic::serve_with(new.path(), &[("HERMETIC_REPLICA_URL", &copies.to_string_lossy())]).await;
    assert_eq!(names(&scene.reader.moved_to(&again.url)).await, ["kept"]);
}

/// Every object of one file's copy that holds its newest transaction, except whole copies of the file.
fn damage_newest(copies: &Path, file: &str) {
    let levels = std::fs::read_dir(copies.join(file).join("ltx")).expect("levels").flatten();
    let objects: Vec<PathBuf> =
        levels.flat_map(|level| std::fs::read_dir(level.path()).expect("objects").flatten()).map(|object| object.path()).collect();
    let last = |path: &Path| path.file_stem().and_then(|name| Some(name.to_str()?.split_once('-')?.1.to_owned())).expect("a name");
    let newest = objects.iter().map(|object| last(object)).max().expect("an object");
    for object in objects.iter().filter(|object| last(object) == newest) {
        let mut bytes = std::fs::read(object).expect("an object");
        let middle = bytes.len() / 2;
        bytes[middle..].fill(7);
        std::fs::write(object, bytes).expect("it is damaged");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_copy_gives_way_to_the_next_and_names_the_command_that_takes_what_is_there() {
    let mut scene = Scene::new().await;
    scene.add("the last").await;
    assert!(scene.served.stop().await.success());
    let (folder, copies) = (&scene.folder, scene.copies());
    let whole = folder.path().join("whole copy");
    let copied = std::process::Command::new("cp").arg("-r").arg(&copies).arg(&whole).status();
    assert!(copied.is_ok_and(|ended| ended.success()));
    damage_newest(&copies, "hermetic.db");
    // The only one: the start and the command name what to do.
    let new = new_machine(&scene.served);
    let data = new.path().join("data");
    let (is_ok, text) = scene.on(&data, &SERVE);
    let advice = format!("{}`", data.display());
    assert!(!is_ok && text.contains("`hermetic restore --from replica --only hermetic.db --txid ") && text.contains(&advice), "{text}");
    let out = folder.path().join("out");
    let (is_ok, text) = scene.on(&data, &["restore", "--yes", &out.to_string_lossy()]);
    let command = text.split_once("`hermetic ").and_then(|(_, rest)| Some(rest.split_once('`')?.0.to_owned()));
    let command = command.unwrap_or_else(|| panic!("it names a command: {text}"));
    assert!(!is_ok && text.contains("The replica replica, hermetic.db"), "{text}");
    let words: Vec<&str> = command.split(' ').chain(["--yes"]).collect();
    let (is_ok, text) = scene.on(&data, &words);
    assert!(is_ok, "{command}: {text}");
    // A killed restore leaves half: what is missing comes back beside it.
    std::fs::write(out.join("telemetry.db.restoring"), "half").expect("what a killed one left");
    std::fs::write(out.join("telemetry.db.unchecked"), "half").expect("what a killed one left");
    let (is_ok, text) = scene.on(&data, &["restore", "--yes", &out.to_string_lossy()]);
    assert!(!is_ok && text.contains("telemetry.db is not there: --only telemetry.db restores it beside"), "{text}");
    let (is_ok, text) = scene.on(&data, &["restore", "--yes", "--only", "telemetry.db", &out.to_string_lossy()]);
    assert!(is_ok && !out.join("telemetry.db.restoring").exists() && !out.join("telemetry.db.unchecked").exists(), "{text}");
    // Another destination has it whole.
    let config = folder.path().join("two.toml");
    let text = format!("[[replica]]\nname = \"main\"\nurl = {copies:?}\n[[replica]]\nname = \"vault\"\nurl = {whole:?}\n");
    std::fs::write(&config, text).expect("a config");
    let two = |arguments: &[&str]| {
        let ended =
            process::run(arguments, &[("HERMETIC_CONFIG", &config.to_string_lossy()), ("HERMETIC_DATA_DIR", &data.to_string_lossy())]);
        (ended.status.success(), said(&ended))
    };
    let (is_ok, text) = two(&["restore", "--yes", &folder.path().join("out2").to_string_lossy()]);
    assert!(is_ok && text.contains("what main has leads nowhere; this is the state of vault instead"), "{text}");
    let (is_ok, text) = two(&["drill"]);
    assert!(!is_ok && text.contains("hermetic.db at main could not be restored"), "{text}");
    assert!(text.contains("telemetry.db at main: restored") && text.contains("hermetic.db at vault: restored"), "the others go on: {text}");
    let (is_ok, text) = two(&["backup", "verify"]);
    assert!(!is_ok && text.contains("not restorable to the end") && text.contains("problems were found"), "{text}");
    let (is_ok, text) = two(&["backup", "verify", "--from", "vault"]);
    assert!(is_ok, "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_encrypted_second_destination_is_read_by_its_name_and_by_its_address() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name);
    let pair = said(&process::run(&["backup", "keygen"], &[]));
    let recipient = pair.split('"').nth(1).expect("a recipient").to_owned();
    std::fs::write(at("age.key"), &pair).expect("the identity");
    for name in ["plain", "sealed"] {
        std::fs::create_dir(at(name)).expect("a destination");
    }
    let (config, blind) = (at("hermetic.toml"), at("blind.toml"));
    let plain = format!("[[replica]]\nname = \"plain\"\nurl = {:?}\n", at("plain"));
    let sealed = format!("[[replica]]\nname = \"sealed\"\nurl = {:?}\nage_recipient = {recipient:?}\n", at("sealed"));
    std::fs::write(&config, format!("{plain}{sealed}age_identity_file = {:?}\n", at("age.key"))).expect("a config");
    std::fs::write(&blind, format!("{plain}{sealed}")).expect("the config of a machine that only writes");
    let mut served = Hermetic::serve_with(folder.path(), &[("HERMETIC_CONFIG", &blind.to_string_lossy())]).await;
    let copied = served.command(&["backup", "now", "--wait", "60"]);
    assert!(copied.status.success(), "{}", said(&copied));
    assert!(served.stop().await.success());
    let run = |config: &Path, arguments: &[&str]| {
        let data = at("data");
        let ended =
            process::run(arguments, &[("HERMETIC_CONFIG", &config.to_string_lossy()), ("HERMETIC_DATA_DIR", &data.to_string_lossy())]);
        (ended.status.success(), said(&ended))
    };
    let address = format!("{}/", at("sealed").display());
    for (number, from) in ["sealed", &address].into_iter().enumerate() {
        for command in [&["drill"][..], &["backup", "verify"], &["backup", "list"]] {
            let (is_ok, text) = run(&config, &[command, &["--from", from]].concat());
            assert!(is_ok && text.contains("seal") && !text.contains("damaged: "), "{command:?} --from {from}: {text}");
        }
        let out = at(&format!("out{number}")).to_string_lossy().into_owned();
        let (is_ok, text) = run(&config, &["restore", "--yes", "--from", from, &out]);
        assert!(is_ok, "{text}");
        let out = at(&format!("export{number}")).to_string_lossy().into_owned();
        let (is_ok, text) = run(&config, &["backup", "export-plain", "--from", from, &out]);
        assert!(is_ok, "{text}");
        let (is_ok, text) = run(&config, &["backup", "export-plain", "--from", from, &out]);
        assert!(!is_ok && text.contains("is not empty; nothing was written"), "{text}");
    }
    let (is_ok, text) = run(&config, &["backup", "list", "--from", "nobody"]);
    assert!(!is_ok && text.contains("not the name of a configured replica"), "{text}");
    // Who only writes cannot verify; that is no damage.
    let (is_ok, text) = run(&blind, &["backup", "verify"]);
    assert!(!is_ok && text.contains("hermetic.db at sealed and telemetry.db at sealed could not be verified here"), "{text}");
    assert!(!text.contains("damaged") && !text.contains("whole copy mends"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_not_up_to_date_where_nothing_is_or_where_another_instance_writes() {
    let mut scene = Scene::new().await;
    let lock = scene.copies().join("hermetic.db/lock.json");
    assert!(scene.served.stop().await.success());
    std::fs::write(&lock, r#"{"generation":9,"expires_at":"2999-01-01T00:00:00Z","owner":"somebody","host":"elsewhere"}"#).expect("a lock");
    let copied = scene.served.command(&["backup", "now", "--wait", "1"]);
    assert!(!copied.status.success() && said(&copied).contains("another instance (elsewhere) writes to replica"), "{}", said(&copied));
    scene.served.restart().await;
    let copied = scene.served.command(&["backup", "now", "--wait", "1"]);
    assert!(!copied.status.success() && said(&copied).contains("elsewhere"), "{}", said(&copied));
    assert!(!said(&copied).contains("transaction 0 is at"), "{}", said(&copied));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moment_before_the_first_copy_of_one_file_names_it_and_how_the_other_comes_back() {
    let mut scene = Scene::new().await;
    assert!(scene.served.stop().await.success());
    let out = scene.folder.path().join("out").to_string_lossy().into_owned();
    let (is_ok, text) = scene.on(&scene.served.data_dir(), &["restore", "--yes", "--at", "1999-01-01T00:00:00Z", &out]);
    assert!(
        !is_ok && text.contains("hermetic.db: The replica replica, hermetic.db") && text.contains("With --only telemetry.db"),
        "{text}"
    );
}
