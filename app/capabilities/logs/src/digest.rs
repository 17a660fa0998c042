//! What becomes of containers of lines: they are taken into the index, and counted by the hour.

use capability::Cx;
use capability::digest::{Change, Digest};
use ingest::{Item, Kind};
use kernel::Result;
use kernel::ids::ProjectId;
use std::collections::BTreeMap;

use crate::model::line::{Line, lines_of};
use crate::model::words;
use crate::store::{self, Hour, NewLine};

pub struct Lines;

pub const NAME: &str = "logs";

/// An item, understood.
struct Read {
    item: i64,
    project: ProjectId,
    lines: Vec<NewLine>,
}

impl Digest for Lines {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Logs]
    }

    fn digest(&self, cx: &Cx, items: &[Item]) -> Result<Change> {
        let mut hours: BTreeMap<Hour, u64> = BTreeMap::new();
        let mut all = Vec::with_capacity(items.len());
        for item in items {
            let lines = lines_of(item)?;
            for line in &lines {
                *hours.entry(Hour { at: line.at().hour_start(), project: item.project, level: line.level }).or_default() += 1;
            }
            all.push(Read { item: item.id, project: item.project, lines: new_lines(&lines, item.project) });
        }
        // Written a second time after a crash it comes out the same: an item is taken in once.
        cx.telemetry.write_blocking(move |tx| {
            all.iter().try_for_each(|read| store::take_in(tx, read.item, read.project, &read.lines).map(|_| ()))
        })?;
        Ok(Box::new(move |tx| {
            hours.into_iter().try_for_each(|(hour, lines)| store::add_hour(tx, hour, lines))?;
            tx.signal(crate::TOPIC);
            Ok(())
        }))
    }
}

/// In the order in which the program wrote them.
fn new_lines(lines: &[Line], project: ProjectId) -> Vec<NewLine> {
    let mut order: Vec<(i64, &Line)> = (0..).zip(lines).collect();
    order.sort_by_key(|(position, line)| (line.at_us, line.sequence, *position));
    let new =
        |(position, line): (i64, &Line)| NewLine { at_us: line.at_us, position, level: line.level, words: words::words_of(line, project) };
    order.into_iter().map(new).collect()
}
