//! Any bytes as SQLite's write-ahead log: read to some commit or not at all, never a panic.
#![no_main]

use fuzz::wal::{Header, find_place, read_page, scan};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(header) = Header::read(bytes).unwrap() else { return };
    let whole = scan(bytes, &header, header.start(), u64::MAX).unwrap();
    assert!(whole.end.offset <= bytes.len() as u64);
    assert_eq!(find_place(bytes, &header, whole.end.offset).unwrap(), Some(whole.end));
    let mut page = vec![0; header.page_size as usize];
    for (pgno, offset) in &whole.pages {
        assert!(read_page(bytes, *offset, *pgno, header.salts, &mut page).unwrap().is_some());
    }
    // In pieces as at once, but for pages that were cut off in between.
    let (mut place, mut last) = (header.start(), None);
    loop {
        let piece = scan(bytes, &header, place, 1).unwrap();
        if piece.commit.is_none() {
            break;
        }
        assert!(piece.pages.iter().all(|(pgno, offset)| whole.pages.get(pgno).is_none_or(|newest| newest >= offset)));
        (place, last) = (piece.end, piece.commit);
    }
    assert_eq!((place, last), (whole.end, whole.commit));
});
