//! The folder a drill restores into: gone with the drill, however it ends.

use kernel::{Error, Result};
use std::path::{Path, PathBuf};

const FOLDER: &str = "drills";

pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(data_dir: &Path) -> Result<Scratch> {
        let folder = data_dir.join(FOLDER).join(kernel::ids::random_public_id());
        std::fs::create_dir_all(&folder)
            .map_err(|error| Error::unavailable("The scratch folder of the drill cannot be made in the data folder.").because(error))?;
        Ok(Scratch(folder))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "the scratch folder of a drill could not be removed");
        }
        // Only when it is empty.
        let _ = self.0.parent().map(std::fs::remove_dir);
    }
}

/// What a process left that was killed while it rehearsed.
pub fn clear(data_dir: &Path) {
    let _ = std::fs::remove_dir_all(data_dir.join(FOLDER));
}
