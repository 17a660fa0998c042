//! Why something that was reported is not kept. What is stored of it is a word; the console puts it into a sentence.

/// The word is stored; never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// An item type that this version does not know.
    UnknownType,
    /// Beyond the size of its kind.
    TooLarge,
    /// More items in an envelope, or entries in a container, than are taken.
    TooMany,
    /// Not what its type says it is: broken JSON, a wrong length, an archive that does not unpack.
    Malformed,
    /// Came already, with the same event id.
    Duplicate,
    /// Beyond what the key or the project may report in a minute.
    RateLimited,
    /// More than this instance can take at the moment.
    Overloaded,
    /// From a page of an origin that the project does not list.
    Origin,
    /// With a key that was switched off.
    KeyOff,
    /// With a key that this project does not have.
    UnknownKey,
    /// Sent by a program that only reads pages.
    Bot,
    /// An action of nobody: without an id, or under one that broken programs give to everybody.
    Nobody,
    /// The browser asks not to be followed.
    OptedOut,
    /// The log takes nothing more: the disk is full.
    DiskFull,
    /// Taking it went wrong here; our log says why.
    Failed,
}

impl Reason {
    pub const ALL: [Reason; 15] = [
        Reason::UnknownType,
        Reason::TooLarge,
        Reason::TooMany,
        Reason::Malformed,
        Reason::Duplicate,
        Reason::RateLimited,
        Reason::Overloaded,
        Reason::Origin,
        Reason::KeyOff,
        Reason::UnknownKey,
        Reason::Bot,
        Reason::Nobody,
        Reason::OptedOut,
        Reason::DiskFull,
        Reason::Failed,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Reason::UnknownType => "unknown_type",
            Reason::TooLarge => "too_large",
            Reason::TooMany => "too_many",
            Reason::Malformed => "malformed",
            Reason::Duplicate => "duplicate",
            Reason::RateLimited => "rate_limited",
            Reason::Overloaded => "overloaded",
            Reason::Origin => "origin",
            Reason::KeyOff => "key_off",
            Reason::UnknownKey => "unknown_key",
            Reason::Bot => "bot",
            Reason::Nobody => "nobody",
            Reason::OptedOut => "opted_out",
            Reason::DiskFull => "disk_full",
            Reason::Failed => "failed",
        }
    }
}
