//! What a person asks of lines: `level:error -project:web "stock low" shop.cart:7 duration:>100 time*`.
//!
//! Every term is decided on the line itself ([`Query::fits`]); the index only leads to lines that may fit ([`Query::leads`]).

mod pieces;

pub use pieces::{is_field, term_of};

use kernel::Time;
use kernel::ids::ProjectId;
use std::collections::BTreeSet;

use self::pieces::pieces;
use super::words::{self, Depth};
use super::{Level, Line};

/// Terms beyond these are not looked at: a question has a few.
const MOST_TERMS: usize = 30;
const MOST_TEXT: usize = 2_000;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Query {
    pub text: String,
    pub terms: Vec<Term>,
    /// What was not understood, one sentence each. Those terms are left out.
    pub problems: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    pub is_negated: bool,
    pub what: What,
}

#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A word of the body or of an attribute.
    Word(String),
    /// The beginning of a word.
    Prefix(String),
    /// Anything else that stands in the body or in an attribute, in this order and spelling but for capitals.
    Text(String),
    Levels(Vec<Level>),
    Project(ProjectId),
    Environment(String),
    Release(String),
    Trace(String),
    Span(String),
    Has(String),
    Attribute {
        key: String,
        test: Test,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    Is(String),
    /// With `*` for anything.
    Like(String),
    Compare(Comparison, f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    More,
    AtLeast,
    Less,
    AtMost,
}

impl Term {
    /// Whether lines of this level may fit.
    pub fn allows(&self, level: Level) -> bool {
        match &self.what {
            What::Levels(levels) => levels.contains(&level) != self.is_negated,
            _ => true,
        }
    }
}

/// A line with what belongs to it but does not stand in it.
pub struct Candidate<'a> {
    pub project: ProjectId,
    pub line: &'a Line,
}

/// A question to the index.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Leads {
    /// In the grammar of FTS5; `None`: every line.
    pub expression: Option<String>,
    /// Whether every line that the index finds fits.
    pub is_exact: bool,
}

impl Query {
    /// `project` finds a project by its short name or number.
    pub fn parse(text: &str, project: &dyn Fn(&str) -> Option<ProjectId>) -> Query {
        let text = kernel::text::shorten(text.trim(), MOST_TEXT);
        let mut query = Query { text: text.clone(), ..Query::default() };
        for piece in pieces(&text).into_iter().take(MOST_TERMS) {
            match piece.term(project) {
                Ok(Some(what)) => query.terms.push(Term { is_negated: piece.is_negated, what }),
                Ok(None) => {}
                Err(problem) => query.problems.push(problem),
            }
        }
        query
    }

    pub fn fits(&self, candidate: &Candidate<'_>) -> bool {
        self.terms.iter().all(|term| term.what.fits(candidate) != term.is_negated)
    }

    pub fn leads(&self) -> Leads {
        let (mut all, mut none, mut is_exact) = (Vec::new(), Vec::new(), true);
        for term in &self.terms {
            let (lead, decides) = term.what.lead();
            is_exact &= decides;
            match lead {
                Some(lead) if !term.is_negated => all.push(lead),
                // Only what the index decides may be taken away by it.
                Some(lead) if decides => none.push(lead),
                _ => {}
            }
        }
        if all.is_empty() && none.is_empty() {
            return Leads { expression: None, is_exact };
        }
        if all.is_empty() {
            // FTS5 takes away only from something: every line has a level.
            all.push(any(Level::ALL.map(words::level).iter().map(|word| quoted(word))));
        }
        let mut expression = all.join(" AND ");
        if !none.is_empty() {
            expression = format!("({expression}) NOT {}", any(none.into_iter()));
        }
        Leads { expression: Some(expression), is_exact }
    }

    /// The levels and the project it asks for, if it asks for nothing else: then the hours' counts answer it.
    pub fn plain(&self) -> Option<Plain> {
        let mut plain = Plain::default();
        for term in &self.terms {
            match &term.what {
                What::Project(id) if !term.is_negated && plain.project.is_none() => plain.project = Some(*id),
                What::Levels(levels) => plain.levels.retain(|level| levels.contains(level) != term.is_negated),
                _ => return None,
            }
        }
        Some(plain)
    }

    /// The same question without its levels: what the chips count.
    pub fn without_levels(&self) -> Query {
        let terms = self.terms.iter().filter(|term| !matches!(term.what, What::Levels(_))).cloned().collect();
        Query { terms, ..self.clone() }
    }

    /// The text with one more term.
    pub fn with(&self, term: &str) -> String {
        format!("{} {term}", self.text).trim().to_owned()
    }

    /// The text with these levels instead of those it asks for.
    pub fn with_level(&self, level: Option<Level>) -> String {
        let kept: Vec<String> = pieces(&self.text).into_iter().filter(|piece| piece.key != "level").map(|piece| piece.text).collect();
        let own = level.map(|level| format!("level:{}", level.as_str()));
        own.into_iter().chain(kept).collect::<Vec<_>>().join(" ")
    }

    pub fn level(&self) -> Option<Level> {
        match self.terms.iter().filter(|term| matches!(term.what, What::Levels(_))).collect::<Vec<_>>()[..] {
            [Term { is_negated: false, what: What::Levels(levels) }] if levels.len() == 1 => levels.first().copied(),
            _ => None,
        }
    }

    /// The trace it asks for, to show what else there is of it.
    pub fn trace(&self) -> Option<&str> {
        self.terms.iter().find_map(|term| match &term.what {
            What::Trace(id) if !term.is_negated => Some(id.as_str()),
            _ => None,
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plain {
    pub project: Option<ProjectId>,
    pub levels: Vec<Level>,
}

impl Default for Plain {
    fn default() -> Self {
        Plain { project: None, levels: Level::ALL.to_vec() }
    }
}

impl What {
    /// The question to the index, and whether its answer decides.
    fn lead(&self) -> (Option<String>, bool) {
        match self {
            What::Word(word) => (Some(quoted(word)), true),
            What::Prefix(start) => (Some(format!("{} *", quoted(start))), true),
            What::Text(text) => {
                let leads: Vec<String> = whole_words(text).iter().map(|word| quoted(word)).collect();
                ((!leads.is_empty()).then(|| leads.join(" AND ")), false)
            }
            What::Levels(levels) => (Some(any(levels.iter().map(|level| quoted(&words::level(*level))))), true),
            What::Project(id) => (Some(quoted(&words::project(*id))), true),
            What::Environment(name) => (Some(quoted(&words::environment(name))), true),
            What::Release(version) => (Some(quoted(&words::release(version))), true),
            What::Trace(id) => (Some(quoted(&words::trace(id))), true),
            What::Span(_) => (None, false),
            What::Has(key) if words::depth(key) == Depth::Full => (Some(quoted(&words::has(key))), true),
            What::Has(_) => (None, false),
            What::Attribute { key, test } => match (words::depth(key), test) {
                (Depth::Full | Depth::Exact, Test::Is(value)) => (Some(quoted(&words::is(key, value))), true),
                (Depth::Full, _) => (Some(quoted(&words::has(key))), false),
                _ => (None, false),
            },
        }
    }

    fn fits(&self, Candidate { project, line }: &Candidate<'_>) -> bool {
        let same = |one: &str, other: &str| words::normal(one) == words::normal(other);
        let own = |key: &str| line.attributes.iter().find(|attribute| same(&attribute.key, key));
        match self {
            What::Word(wanted) => words_of(line).contains(wanted),
            What::Prefix(start) => words_of(line).iter().any(|word| word.starts_with(start.as_str())),
            What::Text(text) => {
                let holds = |value: &str| if text.contains('*') { is_like(&format!("*{text}*"), value) } else { holds(value, text) };
                holds(&line.body)
                    || line.attributes.iter().any(|attribute| words::depth(&attribute.key) == Depth::Full && holds(&attribute.value))
            }
            What::Levels(levels) => levels.contains(&line.level),
            What::Project(id) => id == project,
            What::Environment(name) => same(name, &line.environment),
            What::Release(version) => same(version, &line.release),
            What::Trace(id) => *id == line.trace_id,
            What::Span(id) => *id == line.span_id,
            What::Has(key) => own(key).is_some(),
            What::Attribute { key, test } => own(key).is_some_and(|attribute| match test {
                Test::Is(value) => same(value, &attribute.value),
                Test::Like(pattern) => is_like(pattern, &attribute.value),
                Test::Compare(comparison, limit) => attribute.number.is_some_and(|number| comparison.holds(number, *limit)),
            }),
        }
    }
}

impl Comparison {
    fn holds(self, number: f64, limit: f64) -> bool {
        match self {
            Comparison::More => number > limit,
            Comparison::AtLeast => number >= limit,
            Comparison::Less => number < limit,
            Comparison::AtMost => number <= limit,
        }
    }
}

fn words_of(line: &Line) -> BTreeSet<String> {
    let mut words: BTreeSet<String> = words::split(&line.body).into_iter().collect();
    for attribute in line.attributes.iter().filter(|attribute| words::depth(&attribute.key) == Depth::Full && attribute.number.is_none()) {
        words.extend(words::split(&attribute.value));
    }
    words
}

/// Words of the text that must be words of the line. Those that touch a star may be parts of longer ones.
fn whole_words(text: &str) -> Vec<String> {
    let parts: Vec<&str> = text.split('*').collect();
    let mut all = Vec::new();
    for (position, part) in parts.iter().enumerate() {
        let mut words = words::split(part);
        if position + 1 < parts.len() && part.ends_with(char::is_alphanumeric) {
            words.pop();
        }
        if position > 0 && part.starts_with(char::is_alphanumeric) && !words.is_empty() {
            words.remove(0);
        }
        all.extend(words);
    }
    all
}

/// Whether the text stands in the value without beginning or ending within a word.
fn holds(value: &str, text: &str) -> bool {
    let value = value.to_lowercase();
    let mut from = 0;
    while let Some(at) = value.get(from..).and_then(|rest| rest.find(text)).map(|at| at + from) {
        let end = at + text.len();
        let is_free = |before: Option<char>, after: Option<char>| match (before, after) {
            (Some(before), Some(after)) => !words::is_one_word(before, after),
            _ => true,
        };
        let begins = is_free(value[..at].chars().next_back(), text.chars().next());
        if begins && is_free(text.chars().next_back(), value[end..].chars().next()) {
            return true;
        }
        from = at + text.chars().next().map_or(1, char::len_utf8);
    }
    false
}

/// As a string of FTS5: nothing in it is grammar.
fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('"', "\"\""))
}

fn any(leads: impl Iterator<Item = String>) -> String {
    format!("({})", leads.collect::<Vec<_>>().join(" OR "))
}

/// `*` stands for anything; capitals make no difference. Linear in both lengths but for the stars.
pub fn is_like(pattern: &str, value: &str) -> bool {
    let (pattern, value) = (words::normal(pattern), words::normal(value));
    let parts: Vec<&str> = pattern.split('*').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return pattern == value };
    let Some(rest) = value.strip_prefix(first) else { return false };
    let mut rest = rest;
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The line's own moment for a link to around it.
pub fn around(at: Time) -> (Time, Time) {
    let span = std::time::Duration::from_secs(300);
    (at - span, at + span)
}
