//! `hermetic backup`: what the copies hold, whether all of it is whole. `hermetic drill`: do they come back?

use anyhow::{Context as _, Result, bail};
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
        #[arg(long, value_name = "URL")]
        from: Option<String>,
        /// Show so many moments of each file
        #[arg(long, default_value_t = 20)]
        most: usize,
    },
    /// Read every object and check it
    Verify {
        /// Another copy than the configured ones
        #[arg(long, value_name = "URL")]
        from: Option<String>,
    },
    /// Write an encrypted copy as a plain one, which Litestream can restore: file://FOLDER/hermetic.db
    ExportPlain {
        folder: PathBuf,
        /// Another copy than the first configured one
        #[arg(long, value_name = "URL")]
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
    #[arg(long, value_name = "URL")]
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
    let (mut damaged, mut missing) = (0, Vec::new());
    for place in super::restore::places(config, from)? {
        for file in replicate::ORDER {
            let store = place.store(file)?;
            let listing = replica::engine::list_store(&store).await?;
            let mut sound = 0;
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
                match verified {
                    Ok(header) if header.min == entry.span.min && header.max == entry.span.max => sound += 1,
                    Ok(_) => {
                        damaged += 1;
                        say!("  damaged: {key}: it holds other transactions than its name says");
                    }
                    Err(error) => {
                        damaged += 1;
                        say!("  damaged: {key}: {error}");
                    }
                }
            }
            let route = replica::plan::route(&listing, replica::plan::Goal::Latest, &replica::plan::Bad::new());
            let reach = match (&route, listing.is_empty()) {
                (_, true) => "nothing there".to_owned(),
                (Ok(route), _) => format!("restorable in {} steps to transaction {}", route.len(), listing.max()),
                (Err(no), _) => {
                    damaged += 1;
                    format!("not restorable to the end: {no}")
                }
            };
            say!("{} at {}: {sound} of {} objects sound, {reach}", file.file_name(), place.address, listing.all().count());
            if listing.is_empty() {
                missing.push(format!("{} at {}", file.file_name(), place.address));
            }
        }
    }
    none_missing(&missing)?;
    if damaged > 0 {
        bail!("{damaged} problems were found. A new whole copy mends what is current: the page Backup makes one.");
    }
    Ok(())
}

async fn export_plain(config: &Config, folder: &Path, from: Option<&str>) -> Result<()> {
    let places = super::restore::places(config, from)?;
    let Some(place) = places.first() else { return Ok(()) };
    let scratch = tempfile::tempdir()?;
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

/// A rehearsal: everything a real restore does, into a folder that is removed.
pub async fn drill(config: &Config, options: &Drill) -> Result<()> {
    let scratch = match &options.scratch {
        Some(folder) => tempfile::Builder::new().prefix("hermetic-drill-").tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let mut missing = Vec::new();
    for place in super::restore::places(config, options.from.as_deref())? {
        let folder = scratch.path().join(place.name.replace('/', "-"));
        std::fs::create_dir_all(&folder)?;
        for file in replicate::ORDER {
            let Some(found) = replicate::find(std::slice::from_ref(&place), file, Wanted::Latest).await? else {
                say!("{} at {}: nothing to restore", file.file_name(), place.name);
                missing.push(format!("{} at {}", file.file_name(), place.name));
                continue;
            };
            let watch = Stopwatch::start();
            let restored = replicate::write(&found, &folder, &|_| ()).await?;
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
        }
    }
    none_missing(&missing)
}
