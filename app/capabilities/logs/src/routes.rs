//! Handlers.

use capability::Routes;

pub fn mount(_routes: &mut Routes) {}
