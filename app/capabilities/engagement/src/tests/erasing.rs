//! A contact is forgotten: in the counts, in the log, in the bytes of both files.

use capability::{Capability, Person};
use kernel::Role;
use serde_json::json;

use super::bench::{Bench, START, did, knew, visited};
use crate::erase::{Mode, erase};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const TODAY: i32 = 20_514;
/// Nothing else in the files is spelled like these.
const ID: &str = "u-quetzalcoatl";
const EMAIL: &str = "xochipilli@aztlan.example";
const VISITOR: &str = "v-tezcatlipoca";

async fn told() -> Bench {
    let bench = Bench::new().await;
    bench.tell(&[visited(VISITOR, "Page view", 3 * DAY), visited("v-other", "Page view", 3 * DAY), did("bob", "Login", HOUR)]).await;
    let who = json!({"t": "knew", "u": ID, "v": VISITOR, "tr": {"email": EMAIL, "plan": "pro"}});
    let paid = json!({"n": "Invoice paid", "u": ID, "at": START - HOUR, "id": "m1", "p": {"to": EMAIL, "by": ID}});
    bench.tell(&[who, paid, did(ID, "Login", HOUR), knew("bob", VISITOR)]).await;
    bench.digest().await;
    bench
}

/// Whether these bytes are in what a vacuum would leave of the file.
fn holds(bench: &Bench, file: &str, needle: &str) -> bool {
    let copy = bench.house.folder().join("vacuumed.db");
    let _ = std::fs::remove_file(&copy);
    let connection = rusqlite::Connection::open(bench.house.folder().join(file)).unwrap();
    connection.execute("vacuum into ?", [copy.to_str().unwrap()]).unwrap();
    let bytes = std::fs::read(&copy).unwrap();
    assert!(bytes.len() > 50_000, "it is a database");
    bytes.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

fn leftovers(bench: &Bench) -> Vec<(&'static str, &'static str)> {
    let files = ["hermetic.db", "telemetry.db"];
    files
        .into_iter()
        .flat_map(|file| [ID, EMAIL, VISITOR].map(|needle| (file, needle)))
        .filter(|(file, needle)| holds(bench, file, needle))
        .collect()
}

#[tokio::test]
async fn erased_with_counts_no_byte_and_no_count_is_left() {
    let bench = told().await;
    assert!(leftovers(&bench).len() >= 4, "the test can see what is there");
    let contact = bench.contact(ID).await.unwrap();
    let erased = erase(&bench.house.cx, contact, Mode::Delete, |_| Ok(())).await.unwrap();
    assert_eq!(erased, [("engagement", 3)]);
    assert_eq!(leftovers(&bench), []);
    let bob = bench.contact("bob").await.unwrap().0 as u32;
    let other = bench.contact("v-other").await.unwrap().0 as u32;
    let counted = bench.counted().await;
    assert_eq!(counted[&(String::new(), TODAY)], (1, [bob].into()));
    assert_eq!(counted[&("Page view".to_owned(), TODAY - 3)], (1, [other].into()));
    assert!(!counted.contains_key(&("Invoice paid".to_owned(), TODAY)));
    assert_eq!(bench.count("select count(*) from engagement_actions").await, 2);
    // Whoever comes again is somebody new.
    bench.tell(&[did(ID, "Login", 0)]).await;
    bench.digest().await;
    assert!(bench.contact(ID).await.unwrap() > contact);
}

#[tokio::test]
async fn erased_without_counts_nobody_can_tell_who_it_was() {
    let bench = told().await;
    let (before, contact) = (bench.counted().await, bench.contact(ID).await.unwrap());
    erase(&bench.house.cx, contact, Mode::Anonymise, |_| Ok(())).await.unwrap();
    assert_eq!(leftovers(&bench), []);
    assert_eq!(bench.counted().await, before);
    assert_eq!(bench.count("select count(*) from engagement_actions").await, 5);
    assert_eq!(bench.contact(ID).await, None);
}

#[tokio::test]
async fn an_erasure_that_was_broken_off_is_ended_by_the_hourly_job() {
    let bench = told().await;
    let contact = bench.contact(ID).await.unwrap();
    let handles = bench.house.cx.read(move |r| identity::store::handles_of(r, contact)).await.unwrap();
    bench
        .house
        .cx
        .write(move |tx| {
            handles.iter().try_for_each(|(handle, _, _)| crate::store::note_erased(tx, *handle))?;
            identity::store::erase_contact(tx, contact)
        })
        .await
        .unwrap();
    bench.house.pass(std::time::Duration::from_secs(3_600)).await;
    assert_eq!(bench.count("select count(*) from engagement_actions").await, 2);
}

#[tokio::test]
async fn an_admin_erases_and_the_log_of_acts_does_not_say_whom() {
    let bench = told().await;
    let contact = bench.contact(ID).await.unwrap();
    let path = format!("/engagement/people/{contact}");
    let member = bench.house.member(Role::Member).await;
    assert!(!member.get(&path).await.expect(200).body.contains("Forget this person"));
    member.post(&format!("{path}/erase"), &[("mode", "delete")]).await.expect(403);
    let admin = bench.house.member(Role::Admin).await;
    let page = admin.get(&path).await.expect(200).body;
    for word in [EMAIL, ID, VISITOR, "Invoice paid", "Forget this person", "pro"] {
        assert!(page.contains(word), "{word}");
    }
    admin.post(&format!("{path}/erase"), &[("mode", "delete")]).await.expect(303);
    admin.get(&path).await.expect(404);
    assert_eq!(leftovers(&bench), []);
    let nobody = Person { ids: vec![ID.to_owned()], emails: vec![EMAIL.to_owned()] };
    assert_eq!(crate::Engagement.erase(&bench.house.cx, &nobody).unwrap(), 0);
}
