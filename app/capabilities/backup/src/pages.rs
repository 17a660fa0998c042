//! Pages about copies and drills: plain data in.

pub mod copies;
pub mod drills;
pub mod runbook;
mod strips;

use frontend::prelude::*;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Copies,
    Drills,
    Dumps,
    Runbook,
}

pub fn places(current: Place) -> View {
    let tab = |place, label, href: &str| Tab { label, href: href.into(), is_current: place == current, count: None };
    tabs(
        "Backup",
        &[
            tab(Place::Copies, "Copies", "/backup"),
            tab(Place::Drills, "Drills", "/backup/drills"),
            tab(Place::Dumps, "Your databases", "/backup/dumps"),
            tab(Place::Runbook, "Runbook", "/backup/runbook"),
        ],
    )
}

/// `12.4 MB`.
pub(crate) fn bytes(count: u64) -> String {
    Unit::Bytes.write(crate::model::cost::float(count))
}

/// `1 transaction`, `3 transactions`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
