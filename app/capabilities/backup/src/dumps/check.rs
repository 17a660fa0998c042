//! What is proven after the upload: the object is fetched again as a restore would, opened, and given to whoever can tell.
//!
//! For PostgreSQL `pg_restore` lists it and reads it to its end; where a scratch server is named, it is restored there.

use std::collections::BTreeMap;

use bytes::Bytes;
use kernel::{Error, Result};
use replica::store::Store;
use tokio::io::AsyncWriteExt as _;
use tokio::process::ChildStdin;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::child::{self, LOG, Order, Running};
use super::model::{Check, Draft, Kind, Secrets, command, size};
use super::seal::{self, Key, Passed};

/// Chunks on their way, each at most a few hundred kB.
const AHEAD: usize = 4;

/// What is fetched, and what it should be.
pub struct Subject<'a> {
    pub store: &'a Store,
    pub key: &'a str,
    pub draft: &'a Draft,
    pub secrets: &'a Secrets,
    pub packed: &'a Passed,
}

/// Somebody who reads the dump and says by an exit code what they think of it.
struct Reader {
    name: &'static str,
    running: Running,
}

/// All checks of an uploaded dump. `Err` only where something stood in the way.
pub async fn prove(subject: &Subject<'_>, opens: Key, log: &mut String) -> Result<Vec<Check>> {
    if matches!(opens, Key::Elsewhere) {
        let fetched = fetch(subject, opens, Vec::new(), log).await?;
        return Ok(vec![same_bytes(subject.packed, &fetched.0)]);
    }
    let scratch = Scratch::of(subject)?;
    if let Some(scratch) = &scratch {
        scratch.make().await?;
    }
    let proven = match readers(subject, scratch.as_ref()) {
        Ok(readers) => fetch(subject, opens, readers, log).await,
        Err(error) => Err(error),
    };
    let mut restored = None;
    if let Some(scratch) = &scratch {
        if let Ok((_, checks)) = &proven
            && checks.iter().all(|check| check.is_ok)
        {
            restored = scratch.look().await;
        }
        scratch.drop().await;
    }
    let (fetched, mut said) = proven?;
    if let (Some(found), Some(check)) = (restored, said.iter_mut().find(|check| check.name == RESTORE)) {
        check.note = found;
    }
    let mut checks = vec![same_bytes(subject.packed, &fetched), same_dump(subject.packed, &fetched)];
    checks.extend(said);
    Ok(checks)
}

const LIST: &str = "pg_restore --list";
const SCRIPT: &str = "Read to its end";
const RESTORE: &str = "Restored";

fn same_bytes(packed: &Passed, fetched: &Passed) -> Check {
    if packed.sha256 == fetched.sha256 {
        return Check::ok("Fetched again", format!("{}, SHA-256 as it was sent.", size(fetched.stored)));
    }
    Check::failed(
        "Fetched again",
        format!("{} came back for {} that were sent, with another SHA-256.", size(fetched.stored), size(packed.stored)),
    )
}

fn same_dump(packed: &Passed, fetched: &Passed) -> Check {
    if packed.raw == fetched.raw {
        return Check::ok("Opened", format!("Decrypted and unpacked to {}.", size(fetched.raw)));
    }
    Check::failed("Opened", format!("{} were unpacked of {} that went in.", size(fetched.raw), size(packed.raw)))
}

/// Who reads along.
fn readers(subject: &Subject<'_>, scratch: Option<&Scratch>) -> Result<Vec<Reader>> {
    let mut readers = Vec::new();
    let nothing = BTreeMap::new();
    let mut add = |name, arguments: &[String], environment| -> Result<()> {
        readers.push(Reader { name, running: Order { arguments, environment }.start(true)? });
        Ok(())
    };
    let commands = command::split(&subject.draft.command)?;
    if subject.draft.kind == Kind::Postgresql && !command::is_plain_text(&commands) {
        let restore = sibling(&commands, "pg_restore");
        add(LIST, &[restore.clone(), "--list".to_owned()], &nothing)?;
        // The table of contents stands in front: only reading all of it finds what was cut off behind.
        add(SCRIPT, &[restore, "--file=/dev/null".to_owned()], &nothing)?;
    }
    if let Some(scratch) = scratch {
        let restore = ["--exit-on-error", "--no-owner", "--no-acl"].map(str::to_owned);
        let name = format!("--dbname={}", scratch.database);
        add(RESTORE, &[vec![sibling(&commands, "pg_restore")], restore.to_vec(), vec![name]].concat(), &scratch.environment)?;
    }
    if !subject.draft.restore_command.is_empty() {
        let arguments = command::split(&subject.draft.restore_command)?;
        add(RESTORE, &arguments, &subject.secrets.environment)?;
    }
    Ok(readers)
}

/// Of the same installation as the program that wrote the dump: an older `pg_restore` cannot read it.
fn sibling(commands: &[String], name: &str) -> String {
    match commands.first().and_then(|program| program.rsplit_once('/')) {
        Some((folder, "pg_dump")) => format!("{folder}/{name}"),
        _ => name.to_owned(),
    }
}

/// The object through its key to the readers, once, all at the same time.
async fn fetch(subject: &Subject<'_>, opens: Key, mut readers: Vec<Reader>, log: &mut String) -> Result<(Passed, Vec<Check>)> {
    let (stored, chunks) = channel(AHEAD);
    let (sink, dump) = channel(AHEAD);
    let inputs: Vec<ChildStdin> = readers.iter_mut().filter_map(|reader| reader.running.input.take()).collect();
    let unpacking = tokio::task::spawn_blocking(move || seal::unpack(chunks, &opens, Some(sink)));
    let (fetched, (), ended) = tokio::join!(download(subject, stored), feed(dump, inputs), listen(readers));
    let unpacked = unpacking.await.map_err(|error| Error::internal("opening a dump").because(error))?;
    fetched?;
    let mut checks = Vec::new();
    for (name, code, output, errors) in ended {
        if code != Some(0) {
            append(log, name, &errors, subject.secrets);
        }
        checks.push(verdict(name, code, &output));
    }
    match unpacked {
        Ok(passed) => Ok((passed, checks)),
        Err(error) => Err(Error::unavailable(format!("The uploaded dump could not be opened again: {error}."))),
    }
}

fn verdict(name: &'static str, code: Option<i32>, output: &[u8]) -> Check {
    match code {
        Some(0) if name == LIST => {
            let entries = output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && !line.starts_with(b";")).count();
            Check::ok(name, format!("{entries} entries in its table of contents."))
        }
        Some(0) => Check::ok(name, "Without an error."),
        Some(code) => Check::failed(name, format!("Ended with exit code {code}; its last words are in the log.")),
        None => Check::failed(name, "Was ended by a signal."),
    }
}

pub fn append(log: &mut String, name: &str, errors: &[u8], secrets: &Secrets) {
    let said = child::readable(errors, &secrets.words());
    if !said.is_empty() {
        if !log.is_empty() {
            log.push('\n');
        }
        log.push_str(&format!("[{name}]\n{said}"));
    }
}

async fn download(subject: &Subject<'_>, stored: Sender<Bytes>) -> Result<()> {
    let refused = |error: replica::store::StoreError| Error::unavailable(error.to_string());
    let mut object = subject.store.get(subject.key, None).await.map_err(refused)?;
    while let Some(bytes) = object.chunk().await.map_err(refused)? {
        if stored.send(bytes).await.is_err() {
            // It could not be opened, which the other end says.
            return Ok(());
        }
    }
    Ok(())
}

/// Whoever has read enough closes its end; the others go on.
async fn feed(mut dump: Receiver<Bytes>, inputs: Vec<ChildStdin>) {
    let mut inputs: Vec<Option<ChildStdin>> = inputs.into_iter().map(Some).collect();
    while let Some(bytes) = dump.recv().await {
        for slot in &mut inputs {
            if let Some(input) = slot
                && input.write_all(&bytes).await.is_err()
            {
                *slot = None;
            }
        }
    }
}

type Said = (&'static str, Option<i32>, Vec<u8>, Vec<u8>);

async fn listen(readers: Vec<Reader>) -> Vec<Said> {
    let each = readers.into_iter().map(|mut reader| async move {
        let (output, errors) = (reader.running.output.take(), reader.running.errors.take());
        let (output, errors, code) = tokio::join!(child::tail(output, 4 << 20), child::tail(errors, LOG), reader.running.end());
        (reader.name, code, output, errors)
    });
    futures_util::future::join_all(each).await
}

/// A database that lives as long as the check.
struct Scratch {
    database: String,
    environment: BTreeMap<String, String>,
    commands: Vec<String>,
}

impl Scratch {
    fn of(subject: &Subject<'_>) -> Result<Option<Scratch>> {
        if subject.secrets.scratch_url.is_empty() {
            return Ok(None);
        }
        let environment = command::libpq(&subject.secrets.scratch_url)?;
        let database = format!("hermetic_check_{}", subject.draft.key.replace('-', "_"));
        Ok(Some(Scratch { database: database.chars().take(60).collect(), environment, commands: command::split(&subject.draft.command)? }))
    }

    /// One that an interrupted run left is dropped first: the name is nobody else's.
    async fn make(&self) -> Result<()> {
        self.drop().await;
        let ended = self.call("createdb", &["--template=template0", &self.database]).await?;
        if ended.code == Some(0) {
            return Ok(());
        }
        let said = child::readable(&ended.log, &self.environment.values().filter(|value| value.len() >= 6).cloned().collect::<Vec<_>>());
        Err(Error::unavailable(format!("The scratch database {} could not be made: {said}", self.database)))
    }

    async fn look(&self) -> Option<String> {
        let ended = self
            .call(
                "psql",
                &["--no-psqlrc", "--tuples-only", "--no-align", "--dbname", &self.database, "--command", super::store::SCRATCH_TABLES],
            )
            .await
            .ok()?;
        let tables = String::from_utf8_lossy(&ended.output).trim().parse::<u64>().ok()?;
        Some(format!("Into {}: {tables} {}; then dropped.", self.database, if tables == 1 { "table" } else { "tables" }))
    }

    async fn drop(&self) {
        if let Err(error) = self.call("dropdb", &["--if-exists", "--force", &self.database]).await {
            tracing::warn!(database = self.database, error = error.chain(), "a scratch database could not be dropped");
        }
    }

    async fn call(&self, program: &str, arguments: &[&str]) -> Result<child::Ended> {
        let mut all = vec![sibling(&self.commands, program)];
        all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        let order = Order { arguments: &all, environment: &self.environment };
        order.answer().await
    }
}
