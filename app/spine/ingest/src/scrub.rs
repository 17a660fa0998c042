//! What must not be kept is taken out before anything reaches the disk.
//!
//! - [`Scrubber`]: the rules of one project, applied to one payload
//! - `walk`: one pass over the JSON text, which also repairs what our readers would refuse; nothing is built from it, ranges are replaced
//! - `recording`: the same for session replays, which are large and deep and no program's own data
//! - `keys`: names that hold secrets; `text`: secrets inside of texts (`numbers`, `tokens`); `meta`: why something is gone
//!
//! What is gone reads `[Filtered]`; `_meta` says by which rule, in the shape SDKs use themselves (relay's “remarks”).

mod keys;
mod meta;
mod numbers;
mod recording;
mod text;
mod tokens;
mod walk;

#[cfg(test)]
mod tests;
#[cfg(test)]
pub use tests::sample_project;

use identity::projects::Project;
use kernel::Result;
use std::borrow::Cow;

use crate::Kind;
use keys::Names;

/// In the place of what was taken out; what SDKs write there, too.
pub const FILTERED: &str = "[Filtered]";

/// The rules of one project.
#[derive(Debug, Clone)]
pub struct Scrubber {
    names: Names,
}

/// A payload that may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scrubbed {
    /// As they came where nothing had to be changed.
    pub bytes: Vec<u8>,
    /// How many values lost something.
    pub redactions: usize,
}

impl Scrubber {
    pub fn for_project(project: &Project) -> Scrubber {
        Scrubber { names: Names::new(&project.scrub_fields, &project.safe_fields, project.keeps_addresses) }
    }

    /// The payload without secrets, as JSON that every reader takes: NaN, lone surrogates and bytes that are no text are repaired, what
    /// lies too deep is cut off. Kinds that are no JSON pass as they are. Fails where it is no JSON at all, or too much of it.
    pub fn scrub(&self, kind: Kind, payload: &[u8]) -> Result<Scrubbed> {
        if is_binary(kind) {
            return Ok(Scrubbed { bytes: payload.to_vec(), redactions: 0 });
        }
        let text = as_text(payload);
        let outcome = walk::walk(&text, kind, &self.names)?;
        if outcome.edits.is_empty() {
            return Ok(Scrubbed { bytes: text.into_owned().into_bytes(), redactions: 0 });
        }
        let redactions = outcome.redactions;
        Ok(Scrubbed { bytes: meta::rewrite(&text, outcome), redactions })
    }

    /// The list of events of a session replay, given piece by piece without secrets: each e-mail address and number of a card goes, wherever it
    /// stands. Gives how many values lost something. Takes memory for its depth, not for its size.
    pub fn scrub_recording(&self, json: &str, out: &mut dyn FnMut(&str) -> Result<()>) -> Result<usize> {
        recording::scrub(json, &self.names, out)
    }

    /// A text that lies beside a payload: the name of a transaction, of a file.
    pub(crate) fn scrub_text(&self, text: String) -> String {
        let found = text::find(&text, text::Mode::Free, &walk::Marks::of(&text), &self.names, true);
        if found.is_empty() { text } else { text::without(&text, &found).0 }
    }
}

fn is_binary(kind: Kind) -> bool {
    matches!(kind, Kind::Attachment | Kind::Minidump | Kind::ReplayRecording | Kind::ReplayVideo)
}

/// Without a byte order mark; bytes that are no UTF-8 become U+FFFD.
fn as_text(payload: &[u8]) -> Cow<'_, str> {
    let payload = payload.strip_prefix("\u{feff}".as_bytes()).unwrap_or(payload);
    String::from_utf8_lossy(payload)
}
