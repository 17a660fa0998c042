//! The list of dumps.

use frontend::prelude::*;
use kernel::Time;

use crate::pages::{Place, places};

use super::state;
use crate::dumps::model::{Dump, Run, schedule, size};
use crate::dumps::store::KeyState;

pub struct DumpRow {
    pub dump: Dump,
    pub last: Option<Run>,
    pub good: Option<Run>,
    /// Of the good ones, oldest first.
    pub sizes: Vec<f64>,
}

pub struct Listing {
    pub rows: Vec<DumpRow>,
    pub has_place: bool,
    /// Of the key that dumps are encrypted with.
    pub key: Option<KeyState>,
    pub can_edit: bool,
    pub can_run: bool,
    pub now: Time,
}

pub fn show(listing: &Listing) -> View {
    let mut actions = Vec::new();
    if listing.can_edit {
        actions.push(link_button("/backup/dumps/new", "New dump", Look::Primary));
        actions.push(link_button("/backup/dumps/key", "Key", Look::Quiet));
    }
    let head = page_head(PageHead {
        title: "Database dumps",
        lead: "Your own database, dumped on a schedule, compressed, encrypted, put where the copies go, fetched again and proven.",
        actions,
        ..PageHead::default()
    });
    let mut parts = vec![head, places(Place::Dumps)];
    if !listing.has_place {
        let text = "No destination is configured, so no dump can run. Name one in the configuration file, as for Hermetic's own copies.";
        parts.push(notice(Tone::Warn, text));
    }
    if listing.key.as_ref().is_some_and(|key| key.is_lost) {
        let text = "The key of the dumps was sealed with a key file that is gone, so no dump can be made with it: an owner makes a new one, \
                    under Key.";
        parts.push(notice(Tone::Bad, text));
    } else if listing.key.as_ref().is_some_and(|key| !key.is_shown) {
        let text = "Nobody has taken the key out of this instance yet. If this machine is lost, the dumps are worth nothing without it: \
                    an owner should download it now, under Key.";
        parts.push(notice(Tone::Warn, text));
    }
    parts.push(live("dumps", card(Card { is_flush: true, ..Card::default() }, rows(listing))));
    stack(parts)
}

fn rows(listing: &Listing) -> View {
    let heads =
        [Head::text("Dump"), Head::text("State"), Head::text("Last good"), Head::text("Next"), Head::text("Size"), Head::hidden("Actions")];
    let actions = if listing.can_edit { vec![link_button("/backup/dumps/new", "Make the first dump", Look::Primary)] } else { Vec::new() };
    let empty = EmptyState {
        title: "Nothing is dumped yet",
        sentence: "Hermetic keeps copies of its own files; the database of your product needs a dump of its own.",
        actions,
    };
    table(Table { caption: "Dumps", heads: &heads, rows: listing.rows.iter().map(|row| one(row, listing)).collect(), empty })
}

fn one(row: &DumpRow, listing: &Listing) -> Row {
    let dump = &row.dump;
    let (tone, word) = state(dump, row.last.as_ref());
    let name = link(format!("/backup/dumps/{}", dump.id), &dump.draft.name);
    let good = match &row.good {
        Some(run) => ago(run.ended_at.unwrap_or(run.started_at), listing.now),
        None => muted("none yet"),
    };
    let next = match dump.next_at {
        Some(next) => {
            view! { <span>{ago(next, listing.now)}" "<span class="muted">{schedule::describe(&dump.draft)}</span></span> }.into_any()
        }
        None => muted("–"),
    };
    let weight = row.good.as_ref().map_or_else(|| "–".to_owned(), |run| size(run.result.stored_bytes));
    let spark = if row.sizes.len() > 1 { sparkline(&row.sizes, "") } else { ().into_any() };
    let act = if listing.can_run { post_button(format!("/backup/dumps/{}/run", dump.id), "Run now", Look::Plain) } else { muted("") };
    Row {
        cells: vec![
            view! { <span>{name}" "{tag(dump.draft.kind.label())}</span> }.into_any(),
            state_badge(tone, word),
            good,
            next,
            view! { <span>{weight}" "{spark}</span> }.into_any(),
            act,
        ],
        tone: if tone == Tone::Bad { Tone::Bad } else { Tone::Neutral },
    }
}
