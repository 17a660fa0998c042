//! Looks how much of the disk is free, and writes down when it is too little for observations and when it is enough again.

use capability::Cx;
use kernel::{Error, Result};
use std::path::Path;

use crate::model::disk::{Full, judge};
use crate::store;

/// What the last look saw.
#[derive(Default)]
pub struct Disk {
    /// As the table has it; `None` until it was read.
    pub(crate) known: Option<Option<Full>>,
    /// When not the disk is asked: for tests.
    pub free_bytes: Option<u64>,
}

impl Disk {
    pub async fn look(&mut self, cx: &Cx) -> Result<()> {
        let known = match self.known.take() {
            Some(known) => known,
            None => cx.read(store::find_full_disk).await?,
        };
        let (seen, fact) = judge(known, self.free_bytes.map_or_else(|| free_bytes(&cx.boot.data_dir), Ok)?, cx.now());
        if let Some(fact) = fact {
            // Forgotten when it cannot be written: the next look reads the table again.
            cx.write(move |tx| {
                store::set_full_disk(tx, seen)?;
                work::record(tx, &fact)
            })
            .await?;
        }
        self.known = Some(seen);
        Ok(())
    }
}

/// What this process may still write below the folder.
pub fn free_bytes(folder: &Path) -> Result<u64> {
    rustix::fs::statvfs(folder)
        .map(|found| found.f_bavail.saturating_mul(found.f_frsize))
        .map_err(|error| Error::unavailable("How much of the disk is free cannot be asked.").because(error))
}
