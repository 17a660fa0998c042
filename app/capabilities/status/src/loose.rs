//! Components whose monitors are all gone: visitors no longer see them, and somebody is told to decide what becomes of them.

use crate::acts::done;
use crate::model::component::follows_nothing;
use crate::store::components;
use capability::Registry;
use db::Tx;
use kernel::Result;
use std::collections::HashSet;

/// Marks those that lost their last monitor, and frees those that have one again.
pub fn refresh(tx: &mut Tx<'_>, registry: Registry) -> Result<()> {
    let known: HashSet<String> = registry.feed_sources(tx)?.into_iter().map(|source| source.key).collect();
    for row in components::list_components(tx)? {
        let is_loose = follows_nothing(row.rule, &row.feeds, &known);
        if is_loose == row.loose_at.is_some() {
            continue;
        }
        components::set_loose(tx, row.id, is_loose)?;
        let act = if is_loose { "status.component.hide" } else { "status.component.show" };
        done(tx, "hermetic", act, &format!("component:{}", row.id), &row.name)?;
    }
    Ok(())
}
