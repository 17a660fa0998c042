//! The preset of SQLite with the real `sqlite3`, on a database that somebody writes to.
//!
//! Skipped, and said aloud, where it is not installed; with `CI=true` that is a failure.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::dumps::{Bench, assert_good};
use crate::dumps::acts;
use crate::dumps::model::{Kind, Outcome};

const ROWS: &str = "select count(*) || ' ' || sum(id * 31 + length(note)) from orders;";

fn is_installed() -> bool {
    let is_there = Command::new("sqlite3").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success());
    let is_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(is_there || !is_ci, "sqlite3 must be installed: apt-get install sqlite3");
    if !is_there {
        eprintln!("SKIPPED: sqlite3 is not installed; dumps of SQLite are not tested. apt-get install sqlite3");
    }
    is_there
}

fn sqlite(file: &Path, sql: &[u8]) -> String {
    let mut running =
        Command::new("sqlite3").arg("-bail").arg(file).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sqlite3 starts");
    running.stdin.take().unwrap().write_all(sql).unwrap();
    let ended = running.wait_with_output().unwrap();
    assert!(ended.status.success());
    String::from_utf8_lossy(&ended.stdout).trim().to_owned()
}

/// With what SQL has to quote: apostrophes, line breaks, bytes, other alphabets.
fn fill(file: &Path) {
    let rows = "pragma journal_mode = wal; create table orders (id integer primary key, note text, body blob); \
                create view totals as select count(*) as n from orders; \
                with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000) \
                insert into orders select i, 'it''s ' || char(10) || 'Zoë ' || hex(randomblob(20)), randomblob(30) from n;";
    sqlite(file, rows.as_bytes());
}

/// Another process has it open, with what it wrote still in the log.
struct Writer(Child);

impl Writer {
    fn open(file: &Path) -> Writer {
        let mut child = Command::new("sqlite3").arg(file).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sqlite3 starts");
        let input = child.stdin.as_mut().unwrap();
        input.write_all(b"insert into orders values (5001, 'only in the log', x'00');\nselect 'written';\n").unwrap();
        let mut written = [0; 8];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut written).unwrap();
        Writer(child)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn preset(file: &Path) -> String {
    let command = Kind::Sqlite.preset().replace("/srv/app/app.db", &file.to_string_lossy());
    assert!(command.contains(&*file.to_string_lossy()), "{command}");
    command
}

#[tokio::test]
async fn a_sqlite_file_is_dumped_while_it_is_written_to_and_comes_back_row_by_row() {
    if !is_installed() {
        return;
    }
    let bench = Bench::new().await;
    let file = bench.house.folder().join("shop.db");
    fill(&file);
    let writer = Writer::open(&file);
    let id = bench.make(json!({ "kind": "sqlite", "command": preset(&file) })).await;
    let run = bench.run(id).await;
    assert_good(&run);
    let key = run.object().unwrap();
    assert!(key.ends_with(".sql.zst.age"), "{key}");

    // As the page says: decrypt, unpack, read it in, check it.
    let sealer = bench.house.cx.sealer.clone();
    let own = bench.house.cx.write(move |tx| acts::key(tx, &sealer)).await.unwrap();
    let identity = own.identity.unwrap().expose().parse::<age::x25519::Identity>().unwrap();
    let plain = zstd::decode_all(&age::decrypt(&identity, &bench.object(key)).unwrap()[..]).unwrap();
    let restored = bench.house.folder().join("restored.db");
    sqlite(&restored, &plain);
    assert_eq!(sqlite(&restored, b"pragma integrity_check;"), "ok");
    assert_eq!(sqlite(&restored, ROWS.as_bytes()), sqlite(&file, ROWS.as_bytes()));
    assert_eq!(sqlite(&restored, b"select n from totals;"), "5001");
    drop(writer);
}

#[tokio::test]
async fn a_sqlite_file_that_is_damaged_or_not_there_fails() {
    if !is_installed() {
        return;
    }
    let bench = Bench::new().await;
    let file = bench.house.folder().join("shop.db");
    fill(&file);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 40_000].fill(0xa5);
    std::fs::write(&file, bytes).unwrap();
    let id = bench.make(json!({ "kind": "sqlite", "command": preset(&file) })).await;
    let run = bench.run(id).await;
    assert_eq!(run.outcome, Outcome::Failed, "{:?}", run.result);
    bench.change(id, json!({ "command": preset(&bench.house.folder().join("nowhere.db")) })).await;
    let run = bench.run(id).await;
    assert_eq!(run.outcome, Outcome::Failed, "{:?}", run.result);
    assert_eq!(bench.objects(), Vec::<String>::new());
}
