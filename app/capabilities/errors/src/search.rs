//! What people type to find issues: `is:open level:error user:"Ada L" !release:1.2* timeout`. Pure.
//!
//! [`Search::parse`] never refuses: what it cannot make sense of becomes a sentence in [`Search::problems`], and the rest still counts.
//! A word with a colon whose front is no key of ours is a tag: `browser.name:Firefox`.

pub mod asked;
pub mod console;

use std::fmt;

/// More than anybody types; a query is a row of conditions and each costs.
const MAX_TERMS: usize = 20;
const MAX_CHARS: usize = 1_000;
const MAX_VALUE: usize = 200;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// All of them have to hold.
    pub terms: Vec<Term>,
    /// What was not understood, a sentence each.
    pub problems: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    pub is_not: bool,
    pub field: Field,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    Is(Is),
    /// As events spell it: `fatal`, `error`, `warning`, `info`, `debug`.
    Level(&'static str),
    /// `high`, `medium`, `low`.
    Priority(&'static str),
    Assigned(Assigned),
    /// By short name or number.
    Project(String),
    /// A version that the issue was seen in.
    Release(Pattern),
    /// Who was hit: an id, a name, a mail or network address.
    User(Pattern),
    Tag(String, Pattern),
    /// Whether the issue has this tag at all.
    Has(String),
    /// In type, message, culprit or a function of the stack.
    Text(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Is {
    Open,
    New,
    Regressed,
    Ignored,
    Resolved,
    Assigned,
    Unassigned,
    Unhandled,
}

const IS: [(&str, Is); 12] = [
    ("open", Is::Open),
    ("new", Is::New),
    ("regressed", Is::Regressed),
    ("ignored", Is::Ignored),
    ("resolved", Is::Resolved),
    ("assigned", Is::Assigned),
    ("unassigned", Is::Unassigned),
    ("unhandled", Is::Unhandled),
    // As other trackers call them.
    ("unresolved", Is::Open),
    ("archived", Is::Ignored),
    ("muted", Is::Ignored),
    ("for_review", Is::New),
];

impl Is {
    pub fn as_str(self) -> &'static str {
        IS.iter().find(|(_, is)| *is == self).map_or("open", |(word, _)| word)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assigned {
    Me,
    Nobody,
    /// A name or mail address, or the start of one.
    To(String),
}

const LEVELS: [(&str, &str); 8] = [
    ("fatal", "fatal"),
    ("error", "error"),
    ("warning", "warning"),
    ("info", "info"),
    ("debug", "debug"),
    ("warn", "warning"),
    ("log", "info"),
    ("critical", "fatal"),
];
const PRIORITIES: [&str; 3] = ["high", "medium", "low"];

/// A value in which `*` stands for anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(pub String);

impl Pattern {
    pub fn is_exact(&self) -> bool {
        !self.0.contains('*')
    }

    /// For `like … escape '\'`.
    pub fn like(&self) -> String {
        escape_like(&self.0).replace('*', "%")
    }
}

/// `%`, `_` and `\` as themselves, for `like … escape '\'`.
pub fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

impl Search {
    pub fn parse(text: &str) -> Search {
        let mut search = Search::default();
        let text: String = text.chars().take(MAX_CHARS).collect();
        for word in words(&text) {
            if search.terms.len() == MAX_TERMS {
                search.problems.push(format!("Only the first {MAX_TERMS} conditions are used."));
                break;
            }
            match read(&word) {
                Ok(Some(term)) if !search.terms.contains(&term) => search.terms.push(term),
                Ok(_) => {}
                Err(problem) => search.problems.push(problem),
            }
        }
        search
    }

    /// Whether it names a state itself, so that the tab's state steps back.
    pub fn has_state(&self) -> bool {
        self.terms.iter().any(|term| matches!(term.field, Field::Is(Is::Open | Is::New | Is::Regressed | Is::Ignored | Is::Resolved)))
    }

    /// The same search with one more condition, for links such as “others with this tag”.
    #[must_use]
    pub fn and(mut self, field: Field) -> Search {
        self.terms.push(Term { is_not: false, field });
        self
    }
}

/// Written so that it is read back as the same.
impl fmt::Display for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, term) in self.terms.iter().enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{term}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_not {
            f.write_str("!")?;
        }
        match &self.field {
            Field::Is(is) => write!(f, "is:{}", is.as_str()),
            Field::Level(level) => write!(f, "level:{level}"),
            Field::Priority(priority) => write!(f, "priority:{priority}"),
            Field::Assigned(Assigned::Me) => f.write_str("assigned:me"),
            Field::Assigned(Assigned::Nobody) => f.write_str("assigned:none"),
            Field::Assigned(Assigned::To(name)) => write!(f, "assigned:{}", quoted(name)),
            Field::Project(name) => write!(f, "project:{}", quoted(name)),
            Field::Release(pattern) => write!(f, "release:{}", quoted(&pattern.0)),
            Field::User(pattern) => write!(f, "user:{}", quoted(&pattern.0)),
            Field::Tag(key, pattern) => write!(f, "tag:{}", quoted(&format!("{key}={}", pattern.0))),
            Field::Has(key) => write!(f, "has:{}", quoted(key)),
            Field::Text(text) => write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        }
    }
}

fn quoted(text: &str) -> String {
    let is_plain = !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || matches!(c, '"' | '\\'));
    if is_plain { text.to_owned() } else { format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")) }
}

/// One word: what stands before the first colon outside of quotes, and what stands after it.
#[derive(Debug, Default)]
struct Word {
    is_not: bool,
    key: Option<String>,
    value: String,
    was_quoted: bool,
}

/// Splits at blanks outside of quotes. An open quote reaches to the end.
fn words(text: &str) -> Vec<Word> {
    let mut letters = text.chars().peekable();
    let mut words = Vec::new();
    loop {
        while letters.next_if(|c| c.is_whitespace()).is_some() {}
        if letters.peek().is_none() {
            return words;
        }
        let mut word = Word { is_not: letters.next_if_eq(&'!').is_some(), ..Word::default() };
        let mut is_quoted = false;
        while let Some(letter) = letters.next_if(|c| is_quoted || !c.is_whitespace()) {
            match letter {
                '"' => {
                    is_quoted = !is_quoted;
                    word.was_quoted = true;
                }
                '\\' if is_quoted => word.value.extend(letters.next()),
                ':' if !is_quoted && !word.was_quoted && word.key.is_none() && is_key(&word.value) => {
                    word.key = Some(std::mem::take(&mut word.value));
                }
                other => word.value.push(other),
            }
        }
        words.push(word);
    }
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

/// `None`: an empty word.
fn read(word: &Word) -> Result<Option<Term>, String> {
    let term = |field| Ok(Some(Term { is_not: word.is_not, field }));
    let value: String = word.value.chars().filter(|c| !c.is_control()).collect();
    let value = value.trim();
    let Some(key) = &word.key else {
        return if value.is_empty() { Ok(None) } else { term(Field::Text(cut(value))) };
    };
    let known = key.to_ascii_lowercase();
    let is_known = KEYS.contains(&known.as_str());
    // `https://…`, `std::panic` and `TypeError:` are words of a message, not conditions.
    let is_text = !is_known && !word.was_quoted && (value.is_empty() || value.starts_with(['/', ':', '\\']));
    if is_text {
        return term(Field::Text(cut(&format!("{key}:{value}"))));
    }
    if value.is_empty() {
        return Err(format!("“{key}:” needs a value behind the colon."));
    }
    term(read_field(&known, key, value)?)
}

const KEYS: [&str; 12] =
    ["is", "level", "priority", "assigned", "project", "release", "user", "tag", "has", "environment", "url", "transaction"];

/// Each part of a condition is cut by itself, so that what is written back is read as the same.
fn cut(text: &str) -> String {
    text.chars().take(MAX_VALUE).collect::<String>().trim_end().to_owned()
}

fn read_field(known: &str, key: &str, whole: &str) -> Result<Field, String> {
    let value = cut(whole);
    Ok(match known {
        "is" => Field::Is(one_of(known, &value, &IS)?),
        "level" => Field::Level(one_of(known, &value, &LEVELS)?),
        "priority" => Field::Priority(one_of(known, &value, &PRIORITIES.map(|word| (word, word)))?),
        "assigned" => Field::Assigned(match value.to_ascii_lowercase().as_str() {
            "me" => Assigned::Me,
            "none" | "nobody" => Assigned::Nobody,
            _ => Assigned::To(value),
        }),
        "project" => Field::Project(value),
        "release" => Field::Release(Pattern(value)),
        "user" => Field::User(Pattern(value)),
        "has" => Field::Has(value),
        "tag" => match whole.split_once(['=', ':']) {
            Some((key, value)) if !key.trim().is_empty() && !value.is_empty() => Field::Tag(cut(key), Pattern(cut(value))),
            _ => return Err("“tag:” is written with key and value: tag:browser=Firefox.".to_owned()),
        },
        "environment" | "url" | "transaction" => Field::Tag(known.to_owned(), Pattern(value)),
        _ => Field::Tag(cut(key), Pattern(value)),
    })
}

fn one_of<T: Copy>(key: &str, value: &str, all: &[(&str, T)]) -> Result<T, String> {
    let found = all.iter().find(|(word, _)| word.eq_ignore_ascii_case(value));
    found.map(|(_, it)| *it).ok_or_else(|| {
        let words: Vec<&str> = all.iter().map(|(word, _)| *word).collect();
        format!("“{key}:” takes one of {}.", words.join(", "))
    })
}

#[cfg(test)]
mod tests;
