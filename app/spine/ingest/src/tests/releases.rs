//! Releases that reports name, and those that people make.

use super::*;
use crate::store::REPORTED_A_DAY;
use kernel::time::DAY;

#[tokio::test]
async fn a_program_that_makes_up_releases_makes_some_hundreds_a_day_and_no_more() {
    let site = Site::new().await;
    let (project, other) = (site.project.id, site.another_project("Admin").await.0.id);
    let report = |project, from: u32, count: u32| {
        site.hermetic.write(move |tx| {
            let named = (from..from + count).map(|build| {
                // What it says of its time counts for nothing.
                store::reported_release(tx, project, &format!("build-{build}"), START - DAY * 20)
            });
            Ok(named.collect::<kernel::Result<Vec<_>>>()?.into_iter().flatten().count())
        })
    };
    assert_eq!(report(project, 0, 600).await.unwrap(), REPORTED_A_DAY as usize);
    assert_eq!(report(project, 0, 600).await.unwrap(), REPORTED_A_DAY as usize, "those that are there are found");
    assert_eq!(report(other, 0, 10).await.unwrap(), 10, "each project has its own");
    let by_hand = site.hermetic.write(move |tx| store::ensure_release(tx, project, "shop@2.0", tx.now)).await.unwrap();
    let found = site.hermetic.write(move |tx| store::reported_release(tx, project, "shop@2.0", tx.now)).await.unwrap();
    assert_eq!(found, Some(by_hand), "a person is never held back");
    site.clock.set(START + DAY);
    assert_eq!(report(project, 1_000, 600).await.unwrap(), REPORTED_A_DAY as usize, "tomorrow is another day");
    site.hermetic.write(move |tx| rows::remove_project(tx, project)).await.unwrap();
    let days: i64 = site.hermetic.read_blocking(|r| r.value("select count(*) from ingest_release_days", [])).unwrap();
    assert_eq!(days, 1, "one row for each project that is there");
}
