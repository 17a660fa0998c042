//! From the return of a commit to its object in the server's folder: nobody is asked, the files say it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::UNIX_EPOCH;

use replica::ltx::Decoder;

use crate::writer::MARK;

/// Milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Lag {
    pub p50: f64,
    pub p95: f64,
    pub max: f64,
    /// Commits that are in no object.
    pub missing: usize,
}

/// `times` has a commit a line, `number time`; `folder` is the replica's in the bucket.
pub fn measure(times: &str, folder: &Path) -> Lag {
    // Number of the last commit in an object → when the object was there.
    let mut arrived: BTreeMap<u64, f64> = BTreeMap::new();
    for (path, at) in objects(&folder.join("0000")) {
        if let Some(number) = last_mark(&path) {
            let first = arrived.entry(number).or_insert(at);
            *first = first.min(at);
        }
    }
    let (mut lags, mut missing) = (Vec::new(), 0);
    for line in times.lines() {
        let (number, at) = line.split_once(' ').unwrap();
        let number: u64 = number.parse().unwrap();
        match arrived.range(number..).next() {
            Some((_, there)) => lags.push(there - at.parse::<f64>().unwrap()),
            None => missing += 1,
        }
    }
    lags.sort_by(f64::total_cmp);
    let at = |part: f64| lags.get((lags.len() as f64 * part) as usize).or(lags.last()).copied().unwrap_or(f64::NAN);
    Lag { p50: at(0.5), p95: at(0.95), max: at(1.0), missing }
}

/// Objects and when they were there, in milliseconds.
fn objects(folder: &Path) -> Vec<(std::path::PathBuf, f64)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_object = |name: &str| name.ends_with(".ltx") && !name.starts_with('.');
    entries
        .filter(|entry| is_object(&entry.file_name().to_string_lossy()))
        .filter_map(|entry| {
            let changed = entry.metadata().ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
            Some((entry.path(), changed.as_secs_f64() * 1_000.0))
        })
        .collect()
}

/// Files and bytes of each level that lie there.
pub fn levels(folder: &Path) -> Vec<(String, usize, u64)> {
    let mut levels = Vec::new();
    for level in std::fs::read_dir(folder).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir()) {
        let files = objects(&level.path());
        let bytes = files.iter().filter_map(|(path, _)| path.metadata().ok()).map(|metadata| metadata.len()).sum();
        levels.push((level.file_name().to_string_lossy().into_owned(), files.len(), bytes));
    }
    levels.sort();
    levels
}

fn last_mark(path: &Path) -> Option<u64> {
    let file = std::io::BufReader::new(std::fs::File::open(path).ok()?);
    let mut decoder = Decoder::open(file).unwrap();
    let mut page = vec![0; decoder.header().page_size as usize];
    let mut last = None;
    while decoder.next_page(&mut page).unwrap_or_else(|error| panic!("{}: {error}", path.display())).is_some() {
        for at in 0..=page.len().saturating_sub(MARK.len() + 16) {
            if page[at..].starts_with(MARK.as_bytes()) {
                let digits = &page[at + MARK.len()..at + MARK.len() + 16];
                last = last.max(std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()));
            }
        }
    }
    last
}
