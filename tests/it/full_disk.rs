//! A disk that fills up: observations are refused first, the state last, with a sentence that says so; what was answered is there,
//! what was refused is not, and all of it comes back from the copies.
//!
//! The disk is a small one of this test's own, which only root may mount: elsewhere the test says that it was skipped.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Method;
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::thread::UnshareFlags;
use testkit::S3;
use tests::{Answer, Client, Hermetic, Sink, eventually, eventually_async, process};

use crate::replica::{borrowed, destination, names, new_machine, programs};

const LONG: Duration = Duration::from_secs(60);
const MB: u64 = 1 << 20;
const SIZE: &std::ffi::CStr = c"size=640m";

#[test]
fn a_full_disk_refuses_observations_first_and_the_state_last_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(folder.path().join("data")).expect("a data folder");
    let disk = folder.path().join("data");
    if let Err(why) = small_disk(&disk) {
        eprintln!("SKIPPED: a small disk cannot be mounted here: {why}");
        return;
    }
    // Processes and threads that are started from here see the small disk, and nobody else does.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(fill_up(folder.path(), &Disk { folder: disk }));
}

fn small_disk(folder: &Path) -> Result<(), String> {
    #[expect(deprecated, reason = "its successor is unsafe because of flags about open files, which are not used here")]
    rustix::thread::unshare(UnshareFlags::NEWNS).map_err(|error| format!("unshare: {error}"))?;
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).map_err(|error| format!("private mounts: {error}"))?;
    mount("tmpfs", folder, "tmpfs", MountFlags::empty(), Some(SIZE)).map_err(|error| format!("mount: {error}"))
}

struct Disk {
    folder: PathBuf,
}

impl Disk {
    fn free(&self) -> u64 {
        let room = rustix::fs::statvfs(&self.folder).expect("the disk answers");
        room.f_bavail * room.f_frsize
    }

    /// Writes ballast until so much is free; all the room there is with 0.
    fn leave(&self, free: u64) {
        let mut ballast = std::fs::File::options().append(true).create(true).open(self.folder.join("ballast")).expect("ballast");
        let zeros = vec![0; 1 << 16];
        while self.free() > free {
            let length = usize::try_from((self.free() - free).min(1 << 16)).unwrap_or(1 << 16);
            if ballast.write_all(&zeros[..length]).is_err() {
                return;
            }
        }
    }

    fn empty(&self) {
        std::fs::remove_file(self.folder.join("ballast")).expect("the ballast goes");
    }
}

async fn try_add(program: &Client, name: &str) -> Answer {
    // Checked at once and often: each check is an observation.
    let monitor = serde_json::json!({"name": name, "kind": "tcp", "host": "127.0.0.1", "port": 9, "interval_s": 20});
    let headers = [("content-type", "application/json")];
    program.try_send(Method::POST, "/api/v1/monitors", &headers, monitor.to_string()).await.expect("it answers")
}

async fn fill_up(folder: &Path, disk: &Disk) {
    let (s3, sink) = (S3::start(), Sink::start().await);
    let settings = destination(&s3);
    let channel = format!("[[channels]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"{}\"\ntakes = \"everything\"\n", sink.url("hook"));
    process::apply(folder, &channel);
    let mut served = Hermetic::serve_with(folder, &borrowed(&settings)).await;
    let (program, reader) = programs(&served).await;
    let mut kept = BTreeSet::new();
    let keep = |kept: &mut BTreeSet<String>, name: &str, answer: &Answer| {
        assert_eq!(answer.code, 201, "{}", answer.text);
        kept.insert(name.to_owned());
    };
    keep(&mut kept, "room", &try_add(&program, "room").await);

    disk.leave(160 * MB);
    let says = |text: &str| sink.hits().iter().any(|hit| hit.json()["data"]["title"].as_str().is_some_and(|title| title.contains(text)));
    eventually("somebody is told that observations are refused", LONG, || says("The disk is full").then_some(())).await;
    keep(&mut kept, "narrow", &try_add(&program, "narrow").await);

    disk.leave(20 * MB);
    let refused = eventually_async("the state is refused, too", LONG, || async {
        let answer = try_add(&program, "refused").await;
        (answer.code != 201).then_some(answer)
    })
    .await;
    assert_eq!(refused.code, 503, "{}", refused.text);
    assert!(refused.text.contains("The disk is nearly full") && refused.text.contains("free some space"), "{}", refused.text);
    assert_eq!(reader.get("/api/v1/monitors").await.expect(200).code, 200, "what is there can be read");
    if names(&reader).await.contains(&"refused".to_owned()) {
        // A look at the disk is a second old at most: the first of them may have been taken.
        kept.insert("refused".to_owned());
    }

    disk.empty();
    eventually_async("there is room again", LONG, || async { (try_add(&program, "again").await.code == 201).then_some(()) }).await;
    kept.insert("again".to_owned());
    eventually("the end is told, too", LONG, || says("has room again").then_some(())).await;

    // Nothing at all is left, between two looks.
    disk.leave(0);
    for number in 0..40 {
        let name = format!("none-{number:02}");
        let answer = try_add(&program, &name).await;
        match answer.code {
            201 => drop(kept.insert(name)),
            503 => {}
            code => panic!("{code}: {}", answer.text),
        }
    }
    served.kill().await;
    disk.empty();
    served.restart().await;
    let reader = reader.moved_to(&served.url);
    let there: BTreeSet<String> = names(&reader).await.into_iter().collect();
    assert_eq!(there, kept, "what was answered is there, and nothing else");
    assert!(served.stop().await.success(), "{}", served.log());
    let drill = served.command(&["drill"]);
    assert!(drill.status.success(), "{}", String::from_utf8_lossy(&drill.stderr));
    let new = new_machine(&served);
    let again = Hermetic::serve_with(new.path(), &borrowed(&settings)).await;
    assert_eq!(names(&reader.moved_to(&again.url)).await.into_iter().collect::<BTreeSet<_>>(), kept);
}
