//! The door itself: a request is let in, unpacked, judged and written, and only then answered.
//!
//! What costs nothing comes first (key, origin, limits, room), so that a flood is refused before it costs anything. Unpacking, scrubbing
//! and packing run on a few blocking threads; the write is one part of a group commit of telemetry.db.

use arc_swap::ArcSwap;
use axum::body::Body;
use db::Db;
use http::header::{CONTENT_ENCODING, HOST, USER_AGENT};
use http::request::Parts;
use kernel::ids::ProjectId;
use kernel::text::shorten;
use kernel::{Clock, Error, Result};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::Semaphore;

use crate::action::OptOut;
use crate::auth::{self, Shown};
use crate::backlog::Backlog;
use crate::carried::Carried;
use crate::directory::{Caller, Directory, Keys};
use crate::encoding::{self, Caps, Encoding};
use crate::judge::{Bench, Judged, judge, unread};
use crate::mispaste::Mispastes;
use crate::quota::{Allowances, Quotas, Reached};
use crate::reason::Reason;
use crate::refusal::Refusal;
use crate::room::{Room, Share};
use crate::salts::Salts;
use crate::tally::{Drops, NO_PROJECT, Tally};
use crate::{EventId, keep, limits, origins};

/// Requests that are worked on or wait for it, and bytes of theirs in memory: two envelopes of the largest kind, or thousands of usual ones.
const REQUESTS: usize = 1_024;
const BYTES: usize = 64 << 20;

/// Cheap to clone; all clones are one door.
#[derive(Clone)]
pub struct Door(Arc<Inner>);

pub(crate) struct Inner {
    pub telemetry: Db,
    pub clock: Clock,
    pub directory: Directory,
    pub quotas: Quotas,
    pub allowances: ArcSwap<Allowances>,
    pub room: Room,
    pub hands: Arc<Semaphore>,
    pub tally: Tally,
    pub backlog: Backlog,
    pub mispastes: Mispastes,
    pub salts: Salts,
    pub opt_out: ArcSwap<OptOut>,
    /// The newest item that this door has written.
    pub newest: AtomicI64,
}

/// What a request was answered with.
#[derive(Debug)]
pub(crate) struct Taken {
    pub id: Option<EventId>,
    pub reached: Vec<Reached>,
    /// How many things of the request were not kept.
    pub lost: u64,
}

/// A body as it came.
pub(crate) struct Sent {
    pub bytes: Vec<u8>,
    pub layers: Vec<Encoding>,
}

impl Sent {
    /// Made here, or unpacked already.
    pub fn plain(bytes: Vec<u8>) -> Sent {
        Sent { bytes, layers: Vec::new() }
    }
}

/// What was found in a body.
pub(crate) struct Found<'a> {
    pub carried: Carried<'a>,
    /// Of tunnels: who it is from.
    pub dsn: Option<String>,
    /// Of doors that name no project: the key that stands in the body.
    pub key: Option<String>,
}

impl<'a> From<Carried<'a>> for Found<'a> {
    fn from(carried: Carried<'a>) -> Found<'a> {
        Found { carried, dsn: None, key: None }
    }
}

/// A request that may go on: nothing of its body was read yet.
pub(crate) struct Entered {
    /// `None`: the envelope itself must say who it is from.
    pub caller: Option<Caller>,
    pub client: Option<String>,
    /// As the address of the request names it.
    pub project: Option<ProjectId>,
    /// Whom it is counted for while nobody knows who it is from: the project that is meant, or none.
    pub meant: ProjectId,
    pub parts: Parts,
    pub share: Share,
}

impl Entered {
    pub fn counts_for(&self) -> ProjectId {
        self.caller.as_ref().map_or(self.meant, |caller| caller.asker.project)
    }
}

impl Door {
    /// Over the two databases. Keys are read when the first request comes.
    pub fn new(hermetic: Db, telemetry: Db, clock: Clock) -> Door {
        let hands = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
        Door(Arc::new(Inner {
            salts: Salts::new(hermetic.clone()),
            opt_out: ArcSwap::from_pointee(OptOut::default()),
            directory: Directory::new(hermetic),
            telemetry,
            clock,
            quotas: Quotas::default(),
            allowances: ArcSwap::from_pointee(Allowances::STANDARD),
            room: Room::new(REQUESTS, BYTES),
            hands: Arc::new(Semaphore::new(hands)),
            tally: Tally::default(),
            backlog: Backlog::default(),
            mispastes: Mispastes::default(),
            newest: AtomicI64::new(0),
        }))
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// What may be reported in a minute, from now on.
    pub fn set_allowances(&self, allowances: Allowances) {
        self.0.allowances.store(Arc::new(allowances));
    }

    /// What may be reported in a minute now.
    pub fn allowances(&self) -> Allowances {
        **self.0.allowances.load()
    }

    /// Whose actions are not kept where their browser asks for it, from now on.
    pub fn set_opt_out(&self, opt_out: OptOut) {
        self.0.opt_out.store(Arc::new(opt_out));
    }

    pub fn opt_out(&self) -> OptOut {
        **self.0.opt_out.load()
    }

    /// A digest has read the log up to this item.
    pub fn note_digested(&self, digest: &'static str, item_id: i64) {
        self.0.backlog.note(digest, item_id);
    }

    /// How many items the slowest digest is behind.
    pub fn backlog(&self) -> u64 {
        self.0.backlog.behind(self.0.newest.load(Ordering::Relaxed))
    }

    /// How many requests are being taken at this moment.
    pub fn requests(&self) -> usize {
        self.0.room.requests()
    }

    /// Whether requests wait for a thread that unpacks them, or soon will.
    pub fn is_busy(&self) -> bool {
        self.0.hands.available_permits() == 0
    }

    /// Keys are read again with the next request: another process may have changed them.
    pub fn forget_keys(&self) {
        self.0.directory.forget();
    }

    /// Writes the counts that lie in memory. Called every few seconds, and once at the end.
    pub async fn flush(&self) -> Result<()> {
        keep::flush(&self.0).await
    }

    /// Everything that can be decided without the body.
    pub(crate) async fn enter(&self, project: Option<ProjectId>, shown: Option<Shown>, parts: Parts) -> Result<Entered, Refusal> {
        let keys = self.0.directory.keys().await?;
        let (client, caller) = match shown {
            None => (None, None),
            Some(shown) => {
                let caller = self.admit(&keys, project, &shown.key, &parts)?;
                (shown.client, Some(caller))
            }
        };
        let meant = keys.meant(project).unwrap_or(NO_PROJECT);
        Ok(Entered { caller, client, project, meant, parts, share: self.0.room.share() })
    }

    /// Refuses a request that shows no key where it must, and counts it for the project it means.
    pub(crate) async fn without_key(&self, project: Option<ProjectId>, parts: &Parts) -> Refusal {
        match self.0.directory.keys().await {
            Ok(keys) => self.counted(Refusal::Denied(Reason::UnknownKey), keys.meant(project).unwrap_or(NO_PROJECT), announced(parts)),
            Err(error) => error.into(),
        }
    }

    /// Whether this key may report from where it reports, has not reported all it may, and is not ahead of the digests.
    fn admit(&self, keys: &Keys, project: Option<ProjectId>, key: &str, parts: &Parts) -> Result<Caller, Refusal> {
        let caller = keys.find(project, key).map_err(|stranger| {
            let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("?");
            self.0.mispastes.tell(key, host, project.filter(|project| *project != NO_PROJECT), stranger.reason, self.0.clock.now());
            self.counted(Refusal::Denied(stranger.reason), stranger.project.unwrap_or(NO_PROJECT), announced(parts))
        })?;
        let refused = |refusal| Err(self.counted(refusal, caller.asker.project, announced(parts)));
        if !origins::allows(&caller.known.project.allowed_origins, &parts.headers) {
            return refused(Refusal::Denied(Reason::Origin));
        }
        let reached = self.0.quotas.reached(caller.asker, &self.0.allowances.load(), self.0.clock.now());
        // Only the key's own limit forbids everything; the others depend on what comes.
        if reached.iter().any(|limit| limit.group.is_none()) {
            return refused(Refusal::Limited(reached));
        }
        if self.0.backlog.is_too_long(self.0.newest.load(Ordering::Relaxed)) {
            return refused(Refusal::Overloaded);
        }
        Ok(caller)
    }

    /// Counts a request that is refused as a whole.
    pub(crate) fn counted(&self, refusal: Refusal, project: ProjectId, bytes: usize) -> Refusal {
        self.0.tally.add(project, &unread(refusal.reason(), bytes));
        refusal
    }

    /// The body as it comes, while there is room for it.
    pub(crate) async fn read(&self, mut entered: Entered, body: Body) -> Result<(Entered, Sent), Refusal> {
        let mut size = 0_usize;
        let share = &mut entered.share;
        let read = web::extract::read_growing(body, limits::ENVELOPE, |more| {
            size += more;
            share.grow(more)
        });
        let sent = match (read.await, encoding::parse(&content_encoding(&entered.parts))) {
            (Ok(bytes), Ok(layers)) => Sent { bytes, layers },
            (Err(error), _) | (_, Err(error)) => return Err(self.counted(error.into(), entered.counts_for(), size)),
        };
        Ok((entered, sent))
    }

    /// The body as it was before it was packed, for doors that take it apart themselves.
    pub(crate) async fn unpack(&self, mut entered: Entered, sent: Sent) -> Result<(Entered, Vec<u8>), Refusal> {
        if sent.layers.is_empty() {
            return Ok((entered, sent.bytes));
        }
        let size = sent.bytes.len();
        self.seat(&mut entered, size)?;
        let door = self.clone();
        self.by_hand((entered.counts_for(), size), move || {
            let bytes = door.unpacked(&mut entered, sent)?;
            Ok((entered, bytes))
        })
        .await
    }

    /// Judges what `read` finds in the body and keeps it. `read` runs on a blocking thread.
    pub(crate) async fn keep<F>(&self, mut entered: Entered, sent: Sent, read: F) -> Result<Taken, Refusal>
    where
        F: FnOnce(&[u8]) -> Result<Found<'_>> + Send + 'static,
    {
        let size = sent.bytes.len();
        self.seat(&mut entered, size)?;
        let keys = self.0.directory.keys().await?;
        let (door, counts_for) = (self.clone(), entered.counts_for());
        let (caller, judged, _share) = self
            .by_hand((counts_for, size), move || {
                let body = door.unpacked(&mut entered, sent)?;
                let found = read(&body).map_err(|error| door.counted(error.into(), counts_for, body.len()))?;
                door.judge(&keys, entered, found, body.len())
            })
            .await?;
        // A key may have been switched off while its last body was on the way.
        if !self.0.directory.keys().await?.is_active(caller.asker.key) {
            return Err(self.counted(Refusal::Denied(Reason::KeyOff), caller.asker.project, size));
        }
        keep::keep(self, &caller, judged).await
    }

    fn seat(&self, entered: &mut Entered, size: usize) -> Result<(), Refusal> {
        entered.share.sit().map_err(|error| self.counted(error.into(), entered.counts_for(), size))
    }

    fn unpacked(&self, entered: &mut Entered, sent: Sent) -> Result<Vec<u8>, Refusal> {
        let (packed, counts_for, share) = (sent.bytes.len(), entered.counts_for(), &mut entered.share);
        let unpacked = encoding::decode(sent.bytes, &sent.layers, Caps::STANDARD, &mut |more| share.grow(more));
        unpacked.map_err(|error| self.counted(error.into(), counts_for, packed))
    }

    fn judge(&self, keys: &Keys, entered: Entered, found: Found<'_>, size: usize) -> Result<(Caller, Judged, Share), Refusal> {
        let Entered { caller, mut client, project, meant, parts, share } = entered;
        let caller = match caller {
            Some(caller) => caller,
            None => {
                let named = found.dsn.as_deref().and_then(auth::from_dsn).map(|(shown, named)| (shown, Some(named)));
                let keyed = || Some((Shown { key: auth::checked_key(found.key.as_deref()?)?, client: None }, None));
                let (shown, named) = named
                    .or_else(keyed)
                    .filter(|(_, named)| named.is_none() || project.is_none() || project == *named)
                    .ok_or_else(|| self.counted(Refusal::Denied(Reason::UnknownKey), meant, size))?;
                client = client.or(shown.client);
                self.admit(keys, named, &shown.key, &parts)?
            }
        };
        let allowances = self.0.allowances.load();
        let bench = Bench {
            caller: &caller,
            quotas: &self.0.quotas,
            allowances: &allowances,
            now: self.0.clock.now(),
            address: address_of(&parts),
            user_agent: parts.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).map(|agent| shorten(agent, 300)),
            client,
            room: &self.0.room,
        };
        let judged = judge(found.carried, &bench);
        Ok((caller, judged, share))
    }

    /// On one of the few threads that unpack and scrub. The work holds its place by itself: a client that hangs up takes this future away,
    /// but not the work. What panics is counted for `who`, with its bytes.
    pub(crate) async fn by_hand<T: Send + 'static>(
        &self,
        who: (ProjectId, usize),
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let waiting = |error| Refusal::Failed(Error::internal("waiting for a thread").because(error));
        let hand = Arc::clone(&self.0.hands).acquire_owned().await.map_err(waiting)?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(hand);
            done
        });
        done.await.unwrap_or_else(|panic| {
            let failed = Refusal::Failed(Error::internal("taking a report panicked").because(panic));
            Err(self.counted(failed, who.0, who.1))
        })
    }

    /// The limits that this caller has reached now, whatever this request has to do with them.
    pub(crate) fn reached(&self, caller: &Caller) -> Vec<Reached> {
        self.0.quotas.reached(caller.asker, &self.0.allowances.load(), self.0.clock.now())
    }

    /// Counts what costs no write of its own.
    pub(crate) fn tally(&self, project: ProjectId, drops: &Drops) {
        self.0.tally.add(project, drops);
    }
}

/// The size a request says it has, for the counts of what is not read.
fn announced(parts: &Parts) -> usize {
    let length = parts.headers.get(http::header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    length.and_then(|length| length.parse().ok()).unwrap_or(0)
}

fn content_encoding(parts: &Parts) -> String {
    let lines = parts.headers.get_all(CONTENT_ENCODING).iter().map(|line| line.to_str().unwrap_or("?"));
    lines.collect::<Vec<_>>().join(",")
}

pub(crate) fn address_of(parts: &Parts) -> Option<IpAddr> {
    let address = web::Peer::of(parts).0;
    (!address.is_unspecified()).then_some(address)
}
