//! Visits, ageing out, and counting all days again in another zone.

mod prune;
mod rebuild;
mod visits;

use capability::Work;
use kernel::time::{HOUR, MINUTE};

const PRUNE: &str = "engagement.prune";
const REBUILD: &str = "engagement.rebuild";
const VISITS: &str = "engagement.visits";

pub fn register(work: &mut Work) {
    work.job(PRUNE, |cx, _| prune::run(cx));
    work.every(PRUNE, HOUR);
    work.job(REBUILD, |cx, _| rebuild::run(cx));
    work.every(REBUILD, MINUTE);
    work.job(VISITS, |cx, _| visits::run(cx));
    work.every(VISITS, MINUTE);
}
