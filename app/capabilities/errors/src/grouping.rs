//! Which events are one problem.
//!
//! An event gives several hashes ([`Grouping`]): one by which it is filed, and others that may lead to an issue that is known already. Each
//! is of the project, of the algorithm's version and of parts that a person can read ([`Components`]): "why grouped".
//!
//! - [`frames`]: which frames of a stack count, and as what; [`message`]: what is left of a message without ids, dates and addresses
//! - [`fingerprint`]: what SDKs and people say themselves; [`rules`]: a project's own rules

pub mod fingerprint;
pub mod frames;
pub mod message;
pub mod rules;
mod wording;

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

use kernel::ids::ProjectId;

use crate::normal::{Event, Exception};
use frames::Part;

/// Of everything below. Raise it when the same event would get another hash, and keep the old way beside it, so that issues do not fork.
pub const VERSION: i64 = 1;

/// Exceptions of one chain that are looked at; a chain that is longer (or closed in itself) says nothing more.
const MAX_CHAIN: usize = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HashKind {
    /// The SDK or a rule of the project said so.
    Fingerprint,
    /// Frames of the founder's own code.
    App,
    /// All frames.
    System,
    /// Type and message, where no stack says anything.
    Message,
    /// A browser's report on a policy.
    Policy,
    /// More different problems at once than anybody can look through.
    Flood,
}

impl HashKind {
    pub fn as_str(self) -> &'static str {
        match self {
            HashKind::Fingerprint => "fingerprint",
            HashKind::App => "app",
            HashKind::System => "system",
            HashKind::Message => "message",
            HashKind::Policy => "policy",
            HashKind::Flood => "flood",
        }
    }
}

/// What went into a hash, for the page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Components {
    /// Where a rule of the project decided: its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fingerprint: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<ExceptionPart>,
    /// Of an event without exception.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExceptionPart {
    /// Empty where it does not count (it was made up by the SDK).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Only where no stack counts.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<Part>,
}

/// Of a stack, so many frames are shown as the reason; all count.
const MAX_SHOWN: usize = 40;

impl Components {
    /// As it is stored. The innermost frames say enough about a deep stack.
    pub fn to_json(&self) -> String {
        let mut shown = self.clone();
        for exception in &mut shown.exceptions {
            let extra = exception.frames.len().saturating_sub(MAX_SHOWN);
            exception.frames.drain(..extra);
        }
        serde_json::to_string(&shown).unwrap_or_default()
    }

    /// What an older version wrote and this one cannot read says nothing.
    pub fn from_json(text: &str) -> Components {
        serde_json::from_str(text).unwrap_or_default()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub kind: HashKind,
    pub hash: i64,
    pub components: Components,
}

/// The hashes of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// The event is filed under this one.
    pub primary: Key,
    /// In this order they may lead to a known issue.
    pub others: Vec<Key>,
}

impl Grouping {
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.primary).chain(&self.others)
    }
}

/// `rules`: those of the event's project, in order.
pub fn group(project: ProjectId, event: &Event, rules: &[rules::Rule]) -> Grouping {
    if let Some(components) = &event.policy {
        let components = Components { fingerprint: components.clone(), ..Components::default() };
        return Grouping { primary: key(project, HashKind::Policy, components), others: Vec::new() };
    }
    let own = by_content(event);
    let (rule, parts) = match rules.iter().find(|rule| rule.is_enabled && rule.matches(event)) {
        Some(rule) => (Some(rule.id), rule.fingerprint.as_slice()),
        None => (None, event.fingerprint.as_slice()),
    };
    if let Some(said) = fingerprint::expand(parts, event) {
        let content = if said.has_default {
            own.into_iter().next().map(|(_, components)| components).unwrap_or_default()
        } else {
            Components::default()
        };
        let components = Components { rule, fingerprint: said.parts, ..content };
        return Grouping { primary: key(project, HashKind::Fingerprint, components), others: Vec::new() };
    }
    let mut keys = own.into_iter().map(|(kind, components)| key(project, kind, components));
    let primary = keys.next().unwrap_or_else(|| key(project, HashKind::Message, Components::default()));
    Grouping { others: keys.filter(|other| other.hash != primary.hash).collect(), primary }
}

/// Of everything that would open too many issues at once.
pub fn flood_key(project: ProjectId) -> Key {
    let components = Components { message: "too many different problems at once".to_owned(), ..Components::default() };
    key(project, HashKind::Flood, components)
}

/// The first decides. Type and message only count where no stack does: the same sentence is said in many places.
fn by_content(event: &Event) -> Vec<(HashKind, Components)> {
    let chain = chain(event);
    let stacks: Vec<frames::Stack> = chain.iter().map(|exception| frames::stack(event, exception)).collect();
    let mut found = Vec::new();
    for (kind, is_app) in [(HashKind::App, true), (HashKind::System, false)] {
        if stacks.iter().any(|stack| stack.says_something(is_app)) {
            let parts = chain.iter().zip(&stacks).map(|(exception, stack)| exception_part(event, exception, stack.parts(is_app)));
            found.push((kind, Components { exceptions: without_repeats(parts), ..Components::default() }));
        }
    }
    if found.is_empty() {
        found.push((HashKind::Message, by_message(event, &chain)));
    }
    found
}

/// The main exception is the last; a thread's stack stands for one where there is none.
fn chain(event: &Event) -> Vec<Cow<'_, Exception>> {
    if !event.exceptions.is_empty() {
        let skipped = event.exceptions.len().saturating_sub(MAX_CHAIN);
        return event.exceptions.iter().skip(skipped).map(Cow::Borrowed).collect();
    }
    match &event.stack {
        Some(frames) => vec![Cow::Owned(Exception { frames: frames.clone(), is_synthetic: true, ..Exception::default() })],
        None => Vec::new(),
    }
}

fn exception_part(event: &Event, exception: &Exception, frames: Vec<Part>) -> ExceptionPart {
    let kind = if exception.is_synthetic { String::new() } else { exception.kind.clone() };
    // A message with a stack of its own: what it says is all that tells it from others that the same helper reports.
    let value = if exception.kind.is_empty() { message::template(message_of(event, exception)) } else { String::new() };
    ExceptionPart { kind, value, frames }
}

fn message_of<'a>(event: &'a Event, exception: &'a Exception) -> &'a str {
    match &event.message {
        Some(message) => message.template(),
        None => &exception.value,
    }
}

fn by_message(event: &Event, chain: &[Cow<'_, Exception>]) -> Components {
    let has_exception = chain.iter().any(|exception| !exception.kind.is_empty() || !exception.value.is_empty());
    if !has_exception {
        let text = event.message.as_ref().map(|message| message.template()).unwrap_or_default();
        return Components { message: message::template(text), ..Components::default() };
    }
    let parts = chain.iter().map(|exception| {
        let (kind, value) = wording::common(&exception.kind, &exception.value);
        ExceptionPart { kind: kind.to_owned(), value: message::template(&value), frames: Vec::new() }
    });
    Components { exceptions: without_repeats(parts), ..Components::default() }
}

/// A group of fifty equal failures is the same problem as a group of three.
fn without_repeats(parts: impl Iterator<Item = ExceptionPart>) -> Vec<ExceptionPart> {
    let mut kept: Vec<ExceptionPart> = Vec::new();
    for part in parts {
        if !kept.contains(&part) {
            kept.push(part);
        }
    }
    kept
}

/// 64 bits of SHA-256: whoever can report must not be able to aim at another issue's hash.
fn key(project: ProjectId, kind: HashKind, components: Components) -> Key {
    let mut context = Context::new(&SHA256);
    let mut add = |text: &str| {
        context.update(&(text.len() as u64).to_le_bytes());
        context.update(text.as_bytes());
    };
    add(&format!("{}:{project}:{}", VERSION, kind.as_str()));
    for part in &components.fingerprint {
        add(part);
    }
    add(&components.message);
    for exception in &components.exceptions {
        add("exception");
        add(&exception.kind);
        add(&exception.value);
        for frame in &exception.frames {
            add(&frame.place);
            add(&frame.function);
            add(&frame.line);
        }
    }
    let digest = context.finish();
    let mut first = [0; 8];
    first.copy_from_slice(&digest.as_ref()[..8]);
    Key { kind, hash: i64::from_le_bytes(first), components }
}
