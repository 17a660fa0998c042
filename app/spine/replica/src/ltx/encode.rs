//! Writing a file.

use std::io::Write;

use super::{CHECKSUM_FLAG, FileChecksum, Header, LtxError, NO_PAGE, PAGE_FLAG_SIZED, PAGE_HEAD_SIZE, lock_page, next_page, write_uvarint};

/// Takes pages in ascending order and writes them as they come; memory: two pages and about ten bytes a page for the index.
pub struct Encoder<W> {
    out: W,
    header: Header,
    checksum: FileChecksum,
    index: Vec<u8>,
    compressed: Vec<u8>,
    last: u32,
    pages: u64,
    size: u64,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Bytes of the file.
    pub size: u64,
    pub pages: u64,
    /// Checksum of the file, as its trailer has it.
    pub checksum: u64,
}

impl<W: Write> Encoder<W> {
    pub fn new(mut out: W, header: Header) -> Result<Encoder<W>, LtxError> {
        header.check()?;
        let bytes = header.to_bytes();
        out.write_all(&bytes)?;
        let mut checksum = FileChecksum::new();
        checksum.update(&bytes);
        let room = lz4_flex::block::get_maximum_output_size(header.page_size as usize);
        let size = bytes.len() as u64;
        Ok(Encoder { out, header, checksum, index: Vec::new(), compressed: vec![0; room], last: 0, pages: 0, size })
    }

    /// `page` has the page size; page numbers ascend; a snapshot leaves none out but the lock page.
    pub fn page(&mut self, pgno: u32, page: &[u8]) -> Result<(), LtxError> {
        let wrong = |problem| Err(LtxError::Page { pgno, problem });
        if page.len() != self.header.page_size as usize {
            return wrong("it does not have the page size");
        }
        if pgno <= self.last || pgno > self.header.commit {
            return wrong("it is out of order or past the end of the database");
        }
        if pgno == lock_page(self.header.page_size) {
            return wrong("the lock page is never stored");
        }
        if self.header.is_snapshot() && pgno != next_page(self.last, self.header.page_size) {
            return wrong("a snapshot must hold each page");
        }
        let length = lz4_flex::block::compress_into(page, &mut self.compressed)
            .map_err(|_| LtxError::Page { pgno, problem: "it cannot be compressed" })?;
        let head = page_head(pgno, length as u32);
        self.out.write_all(&head)?;
        self.out.write_all(&self.compressed[..length])?;
        self.checksum.update(&head);
        self.checksum.update(page);
        let frame = (PAGE_HEAD_SIZE + length) as u64;
        write_uvarint(&mut self.index, u64::from(pgno));
        write_uvarint(&mut self.index, self.size);
        write_uvarint(&mut self.index, frame);
        self.size += frame;
        self.last = pgno;
        self.pages += 1;
        Ok(())
    }

    /// Writes the end; the file is worth nothing without it.
    pub fn finish(mut self) -> Result<(W, Written), LtxError> {
        if self.header.is_snapshot() && next_page(self.last, self.header.page_size) <= self.header.commit {
            return Err(LtxError::Page { pgno: self.last, problem: "a snapshot ends before the last page of the database" });
        }
        write_uvarint(&mut self.index, 0);
        let index_size = self.index.len() as u64;
        self.index.extend_from_slice(&index_size.to_be_bytes());
        let no_database_checksum = [0; 8];
        for part in [&NO_PAGE[..], &self.index, &no_database_checksum] {
            self.checksum.update(part);
            self.out.write_all(part)?;
            self.size += part.len() as u64;
        }
        let checksum = self.checksum.finish();
        debug_assert!(checksum & CHECKSUM_FLAG != 0);
        self.out.write_all(&checksum.to_be_bytes())?;
        self.out.flush()?;
        Ok((self.out, Written { size: self.size + 8, pages: self.pages, checksum }))
    }
}

fn page_head(pgno: u32, compressed: u32) -> [u8; PAGE_HEAD_SIZE] {
    let mut head = [0; PAGE_HEAD_SIZE];
    head[0..4].copy_from_slice(&pgno.to_be_bytes());
    head[4..6].copy_from_slice(&PAGE_FLAG_SIZED.to_be_bytes());
    head[6..10].copy_from_slice(&compressed.to_be_bytes());
    head
}
