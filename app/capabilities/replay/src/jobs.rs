//! Computing signals, packing what is idle, ageing out.

mod prune;
mod repack;
mod weigh;

use capability::{Cx, House, Work};
use kernel::time::{HOUR, MINUTE};
use kernel::{Error, Result};

/// What happened in replays that grew, a minute at most after it came.
const WEIGH: &str = "replay.weigh";
const REPACK: &str = "replay.repack";
const PRUNE: &str = "replay.prune";

pub fn register(work: &mut Work) {
    work.job(WEIGH, |cx, _| weigh::run(cx));
    work.every(WEIGH, MINUTE);
    work.job(REPACK, |cx, _| repack::run(cx));
    work.every(REPACK, MINUTE * 5);
    work.job(PRUNE, |cx, _| prune::run(cx));
    work.every(PRUNE, HOUR);
}

/// Unpacking and packing: not on the threads that answer.
async fn blocking<T: Send + 'static>(cx: &Cx, work: impl FnOnce(&House) -> Result<T> + Send + 'static) -> Result<T> {
    let house = cx.clone();
    let done = tokio::task::spawn_blocking(move || work(&house)).await;
    done.unwrap_or_else(|panic| Err(Error::internal("working on replays").because(panic)))
}

#[cfg(test)]
pub(crate) use {prune::run as prune_now, repack::run as repack_now, weigh::run as weigh_now};
