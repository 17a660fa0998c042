//! The formats under test, by their own source, and what the targets share.
//!
//! Taken by source and not as crates, but for `ingest`: those bring an S3 client and the page kit along, minutes of building for code
//! that no target reaches.

#[path = "../../../app/spine/replica/src"]
mod replica {
    pub mod ltx;
    pub mod wal;
}

#[path = "../../../app/capabilities/errors/src"]
mod errors {
    pub mod model;
    pub mod normal;

    pub mod grouping;
}

#[path = "../../../app/capabilities/traces/src"]
pub mod traces {
    pub mod model;
}

/// Of replays, what reads a recording and what of it a player gets.
#[path = "../../../app/capabilities/replay/src/model"]
pub mod replay {
    pub mod moment;
    pub mod neutral;
    pub mod recording;
}

#[path = "../../../app/capabilities/releases/src"]
pub mod releases {
    pub mod sourcemap;
}
#[path = "../../../app/capabilities/releases/src/model/artifact.rs"]
pub mod artifact;
#[path = "../../../app/capabilities/releases/src/upload/bundle.rs"]
pub mod bundle;

#[path = "../../../app/spine/capability/src/frames.rs"]
pub mod frames;

/// Of the page kit, the scale of numbers; and in place of its colours, their names.
#[path = "../../../frontend/src/charts"]
pub mod charts {
    #[expect(dead_code, reason = "the targets reach only how a number is written")]
    mod scale;
    pub use scale::Unit;
}
pub enum Tone {
    Good,
    Warn,
    Bad,
}

/// What stands in for the house where frames are resolved: nobody resolves any here.
pub struct House;

// The sources above name these crates and modules as they do at home.
extern crate self as capability;
extern crate self as frontend;
pub use errors::{grouping, normal};
pub mod model {
    pub use crate::artifact;
    pub use crate::errors::model::*;
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
