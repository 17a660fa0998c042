//! Reading SQLite's write-ahead log as a value: whole transactions only, each frame checked, nothing assumed.
//!
//! - [`Header`]: the first 32 bytes; its salts change at every reset of the log
//! - [`Place`]: up to where the log was read, with the running checksum there
//! - [`scan`]: from a place to the last commit; [`Scan::pages`] says where the newest form of each page lies
//!
//! Source: SQLite's own description of the format (sqlite.org/fileformat2.html, section 4).

use std::collections::BTreeMap;
use std::io;

use crate::ltx::{LARGEST_PAGE, SMALLEST_PAGE, Salts};

pub const HEADER_SIZE: u64 = 32;
const FRAME_HEAD_SIZE: u64 = 24;
const MAGIC: u32 = 0x377f_0682;
const VERSION: u32 = 3_007_000;
/// Read at once; frames of 64 KiB pages still fit several times.
const CHUNK: usize = 1 << 20;
/// Read first: mostly only a few frames are new, and what lies behind them is left from before the last reset.
const FIRST_CHUNK: usize = 64 << 10;

/// Bytes at an offset: a file, or a slice in a test.
pub trait ReadAt {
    /// Reads as much as there is, up to the whole buffer.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}

impl ReadAt for std::fs::File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match std::os::unix::fs::FileExt::read_at(self, &mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

impl ReadAt for [u8] {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.get(offset..)).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub page_size: u32,
    pub salts: Salts,
    sums: Sums,
    order: Order,
}

/// In which byte order the words of the checksum are read; the machine that made the log chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Little,
    Big,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Sums(u32, u32);

/// Between two frames of one log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub offset: u64,
    pub salts: Salts,
    sums: Sums,
}

/// What lies between two places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Page number → offset of the page's bytes in the log.
    pub pages: BTreeMap<u32, u64>,
    /// Size of the database in pages after the last transaction; `None` when there was none.
    pub commit: Option<u32>,
    /// Behind the last transaction.
    pub end: Place,
    /// The limit ended it: more may follow.
    pub is_cut: bool,
}

impl Header {
    /// `None` when there is no log, or one whose header is not written yet.
    pub fn read(log: &(impl ReadAt + ?Sized)) -> io::Result<Option<Header>> {
        let mut bytes = [0; HEADER_SIZE as usize];
        if log.read_at(&mut bytes, 0)? < bytes.len() {
            return Ok(None);
        }
        Ok(Header::parse(&bytes))
    }

    fn parse(bytes: &[u8; HEADER_SIZE as usize]) -> Option<Header> {
        let order = match word(bytes, 0) {
            MAGIC => Order::Little,
            magic if magic == MAGIC | 1 => Order::Big,
            _ => return None,
        };
        let page_size = word(bytes, 8);
        if word(bytes, 4) != VERSION || !page_size.is_power_of_two() || !(SMALLEST_PAGE..=LARGEST_PAGE).contains(&page_size) {
            return None;
        }
        let sums = Sums::default().over(&bytes[..24], order);
        if sums != Sums(word(bytes, 24), word(bytes, 28)) {
            return None;
        }
        Some(Header { page_size, salts: Salts(word(bytes, 16), word(bytes, 20)), sums, order })
    }

    pub fn start(&self) -> Place {
        Place { offset: HEADER_SIZE, salts: self.salts, sums: self.sums }
    }

    pub fn frame_size(&self) -> u64 {
        FRAME_HEAD_SIZE + u64::from(self.page_size)
    }
}

/// Reads from `from` to the last commit; with `limit`, to the first commit at or past that many bytes. `from` must be of
/// this log. A frame that does not fit ends the reading: it is being written, or left from before the last reset.
pub fn scan(log: &(impl ReadAt + ?Sized), header: &Header, from: Place, limit: u64) -> io::Result<Scan> {
    let frame_size = header.frame_size() as usize;
    let mut per_chunk = (FIRST_CHUNK / frame_size).max(1);
    let mut buffer = Vec::new();
    let mut scan = Scan { pages: BTreeMap::new(), commit: None, end: from, is_cut: false };
    let mut place = from;
    let mut open: Vec<(u32, u64)> = Vec::new();
    'log: loop {
        buffer.resize(per_chunk * frame_size, 0);
        let filled = log.read_at(&mut buffer, place.offset)?;
        let whole = filled / frame_size;
        for frame in buffer[..whole * frame_size].chunks_exact(frame_size) {
            let Some(next) = check_frame(frame, header, place) else { break 'log };
            open.push((word(frame, 0), place.offset + FRAME_HEAD_SIZE));
            place = next;
            let commit = word(frame, 4);
            if commit == 0 {
                continue;
            }
            scan.pages.extend(open.drain(..));
            scan.commit = Some(commit);
            scan.end = place;
            if place.offset - from.offset >= limit {
                scan.is_cut = true;
                break 'log;
            }
        }
        if whole < per_chunk {
            break;
        }
        per_chunk = (2 * per_chunk).min((CHUNK / frame_size).max(1));
    }
    if let Some(commit) = scan.commit {
        // A transaction that made the file smaller may follow one that wrote behind its new end.
        scan.pages.split_off(&commit.saturating_add(1));
    }
    Ok(scan)
}

/// The place at `offset`, found by reading everything before it; `None` when the log does not reach that far in whole frames.
pub fn find_place(log: &(impl ReadAt + ?Sized), header: &Header, offset: u64) -> io::Result<Option<Place>> {
    let frame_size = header.frame_size() as usize;
    let mut buffer = vec![0; (CHUNK / frame_size).max(1) * frame_size];
    let mut place = header.start();
    while place.offset < offset {
        let filled = log.read_at(&mut buffer, place.offset)?;
        let before = place.offset;
        for frame in buffer[..filled].chunks_exact(frame_size) {
            if place.offset >= offset {
                break;
            }
            let Some(next) = check_frame(frame, header, place) else { return Ok(None) };
            place = next;
        }
        if place.offset == before {
            return Ok(None);
        }
    }
    Ok((place.offset == offset).then_some(place))
}

/// Reads the page of the frame whose page lies at `offset`, which a scan has found. `None` when another stands there now.
pub fn read_page(log: &(impl ReadAt + ?Sized), offset: u64, pgno: u32, salts: Salts, page: &mut [u8]) -> io::Result<Option<()>> {
    let mut head = [0; FRAME_HEAD_SIZE as usize];
    let read = log.read_at(&mut head, offset - FRAME_HEAD_SIZE)? + log.read_at(page, offset)?;
    let is_it = read == head.len() + page.len() && word(&head, 0) == pgno && Salts(word(&head, 8), word(&head, 12)) == salts;
    Ok(is_it.then_some(()))
}

fn check_frame(frame: &[u8], header: &Header, place: Place) -> Option<Place> {
    let pgno = word(frame, 0);
    if pgno == 0 || Salts(word(frame, 8), word(frame, 12)) != header.salts {
        return None;
    }
    let sums = place.sums.over(&frame[..8], header.order).over(&frame[FRAME_HEAD_SIZE as usize..], header.order);
    let is_right = sums == Sums(word(frame, 16), word(frame, 20));
    is_right.then_some(Place { offset: place.offset + frame.len() as u64, salts: place.salts, sums })
}

impl Sums {
    fn over(self, bytes: &[u8], order: Order) -> Sums {
        match order {
            Order::Little => self.fold(bytes, u32::from_le_bytes),
            Order::Big => self.fold(bytes, u32::from_be_bytes),
        }
    }

    fn fold(self, bytes: &[u8], read: impl Fn([u8; 4]) -> u32) -> Sums {
        let Sums(mut first, mut second) = self;
        for pair in bytes.chunks_exact(8) {
            first = first.wrapping_add(read([pair[0], pair[1], pair[2], pair[3]])).wrapping_add(second);
            second = second.wrapping_add(read([pair[4], pair[5], pair[6], pair[7]])).wrapping_add(first);
        }
        Sums(first, second)
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
