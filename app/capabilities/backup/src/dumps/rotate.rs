//! What a dump's own rules give up is removed, wherever it lies.

use capability::Cx;
use kernel::ids::DumpId;
use kernel::time::DAY;
use kernel::{Error, Result, Time};

use super::model::{Draft, Outcome, Run, rotation};
use super::{TOPIC, acts, places, store};

/// After a good run. A destination that only takes, or is no longer configured, is left as it is.
pub async fn rotate(cx: &Cx, id: DumpId) -> Result<()> {
    let (runs, draft, zone) = cx.read(move |r| Ok((store::runs_with_objects(r, id)?, store::get(r, id)?.draft, acts::zone(r)?))).await?;
    let gone = given_up(&runs, &draft, &zone, cx.now());
    let mut names: Vec<&str> = gone.iter().map(|run| run.place.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let here: Vec<&Run> = gone.iter().copied().filter(|run| run.place == name).collect();
        if let Err(error) = remove(cx, name, &here).await {
            // One that is away must not keep the others full.
            tracing::warn!(dump.id = id.0, place = name, error = error.chain(), "old dumps could not be removed; the next run tries again");
        }
    }
    Ok(())
}

/// The numbers count all good ones, wherever they lie: a dump that moved empties its old place as the new one fills.
fn given_up<'a>(runs: &'a [Run], draft: &Draft, zone: &jiff::tz::TimeZone, now: Time) -> Vec<&'a Run> {
    let good: Vec<_> = runs.iter().filter(|run| run.outcome == Outcome::Good).map(|run| (run.id, run.started_at)).collect();
    let superfluous = rotation::superfluous(&good, draft, zone);
    // What failed its checks is of use only until a good one follows; it is kept a week for whoever looks into it. What an upload
    // that did not end may have left is of no use at all.
    let week_ago = now - DAY * 7;
    let is_gone = |run: &&Run| match run.outcome {
        Outcome::Running => false,
        Outcome::Good => superfluous.contains(&run.id),
        Outcome::Interrupted => true,
        Outcome::Failed | Outcome::Doubtful => run.leftover.is_some() || run.started_at < week_ago,
    };
    runs.iter().filter(is_gone).collect()
}

async fn remove(cx: &Cx, place: &str, runs: &[&Run]) -> Result<()> {
    let Ok(place) = places::named(cx, place) else { return Ok(()) };
    if place.is_append_only {
        return Ok(());
    }
    let keyed = |run: &Run| Some((run.id, run.object().or(run.leftover.as_deref())?.to_owned()));
    let gone: Vec<(i64, String)> = runs.iter().filter_map(|run| keyed(run)).collect();
    let keys: Vec<String> = gone.iter().map(|(_, key)| key.clone()).collect();
    let refused = places::store(&place)?.delete(&keys).await.map_err(|error| Error::unavailable(error.to_string()))?;
    if let Some((key, why)) = refused.first() {
        tracing::warn!(place = place.name, key, why, "an old dump could not be removed; please check the credentials' rights");
    }
    let removed: Vec<i64> = gone.into_iter().filter(|(_, key)| !refused.iter().any(|(kept, _)| kept == key)).map(|(id, _)| id).collect();
    cx.write(move |tx| {
        store::set_removed(tx, &removed)?;
        tx.signal(TOPIC);
        Ok(())
    })
    .await
}
