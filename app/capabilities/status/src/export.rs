//! The page as a folder of files: complete, without a server behind it, replaced file by file and never half written.

use crate::links::Links;
use crate::load;
use crate::model::{Language, Snapshot};
use crate::settings;
use crate::site;
use capability::Cx;
use kernel::{Error, Result};
use std::collections::HashSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// What an export did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exported {
    pub files: usize,
    pub changed: usize,
}

/// `hermetic status export DIR`.
pub async fn export(cx: &Cx, dir: PathBuf) -> Result<Exported> {
    let (registry, boot) = (cx.registry, cx.boot.clone());
    let (snapshot, links, is_protected) =
        cx.read(move |r| Ok((load::snapshot(r, registry)?, settings::exported_links(r, &boot)?, settings::is_protected(r)?))).await?;
    if is_protected {
        return Err(Error::forbidden(
            "The status page has a password, and files cannot ask for one. Remove the password in the settings, or serve the page from here only.",
        ));
    }
    let write = move || write(&snapshot, &links, &dir);
    tokio::task::spawn_blocking(write).await.map_err(|error| Error::internal("exporting the status page").because(error))?
}

/// Leaves first, the first page last; what is the same already is not touched. Files that no longer belong to the page go.
pub fn write(snapshot: &Snapshot, links: &Links, dir: &Path) -> Result<Exported> {
    let files = site::whole(snapshot, links);
    let mut done = Exported { files: files.len(), changed: 0 };
    for file in &files {
        let path = dir.join(&file.path);
        if fs::read(&path).is_ok_and(|known| known == file.body.as_bytes()) {
            continue;
        }
        replace(&path, file.body.as_bytes()).map_err(|error| failed(&path, error))?;
        done.changed += 1;
    }
    let keep: HashSet<PathBuf> = files.iter().map(|file| dir.join(&file.path)).collect();
    tidy(dir, &keep);
    Ok(done)
}

/// Whether an export stands in this folder: where none does, files that happen to have our names belong to others.
pub fn is_written(dir: &Path) -> bool {
    dir.join(SIGN).is_file()
}

/// Takes the whole export back, because the page has a password now. [`is_written`] says `true` until everything is gone: what failed is tried again.
pub fn withdraw(snapshot: &Snapshot, links: &Links, dir: &Path) -> Result<()> {
    let mut is_clean = tidy(dir, &HashSet::new());
    let files = site::whole(snapshot, links);
    let pages = files.iter().filter(|file| file.path != SIGN).map(|file| dir.join(&file.path));
    // From a time when another language was the first one.
    let first_pages = Language::ALL.iter().map(|language| dir.join(language.as_str()).join("index.html"));
    for path in pages.chain(first_pages) {
        is_clean &= !path.is_file() || fs::remove_file(&path).is_ok();
    }
    if !is_clean {
        return Err(left(dir));
    }
    fs::remove_file(dir.join(SIGN)).map_err(|error| left(dir).because(error))
}

/// Every export has it, and few others have a file of this name.
const SIGN: &str = "api/v2/summary.json";

/// Only here are old files removed: the folder itself may hold things of others.
fn own_folders(dir: &Path) -> Vec<PathBuf> {
    let roots = Language::ALL.iter().map(|language| dir.join(language.as_str())).chain([dir.to_owned()]);
    let mut folders: Vec<PathBuf> = roots.flat_map(|root| ["reports", "maintenances", "history"].map(|folder| root.join(folder))).collect();
    let badges = dir.join("badge");
    // Each component has a folder for the badge of its uptime.
    folders.extend(fs::read_dir(&badges).into_iter().flatten().flatten().map(|entry| entry.path()).filter(|path| path.is_dir()));
    folders.push(badges);
    folders
}

/// `false` when a file that does not belong to the page any more is still there.
fn tidy(dir: &Path, keep: &HashSet<PathBuf>) -> bool {
    let left = own_folders(dir).into_iter().filter(|folder| !sweep(folder, keep)).count();
    left == 0
}

/// Written beside it and renamed: a reader sees the old file or the new one.
fn replace(path: &Path, body: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.new"));
    let mut file = fs::File::create(&temporary)?;
    file.write_all(body)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

fn sweep(folder: &Path, keep: &HashSet<PathBuf>) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return true };
    let mut is_clean = true;
    for path in entries.flatten().map(|entry| entry.path()) {
        let is_ours = path.extension().is_some_and(|kind| kind == "html" || kind == "svg" || kind == "json");
        // A file that will not go is old news on an old address; the next export tries again.
        if is_ours && path.is_file() && !keep.contains(&path) && fs::remove_file(&path).is_err() {
            tracing::warn!("an old file of the exported status page could not be removed");
            is_clean = false;
        }
    }
    is_clean
}

fn left(dir: &Path) -> Error {
    Error::unavailable(format!(
        "Files of the exported page in {} could not be removed, though the page has a password now. Please remove them.",
        dir.display()
    ))
}

fn failed(path: &Path, error: std::io::Error) -> Error {
    Error::unavailable(format!("{} could not be written. Please check that the folder exists and belongs to hermetic.", path.display()))
        .because(error)
}
