//! The types of an event.

use ingest::EventId;
use kernel::Time;
use serde_json::{Map, Value};

use crate::model::Level;

/// Names and values in the order in which they were sent.
pub type Pairs = Vec<(String, String)>;

#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub event_id: Option<EventId>,
    /// When it happened: clock drift corrected, not in the future.
    pub at: Time,
    pub platform: String,
    pub level: Level,
    pub logger: String,
    /// Name of the endpoint or page.
    pub transaction: String,
    pub server_name: String,
    /// Checked; empty for none.
    pub release: String,
    pub dist: String,
    pub environment: String,
    pub message: Option<Message>,
    /// In the order of the wire: the last one is the main one, the ones before it are its causes.
    pub exceptions: Vec<Exception>,
    /// Of the thread that matters, where no exception has one. The last frame is the innermost, as everywhere.
    pub stack: Option<Vec<Frame>>,
    /// Oldest first.
    pub breadcrumbs: Vec<Breadcrumb>,
    pub request: Request,
    pub user: User,
    /// As sent; `browser`, `os` and `device` are filled from the user agent where the SDK did not.
    pub contexts: Map<String, Value>,
    /// Those that were sent and those that follow from the rest, each key once.
    pub tags: Pairs,
    pub extra: Map<String, Value>,
    pub modules: Pairs,
    pub fingerprint: Vec<String>,
    pub sdk: (String, String),
    pub images: Vec<Image>,
    pub trace_id: Option<[u8; 16]>,
    /// 16 hexadecimal digits; empty for none.
    pub span_id: String,
    /// 32 hexadecimal digits; empty for none.
    pub replay_id: String,
    /// Feature flags as they were evaluated.
    pub flags: Pairs,
    /// Of a browser's report: what it is grouped by.
    pub policy: Option<Vec<String>>,
    /// What the SDK could not send whole.
    pub errors: Vec<Value>,
    /// Why values are redacted or cut, as SDKs and the scrubber note it.
    pub meta: Value,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// With its parameters in it.
    pub formatted: String,
    /// `User %s is gone`; empty where the SDK only sent the text.
    pub template: String,
    pub params: Vec<String>,
}

impl Message {
    /// What is shown.
    pub fn text(&self) -> &str {
        if self.formatted.is_empty() { &self.template } else { &self.formatted }
    }

    /// What it is grouped by.
    pub fn template(&self) -> &str {
        if self.template.is_empty() { &self.formatted } else { &self.template }
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exception {
    /// May be empty.
    pub kind: String,
    pub value: String,
    pub module: String,
    pub mechanism: String,
    /// `None`: the SDK does not say.
    pub is_handled: Option<bool>,
    /// Made up by the SDK to carry a stack.
    pub is_synthetic: bool,
    pub is_group: bool,
    pub exception_id: Option<i64>,
    pub parent_id: Option<i64>,
    /// Such as `cause` or `exceptions[0]`.
    pub source: String,
    pub mechanism_data: Map<String, Value>,
    /// Oldest call first.
    pub frames: Vec<Frame>,
    /// Frames that were left out here because there were too many.
    pub omitted: usize,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frame {
    /// Short: without scheme, host and query.
    pub filename: String,
    pub abs_path: String,
    pub function: String,
    pub raw_function: String,
    pub module: String,
    pub package: String,
    pub line: Option<u32>,
    pub column: Option<u32>,
    /// As the SDK says; `None` where it does not.
    pub in_app: Option<bool>,
    pub pre_context: Vec<String>,
    pub context_line: Option<String>,
    pub post_context: Vec<String>,
    pub vars: Map<String, Value>,
    pub instruction_addr: String,
    /// Where it differs from the event's.
    pub platform: String,
    /// Where a map led it back to its source: the place in the built file.
    pub built: Option<Box<Place>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    pub path: String,
    pub line: Option<u32>,
    pub column: Option<u32>,
    pub function: String,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Breadcrumb {
    pub at: Option<Time>,
    /// `http`, `navigation`, `default`, ….
    pub kind: String,
    pub category: String,
    pub level: String,
    pub message: String,
    pub data: Map<String, Value>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// Without query and fragment.
    pub url: String,
    pub method: String,
    pub query: Pairs,
    pub headers: Pairs,
    pub cookies: Pairs,
    /// The body, as the SDK sent it.
    pub data: Value,
    pub env: Map<String, Value>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct User {
    pub id: String,
    pub email: String,
    pub username: String,
    pub name: String,
    pub ip_address: String,
    /// Everything else that was sent about the user.
    pub other: Map<String, Value>,
}

/// A file of the build, from `debug_meta`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Image {
    /// `sourcemap`, `elf`, ….
    pub kind: String,
    /// As the event names it, in lower case.
    pub debug_id: String,
    /// Address of the built file, or path of the binary.
    pub code_file: String,
}

impl User {
    /// What tells users apart, the surest first. `None`: nothing is known.
    pub fn identity(&self) -> Option<(&'static str, &str)> {
        [("id", &self.id), ("email", &self.email), ("username", &self.username), ("ip", &self.ip_address)]
            .into_iter()
            .find(|(_, value)| !value.is_empty())
            .map(|(key, value)| (key, value.as_str()))
    }
}

impl Event {
    /// The exception an issue is named after: the last one that was not made up.
    pub fn main_exception(&self) -> Option<&Exception> {
        self.exceptions.iter().rev().find(|exception| !exception.kind.is_empty() || !exception.value.is_empty())
    }

    /// Type and value for the title.
    pub fn title_parts(&self) -> (String, String) {
        match (self.main_exception(), &self.message) {
            // An exception without type carries the stack of a message.
            (Some(exception), Some(message)) if exception.kind.is_empty() => (String::new(), message.text().to_owned()),
            (Some(exception), _) => (exception.kind.clone(), exception.value.clone()),
            (None, Some(message)) => (String::new(), message.text().to_owned()),
            (None, None) => (String::new(), String::new()),
        }
    }

    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// Nobody caught it.
    pub fn is_unhandled(&self) -> bool {
        self.exceptions.iter().any(|exception| exception.is_handled == Some(false))
    }

    /// Every frame of the event with where it is: index of the exception (`None`: the thread's stack) and of the frame.
    pub fn frames(&self) -> impl Iterator<Item = (Option<usize>, usize, &Frame)> {
        let own = self
            .exceptions
            .iter()
            .enumerate()
            .flat_map(|(outer, exception)| exception.frames.iter().enumerate().map(move |(inner, frame)| (Some(outer), inner, frame)));
        own.chain(self.stack.iter().flatten().enumerate().map(|(inner, frame)| (None, inner, frame)))
    }
}
