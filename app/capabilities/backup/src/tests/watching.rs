//! What becomes of a copy is told soon, once, and again when it is over.

use capability::{LOG_FLOOR, Registry};
use kernel::Fact;
use kernel::time::{HOUR, MINUTE, SECOND};
use replica::engine::DestinationStatus;
use testkit::S3;

use super::house::{ALONE, Fixture, Heard, heard};
use crate::disk::Disk;
use crate::drill::{self, Room};
use crate::model::condition::{self, Condition, Copy, GRACE, OLD_LEASE, State};
use crate::store;

#[tokio::test]
async fn a_dead_destination_is_told_within_ten_seconds_and_its_recovery_after_it_caught_up() {
    let mut fixture = Fixture::current().await;
    fixture.look().await;
    assert_eq!(fixture.facts().await, [], "all is well");
    fixture.s3.set_down(true);
    fixture.write_something().await;
    fixture.until_state("the state is failing", |copy| copy.failing.is_some()).await;
    let failed_at = fixture.house.clock.now();
    let mut told = Vec::new();
    for _ in 0..5 {
        fixture.house.clock.advance(SECOND * 2);
        fixture.look().await;
        told = fixture.facts().await;
        if !told.is_empty() {
            break;
        }
    }
    let [Fact::ReplicaStale { file, destination, since, detail }] = &told[..] else { panic!("{told:?}") };
    assert_eq!((file.as_str(), destination.as_str(), *since), ("hermetic.db", "main", failed_at));
    assert!(detail.contains("s3://bucket/main/hermetic.db"), "the sentence names the place: {detail}");
    assert!(fixture.house.clock.now().since(failed_at) <= SECOND * 10);
    // Writes go on, and nothing is told twice.
    fixture.write_something().await;
    fixture.look().await;
    assert_eq!(fixture.facts().await, []);
    fixture.s3.set_down(false);
    fixture.until("it caught up", |copy| copy.behind == 0 && copy.failing.is_none()).await;
    fixture.look().await;
    let told = fixture.facts().await;
    assert!(matches!(&told[..], [Fact::ReplicaCaughtUp { file, .. }] if file == "hermetic.db"), "{told:?}");
}

#[tokio::test]
async fn a_failure_of_a_moment_is_no_news() {
    let mut fixture = Fixture::current().await;
    fixture.look().await;
    fixture.s3.set_down(true);
    fixture.write_something().await;
    fixture.until_state("the state is failing", |copy| copy.failing.is_some()).await;
    fixture.house.clock.advance(GRACE - SECOND);
    fixture.look().await;
    fixture.s3.set_down(false);
    fixture.until("it caught up", |copy| copy.behind == 0 && copy.failing.is_none()).await;
    fixture.look().await;
    assert_eq!(fixture.facts().await, []);
}

#[tokio::test]
async fn a_second_instance_is_told_of_and_the_doctor_says_what_to_do() {
    let first = Fixture::current().await;
    let mut second = Fixture::beside(&first, "two").await;
    second.until("it is refused", |copy| copy.is_refused).await;
    // Nobody asks again, so that the first one's lease does not end by the second one's clock.
    second.copies.finish(SECOND).await;
    second.house.clock.advance(OLD_LEASE - SECOND);
    second.look().await;
    assert_eq!(second.facts().await, [], "it may be the lease of a machine that died");
    second.house.clock.advance(SECOND);
    second.look().await;
    let told = second.facts().await;
    assert_eq!(told.iter().filter(|fact| matches!(fact, Fact::LeaseLost { .. })).count(), 2, "{told:?}");
    let found = second.cx().read(|r| Registry(ALONE).diagnose(r)).await.unwrap();
    assert!(found.iter().any(|finding| finding.finding.contains("Another instance writes there")), "{found:?}");
}

#[tokio::test]
async fn an_instance_without_a_destination_forgets_the_copies_it_had_and_ends_their_alerts() {
    let mut fixture = Fixture::current().await;
    fixture.s3.set_down(true);
    fixture.write_something().await;
    fixture.until_state("the state is failing", |copy| copy.failing.is_some()).await;
    fixture.house.clock.advance(GRACE);
    fixture.look().await;
    assert_eq!(fixture.facts().await.len(), 1);
    let known = fixture.cx().read(store::list_copies).await.unwrap();
    assert_eq!(known.iter().filter(|copy| copy.condition == Condition::Stale).count(), 1);
    fixture.cx().write(|tx| store::ask_drill(tx, "hermetic.db", "main", "Ada")).await.unwrap();
    drill::run_asked(fixture.cx(), Room { free_bytes: Some(1) }).await.unwrap().unwrap();
    assert!(matches!(&fixture.facts().await[..], [Fact::DrillFailed { .. }]));
    assert_eq!(fixture.cx().read(store::list_last_drills).await.unwrap().len(), 1);
    fixture.cx().write(|tx| store::ask_drill(tx, "hermetic.db", "main", "Ada")).await.unwrap();
    // As after a restart without [[replica]].
    fixture.copies.finish(SECOND).await;
    let Fixture { house, copies, mut watch, ear, .. } = fixture;
    drop(copies);
    watch.look(&house.cx).await.unwrap();
    let told = heard(&house, &ear).await;
    assert!(matches!(&told[..], [Fact::ReplicaRemoved { .. }, Fact::ReplicaRemoved { .. }]), "{told:?}");
    assert_eq!(house.cx.read(store::list_copies).await.unwrap(), []);
    assert_eq!(house.cx.read(store::list_last_drills).await.unwrap(), [], "its failed drill is of no interest any more");
    assert_eq!(house.cx.read(store::list_waiting_drills).await.unwrap(), [], "and the one that was asked for is gone");
    let tiles = house.cx.read(|r| Registry(ALONE).tiles(r)).await.unwrap();
    assert_eq!(tiles[0].value, "none");
    let found = house.cx.read(|r| Registry(ALONE).diagnose(r)).await.unwrap();
    assert!(found.iter().any(|one| one.tone == frontend::Tone::Bad && one.finding.starts_with("Nothing is copied")), "{found:?}");
    assert!(found.iter().all(|one| one.finding != "The copy follows."), "{found:?}");
}

#[tokio::test]
async fn a_full_disk_is_told_once_and_its_end_after_a_margin() {
    let house = testkit::TestHouse::new(ALONE).await;
    let ear = house.cx.slots.get_or_make(|| Ok(Heard::default())).unwrap();
    let look = async |free_bytes: u64| {
        let mut disk = Disk { free_bytes: Some(free_bytes), ..Disk::default() };
        disk.look(&house.cx).await.unwrap();
        disk.look(&house.cx).await.unwrap();
        heard(&house, &ear).await
    };
    assert_eq!(look(LOG_FLOOR).await, []);
    let began = house.clock.now();
    let told = look(LOG_FLOOR - 1).await;
    assert!(matches!(&told[..], [Fact::DiskFull { since, detail, .. }] if *since == began && detail.contains("268 MB")), "{told:?}");
    let found = house.cx.read(|r| Registry(ALONE).diagnose(r)).await.unwrap();
    assert!(found.iter().any(|one| one.subject == "Disk" && one.finding.contains("It is full")), "{found:?}");
    house.clock.advance(SECOND * 90);
    assert_eq!(look(LOG_FLOOR + 1).await, [], "as after a restart, too");
    let told = look(LOG_FLOOR / 4 * 5).await;
    assert!(matches!(&told[..], [Fact::DiskHasRoom { since, recovered_at }] if *since == began && *recovered_at == house.clock.now()));
    assert!(house.cx.read(|r| Registry(ALONE).diagnose(r)).await.unwrap().iter().all(|one| one.subject != "Disk"));
}

#[tokio::test]
async fn a_destination_that_has_nothing_yet_is_outstanding_and_stale_after_an_hour() {
    let fixture = Fixture::current().await;
    let mut status = fixture.statuses().remove(0);
    let now = fixture.house.clock.now();
    let judge = |known: Option<&Copy>, status: &DestinationStatus, now| condition::judge(known, "hermetic.db", status, now, MINUTE);
    (status.reached, status.behind, status.waiting_since) = (Some(0), 9, Some(now));
    assert_eq!(State::of(&status), State::Outstanding);
    let first = judge(None, &status, now);
    assert_eq!((first.condition, condition::fact(None, Some(&first), now)), (Condition::Outstanding, None));
    let same = judge(Some(&first), &status, now + MINUTE * 59);
    assert_eq!(same, first, "the first copy of a large file takes its time");
    let late = judge(Some(&first), &status, now + HOUR);
    assert_eq!((late.condition, late.since), (Condition::Stale, now));
    assert!(late.detail.contains("The first copy has not arrived for 1 h"), "{}", late.detail);
    assert_eq!(judge(Some(&late), &status, now + HOUR * 2), late);
    status.reached = None;
    assert_eq!(judge(Some(&first), &status, now + HOUR).condition, Condition::Stale, "nor can it even be listed");
    (status.reached, status.behind, status.waiting_since) = (Some(9), 0, None);
    let well = judge(Some(&late), &status, now + HOUR * 3);
    assert_eq!(well.condition, Condition::Well);
    assert!(matches!(condition::fact(Some(&late), Some(&well), now), Some(Fact::ReplicaCaughtUp { .. })));
    status.reached = None;
    assert_eq!(judge(Some(&well), &status, now + HOUR * 4).condition, Condition::Well, "after a restart what was known holds");
    fixture.cx().write(move |tx| store::set_copy(tx, &first)).await.unwrap();
    let tiles = fixture.cx().read(|r| Registry(ALONE).tiles(r)).await.unwrap();
    assert_eq!((tiles[0].value.as_str(), tiles[0].tone), ("1 of 1 outstanding", frontend::Tone::Neutral));
    let found = fixture.cx().read(|r| Registry(ALONE).diagnose(r)).await.unwrap();
    assert!(found.iter().any(|one| one.finding.contains("The first copy is outstanding")), "{found:?}");
}

#[tokio::test]
async fn what_the_doctor_knows_of_a_store_is_remembered() {
    let s3 = S3::start();
    s3.set_ignores_conditions(true);
    let mut fixture = Fixture::at(s3, "one").await;
    fixture.until("listed", |copy| copy.reached.is_some_and(|reached| reached > 0)).await;
    fixture.look().await;
    let found = fixture.cx().read(|r| Registry(ALONE).diagnose(r)).await.unwrap();
    let of = |text: &str| found.iter().filter(|finding| finding.finding.contains(text)).count();
    assert_eq!((of("ignores conditional writes"), of("never rehearsed"), of("The copy follows")), (2, 2, 2), "{found:?}");
}
