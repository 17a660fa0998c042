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
    is_seated: bool,
}

/// Beyond this a request is a large one, and all of those together may take three quarters of the room: a few that stop in the middle
/// must not keep out everybody else.
const LARGE: usize = 1 << 20;

/// How long who finds no room waits.
pub(crate) const AGAIN: Duration = Duration::from_secs(5);

impl Room {
    pub fn new(max_requests: usize, max_bytes: usize) -> Room {
        Room(Arc::new(Shared { bytes: AtomicUsize::new(0), max_bytes, requests: AtomicUsize::new(0), max_requests }))
    }

    /// Nothing is taken yet: a body that trickles in costs no more than what has come of it.
    pub fn share(&self) -> Share {
        Share { room: self.clone(), bytes: 0, is_seated: false }
    }

    pub fn requests(&self) -> usize {
        self.0.requests.load(Ordering::Acquire)
    }
}

impl Share {
    /// Before the work begins.
    pub fn sit(&mut self) -> Result<()> {
        if !self.is_seated {
            if self.room.0.requests.fetch_add(1, Ordering::AcqRel) >= self.room.0.max_requests {
                self.room.0.requests.fetch_sub(1, Ordering::AcqRel);
                return Err(no_room());
            }
            self.is_seated = true;
        }
        Ok(())
    }

    pub fn grow(&mut self, bytes: usize) -> Result<()> {
        let shared = &self.room.0;
        let max = if self.bytes.saturating_add(bytes) > LARGE { shared.max_bytes / 4 * 3 } else { shared.max_bytes };
        if shared.bytes.fetch_add(bytes, Ordering::AcqRel).saturating_add(bytes) > max {
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
        if self.is_seated {
            self.room.0.requests.fetch_sub(1, Ordering::AcqRel);
        }
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
        let (mut first, mut second, mut third) = (room.share(), room.share(), room.share());
        first.sit().and_then(|()| first.sit()).unwrap();
        second.sit().unwrap();
        assert!(third.sit().is_err(), "a third request finds no seat");
        first.grow(60).unwrap();
        assert!(second.grow(60).is_err());
        second.grow(40).unwrap();
        drop(first);
        third.sit().unwrap();
        second.grow(60).unwrap();
        drop((second, third));
        assert_eq!((room.requests(), room.0.bytes.load(Ordering::Acquire)), (0, 0));
    }

    #[test]
    fn large_ones_leave_a_quarter_to_the_small() {
        let room = Room::new(10, 40 << 20);
        let (mut large, mut another, mut small) = (room.share(), room.share(), room.share());
        large.grow(29 << 20).unwrap();
        assert!(another.grow(2 << 20).is_err());
        another.grow(1 << 20).unwrap();
        assert!(another.grow(1).is_err(), "one that grows large is large");
        small.grow(1 << 20).unwrap();
    }
}
