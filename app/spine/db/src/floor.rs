//! Room on the disk, looked at before writing.

use kernel::time::Stopwatch;
use kernel::{Error, Result};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A disk fills slowly; a look costs a system call.
const LOOK: Duration = Duration::from_secs(1);

pub(crate) struct Floor {
    folder: PathBuf,
    bytes: u64,
    last: RefCell<Option<(Stopwatch, bool)>>,
}

impl Floor {
    pub fn new(folder: &Path, bytes: u64) -> Floor {
        Floor { folder: folder.to_owned(), bytes, last: RefCell::new(None) }
    }

    /// An error when there is too little room left.
    pub fn check(&self) -> Result<()> {
        if self.bytes == 0 {
            return Ok(());
        }
        let mut last = self.last.borrow_mut();
        let has_room = match &*last {
            Some((watch, has_room)) if watch.elapsed() < LOOK => *has_room,
            _ => {
                // Where the room cannot be asked for, SQLite's own error must do.
                let has_room = rustix::fs::statvfs(&self.folder).map_or(true, |room| room.f_bavail * room.f_frsize >= self.bytes);
                *last = Some((Stopwatch::start(), has_room));
                has_room
            }
        };
        if has_room { Ok(()) } else { Err(Error::unavailable(FULL)) }
    }
}

const FULL: &str = "The disk is nearly full, so nothing more is stored; nothing that was stored is lost. Please free some space.";
