//! The two formats: against files the real programs wrote, against each other, against noise.

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::files::{Entry, Listing, SNAPSHOT_LEVEL, Span, read_header};
use crate::ltx::{Decoder, Encoder, Header, LtxError, Salts, lock_page};
use crate::plan::Goal;
use crate::tests::support::{assert_same, rebuild_from};
use crate::wal;
use kernel::Time;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/ltx")
}

/// Files of the kinds that are kept outside, when they are there.
fn shared_fixtures() -> PathBuf {
    let named = std::env::var_os("HERMETIC_FIXTURES").map(PathBuf::from);
    named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/fixtures")).join("ltx")
}

/// Each replica below a folder: its database's folder, with a folder for each level.
fn replicas(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    ltx_files(folder, &mut files);
    let found: BTreeSet<PathBuf> = files.iter().filter_map(|file| Some(file.parent()?.parent()?.to_owned())).collect();
    found.into_iter().collect()
}

fn ltx_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            ltx_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "ltx") {
            found.push(path);
        }
    }
}

fn header(page_size: u32, commit: u32, min: u64, max: u64) -> Header {
    Header { page_size, commit, min, max, at: Time(1_700_000_000_000), wal_offset: 32, wal_size: 4_120, salts: Salts(1, 2), node: 0 }
}

fn encode(header: Header, pages: &BTreeMap<u32, Vec<u8>>) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), header).unwrap();
    for (pgno, page) in pages {
        encoder.page(*pgno, page).unwrap();
    }
    let (bytes, written) = encoder.finish().unwrap();
    assert_eq!(written.size, bytes.len() as u64);
    bytes
}

fn decode(bytes: &[u8]) -> Result<(Header, BTreeMap<u32, Vec<u8>>), LtxError> {
    let mut decoder = Decoder::open(bytes)?;
    let mut page = vec![0; decoder.header().page_size as usize];
    let mut pages = BTreeMap::new();
    while let Some(pgno) = decoder.next_page(&mut page)? {
        pages.insert(pgno, page.clone());
    }
    Ok((*decoder.header(), pages))
}

#[test]
fn every_file_the_real_program_wrote_is_read_and_its_checksum_holds() {
    let mut files = Vec::new();
    ltx_files(&fixtures(), &mut files);
    assert!(files.len() >= 33, "only {} files in {}", files.len(), fixtures().display());
    ltx_files(&shared_fixtures(), &mut files);
    for path in files {
        let bytes = std::fs::read(&path).unwrap();
        let (header, pages) = decode(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert_eq!(name, format!("{:016x}-{:016x}", header.min, header.max), "{}", path.display());
        assert!(!pages.is_empty());
    }
}

#[test]
fn the_older_kind_of_pages_is_among_the_files() {
    let kind = |version: &str| {
        let mut files = Vec::new();
        ltx_files(&fixtures().join(version), &mut files);
        let kinds: BTreeSet<[u8; 2]> = files.iter().map(|path| std::fs::read(path).unwrap()[104..106].try_into().unwrap()).collect();
        kinds.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(kind("real-0.5.11"), [[0, 0]]);
    assert_eq!(kind("real-0.5.17"), [[0, 1]]);
}

#[test]
fn every_replica_of_the_real_programs_becomes_a_sound_database_whichever_way_is_taken() {
    let mut replicas_seen = 0;
    for replica in replicas(&fixtures()).into_iter().chain(replicas(&shared_fixtures())) {
        let mut listing = Listing::default();
        for level in 0..=SNAPSHOT_LEVEL {
            for path in std::fs::read_dir(replica.join(format!("{level:04x}"))).into_iter().flatten().flatten().map(|file| file.path()) {
                let span = Span::parse(&path.file_name().unwrap().to_string_lossy()).unwrap();
                let header = read_header(&path).unwrap();
                listing.add(Entry { level, span, size: path.metadata().unwrap().len(), at: header.at });
            }
        }
        let path = |level: u8, span: Span| replica.join(format!("{level:04x}")).join(span.file_name());
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.db");
        rebuild_from(&listing, path, Goal::Latest, &out);
        // By single transactions alone it is the same file, and each of them is sound.
        let mut single = Listing::default();
        listing.level(0).for_each(|entry| single.add(*entry));
        for txid in 1..=listing.max() {
            let step = folder.path().join(format!("{txid}.db"));
            rebuild_from(&single, path, Goal::Transaction(txid), &step);
            if txid == listing.max() {
                assert_same(&step, &out);
            }
            let sound: String =
                rusqlite::Connection::open(&step).unwrap().query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
            assert_eq!(sound, "ok", "{} at transaction {txid}", replica.display());
        }
        replicas_seen += 1;
    }
    assert!(replicas_seen >= 2);
}

#[test]
fn a_block_file_of_the_real_program_is_written_again_byte_for_byte_but_for_the_compression() {
    let mut files = Vec::new();
    ltx_files(&fixtures().join("real-0.5.17"), &mut files);
    for path in files {
        let (header, pages) = decode(&std::fs::read(&path).unwrap()).unwrap();
        let ours = encode(header, &pages);
        assert_eq!(decode(&ours).unwrap(), (header, pages), "{}", path.display());
        assert_eq!(ours[..100], std::fs::read(&path).unwrap()[..100], "{}: the header differs", path.display());
    }
}

#[test]
fn a_changed_byte_anywhere_is_noticed() {
    let pages = BTreeMap::from([(1, vec![7; 512]), (3, (0..512).map(|at| (at * 31 % 251) as u8).collect())]);
    let bytes = encode(header(512, 9, 4, 5), &pages);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        assert!(decode(&changed).is_err(), "byte {at} of {} was changed unnoticed", bytes.len());
    }
    for length in 0..bytes.len() {
        assert!(decode(&bytes[..length]).is_err(), "cut at {length} of {}", bytes.len());
    }
    let longer = [&bytes[..], b"x"].concat();
    assert!(matches!(decode(&longer), Err(LtxError::Trailing)));
}

#[test]
fn the_lock_page_is_stored_in_no_file_and_a_snapshot_steps_over_it() {
    assert_eq!(lock_page(4_096), 262_145);
    assert_eq!(lock_page(65_536), 16_385);
    let lock = lock_page(65_536);
    let page = vec![1; 65_536];
    let mut encoder = Encoder::new(std::io::sink(), header(65_536, lock + 1, 1, 1)).unwrap();
    for pgno in (1..lock).chain([lock + 1]) {
        encoder.page(pgno, &page).unwrap();
    }
    assert_eq!(encoder.finish().unwrap().1.pages, u64::from(lock));
    let mut encoder = Encoder::new(std::io::sink(), header(65_536, lock + 1, 2, 2)).unwrap();
    assert!(encoder.page(lock, &page).is_err());
}

#[test]
fn a_snapshot_with_a_hole_cannot_be_written() {
    let page = vec![1; 512];
    let mut encoder = Encoder::new(Vec::new(), header(512, 3, 1, 9)).unwrap();
    encoder.page(1, &page).unwrap();
    assert!(encoder.page(3, &page).is_err());
    let mut short = Encoder::new(Vec::new(), header(512, 3, 1, 9)).unwrap();
    short.page(1, &page).unwrap();
    assert!(short.finish().is_err());
}

#[test]
fn a_real_log_is_read_to_its_last_commit_and_no_further() {
    for page_size in [512, 4_096, 65_536] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.db");
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection
            .execute_batch(&format!("pragma page_size = {page_size}; pragma journal_mode = wal; pragma wal_autocheckpoint = 0"))
            .unwrap();
        connection.execute_batch("create table notes (id integer primary key, text blob)").unwrap();
        for _ in 0..20 {
            connection.execute("insert into notes (text) values (randomblob(3000))", []).unwrap();
        }
        let log = std::fs::read(folder.path().join("app.db-wal")).unwrap();
        let header = wal::Header::read(&log[..]).unwrap().unwrap();
        assert_eq!(header.page_size, page_size);
        let whole = wal::scan(&log[..], &header, header.start(), u64::MAX).unwrap();
        assert_eq!(whole.end.offset, log.len() as u64);
        // Without the last byte the last transaction is not there.
        let cut = wal::scan(&log[..log.len() - 1], &header, header.start(), u64::MAX).unwrap();
        assert!(cut.end.offset < whole.end.offset && cut.commit.is_some());
        // What follows the cut continues from its place.
        let rest = wal::scan(&log[..], &header, cut.end, u64::MAX).unwrap();
        assert_eq!(rest.end, whole.end);
        assert_eq!(wal::find_place(&log[..], &header, cut.end.offset).unwrap(), Some(cut.end));
        assert_eq!(wal::find_place(&log[..], &header, cut.end.offset + 1).unwrap(), None);
        // One transaction at a time gives the same pages.
        let (mut pages, mut place) = (BTreeMap::new(), header.start());
        loop {
            let one = wal::scan(&log[..], &header, place, 1).unwrap();
            if one.commit.is_none() {
                break;
            }
            pages.extend(one.pages);
            place = one.end;
        }
        assert_eq!(pages, whole.pages);
        for (pgno, offset) in &whole.pages {
            let mut page = vec![0; page_size as usize];
            assert!(wal::read_page(&log[..], *offset, *pgno, header.salts, &mut page).unwrap().is_some());
        }
    }
}

#[test]
fn frames_from_before_a_reset_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("app.db")).unwrap();
    connection.execute_batch("pragma journal_mode = wal; pragma wal_autocheckpoint = 0; create table notes (text blob)").unwrap();
    for _ in 0..50 {
        connection.execute("insert into notes values (randomblob(5000))", []).unwrap();
    }
    connection.query_row("pragma wal_checkpoint(restart)", [], |_| Ok(())).unwrap();
    connection.execute("insert into notes values (randomblob(10))", []).unwrap();
    let log = std::fs::read(folder.path().join("app.db-wal")).unwrap();
    let header = wal::Header::read(&log[..]).unwrap().unwrap();
    let scan = wal::scan(&log[..], &header, header.start(), u64::MAX).unwrap();
    assert!(scan.commit.is_some());
    assert!(scan.end.offset < log.len() as u64 / 2, "old frames lie behind the new ones and are not of them");
}

proptest! {
    #[test]
    fn what_was_written_is_read(
        pages in proptest::collection::btree_map(1_u32..500, proptest::collection::vec(any::<u8>(), 512), 0..20),
        (min, more) in (2_u64..1_000_000, 0_u64..1_000),
    ) {
        let header = header(512, 500, min, min + more);
        prop_assert_eq!(decode(&encode(header, &pages)).unwrap(), (header, pages));
    }

    #[test]
    fn noise_neither_panics_nor_takes_memory(noise in proptest::collection::vec(any::<u8>(), 0..4_000), is_framed in any::<bool>()) {
        let bytes = if is_framed { [&header(512, 9, 2, 2).to_bytes()[..], &noise].concat() } else { noise.clone() };
        prop_assert!(decode(&bytes).is_err());
        if let Some(header) = wal::Header::read(&noise[..]).unwrap() {
            wal::scan(&noise[..], &header, header.start(), u64::MAX).unwrap();
        }
    }
}
