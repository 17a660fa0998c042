//! The same against a real PostgreSQL: a private cluster in a temporary folder, on a socket, run by an account without rights.
//!
//! Skipped, and said aloud, where PostgreSQL is not installed; with `CI=true` that is a failure.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::dumps::{Bench, assert_good};
use crate::dumps::model::Outcome;
use crate::dumps::{acts, pages, places};

struct Cluster {
    programs: PathBuf,
    folder: tempfile::TempDir,
}

/// The newest installed version.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<PathBuf> =
        versions.flatten().map(|entry| entry.path().join("bin")).filter(|path| path.join("initdb").exists()).collect();
    found.sort();
    found.pop()
}

/// `initdb` refuses root; the account gets no right but to reach its own folder below ours.
fn as_nobody(program: &Path) -> Command {
    if !rustix::process::getuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]);
    command.arg(program);
    command
}

impl Cluster {
    fn start() -> Option<Cluster> {
        let Some(programs) = programs() else {
            let is_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
            assert!(!is_ci, "PostgreSQL must be installed: apt-get install postgresql");
            eprintln!("SKIPPED: PostgreSQL is not installed; dumps of it are not tested. apt-get install postgresql");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("own");
        std::fs::create_dir(&own).unwrap();
        std::fs::set_permissions(&own, std::fs::Permissions::from_mode(0o777)).unwrap();
        let cluster = Cluster { programs, folder };
        cluster.server("initdb", &["--auth=trust", "--username=founder", "--no-sync", "--encoding=UTF8", "--locale=C"]);
        // No port at all: only the socket in our own folder.
        let options = format!("-c listen_addresses='' -c unix_socket_directories='{}' -c fsync=off", own.display());
        let log = own.join("log").to_string_lossy().into_owned();
        cluster.server("pg_ctl", &["start", "--wait", "--silent", "--options", &options, "--log", &log]);
        cluster.sql("postgres", "create database shop");
        Some(cluster)
    }

    fn own(&self) -> PathBuf {
        self.folder.path().join("own")
    }

    fn server(&self, program: &str, arguments: &[&str]) {
        let data = self.own().join("data");
        let mut command = as_nobody(&self.programs.join(program));
        command.arg("--pgdata").arg(&data).args(arguments).current_dir("/");
        // A daemon that keeps our pipes open would keep us waiting for their end.
        let ended = command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null()).status().unwrap();
        assert!(ended.success(), "{program} ended with {ended}");
    }

    fn client(&self, program: &str) -> String {
        self.programs.join(program).to_string_lossy().into_owned()
    }

    fn sql(&self, database: &str, statement: &str) -> String {
        let mut command = Command::new(self.client("psql"));
        command.args(["--no-psqlrc", "--tuples-only", "--no-align", "--quiet", "--set=ON_ERROR_STOP=1"]);
        command.arg("--host").arg(self.own()).args(["--username=founder", "--dbname", database, "--command", statement]);
        let ended = command.output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        String::from_utf8_lossy(&ended.stdout).trim().to_owned()
    }

    fn url(&self, database: &str) -> String {
        format!("postgresql:///{database}?host={}&user=founder", self.own().display())
    }

    /// Rows that do not compress to nothing.
    fn fill(&self) {
        let rows = "create table orders (id int primary key, note text not null); create index on orders (note); \
                    insert into orders select n, md5(n::text) || md5((n * 7)::text) from generate_series(1, 5000) n; \
                    create view totals as select count(*) from orders";
        self.sql("shop", rows);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut command = as_nobody(&self.programs.join("pg_ctl"));
        command.arg("--pgdata").arg(self.own().join("data")).args(["stop", "--mode=immediate", "--silent"]).current_dir("/");
        let _ = command.status();
    }
}

#[tokio::test]
async fn a_database_is_dumped_listed_restored_on_a_scratch_server_and_comes_back_row_by_row() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.fill();
    let bench = Bench::new().await;
    let fields = json!({
        "kind": "postgresql", "command": format!("{} --format=custom --no-password", cluster.client("pg_dump")),
        "url": cluster.url("shop"), "scratch_url": cluster.url("postgres"),
    });
    let id = bench.make(fields).await;
    let run = bench.run(id).await;
    assert_good(&run);
    let note = |name: &str| run.result.checks.iter().find(|check| check.name == name).map(|check| check.note.clone()).unwrap_or_default();
    assert!(note("pg_restore --list").ends_with("entries in its table of contents."), "{:?}", run.result.checks);
    assert_eq!(note("Read to its end"), "Without an error.");
    assert_eq!(note("Restored"), "Into hermetic_check_shop: 1 table; then dropped.");
    let left = cluster.sql("postgres", "select count(*) from pg_database where datname like 'hermetic%'");
    assert_eq!(left, "0", "the scratch database is gone");

    // By hand, as the page says: fetch, decrypt, unpack, restore.
    let key = run.object().unwrap();
    assert!(bench.objects().contains(&key.to_owned()) && key.ends_with(".dump.zst.age"));
    let sealer = bench.house.cx.sealer.clone();
    let own = bench.house.cx.write(move |tx| acts::key(tx, &sealer)).await.unwrap();
    let identity = own.identity.unwrap().expose().parse::<age::x25519::Identity>().unwrap();
    let packed = age::decrypt(&identity, &bench.object(key)).unwrap();
    let plain = zstd::decode_all(&packed[..]).unwrap();
    let file = bench.house.folder().join("fetched.dump");
    std::fs::write(&file, plain).unwrap();
    cluster.sql("postgres", "create database restored");
    let mut restore = Command::new(cluster.client("pg_restore"));
    restore.args(["--no-owner", "--exit-on-error", "--username=founder", "--dbname=restored"]).arg("--host").arg(cluster.own()).arg(&file);
    assert!(restore.status().unwrap().success());
    let rows = "select count(*) || ' ' || md5(string_agg(id || note, ',' order by id)) from orders";
    assert_eq!(cluster.sql("restored", rows), cluster.sql("shop", rows));

    let place = places::named(&bench.house.cx, "").unwrap();
    let recipe = pages::run::recipe(&bench.dump(id).await, &run, key, &place.address);
    for line in ["s3://bucket/copies/dumps/shop/", "age --decrypt --identity", "zstd --decompress", "pg_restore --no-owner", "sha256sum"] {
        assert!(recipe.contains(line), "{recipe}");
    }
}

#[tokio::test]
async fn a_dump_that_was_cut_off_fails_even_where_its_list_is_whole_and_its_exit_code_is_zero() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.fill();
    let bench = Bench::new().await;
    // As over a connection that breaks: what comes out is short, and the last program of the pipe is content.
    let command = format!("sh -c '{} --format=custom --no-password | head -c 100000'", cluster.client("pg_dump"));
    let environment = BTreeMap::from([("PATH".to_owned(), format!("{}:/usr/bin:/bin", cluster.programs.display()))]);
    let id = bench.make(json!({ "kind": "postgresql", "command": command, "url": cluster.url("shop"), "environment": environment })).await;
    let run = bench.run(id).await;
    assert_eq!((run.outcome, run.result.exit_code), (Outcome::Failed, Some(0)), "{:?}", run.result);
    assert!(run.result.problem.starts_with("Read to its end: "), "{}", run.result.problem);
    let list = run.result.checks.iter().find(|check| check.name == "pg_restore --list").unwrap();
    assert!(list.is_ok, "its table of contents is whole: {list:?}");
    assert_eq!(bench.facts().await.len(), 1);
}

#[tokio::test]
async fn plain_text_is_proven_by_its_last_words_whichever_way_it_was_asked_for() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.fill();
    let bench = Bench::new().await;
    let program = cluster.client("pg_dump");
    let id = bench.make(json!({ "kind": "postgresql", "command": format!("{program} -w -F p"), "url": cluster.url("shop") })).await;
    for command in [format!("{program} -w -F p"), format!("{program} -w"), format!("{program}all -w")] {
        bench.change(id, json!({ "command": command, "size_factor": 1000 })).await;
        let run = bench.run(id).await;
        assert_good(&run);
        assert!(run.result.checks.iter().any(|check| check.name == "Ending"), "{:?}", run.result.checks);
    }
    let path = format!("{}:/usr/bin:/bin", cluster.programs.display());
    let cut = "sh -c 'pg_dump -w --format=plain | head -c 100000' --format=plain";
    bench.change(id, json!({ "command": cut, "environment": { "PATH": path } })).await;
    let run = bench.run(id).await;
    assert_eq!((run.outcome, run.result.exit_code), (Outcome::Failed, Some(0)), "{:?}", run.result);
    assert!(run.result.problem.contains("it was cut off"), "{}", run.result.problem);
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_says_why_in_the_log() {
    let Some(cluster) = Cluster::start() else { return };
    let bench = Bench::new().await;
    let command = format!("{} --format=custom --no-password", cluster.client("pg_dump"));
    let id = bench.make(json!({ "kind": "postgresql", "command": command, "url": cluster.url("nothing") })).await;
    let run = bench.run(id).await;
    assert_eq!((run.outcome, run.result.exit_code), (Outcome::Failed, Some(1)));
    assert!(run.result.log.contains("database \"nothing\" does not exist"), "{}", run.result.log);
    assert_eq!(bench.objects(), Vec::<String>::new());
}
