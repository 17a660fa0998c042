//! What root restores belongs to whoever owns the folder: the service does not run as root, and could not open it.

use anyhow::{Context as _, Result};
use rustix::fs::{AtFlags, CWD, Dir, Gid, Mode, OFlags, Uid};
use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What a restore makes in a folder; nothing else in it is touched.
const MADE: [&CStr; 4] = [c"hermetic.lock", c"hermetic.db", c"telemetry.db", c"replica"];
/// Replica, file, ltx, level.
const DEPTH: usize = 5;

pub struct Heir {
    uid: Uid,
    gid: Gid,
    /// Folders that are not there yet.
    made: Vec<PathBuf>,
}

impl Heir {
    /// The owner of the folder, or of what it will be made in. `None` for whoever is not root: they own what they make.
    pub fn of(folder: &Path) -> Result<Option<Heir>> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let folder = std::path::absolute(folder)?;
        let made: Vec<PathBuf> = folder.ancestors().take_while(|path| !path.exists()).map(Path::to_path_buf).collect();
        let Some(there) = folder.ancestors().nth(made.len()) else { return Ok(None) };
        let owner = std::fs::metadata(there).with_context(|| format!("{} cannot be read", there.display()))?;
        Ok(Some(Heir { uid: Uid::from_raw(owner.uid()), gid: Gid::from_raw(owner.gid()), made }))
    }

    /// Never through a link: in a folder of somebody else's, root must not be led to other files.
    pub fn take(&self, folder: &Path) -> Result<()> {
        let take = || -> rustix::io::Result<()> {
            for folder in &self.made {
                rustix::fs::chownat(CWD, folder, Some(self.uid), Some(self.gid), AtFlags::SYMLINK_NOFOLLOW)?;
            }
            let open = rustix::fs::open(folder, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
            MADE.iter().try_for_each(|name| self.take_one(open.as_fd(), name, DEPTH))
        };
        match take() {
            Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
            Err(error) => Err(error).with_context(|| format!("What lies in {} cannot be given to its owner", folder.display())),
        }
    }

    fn take_one(&self, folder: BorrowedFd<'_>, name: &CStr, depth: usize) -> rustix::io::Result<()> {
        match rustix::fs::chownat(folder, name, Some(self.uid), Some(self.gid), AtFlags::SYMLINK_NOFOLLOW) {
            Err(rustix::io::Errno::NOENT) => return Ok(()),
            owned => owned?,
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let inner = match rustix::fs::openat(folder, name, flags, Mode::empty()) {
            Ok(inner) if depth > 0 => inner,
            // A file, or a link.
            _ => return Ok(()),
        };
        for entry in Dir::read_from(&inner)? {
            let entry = entry?;
            if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
                self.take_one(inner.as_fd(), entry.file_name(), depth - 1)?;
            }
        }
        Ok(())
    }
}
