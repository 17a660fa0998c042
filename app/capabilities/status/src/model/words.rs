//! Closed sets of words: an enum whose variants are stored, sent and read as one fixed word each.

/// Declares such an enum with `ALL`, `as_str` and a `FromStr` that names the choices.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal, { $($(#[$note:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$note])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $word),+
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = kernel::Error;
            fn from_str(text: &str) -> Result<Self, kernel::Error> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text).ok_or_else(|| {
                    let words: Vec<&str> = Self::ALL.iter().map(|word| word.as_str()).collect();
                    kernel::Error::invalid(format!("{} is one of {}.", $what, words.join(", ")))
                })
            }
        }
    };
}

pub(crate) use words;
