//! The first 100 bytes of a file.

use kernel::Time;

use super::{LARGEST_PAGE, LtxError, SMALLEST_PAGE};

pub const HEADER_SIZE: usize = 100;
const MAGIC: [u8; 4] = *b"LTX1";
/// The file carries no checksum of the whole database. Litestream's restore refuses any other.
const FLAG_NO_CHECKSUM: u32 = 0x2;

/// Two random words of a WAL's header; a reset of the WAL changes both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Salts(pub u32, pub u32);

/// What a file holds and where its pages came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub page_size: u32,
    /// Size of the database in pages once this file is applied.
    pub commit: u32,
    /// First and last transaction; a file that starts at 1 holds every page.
    pub min: u64,
    pub max: u64,
    pub at: Time,
    /// The part of the WAL that was read; all zero in merged files.
    pub wal_offset: u64,
    pub wal_size: u64,
    pub salts: Salts,
    pub node: u64,
}

impl Header {
    /// Whether it alone makes a whole database.
    pub fn is_snapshot(&self) -> bool {
        self.min == 1
    }

    /// Where the WAL is read from next.
    pub fn wal_end(&self) -> u64 {
        self.wal_offset.saturating_add(self.wal_size)
    }

    pub fn to_bytes(&self) -> [u8; HEADER_SIZE] {
        let mut bytes = [0; HEADER_SIZE];
        bytes[0..4].copy_from_slice(&MAGIC);
        bytes[4..8].copy_from_slice(&FLAG_NO_CHECKSUM.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.page_size.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.commit.to_be_bytes());
        bytes[16..24].copy_from_slice(&self.min.to_be_bytes());
        bytes[24..32].copy_from_slice(&self.max.to_be_bytes());
        bytes[32..40].copy_from_slice(&self.at.millis().to_be_bytes());
        bytes[48..56].copy_from_slice(&self.wal_offset.to_be_bytes());
        bytes[56..64].copy_from_slice(&self.wal_size.to_be_bytes());
        bytes[64..68].copy_from_slice(&self.salts.0.to_be_bytes());
        bytes[68..72].copy_from_slice(&self.salts.1.to_be_bytes());
        bytes[72..80].copy_from_slice(&self.node.to_be_bytes());
        bytes
    }

    pub fn from_bytes(bytes: &[u8; HEADER_SIZE]) -> Result<Header, LtxError> {
        if bytes[0..4] != MAGIC {
            return Err(LtxError::Magic);
        }
        if word(bytes, 4) & !FLAG_NO_CHECKSUM != 0 {
            return Err(LtxError::Header("it has flags that no known version writes"));
        }
        let header = Header {
            page_size: word(bytes, 8),
            commit: word(bytes, 12),
            min: long(bytes, 16),
            max: long(bytes, 24),
            at: Time::from_millis(i64::from_be_bytes(long(bytes, 32).to_be_bytes())),
            wal_offset: long(bytes, 48),
            wal_size: long(bytes, 56),
            salts: Salts(word(bytes, 64), word(bytes, 68)),
            node: long(bytes, 72),
        };
        header.check()?;
        if long(bytes, 40) != 0 && (header.is_snapshot() || word(bytes, 4) & FLAG_NO_CHECKSUM != 0) {
            return Err(LtxError::Header("it has a checksum of the state before where none belongs"));
        }
        Ok(header)
    }

    /// The rules of the real reader, so that what passes here passes there.
    pub(super) fn check(&self) -> Result<(), LtxError> {
        let wrong = |what| Err(LtxError::Header(what));
        if !self.page_size.is_power_of_two() || !(SMALLEST_PAGE..=LARGEST_PAGE).contains(&self.page_size) {
            return wrong("the page size is not a power of two from 512 to 65536");
        }
        if self.min == 0 || self.max < self.min {
            return wrong("the transactions are out of order");
        }
        if self.commit == 0 {
            return wrong("a database has at least one page");
        }
        if self.wal_offset == 0 && self.wal_size != 0 {
            return wrong("it names a part of the WAL without a start");
        }
        if self.wal_offset == 0 && self.salts != Salts::default() {
            return wrong("it names a WAL without a place in it");
        }
        Ok(())
    }
}

fn word(bytes: &[u8; HEADER_SIZE], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn long(bytes: &[u8; HEADER_SIZE], at: usize) -> u64 {
    u64::from(word(bytes, at)) << 32 | u64::from(word(bytes, at + 4))
}
