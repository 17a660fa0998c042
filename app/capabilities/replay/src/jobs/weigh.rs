//! Signals and activity of the replays that grew. Not in the digest: a long replay comes in thousands of segments, and all that happened in
//! it is looked at each time.

use capability::{Cx, House};
use db::Tx;
use kernel::Result;

use super::blocking;
use crate::model::Signals;
use crate::model::signals::{activity, count, signals};
use crate::read;
use crate::store::{self, Stale};

/// Replays of one transaction.
const PORTION: u32 = 50;
/// Portions of one run: what is left waits for the next.
const PORTIONS: usize = 100;

pub async fn run(cx: Cx) -> Result<()> {
    for _ in 0..PORTIONS {
        let stale = cx.read(|r| store::stale(r, PORTION)).await?;
        let is_last = stale.len() < PORTION as usize;
        if stale.is_empty() {
            return Ok(());
        }
        let weighed = blocking(&cx, move |house| Ok(stale.into_iter().map(|one| (one, weighed(house, &one))).collect::<Vec<_>>())).await?;
        cx.write(move |tx| weighed.iter().try_for_each(|(one, outcome)| note(tx, one, outcome))).await?;
        if is_last {
            return Ok(());
        }
    }
    Ok(())
}

/// Counted at once: what was found in fifty replays is much more than how often.
fn weighed(house: &House, one: &Stale) -> Result<(Signals, Vec<u8>)> {
    let moments = house.telemetry.read_blocking(|r| read::moments_of(r, one.key))?;
    Ok((count(&signals(&moments, one.finished_at)), activity(&moments, one.started_at, one.finished_at)))
}

/// One that cannot be read is passed over, or none after it would ever be looked at.
fn note(tx: &mut Tx<'_>, one: &Stale, outcome: &Result<(Signals, Vec<u8>)>) -> Result<()> {
    match outcome {
        Ok((found, activity)) => store::weigh(tx, one, *found, activity),
        Err(error) => {
            tracing::warn!(replay = one.id.0, error = error.chain(), "what happened in a replay cannot be read");
            store::pass_over(tx, one)
        }
    }
}
