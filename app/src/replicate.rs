//! Copies of the databases, from the boot's side: who we are, what an empty folder is filled with, what runs while we serve.

use anyhow::{Context as _, Result, bail};
use backup::copies::{FILES, Place, spool};
use db::File;
use kernel::{Clock, Time};
use replica::address::Address;
use replica::lease::Owner;
use replica::plan::NoRoute;
use replica::restore::{self, Plan, Progress, RestoreError, Restored, Survey, Wanted};
use replica::store::Store;
use std::cmp::Reverse;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The same over restarts of one data folder: an instance may take its own lease again.
pub fn owner(data_dir: &Path) -> Result<Owner> {
    let folder = data_dir.join("replica");
    let path = folder.join("owner");
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if let Ok(id) = std::fs::read_to_string(&path)
        && !id.trim().is_empty()
    {
        return Ok(Owner { id: id.trim().to_owned(), host });
    }
    let id: String = kernel::rng::random_bytes::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&path, format!("{id}\n")))
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(Owner { id, host })
}

/// A copy that could be restored.
pub struct Found {
    pub file: File,
    pub place: String,
    pub store: Store,
    pub survey: Survey,
    pub plan: Plan,
    /// What the other destinations have, the newest first.
    pub others: Vec<Found>,
    /// Destinations that could not be asked, or whose copy does not serve: they may hold a newer state.
    pub silent: Vec<String>,
}

/// How often, and how far apart, a silent destination is asked before an empty folder is filled without it: on a machine that
/// has just come up the network can be later than a destination that is a folder.
const ASK: usize = 3;
const PAUSE: Duration = Duration::from_secs(2);

/// The newest state that any destination can give; of equals the one that is named first, so that both files come from one
/// place wherever they can. Where none can, a destination that could not be asked is an error: what is not known to be nowhere
/// must not be begun anew.
///
/// `folder` is where it would go: sentences name the command for it.
pub async fn find(places: &[Place], file: File, wanted: Wanted, folder: &Path) -> Result<Option<Found>> {
    let ask = |place: Place| {
        let folder = folder.to_owned();
        tokio::spawn(async move { ask(&place, file, wanted, &folder).await })
    };
    // At once: one that does not answer takes its time to say so.
    let asked: Vec<_> = places.iter().cloned().map(ask).collect();
    let (mut copies, mut silent) = (Vec::new(), Vec::new());
    for answer in asked {
        match answer.await.context("a destination could not be asked")? {
            Ok(copy) => copies.extend(copy),
            Err(sentence) => silent.push(sentence),
        }
    }
    // The sort is stable. A transaction's number says nothing about another destination: each counts its own after an outage.
    copies.sort_by_key(|copy| Reverse((copy.plan.at, copy.plan.txid)));
    let mut copies = copies.into_iter();
    let Some(newest) = copies.next() else {
        return if silent.is_empty() { Ok(None) } else { bail!("{}", silent.join(" ")) };
    };
    Ok(Some(Found { others: copies.collect(), silent, ..newest }))
}

impl Found {
    /// Which destinations are behind this one.
    pub fn older(&self) -> impl Iterator<Item = String> {
        let older = self.others.iter().filter(|copy| copy.plan.at < self.plan.at);
        older.map(|copy| format!("The replica {} has only the state of {}.", copy.place, copy.plan.at.rfc3339()))
    }
}

/// `None` where this destination has no copy of the file; a sentence where that cannot be told, or where it does not serve.
async fn ask(place: &Place, file: File, wanted: Wanted, folder: &Path) -> Result<Option<Found>, String> {
    let name = &place.name;
    // An empty folder and the place where a disk is to be mounted look the same. What is not there at all was never copied to, or is
    // not mounted: nobody may begin anew because of that.
    if let Address::Folder(root) = &place.address
        && std::fs::metadata(root).is_err_and(|error| error.kind() == ErrorKind::NotFound)
    {
        let root = root.display();
        return Err(format!("The replica {name}: {root} is not there: is the disk mounted? Make the folder if this is a new instance."));
    }
    let store = place.store(file).map_err(|error| format!("The replica {name}: {error}"))?;
    let survey = match restore::survey(&store).await {
        Ok(survey) => survey,
        Err(RestoreError::Nothing) => return Ok(None),
        Err(error) => return Err(format!("The replica {name} cannot be asked for its copy: {error}")),
    };
    let plan = survey.plan(&store, wanted).await.map_err(|error| no_way(name, file, &error, folder))?;
    Ok(Some(Found { file, place: name.clone(), store, survey, plan, others: Vec::new(), silent: Vec::new() }))
}

/// Why a copy does not serve, and the command that takes what it still has.
fn no_way(place: &str, file: File, error: &RestoreError, folder: &Path) -> String {
    let said = format!("The replica {place}, {}: {error}", file.file_name());
    match error {
        RestoreError::NoRoute { why: NoRoute::Gap { reached, .. }, .. } => format!(
            "{said} What is there comes back with `hermetic restore --from {} --only {} --txid {reached} {}`.",
            quoted(place),
            file.file_name(),
            quoted(&folder.to_string_lossy())
        ),
        _ => said,
    }
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let is_plain = !word.is_empty() && word.chars().all(|letter| letter.is_alphanumeric() || "/._-".contains(letter));
    if is_plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// Writes the newest copy that can be written: one that turns out to lead nowhere gives way to the next. Gives which it was.
pub async fn write_newest(mut found: Found, folder: &Path, progress: &(dyn Fn(Progress) + Send + Sync)) -> Result<(Found, Restored)> {
    let mut others = std::mem::take(&mut found.others).into_iter();
    let mut failures = Vec::new();
    loop {
        let Found { file, place, plan, .. } = &found;
        let (txid, at, bytes) = (plan.txid, plan.at.rfc3339(), plan.bytes);
        tracing::info!(file = file.file_name(), replica = place, txid, at, bytes, "restoring");
        let error = match write(&found, folder, progress).await {
            Ok(restored) => return Ok((found, restored)),
            Err(error) => error,
        };
        let Some(why @ RestoreError::NoRoute { .. }) = error.downcast_ref() else {
            return Err(error.context(format!("The replica {place}, {}", file.file_name())));
        };
        failures.push(no_way(place, *file, why, folder));
        found = match others.next() {
            Some(next) => next,
            None => bail!("{}", failures.join(" ")),
        };
        tracing::error!(file = found.file.file_name(), replica = found.place, "taking this next newest copy: {error}");
    }
}

/// Writes the database, checks it, and leaves word for the copies to go on from there. It gets its name last: what was killed
/// before must not be taken for a database that is whole.
pub async fn write(found: &Found, folder: &Path, progress: &(dyn Fn(Progress) + Send + Sync)) -> Result<Restored> {
    let out = folder.join(found.file.file_name());
    if out.exists() {
        return Err(RestoreError::Exists(out).into());
    }
    set_log_aside(&out)?;
    let unchecked = folder.join(format!("{}{UNCHECKED}", found.file.file_name()));
    let _ = std::fs::remove_file(&unchecked);
    let restored = restore::run(&found.store, &found.survey, found.plan.clone(), &unchecked, progress).await?;
    let checked = unchecked.clone();
    let problems = tokio::task::spawn_blocking(move || db::check_file(&checked)).await.context("the check did not end")?;
    let problems = problems.map_err(crate::boot::sentence)?;
    if let Some(first) = problems.first() {
        bail!("SQLite finds what was restored damaged: {first}. It lies in {}. Try an earlier state with --at.", unchecked.display());
    }
    replica::capture::seal_restored(&unchecked, &spool(folder, found.file), &restored).map_err(crate::boot::sentence)?;
    std::fs::rename(&unchecked, &out)
        .and_then(|()| std::fs::File::open(folder)?.sync_all())
        .with_context(|| format!("{} cannot be written", out.display()))?;
    Ok(restored)
}

const UNCHECKED: &str = ".unchecked";

/// A log that another database left would be played into the restored one. It is the only trace of what had not been copied yet, so
/// it is kept under another name.
pub fn set_log_aside(database: &Path) -> Result<()> {
    let beside = |ending: &str| {
        let mut name = database.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let log = beside("-wal");
    if std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        let aside = beside(&format!("-wal.{}", Clock::System.now().0));
        tracing::warn!(log = %log.display(), aside = %aside.display(), "the log of a database that is not there any more was set aside");
        std::fs::rename(&log, &aside).with_context(|| format!("{} cannot be set aside", log.display()))?;
    }
    for left in [log, beside("-shm")] {
        match std::fs::remove_file(&left) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("{} is in the way and cannot be removed", left.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Removes what restores left that were killed. Only for whoever holds the folder: then none of it is in use.
pub fn clear(data_dir: &Path) {
    clear_files(data_dir);
    for entry in std::fs::read_dir(data_dir).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(crate::meanwhile::SCRATCH) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// The files alone: in a folder that somebody named, the rest is not ours.
pub fn clear_files(folder: &Path) {
    for file in FILES {
        let unchecked = folder.join(format!("{}{UNCHECKED}", file.file_name()));
        let _ = std::fs::remove_file(unchecked.with_extension("restoring"));
        let _ = std::fs::remove_file(unchecked);
    }
}

/// Fills what is missing in the data folder from the copies. Gives the files it restored.
pub async fn fill(data_dir: &Path, places: &[Place], file: File, progress: &(dyn Fn(Progress) + Send + Sync)) -> Result<Option<Restored>> {
    if data_dir.join(file.file_name()).exists() || places.is_empty() {
        return Ok(None);
    }
    let mut tries = 0;
    let found = loop {
        let found = find(places, file, Wanted::Latest, data_dir).await.with_context(|| {
            format!("{} has no {}. Hermetic starts when its copy can be read, or without [[replica]]", data_dir.display(), file.file_name())
        })?;
        tries += 1;
        match found {
            Some(found) if !found.silent.is_empty() && tries < ASK => tokio::time::sleep(PAUSE).await,
            found => break found,
        }
    };
    let Some(found) = found else { return Ok(None) };
    for sentence in &found.silent {
        tracing::warn!(file = file.file_name(), "restoring without this one, which may hold a newer state: {sentence}");
    }
    for sentence in found.older() {
        tracing::info!(file = file.file_name(), "{sentence}");
    }
    let (found, restored) = write_newest(found, data_dir, progress).await?;
    for damaged in &restored.damaged {
        tracing::warn!(object = damaged, "a damaged object of the copy was led around");
    }
    tracing::info!(file = file.file_name(), replica = found.place, txid = restored.txid, at = restored.at.rfc3339(), "restored");
    Ok(Some(restored))
}

/// How long ago, for people.
pub fn ago(at: Time, now: Time) -> String {
    kernel::time::describe_duration(now.since(at))
}

pub const ORDER: [File; 2] = FILES;

#[cfg(test)]
mod tests {
    use super::*;
    use replica::files::Spool;
    use replica::ltx::{Header, Salts};

    fn place(name: &str, folder: PathBuf) -> Place {
        let address = Address::Folder(folder);
        Place { name: name.to_owned(), address, options: Default::default(), is_append_only: false, envelope: None }
    }

    /// A destination whose only object holds one page, which is no database.
    fn store_page(folder: &Path, file: File, at: Time) {
        let spool = Spool::open(&folder.join(file.file_name())).unwrap();
        let zero = Salts::default();
        let header = Header { page_size: 4096, commit: 1, min: 1, max: 1, at, wal_offset: 0, wal_size: 0, salts: zero, node: 0 };
        spool.write(9, header, |encoder| encoder.page(1, &[7; 4096])).unwrap();
    }

    fn store_bytes(folder: &Path, bytes: &[u8]) {
        let level = folder.join("hermetic.db/ltx/9");
        std::fs::create_dir_all(&level).unwrap();
        std::fs::write(level.join(replica::files::Span { min: 1, max: 1 }.file_name()), bytes).unwrap();
    }

    /// A destination with a database.
    fn store_database(folder: &Path, at: Time) {
        let made = tempfile::tempdir().unwrap();
        let (checkpoints, clock) = (db::Checkpoints::Automatic, Clock::frozen(at));
        let options = db::OpenOptions { folder: made.path().to_owned(), file: File::Hermetic, readers: 1, clock, checkpoints, floor: 0 };
        drop(db::Db::open(options).unwrap());
        let bytes = std::fs::read(made.path().join("hermetic.db")).unwrap();
        let (pages, zero) = (bytes.chunks(4096), Salts::default());
        let commit = u32::try_from(pages.len()).unwrap();
        let header = Header { page_size: 4096, commit, min: 1, max: 1, at, wal_offset: 0, wal_size: 0, salts: zero, node: 0 };
        let spool = Spool::open(&folder.join("hermetic.db")).unwrap();
        spool.write(9, header, |encoder| (1..).zip(pages).try_for_each(|(number, page)| encoder.page(number, page))).unwrap();
    }

    #[tokio::test]
    async fn a_copy_that_leads_nowhere_gives_way_to_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        store_bytes(&at("broken"), &[7; 300]);
        store_database(&at("whole"), Time(1_000));
        std::fs::create_dir(at("data")).unwrap();
        let places = ["broken", "whole"].map(|name| place(name, at(name)));
        let restored = fill(&at("data"), &places, File::Hermetic, &|_| ()).await.unwrap().unwrap();
        assert_eq!((restored.at, at("data/hermetic.db").exists()), (Time(1_000), true));
        std::fs::remove_file(at("data/hermetic.db")).unwrap();
        assert!(fill(&at("data"), &places[..1], File::Hermetic, &|_| ()).await.is_err(), "without another it is an error");
    }

    #[tokio::test]
    async fn the_newest_copy_is_taken_and_the_silent_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (name, time) in [("a", 1_000), ("b", 3_000), ("c", 3_000)] {
            store_page(&at(name), File::Hermetic, Time(time));
        }
        store_bytes(&at("e"), format!("age-encryption.org/v1{}", "-".repeat(200)).as_bytes());
        std::fs::create_dir(at("empty")).unwrap();
        let places = ["a", "b", "c", "empty", "e"].map(|name| place(name, at(name)));
        let find = |places, wanted| find(places, File::Hermetic, wanted, folder.path());
        let found = find(&places, Wanted::Latest).await.unwrap().unwrap();
        assert_eq!((found.place.as_str(), found.plan.at), ("b", Time(3_000)), "the newest, and of equals the first");
        assert_eq!(found.older().collect::<Vec<_>>(), ["The replica a has only the state of 1970-01-01T00:00:01Z."]);
        assert!(found.silent.len() == 1 && found.silent[0].contains("The replica e cannot be asked"), "{:?}", found.silent);
        let then = find(&places, Wanted::At(Time(2_000))).await.unwrap().unwrap();
        assert_eq!((then.place.as_str(), then.silent.len()), ("a", 3), "only one goes back so far: {:?}", then.silent);
        assert!(find(&places[3..4], Wanted::Latest).await.unwrap().is_none(), "an empty one has nothing");
        assert!(find(&places[3..], Wanted::Latest).await.is_err(), "a silent one may have everything");
        let unmounted = [place("disk", at("unmounted"))];
        let error = find(&unmounted, Wanted::Latest).await.err().unwrap().to_string();
        assert!(error.contains("is not there: is the disk mounted?"), "{error}");
    }

    #[tokio::test]
    async fn what_sqlite_finds_damaged_never_gets_the_name_of_the_database() {
        let folder = tempfile::tempdir().unwrap();
        store_page(&folder.path().join("copy"), File::Hermetic, Time(1_000));
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let places = [place("copy", folder.path().join("copy"))];
        for _ in 0..2 {
            assert!(fill(&data, &places, File::Hermetic, &|_| ()).await.is_err());
            assert!(!data.join("hermetic.db").exists(), "the next start would take it for the real one");
        }
        clear(&data);
        let left: Vec<_> = std::fs::read_dir(&data).unwrap().flatten().map(|entry| entry.file_name()).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}
