//! Sections of a file that describes what should be: `hermetic apply file.toml` shows the plan first, then makes it so.

use db::{Reader, Tx};
use kernel::{Result, Role, Sealer};
use serde::Serialize;

use crate::Registry;

/// What a section may ask besides the database.
#[derive(Clone, Copy)]
pub struct ApplyContext<'a> {
    pub sealer: &'a Sealer,
    /// For references to what other capabilities own, by name ([`Registry::feed_sources`]).
    pub registry: Registry,
    /// Who brings the file: what only an owner may do is refused to others here, too.
    pub role: Role,
}

/// One top-level key of the file, such as `monitors`. Applying the same file twice changes nothing the second time.
pub trait Apply: Sync {
    fn section(&self) -> &'static str;

    /// What [`Apply::apply`] would do; nothing is written. Bad input is refused as a whole, with the entry named.
    fn plan(&self, r: &Reader<'_>, context: &ApplyContext<'_>, section: &toml::Value) -> Result<Vec<Change>>;

    fn apply(&self, tx: &mut Tx<'_>, context: &ApplyContext<'_>, section: &toml::Value) -> Result<Vec<Change>>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    Create,
    Update,
    Remove,
    Keep,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    pub verb: Verb,
    /// Kind and name: `monitor Homepage`.
    pub what: String,
    /// Which fields differ; never a secret's value.
    pub detail: String,
}
