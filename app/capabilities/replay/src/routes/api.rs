//! What the player asks for, and the download.

use capability::Routes;

pub fn mount(_routes: &mut Routes) {}
