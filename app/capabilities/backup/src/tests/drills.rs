//! A drill says the truth about a copy, signs it, and leaves nothing behind.

use capability::Registry;
use kernel::time::DAY;
use kernel::{Fact, Role, Time};
use replica::envelope::Envelope;
use std::sync::Arc;
use std::time::Duration;
use testkit::S3;

use super::house::{ALONE, Fixture, place};
use crate::Place;
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
        assert!(report.pages > Some(3) && report.txid > Some(1) && report.has_sentinel == Some(true), "{report:?}");
        assert!(report.lag_ms.is_some() && report.restore_ms.is_some(), "{report:?}");
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
    let mut fixture = Fixture::current().await;
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
    fixture.look().await;
    let found = fixture.cx().read(|r| Registry(ALONE).tiles(r)).await.unwrap();
    assert_eq!(found[0].value, "drill failed");
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
    assert_eq!((report.integrity, report.has_sentinel, report.lag_ms, report.restore_ms), (None, None, None, None));
    let viewer = fixture.house.member(Role::Viewer).await;
    let page = viewer.get("/backup/drills/1").await.expect(200).body;
    assert!(page.contains("not reached") && page.contains("nothing was restored"), "{page}");
    assert!(!page.contains("sound") && !page.contains("0 ms"), "{page}");
}

#[tokio::test]
async fn a_report_that_was_changed_or_moved_does_not_hold() {
    let fixture = Fixture::current().await;
    let drill = ask(&fixture, "hermetic.db").await;
    let sealer = &fixture.cx().sealer;
    let id = drill.id;
    let kept = fixture.cx().read(move |r| store::find_drill(r, id)).await.unwrap().unwrap();
    assert!(sign::holds(sealer, &drill) && sign::holds(sealer, &kept));
    let changed = Drill { report: drill.report.replace("\"differing_pages\": 0", "\"differing_pages\": 1"), ..drill.clone() };
    let turned = Drill { outcome: Outcome::Failed, ..drill.clone() };
    let moved = Drill { id: kernel::ids::DrillId(99), ..drill.clone() };
    let told = Drill { summary: "All is well.".into(), ..drill.clone() };
    let asked = Drill { asked_by: "Grace".into(), ..drill.clone() };
    let later = Drill { ended_at: drill.ended_at.map(|at| at + DAY), ..drill.clone() };
    for forged in [changed, turned, moved, told, asked, later] {
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
async fn a_drill_whose_end_cannot_be_written_is_run_again_by_the_next_turn() {
    let fixture = Fixture::current().await;
    fixture.cx().write(|tx| store::ask_drill(tx, "hermetic.db", "main", "Ada")).await.unwrap();
    let refuse = "create trigger refuse before update on backup_drills when new.ended_at is not null begin select raise(abort, 'no'); end";
    fixture.cx().write(move |tx| tx.run(refuse, [])).await.unwrap();
    drill::turn(fixture.cx()).await.unwrap_err();
    fixture.cx().write(|tx| tx.run("drop trigger refuse", [])).await.unwrap();
    assert!(drill::turn(fixture.cx()).await.unwrap());
    let drills = fixture.cx().read(|r| store::list_drills(r, 5)).await.unwrap();
    assert_eq!(drills.iter().map(|drill| drill.outcome).collect::<Vec<_>>(), [Outcome::Passed]);
    assert!(!drill::turn(fixture.cx()).await.unwrap(), "none is left");
}

#[tokio::test]
async fn reading_a_large_live_file_does_not_count_as_what_would_have_been_lost() {
    let slow = Duration::from_millis(300);
    let reading = async {
        tokio::time::sleep(slow).await;
        Ok("read")
    };
    let watch = kernel::time::Stopwatch::start();
    let (read, lag) = drill::beside(reading, async { Ok(()) }).await.unwrap();
    assert!(read == "read" && watch.elapsed() >= slow && lag < slow / 2, "{lag:?}");
}

fn sealed(s3: &S3, name: &str, has_identity: bool) -> Place {
    let (recipient, identity) = Envelope::generate();
    let envelope = Envelope::new(Some(&recipient), has_identity.then_some(&identity)).unwrap();
    Place { envelope: Some(Arc::new(envelope)), ..place(s3, name) }
}

#[tokio::test]
async fn an_encrypted_copy_and_a_second_destination_come_back_too() {
    let fixture = Fixture::with(|s3| vec![place(s3, "main"), sealed(s3, "vault", true)]).await;
    fixture.cx().write(|tx| store::ask_drill(tx, "hermetic.db", "vault", "Ada")).await.unwrap().unwrap();
    let drill = run(&fixture).await;
    assert_eq!((drill.outcome, drill.destination.as_str()), (Outcome::Passed, "vault"), "{}", drill.summary);
    assert_eq!(ask(&fixture, "hermetic.db").await.outcome, Outcome::Passed);
}

#[tokio::test]
async fn a_copy_that_this_machine_can_only_write_is_never_called_damaged() {
    let mut fixture = Fixture::with(|s3| vec![sealed(s3, "vault", false)]).await;
    fixture.look().await;
    fixture.house.clock.advance(DAY);
    drill::ask_due(fixture.cx()).await.unwrap();
    let drills = async |fixture: &Fixture| fixture.cx().read(|r| store::list_drills(r, 50)).await.unwrap();
    assert_eq!(drills(&fixture).await, []);
    let admin = fixture.house.member(Role::Admin).await;
    let refused = admin.post("/backup/drills", &[]).await.expect(409).body;
    assert!(refused.contains("no age identity is on this machine"), "{refused}");
    for path in ["/backup", "/backup/drills"] {
        assert!(admin.get(path).await.expect(200).body.contains("cannot be rehearsed here: no age identity"), "{path}");
    }
    let found = fixture.cx().read(|r| Registry(ALONE).diagnose(r)).await.unwrap();
    assert_eq!(found.iter().filter(|one| one.finding.contains("cannot be rehearsed here")).count(), 2, "{found:?}");
    // One that was asked for while the identity was still here is dropped, not failed.
    fixture.cx().write(|tx| store::ask_drill(tx, "hermetic.db", "vault", "Ada")).await.unwrap().unwrap();
    assert!(!drill::turn(fixture.cx()).await.unwrap());
    assert_eq!(drills(&fixture).await, []);
    assert_eq!(fixture.facts().await, []);
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
