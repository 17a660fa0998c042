//! One run from its start to its verdict: command → zstd → age → a file of ours → the destination → proven there.
//!
//! Nothing counts as good before all checks are through; what is half written is deleted, wherever the run ends.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use kernel::time::{MINUTE, describe_duration};
use kernel::{Error, Fact, Result, Secret};
use replica::store::{Body, PutOptions, Store};
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::check::{self, Subject};
use super::child::{self, LOG, Order};
use super::desk::{Begun, Desk};
use super::model::{Check, Draft, Dump, Encryption, Outcome, RunResult, Secrets, Trouble, TroubleKind, command, schedule, size, verdict};
use super::seal::{Key, Lock, Packer, Passed};
use super::{acts, places, rotate, store};

/// Chunks between the command and the disk.
const AHEAD: usize = 4;
const CHUNK: usize = 128 << 10;
/// The free space is looked at again after so many bytes.
const LOOK_EVERY: u64 = 32 << 20;

/// Everything a run needs, read at its start.
struct Plan {
    dump: Dump,
    secrets: Secrets,
    own: Option<store::OwnKey>,
    last_good: Option<(u64, u64)>,
    store: Store,
}

/// A file in `data_dir/dumps`, gone with the run.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// What a killed process left behind.
pub fn sweep(data_dir: &Path) {
    let Ok(files) = std::fs::read_dir(folder(data_dir)) else { return };
    for file in files.flatten() {
        let _ = std::fs::remove_file(file.path());
    }
}

fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("dumps")
}

pub async fn run(desk: Arc<Desk>, begun: Begun) {
    let _slot = desk.slot().await;
    let mut result = RunResult::default();
    let ended = tokio::select! {
        () = desk.shutdown.cancelled() => None,
        ended = attempt(&desk, begun, &mut result) => Some(ended),
    };
    let outcome = match ended {
        None => {
            result.problem = "Hermetic was stopped while it ran.".to_owned();
            Outcome::Interrupted
        }
        Some(Ok(outcome)) => outcome,
        Some(Err(error)) => {
            if error.kind == kernel::Kind::Internal {
                tracing::error!(dump.id = begun.dump.0, error = error.chain(), "a dump failed");
            }
            result.problem = error.public_message().to_owned();
            Outcome::Failed
        }
    };
    let written = desk.cx.write(move |tx| finish(tx, begun, outcome, &result)).await;
    if let Err(error) = written {
        tracing::error!(dump.id = begun.dump.0, error = error.chain(), "the end of a dump could not be written");
    }
    if outcome == Outcome::Good
        && let Err(error) = rotate::rotate(&desk.cx, begun.dump).await
    {
        tracing::warn!(dump.id = begun.dump.0, error = error.chain(), "old dumps could not be removed; the next run tries again");
    }
}

async fn attempt(desk: &Desk, begun: Begun, result: &mut RunResult) -> Result<Outcome> {
    let plan = plan(desk, begun).await?;
    let minutes = plan.dump.draft.time_limit_minutes;
    match tokio::time::timeout(desk.minute() * minutes, within(desk, begun, &plan, result)).await {
        Ok(ended) => ended,
        Err(_) => {
            Err(Error::unavailable(format!("It did not end within its limit of {} and was stopped.", describe_duration(MINUTE * minutes))))
        }
    }
}

async fn plan(desk: &Desk, begun: Begun) -> Result<Plan> {
    let sealer = desk.cx.sealer.clone();
    let (dump, secrets, own, last_good) = desk
        .cx
        .write(move |tx| {
            let dump = store::get(tx, begun.dump)?;
            let secrets = store::secrets(tx, &sealer, begun.dump)?;
            let own = if dump.draft.encryption == Encryption::Instance { Some(acts::key(tx, &sealer)?) } else { None };
            let last = store::last_good(tx, begun.dump)?.map(|run| (run.result.raw_bytes, run.result.stored_bytes));
            Ok((dump, secrets, own, last))
        })
        .await?;
    let place = places::named(&desk.cx, &dump.draft.place)?;
    let recipient = match (dump.draft.encryption, &own) {
        (Encryption::Instance, Some(own)) => own.recipient.clone(),
        (Encryption::Recipient, _) => dump.draft.recipient.clone(),
        _ => String::new(),
    };
    let name = place.name.clone();
    desk.cx.write(move |tx| store::set_run_target(tx, begun.run, &name, &recipient)).await?;
    is_unlocked(&secrets, own.as_ref())?;
    let store = places::store(&place)?;
    Ok(Plan { dump, secrets, own, last_good, store })
}

/// Whether the key file still opens what this run needs.
fn is_unlocked(secrets: &Secrets, own: Option<&store::OwnKey>) -> Result<()> {
    if secrets.is_lost {
        return Err(Error::invalid(
            "Its connection URL, passphrase or environment was sealed with a key file that is gone. An owner enters them again.",
        ));
    }
    if own.is_some_and(|own| own.identity.is_none()) {
        return Err(Error::invalid(
            "The key of the dumps was sealed with a key file that is gone. An owner makes a new one under Database dumps, Key.",
        ));
    }
    Ok(())
}

async fn within(desk: &Desk, begun: Begun, plan: &Plan, result: &mut RunResult) -> Result<Outcome> {
    let folder = folder(&desk.cx.boot.data_dir);
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(on_disk)?;
    has_room(&folder, plan.last_good.map_or(0, |(_, stored)| stored + stored / 2), &desk.reserve())?;
    let draft = &plan.dump.draft;

    let temporary = Temporary(folder.join(format!("run-{}.part", begun.run)));
    let packed = dump(desk, plan, &temporary, result).await?;
    (result.raw_bytes, result.stored_bytes, result.sha256) = (packed.raw, packed.stored, packed.sha256.clone());
    result.checks = vec![verdict::exit(result.exit_code), verdict::is_not_empty(packed.raw)];
    result.checks.extend(verdict::ending(draft.kind, &command::split(&draft.command)?, &packed.tail));
    if let Some(failed) = failure(&result.checks) {
        return Err(failed);
    }

    let key = object_key(draft, begun.run, &desk.cx.now().rfc3339());
    let noted = key.clone();
    desk.cx.write(move |tx| store::set_run_key(tx, begun.run, &noted)).await?;
    let options = PutOptions {
        metadata: vec![("hermetic-sha256".to_owned(), packed.sha256.clone())],
        content_type: Some("application/octet-stream".to_owned()),
        ..PutOptions::default()
    };
    let put = plan.store.put(&key, Body::File(temporary.0.clone()), &options).await;
    put.map_err(|error| Error::unavailable(error.to_string()))?;
    drop(temporary);
    result.object_key = Some(key.clone());

    let subject = Subject { store: &plan.store, key: &key, draft, secrets: &plan.secrets, packed: &packed };
    let proven = check::prove(&subject, plan.key(), &mut result.log).await?;
    result.checks.extend(proven);
    if let Some(failed) = failure(&result.checks) {
        return Err(failed);
    }
    let compared = verdict::compared(packed.raw, plan.last_good.map(|(raw, _)| raw), draft.size_factor);
    result.checks.push(compared.clone());
    if !compared.is_ok {
        result.problem = compared.note;
        return Ok(Outcome::Doubtful);
    }
    Ok(Outcome::Good)
}

fn failure(checks: &[Check]) -> Option<Error> {
    checks.iter().find(|check| !check.is_ok).map(|check| Error::invalid(format!("{}: {}", check.name, check.note)))
}

/// `shop/2026-03-02T12-00-00Z-17.dump.zst.age`: in order of time, and never the same twice.
fn object_key(draft: &Draft, run: i64, at: &str) -> String {
    let age = if draft.encryption == Encryption::None { "" } else { ".age" };
    format!("{}/{}-{run}.{}.zst{age}", draft.key, at.replace(':', "-"), draft.extension())
}

impl Plan {
    fn lock(&self) -> Lock {
        match (self.dump.draft.encryption, &self.own) {
            (Encryption::Instance, Some(own)) => Lock::Recipient(own.recipient.clone()),
            (Encryption::Passphrase, _) => Lock::Passphrase(Secret::new(self.secrets.passphrase.clone())),
            (Encryption::None, _) => Lock::Nobody,
            (Encryption::Recipient | Encryption::Instance, _) => Lock::Recipient(self.dump.draft.recipient.clone()),
        }
    }

    fn key(&self) -> Key {
        match (self.dump.draft.encryption, &self.own) {
            (Encryption::Instance, Some(store::OwnKey { identity: Some(identity), .. })) => Key::Identity(identity.clone()),
            (Encryption::Passphrase, _) => Key::Passphrase(Secret::new(self.secrets.passphrase.clone())),
            (Encryption::None, _) => Key::None,
            (Encryption::Recipient | Encryption::Instance, _) => Key::Elsewhere,
        }
    }
}

/// The command's output, packed into the temporary file.
async fn dump(desk: &Desk, plan: &Plan, temporary: &Temporary, result: &mut RunResult) -> Result<Passed> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary.0).map_err(on_disk)?;
    let arguments = command::split(&plan.dump.draft.command)?;
    let mut environment = if plan.secrets.url.is_empty() { Default::default() } else { command::libpq(&plan.secrets.url)? };
    environment.extend(plan.secrets.environment.clone());
    let mut running = Order { arguments: &arguments, environment: &environment }.start(false)?;

    let (chunks, packing) = channel(AHEAD);
    let (folder, reserve, lock) = (folder(&desk.cx.boot.data_dir), desk.reserve(), plan.lock());
    let packed = tokio::task::spawn_blocking(move || pack(packing, file, &lock, &folder, &reserve));
    let (output, errors) = (running.output.take(), running.errors.take());
    let reading = async {
        if read(output, chunks).await.is_err() {
            // Nobody takes any more of it.
            running.kill();
        }
        running.end().await
    };
    let (code, log) = tokio::join!(reading, child::tail(errors, LOG));
    result.exit_code = code;
    check::append(&mut result.log, "dump", &log, &plan.secrets);
    packed.await.map_err(|error| Error::internal("packing a dump").because(error))?
}

/// `Err` when nobody takes it any more.
async fn read(output: Option<tokio::process::ChildStdout>, chunks: Sender<Bytes>) -> std::result::Result<(), ()> {
    let Some(mut output) = output else { return Ok(()) };
    loop {
        let mut buffer = BytesMut::with_capacity(CHUNK);
        match output.read_buf(&mut buffer).await {
            Ok(0) => return Ok(()),
            Ok(_) => chunks.send(buffer.freeze()).await.map_err(|_| ())?,
            Err(_) => return Err(()),
        }
    }
}

fn pack(mut chunks: Receiver<Bytes>, file: File, lock: &Lock, folder: &Path, reserve: &AtomicU64) -> Result<Passed> {
    let mut packer = Packer::new(file, lock)?;
    let mut since_look = 0;
    while let Some(bytes) = chunks.blocking_recv() {
        packer.write(&bytes).map_err(on_disk)?;
        since_look += bytes.len() as u64;
        if since_look >= LOOK_EVERY {
            since_look = 0;
            has_room(folder, 0, reserve)?;
        }
    }
    packer.finish().map_err(on_disk)
}

fn on_disk(error: std::io::Error) -> Error {
    Error::unavailable(format!("The dump could not be written to this machine's disk first: {error}."))
}

/// A dump must never take the room that Hermetic's own files need.
fn has_room(folder: &Path, wanted: u64, reserve: &AtomicU64) -> Result<()> {
    let reserve = reserve.load(Ordering::Relaxed);
    let found = rustix::fs::statvfs(folder).map_err(|error| on_disk(error.into()))?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    if free >= wanted.saturating_add(reserve) {
        return Ok(());
    }
    Err(Error::unavailable(format!(
        "The disk is too full: {} are free, a dump of about {} and a reserve of {} for Hermetic itself are needed. Free some space.",
        size(free),
        size(wanted),
        size(reserve)
    )))
}

/// The run's end, what it means for the dump, and who must hear of it.
pub fn finish(tx: &mut db::Tx<'_>, begun: Begun, outcome: Outcome, result: &RunResult) -> Result<()> {
    store::end_run(tx, begun.run, outcome, result)?;
    tx.signal(super::TOPIC);
    let now = tx.now;
    match outcome {
        Outcome::Good => acts::became_good(tx, begun.dump, now),
        Outcome::Failed => {
            let (dump, run) = (store::get(tx, begun.dump)?, store::get_run(tx, begun.run)?);
            match schedule::retry_at(&dump, &run.started_by, now) {
                Some(at) => store::set_wanted(tx, begun.dump, Some((at, schedule::RETRY))),
                None => tell(tx, begun),
            }
        }
        Outcome::Doubtful => tell(tx, begun),
        // It is made again at the next start; were it never, it would be missed.
        Outcome::Interrupted => store::set_wanted(tx, begun.dump, Some((now, schedule::RESTART))),
        Outcome::Running => Ok(()),
    }
}

/// The run went wrong for good.
pub fn tell(tx: &mut db::Tx<'_>, begun: Begun) -> Result<()> {
    let (dump, run) = (store::get(tx, begun.dump)?, store::get_run(tx, begun.run)?);
    if dump.trouble.is_none() {
        store::set_trouble(tx, dump.id, Some(Trouble { kind: TroubleKind::Failed, since: run.started_at }))?;
    }
    let mut detail = run.result.problem;
    if run.started_by == schedule::RETRY {
        detail.push_str(&format!(" It was tried twice, {} minutes apart.", schedule::RETRY_AFTER_MINUTES));
    }
    let (name, place, since) = (dump.draft.name, run.place, run.started_at);
    work::record(tx, &Fact::DumpFailed { dump: dump.id, name, place, since, reason: "failed".to_owned(), detail })
}
