use crate::writer::LOG_FRAMES;
use crate::{Db, File, Migration, Migrations, OpenOptions};
use kernel::{Clock, Error, Kind, Time};

fn open(folder: &tempfile::TempDir) -> Db {
    let options = OpenOptions {
        folder: folder.path().to_owned(),
        file: File::Hermetic,
        readers: 2,
        clock: Clock::frozen(Time(5_000)),
        checkpoints: crate::Checkpoints::Automatic,
        floor: 0,
    };
    let db = Db::open(options).unwrap();
    db.migrate(vec![Migrations {
        owner: "test",
        list: &[Migration { number: 1, name: "rows", sql: "create table rows (id integer primary key, text text not null unique) strict" }],
    }])
    .unwrap();
    db
}

fn insert(text: &'static str) -> impl FnOnce(&mut crate::Tx<'_>) -> kernel::Result<i64> + Send + 'static {
    move |tx| tx.insert("insert into rows (text) values (?)", [text])
}

async fn count(db: &Db) -> i64 {
    db.read(|r| r.value("select count(*) from rows", [])).await.unwrap()
}

#[tokio::test]
async fn a_write_is_seen_by_the_next_read() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    assert_eq!(db.write(insert("a")).await.unwrap(), 1);
    assert_eq!(count(&db).await, 1);
}

#[tokio::test]
async fn an_error_undoes_only_its_own_request() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    let failing = db.write(|tx| {
        tx.insert("insert into rows (text) values ('lost')", [])?;
        Err::<(), _>(Error::invalid("no"))
    });
    let (kept, lost, after) = tokio::join!(db.write(insert("kept")), failing, db.write(insert("after")));
    assert!(kept.is_ok() && after.is_ok());
    assert_eq!(lost.unwrap_err().kind, Kind::Invalid);
    assert_eq!(count(&db).await, 2);
}

#[tokio::test]
async fn a_panic_in_a_write_is_an_error_and_the_writer_lives() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    let result = db
        .write(|tx| -> kernel::Result<()> {
            tx.insert("insert into rows (text) values ('lost')", [])?;
            panic!("on purpose")
        })
        .await;
    assert_eq!(result.unwrap_err().kind, Kind::Internal);
    assert!(db.write(insert("a")).await.is_ok());
    assert_eq!(count(&db).await, 1);
}

#[tokio::test]
async fn many_writers_are_all_answered_and_all_kept() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    let tasks: Vec<_> = (0..500)
        .map(|n| {
            let db = db.clone();
            tokio::spawn(async move { db.write(move |tx| tx.insert("insert into rows (text) values (?)", [n.to_string()])).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(count(&db).await, 500);
}

#[tokio::test]
async fn a_double_is_a_conflict_and_an_unknown_table_our_fault() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    db.write(insert("a")).await.unwrap();
    assert_eq!(db.write(insert("a")).await.unwrap_err().kind, Kind::Conflict);
    let error = db.write(|tx| tx.run("update nowhere set x = 1", [])).await.unwrap_err();
    assert_eq!(error.kind, Kind::Internal);
    assert!(error.chain().contains("update nowhere"));
}

#[tokio::test]
async fn signals_are_told_after_the_commit_and_not_for_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    let mut signals = db.signals();
    let failed = db
        .write(|tx| {
            tx.signal("lost");
            Err::<(), _>(Error::invalid("no"))
        })
        .await;
    assert!(failed.is_err());
    db.write(|tx| {
        tx.signal("kept");
        tx.signal("kept");
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(signals.try_recv().unwrap(), "kept");
    assert!(signals.try_recv().is_err());
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    assert!(db.read(|r| r.rows("insert into rows (text) values ('x') returning id", [], |row| row.get::<_, i64>(0))).await.is_err());
    assert_eq!(count(&db).await, 0);
}

#[test]
fn an_edited_or_unknown_migration_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    let edited =
        Migrations { owner: "test", list: &[Migration { number: 1, name: "rows", sql: "create table other (id integer) strict" }] };
    assert_eq!(db.migrate(vec![edited]).unwrap_err().kind, Kind::Conflict);
    let older = Migrations { owner: "test", list: &[] };
    assert!(db.migrate(vec![older]).unwrap_err().message().contains("newer Hermetic"));
}

#[test]
fn a_failing_migration_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    let broken = Migrations {
        owner: "broken",
        list: &[Migration { number: 1, name: "half", sql: "create table half (id integer) strict; create table half (id integer) strict" }],
    };
    assert!(db.migrate(vec![broken]).is_err());
    let tables: i64 = db.read_blocking(|r| r.value("select count(*) from sqlite_schema where name = 'half'", [])).unwrap();
    assert_eq!(tables, 0);
}

#[test]
fn the_file_is_wal_with_full_synchronisation() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    let (journal, synchronous) =
        db.write_blocking(|tx| Ok((tx.value::<String>("pragma journal_mode", [])?, tx.value::<i64>("pragma synchronous", [])?))).unwrap();
    assert_eq!((journal.as_str(), synchronous), ("wal", 2));
}

#[test]
fn a_full_disk_refuses_the_write_and_keeps_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    db.write_blocking(insert("before")).unwrap();
    // SQLite's own page limit stands in for the disk: it fails with the same code (SQLITE_FULL).
    db.write_blocking(|tx| tx.value::<i64>("pragma max_page_count = 1", [])).unwrap();
    let error = db.write_blocking(|tx| tx.insert("insert into rows (text) values (hex(zeroblob(100000)))", [])).unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable);
    db.write_blocking(|tx| tx.value::<i64>("pragma max_page_count = 100000", [])).unwrap();
    db.write_blocking(insert("after")).unwrap();
    let count: i64 = db.read_blocking(|r| r.value("select count(*) from rows", [])).unwrap();
    assert_eq!(count, 2);
}

#[test]
fn a_closed_file_stands_alone() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    db.write_blocking(insert("a")).unwrap();
    db.read_blocking(|r| r.value::<i64>("select count(*) from rows", [])).unwrap();
    assert!(folder.path().join("hermetic.db-wal").exists());
    drop(db);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(left, ["hermetic.db"]);
}

fn open_copied(folder: &tempfile::TempDir) -> Db {
    let options = OpenOptions {
        folder: folder.path().to_owned(),
        file: File::Hermetic,
        readers: 2,
        clock: Clock::frozen(Time(5_000)),
        checkpoints: crate::Checkpoints::ByCopier,
        floor: 0,
    };
    let db = Db::open(options).unwrap();
    db.migrate(vec![Migrations {
        owner: "test",
        list: &[Migration { number: 1, name: "rows", sql: "create table rows (text text) strict" }],
    }])
    .unwrap();
    db
}

#[tokio::test]
async fn a_copier_hears_of_each_commit_and_alone_moves_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let db = open_copied(&folder);
    let commits = db.commits();
    let before = *commits.borrow();
    for _ in 0..3 {
        db.write(insert("a")).await.unwrap();
    }
    assert_eq!(commits.borrow().count, before.count + 3);
    assert!(commits.borrow().frames > before.frames);
    // Far past SQLite's own 1,000 pages.
    let many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000) \
                insert into rows (text) select hex(randomblob(4000)) from n";
    db.write(move |tx| tx.run(many, [])).await.unwrap();
    let log = folder.path().join("hermetic.db-wal");
    assert!(std::fs::metadata(&log).unwrap().len() > 20_000_000);
    let version = db.quiet(|quiet| quiet.data_version()).unwrap().unwrap();
    assert!(db.quiet(|quiet| quiet.checkpoint()).unwrap().unwrap());
    assert_eq!(std::fs::metadata(&log).unwrap().len(), 0, "an unread log is emptied at once");
    assert_eq!(db.quiet(|quiet| quiet.data_version()).unwrap().unwrap(), version, "our own work is not another's");
    let pinned = db.quiet(|quiet| quiet.pin()).unwrap().unwrap();
    db.write(insert("behind the pin")).await.unwrap();
    assert!(!db.quiet(|quiet| quiet.checkpoint()).unwrap().unwrap(), "a pinned moment is not moved away");
    drop(pinned);
    assert!(db.quiet(|quiet| quiet.checkpoint()).unwrap().unwrap());
    db.write(insert("last")).await.unwrap();
    drop(db);
    assert!(std::fs::metadata(&log).unwrap().len() > 0, "closing leaves the log to its copier");
}

#[tokio::test]
async fn a_disk_below_the_floor_is_told_and_nothing_is_half_written() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&folder));
    let options = OpenOptions {
        folder: folder.path().to_owned(),
        file: File::Hermetic,
        readers: 1,
        clock: Clock::frozen(Time(5_000)),
        checkpoints: crate::Checkpoints::Automatic,
        floor: u64::MAX,
    };
    let db = Db::open(options).unwrap();
    let refused = db.write(insert("a")).await.unwrap_err();
    assert!(refused.kind == Kind::Unavailable && refused.public_message().contains("disk is nearly full"), "{refused:?}");
    assert_eq!(count(&db).await, 0, "reading goes on");
}

#[tokio::test]
async fn the_log_is_moved_into_the_file_once_enough_has_come_together() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    let commits = db.commits();
    db.write(|tx| tx.run(MANY, [])).await.unwrap();
    assert!(commits.borrow().frames > 1_000, "SQLite's own 1,000 pages count no more");
    let frames = commits.borrow().frames;
    db.write(insert("a")).await.unwrap();
    assert!(commits.borrow().frames > frames, "too few yet");
    let highest = filled_until_moved(&db, LOG_FRAMES * 2).await;
    assert!(highest + frames >= LOG_FRAMES, "it was moved too early: {highest}");
}

#[tokio::test]
async fn a_reader_that_holds_the_log_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    let commits = db.commits();
    let pinned = db.quiet(|quiet| quiet.pin()).unwrap().unwrap();
    while commits.borrow().frames < LOG_FRAMES * 3 / 2 {
        db.write(|tx| tx.run(MANY, [])).await.unwrap();
    }
    drop(pinned);
    // It is tried again once a quarter more has come.
    filled_until_moved(&db, LOG_FRAMES * 5 / 2).await;
}

/// Some 2,000 pages.
const MANY: &str = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 500) \
                    insert into rows (text) select hex(randomblob(4000)) from n";

/// Writes until the log begins anew; gives how long it was then at least.
async fn filled_until_moved(db: &Db, most: u32) -> u32 {
    let commits = db.commits();
    let mut highest = 0;
    while commits.borrow().frames >= highest {
        highest = commits.borrow().frames;
        assert!(highest < most, "the log is not moved: {highest}");
        db.write(|tx| tx.run(MANY, [])).await.unwrap();
    }
    highest
}
