//! Reading a file. Nothing is trusted before the end is reached: sizes are checked against the page size before anything
//! is allocated, and memory stays at two pages however large the file is.

use std::io::{ErrorKind, Read};

use super::{
    FileChecksum, HEADER_SIZE, Header, LtxError, NO_PAGE, OLD_PAGE_HEAD_SIZE, PAGE_FLAG_SIZED, PAGE_HEAD_SIZE, lock_page, next_page,
    write_uvarint,
};

/// Gives the pages of one file in order.
pub struct Decoder<R> {
    input: Counted<R>,
    header: Header,
    checksum: FileChecksum,
    /// What the index must be, as a running checksum: keeping it would cost memory by the page.
    expected_index: FileChecksum,
    compressed: Vec<u8>,
    last: u32,
    is_done: bool,
}

impl<R: Read> Decoder<R> {
    pub fn open(input: R) -> Result<Decoder<R>, LtxError> {
        let mut input = Counted { inner: input, read: 0 };
        let mut bytes = [0; HEADER_SIZE];
        input.read_exact(&mut bytes)?;
        let header = Header::from_bytes(&bytes)?;
        let mut checksum = FileChecksum::new();
        checksum.update(&bytes);
        let room = lz4_flex::block::get_maximum_output_size(header.page_size as usize);
        let compressed = vec![0; room];
        Ok(Decoder { input, header, checksum, expected_index: FileChecksum::new(), compressed, last: 0, is_done: false })
    }

    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Reads the next page into `page`, which has the page size, and gives its number. `None` says that index and
    /// checksum were read and hold.
    pub fn next_page(&mut self, page: &mut [u8]) -> Result<Option<u32>, LtxError> {
        if self.is_done {
            return Ok(None);
        }
        if page.len() != self.header.page_size as usize {
            return Err(LtxError::Page { pgno: self.last, problem: "the room for it does not have the page size" });
        }
        let start = self.input.read;
        let mut head = [0; OLD_PAGE_HEAD_SIZE];
        self.input.read_exact(&mut head)?;
        self.checksum.update(&head);
        if head == NO_PAGE {
            self.end()?;
            return Ok(None);
        }
        let pgno = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        self.check_order(pgno)?;
        match u16::from_be_bytes([head[4], head[5]]) {
            PAGE_FLAG_SIZED => self.read_block(pgno, page)?,
            0 => self.read_frame(pgno, page)?,
            _ => return Err(LtxError::Page { pgno, problem: "it has flags that no known version writes" }),
        }
        self.checksum.update(page);
        self.last = pgno;
        let mut entry = Vec::with_capacity(30);
        for number in [u64::from(pgno), start, self.input.read - start] {
            write_uvarint(&mut entry, number);
        }
        self.expected_index.update(&entry);
        Ok(Some(pgno))
    }

    /// Reads to the end, keeping nothing: is the file whole?
    pub fn verify(mut self) -> Result<Header, LtxError> {
        let mut page = vec![0; self.header.page_size as usize];
        while self.next_page(&mut page)?.is_some() {}
        Ok(self.header)
    }

    fn check_order(&self, pgno: u32) -> Result<(), LtxError> {
        let wrong = |problem| Err(LtxError::Page { pgno, problem });
        if pgno <= self.last || pgno > self.header.commit {
            return wrong("it is out of order or past the end of the database");
        }
        if pgno == lock_page(self.header.page_size) {
            return wrong("the lock page is never stored");
        }
        if self.header.is_snapshot() && pgno != next_page(self.last, self.header.page_size) {
            return wrong("a snapshot must hold each page");
        }
        Ok(())
    }

    fn read_block(&mut self, pgno: u32, page: &mut [u8]) -> Result<(), LtxError> {
        let mut size = [0; PAGE_HEAD_SIZE - OLD_PAGE_HEAD_SIZE];
        self.input.read_exact(&mut size)?;
        self.checksum.update(&size);
        let length = u32::from_be_bytes(size) as usize;
        let Some(compressed) = self.compressed.get_mut(..length) else {
            return Err(LtxError::Page { pgno, problem: "its compressed size is more than such a page can need" });
        };
        self.input.read_exact(compressed)?;
        match lz4_flex::block::decompress_into(compressed, page) {
            Ok(length) if length == page.len() => Ok(()),
            _ => Err(LtxError::Page { pgno, problem: "it does not decompress to the page size" }),
        }
    }

    fn read_frame(&mut self, pgno: u32, page: &mut [u8]) -> Result<(), LtxError> {
        let mut frame = lz4_flex::frame::FrameDecoder::new(&mut self.input);
        frame.read_exact(page)?;
        // The end mark and the content checksum are read only when more is asked for.
        match frame.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(LtxError::Page { pgno, problem: "it decompresses to more than the page size" }),
            Err(error) => Err(error.into()),
        }
    }

    fn end(&mut self) -> Result<(), LtxError> {
        if self.header.is_snapshot() && next_page(self.last, self.header.page_size) <= self.header.commit {
            return Err(LtxError::Page { pgno: self.last, problem: "a snapshot ends before the last page of the database" });
        }
        self.read_index()?;
        let mut database_checksum = [0; 8];
        self.input.read_exact(&mut database_checksum)?;
        self.checksum.update(&database_checksum);
        let mut stored = [0; 8];
        self.input.read_exact(&mut stored)?;
        if u64::from_be_bytes(stored) != self.checksum.finish() {
            return Err(LtxError::Checksum);
        }
        match self.input.read(&mut [0]) {
            Ok(0) => {}
            Ok(_) => return Err(LtxError::Trailing),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {}
            Err(error) => return Err(error.into()),
        }
        self.is_done = true;
        Ok(())
    }

    /// Three numbers a page until a zero, then how many bytes that was.
    fn read_index(&mut self) -> Result<(), LtxError> {
        let start = self.input.read;
        let mut seen = FileChecksum::new();
        let mut entry = Vec::with_capacity(30);
        loop {
            entry.clear();
            if self.read_uvarint(&mut entry)? == 0 {
                self.checksum.update(&entry);
                break;
            }
            self.read_uvarint(&mut entry)?;
            self.read_uvarint(&mut entry)?;
            seen.update(&entry);
            self.checksum.update(&entry);
        }
        let length = self.input.read - start;
        let mut stored = [0; 8];
        self.input.read_exact(&mut stored)?;
        self.checksum.update(&stored);
        if u64::from_be_bytes(stored) != length {
            return Err(LtxError::Index("its length is not the one it gives"));
        }
        if seen.finish() != self.expected_index.finish() {
            return Err(LtxError::Index("it does not lead to the pages"));
        }
        Ok(())
    }

    fn read_uvarint(&mut self, bytes: &mut Vec<u8>) -> Result<u64, LtxError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let mut byte = [0];
            self.input.read_exact(&mut byte)?;
            bytes.push(byte[0]);
            value |= u64::from(byte[0] & 0x7f) << shift;
            if byte[0] & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(LtxError::Index("a number in it does not end"))
    }
}

/// Knows how far it has read.
struct Counted<R> {
    inner: R,
    read: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}
