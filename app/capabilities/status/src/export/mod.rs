//! The page somewhere else: a complete static site in a bucket or a folder, so that it outlives this machine.
//!
//! - [`Place`]: where it goes, as the settings or the command line say; [`target`]: that place, brought up to date
//! - [`manifest`]: what there is ours; [`Exporter`]: the one that exports by itself; [`outcome`]: what became of it;
//!   [`leave`]: former places
//!
//! What it costs: a quiet minute puts the first page in four languages, which tells visitors without scripts when it was
//! made and lets those with scripts see that nobody renews it. That is 172,800 requests a month at one minute, 34,560 at
//! five. Data, feeds and permalinks are put when they change, and once a day one listing looks whether all is still there.

pub mod leave;
mod manifest;
pub mod outcome;
mod place;
mod target;

use crate::links::Links;
use crate::load;
use crate::model::Snapshot;
use crate::publisher;
use crate::settings;
use crate::store::exports;
use capability::Cx;
use kernel::{Error, Result};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use outcome::Outcome;
pub use place::{Cadence, Credentials, Place, check};
use target::Target;

/// What an export did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exported {
    /// All that the site has now.
    pub files: usize,
    pub changed: usize,
    pub removed: usize,
    /// Of those that changed.
    pub bytes: usize,
    /// Something else than the time of the first pages.
    pub is_news: bool,
}

/// `hermetic status export`: to this address, or where the settings say. Everything there is looked at.
pub async fn once(cx: &Cx, address: Option<String>, credentials: Option<Credentials>) -> Result<Exported> {
    let sealer = cx.sealer.clone();
    let place = cx
        .read(move |r| {
            let address = address.map_or_else(|| settings::export_address(r), Ok)?;
            let credentials = credentials.map_or_else(|| settings::export_credentials(r, &sealer), Ok)?;
            Ok(Place { address, credentials, cadence: settings::export_cadence(r)? })
        })
        .await?;
    let place = Some(place)
        .filter(|place| !place.address.is_empty())
        .ok_or_else(|| Error::invalid("Please say where to: a folder, or s3://bucket/path. The settings name no place either."))?;
    let (snapshot, links) = read(cx).await?.ok_or_else(protected)?;
    let mut target = Target::open(&place, cx.outbound.extra_ca_pem.clone())?;
    target.renew(snapshot, links, true).await
}

/// What there is to export. `None`: the page has a password, and files cannot ask for one.
async fn read(cx: &Cx) -> Result<Option<(Snapshot, Links)>> {
    let (registry, boot) = (cx.registry, cx.boot.clone());
    cx.read(move |r| match settings::is_protected(r)? {
        true => Ok(None),
        false => Ok(Some((load::snapshot(r, registry)?, settings::exported_links(r, &boot)?))),
    })
    .await
}

fn protected() -> Error {
    Error::forbidden(
        "The status page has a password, and files cannot ask for one. Remove the password in the settings, or serve the page from here only.",
    )
}

/// Exports by itself, one time after the other, and remembers what stands there.
#[derive(Default)]
pub struct Exporter {
    kept: Mutex<Kept>,
    last: std::sync::Mutex<Option<Outcome>>,
}

/// What is remembered between two exports.
#[derive(Default)]
struct Kept {
    target: Option<Target>,
    /// Former places by their address, with the keys that opened them.
    leaving: BTreeMap<String, Target>,
}

impl Exporter {
    pub fn of(cx: &Cx) -> Result<Arc<Exporter>> {
        cx.slots.get_or_make(|| Ok(Exporter::default()))
    }

    /// Newer than what the database keeps of it, which is not written for each quiet minute.
    pub fn last(&self) -> Option<Outcome> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Once, now. `None`: the settings name no place. `is_thorough` looks at everything that stands there.
    pub async fn renew(&self, cx: &Cx, is_thorough: bool) -> Result<Option<Exported>> {
        let mut kept = self.kept.lock().await;
        let sealer = cx.sealer.clone();
        let place = cx.read(move |r| settings::export_place(r, &sealer)).await?;
        leave::leave(cx, &mut kept, place.as_ref().map_or("", |place| &place.address)).await?;
        let Some(place) = place else { return Ok(None) };
        let done = self.bring(cx, &mut kept.target, &place, is_thorough).await;
        self.note(cx, &place, &done).await?;
        done.map(Some)
    }

    async fn bring(&self, cx: &Cx, kept: &mut Option<Target>, place: &Place, is_thorough: bool) -> Result<Exported> {
        let target = match kept.take() {
            Some(target) if target.is_at(place) => kept.insert(target),
            _ => kept.insert(Target::open(place, cx.outbound.extra_ca_pem.clone())?),
        };
        match read(cx).await? {
            Some((snapshot, links)) => target.renew(snapshot, links, is_thorough).await,
            // Copies from the time before the password would tell everybody what the page tells only some.
            None => target.withdraw(is_thorough).await,
        }
    }

    async fn note(&self, cx: &Cx, place: &Place, done: &Result<Exported>) -> Result<()> {
        let before = cx.read(exports::find).await?;
        let known = self.last().or_else(|| before.clone()).filter(|known| known.place == place.address);
        let now = cx.now();
        let outcome = Outcome::after(known, place, done, now);
        if outcome.is_worth_keeping(before.as_ref()) {
            if outcome.failing_since.is_some() {
                tracing::warn!(reason = outcome.failure, "the status page could not be exported");
            }
            let kept = outcome.clone();
            cx.write(move |tx| {
                exports::set(tx, &kept)?;
                tx.signal(crate::acts::TOPIC);
                Ok(())
            })
            .await?;
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        Ok(())
    }
}

/// Exports on each change and each minute. A place that does not answer is tried less and less often, and at once when the
/// settings change; the page that is served from here does not wait for any of it.
pub async fn run(cx: Cx, shutdown: CancellationToken) {
    let Ok(exporter) = Exporter::of(&cx) else { return };
    let mut signals = cx.hermetic.signals();
    let mut failures = 0;
    let by_itself = async {
        loop {
            match exporter.renew(&cx, false).await {
                Ok(_) => {
                    failures = 0;
                    publisher::due(&mut signals).await;
                }
                Err(_) => {
                    failures += 1;
                    pause(&mut signals, outcome::wait_after(failures)).await;
                }
            }
        }
    };
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = by_itself => {}
    }
}

async fn pause(signals: &mut Receiver<&'static str>, wait: Duration) {
    let changed = async {
        loop {
            match signals.recv().await {
                Ok(capability::settings::TOPIC) => return,
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    };
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        () = changed => {}
    }
}
