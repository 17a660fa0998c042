//! Frames of a stack that stand in a built file, led back to the source: a contribution of whoever keeps source maps.

use kernel::Result;
use kernel::ids::ProjectId;

use crate::House;

/// A place in a built file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltFrame<'a> {
    /// The address or path of the file, as the SDK gives it.
    pub path: &'a str,
    /// From the event's `debug_meta`, where the build put one into the file.
    pub debug_id: Option<&'a str>,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: Option<u32>,
    pub function: Option<&'a str>,
}

/// What an event says of the build.
#[derive(Debug, Clone, Copy, Default)]
pub struct Build<'a> {
    pub release: Option<&'a str>,
    pub dist: Option<&'a str>,
}

/// The same place in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFrame {
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
    pub function: Option<String>,
    /// `None` where the map carries no sources.
    pub context_line: Option<String>,
    pub pre_context: Vec<String>,
    pub post_context: Vec<String>,
}

pub trait Frames: Sync {
    /// One answer per frame, in order; `None` where nothing is known of the file. Called on a blocking thread.
    fn resolve(&self, house: &House, project: ProjectId, build: Build<'_>, frames: &[BuiltFrame<'_>]) -> Result<Vec<Option<SourceFrame>>>;
}
