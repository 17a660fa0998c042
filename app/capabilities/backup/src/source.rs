//! A database of this house as the replica crate sees it.

use db::Db;
use kernel::Result;
use replica::source::{Commits, Pin, Quiet, QuietWork, Source};
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

pub struct DbSource {
    db: Db,
    commits: watch::Receiver<Commits>,
}

impl DbSource {
    /// Ends with the database: the task only carries its count over.
    pub fn new(db: Db) -> Arc<DbSource> {
        let mut theirs = db.commits();
        let (sender, commits) = watch::channel(translate(*theirs.borrow()));
        tokio::spawn(async move {
            while theirs.changed().await.is_ok() {
                let commits = translate(*theirs.borrow_and_update());
                if sender.send(commits).is_err() {
                    return;
                }
            }
        });
        Arc::new(DbSource { db, commits })
    }
}

fn translate(committed: db::Committed) -> Commits {
    Commits { count: committed.count, frames: committed.frames }
}

impl Source for DbSource {
    fn path(&self) -> &Path {
        self.db.path()
    }

    fn commits(&self) -> watch::Receiver<Commits> {
        self.commits.clone()
    }

    fn committed(&self) -> Commits {
        translate(*self.db.commits().borrow())
    }

    fn quiet(&self, work: QuietWork) -> Result<()> {
        let commits = self.db.commits();
        self.db.quiet(move |quiet| work(&Between(quiet, commits)))
    }
}

struct Between<'q, 'c>(&'q db::Quiet<'c>, watch::Receiver<db::Committed>);

impl Quiet for Between<'_, '_> {
    fn committed(&self) -> Commits {
        translate(*self.1.borrow())
    }

    fn data_version(&self) -> Result<i64> {
        self.0.data_version()
    }

    fn checkpoint(&self) -> Result<bool> {
        self.0.checkpoint()
    }

    fn pin(&self) -> Result<Pin> {
        // A connection may go from thread to thread, but not be shared: the lock says so to the compiler.
        Ok(Box::new(Mutex::new(self.0.pin()?)))
    }
}
