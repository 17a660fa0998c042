//! Spool → one destination. Two lanes: what brings it forward, and, beside that, merged files, snapshots and deletions, so
//! that a large snapshot delays no transaction.

use kernel::Time;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

use super::lineage::Kin;
use super::{Port, Shared, lineage, status};
use crate::files::{Entry, Listing, SEALED, SNAPSHOT_LEVEL, Span, name};
use crate::lease::{Lease, LeaseError};
use crate::levels;
use crate::queue::{self, Next};
use crate::store::{Body, PutOptions, StoreError, TIMESTAMP};

/// Tries against a destination that does not answer: soon at first, never rarer than this many times the first pause.
const LONGEST: u32 = 10;
/// How long the last uploads may take when the process stops.
const LAST: Duration = Duration::from_secs(20);
/// Objects may be deleted this often at most; there is no hurry.
const SWEEP: Duration = Duration::from_secs(60);
const DELETE_AT_ONCE: usize = 1_000;
const LIST_EVERY: Duration = kernel::time::HOUR;

pub(super) async fn run(shared: Arc<Shared>, port: Arc<Port>) {
    let mut failures = 0;
    loop {
        let uploads = port.state().uploads;
        let work = async {
            let lease = begin(&shared, &port).await?;
            {
                let merged = std::pin::pin!(ship_merged(&shared, &port, &lease));
                let fresh = std::pin::pin!(ship_fresh(&shared, &port, &lease));
                tokio::select! { ended = fresh => ended?, ended = merged => ended? }
            }
            let _ = tokio::time::timeout(LAST, lease.release(&port.destination.store)).await;
            Ok(())
        };
        match work.await {
            Ok(()) => return,
            Err(failure) => note_failure(&shared, &port, &failure),
        }
        // A destination that can be listed but takes nothing is asked ever more rarely, too.
        if port.state().uploads > uploads {
            failures = 0;
        }
        let pause = shared.options.retry * 2_u32.saturating_pow(failures).min(LONGEST);
        failures += 1;
        tokio::select! { () = shared.shutdown.cancelled() => return, () = sleep(pause) => {} }
    }
}

/// Lease, then what is there.
async fn begin(shared: &Arc<Shared>, port: &Port) -> Result<Lease, LeaseError> {
    let store = &port.destination.store;
    let known = port.state().honours_conditions;
    let honours = match known {
        Some(honours) => honours,
        None => store.probe_conditions().await?,
    };
    let holder = port.owner.at(shared.capture.spool().folder());
    let lease = Lease::take(store, &holder, honours, shared.clock.now()).await?;
    let mut listing = list(port).await?;
    let newest = listing.max();
    let kin = lineage::kin(shared, port, &listing).await?;
    if kin != Kin::Ours {
        start_over(shared, port, newest, kin).await?;
    }
    if kin == Kin::OtherForm {
        // As if there were no whole copy: one in the present form is due at once.
        let whole: Vec<Entry> = listing.all().filter(|entry| entry.span.min == 1).copied().collect();
        whole.iter().for_each(|entry| listing.remove(entry.level, entry.span));
    }
    {
        let mut state = port.state();
        state.honours_conditions = Some(honours);
        state.is_refused = false;
        state.listing = Some(listing);
        state.listed_at = shared.clock.now();
    }
    shared.note_made();
    port.shipped.send_replace(if kin == Kin::Ours { newest } else { 0 });
    Ok(lease)
}

async fn start_over(shared: &Arc<Shared>, port: &Port, newest: u64, kin: Kin) -> Result<(), StoreError> {
    let why = match kin {
        Kin::OtherForm => "encryption was changed: what lies there stays as it is until its time is over, and a whole copy follows it",
        _ => "the newest transaction there is not this machine's: the whole database is copied behind it",
    };
    tracing::warn!(destination = port.destination.name, newest, "{why}");
    let started = shared.blocking(move |shared| {
        let _work = shared.spool_work();
        shared.capture.start_over(newest)
    });
    // The sentence says what is wrong on this machine; the next try begins here again.
    started.await.map_err(|error| StoreError::Unreachable(error.public_message().to_owned()))?;
    shared.urgent.notify_one();
    Ok(())
}

/// Once an hour, when there is something to send: rules of a bucket or people may have removed what was there.
async fn list_again(shared: &Arc<Shared>, port: &Port) -> Result<(), StoreError> {
    let now = shared.clock.now();
    let before = match &*port.state() {
        state if now.since(state.listed_at) < LIST_EVERY => return Ok(()),
        state => state.listing.clone().unwrap_or_default(),
    };
    let mut listing = list(port).await?;
    if listing.max() < before.max() || lineage::kin(shared, port, &listing).await? != Kin::Ours {
        tracing::error!(destination = port.destination.name, "what was there is gone, or was replaced by somebody else");
        return Err(StoreError::Unreachable("The newest transactions at the destination are not there any more, or not ours.".to_owned()));
    }
    let mut state = port.state();
    // What the other lane has sent meanwhile may be missing in the list.
    for entry in state.listing.iter().flat_map(Listing::all).filter(|entry| !before.holds(entry.level, entry.span)) {
        listing.add(*entry);
    }
    (state.listing, state.listed_at) = (Some(listing), now);
    Ok(())
}

pub(crate) async fn list(port: &Port) -> Result<Listing, StoreError> {
    list_store(&port.destination.store).await
}

/// Everything LTX at a store.
pub async fn list_store(store: &crate::store::Store) -> Result<Listing, StoreError> {
    let mut listing = Listing::default();
    for level in 0..=SNAPSHOT_LEVEL {
        for object in store.list(&store.level_prefix(level)).await? {
            if let Some(found) = store.parse_object_key(&object.key) {
                let span = Span { min: found.min, max: found.max };
                listing.add(Entry { level: found.level, span, size: object.size, at: object.modified });
            }
        }
    }
    Ok(listing)
}

async fn ship_fresh(shared: &Arc<Shared>, port: &Port, lease: &Lease) -> Result<(), LeaseError> {
    let mut added = shared.added.subscribe();
    let mut ended = shared.ended.subscribe();
    loop {
        added.borrow_and_update();
        // While every page is still to be written, that is what will be sent.
        let txid = if shared.capture.is_doubted() { 0 } else { shared.capture.txid() };
        let next = port.compare(shared, |local, remote| queue::next_fresh(local, remote, txid));
        match next {
            Next::Upload(entry) => {
                list_again(shared, port).await?;
                let sent = async { Ok(upload(shared, port, entry).await?) };
                lease.while_kept(&port.destination.store, &shared.clock, sent).await?;
                port.shipped.send_replace(entry.span.max);
                continue;
            }
            Next::NeedsSnapshot => shared.snapshot_wanted.notify_one(),
            Next::Nothing => clear_failure(port),
        }
        if *ended.borrow_and_update() {
            return Ok(());
        }
        tokio::select! {
            changed = added.changed() => if changed.is_err() { return Ok(()) },
            () = port.changed.notified() => {}
            _ = ended.changed() => {}
        }
    }
}

/// Merged files, snapshots; then what may go. Its failures hold up no transaction: they are told, and tried again. Only the end of
/// the lease ends it.
async fn ship_merged(shared: &Arc<Shared>, port: &Port, lease: &Lease) -> Result<(), LeaseError> {
    let mut failures = 0;
    loop {
        let uploads = port.state().uploads;
        let failure = match send_merged(shared, port, lease).await {
            Err(LeaseError::Store(failure)) => failure,
            ended => return ended,
        };
        if port.state().uploads > uploads {
            failures = 0;
        }
        note_aside(shared, port, &failure);
        sleep(shared.options.retry * 2_u32.saturating_pow(failures).min(LONGEST)).await;
        failures += 1;
    }
}

async fn send_merged(shared: &Arc<Shared>, port: &Port, lease: &Lease) -> Result<(), LeaseError> {
    let store = &port.destination.store;
    let mut added = shared.added.subscribe();
    // What the other lane has brought there may be what a snapshot is copied from.
    let mut shipped = port.shipped.subscribe();
    let mut swept = Time(0);
    loop {
        added.borrow_and_update();
        shipped.borrow_and_update();
        if let Some(entry) = port.compare(shared, queue::next_merged) {
            lease.while_kept(store, &shared.clock, async { Ok(upload(shared, port, entry).await?) }).await?;
            shared.tidy.notify_one();
            continue;
        }
        if copy_first(shared, port, lease).await? {
            shared.note_made();
            continue;
        }
        let now = shared.clock.now();
        if now.since(swept) >= SWEEP {
            swept = now;
            sweep(shared, port, lease, now).await?;
        }
        port.state().failing_aside = None;
        tokio::select! {
            changed = added.changed() => if changed.is_err() { return Ok(()) },
            _ = shipped.changed() => {}
        }
    }
}

/// The first transaction is a whole database already: the store copies it to where snapshots are, and no byte travels again.
async fn copy_first(shared: &Shared, port: &Port, lease: &Lease) -> Result<bool, LeaseError> {
    let first = Span { min: 1, max: 1 };
    if port.state().refuses_copies {
        return Ok(false);
    }
    let Some(entry) = port.state().listing.as_ref().and_then(|remote| {
        let has_snapshot = remote.level_max(SNAPSHOT_LEVEL) > 0;
        remote.level(0).next().filter(|entry| entry.span == first && !has_snapshot).copied()
    }) else {
        return Ok(false);
    };
    let store = &port.destination.store;
    let metadata = vec![(TIMESTAMP.to_owned(), entry.at.rfc3339_millis())];
    let (from, to) = (store.object_key(name(0, first)), store.object_key(name(SNAPSHOT_LEVEL, first)));
    match lease.while_kept(store, &shared.clock, async { Ok(store.copy(&from, &to, &metadata).await) }).await? {
        Ok(()) => {
            if let Some(listing) = &mut port.state().listing {
                listing.add(Entry { level: SNAPSHOT_LEVEL, ..entry });
            }
            Ok(true)
        }
        // Too large for a copy, or a store without: the first snapshot is made like any other.
        Err(StoreError::Invalid(_)) => {
            port.state().refuses_copies = true;
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

async fn upload(shared: &Shared, port: &Port, entry: Entry) -> Result<(), StoreError> {
    let store = &port.destination.store;
    let lent = shared.capture.spool().lend(entry.level, entry.span);
    let options = PutOptions { metadata: vec![(TIMESTAMP.to_owned(), entry.at.rfc3339_millis())], ..PutOptions::default() };
    let sealed = seal(shared, port, &lent.path, entry).await?;
    let body = Body::File(sealed.as_ref().map_or_else(|| lent.path.clone(), |sealed| sealed.0.clone()));
    store.put(&store.object_key(name(entry.level, entry.span)), body, &options).await?;
    drop(lent);
    let mut state = port.state();
    state.last_upload = Some(shared.clock.now());
    state.uploads += 1;
    if state.newest_sent.is_none_or(|newest| newest.span.max <= entry.span.max) {
        state.newest_sent = Some(entry);
    }
    if let Some(listing) = &mut state.listing {
        listing.add(entry);
    }
    drop(state);
    if entry.span.min == 1 {
        lineage::note_form(shared, port);
    }
    clear_failure(port);
    Ok(())
}

/// An encrypted copy of a file, removed again when it was sent.
struct Sealed(PathBuf);

impl Drop for Sealed {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

async fn seal(shared: &Shared, port: &Port, path: &Path, entry: Entry) -> Result<Option<Sealed>, StoreError> {
    let Some(envelope) = port.destination.store.envelope().cloned() else { return Ok(None) };
    let file = format!("{SEALED}{}-{}-{}", port.destination.name.replace('/', "-"), entry.level, entry.span.file_name());
    let (from, sealed) = (path.to_owned(), Sealed(shared.capture.spool().folder().join(file)));
    let encrypt = move || -> std::io::Result<Sealed> {
        let to = std::io::BufWriter::new(std::fs::File::create(&sealed.0)?);
        envelope.encrypt(std::fs::File::open(from)?, to)?;
        Ok(sealed)
    };
    let sealed = tokio::task::spawn_blocking(encrypt).await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    sealed.map(Some).map_err(|error| StoreError::Unreachable(format!("A copy could not be encrypted on this machine: {error}.")))
}

async fn sweep(shared: &Shared, port: &Port, lease: &Lease, now: Time) -> Result<(), LeaseError> {
    if port.destination.is_append_only {
        return Ok(());
    }
    let mut gone = port.compare(shared, |_, remote| levels::expired(remote, &shared.options.windows, now));
    gone.truncate(DELETE_AT_ONCE);
    if gone.is_empty() {
        return Ok(());
    }
    let store = &port.destination.store;
    lease.keep(store, now).await?;
    let keys: Vec<String> = gone.iter().map(|(level, span)| store.object_key(name(*level, *span))).collect();
    let refused = store.delete(&keys).await?;
    let mut state = port.state();
    state.refuses_deletes = refused.first().map(|(_, reason)| reason.clone());
    if let Some(listing) = &mut state.listing {
        for ((level, span), key) in gone.into_iter().zip(&keys) {
            if !refused.iter().any(|(refused, _)| refused == key) {
                listing.remove(level, span);
            }
        }
    }
    Ok(())
}

fn clear_failure(port: &Port) {
    let mut state = port.state();
    if let Some((since, _)) = state.failing.take() {
        tracing::info!(destination = port.destination.name, since = since.rfc3339(), "the destination takes copies again");
    }
    state.is_refused = false;
}

fn note_failure(shared: &Shared, port: &Port, failure: &LeaseError) {
    let now = shared.clock.now();
    let mut state = port.state();
    state.is_refused = matches!(failure, LeaseError::Held { .. });
    let sentence = failure.to_string();
    match &mut state.failing {
        Some((_, last)) => *last = sentence,
        none => {
            tracing::error!(destination = port.destination.name, error = sentence, "the copies are held up; they wait in the spool");
            // The process may not live to see the end of it.
            status::remember(shared);
            *none = Some((now, sentence));
        }
    }
}

fn note_aside(shared: &Shared, port: &Port, failure: &StoreError) {
    let sentence = failure.to_string();
    match &mut port.state().failing_aside {
        Some((_, last)) => *last = sentence,
        none => {
            tracing::warn!(destination = port.destination.name, error = sentence, "merged files and whole copies are held up");
            status::remember(shared);
            *none = Some((shared.clock.now(), sentence));
        }
    }
}
