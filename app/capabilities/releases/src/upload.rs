//! Uploads: pieces that come in any order, put together, checked, and taken apart into files that can be found.
//!
//! - [`store_chunk`], [`missing`]: pieces, by their checksum; [`whole`]: a file made of pieces, read without being in memory at once
//! - [`bundle`]: artifact bundles; [`keep_file`]: single files; [`debug`](mod@debug): those with debug information; [`announce`](mod@announce): the others are told

mod announce;
mod bundle;
mod debug;
mod whole;

pub use announce::{announce, announce_waiting};
pub use debug::{assemble_debug_file, keep_debug_files};

use capability::House;
use ingest::pack;
use kernel::{Error, Kind, Result};
use std::io::Read;

use crate::model::Checksum;
use crate::model::artifact::Labels;
use crate::store::artifacts::{self, Digest, NewBundle};
use crate::store::chunks;
use bundle::ENTRY_BYTES;
use whole::Whole;

/// What clients are told, and held to. A request of two chunks stays below what the server takes without being asked (4 MiB).
pub const CHUNK_BYTES: u64 = 1 << 20;
pub const REQUEST_BYTES: u64 = 3 << 20;
pub const CHUNKS_PER_REQUEST: usize = 64;
/// One upload, as it is sent.
pub const FILE_BYTES: u64 = 256 << 20;

/// A whole file in one request, as older clients send it. Beyond the server's own limit: a source map of some megabytes is nothing unusual.
pub const POSTED_BYTES: u64 = 40 << 20;

/// SHA-1, as clients name what they send.
pub fn checksum_of(bytes: &[u8]) -> Checksum {
    checksum_of_all(&[bytes])
}

/// Of all of these, one after the other.
pub fn checksum_of_all(parts: &[&[u8]]) -> Checksum {
    let mut hash = ring::digest::Context::new(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY);
    parts.iter().for_each(|part| hash.update(part));
    Checksum(hash.finish().as_ref().first_chunk::<20>().copied().unwrap_or_default())
}

/// A piece as it came, named by its checksum, compressed where the part is called `file_gzip`.
pub fn store_chunk(house: &House, name: &str, bytes: &[u8], is_gzip: bool) -> Result<()> {
    let checksum =
        Checksum::parse(name).ok_or_else(|| Error::invalid("A piece of an upload is named by its SHA-1: 40 hexadecimal digits."))?;
    let plain = if is_gzip { gunzip(bytes)? } else { bytes.to_vec() };
    if plain.len() as u64 > CHUNK_BYTES {
        return Err(Error::new(Kind::TooLarge, format!("A piece of an upload has at most {CHUNK_BYTES} bytes.")));
    }
    if checksum_of(&plain) != checksum {
        return Err(Error::invalid(format!("The piece {checksum} has another checksum than its name says. Please upload it again.")));
    }
    let packed = pack::pack(&plain);
    let size = plain.len() as u64;
    house.telemetry.write_blocking(move |tx| chunks::put(tx, checksum, size, &packed))
}

/// One byte more than is allowed is enough to know.
fn gunzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes)
        .take(CHUNK_BYTES + 1)
        .read_to_end(&mut plain)
        .map_err(|error| Error::invalid("A piece of an upload is not the gzip it says it is. Please upload it again.").because(error))?;
    Ok(plain)
}

/// Refuses pieces while those that wait take as much as all artifacts may.
pub fn check_room(house: &House) -> Result<()> {
    let budget = house.hermetic.read_blocking(crate::settings::budget)?;
    if house.telemetry.read_blocking(chunks::sum)? >= budget {
        return Err(Error::unavailable(
            "Uploads that nobody finished take all the room there is for source maps. They go after six hours; or give more room under Settings.",
        ));
    }
    Ok(())
}

/// Which of these pieces are not here. Those that are stay for the time of an upload.
pub fn missing(house: &House, wanted: &[Checksum]) -> Result<Vec<Checksum>> {
    let wanted = wanted.to_vec();
    let (absent, present) = house.telemetry.read_blocking(|r| {
        let (mut absent, mut present) = (Vec::new(), Vec::new());
        for checksum in wanted {
            let side = if chunks::size(r, checksum)?.is_some() { &mut present } else { &mut absent };
            side.push(checksum);
        }
        Ok((absent, present))
    })?;
    if !present.is_empty() {
        house.telemetry.write_blocking(move |tx| present.into_iter().try_for_each(|checksum| chunks::touch(tx, checksum)))?;
    }
    Ok(absent)
}

/// What became of a wish to put something together: what clients call its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assembled {
    Missing(Vec<Checksum>),
    /// It lies here and can be found.
    Done,
    /// One sentence: it cannot be what it should be.
    Refused(String),
}

/// Puts a bundle together for one project. What is there already is not asked for again.
pub fn assemble_bundle(house: &House, new: &NewBundle, pieces: &[Checksum]) -> Result<Assembled> {
    assemble(house, new, pieces, |whole| bundle::read(whole.reader(), |contents| keep_contents(house, contents, ENTRY_BYTES)))
}

fn assemble(
    house: &House,
    new: &NewBundle,
    pieces: &[Checksum],
    read: impl FnOnce(&Whole<'_>) -> Result<Vec<(Labels, i64)>>,
) -> Result<Assembled> {
    if let Some(known) = house.telemetry.read_blocking(|r| artifacts::find_bundle(r, new))? {
        announce(house, &known)?;
        return Ok(Assembled::Done);
    }
    let absent = missing(house, pieces)?;
    if !absent.is_empty() || pieces.is_empty() {
        return Ok(Assembled::Missing(absent));
    }
    let made = Whole::of(house, pieces, new.checksum).and_then(|whole| Ok((read(&whole)?, whole.size())));
    let (files, size) = match made {
        Ok(made) => made,
        Err(error) if matches!(error.kind, Kind::Invalid | Kind::TooLarge) => return Ok(Assembled::Refused(error.message().to_owned())),
        Err(error) => return Err(error),
    };
    keep_bundle(house, NewBundle { size, ..new.clone() }, files)?;
    Ok(Assembled::Done)
}

/// A single file of a release, as clients uploaded them before there were bundles.
pub fn keep_file(house: &House, new: NewBundle, labels: Labels, bytes: &[u8]) -> Result<()> {
    if house.telemetry.read_blocking(|r| artifacts::find_bundle(r, &new))?.is_some() {
        return Ok(());
    }
    let kept = keep_contents(house, bytes, ENTRY_BYTES)?;
    keep_bundle(house, new, vec![(labels, kept)])
}

/// From here on its files are found. Then the others are told.
fn keep_bundle(house: &House, new: NewBundle, files: Vec<(Labels, i64)>) -> Result<()> {
    let wanted = new.clone();
    house.telemetry.write_blocking(move |tx| match artifacts::find_bundle(tx, &new)? {
        // Two clients put the same thing together at once.
        Some(_) => Ok(()),
        None => artifacts::new_bundle(tx, &new, &files).map(|_| ()),
    })?;
    match house.telemetry.read_blocking(|r| artifacts::find_bundle(r, &wanted))? {
        Some(bundle) => announce(house, &bundle),
        None => Ok(()),
    }
}

/// Reads contents to their end, at most `max` bytes, and keeps them compressed. Gives the id of the blob.
fn keep_contents(house: &House, mut contents: impl Read, max: u64) -> Result<i64> {
    let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
    let mut packer = zstd::stream::write::Encoder::new(Vec::new(), 3).map_err(whole::broken)?;
    let (mut size, mut buffer) = (0_u64, vec![0; 64 << 10]);
    loop {
        let read = contents.read(&mut buffer).map_err(whole::broken)?;
        if read == 0 {
            break;
        }
        size += read as u64;
        if size > max {
            return Err(Error::new(Kind::TooLarge, format!("A file of the upload has more than {max} bytes unpacked.")));
        }
        hash.update(&buffer[..read]);
        std::io::Write::write_all(&mut packer, &buffer[..read]).map_err(whole::broken)?;
    }
    let bytes = packer.finish().map_err(whole::broken)?;
    let digest: Digest = hash.finish().as_ref().first_chunk::<32>().copied().unwrap_or_default();
    house.telemetry.write_blocking(move |tx| artifacts::put_blob(tx, &digest, size, &bytes))
}

/// Contents as they were, `size` bytes of them.
pub fn unpack_contents(packed: &[u8], size: u64) -> Result<Vec<u8>> {
    let damaged = |error| Error::internal("unpacking the contents of an artifact").because(error);
    let mut contents = Vec::with_capacity(usize::try_from(size.min(FILE_BYTES)).unwrap_or_default());
    zstd::stream::read::Decoder::new(packed).and_then(|packed| packed.take(size).read_to_end(&mut contents)).map_err(damaged)?;
    Ok(contents)
}
