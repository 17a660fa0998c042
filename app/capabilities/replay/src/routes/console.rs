//! The console's pages of replays.

use capability::Routes;

pub fn mount(_routes: &mut Routes) {}
