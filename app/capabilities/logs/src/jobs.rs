//! Ageing out: lines leave with the items that hold them, by age, by the byte budget, and with their project.

use capability::{Cx, Work};
use ingest::Kind;
use kernel::Result;
use kernel::time::{DAY, HOUR};

use crate::store::{self, Size, Taken};
use crate::{digest, settings};

const PRUNE: &str = "logs.prune";
pub const HOURS_KEPT_DAYS: u32 = 90;
/// Items that are looked for at once.
const BATCH: u32 = 100;
/// Lines that leave in one transaction: whoever reports something meanwhile waits behind it.
const PORTION: usize = 500;

pub fn register(work: &mut Work) {
    work.job(PRUNE, |cx, _| prune(cx));
    work.every(PRUNE, HOUR);
}

pub async fn prune(cx: Cx) -> Result<()> {
    let (days, budget, projects, cursor) = cx
        .read(|r| {
            let projects: Vec<_> = identity::store::list_projects(r)?.into_iter().map(|project| project.id).collect();
            Ok((settings::days(r)?, settings::budget_bytes(r)?, projects, ingest::store::cursor(r, digest::NAME)?))
        })
        .await?;
    let before = cx.now() - DAY * days;
    remove_while(&cx, move |r| {
        let old = ingest::store::items_before(r, &[Kind::Logs], before, BATCH)?;
        // What nobody has read yet is not old, however long it lay there.
        Ok(old.into_iter().filter(|item| *item <= cursor).collect())
    })
    .await?;
    remove_while(&cx, move |r| store::taken_of_others(r, &projects, BATCH)).await?;
    keep_budget(&cx, budget).await?;
    let hours = cx.now() - DAY * HOURS_KEPT_DAYS;
    cx.write(move |tx| store::prune_hours(tx, hours).map(|_| ())).await
}

async fn remove_while(cx: &Cx, next: impl Fn(&db::Reader<'_>) -> Result<Vec<i64>> + Clone + Send + 'static) -> Result<()> {
    loop {
        let next = next.clone();
        let items = cx.telemetry.read(move |r| next(r)).await?;
        if items.is_empty() {
            return Ok(());
        }
        remove(cx, items).await?;
    }
}

async fn remove(cx: &Cx, mut items: Vec<i64>) -> Result<()> {
    while !items.is_empty() {
        items = cx.telemetry.write(move |tx| remove_portion(tx, items)).await?;
    }
    Ok(())
}

/// Takes the first of the items away, at least one; gives the others.
pub(crate) fn remove_portion(tx: &mut db::Tx<'_>, mut items: Vec<i64>) -> Result<Vec<i64>> {
    let (mut lines, mut taken) = (0, 0);
    while taken < items.len() && lines < PORTION {
        lines += store::remove(tx, &items[taken..=taken])?;
        taken += 1;
    }
    Ok(items.split_off(taken))
}

async fn keep_budget(cx: &Cx, budget: u64) -> Result<()> {
    let size = cx.telemetry.read(store::size).await?;
    let mut over = (size.item_bytes + size.index_bytes).saturating_sub(budget);
    if over > 0 {
        tracing::info!(lines = size.lines, over_bytes = over, "log lines take up more than they may; the oldest leave");
    }
    while over > 0 {
        let oldest = cx.telemetry.read(|r| store::oldest_taken(r, BATCH)).await?;
        if oldest.is_empty() {
            return Ok(());
        }
        let (items, freed) = enough(&oldest, &size, over);
        remove(cx, items).await?;
        over = over.saturating_sub(freed);
    }
    Ok(())
}

/// The oldest items that together take up what is over, and how much that is. The index is shared by all lines alike.
fn enough(oldest: &[Taken], size: &Size, over: u64) -> (Vec<i64>, u64) {
    let (mut items, mut freed) = (Vec::new(), 0);
    for taken in oldest {
        if freed >= over {
            break;
        }
        freed += taken.bytes + (u128::from(size.index_bytes) * u128::from(taken.lines) / u128::from(size.lines.max(1))) as u64;
        items.push(taken.item);
    }
    // An empty item takes up something too; without this an odd size would go round for ever.
    (items, freed.max(1))
}
