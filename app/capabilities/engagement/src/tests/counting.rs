//! Each action is counted once: for its day, its name, its contact.

use serde_json::json;

use super::bench::{Bench, START, did, visited};
use crate::digest::Counting;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// 2026-03-02, the day of the test's clock.
const TODAY: i32 = 20_514;

#[tokio::test]
async fn actions_are_counted_by_name_and_day() {
    let bench = Bench::new().await;
    bench.tell(&[did("ada", "Invoice paid", HOUR), did("ada", "Invoice paid", 2 * HOUR), did("bob", "Login", 25 * HOUR)]).await;
    bench.tell(&[did("bob", "Login", HOUR)]).await;
    bench.digest().await;
    let counted = bench.counted().await;
    let (ada, bob) = (bench.contact("ada").await.unwrap().0 as u32, bench.contact("bob").await.unwrap().0 as u32);
    let at = |name: &str, day: i32| counted.get(&(name.to_owned(), day)).cloned().unwrap_or_default();
    assert_eq!(at("Invoice paid", TODAY), (2, [ada].into()));
    assert_eq!(at("Login", TODAY - 1), (1, [bob].into()));
    assert_eq!(at("Login", TODAY), (1, [bob].into()));
    assert_eq!(at("", TODAY), (3, [ada, bob].into()));
    assert_eq!(at("", TODAY - 1), (1, [bob].into()));
    assert_eq!(counted.len(), 5);
}

#[tokio::test]
async fn a_message_that_is_sent_again_is_counted_once() {
    let bench = Bench::new().await;
    let paid = did("ada", "Invoice paid", HOUR);
    bench.tell(&[paid.clone(), paid.clone()]).await;
    bench.digest().await;
    bench.tell(std::slice::from_ref(&paid)).await;
    // Without an id nobody can tell.
    let nameless = json!({"n": "Login", "u": "ada"});
    bench.tell(&[nameless.clone(), nameless]).await;
    bench.digest().await;
    let counted = bench.counted().await;
    assert_eq!(counted[&("Invoice paid".to_owned(), TODAY)].0, 1);
    assert_eq!(counted[&("Login".to_owned(), TODAY)].0, 2);
    assert_eq!(bench.passed().await, [("duplicate".to_owned(), 2)].into());
    assert_eq!(bench.count("select count(*) from engagement_actions").await, 3);
}

#[tokio::test]
async fn a_digest_that_is_broken_off_counts_nothing_twice() {
    let bench = Bench::new().await;
    bench.tell(&[did("ada", "Login", HOUR), did("bob", "Login", HOUR)]).await;
    let items =
        bench.house.cx.telemetry.read(|r| ingest::store::next_batch(r, 0, &[ingest::Kind::Actions], 9, 1 << 20)).await.unwrap().items;
    let cx = bench.house.cx.clone();
    // Everything but the last step: the actions are filed, and nothing is counted.
    let change =
        tokio::task::spawn_blocking(move || capability::Digest::digest(&crate::digest::Counted, &cx, &items)).await.unwrap().unwrap();
    drop(change);
    assert_eq!(bench.count("select count(*) from engagement_actions").await, 2);
    bench.digest().await;
    let counted = bench.counted().await;
    assert_eq!(counted[&("Login".to_owned(), TODAY)].0, 2);
    assert_eq!(bench.count("select count(*) from engagement_actions").await, 2);
    assert!(bench.passed().await.is_empty());
}

#[tokio::test]
async fn late_actions_go_to_their_day_and_those_beyond_the_window_are_told() {
    let bench = Bench::new().await;
    bench.tell(&[did("ada", "Login", 100 * DAY), did("ada", "Login", 500 * DAY), did("ada", "Login", -5 * DAY)]).await;
    bench.digest().await;
    let counted = bench.counted().await;
    assert_eq!(counted[&("Login".to_owned(), TODAY - 100)].0, 1);
    assert_eq!(counted[&("Login".to_owned(), TODAY)].0, 1, "nothing happens after it was told of");
    assert_eq!(bench.passed().await, [("too_old".to_owned(), 1)].into());
}

#[tokio::test]
async fn leaving_a_page_makes_nobody_active() {
    let bench = Bench::new().await;
    bench.tell(&[visited("v1", "Page leave", HOUR), visited("v2", "Page view", HOUR)]).await;
    bench.digest().await;
    let counted = bench.counted().await;
    assert_eq!(counted[&(String::new(), TODAY)].0, 1);
    assert_eq!(counted[&("Page leave".to_owned(), TODAY)].0, 1);
}

#[tokio::test]
async fn a_program_that_numbers_its_names_fills_one_row() {
    let bench = Bench::new().await;
    let many: Vec<_> = (0..2_100).map(|n| did("ada", &format!("Opened {n}"), HOUR)).collect();
    bench.tell(&many).await;
    bench.digest().await;
    let counted = bench.counted().await;
    assert_eq!(counted[&("(other names)".to_owned(), TODAY)].0, 100);
    assert_eq!(counted[&(String::new(), TODAY)].0, 2_100);
}

#[tokio::test]
async fn whoever_makes_up_people_fills_a_days_room_and_no_disk() {
    let bench = Bench::new().await;
    let today = START - START.rem_euclid(DAY);
    let nearly = crate::store::NEWCOMERS - 2;
    let fill = move |tx: &mut db::Tx<'_>| tx.run("insert into engagement_newcomers (day, handles) values (?, ?)", [today, nearly]);
    bench.house.cx.write(fill).await.unwrap();
    let strangers: Vec<_> = (0..5).map(|n| visited(&format!("stranger-{n}"), "Page view", HOUR)).collect();
    bench.tell(&strangers).await;
    bench.digest().await;
    assert_eq!(bench.counted().await[&("Page view".to_owned(), TODAY)].0, 2);
    assert_eq!(bench.passed().await, [("too_many_people".to_owned(), 3)].into());
    // Whoever is known already is counted as ever, and tomorrow there is room again.
    bench.tell(&[visited("stranger-0", "Page view", HOUR / 2)]).await;
    bench.house.clock.advance(std::time::Duration::from_secs(86_400));
    bench.tell(&[visited("stranger-9", "Page view", 0)]).await;
    bench.digest().await;
    assert_eq!(bench.counted().await[&("Page view".to_owned(), TODAY)].0, 4);
}

#[tokio::test]
async fn a_company_is_known_without_a_person() {
    let bench = Bench::new().await;
    bench.tell(&[json!({"t": "joined", "g": "acme", "tr": {"name": "Acme Ltd", "plan": "pro"}}), did("ada", "Login", HOUR)]).await;
    bench.tell(&[json!({"t": "joined", "g": "acme", "u": "ada"})]).await;
    bench.digest().await;
    let ada = bench.contact("ada").await.unwrap();
    let read = move |r: &db::Reader<'_>| {
        let contact = identity::store::get_contact(r, ada)?;
        identity::store::find_customer(r, contact.customer.unwrap())
    };
    let customer = bench.house.cx.read(read).await.unwrap().unwrap();
    assert_eq!((customer.name.as_str(), customer.traits["plan"].as_str()), ("Acme Ltd", Some("pro")));
}

#[tokio::test]
async fn nobody_counts_while_somebody_else_has_the_turn() {
    let bench = Bench::new().await;
    bench.tell(&[did("ada", "Login", HOUR)]).await;
    let turn = Counting::of(&bench.house.cx).unwrap().turn().await;
    let digest = tokio::spawn({
        let cx = bench.house.cx.clone();
        async move { capability::digest::drain(&cx, &crate::digest::Counted).await.unwrap() }
    });
    let second = Counting::of(&bench.house.cx).unwrap();
    assert!(tokio::time::timeout(std::time::Duration::from_millis(200), second.turn()).await.is_err(), "it is another's");
    assert!(bench.counted().await.is_empty());
    drop(turn);
    assert_eq!(digest.await.unwrap(), 1);
    assert_eq!(bench.counted().await[&("Login".to_owned(), TODAY)].0, 1);
}
