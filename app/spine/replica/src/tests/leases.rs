//! One writer for each path: who may take a lease, and what keeps it while a large file is sent.

use kernel::{Clock, Time};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use testkit::S3;
use tokio_util::sync::CancellationToken;

use crate::engine::{Destination, Options, Replica, StartOptions};
use crate::lease::{Holder, Lease, LeaseError, Owner, TTL};
use crate::source::Source;
use crate::store::{Body, PutOptions, Store, StoreError};
use crate::tests::engines::{Bench, LONG, store};

const START: Time = Time(1_700_000_000_000);

fn owner(id: &str) -> Owner {
    Owner { id: id.to_owned(), host: format!("host of {id}") }
}

fn after(seconds: u64) -> Time {
    START + Duration::from_secs(seconds)
}

fn is_held<T>(result: &Result<T, LeaseError>) -> bool {
    matches!(result, Err(LeaseError::Held { .. }))
}

/// The same owner in two folders, as after `cp -a` of a data folder.
struct Clones {
    folders: [tempfile::TempDir; 2],
}

impl Clones {
    fn new() -> Clones {
        Clones { folders: [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()] }
    }

    fn each(&self) -> [Holder; 2] {
        [owner("one").at(self.folders[0].path()), owner("one").at(self.folders[1].path())]
    }
}

fn in_folder(folder: &Path) -> Store {
    Store::open(&folder.to_str().unwrap().parse().unwrap(), &crate::address::S3Options::default()).unwrap()
}

async fn lock(store: &Store) -> serde_json::Value {
    let bytes = store.get("lock.json", None).await.unwrap().read_all(4_096).await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn a_copied_data_folder_never_writes_beside_its_original() {
    let s3 = S3::start();
    let store = store(&s3, "app");
    let clones = Clones::new();
    let [original, copy] = clones.each();
    let first = Lease::take(&store, &original, true, START).await.unwrap();
    assert!(is_held(&Lease::take(&store, &copy, true, after(1)).await), "both have the owner's id");
    first.keep(&store, after(30)).await.unwrap();
    assert!(is_held(&Lease::take(&store, &copy, true, after(89)).await));
    // The original was idle for long enough; from now on it is the copy's.
    let second = Lease::take(&store, &copy, true, after(91)).await.unwrap();
    assert!(is_held(&first.keep(&store, after(92)).await));
    assert!(is_held(&first.keep(&store, after(93)).await), "and asking again does not help");
    assert!(is_held(&Lease::take(&store, &original, true, after(94)).await));
    second.keep(&store, after(120)).await.unwrap();
    assert_eq!(lock(&store).await["generation"], 2);
}

#[tokio::test]
async fn an_instance_that_was_killed_is_let_in_again_at_once() {
    let s3 = S3::start();
    let store = store(&s3, "app");
    let folder = tempfile::tempdir().unwrap();
    let killed = Lease::take(&store, &owner("one").at(folder.path()), true, START).await.unwrap();
    let restarted = Lease::take(&store, &owner("one").at(folder.path()), true, after(1)).await.unwrap();
    restarted.keep(&store, after(30)).await.unwrap();
    assert!(is_held(&killed.keep(&store, after(31)).await), "nothing that is left of the first goes on");
    // Another id in the same place is another instance; and without a place nobody is believed.
    assert!(is_held(&Lease::take(&store, &owner("two").at(folder.path()), true, after(32)).await));
    let nowhere = owner("one").at(Path::new("/none"));
    assert!(is_held(&Lease::take(&store, &nowhere, true, after(33)).await));
}

#[tokio::test]
async fn a_lease_that_was_lost_is_not_given_back_for_another() {
    let s3 = S3::start();
    let store = store(&s3, "app");
    let [one, two] = Clones::new().each();
    let idle = Lease::take(&store, &one, true, START).await.unwrap();
    let other = Lease::take(&store, &two, true, after(100)).await.unwrap();
    idle.release(&store).await.unwrap();
    assert!(is_held(&Lease::take(&store, &one, true, after(101)).await), "it still is the other's");
    // Also where nobody may delete, one that was given back is free at once.
    s3.set_forbids_delete(true);
    other.release(&store).await.unwrap();
    Lease::take(&store, &one, true, after(102)).await.unwrap();
}

/// A renewal that is given up once it is on its way: it arrives all the same.
async fn renew_unanswered(lease: &Lease, store: &Store) {
    tokio::select! {
        biased;
        kept = lease.keep(store, after(25)) => panic!("it was not given up: {kept:?}"),
        () = std::future::ready(()) => {}
    }
    while lock(store).await["expires_at"] != after(85).rfc3339() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_renewal_whose_answer_was_lost_is_known_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = in_folder(folder.path());
    let lease = Lease::take(&store, &owner("one").at(folder.path()), true, START).await.unwrap();
    renew_unanswered(&lease, &store).await;
    lease.keep(&store, after(30)).await.unwrap();
    assert_eq!(lock(&store).await["expires_at"], after(85).rfc3339());
    lease.keep(&store, after(84)).await.unwrap();
    assert_eq!(lock(&store).await["expires_at"], after(84 + 60).rfc3339());
}

#[tokio::test]
async fn what_is_found_to_be_ours_but_old_is_renewed_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let store = in_folder(folder.path());
    let lease = Lease::take(&store, &owner("one").at(folder.path()), true, START).await.unwrap();
    renew_unanswered(&lease, &store).await;
    lease.keep(&store, after(3_600)).await.unwrap();
    assert_eq!(lock(&store).await["expires_at"], after(3_660).rfc3339());
}

#[tokio::test]
async fn a_lock_that_cannot_be_read_is_nobodys() {
    let s3 = S3::start();
    let store = store(&s3, "app");
    let folder = tempfile::tempdir().unwrap();
    for text in ["", "half a lo", "{}", &"x".repeat(5_000)] {
        store.put("lock.json", Body::Bytes(text.to_owned().into()), &PutOptions::default()).await.unwrap();
        let lease = Lease::take(&store, &owner("one").at(folder.path()), true, START).await;
        lease.unwrap_or_else(|error| panic!("{text:.20}: {error}")).release(&store).await.unwrap();
    }
}

#[tokio::test]
async fn litestreams_own_lock_is_kept_to_and_ours_has_its_fields() {
    let s3 = S3::start();
    let store = store(&s3, "app");
    let folder = tempfile::tempdir().unwrap();
    let theirs = r#"{"generation":7,"expires_at":"2023-11-14T22:13:50.123456789Z","owner":"host:4711"}"#;
    store.put("lock.json", Body::Bytes(theirs.into()), &PutOptions::default()).await.unwrap();
    let refused = Lease::take(&store, &owner("one").at(folder.path()), true, START).await;
    assert!(refused.unwrap_err().to_string().contains("host:4711"));
    let lease = Lease::take(&store, &owner("one").at(folder.path()), true, after(31)).await.unwrap();
    let ours = lock(&store).await;
    assert_eq!((&ours["generation"], &ours["owner"]), (&8.into(), &"one".into()));
    assert_eq!(ours["expires_at"], (after(31) + TTL).rfc3339());
    lease.release(&store).await.unwrap();
}

#[tokio::test]
async fn a_lease_is_kept_for_as_long_as_something_is_uploaded() {
    let s3 = S3::start();
    let store = store(&s3, "app");
    let [one, two] = Clones::new().each();
    let clock = Clock::frozen(START);
    let lease = Lease::take(&store, &one, true, clock.now()).await.unwrap();
    let locks = || s3.requests().iter().filter(|request| request.method == "PUT" && request.path.ends_with("lock.json")).count();
    let before = s3.requests().len();
    lease.while_kept(&store, &clock, async { Ok(()) }).await.unwrap();
    assert_eq!(s3.requests().len(), before, "what is short costs nothing");
    let slow = async {
        for _ in 0..4 {
            let before = locks();
            clock.advance(Duration::from_secs(25));
            while locks() == before {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let other = Lease::take(&store, &two, true, clock.now()).await;
            assert!(is_held(&other), "after {:?}: {other:?}", clock.now().since(START));
        }
        Ok(())
    };
    tokio::time::timeout(LONG, lease.while_kept(&store, &clock, slow)).await.unwrap().unwrap();
}

#[tokio::test]
async fn no_second_instance_comes_in_while_the_first_sends_one_large_file() {
    let bench = Bench::new().await;
    let clock = Clock::frozen(START);
    let (from, shutdown) = (store(&bench.s3, "app"), CancellationToken::new());
    bench.s3.hold(Some("/0000/"));
    let replica = Replica::start(StartOptions {
        source: Arc::clone(&bench.writer) as Arc<dyn Source>,
        spool: bench.path("spool"),
        destinations: vec![Destination { name: "s3".to_owned(), store: from.clone(), is_append_only: false }],
        owner: owner("one"),
        options: Options::default(),
        clock: clock.clone(),
        shutdown: shutdown.clone(),
    });
    let replica = replica.unwrap();
    bench.s3.log().wait_until(LONG, |request| request.path.contains("/0000/") && request.method == "PUT").await;
    let other = owner("two").at(bench.folder.path());
    for _ in 0..4 {
        let before = bench.s3.requests().len();
        clock.advance(Duration::from_secs(25));
        while !bench.s3.requests()[before..].iter().any(|request| request.method == "PUT" && request.path.ends_with("lock.json")) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let second = Lease::take(&from, &other, true, clock.now()).await;
        assert!(is_held(&second), "after {:?}: {second:?}", clock.now().since(START));
    }
    bench.s3.hold(None);
    replica.reached(LONG).await.unwrap();
    shutdown.cancel();
    replica.finish(LONG).await;
}

#[tokio::test]
async fn an_upload_ends_with_its_lease() {
    let s3 = S3::start();
    let store = store(&s3, "app");
    let [one, two] = Clones::new().each();
    let clock = Clock::frozen(START);
    let lease = Lease::take(&store, &one, true, clock.now()).await.unwrap();
    // Somebody else has it: as after a night in which this machine slept.
    let theirs = async {
        clock.advance(Duration::from_secs(3_600));
        Lease::take(&store, &two, true, clock.now()).await?;
        std::future::pending::<Result<(), LeaseError>>().await
    };
    let lost = tokio::time::timeout(LONG, lease.while_kept(&store, &clock, theirs)).await.unwrap();
    assert!(is_held(&lost), "{lost:?}");
    // Nobody can be asked, for as long as a lease runs.
    let lease = Lease::take(&store, &two, true, clock.now()).await.unwrap();
    s3.set_down(true);
    let silent = async {
        clock.advance(TTL);
        std::future::pending::<Result<(), LeaseError>>().await
    };
    let lost = tokio::time::timeout(LONG, lease.while_kept(&store, &clock, silent)).await.unwrap();
    assert!(matches!(lost, Err(LeaseError::Store(StoreError::Unreachable(_)))), "{lost:?}");
}

#[tokio::test]
async fn two_copies_that_take_turns_never_hold_it_both() {
    let folder = tempfile::tempdir().unwrap();
    let store = in_folder(folder.path());
    let clones = Clones::new();
    let mut dice = crate::tests::support::Dice(0x9e37_79b9_7f4a_7c15);
    let mut held: [Option<Lease>; 2] = [None, None];
    let mut now = START;
    for _ in 0..300 {
        now = now + Duration::from_secs(dice.roll(30));
        let who = dice.roll(2) as usize;
        held[who] = match held[who].take() {
            Some(lease) => lease.keep(&store, now).await.is_ok().then_some(lease),
            None => Lease::take(&store, &clones.each()[who], true, now).await.ok(),
        };
        // Whoever is allowed to write now is the only one who is.
        if held[who].is_some()
            && let Some(other) = held[1 - who].take()
        {
            assert!(is_held(&other.keep(&store, now).await), "both hold it");
        }
    }
}
