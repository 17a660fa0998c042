//! Making a silence: what it covers is always said, everything only with a reason and an end.
//!
//! - [`SilenceDoc`], [`checked_silence`]: what a form or a program asks for, checked as a whole
//! - [`Scope`]: the choice that has no default

use db::{Reader, Tx};
use kernel::error::FieldErrors;
use kernel::time::HOUR;
use kernel::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::engine::flush;
use crate::ids::SilenceId;
use crate::silence::Silence;
use crate::store::{rules, silences};

/// A silence as it is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SilenceDoc {
    /// `rule`, `matching` or `everything`.
    pub scope: String,
    /// The rule's key.
    pub rule: String,
    pub matching: String,
    pub hours: Option<u32>,
    /// Instead of hours.
    pub until_lifted: bool,
    pub reason: String,
}

/// What a silence covers; nobody gets one of them without having chosen it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Scope {
    Rule,
    Matching,
    Everything,
}

const MAX_HOURS: u32 = 8_760;

impl Scope {
    pub const ALL: [Scope; 3] = [Scope::Rule, Scope::Matching, Scope::Everything];

    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Rule => "rule",
            Scope::Matching => "matching",
            Scope::Everything => "everything",
        }
    }

    fn parse(text: &str) -> Result<Self> {
        let known = Scope::ALL.into_iter().find(|scope| scope.as_str() == text);
        known.ok_or_else(|| Error::invalid("Please choose what to silence: one rule, what contains a text, or everything."))
    }
}

/// The silence as it would be, from `r.now` on.
pub fn checked_silence(r: &Reader<'_>, doc: &SilenceDoc, made_by: &str) -> Result<Silence> {
    let mut errors = FieldErrors::default();
    let scope = errors.take("scope", Scope::parse(&doc.scope));
    let (matching, reason) = (doc.matching.trim(), doc.reason.trim());
    let rule = match (scope, doc.rule.trim()) {
        (Some(Scope::Everything), "") | (Some(Scope::Matching), "") | (None, _) => None,
        (Some(Scope::Everything), _) => {
            errors.push("rule", "A silence over everything names no rule.");
            None
        }
        (_, key) => errors.take("rule", rules::find_by_key(r, key)?.ok_or_else(|| Error::invalid("Please choose a rule from the list."))),
    };
    if scope == Some(Scope::Matching) && matching.is_empty() {
        errors.push("matching", "Please give a part of the name or target, such as shop.example.com.");
    }
    if scope == Some(Scope::Everything) && !matching.is_empty() {
        errors.push("matching", "A silence over everything names no text.");
    }
    if scope == Some(Scope::Everything) && reason.is_empty() {
        errors.push("reason", "Please say why nobody is to be told of anything.");
    }
    if matching.chars().count() > 120 {
        errors.push("matching", "Please shorten this text to 120 characters.");
    }
    if reason.chars().count() > 300 {
        errors.push("reason", "Please shorten the reason to 300 characters.");
    }
    match (doc.hours, doc.until_lifted) {
        (Some(1..=MAX_HOURS), false) => {}
        (None, true) if scope == Some(Scope::Everything) => errors.push("hours", "A silence over everything needs an end."),
        (None, true) => {}
        _ => errors.push("hours", "Please say for how long: 1 to 8760 hours, or until it is lifted."),
    }
    errors.finish()?;
    Ok(Silence {
        id: SilenceId(0),
        rule: rule.map(|rule| rule.id),
        matching: matching.to_owned(),
        alert: None,
        reason: reason.to_owned(),
        starts_at: r.now,
        ends_at: doc.hours.map(|hours| r.now + HOUR * hours),
        made_by: made_by.to_owned(),
    })
}

/// From now on; what waits to be told is looked at again.
pub fn begin_silence(tx: &mut Tx<'_>, silence: &Silence) -> Result<SilenceId> {
    let id = silences::insert(tx, silence)?;
    flush::release(tx)?;
    Ok(id)
}

/// What is still open and was held is told now.
pub fn lift_silence(tx: &mut Tx<'_>, id: SilenceId) -> Result<()> {
    silences::find(tx, id)?.ok_or_else(|| Error::not_found("silence"))?;
    silences::lift(tx, id)?;
    flush::release(tx)
}
