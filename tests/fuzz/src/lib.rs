//! The formats under test, by their own source, and what the targets share.
//!
//! Taken by source and not as the crate `replica`: that brings an S3 client along, minutes of building for code that no target
//! reaches.

#[path = "../../../app/spine/replica/src"]
mod replica {
    pub mod ltx;
    pub mod wal;
}

use std::collections::BTreeMap;

pub use replica::{ltx, wal};

/// Header and pages of a file that is whole.
pub fn decode(bytes: &[u8]) -> Result<(ltx::Header, BTreeMap<u32, Vec<u8>>), ltx::LtxError> {
    let mut decoder = ltx::Decoder::open(bytes)?;
    let mut page = vec![0; decoder.header().page_size as usize];
    let mut pages = BTreeMap::new();
    while let Some(pgno) = decoder.next_page(&mut page)? {
        pages.insert(pgno, page.clone());
    }
    Ok((*decoder.header(), pages))
}

/// One bit turned, somewhere.
#[derive(Debug, arbitrary::Arbitrary)]
pub struct Flip {
    at: u16,
    bit: u8,
}

impl Flip {
    pub fn apply(&self, bytes: &mut [u8]) {
        if let Some(byte) = usize::from(self.at).checked_rem(bytes.len()).and_then(|at| bytes.get_mut(at)) {
            *byte ^= 1 << (self.bit % 8);
        }
    }
}
