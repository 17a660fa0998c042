//! Doors of replays: pages for people, and the JSON that their player asks for.

mod api;
mod console;

use capability::{Cx, House, Routes};
use kernel::{Error, Result};
use tokio::sync::Semaphore;

/// How many read recordings at once. A part may have 32 MB and is held some five times over while it is made safe; who has a link needs no
/// login to ask for many.
static READERS: Semaphore = Semaphore::const_new(3);

pub fn mount(routes: &mut Routes) {
    console::mount(routes);
    api::mount(routes);
}

/// What reads recordings reads both files and unpacks: not on the threads that answer.
async fn blocking<T: Send + 'static>(cx: &Cx, work: impl FnOnce(&House) -> Result<T> + Send + 'static) -> Result<T> {
    let reader = READERS.acquire().await.map_err(|error| Error::internal("waiting to read a replay").because(error))?;
    let house = cx.clone();
    // The reader goes along: who hangs up does not end the work.
    let done = tokio::task::spawn_blocking(move || {
        let done = work(&house);
        drop(reader);
        done
    });
    done.await.unwrap_or_else(|panic| Err(Error::internal("reading a replay").because(panic)))
}
