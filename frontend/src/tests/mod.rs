//! Rendering: what may not come through, and what has to be there.

mod charts;
mod counts;
mod escaping;
mod structure;

use crate::View;

fn html(view: View) -> String {
    crate::render(|| view)
}
