//! What becomes of a copy is told soon, once, and again when it is over.

use capability::Registry;
use kernel::Fact;
use kernel::time::SECOND;
use testkit::S3;

use super::house::{ALONE, Fixture, heard};
use crate::model::condition::{Condition, GRACE};
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
    second.house.clock.advance(GRACE);
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
    // As after a restart without [[replica]].
    fixture.copies.finish(SECOND).await;
    let Fixture { house, copies, mut watch, ear, .. } = fixture;
    drop(copies);
    house.clock.advance(SECOND * 61);
    watch.look(&house.cx).await.unwrap();
    let told = heard(&house, &ear).await;
    assert!(matches!(&told[..], [Fact::ReplicaCaughtUp { .. }]), "{told:?}");
    assert_eq!(house.cx.read(store::list_copies).await.unwrap(), []);
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
