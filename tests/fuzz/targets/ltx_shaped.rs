//! Files with a right checksum, so that the code behind it is reached: both kinds of frames, true and false compression,
//! indexes that fit and that do not. What the model says is whole must be read, and as the model says.
#![no_main]

use std::collections::BTreeMap;
use std::io::Write as _;

use arbitrary::Arbitrary;
use fuzz::Flip;
use fuzz::ltx::{Header, Salts, lock_page};
use kernel::Time;
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Shape {
    page_size: u8,
    commit: u32,
    min: u8,
    more: u64,
    at: i64,
    wal: Option<(u64, u64, u32, u32)>,
    frames: Vec<Frame>,
    index: Index,
    length: Option<u64>,
    database_checksum: u64,
    tail: Vec<u8>,
    flip: Option<Flip>,
    cut: Option<u16>,
}

#[derive(Debug, Arbitrary)]
struct Frame {
    /// Added to the page before, so that most are in order.
    step: u32,
    is_far: bool,
    body: FrameBody,
}

#[derive(Debug, Arbitrary)]
enum FrameBody {
    Block(Vec<u8>),
    /// The older kind.
    Framed(Vec<u8>),
    /// Compressed bytes as they come.
    NoBlock(Vec<u8>),
    NoFrame(Vec<u8>),
    /// A size that is not that of what follows.
    Sized(u32, Vec<u8>),
    Flags(u16),
}

#[derive(Debug, Arbitrary)]
enum Index {
    Right,
    Other(Vec<(u64, u64, u64)>),
    Raw(Vec<u8>),
}

fn uvarint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A page of the size that starts with these bytes.
fn page_of(start: &[u8], page_size: usize) -> Vec<u8> {
    let mut page: Vec<u8> = start.iter().copied().take(page_size).collect();
    page.resize(page_size, start.first().copied().unwrap_or(0));
    page
}

/// A file in the making: its bytes, what the checksum covers, and whether all of it follows the rules so far.
struct Build {
    page_size: usize,
    bytes: Vec<u8>,
    hashed: Vec<u8>,
    index: Vec<u8>,
    pages: BTreeMap<u32, Vec<u8>>,
    is_whole: bool,
}

impl Build {
    fn both(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.hashed.extend_from_slice(bytes);
    }

    fn frame(&mut self, pgno: u32, body: &FrameBody) {
        let start = self.bytes.len();
        self.both(&pgno.to_be_bytes());
        let page = match body {
            FrameBody::Block(text) => {
                let page = page_of(text, self.page_size);
                self.sized(&lz4_flex::block::compress(&page), None);
                Some(page)
            }
            FrameBody::NoBlock(compressed) => {
                self.sized(compressed, None);
                let page = lz4_flex::block::decompress(compressed, self.page_size).ok();
                let most = lz4_flex::block::get_maximum_output_size(self.page_size);
                page.filter(|page| page.len() == self.page_size && compressed.len() <= most)
            }
            FrameBody::Sized(size, compressed) => {
                self.sized(compressed, Some(*size));
                None
            }
            FrameBody::Framed(text) => {
                let page = page_of(text, self.page_size);
                self.both(&[0, 0]);
                let mut frame = lz4_flex::frame::FrameEncoder::new(&mut self.bytes);
                frame.write_all(&page).unwrap();
                frame.finish().unwrap();
                Some(page)
            }
            FrameBody::NoFrame(compressed) => {
                self.both(&[0, 0]);
                self.bytes.extend_from_slice(compressed);
                None
            }
            FrameBody::Flags(flags) => {
                self.both(&flags.to_be_bytes());
                None
            }
        };
        let length = self.bytes.len() - start;
        for number in [u64::from(pgno), start as u64, length as u64] {
            uvarint(&mut self.index, number);
        }
        match page {
            Some(page) => {
                self.hashed.extend_from_slice(&page);
                self.pages.insert(pgno, page);
            }
            None => self.is_whole = false,
        }
    }

    fn sized(&mut self, compressed: &[u8], size: Option<u32>) {
        self.both(&[0, 1]);
        self.both(&size.unwrap_or(compressed.len() as u32).to_be_bytes());
        self.bytes.extend_from_slice(compressed);
    }

    fn end(&mut self, shape: &Shape) {
        self.both(&[0; 6]);
        let mut index = match &shape.index {
            Index::Right => self.index.clone(),
            Index::Other(entries) => {
                let mut index = Vec::new();
                for number in entries.iter().flat_map(|entry| [entry.0, entry.1, entry.2]) {
                    uvarint(&mut index, number);
                }
                index
            }
            Index::Raw(bytes) => bytes.clone(),
        };
        self.is_whole &= index == self.index && shape.tail.is_empty();
        uvarint(&mut index, 0);
        let length = shape.length.unwrap_or(index.len() as u64);
        self.is_whole &= length == index.len() as u64;
        index.extend_from_slice(&length.to_be_bytes());
        self.both(&index);
        self.both(&shape.database_checksum.to_be_bytes());
        let mut digest = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64GoIso);
        digest.update(&self.hashed);
        self.bytes.extend_from_slice(&(digest.finalize() | 1 << 63).to_be_bytes());
        self.bytes.extend_from_slice(&shape.tail);
    }
}

fn header(shape: &Shape) -> Header {
    let (wal_offset, wal_size, salt1, salt2) = shape.wal.unwrap_or_default();
    let min = u64::from(shape.min % 4);
    Header {
        page_size: 512 << (shape.page_size % 9),
        commit: shape.commit,
        min,
        max: min.saturating_add(shape.more),
        at: Time(shape.at),
        wal_offset,
        wal_size,
        salts: Salts(salt1, salt2),
        node: 0,
    }
}

/// Whether the numbers are those a file may have, by the rules of the format and not by the decoder's code.
fn is_in_order(header: &Header, pgnos: &[u32]) -> bool {
    let lock = lock_page(header.page_size);
    let ascends = pgnos.windows(2).all(|pair| pair[0] < pair[1]);
    let are_inside = pgnos.iter().all(|pgno| *pgno >= 1 && *pgno <= header.commit && *pgno != lock);
    let expected = u64::from(header.commit) - u64::from(header.commit >= lock);
    ascends && are_inside && (header.min != 1 || pgnos.len() as u64 == expected)
}

fuzz_target!(|shape: Shape| {
    let header = header(&shape);
    let head = header.to_bytes();
    let mut build = Build {
        page_size: header.page_size as usize,
        bytes: head.to_vec(),
        hashed: head.to_vec(),
        index: Vec::new(),
        pages: BTreeMap::new(),
        is_whole: Header::from_bytes(&head).is_ok(),
    };
    let mut pgnos = Vec::new();
    let mut last = 0_u32;
    for frame in shape.frames.iter().take(40) {
        let step = if frame.is_far { frame.step } else { frame.step % 3 };
        last = last.wrapping_add(step);
        pgnos.push(last);
        build.frame(last, &frame.body);
    }
    build.end(&shape);
    let is_whole = build.is_whole && is_in_order(&header, &pgnos);
    let mut bytes = build.bytes;
    let length = bytes.len();
    if let Some(cut) = shape.cut {
        bytes.truncate(length.saturating_sub(usize::from(cut)));
    }
    if let Some(flip) = &shape.flip {
        flip.apply(&mut bytes);
    }
    match fuzz::decode(&bytes) {
        // A turned bit in compressed bytes may still give the same page; another page is never taken.
        Ok((read, pages)) if is_whole => assert_eq!((read, pages), (header, build.pages)),
        Ok(_) if shape.flip.is_none() && shape.cut.is_none() => {
            let has_noise = shape.frames.iter().any(|frame| matches!(frame.body, FrameBody::NoFrame(_) | FrameBody::Sized(..)));
            assert!(has_noise, "a file that breaks the rules was taken: {shape:?}");
        }
        Ok(_) => {}
        Err(error) => {
            let is_changed = shape.flip.is_some() || bytes.len() < length;
            assert!(is_changed || !is_whole, "a whole file was refused, {error}: {shape:?}");
        }
    }
});
