//! A whole life of a replica at servers that are not like the others.

use std::sync::Arc;
use testkit::S3;
use tokio_util::sync::CancellationToken;

use crate::address::{Encryption, S3Options};
use crate::engine::{Destination, Options, Replica, StartOptions};
use crate::lease::Owner;
use crate::restore::{self, RestoreError, Wanted};
use crate::source::Source;
use crate::store::Store;
use crate::tests::engines::{Bench, LONG, store};
use crate::tests::support::{assert_same, insert};
use kernel::{Clock, Secret};

fn with_key(s3: &S3, key: &str) -> Store {
    let options = S3Options {
        access_key_id: S3::ACCESS_KEY.to_owned(),
        secret_access_key: Secret::new(S3::SECRET_KEY),
        encryption: Encryption::CustomerKey(Secret::new(key)),
        ..S3Options::default()
    };
    Store::open(&s3.url("app").parse().unwrap(), &options).unwrap()
}

/// A large commit, small ones, the first snapshot, an orderly end.
async fn live(bench: &Bench, to: &Store) {
    let shutdown = CancellationToken::new();
    let start = StartOptions {
        source: Arc::clone(&bench.writer) as Arc<dyn Source>,
        spool: bench.path("spool"),
        destinations: vec![Destination { name: "s3".to_owned(), store: to.clone(), is_append_only: false }],
        owner: Owner { id: "one".to_owned(), host: "host".to_owned() },
        options: Options::default(),
        clock: Clock::System,
        shutdown: shutdown.clone(),
    };
    bench.writer.run("insert into notes (text) values (randomblob(9000000))");
    let replica = Replica::start(start).unwrap();
    for _ in 0..3 {
        bench.writer.run(&insert(3, 500));
        replica.reached(LONG).await.unwrap();
    }
    let first_snapshot = async {
        while replica.status().destinations[0].snapshots.is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, first_snapshot).await.unwrap_or_else(|_| panic!("{:?}", replica.status()));
    assert_eq!(replica.status().destinations[0].failing, None);
    shutdown.cancel();
    replica.finish(LONG).await;
}

async fn restored(bench: &Bench, from: &Store) -> Result<(), RestoreError> {
    let survey = restore::survey(from).await?;
    let plan = survey.plan(from, Wanted::Latest).await?;
    let out = bench.path("out.db");
    restore::run(from, &survey, plan, &out, &|_| ()).await?;
    assert_same(&out, &bench.path("app.db"));
    Ok(())
}

#[tokio::test]
async fn what_was_copied_with_a_customers_key_is_restored_with_it_and_not_without() {
    let bench = Bench::new().await;
    let keys = ["MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="];
    let ours = with_key(&bench.s3, keys[0]);
    live(&bench, &ours).await;
    let requests = bench.s3.requests();
    assert!(requests.iter().any(|request| request.query.contains("partNumber")), "the first file goes in parts");
    assert_eq!(ours.counts().copy, 1, "the first snapshot is a copy");
    restored(&bench, &ours).await.unwrap();
    for other in [with_key(&bench.s3, keys[1]), store(&bench.s3, "app")] {
        let refused = restored(&bench, &other).await.unwrap_err();
        assert!(matches!(refused, RestoreError::Store(_)), "{refused}");
    }
}

#[tokio::test]
async fn a_server_without_copies_and_multiple_deletions_gets_its_first_snapshot_too() {
    let bench = Bench::new().await;
    bench.s3.set_plain(true);
    let to = store(&bench.s3, "app");
    live(&bench, &to).await;
    assert_eq!(to.counts().copy, 1, "it is asked once");
    restored(&bench, &to).await.unwrap();
    // The snapshot alone is enough: the first file of level 0 may go.
    let first = to.object_key(crate::store::ObjectName { level: 0, min: 1, max: 1 });
    assert_eq!(to.delete(&[first]).await.unwrap(), []);
    std::fs::remove_file(bench.path("out.db")).unwrap();
    restored(&bench, &to).await.unwrap();
}
