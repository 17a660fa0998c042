//! What is committed comes out of the spool again, byte for byte, whatever happened in between.

use kernel::Time;

use crate::capture::{Capture, Doubt};
use crate::files::Spool;
use crate::plan::Goal;
use crate::tests::support::{Dice, Writer, assert_same, digest_file, insert, rebuild, seeds};

struct Bench {
    folder: tempfile::TempDir,
    writer: Writer,
    capture: Capture,
    /// Something may be in the log that the writer has not counted for this capture.
    is_foreign: std::cell::Cell<bool>,
}

impl Bench {
    fn new(pragmas: &str) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::open(&folder.path().join("app.db"), pragmas);
        writer.run("create table notes (id integer primary key, text text)");
        let capture = Capture::open(&folder.path().join("app.db"), &folder.path().join("spool")).unwrap();
        Bench { folder, writer, capture, is_foreign: true.into() }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// As the engine does: what the writer counted, or, where others may have written, all.
    fn run(&self) -> Option<Doubt> {
        if self.is_foreign.take() {
            return self.look();
        }
        self.capture.run(&self.writer, self.writer.known(), Time(1_000)).unwrap().doubt
    }

    fn look(&self) -> Option<Doubt> {
        self.capture.run_quietly(&self.writer, Time(1_000)).unwrap().doubt
    }

    fn restart(&mut self) {
        self.is_foreign.set(true);
        self.capture = Capture::open(&self.path("app.db"), &self.path("spool")).unwrap();
    }

    /// After a seal the database file alone is the state: the copy must be that file.
    fn assert_same_bytes(&self) {
        self.run();
        assert!(self.capture.seal(&self.writer, Time(2_000)).unwrap());
        let out = self.path("out.db");
        rebuild(self.capture.spool(), Goal::Latest, &out);
        assert_same(&out, &self.path("app.db"));
    }
}

#[test]
fn the_first_file_holds_every_page_and_the_next_ones_what_changed() {
    let bench = Bench::new("");
    assert_eq!(bench.run(), Some(Doubt::First));
    bench.writer.run(&insert(10, 900));
    assert_eq!(bench.run(), None);
    assert_eq!(bench.run(), None, "nothing new is no file");
    assert_eq!(bench.capture.txid(), 2);
    bench.assert_same_bytes();
}

#[test]
fn page_sizes_vacuum_and_every_auto_vacuum_mode_come_out_byte_for_byte() {
    for page_size in [512, 1_024, 4_096, 8_192, 65_536] {
        for auto_vacuum in ["none", "incremental", "full"] {
            let bench = Bench::new(&format!("pragma page_size = {page_size}; pragma auto_vacuum = {auto_vacuum}"));
            for round in 0..6 {
                bench.writer.run(&insert(40, 700 + round * 150));
                assert_eq!(bench.run().is_some(), round == 0);
                bench.writer.run("delete from notes where id % 3 = 0; pragma incremental_vacuum");
                if round == 3 {
                    bench.writer.run("vacuum");
                }
                if round % 2 == 1 {
                    assert!(bench.capture.seal(&bench.writer, Time(1_500)).unwrap());
                }
            }
            bench.assert_same_bytes();
        }
    }
}

#[test]
fn a_restart_goes_on_without_a_full_file() {
    // Once with a log that a seal empties, once with one that a reader keeps from being emptied.
    for empties in [true, false] {
        restart(empties);
    }
}

fn restart(empties: bool) {
    let mut bench = Bench::new("");
    bench.writer.set_empties(empties);
    bench.writer.run(&insert(50, 900));
    assert_eq!(bench.run(), Some(Doubt::First));
    // In the middle of a log.
    bench.writer.run(&insert(5, 900));
    bench.run();
    bench.writer.run(&insert(5, 900));
    bench.restart();
    assert_eq!(bench.run(), None);
    // After a seal, with the log not begun anew.
    assert!(bench.capture.seal(&bench.writer, Time(1)).unwrap());
    bench.restart();
    assert_eq!(bench.run(), None);
    // After a seal, with the log begun anew by the next commit.
    assert!(bench.capture.seal(&bench.writer, Time(1)).unwrap());
    bench.writer.run(&insert(1, 900));
    bench.restart();
    assert_eq!(bench.run(), None);
    // After the database was closed for good.
    assert!(bench.capture.seal(&bench.writer, Time(1)).unwrap());
    let path = bench.path("app.db");
    bench.writer = Writer::open(&path, "");
    bench.writer.set_empties(empties);
    bench.restart();
    bench.writer.run(&insert(1, 900));
    assert_eq!(bench.run(), None);
    bench.assert_same_bytes();
}

#[test]
fn whatever_another_program_does_to_the_log_is_noticed() {
    let mut bench = Bench::new("");
    bench.writer.run(&insert(50, 900));
    bench.run();
    let other = rusqlite::Connection::open(bench.path("app.db")).unwrap();
    // It writes: an ordinary commit.
    other.execute_batch("insert into notes (text) values ('other')").unwrap();
    assert_eq!(bench.look(), None);
    assert_eq!(bench.capture.txid(), 2);
    // It writes, moves the log away and begins it anew before we look.
    other
        .execute_batch(
            "insert into notes (text) values ('hidden'); pragma wal_checkpoint(truncate); insert into notes (text) values ('seen')",
        )
        .unwrap();
    assert_eq!(bench.run(), Some(Doubt::Reset));
    // It moves the log away and leaves none.
    bench.writer.run(&insert(1, 10));
    other.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())).unwrap();
    assert_eq!(bench.run(), Some(Doubt::Reset));
    bench.assert_same_bytes();
    // Between the seal and the next commit.
    other
        .execute_batch("insert into notes (text) values ('a'); pragma wal_checkpoint(truncate); insert into notes (text) values ('b')")
        .unwrap();
    assert_eq!(bench.run(), Some(Doubt::Reset));
    // While we were away.
    other.execute_batch("insert into notes (text) values ('c'); pragma wal_checkpoint(truncate)").unwrap();
    bench.restart();
    assert_eq!(bench.run(), Some(Doubt::Reset));
    // The whole log was removed: ours was captured to its end and closed, then another program was the last to close.
    bench.writer.run(&insert(1, 10));
    bench.run();
    let path = bench.path("app.db");
    bench.writer = Writer::open(&bench.path("elsewhere.db"), "");
    let log = bench.path("app.db-wal");
    assert!(log.exists());
    other.close().unwrap();
    assert!(!log.exists());
    bench.writer = Writer::open(&path, "");
    bench.restart();
    assert_eq!(bench.run(), Some(Doubt::Reset));
    bench.writer.run(&insert(1, 10));
    assert_eq!(bench.run(), None);
    bench.assert_same_bytes();
}

#[test]
fn a_damaged_newest_file_of_the_spool_is_not_built_upon() {
    let mut bench = Bench::new("");
    bench.writer.run(&insert(5, 900));
    bench.run();
    bench.writer.run(&insert(5, 900));
    bench.run();
    damage(bench.capture.spool());
    bench.restart();
    // The log still has what it held.
    assert_eq!(bench.run(), None);
    assert_eq!(bench.capture.txid(), 2);
    bench.assert_same_bytes();
    // The log has not.
    bench.writer.run(&insert(5, 900));
    bench.run();
    assert!(bench.capture.seal(&bench.writer, Time(1)).unwrap());
    damage(bench.capture.spool());
    bench.writer.run(&insert(5, 900));
    bench.restart();
    assert!(bench.run().is_some());
    bench.assert_same_bytes();
}

/// Changes a byte in the newest file.
fn damage(spool: &Spool) {
    let entry = *spool.listing().level(0).next_back().unwrap();
    let newest = spool.path(entry.level, entry.span);
    let mut bytes = std::fs::read(&newest).unwrap();
    bytes[300] ^= 1;
    std::fs::write(&newest, bytes).unwrap();
}

/// The log as a power cut leaves it: it ends before a transaction whose frames were read, and goes on with another of the same length.
#[test]
fn a_transaction_that_the_log_lost_and_replaced_is_not_built_upon() {
    let mut bench = Bench::new("");
    bench.writer.run(&insert(20, 900));
    bench.run();
    let log = bench.path("app.db-wal");
    let (file_before, log_before) = (std::fs::read(bench.path("app.db")).unwrap(), std::fs::read(&log).unwrap());
    bench.writer.run("update notes set text = 'seen and lost' where id = 3");
    bench.run();
    assert_eq!(bench.capture.txid(), 2);
    let path = bench.path("app.db");
    bench.writer = Writer::open(&bench.path("none.db"), "");
    std::fs::remove_file(bench.path("app.db-shm")).unwrap();
    std::fs::write(&path, file_before).unwrap();
    std::fs::write(&log, log_before).unwrap();
    bench.writer = Writer::open(&path, "");
    bench.writer.run("update notes set text = 'came instead' where id = 3");
    bench.restart();
    assert_eq!(bench.run(), Some(Doubt::Overwritten));
    bench.assert_same_bytes();
}

/// Frames are in the log before they are synced; when that fails, the next transaction overwrites them.
#[test]
fn what_the_writer_has_not_committed_yet_is_not_captured() {
    let bench = Bench::new("");
    bench.writer.run(&insert(20, 900));
    bench.run();
    bench.writer.run("update notes set text = 'not known to be committed' where id = 3");
    let known = crate::source::Commits { count: bench.writer.known().count - 1, ..bench.writer.known() };
    assert_eq!(bench.capture.run(&bench.writer, known, Time(1_000)).unwrap().entries, []);
    // A count that knows of fewer frames than were read: what was read there was none.
    bench.run();
    let fewer = crate::source::Commits { count: bench.writer.known().count + 1, frames: bench.writer.known().frames - 1 };
    assert_eq!(bench.capture.run(&bench.writer, fewer, Time(1_000)).unwrap().doubt, Some(Doubt::Overwritten));
    bench.assert_same_bytes();
}

#[test]
fn another_file_in_the_place_of_the_database_is_copied_whole() {
    let mut bench = Bench::new("");
    bench.writer.run(&insert(20, 900));
    bench.run();
    let path = bench.path("app.db");
    let (file, log) = (std::fs::read(&path).unwrap(), std::fs::read(bench.path("app.db-wal")).unwrap());
    bench.writer = Writer::open(&bench.path("none.db"), "");
    std::fs::remove_file(bench.path("app.db-shm")).unwrap();
    std::fs::rename(&path, bench.path("old.db")).unwrap();
    std::fs::write(&path, file).unwrap();
    std::fs::write(bench.path("app.db-wal"), log).unwrap();
    bench.writer = Writer::open(&path, "");
    bench.restart();
    assert_eq!(bench.run(), Some(Doubt::Replaced));
    bench.assert_same_bytes();
}

#[test]
fn times_follow_each_other_when_the_clock_is_put_back_a_little_and_are_right_again_after_a_wrong_one() {
    let bench = Bench::new("");
    let at = |seconds: i64| {
        bench.writer.run(&insert(1, 10));
        let captured = bench.capture.run_quietly(&bench.writer, Time(seconds * 1_000)).unwrap();
        captured.entries.last().unwrap().at.0 / 1_000
    };
    assert_eq!([at(10), at(20), at(15), at(30)], [10, 20, 20, 30]);
    assert_eq!([at(1_000_000), at(40), at(50)], [1_000_000, 40, 50]);
}

#[test]
fn a_base_is_of_one_moment_while_writes_and_seals_go_on() {
    let bench = Bench::new("");
    bench.writer.run(&insert(200, 900));
    bench.run();
    bench.writer.run(&insert(20, 900));
    let base = bench.capture.base(&bench.writer, true, Time(1_000)).unwrap().unwrap();
    let (txid, then) = (bench.capture.txid(), bench.writer.digest());
    assert_eq!(base.txid(), txid);
    bench.writer.run("update notes set text = 'after'");
    bench.run();
    bench.capture.seal(&bench.writer, Time(1)).unwrap();
    bench.writer.run(&insert(20, 900));
    let span = crate::files::Span { min: 1, max: txid };
    bench.capture.spool().write(9, base.header(span, Time(5)), |encoder| base.write(encoder)).unwrap();
    drop(base);
    let out = bench.path("out.db");
    rebuild(bench.capture.spool(), Goal::Transaction(txid), &out);
    assert_eq!(digest_file(&out), then);
    bench.assert_same_bytes();
}

// Random transactions, seals, restarts, foreign programs; the state at every captured transaction comes back. In four parts,
// because the runner gives each core one. HERMETIC_SEEDS is the number of seeds of a part.

#[test]
fn random_histories_come_back_at_every_transaction_part_one() {
    histories(0);
}

#[test]
fn random_histories_come_back_at_every_transaction_part_two() {
    histories(1_000_000);
}

#[test]
fn random_histories_come_back_at_every_transaction_part_three() {
    histories(2_000_000);
}

#[test]
fn random_histories_come_back_at_every_transaction_part_four() {
    histories(3_000_000);
}

fn histories(start: u64) {
    for seed in 1..=seeds(50) {
        history(start + seed);
    }
}

fn history(seed: u64) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let page_size = 512 << dice.roll(5);
    let mut bench = Bench::new(&format!("pragma page_size = {page_size}; pragma auto_vacuum = {}", dice.roll(3)));
    let mut states = Vec::new();
    for _ in 0..30 {
        match dice.roll(12) {
            0..=4 => bench.writer.run(&insert(1 + dice.roll(30) as u32, 50 + dice.roll(2_000) as u32)),
            5 => bench.writer.run("delete from notes where id % 4 = 1"),
            6 => bench.writer.run("update notes set text = text || 'x' where id % 5 = 0; pragma incremental_vacuum"),
            7 => bench.writer.run("vacuum"),
            8 => assert!(bench.capture.seal(&bench.writer, Time(1)).is_ok()),
            9 => bench.restart(),
            10 => {
                bench.is_foreign.set(true);
                let other = rusqlite::Connection::open(bench.path("app.db")).unwrap();
                other.execute_batch("insert into notes (text) values ('other')").unwrap();
                if dice.roll(2) == 0 {
                    other.execute_batch("pragma wal_checkpoint(passive); insert into notes (text) values ('again')").unwrap();
                }
            }
            _ => {
                let reader = rusqlite::Connection::open(bench.path("app.db")).unwrap();
                reader.execute_batch("begin; select count(*) from notes").unwrap();
                bench.writer.run(&insert(3, 100));
                assert!(bench.capture.seal(&bench.writer, Time(1)).is_ok());
            }
        }
        bench.writer.set_empties(dice.roll(2) == 0);
        if dice.roll(3) > 0 {
            if dice.roll(4) == 0 {
                bench.look();
            }
            bench.run();
            states.push((bench.capture.txid(), bench.writer.digest()));
        }
    }
    for (txid, state) in states {
        let out = bench.path("out.db");
        rebuild(bench.capture.spool(), Goal::Transaction(txid), &out);
        assert_eq!(digest_file(&out), state, "seed {seed}, transaction {txid}");
        std::fs::remove_file(&out).unwrap();
    }
    bench.assert_same_bytes();
}
