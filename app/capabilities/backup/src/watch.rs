//! Looks at the copies every two seconds, in memory only, and writes down what changed: a row for the doctor, a fact for
//! whoever must hear of it. An idle house writes nothing and asks nobody.

use capability::{Cx, Tasks};
use kernel::time::MINUTE;
use kernel::{Fact, Result, Time};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

use crate::disk::Disk;
use crate::model::condition::{Copy, State, fact, judge, judge_spool};
use crate::{Copies, FILES, TOPIC, settings, store};

const PAUSE: Duration = Duration::from_secs(2);

pub fn start(cx: &Cx, tasks: &mut Tasks) {
    tasks.spawn("backup.watch", run(cx.clone(), tasks.shutdown()));
}

async fn run(cx: Cx, shutdown: CancellationToken) {
    let (mut watch, mut disk) = (Watch::default(), Disk::default());
    loop {
        if let Err(error) = disk.look(&cx).await {
            tracing::warn!(error = error.chain(), "how full the disk is could not be seen or written down; the next look tries again");
        }
        if let Err(error) = watch.look(&cx).await {
            tracing::warn!(error = error.chain(), "what became of the copies could not be written down; the next look tries again");
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// What the last look saw.
#[derive(Default)]
pub struct Watch {
    /// As the table has it; `None` until it was read.
    known: Option<Vec<Copy>>,
    stale_after: Duration,
    read_at: Time,
    shown: Vec<(State, u64, Option<u64>)>,
}

/// A row that is to be written or removed, and what that calls for.
struct Change {
    copy: Copy,
    is_gone: bool,
    fact: Option<Fact>,
}

impl Watch {
    pub async fn look(&mut self, cx: &Cx) -> Result<()> {
        let now = cx.now();
        let known = match self.known.take() {
            Some(known) if now.since(self.read_at) < MINUTE => known,
            // Settings, too, are looked up once a minute: that is soon enough for a threshold.
            _ => {
                let (known, stale_after) = cx.read(|r| Ok((store::list_copies(r)?, settings::stale_after(r)?))).await?;
                (self.stale_after, self.read_at) = (stale_after, now);
                known
            }
        };
        let seen = self.seen(cx, &known, now);
        let changes = changes(&known, &seen, now);
        if !changes.is_empty() {
            // Forgotten when it cannot be written: the next look reads the table again.
            cx.write(move |tx| changes.iter().try_for_each(|change| note(tx, change))).await?;
        }
        self.known = Some(seen);
        Ok(())
    }

    /// The app starts the copies before the capabilities: where there are none now, nothing is copied.
    fn seen(&mut self, cx: &Cx, known: &[Copy], now: Time) -> Vec<Copy> {
        let find = |file: &str, destination: &str| known.iter().find(|copy| copy.file == file && copy.destination == destination);
        let Some(copies) = Copies::of(cx) else { return Vec::new() };
        let (mut seen, mut shown) = (Vec::new(), Vec::new());
        for file in FILES {
            let (name, status) = (file.file_name(), copies.replica(file).status());
            seen.push(judge_spool(find(name, ""), name, &status, now));
            for copy in &status.destinations {
                let judged = judge(find(name, &copy.name), name, copy, now, self.stale_after);
                seen.push(Copy { is_readable: copies.is_readable(&copy.name), ..judged });
                shown.push((State::of(copy), copy.behind, copy.reached));
            }
        }
        if shown != self.shown {
            self.shown = shown;
            cx.live.signal(TOPIC);
        }
        seen
    }
}

fn changes(known: &[Copy], seen: &[Copy], now: Time) -> Vec<Change> {
    let same = |one: &Copy, other: &Copy| one.file == other.file && one.destination == other.destination;
    let changed = seen.iter().filter_map(|copy| {
        let before = known.iter().find(|known| same(known, copy));
        (before != Some(copy)).then(|| Change { fact: fact(before, Some(copy), now), copy: copy.clone(), is_gone: false })
    });
    let gone = known.iter().filter(|known| !seen.iter().any(|copy| same(copy, known)));
    changed.chain(gone.map(|copy| Change { fact: fact(Some(copy), None, now), copy: copy.clone(), is_gone: true })).collect()
}

fn note(tx: &mut db::Tx<'_>, change: &Change) -> Result<()> {
    if change.is_gone {
        store::remove_copy(tx, &change.copy)?
    } else {
        store::set_copy(tx, &change.copy)?
    }
    change.fact.as_ref().map_or(Ok(()), |fact| work::record(tx, fact))
}
