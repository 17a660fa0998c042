//! Any bytes as an artifact bundle, and as a source map: refused or read, never a panic, never more unpacked than promised.
#![no_main]

use fuzz::bundle;
use fuzz::releases::sourcemap::SourceMap;
use libfuzzer_sys::fuzz_target;
use std::io::{Cursor, Read as _};

/// A bundle whose manifest names one map, so that the code behind the directory is reached.
fn around(map: &[u8]) -> Vec<u8> {
    let manifest = br#"{"files":{"files/_/_/a.map":{"type":"source_map","url":"~/a.map","headers":{"debug-id":"b56223f0-cfc6-5211-b593-e40cc94817db"}}}}"#;
    let mut whole = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut whole);
    for (name, bytes) in [("manifest.json", &manifest[..]), ("files/_/_/a.map", map)] {
        let (mut entry, config) = archive.new_file(name).start().unwrap();
        let mut writer = config.wrap(&mut entry);
        std::io::Write::write_all(&mut writer, bytes).unwrap();
        let (_, output) = writer.finish().unwrap();
        entry.finish(output).unwrap();
    }
    archive.finish().unwrap();
    whole
}

fuzz_target!(|bytes: &[u8]| {
    let keep = |contents: &mut dyn std::io::Read| {
        let mut kept = Vec::new();
        contents.take(1 << 20).read_to_end(&mut kept).map_err(|error| kernel::Error::invalid("damaged").because(error))?;
        Ok(kept)
    };
    let _ = bundle::read(Cursor::new(bytes), keep);
    let files = bundle::read(Cursor::new(around(bytes)), keep).unwrap();
    assert!(files.iter().all(|(_, kept)| kept.len() == bytes.len().min(1 << 20)));
    if let Ok(map) = SourceMap::parse(bytes) {
        for (line, column) in [(0, 0), (0, 1), (7, 13), (u32::MAX, u32::MAX)] {
            let _ = map.lookup(line, column);
        }
    }
});
