//! Logs with right checksums, then cut or changed: the model, which knows each frame, says what must be read.
#![no_main]

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use fuzz::Flip;
use fuzz::wal::{HEADER_SIZE, Header, find_place, scan};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Shape {
    is_big: bool,
    page_size: u8,
    salts: (u32, u32),
    frames: Vec<Frame>,
    /// What lies behind, from before the last reset.
    rest: Vec<Frame>,
    flip: Option<(u16, Flip)>,
    cut: Option<u16>,
    offset: u16,
}

#[derive(Debug, Arbitrary)]
struct Frame {
    pgno: u8,
    commit: Option<u32>,
    fill: u8,
}

struct Log {
    is_big: bool,
    page_size: usize,
    salts: (u32, u32),
    sums: (u32, u32),
    bytes: Vec<u8>,
}

impl Log {
    fn new(shape: &Shape) -> Log {
        let page_size = 512 << (shape.page_size % 8);
        let mut log = Log { is_big: shape.is_big, page_size, salts: shape.salts, sums: (0, 0), bytes: Vec::new() };
        let words = [0x377f_0682 | u32::from(shape.is_big), 3_007_000, page_size as u32, 0, shape.salts.0, shape.salts.1];
        let head: Vec<u8> = words.into_iter().flat_map(u32::to_be_bytes).collect();
        log.sum(&head);
        log.bytes = head;
        log.bytes.extend([log.sums.0, log.sums.1].into_iter().flat_map(u32::to_be_bytes));
        log
    }

    /// As SQLite's documentation describes it.
    fn sum(&mut self, bytes: &[u8]) {
        let word = |at: usize| {
            let four = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
            if self.is_big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
        };
        for at in (0..bytes.len()).step_by(8) {
            self.sums.0 = self.sums.0.wrapping_add(word(at)).wrapping_add(self.sums.1);
            self.sums.1 = self.sums.1.wrapping_add(word(at + 4)).wrapping_add(self.sums.0);
        }
    }

    fn frame(&mut self, frame: &Frame) {
        let words = [u32::from(frame.pgno), frame.commit.unwrap_or(0)];
        let head: Vec<u8> = words.into_iter().flat_map(u32::to_be_bytes).collect();
        let page = vec![frame.fill; self.page_size];
        self.sum(&head);
        self.sum(&page);
        self.bytes.extend(head);
        let words = [self.salts.0, self.salts.1, self.sums.0, self.sums.1];
        self.bytes.extend(words.into_iter().flat_map(u32::to_be_bytes));
        self.bytes.extend(page);
    }
}

fuzz_target!(|shape: Shape| {
    let mut log = Log::new(&shape);
    let frames = &shape.frames[..shape.frames.len().min(24)];
    for frame in frames {
        log.frame(frame);
    }
    log.salts.0 = log.salts.0.wrapping_add(1);
    for frame in shape.rest.iter().take(8) {
        log.frame(frame);
    }
    let frame_size = log.page_size + 24;
    let mut bytes = log.bytes;
    // Which frames are still whole.
    let mut whole = frames.len();
    if let Some(cut) = shape.cut {
        bytes.truncate(bytes.len().saturating_sub(usize::from(cut)).max(HEADER_SIZE as usize));
        whole = whole.min((bytes.len() - HEADER_SIZE as usize) / frame_size);
    }
    let start = HEADER_SIZE as usize;
    if let Some((at, flip)) = &shape.flip
        && let Some(hit) = usize::from(*at).checked_rem(whole)
    {
        let frame = start + hit * frame_size;
        flip.apply(&mut bytes[frame..frame + frame_size]);
        whole = hit;
    }
    if let Some(none) = frames[..whole].iter().position(|frame| frame.pgno == 0) {
        whole = none;
    }
    let header = Header::read(&bytes[..]).unwrap().expect("its checksum is right");
    let found = scan(&bytes[..], &header, header.start(), u64::MAX).unwrap();

    let committed = frames[..whole].iter().rposition(|frame| frame.commit.is_some_and(|pages| pages > 0)).map_or(0, |last| last + 1);
    let size = committed.checked_sub(1).and_then(|last| frames[last].commit);
    // Only the last size counts, as in SQLite's own checkpoint: a page that was cut off in between and came back unwritten
    // keeps what the log has for it.
    let offset_of = |at: usize| (start + at * frame_size + 24) as u64;
    let pages: BTreeMap<u32, u64> = (0..committed)
        .map(|at| (u32::from(frames[at].pgno), offset_of(at)))
        .filter(|(pgno, _)| size.is_some_and(|size| *pgno <= size))
        .collect();
    assert_eq!(found.end.offset, (start + committed * frame_size) as u64);
    assert_eq!(found.commit, size);
    assert_eq!(found.pages, pages);

    let offset = u64::from(shape.offset) % (bytes.len() as u64 + 2);
    let is_between = offset >= HEADER_SIZE && (offset - HEADER_SIZE) % frame_size as u64 == 0;
    let is_whole = offset <= (start + whole * frame_size) as u64;
    let place = find_place(&bytes[..], &header, offset).unwrap();
    assert_eq!(place.map(|place| place.offset), (is_between && is_whole).then_some(offset));
});
