//! Ageing out, and counting all days again in another zone.

mod prune;
mod rebuild;

use capability::Work;
use kernel::time::{HOUR, MINUTE};

const PRUNE: &str = "engagement.prune";
const REBUILD: &str = "engagement.rebuild";

pub fn register(work: &mut Work) {
    work.job(PRUNE, |cx, _| prune::run(cx));
    work.every(PRUNE, HOUR);
    work.job(REBUILD, |cx, _| rebuild::run(cx));
    work.every(REBUILD, MINUTE);
}
