//! One thread that works out what items mean, behind everything that somebody waits for.

use kernel::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use tokio::sync::oneshot;

/// How far its thread stands back (the scheduler's nice value): while the machine is busy, the door and the pages get nine times its
/// share. It still gets some, so that a flood is digested while it lasts.
const NICE: i32 = 10;

type Act = Box<dyn FnOnce() + Send>;

/// Ends when it is dropped.
pub(crate) struct Hand(Sender<Act>);

impl Hand {
    pub(crate) fn start() -> Result<Hand> {
        let (acts, received) = channel::<Act>();
        let run = move || {
            // An error only says that the system keeps one rank for all threads.
            let _ = rustix::process::nice(NICE);
            received.into_iter().for_each(|act| act());
        };
        let spawned = std::thread::Builder::new().name("digest".to_owned()).spawn(run);
        spawned.map(|_| Hand(acts)).map_err(|error| Error::internal("starting the thread of the digests").because(error))
    }

    /// A panic of `f` is an error.
    pub(crate) async fn run<T: Send + 'static>(&self, f: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let act = move || {
            let result = catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|_| Err(Error::internal("a digest panicked")));
            // Nobody waits any more when the server ends.
            let _ = answer.send(result);
        };
        let gone = || Error::unavailable("The thread of the digests has ended because the server stops.");
        self.0.send(Box::new(act)).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}
