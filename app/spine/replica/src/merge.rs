//! Several LTX files that follow each other → one that does what they do: of each page the newest form, once.

use std::collections::BinaryHeap;
use std::io::{Read, Write};

use crate::ltx::{Decoder, Encoder, Header, LtxError, Salts};

/// The header of the merged file. `None` when the files do not follow each other without a gap.
pub fn merged_header(headers: &[Header]) -> Option<Header> {
    let (first, last) = (headers.first()?, headers.last()?);
    let follows = |pair: &[Header]| pair[1].min <= pair[0].max + 1 && pair[1].max > pair[0].max && pair[1].page_size == pair[0].page_size;
    headers.windows(2).all(follows).then_some(Header {
        min: first.min,
        // A merged file is of no one place in a log.
        wal_offset: 0,
        wal_size: 0,
        salts: Salts::default(),
        node: 0,
        ..*last
    })
}

/// The next page of one input. Ordered so that the heap gives the lowest page first, and of equal ones the newest.
struct Head {
    pgno: u32,
    input: usize,
}

impl Ord for Head {
    fn cmp(&self, other: &Head) -> std::cmp::Ordering {
        other.pgno.cmp(&self.pgno).then(self.input.cmp(&other.input))
    }
}
impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Head) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Head {
    fn eq(&self, other: &Head) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Head {}

/// Writes the pages of `inputs`, which follow each other in this order, into `encoder`. Memory: one page for each input. Each
/// input is read to its end, so a damaged one is an error before anything is finished.
pub fn merge<R: Read, W: Write>(inputs: &mut [Decoder<R>], commit: u32, encoder: &mut Encoder<W>) -> Result<(), LtxError> {
    let mut pages: Vec<Vec<u8>> = inputs.iter().map(|input| vec![0; input.header().page_size as usize]).collect();
    let mut heads = BinaryHeap::with_capacity(inputs.len());
    for (input, (decoder, page)) in inputs.iter_mut().zip(&mut pages).enumerate() {
        heads.extend(decoder.next_page(page)?.map(|pgno| Head { pgno, input }));
    }
    let mut last = 0;
    while let Some(Head { pgno, input }) = heads.pop() {
        // Pages behind the last end of the database were cut off by a later file.
        if pgno != last && pgno <= commit {
            encoder.page(pgno, &pages[input])?;
        }
        last = pgno;
        heads.extend(inputs[input].next_page(&mut pages[input])?.map(|pgno| Head { pgno, input }));
    }
    Ok(())
}
