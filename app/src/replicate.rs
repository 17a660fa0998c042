//! Copies of the databases, from the boot's side: who we are, what an empty folder is filled with, what runs while we serve.

use anyhow::{Context as _, Result, bail};
use backup::copies::{FILES, Place, spool};
use db::File;
use kernel::Time;
use replica::lease::Owner;
use replica::restore::{self, Plan, Progress, RestoreError, Restored, Survey, Wanted};
use replica::store::Store;
use std::path::Path;

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
}

/// The first destination that has a copy of the file. A destination that cannot be asked is an error: what is not known to be
/// nowhere must not be begun anew.
pub async fn find(places: &[Place], file: File, wanted: Wanted) -> Result<Option<Found>> {
    let mut silent = None;
    for place in places {
        let store = place.store(file).map_err(|error| anyhow::anyhow!("The replica {}: {error}", place.name))?;
        match restore::survey(&store).await {
            Ok(survey) => {
                let plan = survey.plan(&store, wanted).await.with_context(|| format!("The replica {}", place.name))?;
                return Ok(Some(Found { file, place: place.name.clone(), store, survey, plan }));
            }
            Err(RestoreError::Nothing) => {}
            Err(error) => silent = Some(format!("The replica {} cannot be asked for its copy: {error}", place.name)),
        }
    }
    match silent {
        Some(sentence) => bail!("{sentence}"),
        None => Ok(None),
    }
}

/// Writes the database, checks it, and leaves word for the copies to go on from there.
pub async fn write(found: &Found, folder: &Path, progress: &(dyn Fn(Progress) + Send + Sync)) -> Result<Restored> {
    let out = folder.join(found.file.file_name());
    let restored = restore::run(&found.store, &found.survey, found.plan.clone(), &out, progress).await?;
    let checked = out.clone();
    let problems = tokio::task::spawn_blocking(move || db::check_file(&checked)).await.context("the check did not end")?;
    let problems = problems.map_err(crate::boot::sentence)?;
    if let Some(first) = problems.first() {
        bail!("{} was restored, but SQLite finds it damaged: {first}. Try an earlier state with --at.", out.display());
    }
    replica::capture::seal_restored(&out, &spool(folder, found.file), &restored).map_err(crate::boot::sentence)?;
    Ok(restored)
}

/// Fills what is missing in the data folder from the copies. Gives the files it restored.
pub async fn fill(data_dir: &Path, places: &[Place], file: File, progress: &(dyn Fn(Progress) + Send + Sync)) -> Result<Option<Restored>> {
    if data_dir.join(file.file_name()).exists() || places.is_empty() {
        return Ok(None);
    }
    let found = find(places, file, Wanted::Latest).await.with_context(|| {
        format!("{} has no {}. Hermetic starts when its copy can be read, or without [[replica]]", data_dir.display(), file.file_name())
    })?;
    let Some(found) = found else { return Ok(None) };
    tracing::info!(
        file = file.file_name(),
        replica = found.place,
        txid = found.plan.txid,
        at = found.plan.at.rfc3339(),
        bytes = found.plan.bytes,
        "restoring"
    );
    let restored = write(&found, data_dir, progress).await?;
    for damaged in &restored.damaged {
        tracing::warn!(object = damaged, "a damaged object of the copy was led around");
    }
    tracing::info!(file = file.file_name(), txid = restored.txid, at = restored.at.rfc3339(), "restored");
    Ok(Some(restored))
}

/// How long ago, for people.
pub fn ago(at: Time, now: Time) -> String {
    kernel::time::describe_duration(now.since(at))
}

pub const ORDER: [File; 2] = FILES;
