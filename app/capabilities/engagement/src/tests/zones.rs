//! Days are those of the founder's zone; when it changes, all are counted again.

use std::time::Duration;

use super::bench::{Bench, Counted, did, knew, visited};

const HOUR: i64 = 3_600_000;
const TODAY: i32 = 20_514;

async fn set_zone(bench: &Bench, zone: &'static str) {
    let set = move |tx: &mut db::Tx<'_>| {
        tx.run("insert into capability_settings (key, value, updated_at) values ('engagement.zone', ?, 0) on conflict do update set value = excluded.value", [zone])
    };
    bench.house.cx.write(set).await.expect("it is set");
}

fn days(counted: &Counted, name: &str) -> Vec<(i32, u64, usize)> {
    counted.iter().filter(|((known, _), _)| known == name).map(|((_, day), (actions, who))| (*day, *actions, who.len())).collect()
}

#[tokio::test]
async fn another_zone_moves_actions_over_midnight_and_back() {
    let bench = Bench::new().await;
    // The clock stands at noon, UTC: these are at 01:00 and 23:30 of the same UTC day.
    bench.tell(&[did("ada", "Login", 11 * HOUR), did("bob", "Login", 12 * HOUR + HOUR / 2), visited("v1", "Login", 36 * HOUR)]).await;
    bench.tell(&[knew("ada", "v1")]).await;
    bench.digest().await;
    let before = bench.counted().await;
    assert_eq!(days(&before, "Login"), [(TODAY - 1, 2, 2), (TODAY, 1, 1)]);
    set_zone(&bench, "America/New_York").await;
    bench.house.pass(Duration::from_secs(60)).await;
    assert_eq!(days(&bench.counted().await, "Login"), [(TODAY - 2, 1, 1), (TODAY - 1, 2, 2)]);
    // What comes later is counted by the new days.
    bench.tell(&[did("cem", "Login", 8 * HOUR)]).await;
    bench.digest().await;
    assert_eq!(days(&bench.counted().await, "Login"), [(TODAY - 2, 1, 1), (TODAY - 1, 3, 3)]);
    set_zone(&bench, "UTC").await;
    bench.house.pass(Duration::from_secs(60)).await;
    assert_eq!(days(&bench.counted().await, "Login"), [(TODAY - 1, 2, 2), (TODAY, 2, 2)]);
}
