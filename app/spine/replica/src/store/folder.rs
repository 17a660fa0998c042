//! A folder as a store: an object is a file, complete and on disk from the moment its name is there.
//!
//! Metadata is not kept, as Litestream's own folders keep none; the time in [`TIMESTAMP`] becomes the file's.
//! A file is only its owner's to read, for it holds a database; unless [`PutOptions::is_public`] says otherwise.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kernel::Time;

use super::counted::{Counters, Kind};
use super::reading::Object;
use super::upload::{blocking, open};
use super::{Body, Condition, Head, Listed, Put, PutOptions, Result, Span, StoreError, TIMESTAMP};

/// What the name of a file ends with until it is whole; Litestream's too. Never listed, never an object.
pub const UNFINISHED: &str = ".tmp";
/// Held while a condition is checked and its object written.
const LOCK: &str = ".hermetic-lock";
const WRITTEN: &str = "written";

#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
    counters: Arc<Counters>,
}

impl Folder {
    pub fn new(root: PathBuf, counters: Arc<Counters>) -> Folder {
        Folder { root, counters }
    }

    pub async fn put(&self, key: &str, body: Body, options: &PutOptions) -> Result<Put> {
        self.counters.request(Kind::Put);
        let (folder, options, path) = (self.clone(), options.clone(), self.path(key));
        let put = blocking(move || {
            if !options.is_public {
                check_place(&folder.root)?;
            }
            let _lock = folder.lock_for(&options.condition)?;
            if !is_met(&options.condition, &path)? {
                return Ok(None);
            }
            let readers = if options.is_public { Readers::Everybody } else { Readers::Owner };
            let written = write(&path, &options.metadata, readers, |file| match &body {
                Body::Bytes(bytes) => io::Write::write_all(file, bytes),
                Body::File(from) => io::copy(&mut open(from)?, file).map(|_| ()),
            })?;
            folder.counters.up(written.len());
            Ok(Some(etag(&written)))
        });
        match put.await {
            Ok(Some(etag)) => Ok(Put { etag: Some(etag) }),
            Ok(None) => Err(StoreError::Condition(format!("{} is not as it was expected to be: somebody else wrote it.", self.named(key)))),
            Err(error) => Err(self.refused(&error, WRITTEN, key)),
        }
    }

    pub async fn get(&self, key: &str, span: Option<Span>) -> Result<Object> {
        self.counters.request(Kind::Get);
        let path = self.path(key);
        let opened = blocking(move || {
            let file = File::open(path)?;
            let metadata = file.metadata()?;
            if metadata.is_file() { Ok((file, metadata)) } else { Err(io::ErrorKind::NotFound.into()) }
        });
        let (file, metadata) = opened.await.map_err(|error| self.refused(&error, "read", key))?;
        let size = metadata.len();
        let rest = match span {
            None => 0..size,
            Some(span) if span.from < size => span.from..span.to.unwrap_or(size).clamp(span.from, size),
            Some(span) => {
                let object = self.named(key);
                return Err(StoreError::Invalid(format!("{object} has {size} bytes, none from {} on.", span.from)));
            }
        };
        Ok(Object::from_folder(head(&metadata), file, rest, Arc::clone(&self.counters)))
    }

    pub async fn head(&self, key: &str) -> Result<Option<Head>> {
        self.counters.request(Kind::Head);
        let path = self.path(key);
        let found = blocking(move || metadata(&path)).await.map_err(|error| self.refused(&error, "looked at", key))?;
        Ok(found.map(|metadata| head(&metadata)))
    }

    pub async fn list(&self, prefix: &str) -> Result<Vec<Listed>> {
        self.counters.request(Kind::List);
        let (root, wanted) = (self.root.clone(), prefix.to_owned());
        let listed = blocking(move || {
            let start = wanted.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
            let mut listed = Vec::new();
            walk(&root.join(&start), &start, &mut |key, metadata| {
                if key.starts_with(&wanted) {
                    listed.push(Listed { key, size: metadata.len(), modified: modified(metadata), etag: Some(etag(metadata)) });
                }
            })?;
            listed.sort_by(|one: &Listed, other| one.key.cmp(&other.key));
            Ok(listed)
        });
        listed.await.map_err(|error| self.refused(&error, "listed", prefix))
    }

    /// Shares the blocks where the file system can.
    pub async fn copy(&self, from: &str, to: &str, metadata: &[(String, String)]) -> Result<()> {
        self.counters.request(Kind::Copy);
        let (source, target, metadata) = (self.path(from), self.path(to), metadata.to_vec());
        let copied = blocking(move || {
            let mut source = File::open(source)?;
            write(&target, &metadata, Readers::Owner, |file| io::copy(&mut source, file).map(|_| ()))
        });
        copied.await.map(|_| ()).map_err(|error| self.refused(&error, "copied", from))
    }

    pub async fn delete(&self, keys: &[String]) -> Result<Vec<(String, String)>> {
        self.counters.request(Kind::Delete);
        let (folder, keys) = (self.clone(), keys.to_vec());
        let refused = blocking(move || {
            let mut refused = Vec::new();
            for key in keys {
                match std::fs::remove_file(folder.path(&key)) {
                    Ok(()) => {}
                    Err(error) if is_absent(&error) => {}
                    Err(error) => refused.push((key, error.to_string())),
                }
            }
            Ok(refused)
        });
        refused.await.map_err(|error| self.refused(&error, "deleted from", ""))
    }

    fn path(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    fn named(&self, key: &str) -> String {
        self.path(key).display().to_string()
    }

    /// Two processes may check the same condition at once. The lock ends with its file handle, also when the process dies.
    fn lock_for(&self, condition: &Condition) -> io::Result<Option<File>> {
        if *condition == Condition::Always {
            return Ok(None);
        }
        make_folders(&self.root, Readers::Owner)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(self.root.join(LOCK))?;
        lock.lock()?;
        Ok(Some(lock))
    }

    fn refused(&self, error: &io::Error, verb: &str, key: &str) -> StoreError {
        let object = self.named(key);
        match error.kind() {
            _ if is_absent(error) && verb == WRITTEN => StoreError::Invalid(format!("{object} could not be {verb}: {error}.")),
            _ if is_absent(error) => StoreError::NotFound(format!("{object} does not exist.")),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                StoreError::Denied(format!("{object} could not be {verb}: {error}. Check who owns the folder and how it is mounted."))
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Unreachable(format!(
                "{object} could not be {verb}: the disk is full. Make room on it, or choose another folder."
            )),
            _ => StoreError::Unreachable(format!("{object} could not be {verb}: {error}. Check that the disk is mounted and sound.")),
        }
    }
}

/// Also where a part of the path is a file: no object has that key.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory)
}

fn is_met(condition: &Condition, path: &Path) -> io::Result<bool> {
    match condition {
        Condition::Always => Ok(true),
        Condition::IfAbsent => Ok(metadata(path)?.is_none()),
        Condition::IfMatch(wanted) => Ok(metadata(path)?.is_some_and(|metadata| etag(&metadata) == *wanted)),
    }
}

/// Who may read what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Readers {
    Owner,
    Everybody,
}

/// Beside its place, synced, renamed; then the folder is synced, so that the name is there after a power cut too.
fn write(
    path: &Path,
    metadata: &[(String, String)],
    readers: Readers,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<std::fs::Metadata> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    make_folders(folder, readers)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = folder.join(format!(".{}-{}{UNFINISHED}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        // The service's mask may forbid more than the mode allows.
        if readers == Readers::Everybody {
            file.set_permissions(Permissions::from_mode(0o644))?;
        }
        fill(&mut file)?;
        if let Some(at) = timestamp(metadata) {
            file.set_modified(at)?;
        }
        file.sync_all()?;
        std::fs::rename(&unfinished, folder.join(&*name))?;
        File::open(folder)?.sync_all()?;
        file.metadata()
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&unfinished);
    }
    written
}

/// A disk that is not mounted leaves its mount point, or nothing: whatever is written there then would fill another disk, and be
/// gone from sight with the next mount.
fn check_place(root: &Path) -> io::Result<()> {
    match root.parent() {
        Some(above) if !root.is_dir() && !above.is_dir() => {
            let sentence = format!("{} is not there: is its disk mounted? Make the folder if it is new", above.display());
            Err(io::Error::other(sentence))
        }
        _ => Ok(()),
    }
}

/// Each new folder is an entry in the one above, which has to be on disk as well.
fn make_folders(folder: &Path, readers: Readers) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        make_folders(above, readers)?;
        match DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => File::open(above)?.sync_all()?,
        }
        if readers == Readers::Everybody {
            std::fs::set_permissions(folder, Permissions::from_mode(0o755))?;
        }
    }
    Ok(())
}

/// Names that begin with a dot and files that are not whole belong to nobody.
fn walk(folder: &Path, prefix: &str, found: &mut impl FnMut(String, &std::fs::Metadata)) -> io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if is_absent(&error) => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') || name.ends_with(UNFINISHED) {
            continue;
        }
        let key = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), &key, found)?;
        } else if kind.is_file()
            && let Some(metadata) = metadata(&entry.path())?
        {
            found(key, &metadata);
        }
    }
    Ok(())
}

/// `None` for what is gone, or no file.
fn metadata(path: &Path) -> io::Result<Option<std::fs::Metadata>> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(metadata.is_file().then_some(metadata)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn head(metadata: &std::fs::Metadata) -> Head {
    Head { size: metadata.len(), etag: Some(etag(metadata)), metadata: Vec::new(), modified: modified(metadata) }
}

/// Each put makes a new file: its number, time and size tell it from the one before, without reading it.
fn etag(metadata: &std::fs::Metadata) -> String {
    let (seconds, nanos) = (metadata.mtime(), metadata.mtime_nsec());
    format!("\"{:x}-{:x}-{seconds:x}.{nanos:x}\"", metadata.ino(), metadata.len())
}

fn modified(metadata: &std::fs::Metadata) -> Time {
    Time(metadata.mtime().saturating_mul(1_000).saturating_add(metadata.mtime_nsec() / 1_000_000))
}

fn timestamp(metadata: &[(String, String)]) -> Option<SystemTime> {
    let (_, text) = metadata.iter().find(|(name, _)| name == TIMESTAMP)?;
    let millis = u64::try_from(Time::parse_rfc3339(text)?.millis()).ok()?;
    Some(UNIX_EPOCH + Duration::from_millis(millis))
}
