//! Once and only once, whatever fails on the way.

use ingest::{Head, NewItem, pack};
use kernel::ids::ProjectId;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::tests::house;
use crate::{Capability, Cx};
use db::Migration;

/// Counts events by what they say. Makes nothing of `bad`; `later` meets a disk that is full as long as `is_full`.
#[derive(Default)]
struct Picky {
    is_full: AtomicBool,
}

impl Digest for Picky {
    fn name(&self) -> &'static str {
        "picky"
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Event]
    }

    fn digest(&self, _: &Cx, items: &[Item]) -> Result<Change> {
        let mut words = Vec::new();
        for item in items {
            match String::from_utf8(item.payload()?).unwrap().as_str() {
                "bad" => return Err(Error::internal("reading what is bad")),
                "panic" => panic!("it panics"),
                word => words.push(word.to_owned()),
            }
        }
        let is_full = self.is_full.load(Ordering::Relaxed);
        Ok(Box::new(move |tx| {
            if is_full && words.iter().any(|word| word == "later") {
                return Err(Error::unavailable("The disk is full."));
            }
            words.iter().try_for_each(|word| tx.run("insert into picky_words (word) values (?)", [word]).map(|_| ()))
        }))
    }
}

struct Tables;

impl Capability for Tables {
    fn name(&self) -> &'static str {
        "picky"
    }

    fn migrations(&self) -> &'static [Migration] {
        &[Migration { number: 1, name: "words", sql: "create table picky_words (id integer primary key, word text not null) strict" }]
    }
}

async fn turn(cx: &Cx, picky: &'static Picky, place: &mut Place) -> Result<usize> {
    step(Turn { cx, hand: &Hand::start().unwrap(), digest: picky }, place).await
}

async fn report(cx: &Cx, words: &[&str]) {
    for word in words {
        let (head, payload) = (Head::default(), pack::pack(word.as_bytes()));
        let item = NewItem { project: ProjectId(1), kind: Kind::Event, event_id: None, head, payload, quantity: 1 };
        cx.telemetry.write(move |tx| store::append(tx, &item)).await.unwrap();
    }
}

async fn counted(cx: &Cx) -> Vec<String> {
    cx.read(|r| r.rows("select word from picky_words order by id", [], |row| row.get(0))).await.unwrap()
}

async fn passed(cx: &Cx) -> i64 {
    let sql = "select coalesce(sum(quantity), 0) from ingest_outcomes where outcome = 'dropped' and reason = 'undigestible'";
    cx.telemetry.read(|r| r.value(sql, [])).await.unwrap()
}

#[tokio::test]
async fn items_that_went_one_by_one_before_the_disk_was_full_are_not_counted_again() {
    static PICKY: Picky = Picky { is_full: AtomicBool::new(true) };
    let folder = tempfile::tempdir().unwrap();
    let cx = house(&folder, &[&Tables]);
    let mut place = Place::default();
    report(&cx, &["first"]).await;
    assert_eq!(turn(&cx, &PICKY, &mut place).await.unwrap(), 1);
    report(&cx, &["one", "bad", "panic", "two", "later", "last"]).await;
    for _ in 0..2 {
        let error = turn(&cx, &PICKY, &mut place).await.unwrap_err();
        assert_eq!(error.kind, kernel::Kind::Unavailable);
    }
    assert_eq!(counted(&cx).await, ["first", "one", "two"]);
    PICKY.is_full.store(false, Ordering::Relaxed);
    assert_eq!(turn(&cx, &PICKY, &mut place).await.unwrap(), 2, "what is left");
    assert_eq!(turn(&cx, &PICKY, &mut place).await.unwrap(), 0);
    assert_eq!(counted(&cx).await, ["first", "one", "two", "later", "last"]);
    assert_eq!(passed(&cx).await, 2);
}

#[tokio::test]
async fn what_is_passed_over_is_counted_once_although_the_cursor_did_not_move() {
    static PICKY: Picky = Picky { is_full: AtomicBool::new(false) };
    let folder = tempfile::tempdir().unwrap();
    let cx = house(&folder, &[&Tables]);
    report(&cx, &["bad", "bad", "well"]).await;
    // Stands in for a process that dies between the two files.
    let dies = "create trigger dies before insert on ingest_cursors begin select raise(abort, 'killed'); end";
    cx.write(move |tx| tx.run(dies, [])).await.unwrap();
    assert!(turn(&cx, &PICKY, &mut Place::default()).await.is_err());
    cx.write(|tx| tx.run("drop trigger dies", [])).await.unwrap();
    assert_eq!((passed(&cx).await, counted(&cx).await.len()), (1, 0));
    assert_eq!(drain(&cx, &PICKY).await.unwrap(), 3);
    assert_eq!((passed(&cx).await, counted(&cx).await), (2, vec!["well".to_owned()]));
}

#[tokio::test]
async fn the_hand_stands_back_and_outlives_a_panic() {
    let hand = Hand::start().unwrap();
    let panics: Result<()> = hand.run(|| panic!("a digest panics")).await;
    assert!(!is_passing(&panics.unwrap_err()), "the batch is to blame");
    let rank = hand.run(|| Ok(rustix::process::getpriority_process(None).unwrap())).await.unwrap();
    assert_eq!(rank, rustix::process::getpriority_process(None).unwrap() + 10);
}

#[test]
fn a_digest_rests_while_clients_wait_unless_it_is_far_behind() {
    let took = Duration::from_millis(80);
    assert_eq!(rest(took, true, 300), took);
    assert_eq!(rest(took, false, 300), Duration::ZERO, "nobody waits");
    assert_eq!(rest(took, true, FAR_BEHIND), Duration::ZERO, "the door would soon have to send clients away");
    assert_eq!(rest(Duration::from_secs(9), true, 300), LONGEST_REST);
}
