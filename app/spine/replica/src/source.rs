//! What the copies need of a database that this process writes. The replica opens no SQLite itself: the app lends it this.

use kernel::Result;
use std::path::Path;
use tokio::sync::watch;

/// Counted by the process that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Commits {
    /// Commits since the file was opened.
    pub count: u64,
    /// Frames in the write-ahead log after the last of them.
    pub frames: u32,
}

/// A database in WAL mode, written by one connection, whose log nobody but the copies checkpoints.
pub trait Source: Send + Sync + 'static {
    fn path(&self) -> &Path;

    /// Told after each commit, perhaps a moment late.
    fn commits(&self) -> watch::Receiver<Commits>;

    /// What is committed at this moment, never less: an answer that waits for its copy counts on it.
    fn committed(&self) -> Commits;

    /// Runs `work` while no transaction of this process is open, and none can begin before it ends. Holds its thread.
    fn quiet(&self, work: QuietWork) -> Result<()>;
}

/// What is done between two transactions.
pub type QuietWork = Box<dyn FnOnce(&dyn Quiet) + Send>;

/// Between two transactions.
pub trait Quiet {
    /// The writer's count at this moment.
    fn committed(&self) -> Commits;

    /// Differs from before when another process has written in between.
    fn data_version(&self) -> Result<i64>;

    /// Moves the log into the file as far as readers let it, and gives whether all of it was moved. Never waits.
    fn checkpoint(&self) -> Result<bool>;

    /// A read transaction over the present state: while it lives, neither file nor log lose what it sees.
    fn pin(&self) -> Result<Pin>;
}

/// Ends when dropped.
pub type Pin = Box<dyn std::any::Any + Send>;
