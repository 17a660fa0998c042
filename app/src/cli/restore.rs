//! `hermetic restore`: the databases from their copies into a folder. Says what will be lost before it writes.

use anyhow::{Context as _, Result, anyhow, bail};
use backup::copies::Place;
use db::File;
use kernel::{Clock, Time};
use replica::restore::{Progress, Wanted};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::heir::Heir;
use crate::boot;
use crate::config::Config;
use crate::replicate::{self, Found};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Where the databases go; a folder without them
    folder: PathBuf,
    /// The state at a time, such as 2026-11-23T10:00:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "txid")]
    at: Option<String>,
    /// The state at a transaction of one file (see --only)
    #[arg(long, value_name = "N")]
    txid: Option<u64>,
    /// From this copy and no other: the name of a configured replica, s3://bucket/path?endpoint=… or a folder; one that is not
    /// configured is read with what the first configured replica has, or HERMETIC_REPLICA_ACCESS_KEY_ID and
    /// HERMETIC_REPLICA_SECRET_ACCESS_KEY
    #[arg(long, value_name = "NAME or URL")]
    from: Option<String>,
    /// One file alone
    #[arg(long, value_name = "FILE", value_parser = ["hermetic.db", "telemetry.db"])]
    only: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub async fn run(config: &Config, options: &Options) -> Result<()> {
    let places = places(config, options.from.as_deref())?;
    let files: Vec<File> =
        replicate::ORDER.into_iter().filter(|file| options.only.as_deref().is_none_or(|only| only == file.file_name())).collect();
    if options.txid.is_some() && files.len() > 1 {
        bail!("A transaction number belongs to one file: please add --only hermetic.db or --only telemetry.db.");
    }
    let heir = Heir::of(&options.folder)?;
    let ended = restore(&places, files, options).await;
    // However it ended: nothing that lies there now may keep the service from its own folder.
    heir.map_or(Ok(()), |heir| heir.take(&options.folder))?;
    ended
}

async fn restore(places: &[Place], files: Vec<File>, options: &Options) -> Result<()> {
    // Whoever runs on this folder holds it: a live database is never written over.
    let _held = boot::hold(&options.folder)?;
    replicate::clear_files(&options.folder);
    none_exists(&files, &options.folder)?;
    let mut found = Vec::new();
    for &file in &files {
        let other = files.iter().find(|other| **other != file);
        let alone = other.map_or_else(String::new, |other| format!(" With --only {} that file comes back alone", other.file_name()));
        let wanted = wanted(options)?;
        let asked = replicate::find(places, file, wanted, &options.folder).await;
        match asked.map_err(|error| anyhow!("{}: {error:#}{alone}", file.file_name()))? {
            Some(copy) => found.push(copy),
            None => say!("{}: no copy found, so none is restored.", file.file_name()),
        }
    }
    if found.is_empty() {
        bail!("There is nothing to restore.");
    }
    let now = Clock::System.now();
    for copy in &found {
        announce(copy, now);
    }
    if found.iter().any(|copy| copy.place != found[0].place) {
        say!("The two files come from different places: each from where its newest state is.");
    }
    if !options.yes && !super::confirm("Restore this?") {
        bail!("Nothing was written. Say yes at the terminal, or give --yes.");
    }
    for copy in found {
        let (file, place) = (copy.file, copy.place.clone());
        let (copy, restored) = replicate::write_newest(copy, &options.folder, &progress(file)).await?;
        if copy.place != place {
            say!("{}: what {place} has leads nowhere; this is the state of {} instead:", file.file_name(), copy.place);
            announce(&copy, now);
        }
        for damaged in &restored.damaged {
            say!("  damaged, led around: {damaged}");
        }
        say!("{}: restored to transaction {}, {} pages, checked.", copy.file.file_name(), restored.txid, restored.commit);
    }
    Ok(())
}

/// Nothing is overwritten; the half that a restore left which was killed can be completed.
fn none_exists(files: &[File], folder: &Path) -> Result<()> {
    let (there, missing): (Vec<File>, Vec<File>) = files.iter().partition(|file| folder.join(file.file_name()).exists());
    let Some(first) = there.first() else { return Ok(()) };
    let half = missing
        .first()
        .map_or_else(String::new, |file| format!(" {} is not there: --only {} restores it beside.", file.file_name(), file.file_name()));
    let path = folder.join(first.file_name());
    bail!("{} exists already; nothing was overwritten. Name another folder, or move it away first.{half}", path.display())
}

/// What comes back, and what does not.
fn announce(copy: &Found, now: Time) {
    let plan = &copy.plan;
    say!(
        "{}: transaction {} of {} ({} ago), {} files, {:.1} MB, from {}.",
        copy.file.file_name(),
        plan.txid,
        plan.at.rfc3339_millis(),
        replicate::ago(plan.at, now),
        plan.route.len(),
        plan.bytes as f64 / 1e6,
        copy.place
    );
    for sentence in copy.older().chain(copy.silent.iter().cloned()) {
        say!("  {sentence}");
    }
    if !copy.silent.is_empty() {
        say!("  What could not be asked may hold a newer state.");
    }
    if copy.survey.newest > plan.txid {
        let lost = copy.survey.newest_at.since(plan.at);
        say!(
            "  The copy goes on to transaction {} of {}: the {} transactions of the {} after the chosen moment will not be in it.",
            copy.survey.newest,
            copy.survey.newest_at.rfc3339_millis(),
            copy.survey.newest - plan.txid,
            kernel::time::describe_duration(lost)
        );
    } else {
        say!("  That is all this copy has. What was committed after it and had not arrived there is lost.");
    }
}

fn wanted(options: &Options) -> Result<Wanted> {
    match (&options.at, options.txid) {
        (Some(at), _) => {
            let at = Time::parse_rfc3339(at).with_context(|| format!("--at is a time such as 2026-11-23T10:00:00Z, not “{at}”"))?;
            Ok(Wanted::At(at))
        }
        (None, Some(txid)) => Ok(Wanted::Transaction(txid)),
        (None, None) => Ok(Wanted::Latest),
    }
}

/// The configured destinations, or the one that was named.
pub fn places(config: &Config, from: Option<&str>) -> Result<Vec<Place>> {
    let Some(from) = from else {
        if config.replicas.is_empty() {
            bail!("No copy is configured. Name one with --from, or add [[replica]] to the config file.");
        }
        return Ok(config.replicas.clone());
    };
    if let Some(place) = config.replicas.iter().find(|place| place.name == from) {
        return Ok(vec![place.clone()]);
    }
    let address = crate::config::address(from)
        .map_err(|error| anyhow!("{from} is not the name of a configured replica, nor an address of another copy. {error}"))?;
    // The same place by its address: it is read with its own key and credentials.
    if let Some(place) = config.replicas.iter().find(|place| place.address == address) {
        return Ok(vec![place.clone()]);
    }
    let (options, envelope) = match config.replicas.first() {
        Some(place) => (place.options.clone(), place.envelope.clone()),
        None => (crate::config::replica_options_of_environment()?, crate::config::envelope_of_environment()?),
    };
    Ok(vec![Place { name: address.to_string(), address, options, is_append_only: true, envelope }])
}

/// A line that is drawn over, at a terminal only.
fn progress(file: File) -> impl Fn(Progress) + Send + Sync {
    let shown = Mutex::new(0);
    let is_terminal = std::io::stderr().is_terminal();
    move |progress| {
        let percent = progress.percent();
        let Ok(mut last) = shown.lock() else { return };
        if is_terminal && *last != percent {
            *last = percent;
            eprint!("\r{}: {percent} % ({} of {} files)", file.file_name(), progress.files, progress.of_files);
            if percent == 100 && progress.files == progress.of_files {
                eprintln!();
            }
        }
    }
}
