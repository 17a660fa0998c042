//! Doors of uptime: the console's pages, the JSON API, the address jobs report to, and what other vantages talk to.

use capability::Routes;

pub mod api;
pub mod beats;
pub mod check_ins;
pub mod console;
pub mod import;
pub mod monitor_form;
pub mod vantages;
pub mod windows;

pub fn mount(routes: &mut Routes) {
    console::mount(routes);
    windows::mount(routes);
    import::mount(routes);
    vantages::mount(routes);
    api::mount(routes);
    beats::mount(routes);
    check_ins::mount(routes);
}
