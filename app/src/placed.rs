//! A database that somebody put in its place by hand, beside the log of the one before: SQLite would play that log into it, which
//! gives a damaged file, or brings back what was to be undone.
//!
//! Told by a note of which files were here when the folder was last opened. A folder that was copied whole has other files, too, but
//! its log belongs to them: the note names the folder as well. `cp` over the old file keeps it the same file; then its time and its
//! pages tell, but only while the machine has not been started anew: a power cut leaves times, pages and index of different moments,
//! and a log that was set aside for them would be the only trace of what was answered.

use anyhow::Result;
use backup::copies::{FILES, spool};
use replica::lease::boot_id;
use serde::{Deserialize, Serialize};
use std::fs::Metadata;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::replicate::set_log_aside;

const NOTE: &str = "hermetic.placed";
const WAL_HEADER: u64 = 32;
const FRAME_HEADER: u64 = 24;

/// A file or folder, told from a later one with the same inode by when it was made.
type Identity = (u64, u64);

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    home: Option<Identity>,
    boot: Option<String>,
    /// In the order of [`FILES`].
    databases: [Option<Identity>; 2],
}

/// Before any database is opened, by who holds the folder.
pub fn set_foreign_logs_aside(data_dir: &Path) -> Result<()> {
    let noted: Note = std::fs::read(data_dir.join(NOTE)).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let is_same_boot = noted.boot.is_some() && noted.boot == boot_id();
    if noted.home.is_some() && noted.home == identity(data_dir) {
        for (file, before) in FILES.into_iter().zip(noted.databases) {
            let path = data_dir.join(file.file_name());
            let is_other = before.is_some() && identity(&path).is_some_and(|now| Some(now) != before);
            if is_other || (is_same_boot && before.is_some() && is_written_over(&path, &spool(data_dir, file)).unwrap_or(false)) {
                tracing::warn!(
                    file = file.file_name(),
                    "this database was put here by hand; it is opened without the log of the one before"
                );
                set_log_aside(&path)?;
            }
        }
    }
    note(data_dir)
}

/// Which databases are here now. Once more after they were opened: what was made just now is known the next time.
pub fn note(data_dir: &Path) -> Result<()> {
    let databases = FILES.map(|file| identity(&data_dir.join(file.file_name())));
    let (path, text) = (data_dir.join(NOTE), serde_json::to_vec(&Note { home: identity(data_dir), boot: boot_id(), databases })?);
    if std::fs::read(&path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    let part = data_dir.join(format!("{NOTE}.part"));
    if let Err(error) = std::fs::write(&part, text).and_then(|()| std::fs::rename(&part, &path)) {
        // A full disk must not keep the house from opening; and what was noted before would be wrong the next time.
        tracing::warn!(%error, "which databases are here could not be noted in {}", path.display());
        for left in [part, path] {
            let _ = std::fs::remove_file(left);
        }
    }
    Ok(())
}

fn identity(path: &Path) -> Option<Identity> {
    let metadata = std::fs::metadata(path).ok()?;
    let born = metadata.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).map_or(0, |at| at.as_nanos() as u64);
    Some((metadata.ino(), born))
}

/// Whether something else than a checkpoint wrote the file after its log was last written. A checkpoint leaves pages that stand in
/// the log, or a word beside it that all of the log was moved.
fn is_written_over(database: &Path, spool: &Path) -> Option<bool> {
    let log_path = beside(database, "-wal");
    let (file, log) = (std::fs::metadata(database).ok()?, std::fs::metadata(&log_path).ok()?);
    let time = |metadata: &Metadata| (metadata.mtime(), metadata.mtime_nsec());
    if log.len() <= WAL_HEADER || time(&file) <= time(&log) || is_as_sealed(&file, spool)? {
        return Some(false);
    }
    let log = std::fs::File::open(log_path).ok()?;
    let mut header = [0; WAL_HEADER as usize];
    log.read_exact_at(&mut header, 0).ok()?;
    if let Some(is_moved) = moved(database, &header) {
        return Some(is_moved);
    }
    let page_size = u64::from(u32::from_be_bytes(header[8..12].try_into().ok()?));
    let database = std::fs::File::open(database).ok()?;
    let (mut framed, mut there) = (vec![0; usize::try_from(page_size).ok()?], vec![0; usize::try_from(page_size).ok()?]);
    let mut at = WAL_HEADER;
    let mut number = [0; 4];
    while log.read_exact_at(&mut number, at).is_ok() && log.read_exact_at(&mut framed, at + FRAME_HEADER).is_ok() {
        let page = u64::from(u32::from_be_bytes(number)).checked_sub(1)?;
        if database.read_exact_at(&mut there, page * page_size).is_ok() && there == framed {
            return Some(false);
        }
        at += FRAME_HEADER + page_size;
    }
    Some(true)
}

/// Whether the file is as the copies left it when they had moved the whole log. `None` where nothing was noted: no copies.
fn is_as_sealed(file: &Metadata, spool: &Path) -> Option<bool> {
    let seal: serde_json::Value = serde_json::from_slice(&std::fs::read(spool.join("seal.json")).ok()?).ok()?;
    let mark = seal.get("mark")?;
    let (size, seconds, rest) = (mark.get("size")?.as_u64()?, mark.get("changed_s")?.as_i64()?, mark.get("changed_ns")?.as_i64()?);
    Some((size, seconds, rest) == (file.size(), file.mtime(), file.mtime_nsec()))
}

/// What the index beside the log says: nothing of it was ever moved (then somebody else wrote the file), or all of it was (then it adds
/// nothing). `None` when it was moved in part, or the index is of another log.
fn moved(database: &Path, header: &[u8; WAL_HEADER as usize]) -> Option<bool> {
    let index = std::fs::File::open(beside(database, "-shm")).ok()?;
    let mut bytes = [0; 136];
    index.read_exact_at(&mut bytes, 0).ok()?;
    if bytes[..48] != bytes[48..96] || bytes[32..40] != header[16..24] {
        return None;
    }
    let word = |at: usize| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let (frames, moved, tried) = (word(16)?, word(96)?, word(128)?);
    ((moved == 0 && tried == 0) || moved == frames).then_some(true)
}

fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_log_beside_a_database_that_was_put_there_by_hand_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let logs = |folder: &Path| {
            let names = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
            names.filter(|name| name.contains("-wal")).collect::<Vec<_>>()
        };
        std::fs::create_dir(at("data")).unwrap();
        std::fs::write(at("data/hermetic.db"), "the first").unwrap();
        set_foreign_logs_aside(&at("data")).unwrap();
        std::fs::write(at("data/hermetic.db-wal"), "its log").unwrap();
        set_foreign_logs_aside(&at("data")).unwrap();
        assert_eq!(logs(&at("data")), ["hermetic.db-wal"], "after a crash it is needed");
        std::fs::create_dir(at("moved")).unwrap();
        for name in ["hermetic.db", "hermetic.db-wal", NOTE] {
            std::fs::copy(at("data").join(name), at("moved").join(name)).unwrap();
        }
        set_foreign_logs_aside(&at("moved")).unwrap();
        assert_eq!(logs(&at("moved")), ["hermetic.db-wal"], "a folder that was copied whole keeps its log");
        std::fs::write(at("restored"), "another").unwrap();
        std::fs::rename(at("restored"), at("data/hermetic.db")).unwrap();
        set_foreign_logs_aside(&at("data")).unwrap();
        let aside = logs(&at("data"));
        assert!(aside.len() == 1 && aside[0].starts_with("hermetic.db-wal."), "{aside:?}");
        std::fs::write(at("data/hermetic.db-wal"), "the log of the new one").unwrap();
        set_foreign_logs_aside(&at("data")).unwrap();
        assert_eq!(logs(&at("data")).len(), 2, "what was put there is known from then on");
    }

    /// A database that was written after its log, with pages that the log has not: by hand, or by a power cut in a checkpoint.
    #[test]
    fn a_log_is_kept_after_a_power_cut_whatever_the_times_and_pages_say() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let is_aside = |boot: Option<String>| {
            let database = data.join("hermetic.db");
            std::fs::write(&database, [1; 512]).unwrap();
            let mut log = vec![0; 32 + 24 + 512];
            log[8..12].copy_from_slice(&512_u32.to_be_bytes());
            log[32..36].copy_from_slice(&1_u32.to_be_bytes());
            let path = data.join("hermetic.db-wal");
            std::fs::write(&path, log).unwrap();
            std::fs::File::options().write(true).open(&path).unwrap().set_modified(UNIX_EPOCH).unwrap();
            let mark = serde_json::json!({"mark": {"size": 1, "changed_s": 1, "changed_ns": 1}});
            std::fs::create_dir_all(spool(data, FILES[0])).unwrap();
            std::fs::write(spool(data, FILES[0]).join("seal.json"), mark.to_string()).unwrap();
            note(data).unwrap();
            let mut noted: Note = serde_json::from_slice(&std::fs::read(data.join(NOTE)).unwrap()).unwrap();
            noted.boot = boot;
            std::fs::write(data.join(NOTE), serde_json::to_vec(&noted).unwrap()).unwrap();
            set_foreign_logs_aside(data).unwrap();
            !path.exists()
        };
        assert!(is_aside(boot_id()), "the same start of the machine: somebody copied over it");
        assert!(!is_aside(Some("another start".to_owned())));
        assert!(!is_aside(None));
    }
}
