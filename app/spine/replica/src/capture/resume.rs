//! Going on after a restart, only from what is proven: the newest file of the spool stands in the log page by page, or a seal says
//! that the database has not been touched.

use kernel::Result;
use std::fs::File;
use std::io;

use super::{ANCHOR, Anchor, Doubt, Inner, SEAL, Seal, log_error, spool_error};
use crate::files::{Entry, Span};
use crate::ltx::{Decoder, Header, LtxError, lock_page};
use crate::notes;
use crate::wal::{self, Scan};

impl super::Capture {
    /// What was restored here, if anything ever was.
    pub(crate) fn anchor(&self) -> Option<Anchor> {
        notes::read(self.spool.folder(), ANCHOR)
    }
}

impl Inner {
    /// The newest file of level 0 says which transaction was the last and where in the log it ended; a seal says it where
    /// there is no such file (a restored database).
    pub(super) fn resume(&mut self) -> Result<()> {
        let newest = self.newest_sound()?;
        self.txid = self.spool.listing().max();
        self.seal = notes::read(self.spool.folder(), SEAL);
        let anchor: Option<Anchor> = notes::read(self.spool.folder(), ANCHOR);
        let newest_at = self.spool.listing().all().max_by_key(|entry| entry.span.max).map(|entry| entry.at);
        self.last_at = newest_at.or(anchor.map(|anchor| anchor.at)).unwrap_or_default();
        if self.seal.as_ref().is_some_and(|seal: &Seal| !self.files.mark().is_ok_and(|mark| mark.inode == seal.mark.inode)) {
            self.txid = self.txid.max(self.seal.as_ref().map_or(0, |seal| seal.txid));
            self.doubt = Some(Doubt::Replaced);
            return Ok(());
        }
        if let Some(seal) = self.seal.clone().filter(|seal| seal.txid >= self.txid) {
            self.txid = seal.txid;
            self.commit = seal.commit;
            self.doubt = if self.is_sealed() { None } else { Some(Doubt::Reset) };
        }
        let Some((newest, header)) = newest.filter(|(newest, _)| newest.span.max == self.txid) else { return Ok(()) };
        self.commit = header.commit;
        self.doubt = self.find_place(newest, &header).map_err(log_error)?;
        Ok(())
    }

    /// The newest file of level 0 that is whole. A damaged one goes, and the seal behind it: nobody could restore it, and the log may
    /// still have its pages.
    fn newest_sound(&mut self) -> Result<Option<(Entry, Header)>> {
        loop {
            let newest = self.spool.listing().level(0).next_back().copied();
            let Some(newest) = newest else { return Ok(None) };
            match self.spool.open_file(newest.level, newest.span).and_then(Decoder::verify) {
                Ok(header) => return Ok(Some((newest, header))),
                Err(LtxError::Io(error)) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(spool_error(error)),
                Err(error) => {
                    tracing::warn!(file = newest.span.file_name(), error = %error, "a file of the spool is damaged and was removed");
                    self.spool.remove(newest.level, newest.span).map_err(spool_error)?;
                    self.forget_seal().map_err(spool_error)?;
                }
            }
        }
    }

    fn find_place(&mut self, newest: Entry, last: &Header) -> io::Result<Option<Doubt>> {
        let log = self.files.log()?;
        let header = match &log {
            Some(log) => wal::Header::read(log)?,
            None => None,
        };
        if let (Some(log), Some(header)) = (&log, header)
            && header.salts == last.salts
        {
            let Some(start) = wal::find_place(log, &header, last.wal_offset)? else { return Ok(Some(Doubt::Shorter)) };
            if last.wal_size == 0 {
                self.place = Some(start);
                return Ok(None);
            }
            let scan = wal::scan(log, &header, start, last.wal_size)?;
            if scan.end.offset != last.wal_end() {
                return Ok(Some(Doubt::Shorter));
            }
            if !self.is_in_log(log, newest.span, &scan, &header)? {
                return Ok(Some(Doubt::Overwritten));
            }
            self.place = Some(scan.end);
            return Ok(None);
        }
        if self.is_sealed() { Ok(None) } else { Ok(Some(Doubt::Reset)) }
    }

    /// Whether the log still says what was read from it. After a power cut it may have lost a transaction whose frames were seen
    /// before they were synced, and go on with others of the same length in their place.
    fn is_in_log(&self, log: &File, span: Span, scan: &Scan, header: &wal::Header) -> io::Result<bool> {
        let lock = lock_page(header.page_size);
        let mut missing = scan.pages.keys().filter(|pgno| **pgno != lock).count();
        let (mut ours, mut theirs) = (vec![0; header.page_size as usize], vec![0; header.page_size as usize]);
        let mut decoder = self.spool.open_file(0, span).map_err(io::Error::other)?;
        while let Some(pgno) = decoder.next_page(&mut ours).map_err(io::Error::other)? {
            let Some(offset) = scan.pages.get(&pgno) else { continue };
            if wal::read_page(log, *offset, pgno, header.salts, &mut theirs)?.is_none() || ours != theirs {
                return Ok(false);
            }
            missing -= 1;
        }
        Ok(missing == 0)
    }
}
