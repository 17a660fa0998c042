//! `hermetic backup`: what the copies hold, whether all of it is whole. `hermetic drill`: do they come back?

use anyhow::{Context as _, Result, bail};
use backup::copies::Place;
use db::File;
use kernel::Clock;
use kernel::time::Stopwatch;
use replica::address::{Address, S3Options};
use replica::ltx::{Decoder, LtxError};
use replica::restore::{self, Wanted};
use replica::store::{Body, PutOptions, Store, StoreError, TIMESTAMP};
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::replicate;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List what can be restored
    List {
        /// Another copy than the configured ones
        #[arg(long, value_name = "NAME or URL")]
        from: Option<String>,
        /// Show so many moments of each file
        #[arg(long, default_value_t = 20)]
        most: usize,
    },
    /// Read every object and check it
    Verify {
        /// Another copy than the configured ones
        #[arg(long, value_name = "NAME or URL")]
        from: Option<String>,
    },
    /// Write an encrypted copy as a plain one, which Litestream can restore: file://FOLDER/hermetic.db
    ExportPlain {
        folder: PathBuf,
        /// Another copy than the first configured one
        #[arg(long, value_name = "NAME or URL")]
        from: Option<String>,
    },
    /// Print a new key pair for encrypted copies
    Keygen,
    /// Bring the copies up to date, or see the running server do so, and wait until all of them are
    Now {
        /// Give up after so many seconds
        #[arg(long, value_name = "SECONDS", default_value_t = 600)]
        wait: u64,
    },
}

#[derive(Debug, clap::Args)]
pub struct Drill {
    /// Another copy than the configured ones
    #[arg(long, value_name = "NAME or URL")]
    from: Option<String>,
    /// Restore here instead of a temporary folder; it is removed afterwards
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
}

pub async fn run(config: &Config, command: Command) -> Result<()> {
    match command {
        Command::List { from, most } => list(config, from.as_deref(), most).await,
        Command::Verify { from } => verify(config, from.as_deref()).await,
        Command::ExportPlain { folder, from } => export_plain(config, &folder, from.as_deref()).await,
        Command::Keygen => {
            let (recipient, identity) = replica::envelope::Envelope::generate();
            say!("# For the config: age_recipient = \"{recipient}\"");
            say!("# Keep this line where the copies are not: without it nobody can read them. Name its file as age_identity_file.");
            say!("{}", identity.expose());
            Ok(())
        }
        Command::Now { wait } => super::copy_now::run(config, std::time::Duration::from_secs(wait)).await,
    }
}

async fn list(config: &Config, from: Option<&str>, most: usize) -> Result<()> {
    for place in super::restore::places(config, from)? {
        for file in replicate::ORDER {
            let store = place.store(file)?;
            let survey = match restore::survey(&store).await {
                Ok(survey) => survey,
                Err(restore::RestoreError::Nothing) => {
                    say!("{} at {}: nothing", file.file_name(), place.address);
                    continue;
                }
                Err(error) => bail!("{} at {}: {error}", file.file_name(), place.address),
            };
            let (count, bytes) = (survey.listing.all().count(), survey.listing.bytes());
            say!(
                "{} at {}: up to transaction {} of {}, {count} objects, {:.1} MB",
                file.file_name(),
                place.address,
                survey.newest,
                survey.newest_at.rfc3339_millis(),
                bytes as f64 / 1e6
            );
            for point in survey.points(most) {
                say!("  {:>12}  {}  level {}", point.span.max, point.at.rfc3339_millis(), point.level);
            }
        }
    }
    Ok(())
}

async fn verify(config: &Config, from: Option<&str>) -> Result<()> {
    let (mut damaged, mut missing, mut unread) = (0, Vec::new(), Vec::new());
    for place in super::restore::places(config, from)? {
        for file in replicate::ORDER {
            let what = format!("{} at {}", file.file_name(), place.name);
            match verify_one(&place, file).await {
                Ok(Verified::Nothing) => missing.push(what),
                Ok(Verified::Read { damaged: here }) => damaged += here,
                Ok(Verified::Sealed) => {
                    say!("{what}: encrypted, and this machine has no age_identity_file to read it with: not verified");
                    unread.push(what);
                }
                Err(error) => {
                    say!("{what}: {error:#}");
                    unread.push(what);
                }
            }
        }
    }
    if damaged > 0 {
        bail!("{damaged} problems were found. A new whole copy mends what is current: the page Backup makes one.");
    }
    none_missing(&missing)?;
    none_failed("could not be verified here", &unread)
}

enum Verified {
    Nothing,
    /// Written for somebody else to read.
    Sealed,
    Read {
        damaged: usize,
    },
}

async fn verify_one(place: &Place, file: File) -> Result<Verified> {
    let store = place.store(file)?;
    let listing = replica::engine::list_store(&store).await?;
    if listing.is_empty() {
        say!("{} at {}: nothing there", file.file_name(), place.address);
        return Ok(Verified::Nothing);
    }
    if !place.is_readable() {
        return Ok(Verified::Sealed);
    }
    let (mut sound, mut damaged, mut bad) = (0, 0, replica::plan::Bad::new());
    for entry in listing.all() {
        let key = store.object_key(replica::files::name(entry.level, entry.span));
        let opener = store.clone();
        let read = restore::read_object(&store, &key, move |bytes| {
            let plain = opener.plain(std::io::BufReader::new(bytes)).map_err(LtxError::Io)?;
            Decoder::open(std::io::BufReader::new(plain))?.verify()
        });
        let verified = match read.await {
            // Listed, and deleted since because its time was over.
            Err(StoreError::NotFound(_)) => continue,
            read => read?,
        };
        let problem = match verified {
            Ok(header) if header.min == entry.span.min && header.max == entry.span.max => {
                sound += 1;
                continue;
            }
            Ok(_) => "it holds other transactions than its name says".to_owned(),
            Err(error) => error.to_string(),
        };
        say!("  damaged: {key}: {problem}");
        damaged += 1;
        bad.insert((entry.level, entry.span));
    }
    // By what could be read alone, as a restore would go.
    let reach = match replica::plan::route(&listing, replica::plan::Goal::Latest, &bad) {
        Ok(route) => format!("restorable in {} steps to transaction {}", route.len(), listing.max()),
        Err(no) => {
            damaged += 1;
            format!("not restorable to the end: {no}")
        }
    };
    say!("{} at {}: {sound} of {} objects sound, {reach}", file.file_name(), place.address, listing.all().count());
    Ok(Verified::Read { damaged })
}

async fn export_plain(config: &Config, folder: &Path, from: Option<&str>) -> Result<()> {
    let places = super::restore::places(config, from)?;
    let Some(place) = places.first() else { return Ok(()) };
    // Litestream would go on from whatever lies there already, which may be of another history.
    if std::fs::read_dir(folder).is_ok_and(|mut there| there.next().is_some()) {
        bail!("{} is not empty; nothing was written. Name a new folder.", folder.display());
    }
    let scratch = tempfile::tempdir()?;
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for file in replicate::ORDER {
        let store = place.store(file)?;
        let plain = Store::open(&Address::Folder(std::path::absolute(folder)?.join(file.file_name())), &S3Options::default())?;
        let listing = replica::engine::list_store(&store).await?;
        for entry in listing.all() {
            let named = replica::files::name(entry.level, entry.span);
            let (opener, key, to) = (store.clone(), store.object_key(named), scratch.path().join("plain"));
            let open = to.clone();
            let read = restore::read_object(&store, &key, move |bytes| {
                let mut out = std::fs::File::create(&to)?;
                std::io::copy(&mut opener.plain(std::io::BufReader::new(bytes))?, &mut out)?;
                Decoder::open(std::io::BufReader::new(std::fs::File::open(&to)?))?.verify()
            });
            let header = match read.await {
                Err(StoreError::NotFound(_)) => continue,
                read => read?.with_context(|| key.clone())?,
            };
            let options = PutOptions { metadata: vec![(TIMESTAMP.to_owned(), header.at.rfc3339_millis())], ..PutOptions::default() };
            plain.put(&plain.object_key(named), Body::File(open), &options).await?;
        }
        say!("{}: {} files in {}.", file.file_name(), listing.all().count(), folder.join(file.file_name()).display());
    }
    Ok(())
}

/// Nothing is not whole: a mistyped path and an emptied bucket must not stay green in somebody's cron.
fn none_missing(missing: &[String]) -> Result<()> {
    match missing {
        [] => Ok(()),
        missing => bail!("There is no copy of {}. Is the address right?", missing.join(", nor of ")),
    }
}

fn none_failed(what: &str, failed: &[String]) -> Result<()> {
    if failed.is_empty() { Ok(()) } else { bail!("{} {what}.", failed.join(" and ")) }
}

/// A rehearsal: everything a real restore does, into a folder that is removed.
pub async fn drill(config: &Config, options: &Drill) -> Result<()> {
    let scratch = match &options.scratch {
        Some(folder) => tempfile::Builder::new().prefix("hermetic-drill-").tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let (mut missing, mut failed) = (Vec::new(), Vec::new());
    for (at, place) in super::restore::places(config, options.from.as_deref())?.iter().enumerate() {
        let folder = scratch.path().join(at.to_string());
        std::fs::create_dir_all(&folder)?;
        for file in replicate::ORDER {
            let what = format!("{} at {}", file.file_name(), place.name);
            match rehearse(place, file, &folder).await {
                Ok(true) => {}
                Ok(false) => {
                    say!("{what}: nothing to restore");
                    missing.push(what);
                }
                // The others are rehearsed all the same: on the day it matters they are what is left.
                Err(error) => {
                    say!("{what}: not restored: {error:#}");
                    failed.push(what);
                }
            }
        }
    }
    none_failed("could not be restored", &failed)?;
    none_missing(&missing)
}

/// Gives whether there is a copy.
async fn rehearse(place: &Place, file: File, folder: &Path) -> Result<bool> {
    let asked = replicate::find(std::slice::from_ref(place), file, Wanted::Latest, Path::new("FOLDER")).await?;
    let Some(found) = asked else { return Ok(false) };
    let watch = Stopwatch::start();
    let (found, restored) = replicate::write_newest(found, folder, &|_| ()).await?;
    say!(
        "{} at {}: restored and checked in {:.1} s, {:.1} MB fetched, transaction {} ({} old), {} damaged objects",
        file.file_name(),
        place.name,
        watch.elapsed().as_secs_f64(),
        found.plan.bytes as f64 / 1e6,
        restored.txid,
        replicate::ago(restored.at, Clock::System.now()),
        restored.damaged.len()
    );
    for damaged in &restored.damaged {
        say!("  damaged, led around: {damaged}");
    }
    Ok(true)
}
