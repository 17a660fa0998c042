//! Artifact bundles: a ZIP with a manifest, behind eight bytes of its own (`SYSB`, version 2); and archives without one. Names in it are keys of the manifest and
//! nothing else: none becomes a path.

use kernel::{Error, Kind, Result};
use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ReaderAt, ZipArchive, ZipArchiveEntryWayfinder};
use std::collections::HashMap;
use std::io::{self, Read, Seek};

use crate::model::artifact::{Labels, Manifest};

/// One file of a bundle, and all of them, unpacked.
pub const ENTRY_BYTES: u64 = 128 << 20;
const BUNDLE_BYTES: u64 = 1 << 30;
const BUNDLE_FILES: usize = 20_000;
/// Text compresses 3 to 20 times; source maps of generated code reach 60.
const RATIO: u64 = 250;
const MANIFEST: &[u8] = b"manifest.json";
const MANIFEST_BYTES: u64 = 16 << 20;
/// Below this, a high ratio costs nothing.
const SMALL: u64 = 1 << 20;

/// Hands the contents of every file that the manifest names to `keep`, and what it gave back on, with the file's labels.
pub fn read<T>(whole: impl Read + Seek, mut keep: impl FnMut(&mut dyn Read) -> Result<T>) -> Result<Vec<(Labels, T)>> {
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_seekable(whole, &mut buffer).map_err(no_zip)?;
    let entries = list(&archive, &mut buffer)?;
    let manifest = entries.get(MANIFEST).ok_or_else(|| Error::invalid("The bundle has no manifest.json."))?;
    let manifest = read_manifest(&archive, manifest)?;
    let mut files = Vec::new();
    let mut unpacked = 0;
    for (path, file) in &manifest.files {
        let (Some(labels), Some(entry)) = (file.labels(path), entries.get(path.as_bytes())) else { continue };
        unpacked += entry.size;
        if unpacked > BUNDLE_BYTES {
            let sentence = format!("The bundle has more than {BUNDLE_BYTES} bytes unpacked. Please upload it in parts.");
            return Err(Error::new(Kind::TooLarge, sentence));
        }
        let kept = open(&archive, entry, &mut keep)?;
        files.push((labels, kept));
    }
    Ok(files)
}

/// Hands each file of an archive without a manifest on, with its name, in the order of names; each at most `max` bytes, all in memory.
pub fn read_plain(whole: impl Read + Seek, max: u64, mut keep: impl FnMut(&str, &[u8]) -> Result<()>) -> Result<()> {
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_seekable(whole, &mut buffer).map_err(no_zip)?;
    let mut entries: Vec<(Vec<u8>, Entry)> = list(&archive, &mut buffer)?.into_iter().collect();
    entries.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    let mut unpacked = 0;
    for (name, entry) in &entries {
        unpacked += entry.size;
        if entry.size > max || unpacked > BUNDLE_BYTES {
            return Err(Error::new(
                Kind::TooLarge,
                format!("A file of the archive has more than {max} bytes unpacked. Please upload it in chunks."),
            ));
        }
        let mut contents = Vec::new();
        open(&archive, entry, |packed| packed.read_to_end(&mut contents).map_err(broken))?;
        keep(&String::from_utf8_lossy(name), &contents)?;
    }
    Ok(())
}

struct Entry {
    place: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
    /// As its directory says. Reading one byte more is an error.
    size: u64,
}

/// Of two entries with one name the first counts. Entries that share their bytes, as bombs do, are refused.
fn list<R: ReaderAt>(archive: &ZipArchive<R>, buffer: &mut [u8]) -> Result<HashMap<Vec<u8>, Entry>> {
    let mut entries: HashMap<Vec<u8>, Entry> = HashMap::new();
    let mut iterator = archive.entries(buffer);
    while let Some(record) = iterator.next_entry().map_err(no_zip)? {
        if entries.len() >= BUNDLE_FILES {
            return Err(Error::new(Kind::TooLarge, format!("The bundle has more than {BUNDLE_FILES} files. Please upload it in parts.")));
        }
        if record.is_dir() {
            continue;
        }
        let (size, packed) = (record.uncompressed_size_hint(), record.compressed_size_hint());
        if size > ENTRY_BYTES || (size > SMALL && size / packed.max(1) > RATIO) {
            return Err(Error::new(Kind::TooLarge, "A file of the bundle is too large, or unpacks to far more than it should."));
        }
        let entry = Entry { place: record.wayfinder(), method: record.compression_method(), size };
        entries.entry(record.file_path().as_bytes().to_vec()).or_insert(entry);
    }
    let mut ranges = Vec::with_capacity(entries.len());
    for entry in entries.values() {
        ranges.push(archive.get_entry(entry.place).map_err(no_zip)?.compressed_data_range());
    }
    ranges.sort_unstable();
    if ranges.windows(2).any(|pair| pair[1].0 < pair[0].1) {
        return Err(Error::invalid("Files of the bundle overlap. Please build it again."));
    }
    Ok(entries)
}

fn read_manifest<R: ReaderAt>(archive: &ZipArchive<R>, entry: &Entry) -> Result<Manifest> {
    if entry.size > MANIFEST_BYTES {
        return Err(Error::new(Kind::TooLarge, "The manifest of the bundle is too large."));
    }
    let mut text = Vec::new();
    open(archive, entry, |contents| contents.read_to_end(&mut text).map_err(broken))?;
    serde_json::from_slice(&text).map_err(|error| Error::invalid("The manifest of the bundle is not readable.").because(error))
}

/// Hands the unpacked contents on: never more than the directory promised, checked against their sum at the end.
fn open<R: ReaderAt, T>(archive: &ZipArchive<R>, entry: &Entry, read: impl FnOnce(&mut dyn Read) -> Result<T>) -> Result<T> {
    let found = archive.get_entry(entry.place).map_err(no_zip)?;
    let raw = io::BufReader::with_capacity(64 << 10, found.reader());
    let unpacked: Box<dyn Read> = match entry.method {
        CompressionMethod::STORE => Box::new(raw),
        CompressionMethod::DEFLATE => Box::new(flate2::bufread::DeflateDecoder::new(raw)),
        CompressionMethod::ZSTD => Box::new(zstd::stream::read::Decoder::with_buffer(raw).map_err(broken)?),
        _ => return Err(Error::invalid("A file of the bundle is compressed in a way that is not known here. Please use deflate or zstd.")),
    };
    // One byte beyond what was promised makes the check of the size fail, instead of being cut off unseen.
    read(&mut found.verifying_reader(unpacked.take(entry.size + 1)))
}

fn broken(error: io::Error) -> Error {
    Error::invalid("A file of the bundle is damaged. Please build and upload it again.").because(error)
}

fn no_zip(error: rawzip::Error) -> Error {
    Error::invalid("The upload is no bundle: it cannot be read as a ZIP archive.").because(error)
}
