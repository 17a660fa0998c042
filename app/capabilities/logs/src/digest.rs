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

/// Lines of one transaction of telemetry.db: the door waits behind it, and a batch of a few packed bytes may be millions of lines.
const PORTION: usize = 1_000;

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
        let mut portion = Vec::new();
        for item in items {
            let lines = lines_of(item)?;
            for line in &lines {
                *hours.entry(Hour { at: line.at().hour_start(), project: item.project, level: line.level }).or_default() += 1;
            }
            portion.push(Read { item: item.id, project: item.project, lines: new_lines(&lines, item.project) });
            if portion.iter().map(|read| read.lines.len()).sum::<usize>() >= PORTION {
                take_in(cx, std::mem::take(&mut portion))?;
            }
        }
        take_in(cx, portion)?;
        Ok(Box::new(move |tx| {
            hours.into_iter().try_for_each(|(hour, lines)| store::add_hour(tx, hour, lines))?;
            tx.signal(crate::TOPIC);
            Ok(())
        }))
    }
}

/// Written a second time after a crash it comes out the same: an item is taken in once.
fn take_in(cx: &Cx, portion: Vec<Read>) -> Result<()> {
    if portion.is_empty() {
        return Ok(());
    }
    cx.telemetry
        .write_blocking(move |tx| portion.iter().try_for_each(|read| store::take_in(tx, read.item, read.project, &read.lines).map(|_| ())))
}

/// In the order in which the program wrote them.
fn new_lines(lines: &[Line], project: ProjectId) -> Vec<NewLine> {
    let mut order: Vec<(i64, &Line)> = (0..).zip(lines).collect();
    order.sort_by_key(|(position, line)| (line.at_us, line.sequence, *position));
    let new =
        |(position, line): (i64, &Line)| NewLine { at_us: line.at_us, position, level: line.level, words: words::words_of(line, project) };
    order.into_iter().map(new).collect()
}
