//! Names and places of LTX files: which transactions one holds, at which level, and a folder full of them.
//!
//! - [`Span`]: first and last transaction; the file's name
//! - [`Entry`]: one file of a [`Listing`]
//! - [`Spool`]: the local folder; what is in it survives a power cut, and nothing else ever shows a file's final name

use kernel::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ltx::{Decoder, Encoder, HEADER_SIZE, Header, LtxError};
use crate::store::ObjectName;

/// Level of whole databases; 0 holds single transactions, 1 to 8 what was merged.
pub const SNAPSHOT_LEVEL: u8 = 9;
const LEVELS: usize = 10;
/// Encrypted files on their way; each is removed when it was sent.
pub const SEALED: &str = "sealed-";

/// First and last transaction of a file, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub min: u64,
    pub max: u64,
}

impl Span {
    pub fn file_name(self) -> String {
        format!("{:016x}-{:016x}.ltx", self.min, self.max)
    }

    pub fn parse(name: &str) -> Option<Span> {
        let (min, max) = name.strip_suffix(".ltx")?.split_once('-')?;
        let number = |text: &str| {
            let is_one = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            is_one.then(|| u64::from_str_radix(text, 16).ok()).flatten()
        };
        let span = Span { min: number(min)?, max: number(max)? };
        (span.min >= 1 && span.min <= span.max).then_some(span)
    }
}

/// What a store calls it.
pub fn name(level: u8, span: Span) -> ObjectName {
    ObjectName { level, min: span.min, max: span.max }
}

/// One file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub level: u8,
    pub span: Span,
    /// Bytes.
    pub size: u64,
    /// When its last transaction was captured; of a listed object, when it was stored.
    pub at: Time,
}

/// Files by level and first transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    levels: [BTreeMap<Span, Entry>; LEVELS],
    /// The last transaction of each level: asked for at every upload, over tens of thousands of files.
    max: [u64; LEVELS],
}

impl Listing {
    pub fn add(&mut self, entry: Entry) {
        let at = usize::from(entry.level);
        if let (Some(level), Some(max)) = (self.levels.get_mut(at), self.max.get_mut(at)) {
            level.insert(entry.span, entry);
            *max = (*max).max(entry.span.max);
        }
    }

    pub fn remove(&mut self, level: u8, span: Span) {
        let at = usize::from(level);
        if let (Some(level), Some(max)) = (self.levels.get_mut(at), self.max.get_mut(at)) {
            level.remove(&span);
            if *max == span.max {
                *max = level.keys().map(|span| span.max).max().unwrap_or(0);
            }
        }
    }

    /// In order of their first transaction.
    pub fn level(&self, level: u8) -> impl DoubleEndedIterator<Item = &Entry> + Clone {
        self.levels[usize::from(level).min(LEVELS - 1)].values()
    }

    pub fn all(&self) -> impl Iterator<Item = &Entry> {
        self.levels.iter().flat_map(BTreeMap::values)
    }

    pub fn holds(&self, level: u8, span: Span) -> bool {
        self.levels.get(usize::from(level)).is_some_and(|level| level.contains_key(&span))
    }

    /// The last transaction of a level; 0 when it is empty.
    pub fn level_max(&self, level: u8) -> u64 {
        self.max.get(usize::from(level)).copied().unwrap_or(0)
    }

    /// The last transaction of all.
    pub fn max(&self) -> u64 {
        self.max.into_iter().max().unwrap_or(0)
    }

    pub fn is_empty(&self) -> bool {
        self.levels.iter().all(BTreeMap::is_empty)
    }

    pub fn bytes(&self) -> u64 {
        self.all().map(|entry| entry.size).sum()
    }
}

/// The local folder of LTX files of one database: `ltx/<level>/<name>`, as Litestream lays out its own. Cheap to clone; clones
/// share the listing.
#[derive(Debug, Clone)]
pub struct Spool {
    folder: PathBuf,
    listing: Arc<Mutex<Listing>>,
    reuse: Arc<Mutex<Reuse>>,
}

/// Files that are spent are written over instead of being deleted. ext4 looks through every inode that was freed in the last five
/// seconds before it gives one away: with ten files made and hundreds deleted at once that was a fifth of all that copying cost.
#[derive(Debug, Default)]
struct Reuse {
    spare: Vec<PathBuf>,
    made: u64,
    /// Read by somebody right now: these are deleted, which leaves the reader what it has open.
    lent: BTreeSet<(u8, Span, u64)>,
}

/// Empty files, for the moments between two merges.
const MOST_SPARE: usize = 512;
const SPARE: &str = "spare";

/// A file that stays as it is while this is held, whatever becomes of its place.
#[derive(Debug)]
pub struct Lent {
    pub path: PathBuf,
    key: (u8, Span, u64),
    reuse: Arc<Mutex<Reuse>>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.reuse.lock().unwrap_or_else(PoisonError::into_inner).lent.remove(&self.key);
    }
}

impl Spool {
    /// Opens or makes it. Files that were not finished are removed; the others are listed by their headers.
    pub fn open(folder: &Path) -> io::Result<Spool> {
        let mut listing = Listing::default();
        for level in 0..=SNAPSHOT_LEVEL {
            let level_folder = folder.join("ltx").join(level.to_string());
            fs::create_dir_all(&level_folder)?;
            for file in fs::read_dir(&level_folder)? {
                let path = file?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                match (Span::parse(&name), read_header(&path)) {
                    (Some(span), Ok(header)) if (Span { min: header.min, max: header.max }) == span => {
                        listing.add(Entry { level, span, size: fs::metadata(&path)?.len(), at: header.at });
                    }
                    _ => fs::remove_file(&path)?,
                }
            }
        }
        remove_sealed(folder)?;
        let spare = folder.join(SPARE);
        fs::create_dir_all(&spare)?;
        fs::read_dir(&spare)?.try_for_each(|file| fs::remove_file(file?.path()))?;
        Ok(Spool { folder: folder.to_owned(), listing: Arc::new(Mutex::new(listing)), reuse: Arc::default() })
    }

    fn reuse(&self) -> MutexGuard<'_, Reuse> {
        self.reuse.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Held only for looking and noting, never while a file is written.
    pub fn listing(&self) -> MutexGuard<'_, Listing> {
        self.listing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn path(&self, level: u8, span: Span) -> PathBuf {
        file_path(&self.folder, level, span)
    }

    /// Writes a file whole or not at all.
    pub fn write(
        &self,
        level: u8,
        header: Header,
        pages: impl FnOnce(&mut Encoder<FileSink>) -> Result<(), LtxError>,
    ) -> Result<Entry, LtxError> {
        let spare = if level == 0 { self.reuse().spare.pop() } else { None };
        let entry = write_file(&self.folder, level, header, spare, pages)?;
        self.listing().add(entry);
        Ok(entry)
    }

    /// For who reads it beside the one who removes files.
    pub fn lend(&self, level: u8, span: Span) -> Lent {
        let mut reuse = self.reuse();
        reuse.made += 1;
        let key = (level, span, reuse.made);
        reuse.lent.insert(key);
        drop(reuse);
        Lent { path: self.path(level, span), key, reuse: Arc::clone(&self.reuse) }
    }

    pub fn remove(&self, level: u8, span: Span) -> io::Result<()> {
        match self.retire(level, span) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.listing().remove(level, span);
        Ok(())
    }

    fn retire(&self, level: u8, span: Span) -> io::Result<()> {
        let path = self.path(level, span);
        // Nobody can borrow it between the question and the act.
        let mut reuse = self.reuse();
        let is_lent = reuse.lent.range((level, span, 0)..=(level, span, u64::MAX)).next().is_some();
        if level != 0 || is_lent || reuse.spare.len() >= MOST_SPARE {
            return fs::remove_file(path);
        }
        reuse.made += 1;
        let spare = self.folder.join(SPARE).join(reuse.made.to_string());
        fs::rename(&path, &spare)?;
        File::options().write(true).open(&spare)?.set_len(0)?;
        reuse.spare.push(spare);
        Ok(())
    }

    pub fn open_file(&self, level: u8, span: Span) -> Result<Decoder<io::BufReader<File>>, LtxError> {
        Decoder::open(io::BufReader::with_capacity(1 << 15, File::open(self.path(level, span))?))
    }
}

/// What a killed process was about to send encrypted.
fn remove_sealed(folder: &Path) -> io::Result<()> {
    for file in fs::read_dir(folder)? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with(SEALED) {
            fs::remove_file(file.path())?;
        }
    }
    Ok(())
}

pub type FileSink = BufWriter<File>;

fn file_path(folder: &Path, level: u8, span: Span) -> PathBuf {
    folder.join("ltx").join(level.to_string()).join(span.file_name())
}

/// Writes beside, syncs, renames, syncs the folder: after a power cut the file is there whole, or not there.
fn write_file(
    folder: &Path,
    level: u8,
    header: Header,
    spare: Option<PathBuf>,
    pages: impl FnOnce(&mut Encoder<FileSink>) -> Result<(), LtxError>,
) -> Result<Entry, LtxError> {
    let span = Span { min: header.min, max: header.max };
    let path = file_path(folder, level, span);
    let beside = spare.unwrap_or_else(|| path.with_extension("ltx.tmp"));
    let written = write_beside(&beside, header, pages).inspect_err(|_| drop(fs::remove_file(&beside)))?;
    fs::rename(&beside, &path)?;
    if let Some(parent) = path.parent() {
        File::open(parent)?.sync_all()?;
    }
    Ok(Entry { level, span, size: written, at: header.at })
}

fn write_beside(
    beside: &Path,
    header: Header,
    pages: impl FnOnce(&mut Encoder<FileSink>) -> Result<(), LtxError>,
) -> Result<u64, LtxError> {
    let mut encoder = Encoder::new(BufWriter::with_capacity(1 << 16, File::create(beside)?), header)?;
    pages(&mut encoder)?;
    let (mut out, written) = encoder.finish()?;
    out.flush()?;
    out.get_ref().sync_data()?;
    Ok(written.size)
}

pub fn read_header(path: &Path) -> Result<Header, LtxError> {
    let mut bytes = [0; HEADER_SIZE];
    io::Read::read_exact(&mut File::open(path)?, &mut bytes)?;
    Header::from_bytes(&bytes)
}
