//! Files with debug information: kept as they are, nothing is taken out of them yet.

use capability::House;
use kernel::ids::ProjectId;
use kernel::{Error, Result};
use std::io::{Cursor, Read as _};

use super::{Assembled, FILE_BYTES, assemble, bundle, checksum_of, keep_contents, keep_file, whole};
use crate::model::Checksum;
use crate::model::artifact::{Labels, is_debug_file};
use crate::store::artifacts::NewBundle;

/// One file of an archive, unpacked: it is held in memory.
const UNPACKED_BYTES: u64 = 64 << 20;

/// One file, made of pieces.
pub fn assemble_debug_file(house: &House, new: &NewBundle, pieces: &[Checksum], labels: &Labels) -> Result<Assembled> {
    assemble(house, new, pieces, |whole| {
        let mut start = [0; 32];
        let read = whole.reader().read(&mut start).map_err(whole::broken)?;
        if !is_debug_file(&labels.name, &start[..read]) {
            let kinds = "ELF, Mach-O, PDB, WebAssembly, Breakpad and ProGuard files are taken";
            return Err(Error::invalid(format!("This is no debug file: {kinds}.")));
        }
        let kept = keep_contents(house, whole.reader(), FILE_BYTES)?;
        Ok(vec![(labels.clone(), kept)])
    })
}

/// What is a debug file of an archive, or of one file alone. Gives what it kept; everything else is passed over, as clients pack it along.
pub fn keep_debug_files(house: &House, project: ProjectId, name: &str, bytes: &[u8]) -> Result<Vec<(Checksum, Labels)>> {
    let mut kept = Vec::new();
    let mut keep = |name: &str, contents: &[u8]| {
        if !is_debug_file(name, contents) {
            return Ok(());
        }
        let (checksum, labels) = (checksum_of(contents), Labels::of_debug_file(name, None));
        let new = NewBundle { project, checksum, release: String::new(), dist: String::new(), size: contents.len() as u64 };
        keep_file(house, new, labels.clone(), contents)?;
        kept.push((checksum, labels));
        Ok(())
    };
    if bytes.starts_with(b"PK") {
        bundle::read_plain(Cursor::new(bytes), UNPACKED_BYTES, keep)?;
    } else {
        keep(name, bytes)?;
    }
    Ok(kept)
}
