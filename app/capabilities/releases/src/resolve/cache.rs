//! Parsed maps and built files, by the digest of their contents, in bounded memory. What a digest stands for is the same for everybody:
//! who may ask for it was decided before.

use capability::House;
use kernel::Result;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::sourcemap::SourceMap;
use crate::store::artifacts::{self, Blob, Digest};
use crate::upload;

/// What is kept between calls.
const BYTES: usize = 32 << 20;
/// A larger file is not read at all: what it would take in memory is a multiple.
pub const MAX_FILE: u64 = 64 << 20;

#[derive(Clone)]
pub enum Held {
    Map(Arc<SourceMap>),
    Text(Arc<str>),
    /// Kept, so that a broken map is parsed once and not for every event.
    Unread(Unread),
}

/// Why a file says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// Not what it should be, or gone.
    Broken,
    /// It takes more memory than one file may.
    TooLarge,
}

/// About what an entry takes that holds nothing.
const EMPTY_BYTES: usize = 64;

impl Held {
    fn bytes(&self) -> usize {
        match self {
            Held::Map(map) => map.bytes(),
            Held::Text(text) => text.len(),
            Held::Unread(_) => EMPTY_BYTES,
        }
    }
}

/// What a digest was read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum As {
    Map,
    Text,
}

#[derive(Default)]
struct Shelf {
    held: HashMap<(Digest, As), (Held, u64)>,
    bytes: usize,
    tick: u64,
}

impl Shelf {
    fn get(&mut self, key: &(Digest, As)) -> Option<Held> {
        self.tick += 1;
        let (held, used) = self.held.get_mut(key)?;
        *used = self.tick;
        Some(held.clone())
    }

    fn put(&mut self, key: (Digest, As), held: &Held, max: usize) {
        let bytes = held.bytes();
        if bytes > max {
            return;
        }
        self.tick += 1;
        if let Some((old, _)) = self.held.insert(key, (held.clone(), self.tick)) {
            self.bytes -= old.bytes();
        }
        self.bytes += bytes;
        while self.bytes > max {
            let Some(oldest) = self.held.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| *key) else { return };
            if let Some((gone, _)) = self.held.remove(&oldest) {
                self.bytes -= gone.bytes();
            }
        }
    }
}

static SHELF: Mutex<Option<Shelf>> = Mutex::new(None);

fn with_shelf<T>(f: impl FnOnce(&mut Shelf) -> T) -> T {
    let mut shelf = SHELF.lock().unwrap_or_else(PoisonError::into_inner);
    f(shelf.get_or_insert_with(Shelf::default))
}

pub fn map(house: &House, blob: &Blob) -> Result<std::result::Result<Arc<SourceMap>, Unread>> {
    Ok(map_of(get(house, blob, As::Map, read_map)?))
}

fn map_of(held: Held) -> std::result::Result<Arc<SourceMap>, Unread> {
    match held {
        Held::Map(map) => Ok(map),
        Held::Text(_) => Err(Unread::Broken),
        Held::Unread(why) => Err(why),
    }
}

/// A map that does not fit on the shelf would be parsed for every event. Without its sources most do fit: places and names are shown
/// then, lines are not.
fn read_map(bytes: &[u8]) -> Held {
    match SourceMap::parse(bytes) {
        Ok(map) if map.bytes() <= BYTES => Held::Map(Arc::new(map)),
        Ok(map) => {
            let map = map.without_contents();
            if map.bytes() <= BYTES { Held::Map(Arc::new(map)) } else { Held::Unread(Unread::TooLarge) }
        }
        Err(_) => Held::Unread(Unread::Broken),
    }
}

/// A map that stands in the built file itself.
pub fn inline_map(blob: &Blob, bytes: &[u8]) -> std::result::Result<Arc<SourceMap>, Unread> {
    let key = (blob.digest, As::Map);
    let held = with_shelf(|shelf| shelf.get(&key)).unwrap_or_else(|| {
        let held = read_map(bytes);
        with_shelf(|shelf| shelf.put(key, &held, BYTES));
        held
    });
    map_of(held)
}

/// `None` where it is gone or no text.
pub fn text(house: &House, blob: &Blob) -> Result<Option<Arc<str>>> {
    let held = get(house, blob, As::Text, |bytes| match std::str::from_utf8(bytes) {
        Ok(text) => Held::Text(text.into()),
        Err(_) => Held::Unread(Unread::Broken),
    })?;
    Ok(match held {
        Held::Text(text) => Some(text),
        Held::Map(_) | Held::Unread(_) => None,
    })
}

fn get(house: &House, blob: &Blob, read_as: As, make: impl FnOnce(&[u8]) -> Held) -> Result<Held> {
    let key = (blob.digest, read_as);
    if let Some(held) = with_shelf(|shelf| shelf.get(&key)) {
        return Ok(held);
    }
    if blob.size > MAX_FILE {
        return Ok(Held::Unread(Unread::TooLarge));
    }
    let id = blob.id;
    let Some(bytes) = house.telemetry.read_blocking(|r| artifacts::read_blob(r, id))? else { return Ok(Held::Unread(Unread::Broken)) };
    let held = make(&upload::unpack_contents(&bytes, blob.size)?);
    with_shelf(|shelf| shelf.put(key, &held, BYTES));
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(size: usize) -> Held {
        Held::Text("x".repeat(size).into())
    }

    #[test]
    fn what_was_not_used_for_the_longest_time_makes_room() {
        let mut shelf = Shelf::default();
        let key = |name: u8| ([name; 32], As::Text);
        shelf.put(key(1), &text_of(40), 100);
        shelf.put(key(2), &text_of(40), 100);
        assert!(shelf.get(&key(1)).is_some());
        shelf.put(key(3), &text_of(40), 100);
        assert!(shelf.get(&key(1)).is_some() && shelf.get(&key(3)).is_some());
        assert!(shelf.get(&key(2)).is_none(), "it was the oldest");
        assert_eq!(shelf.bytes, 80);
    }

    #[test]
    fn what_does_not_fit_at_all_pushes_nothing_out() {
        let mut shelf = Shelf::default();
        shelf.put(([1; 32], As::Text), &text_of(40), 100);
        shelf.put(([2; 32], As::Text), &text_of(101), 100);
        assert!(shelf.get(&([1; 32], As::Text)).is_some() && shelf.get(&([2; 32], As::Text)).is_none());
    }

    #[test]
    fn the_same_thing_put_twice_is_counted_once() {
        let mut shelf = Shelf::default();
        shelf.put(([1; 32], As::Text), &text_of(40), 100);
        shelf.put(([1; 32], As::Text), &text_of(40), 100);
        assert_eq!(shelf.bytes, 40);
    }
}
