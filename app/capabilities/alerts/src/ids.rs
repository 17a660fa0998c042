//! Ids of nouns that only alerts knows; those that others hold as well stand in `kernel::ids`.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

ids! {
    /// Who is told, after how long.
    PolicyId,
    /// A time in which matching alerts make no noise.
    SilenceId,
    /// The daily window in which a channel is left alone.
    QuietId,
    /// One notice to one channel.
    NoticeId,
}
