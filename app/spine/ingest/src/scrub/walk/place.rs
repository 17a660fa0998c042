//! Where in a payload a value stands: what is looked for there.

use super::text::Mode;
use crate::Kind;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The outermost object of an event or a thing of its shape.
    Root,
    /// The outermost object of a container of spans, lines, measurements.
    Container,
    /// The outermost object of what contacts did.
    Actions,
    /// One such action: the ids by which programs know people stay, they may be mail addresses.
    Action,
    /// What a contact is known by: mail addresses and names stay.
    Traits,
    /// One of a container's items.
    Entry,
    /// Attributes by name, each with value and type.
    Attributes,
    /// One such attribute.
    Typed,
    /// The outermost object of a session or of sessions.
    Session,
    /// What the program put there: names and texts are looked at.
    Free,
    /// Inside of something whose every value goes while the names stay.
    Each,
    /// Parameters of an address: e-mail addresses go as well.
    Query,
    /// The customer as the program names them.
    User,
    /// Frames of a stack.
    Frames,
    /// A line of source.
    Source,
    /// A file, a function, a module.
    Code,
    /// The payload's own `_meta`.
    Meta,
    /// Nothing is looked for.
    Safe,
}

impl Place {
    pub fn root(kind: Kind) -> Place {
        match kind {
            Kind::Spans | Kind::Logs | Kind::Metrics => Place::Container,
            Kind::Actions => Place::Actions,
            Kind::Session | Kind::Sessions => Place::Session,
            Kind::ClientReport => Place::Safe,
            _ => Place::Root,
        }
    }

    /// The place of the value under this name.
    pub fn inside(self, name: &str) -> Place {
        match (self, name) {
            (Place::Root | Place::Container | Place::Actions, "_meta") => Place::Meta,
            (Place::Root, "user") => Place::User,
            // Keys of `modules` are names of packages (“cookie” is one), values their versions.
            (Place::Root, "modules" | "sdk" | "measurements" | "profile") => Place::Safe,
            (Place::Root, "debug_meta") => Place::Frames,
            (Place::Root | Place::Free | Place::Entry, name) if is_id(name) => Place::Safe,
            (Place::Root, _) => Place::Free,
            (Place::Container, "items") => Place::Entry,
            (Place::Container, _) => Place::Safe,
            (Place::Actions, "items") => Place::Action,
            (Place::Actions, _) => Place::Safe,
            (Place::Action, "p") => Place::Free,
            (Place::Action, "tr" | "tr1") => Place::Traits,
            (Place::Action, _) => Place::Safe,
            (Place::Entry, "attributes") => Place::Attributes,
            (Place::Entry, "links") => Place::Entry,
            (Place::Entry, "value" | "type" | "unit") => Place::Safe,
            (Place::Entry, _) => Place::Free,
            (Place::Attributes, name) => Self::of_attribute(name),
            (Place::Typed, "value") => Place::Free,
            (Place::Typed, _) => Place::Safe,
            (Place::Session, "attrs") => Place::Free,
            (Place::Session, _) => Place::Safe,
            (Place::User, "id" | "email" | "username" | "name" | "geo" | "ip_address") => Place::Safe,
            (Place::User, _) => Place::Free,
            (Place::Free, "query_string" | "queryString" | "http.query" | "url.query") => Place::Query,
            (Place::Free, "frames") => Place::Frames,
            (Place::Frames, "images") => Place::Frames,
            (Place::Frames, "context_line" | "pre_context" | "post_context") => Place::Source,
            (Place::Frames, name) if is_code(name) => Place::Code,
            (Place::Frames, _) => Place::Free,
            (place, _) => place,
        }
    }

    fn of_attribute(name: &str) -> Place {
        match name {
            _ if is_id(name) => Place::Safe,
            _ => Place::Typed,
        }
    }

    /// Whether names of fields are looked at here. Elsewhere they are the protocol's.
    pub fn judges_names(self) -> bool {
        matches!(
            self,
            Place::Root | Place::Attributes | Place::Free | Place::Traits | Place::Each | Place::Query | Place::User | Place::Frames
        )
    }

    /// Whether an object here is entered although it must go: its values go one by one.
    pub fn keeps_shape(self) -> bool {
        matches!(self, Place::Each | Place::Typed)
    }

    /// Whether a verdict over the object counts for this value of it.
    pub fn hands_down(self) -> bool {
        matches!(self, Place::Free | Place::Traits | Place::Each)
    }

    /// Lists of two mean name and value here.
    pub fn has_pairs(self) -> bool {
        matches!(self, Place::Free | Place::Each | Place::Query)
    }

    pub fn looks_for_numbers(self) -> bool {
        matches!(self, Place::Free | Place::Traits | Place::Query)
    }

    /// What is looked for in texts; `None`: nothing.
    pub fn mode(self) -> Option<Mode> {
        match self {
            Place::Safe => None,
            Place::Query => Some(Mode::Query),
            Place::Source => Some(Mode::Source),
            Place::Code | Place::Frames => Some(Mode::Code),
            _ => Some(Mode::Free),
        }
    }
}

fn is_code(name: &str) -> bool {
    matches!(
        name,
        "filename" | "abs_path" | "module" | "function" | "raw_function" | "package" | "symbol" | "code_file" | "debug_file" | "name"
    )
}

/// Names without which an event is none: a project cannot scrub them by accident.
pub fn is_essential(name: &str) -> bool {
    matches!(
        name,
        "event_id"
            | "timestamp"
            | "start_timestamp"
            | "type"
            | "platform"
            | "level"
            | "exception"
            | "threads"
            | "stacktrace"
            | "contexts"
            | "request"
            | "user"
            | "tags"
            | "extra"
            | "breadcrumbs"
            | "spans"
            | "sdk"
            | "fingerprint"
            | "check_in_id"
            | "monitor_slug"
            | "monitor_config"
            | "status"
            | "replay_id"
            | "segment_id"
            | "_meta"
    )
}

/// Names of the protocol under which ids stand: one in a million of those looks like the number of a card.
pub fn is_id(name: &str) -> bool {
    matches!(
        name,
        "event_id"
            | "trace_id"
            | "span_id"
            | "parent_span_id"
            | "profile_id"
            | "profiler_id"
            | "replay_id"
            | "replayId"
            | "check_in_id"
            | "associated_event_id"
            | "timestamp"
            | "start_timestamp"
            | "end_timestamp"
            | "sentry.segment.id"
            | "sentry.trace.parent_span_id"
            | "sentry.replay_id"
            | "sentry.profiler_id"
            | "traceparent"
            | "sentry-trace"
            | "baggage"
    )
}
