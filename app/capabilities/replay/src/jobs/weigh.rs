//! Signals and activity of the replays that grew. Not in the digest: a long replay comes in thousands of segments, and all that happened in
//! it is looked at each time.

use capability::Cx;
use kernel::Result;

use super::blocking;
use crate::model::signals::{activity, signals};
use crate::read;
use crate::store;

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
        let weighed = blocking(&cx, move |house| {
            let mut weighed = Vec::with_capacity(stale.len());
            for one in stale {
                let moments = house.telemetry.read_blocking(|r| read::moments_of(r, one.key))?;
                weighed.push((one, signals(&moments, one.finished_at), activity(&moments, one.started_at, one.finished_at)));
            }
            Ok(weighed)
        })
        .await?;
        cx.write(move |tx| weighed.iter().try_for_each(|(one, found, activity)| store::weigh(tx, one, found, activity))).await?;
        if is_last {
            return Ok(());
        }
    }
    Ok(())
}
