//! Any bytes as an LTX file: refused or read, never a panic; what is read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok((header, pages)) = fuzz::decode(bytes) else { return };
    let mut encoder = fuzz::ltx::Encoder::new(Vec::new(), header).unwrap();
    for (pgno, page) in &pages {
        encoder.page(*pgno, page).unwrap();
    }
    let (again, _) = encoder.finish().unwrap();
    assert_eq!(fuzz::decode(&again).unwrap(), (header, pages));
});
