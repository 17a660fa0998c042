//! Doors of releases: pages for people, `/api/0` for sentry-cli and the bundler plugins.

mod cli;
mod console;

use capability::Routes;

pub fn register(routes: &mut Routes) {
    console::register(routes);
    cli::register(routes);
}
