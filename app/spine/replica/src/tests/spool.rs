//! The local folder: what is spent is written over, what somebody reads is not.

use kernel::Time;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;

use crate::files::{Span, Spool};
use crate::ltx::{Header, Salts};

fn write(spool: &Spool, txid: u64) -> Span {
    let header = Header {
        page_size: 512,
        commit: 1,
        min: txid,
        max: txid,
        at: Time(1_000),
        wal_offset: 32,
        wal_size: 536,
        salts: Salts::default(),
        node: 1,
    };
    let page = [u8::try_from(txid).unwrap(); 512];
    spool.write(0, header, |encoder| encoder.page(1, &page)).unwrap().span
}

fn inode(spool: &Spool, span: Span) -> u64 {
    std::fs::metadata(spool.path(0, span)).unwrap().ino()
}

#[test]
fn a_spent_file_is_written_over_and_one_that_is_read_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path()).unwrap();
    let (spent, read) = (write(&spool, 2), write(&spool, 3));
    let before = inode(&spool, spent);
    let lent = spool.lend(0, read);
    let mut reader = File::open(&lent.path).unwrap();
    let whole = std::fs::read(&lent.path).unwrap();
    spool.remove(0, spent).unwrap();
    spool.remove(0, read).unwrap();
    assert!(spool.listing().is_empty() && !lent.path.exists());
    let (fourth, fifth) = (write(&spool, 4), write(&spool, 5));
    assert_eq!(inode(&spool, fourth), before, "no file was made anew");
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, whole, "who reads it has it still");
    drop(lent);
    for span in [fourth, fifth] {
        spool.open_file(0, span).unwrap().verify().unwrap();
    }
    // After a restart nothing is left over, and nothing that was spent comes back.
    spool.remove(0, fifth).unwrap();
    drop(spool);
    let spool = Spool::open(folder.path()).unwrap();
    assert_eq!(spool.listing().all().map(|entry| entry.span).collect::<Vec<_>>(), [fourth]);
    assert_eq!(std::fs::read_dir(folder.path().join("spare")).unwrap().count(), 0);
}
