//! A drill says the truth about a copy, signs it, and leaves nothing behind.

use capability::Registry;
use kernel::time::DAY;
use kernel::{Fact, Time};

use super::house::{ALONE, Fixture};
use crate::drill::{self, Room};
use crate::model::report::{Drill, Outcome, Report};
use crate::{sign, store};

async fn ask(fixture: &Fixture, file: &'static str) -> Drill {
    fixture.cx().write(move |tx| store::ask_drill(tx, file, "main", "Ada")).await.unwrap().expect("asked");
    run(fixture).await
}

async fn run(fixture: &Fixture) -> Drill {
    drill::run_asked(fixture.cx(), Room::default()).await.unwrap().expect("a drill that was asked for")
}

fn report(drill: &Drill) -> Report {
    serde_json::from_str(&drill.report).unwrap()
}

fn has_scratch(fixture: &Fixture) -> bool {
    fixture.house.folder().join("drills").exists()
}

#[tokio::test]
async fn what_comes_back_is_the_same_page_by_page_in_both_files() {
    let fixture = Fixture::current().await;
    for file in ["hermetic.db", "telemetry.db"] {
        let drill = ask(&fixture, file).await;
        let report = report(&drill);
        assert_eq!((drill.outcome, &report.problems), (Outcome::Passed, &vec![]));
        assert!(report.pages > 3 && report.txid > 1 && report.has_sentinel, "{report:?}");
        assert!(report.tables.iter().any(|table| table.table == "backup_sentinels" && table.live == Some(1)), "{:?}", report.tables);
        assert!(!has_scratch(&fixture));
    }
    let told = fixture.facts().await;
    assert!(matches!(&told[..], [Fact::DrillPassed { .. }, Fact::DrillPassed { .. }]), "{told:?}");
    assert!(drill::run_asked(fixture.cx(), Room::default()).await.unwrap().is_none(), "none is left");
}

#[tokio::test]
async fn writes_during_a_drill_do_not_disturb_the_comparison() {
    let fixture = Fixture::current().await;
    let cx = fixture.cx().clone();
    let writing = tokio::spawn(async move {
        for number in 0..200 {
            cx.write(move |tx| store::write_sentinel(tx, &format!("during {number}"))).await.unwrap();
        }
    });
    let drill = ask(&fixture, "hermetic.db").await;
    writing.await.unwrap();
    assert_eq!((drill.outcome, drill.summary.contains("are the same as in the live file")), (Outcome::Passed, true), "{}", drill.summary);
}

#[tokio::test]
async fn a_copy_that_is_damaged_beyond_repair_fails_its_drill_and_leaves_no_scratch() {
    let fixture = Fixture::current().await;
    // Every object of whole pages is broken: there is no other way to the first transaction.
    for level in ["0000", "0009"] {
        let folder = fixture.s3.folder().join("main/hermetic.db").join(level);
        for object in std::fs::read_dir(folder).into_iter().flatten() {
            let path = object.unwrap().path();
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x55;
            std::fs::write(&path, bytes).unwrap();
        }
    }
    let drill = ask(&fixture, "hermetic.db").await;
    assert_eq!(drill.outcome, Outcome::Failed);
    assert!(drill.summary.contains("cannot be restored") && drill.summary.contains("damaged"), "{}", drill.summary);
    assert!(!has_scratch(&fixture));
    let told = fixture.facts().await;
    assert!(matches!(&told[..], [Fact::DrillFailed { detail, .. }] if *detail == drill.summary), "{told:?}");
    let found = fixture.cx().read(|r| Registry(ALONE).tiles(r)).await.unwrap();
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn a_disk_without_room_is_a_clear_report_and_nothing_is_written() {
    let fixture = Fixture::current().await;
    fixture.cx().write(|tx| store::ask_drill(tx, "hermetic.db", "main", "Ada")).await.unwrap();
    let drill = drill::run_asked(fixture.cx(), Room { free_bytes: Some(1_000_000) }).await.unwrap().unwrap();
    assert_eq!(drill.outcome, Outcome::Failed);
    assert!(drill.summary.starts_with("Not enough of the disk is free") && drill.summary.contains("1 MB are free"), "{}", drill.summary);
    assert!(!has_scratch(&fixture));
    let report = report(&drill);
    assert_eq!(report.sentinel, "", "not even the sentinel");
}

#[tokio::test]
async fn a_report_that_was_changed_or_moved_does_not_hold() {
    let fixture = Fixture::current().await;
    let drill = ask(&fixture, "hermetic.db").await;
    let sealer = &fixture.cx().sealer;
    assert!(sign::holds(sealer, &drill));
    let changed = Drill { report: drill.report.replace("\"differing_pages\": 0", "\"differing_pages\": 1"), ..drill.clone() };
    let turned = Drill { outcome: Outcome::Failed, ..drill.clone() };
    let moved = Drill { id: kernel::ids::DrillId(99), ..drill.clone() };
    for forged in [changed, turned, moved] {
        assert!(!sign::holds(sealer, &forged));
    }
    assert!(!sign::holds(&kernel::Sealer::new(&[6; 32]), &drill), "another instance's key");
}

#[tokio::test]
async fn drills_are_due_by_the_settings_and_asked_for_once() {
    let fixture = Fixture::current().await;
    let asked = async |fixture: &Fixture| {
        drill::ask_due(fixture.cx()).await.unwrap();
        let drills = fixture.cx().read(|r| store::list_drills(r, 50)).await.unwrap();
        drills.into_iter().filter(|drill| drill.outcome == Outcome::Asked).map(|drill| drill.file).collect::<Vec<_>>()
    };
    assert_eq!(asked(&fixture).await, [""; 0], "a new instance settles first");
    fixture.house.clock.advance(kernel::time::MINUTE * 11);
    assert_eq!(asked(&fixture).await, ["telemetry.db", "hermetic.db"]);
    assert_eq!(asked(&fixture).await.len(), 2, "not asked again while they wait");
    run(&fixture).await;
    run(&fixture).await;
    fixture.house.clock.advance(DAY * 7);
    assert_eq!(asked(&fixture).await, ["hermetic.db"], "weekly, the log monthly");
}

#[tokio::test]
async fn a_drill_that_a_restart_cut_short_is_run_again() {
    let fixture = Fixture::current().await;
    fixture.cx().write(|tx| store::ask_drill(tx, "hermetic.db", "main", "Ada")).await.unwrap();
    let begun = fixture.cx().write(store::begin_drill).await.unwrap().unwrap();
    assert!(drill::run_asked(fixture.cx(), Room::default()).await.unwrap().is_none(), "it is running");
    fixture.cx().write(store::release_drills).await.unwrap();
    let drill = run(&fixture).await;
    assert_eq!((drill.id, drill.outcome), (begun.id, Outcome::Passed));
    assert!(drill.ended_at > Some(Time(0)));
}
