//! LTX files → a database file: pages are written where they belong, the file is cut to its size after each.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt as _;

use crate::ltx::{Decoder, Header, LtxError};

/// A database file that grows out of LTX files, applied in the order of a [`crate::plan::route`].
pub struct Rebuild {
    out: File,
    page_size: u32,
    txid: u64,
    page: Vec<u8>,
}

impl Rebuild {
    /// `out` is empty, and worth nothing until the last file was applied.
    pub fn new(out: File) -> Rebuild {
        Rebuild { out, page_size: 0, txid: 0, page: Vec::new() }
    }

    /// Applies one file. After an error the output is of no use: its pages are written before the checksum at the file's
    /// end is known.
    pub fn apply(&mut self, input: impl Read) -> Result<Header, LtxError> {
        let mut decoder = Decoder::open(input)?;
        let header = *decoder.header();
        if self.page_size == 0 && !header.is_snapshot() {
            return Err(LtxError::Header("a database cannot start with a file that does not hold every page"));
        }
        if self.page_size != 0 && self.page_size != header.page_size {
            return Err(LtxError::Header("its page size is not that of the files before"));
        }
        if header.min > self.txid + 1 {
            return Err(LtxError::Header("it does not join on to the file before"));
        }
        self.page_size = header.page_size;
        self.page.resize(header.page_size as usize, 0);
        while let Some(pgno) = decoder.next_page(&mut self.page)? {
            self.out.write_all_at(&self.page, u64::from(pgno - 1) * u64::from(header.page_size)).map_err(LtxError::Output)?;
        }
        self.out.set_len(u64::from(header.commit) * u64::from(header.page_size)).map_err(LtxError::Output)?;
        self.txid = header.max;
        Ok(header)
    }

    /// On disk when this returns. Gives the last transaction.
    pub fn finish(self) -> Result<u64, LtxError> {
        self.out.sync_all().map_err(LtxError::Output)?;
        Ok(self.txid)
    }
}
