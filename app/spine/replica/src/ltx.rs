//! The LTX file: header, pages in ascending order, page index, trailer. Read and written as a stream, a page at a time.
//!
//! - [`Header`]: what 100 bytes say; [`HEADER_SIZE`]
//! - [`Encoder`]: writes the kind Litestream 0.5.16 and newer write (LZ4 blocks, no database checksum)
//! - [`Decoder`]: reads that kind and the older one (LZ4 frames); the end is only reached when the file's checksum holds
//! - [`lock_page`]: the page no file holds
//!
//! Source of the format: the files that Litestream 0.5.11 and 0.5.17 wrote; some of them lie in `tests/fixtures/ltx`.
//! All integers are big-endian. Sizes are bytes, page numbers start at 1, times are milliseconds UTC.

mod decode;
mod encode;
mod header;

pub use decode::Decoder;
pub use encode::{Encoder, Written};
pub use header::{HEADER_SIZE, Header, Salts};

/// Where SQLite keeps its locks: the page at this offset holds no data.
const LOCK_OFFSET: u64 = 0x4000_0000;
/// Page number, flags, size of the compressed page.
const PAGE_HEAD_SIZE: usize = 10;
/// The head of an older file's page has no size.
const OLD_PAGE_HEAD_SIZE: usize = 6;
/// Ends the page block.
const NO_PAGE: [u8; OLD_PAGE_HEAD_SIZE] = [0; OLD_PAGE_HEAD_SIZE];
/// Set on pages that are LZ4 blocks with their size in front.
const PAGE_FLAG_SIZED: u16 = 0x0001;
/// Set in every checksum, so that none is zero.
const CHECKSUM_FLAG: u64 = 1 << 63;
pub const SMALLEST_PAGE: u32 = 512;
pub const LARGEST_PAGE: u32 = 65_536;

/// Why a file is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum LtxError {
    #[error("the file ends too early or cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// The output of a [`crate::rebuild::Rebuild`], not the file.
    #[error("the database cannot be written: {0}")]
    Output(std::io::Error),
    #[error("it does not start with LTX1")]
    Magic,
    #[error("its header is wrong: {0}")]
    Header(&'static str),
    #[error("page {pgno} is wrong: {problem}")]
    Page { pgno: u32, problem: &'static str },
    #[error("its page index is wrong: {0}")]
    Index(&'static str),
    #[error("its checksum does not hold: the bytes were changed after it was written")]
    Checksum,
    #[error("it goes on after its end")]
    Trailing,
}

/// The page that no file holds: SQLite keeps its locks there. 262,145 at a page size of 4 KiB.
pub fn lock_page(page_size: u32) -> u32 {
    u32::try_from(LOCK_OFFSET / u64::from(page_size)).map_or(u32::MAX, |page| page + 1)
}

/// The page after `pgno` that a file may hold.
pub(crate) fn next_page(pgno: u32, page_size: u32) -> u32 {
    let next = pgno.saturating_add(1);
    if next == lock_page(page_size) { next.saturating_add(1) } else { next }
}

/// CRC-64/GO-ISO over header, page heads, **uncompressed** pages, index and post-apply checksum.
struct FileChecksum(crc_fast::Digest);

impl FileChecksum {
    fn new() -> FileChecksum {
        FileChecksum(crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64GoIso))
    }

    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        self.0.finalize() | CHECKSUM_FLAG
    }
}

/// Unsigned LEB128.
fn write_uvarint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
