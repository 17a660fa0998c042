//! Doors: the public's ([`public`]), members' ([`console`]), programs' ([`api`]).

mod api;
mod console;
mod public;

use capability::Routes;

pub fn mount(routes: &mut Routes) {
    public::mount(routes);
    console::mount(routes);
    api::mount(routes);
}
