//! A file made of pieces that lie in the log: read and searched without ever being in memory at once.

use capability::House;
use kernel::{Error, Kind, Result};
use std::io::{self, Read, Seek, SeekFrom};

use super::FILE_BYTES;
use crate::model::Checksum;
use crate::store::chunks;

pub struct Whole<'h> {
    house: &'h House,
    /// Where each piece begins, in order.
    pieces: Vec<(u64, Checksum)>,
    size: u64,
}

impl<'h> Whole<'h> {
    /// Checked against the checksum of all of it.
    pub fn of(house: &'h House, pieces: &[Checksum], checksum: Checksum) -> Result<Self> {
        let mut placed = Vec::with_capacity(pieces.len());
        let mut size = 0;
        for piece in pieces {
            let length = house.telemetry.read_blocking(|r| chunks::size(r, *piece))?.ok_or_else(gone)?;
            placed.push((size, *piece));
            size += length;
            if size > FILE_BYTES {
                return Err(Error::new(Kind::TooLarge, format!("An upload has at most {FILE_BYTES} bytes.")));
            }
        }
        let whole = Whole { house, pieces: placed, size };
        let mut hash = ring::digest::Context::new(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY);
        for (_, piece) in &whole.pieces {
            hash.update(&whole.piece(*piece)?);
        }
        if hash.finish().as_ref() != checksum.0 {
            return Err(Error::invalid("The pieces do not make up the file that its checksum names. Please upload it again."));
        }
        Ok(whole)
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn reader(&self) -> Reader<'_> {
        Reader { whole: self, at: 0, loaded: None }
    }

    fn piece(&self, checksum: Checksum) -> Result<Vec<u8>> {
        self.house.telemetry.read_blocking(|r| chunks::read(r, checksum))?.ok_or_else(gone)
    }
}

/// Keeps the piece it stands in.
pub struct Reader<'w> {
    whole: &'w Whole<'w>,
    at: u64,
    loaded: Option<(usize, Vec<u8>)>,
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.whole.size {
            return Ok(0);
        }
        let position = self.whole.pieces.partition_point(|(start, _)| *start <= self.at).saturating_sub(1);
        let Some((start, checksum)) = self.whole.pieces.get(position).copied() else { return Ok(0) };
        if self.loaded.as_ref().is_none_or(|(loaded, _)| *loaded != position) {
            let bytes = self.whole.piece(checksum).map_err(|error| io::Error::other(error.chain()))?;
            self.loaded = Some((position, bytes));
        }
        let from = usize::try_from(self.at - start).unwrap_or(usize::MAX);
        let rest = self.loaded.as_ref().and_then(|(_, bytes)| bytes.get(from..)).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Reader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(offset) => self.whole.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.at.checked_add_signed(offset),
        };
        self.at = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

fn gone() -> Error {
    Error::unavailable("A piece of the upload is gone. Please upload it again.")
}

/// What cannot be read was not written as it should have been.
pub fn broken(error: io::Error) -> Error {
    Error::invalid("The upload is damaged. Please build and upload it again.").because(error)
}
