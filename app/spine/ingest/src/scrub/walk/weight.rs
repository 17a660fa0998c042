//! What a payload would take as a tree, added up while it is walked: readers build that tree, and it can be a hundred times the text.

use kernel::{Error, Result};

use crate::{Kind, limits};

/// A container of 1,000 spans with 100 attributes each is below it.
const MOST: usize = 96 << 20;
/// An event is shown on a page, by several people at once: 30,000 objects are more than any program knows of one moment.
const MOST_OF_ONE: usize = 24 << 20;

/// What may still come.
pub struct Weight(usize);

impl Weight {
    pub fn of(kind: Kind) -> Weight {
        Weight(match kind {
            // Nobody builds a tree of them.
            Kind::Profile | Kind::ProfileChunk => usize::MAX,
            kind if limits::is_container(kind) => MOST,
            _ => MOST_OF_ONE,
        })
    }

    /// Of what nobody builds a tree of.
    pub fn any() -> Weight {
        Weight(usize::MAX)
    }

    /// One value more, by its first byte. A map of one entry takes as much as one of eleven, a list of one as much as one of four.
    pub fn add(&mut self, first: Option<u8>) -> Result<()> {
        let weight = match first {
            Some(b'{') => 672,
            Some(b'[') => 160,
            _ => 32,
        };
        let too_much = || Error::new(kernel::Kind::TooLarge, "This payload has more values than are taken in one.");
        self.0 = self.0.checked_sub(weight).ok_or_else(too_much)?;
        Ok(())
    }
}
