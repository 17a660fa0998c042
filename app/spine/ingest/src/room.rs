//! How much of what is under way may lie in memory at once: bodies, unpacked envelopes, and requests at all. What finds no room is told
//! to come again, before it has cost anything.

use kernel::{Error, Kind, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Shared by all requests.
#[derive(Debug, Clone)]
pub(crate) struct Room(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    bytes: AtomicUsize,
    max_bytes: usize,
    requests: AtomicUsize,
    max_requests: usize,
}

/// One request's share; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    room: Room,
    bytes: usize,
}

/// How long who finds no room waits.
pub(crate) const AGAIN: Duration = Duration::from_secs(5);

impl Room {
    pub fn new(max_requests: usize, max_bytes: usize) -> Room {
        Room(Arc::new(Shared { bytes: AtomicUsize::new(0), max_bytes, requests: AtomicUsize::new(0), max_requests }))
    }

    pub fn enter(&self) -> Result<Share> {
        if self.0.requests.fetch_add(1, Ordering::AcqRel) >= self.0.max_requests {
            self.0.requests.fetch_sub(1, Ordering::AcqRel);
            return Err(no_room());
        }
        Ok(Share { room: self.clone(), bytes: 0 })
    }

    pub fn requests(&self) -> usize {
        self.0.requests.load(Ordering::Acquire)
    }
}

impl Share {
    pub fn grow(&mut self, bytes: usize) -> Result<()> {
        let shared = &self.room.0;
        if shared.bytes.fetch_add(bytes, Ordering::AcqRel).saturating_add(bytes) > shared.max_bytes {
            shared.bytes.fetch_sub(bytes, Ordering::AcqRel);
            return Err(no_room());
        }
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.0.bytes.fetch_sub(self.bytes, Ordering::AcqRel);
        self.room.0.requests.fetch_sub(1, Ordering::AcqRel);
    }
}

fn no_room() -> Error {
    Error::new(Kind::RateLimited(AGAIN), "Too much is coming in at the moment; please send this again in a few seconds.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let room = Room::new(2, 100);
        let mut first = room.enter().unwrap();
        let mut second = room.enter().unwrap();
        assert!(room.enter().is_err(), "a third request finds no seat");
        first.grow(60).unwrap();
        assert!(second.grow(60).is_err());
        second.grow(40).unwrap();
        drop(first);
        second.grow(60).unwrap();
        drop(second);
        assert_eq!((room.requests(), room.0.bytes.load(Ordering::Acquire)), (0, 0));
    }
}
