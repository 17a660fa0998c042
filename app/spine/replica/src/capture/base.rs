//! The whole database at one moment, read page by page while a read transaction holds that moment still.
//!
//! Each page is taken from the log where the log has it, else from the file. Both stand still for the pinned reader: as
//! long as it sees frames of the log, SQLite neither resets the log nor moves newer frames into the file; when it sees none
//! (all was moved before), SQLite moves nothing into the file at all.

use kernel::{Result, Time};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::Arc;

use super::{FileMark, Files, Inner, Reach, Seal, Step, log_error};
use crate::files::Span;
use crate::ltx::{Encoder, Header, LARGEST_PAGE, LtxError, SMALLEST_PAGE, Salts, lock_page, next_page};
use crate::source::{Pin, Quiet};
use crate::wal::{self, Place, Scan};

/// Read from the file at once.
const CHUNK: usize = 1 << 20;
/// Another program may commit just between a look at the log and the start of the read transaction.
const TRIES: usize = 5;

/// One moment of a database.
pub struct Base {
    files: Arc<Files>,
    log: Option<(File, Salts)>,
    pages: BTreeMap<u32, u64>,
    place: Option<Place>,
    page_size: u32,
    commit: u32,
    /// The spool's last transaction, when that is the state this is of.
    txid: u64,
    /// Of the file when the moment began.
    mark: FileMark,
    /// The writer's count then.
    accounted: u64,
    pin: Pin,
}

impl Inner {
    pub(super) fn pin(&mut self, quiet: &dyn Quiet, is_known: bool, now: Time) -> Result<Option<Base>> {
        for _ in 0..TRIES {
            if is_known {
                while let Step::Wrote(..) = self.step(Reach::All, now)? {}
                self.accounted = quiet.committed().count;
                if self.doubt.is_some() {
                    return Ok(None);
                }
            }
            let mark = self.files.mark()?;
            let before = self.whole_log().map_err(log_error)?;
            let pin = quiet.pin()?;
            let after = self.whole_log().map_err(log_error)?;
            let end = |whole: &Option<(File, wal::Header, Scan)>| whole.as_ref().map(|(_, header, scan)| (*header, scan.end));
            if end(&before) != end(&after) {
                continue;
            }
            if is_known
                && after
                    .as_ref()
                    .is_some_and(|(_, _, scan)| self.place.is_some_and(|place| place != scan.end && place.salts == scan.end.salts))
            {
                continue;
            }
            return self.make_base(after, mark, quiet.committed().count, pin).map_err(log_error);
        }
        Err(kernel::Error::unavailable("Another program writes to the database without pause; the copy of the whole file waits."))
    }

    fn whole_log(&self) -> io::Result<Option<(File, wal::Header, Scan)>> {
        let Some(log) = self.files.log()? else { return Ok(None) };
        let Some(header) = wal::Header::read(&log)? else { return Ok(None) };
        let scan = wal::scan(&log, &header, header.start(), u64::MAX)?;
        Ok(Some((log, header, scan)))
    }

    fn make_base(&self, whole: Option<(File, wal::Header, Scan)>, mark: FileMark, accounted: u64, pin: Pin) -> io::Result<Option<Base>> {
        let mut first = [0; 100];
        let has_file = self.files.read_database(&mut first, 0)? == first.len();
        let page_size = match (&whole, has_file) {
            (Some((_, header, _)), _) => header.page_size,
            (None, true) => file_page_size(&first),
            (None, false) => return Ok(None),
        };
        let from_log = whole.as_ref().and_then(|(_, _, scan)| scan.commit);
        let commit = from_log.unwrap_or_else(|| u32::from_be_bytes([first[28], first[29], first[30], first[31]]));
        if commit == 0 || !page_size.is_power_of_two() || !(SMALLEST_PAGE..=LARGEST_PAGE).contains(&page_size) {
            return Ok(None);
        }
        let (log, pages, place) = match whole {
            Some((log, header, scan)) => (Some((log, header.salts)), scan.pages, Some(scan.end)),
            None => (None, BTreeMap::new(), None),
        };
        Ok(Some(Base { files: Arc::clone(&self.files), log, pages, place, page_size, commit, txid: self.txid, mark, accounted, pin }))
    }
}

fn file_page_size(first: &[u8; 100]) -> u32 {
    match u16::from_be_bytes([first[16], first[17]]) {
        1 => LARGEST_PAGE,
        size => u32::from(size),
    }
}

impl Base {
    pub fn txid(&self) -> u64 {
        self.txid
    }

    /// Bytes of the database.
    pub fn size(&self) -> u64 {
        u64::from(self.commit) * u64::from(self.page_size)
    }

    pub(super) fn accounted(&self) -> u64 {
        self.accounted
    }

    pub(super) fn place(&self) -> Option<Place> {
        self.place
    }

    pub(super) fn seal(&self, txid: u64) -> Seal {
        Seal { txid, commit: self.commit, salts: self.place.map_or(Salts::default(), |place| place.salts), mark: self.mark }
    }

    pub fn header(&self, span: Span, at: Time) -> Header {
        let (wal_offset, wal_size, salts) = match self.place {
            Some(place) => (wal::HEADER_SIZE, place.offset - wal::HEADER_SIZE, place.salts),
            None => (0, 0, Salts::default()),
        };
        Header { page_size: self.page_size, commit: self.commit, min: span.min, max: span.max, at, wal_offset, wal_size, salts, node: 0 }
    }

    pub fn page_size(&self) -> u32 {
        self.page_size
    }

    /// The read transaction that holds this moment, as the source gave it.
    pub fn held(&self) -> &Pin {
        &self.pin
    }

    /// Each page of the database, in order.
    pub fn write<W: io::Write>(&self, encoder: &mut Encoder<W>) -> std::result::Result<(), LtxError> {
        self.each_page(|pgno, page| encoder.page(pgno, page))
    }

    /// Each page of the database, in order, without writing it anywhere.
    pub fn each_page(&self, mut each: impl FnMut(u32, &[u8]) -> std::result::Result<(), LtxError>) -> std::result::Result<(), LtxError> {
        let size = self.page_size as usize;
        let per_chunk = (CHUNK / size).max(1) as u32;
        let mut chunk = vec![0; per_chunk as usize * size];
        let mut page = vec![0; size];
        let lock = lock_page(self.page_size);
        let (mut start, mut filled) = (0, 0);
        let mut pgno = next_page(0, self.page_size);
        while pgno <= self.commit {
            debug_assert_ne!(pgno, lock);
            if !self.read_from_log(pgno, &mut page)? {
                if pgno < start || pgno >= start + per_chunk || start == 0 {
                    start = pgno;
                    filled = self.files.read_database(&mut chunk, u64::from(pgno - 1) * size as u64)?;
                }
                let at = (pgno - start) as usize * size;
                if at + size > filled {
                    return Err(LtxError::Page { pgno, problem: "neither the database nor its log has it" });
                }
                page.copy_from_slice(&chunk[at..at + size]);
            }
            each(pgno, &page)?;
            pgno = next_page(pgno, self.page_size);
        }
        Ok(())
    }

    fn read_from_log(&self, pgno: u32, page: &mut [u8]) -> io::Result<bool> {
        let (Some((log, salts)), Some(offset)) = (&self.log, self.pages.get(&pgno)) else { return Ok(false) };
        // After a reset the file has it: see the head of this file.
        Ok(wal::read_page(log, *offset, pgno, *salts, page)?.is_some())
    }
}
