//! Bounded waiting: these tests watch other processes, whose work shows up a little later.

use std::future::Future;
use std::time::Duration;

use kernel::time::Stopwatch;

const STEP: Duration = Duration::from_millis(25);

/// Asks again and again until there is an answer; fails with `what` when `longest` has passed.
pub async fn eventually<T>(what: &str, longest: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    eventually_async(what, longest, || std::future::ready(ask())).await
}

/// Like [`eventually`], for questions that themselves take a while.
pub async fn eventually_async<T, F: Future<Output = Option<T>>>(what: &str, longest: Duration, mut ask: impl FnMut() -> F) -> T {
    let watch = Stopwatch::start();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(watch.elapsed() < longest, "waited {longest:?} in vain: {what}");
        tokio::time::sleep(STEP).await;
    }
}
