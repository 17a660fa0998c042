//! Whose transactions lie at a destination. Numbers say nothing: an older state that was restored counts on from an earlier one, a
//! machine that was replaced comes back, a copied folder lives twice. Only what can be shown to be ours is built upon.

use kernel::Time;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Port, Shared};
use crate::files::{Entry, Listing, read_header};
use crate::ltx::Header;
use crate::notes;
use crate::restore::{RestoreError, header_of};
use crate::store::{StoreError, TIMESTAMP};

/// What a file of ours is known by.
#[derive(Clone, Copy)]
enum Mark {
    /// The same file lies in the spool.
    File(Header),
    /// It was restored here, or sent by this process.
    Moment { at: Time, commit: Option<u32> },
}

impl Mark {
    fn at(&self) -> Time {
        match self {
            Mark::File(header) => header.at,
            Mark::Moment { at, .. } => *at,
        }
    }

    fn is(&self, theirs: &Header) -> bool {
        match self {
            Mark::File(header) => header == theirs,
            Mark::Moment { at, commit } => *at == theirs.at && commit.is_none_or(|commit| commit == theirs.commit),
        }
    }
}

/// Whose the newest transaction at a destination is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kin {
    Ours,
    Others,
    /// Whatever lies there was written plainly, or for another recipient, than what is written now: who restores with the present key
    /// needs a whole copy in the present form.
    OtherForm,
}

/// An empty destination is anybody's.
pub(super) async fn kin(shared: &Arc<Shared>, port: &Port, listing: &Listing) -> Result<Kin, StoreError> {
    let newest = listing.max();
    if newest == 0 {
        return Ok(Kin::Ours);
    }
    if forms(shared).get(&port.destination.name).is_some_and(|known| *known != form(port)) {
        return Ok(Kin::OtherForm);
    }
    let entries: Vec<Entry> = listing.all().filter(|entry| entry.span.max == newest).copied().collect();
    let mut found = Kin::Others;
    for entry in entries {
        match kin_of(port, &entry, &marks(shared, port, &entry)).await? {
            Kin::Ours => return Ok(Kin::Ours),
            kin => found = kin,
        }
    }
    Ok(found)
}

/// In which form this destination is written.
fn form(port: &Port) -> String {
    port.destination.store.envelope().map_or_else(|| "plain".to_owned(), |envelope| envelope.recipient())
}

const FORMS: &str = "forms.json";

/// In which form the last whole copy at each destination was written.
fn forms(shared: &Shared) -> BTreeMap<String, String> {
    notes::read(shared.capture.spool().folder(), FORMS).unwrap_or_default()
}

/// A whole copy has arrived in the present form.
pub(super) fn note_form(shared: &Shared, port: &Port) {
    let mut forms = forms(shared);
    if forms.insert(port.destination.name.clone(), form(port)).is_some_and(|before| before == form(port)) {
        return;
    }
    if let Err(error) = notes::write(shared.capture.spool().folder(), FORMS, &forms) {
        tracing::warn!(error = %error, "the form of the copies could not be noted");
    }
}

fn marks(shared: &Shared, port: &Port, entry: &Entry) -> Vec<Mark> {
    let spool = shared.capture.spool();
    let mut marks = Vec::new();
    if spool.listing().holds(entry.level, entry.span) {
        marks.extend(read_header(&spool.lend(entry.level, entry.span).path).ok().map(Mark::File));
    }
    if let Some(anchor) = shared.capture.anchor().filter(|anchor| anchor.txid == entry.span.max) {
        marks.push(Mark::Moment { at: anchor.at, commit: Some(anchor.commit) });
    }
    if let Some(sent) = port.state().newest_sent.filter(|sent| (sent.level, sent.span) == (entry.level, entry.span)) {
        marks.push(Mark::Moment { at: sent.at, commit: None });
    }
    marks
}

async fn kin_of(port: &Port, entry: &Entry, marks: &[Mark]) -> Result<Kin, StoreError> {
    let store = &port.destination.store;
    let kin = |is_ours: bool| if is_ours { Kin::Ours } else { Kin::Others };
    if store.envelope().is_none_or(|envelope| envelope.can_read()) {
        return match header_of(store, entry).await {
            Ok(theirs) => Ok(kin(marks.iter().any(|mark| mark.is(&theirs)))),
            Err(RestoreError::Store(error @ (StoreError::Unreachable(_) | StoreError::Denied(_)))) => Err(error),
            // The present key does not open it, so it will not open what it builds upon either.
            Err(RestoreError::Store(StoreError::Invalid(_))) => Ok(Kin::OtherForm),
            // What is damaged, or gone by now, is not what was written.
            Err(_) => Ok(Kin::Others),
        };
    }
    // A machine that may only write goes by the time that stands beside the object.
    let Some(head) = store.head(&store.object_key(crate::files::name(entry.level, entry.span))).await? else { return Ok(Kin::Others) };
    let written = head.metadata.iter().find(|(name, _)| name == TIMESTAMP).and_then(|(_, text)| Time::parse_rfc3339(text));
    let at = written.unwrap_or(head.modified);
    Ok(kin(marks.iter().any(|mark| mark.at() == at)))
}
