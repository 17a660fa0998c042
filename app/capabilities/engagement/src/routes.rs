//! Doors of engagement: pages for people, the scripts that browsers load, and what a survey asks.

mod console;
mod script;
mod surveys;

use capability::{Cx, House, Routes};
use kernel::{Error, Result};

pub fn mount(routes: &mut Routes) {
    console::mount(routes);
    script::mount(routes);
    surveys::mount(routes);
}

/// What reads both files unpacks: not on the threads that answer.
async fn blocking<T: Send + 'static>(cx: &Cx, work: impl FnOnce(&House) -> Result<T> + Send + 'static) -> Result<T> {
    let house = cx.clone();
    let done = tokio::task::spawn_blocking(move || work(&house)).await;
    done.unwrap_or_else(|panic| Err(Error::internal("reading actions").because(panic)))
}
