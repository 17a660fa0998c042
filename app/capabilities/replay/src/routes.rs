//! Doors of replays: pages for people, and the JSON that their player asks for.

mod api;
mod console;

use capability::Routes;

pub fn mount(routes: &mut Routes) {
    console::mount(routes);
    api::mount(routes);
}
