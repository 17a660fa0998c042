//! A visitor becomes a contact, and two contacts become one: for the past, too.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::bench::{Bench, Counted, START, did, knew, visited};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const TODAY: i32 = 20_514;

#[tokio::test]
async fn what_a_visitor_did_is_the_contacts_once_it_is_known() {
    let bench = Bench::new().await;
    bench.tell(&[visited("v1", "Page view", 3 * DAY), visited("v2", "Page view", 3 * DAY), did("ada", "Login", 2 * DAY)]).await;
    bench.digest().await;
    assert_eq!(bench.counted().await[&(String::new(), TODAY - 3)].1.len(), 2);
    bench.tell(&[knew("ada", "v1"), knew("ada", "v2")]).await;
    bench.digest().await;
    let ada = bench.contact("ada").await.unwrap().0 as u32;
    let counted = bench.counted().await;
    assert_eq!(counted[&(String::new(), TODAY - 3)], (2, [ada].into()), "two actions of one contact");
    assert_eq!(counted[&("Page view".to_owned(), TODAY - 3)], (2, [ada].into()));
    assert_eq!(bench.contact("v2").await.unwrap().0 as u32, ada);
}

#[tokio::test]
async fn two_people_at_one_computer_stay_two() {
    let bench = Bench::new().await;
    bench
        .tell(&[knew("ada", "v1"), knew("bob", "v1"), json!({"n": "Login", "u": "bob", "v": "v1"}), visited("v1", "Page view", HOUR)])
        .await;
    bench.digest().await;
    let (ada, bob) = (bench.contact("ada").await.unwrap(), bench.contact("bob").await.unwrap());
    assert_ne!(ada, bob);
    let counted = bench.counted().await;
    assert_eq!(counted[&("Login".to_owned(), TODAY)].1, [bob.0 as u32].into());
    assert_eq!(counted[&("Page view".to_owned(), TODAY)].1, [ada.0 as u32].into(), "the computer is Ada's");
    let refused = bench.house.cx.read(|r| identity::store::refused_links(r, 10)).await.unwrap();
    assert_eq!(refused, [("bob".to_owned(), "v1".to_owned(), 2)]);
    // A founder who knows better says so.
    bench.tell(&[json!({"t": "linked", "u": "ada", "prev": "bob", "force": true})]).await;
    bench.digest().await;
    assert_eq!(bench.contact("bob").await, Some(ada));
    assert_eq!(bench.counted().await[&(String::new(), TODAY)].1, [ada.0 as u32].into());
}

/// What programs told, in the shape of the test.
#[derive(Debug, Clone)]
enum Told {
    Did { user: Option<u8>, visitor: Option<u8>, name: u8, days_ago: i64, id: u16 },
    Linked { user: u8, previous: u8, is_forced: bool },
}

fn told() -> impl Strategy<Value = Told> {
    prop_oneof![
        6 => (proptest::option::of(0..4_u8), proptest::option::of(0..5_u8), 0..3_u8, 0..6_i64, 0..60_u16)
            .prop_map(|(user, visitor, name, days_ago, id)| Told::Did { user, visitor, name, days_ago, id }),
        1 => (0..4_u8, 0..4_u8, any::<bool>()).prop_map(|(user, previous, is_forced)| Told::Linked { user, previous, is_forced }),
    ]
}

fn json_of(told: &Told) -> Value {
    match told {
        Told::Did { user, visitor, name, days_ago, id } => json!({
            "n": format!("n{name}"), "id": format!("m{id}"), "c": true,
            "u": user.map(|user| format!("u{user}")).unwrap_or_default(),
            "v": visitor.map(|visitor| format!("v{visitor}")).unwrap_or_default(),
            // The id of a message belongs to its moment, as with SDKs.
            "at": START - (days_ago + i64::from(id % 2)) * DAY - i64::from(*id) * 1_000,
        }),
        Told::Linked { user, previous, is_forced } => {
            json!({"t": "linked", "u": format!("u{user}"), "prev": format!("u{previous}"), "force": is_forced})
        }
    }
}

/// The same by the simplest means: groups of handles in a list, every action in a list, all counted at the end.
#[derive(Default)]
struct Reference {
    /// Handles that are one contact, and whether it was identified.
    groups: Vec<(Vec<String>, bool)>,
    /// By message and moment: who, name, day.
    actions: BTreeMap<(String, i64), (String, String, i32)>,
}

impl Reference {
    fn group(&mut self, key: &str, is_given: bool) -> usize {
        let at = self.groups.iter().position(|(keys, _)| keys.iter().any(|known| known == key)).unwrap_or_else(|| {
            self.groups.push((vec![key.to_owned()], false));
            self.groups.len() - 1
        });
        self.groups[at].1 |= is_given;
        at
    }

    fn merge(&mut self, key: &str, other: &str, is_forced: bool) {
        let knows_key = self.groups.iter().any(|(keys, _)| keys.iter().any(|known| known == key));
        let second = self.group(other, false);
        let was_identified = self.groups[second].1;
        if !knows_key && !was_identified {
            self.groups[second].0.push(key.to_owned());
            self.groups[second].1 = true;
            return;
        }
        let first = self.group(key, true);
        if first != second && (!was_identified || is_forced) {
            let (keys, _) = self.groups.remove(second);
            let first = self.group(key, true);
            self.groups[first].0.extend(keys);
        }
    }

    fn hear(&mut self, told: &Told) {
        let json = json_of(told);
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        match told {
            Told::Did { user: None, visitor: None, .. } => {}
            Told::Did { .. } => {
                let (user, visitor) = (text("u"), text("v"));
                match (user.is_empty(), visitor.is_empty()) {
                    (false, false) => self.merge(&user, &visitor, false),
                    (false, true) => drop(self.group(&user, true)),
                    _ => drop(self.group(&visitor, false)),
                }
                let at = json["at"].as_i64().unwrap();
                let who = if user.is_empty() { visitor } else { user };
                self.actions.entry((text("id"), at)).or_insert((who, text("n"), at.div_euclid(DAY) as i32));
            }
            Told::Linked { is_forced, .. } => {
                let (user, previous) = (text("u"), text("prev"));
                if user == previous {
                    self.group(&user, true);
                } else {
                    self.merge(&user, &previous, *is_forced);
                }
            }
        }
    }

    /// With groups for contacts.
    fn counted(&mut self) -> Counted {
        let mut counted = Counted::new();
        for (who, name, day) in self.actions.clone().into_values() {
            let group = self.group(&who, false) as u32;
            for name in [name, String::new()] {
                let (actions, contacts) = counted.entry((name, day)).or_default();
                *actions += 1;
                contacts.insert(group);
            }
        }
        counted
    }
}

/// Each case opens a house: so many fit into seconds, whatever number is set for those that are pure.
const CASES: u32 = 100;

#[test]
fn whatever_is_told_in_whatever_portions_the_counts_are_those_of_a_slow_reference() {
    let mut runner = TestRunner::new(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() });
    let requests = proptest::collection::vec((proptest::collection::vec(told(), 1..8), any::<bool>()), 1..14);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let checked = runner.run(&requests, |requests| {
        runtime.block_on(check(&requests));
        Ok(())
    });
    checked.unwrap_or_else(|failure| panic!("{failure}"));
}

/// Requests, each with whether it is digested by itself.
async fn check(requests: &[(Vec<Told>, bool)]) {
    let (bench, mut reference) = (Bench::new().await, Reference::default());
    for (request, is_digested) in requests {
        bench.tell(&request.iter().map(json_of).collect::<Vec<_>>()).await;
        request.iter().for_each(|told| reference.hear(told));
        if *is_digested {
            bench.digest().await;
        }
    }
    bench.digest().await;
    let wanted = reference.counted();
    let mut counted = bench.counted().await;
    // The reference's groups in the numbers of the state.
    let mut numbers = BTreeMap::new();
    for (at, (keys, _)) in reference.groups.iter().enumerate() {
        for key in keys {
            let contact = bench.contact(key).await.expect("each handle has a contact").0 as u32;
            let known = *numbers.entry(at as u32).or_insert(contact);
            assert_eq!(known, contact, "{key} is another's");
        }
    }
    let wanted: Counted =
        wanted.into_iter().map(|(at, (actions, groups))| (at, (actions, groups.iter().map(|group| numbers[group]).collect()))).collect();
    counted.retain(|_, (actions, _)| *actions > 0);
    assert_eq!(counted, wanted);
}
