//! A project's own rules: events that match are grouped by the rule's fingerprint.

use kernel::ids::ProjectId;
use kernel::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::normal::Event;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub id: i64,
    pub project: ProjectId,
    /// All must match; without any the rule matches nothing.
    pub matchers: Vec<Matcher>,
    pub fingerprint: Vec<String>,
    pub is_enabled: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matcher {
    /// One of [`FIELDS`], or `tags.` and a tag's name.
    pub field: String,
    /// `*` stands for anything, `?` for one character; a leading `!` turns it round. Case does not count.
    pub pattern: String,
}

/// What a rule may look at, with what it means.
pub const FIELDS: &[(&str, &str)] = &[
    ("type", "type of any exception"),
    ("value", "text of any exception"),
    ("message", "text of the message"),
    ("module", "module of any frame"),
    ("function", "function of any frame"),
    ("path", "file of any frame"),
    ("url", "address of the request"),
    ("transaction", "name of the endpoint or page"),
    ("level", "fatal, error, warning, info or debug"),
    ("logger", "name of the logger"),
    ("release", "version of the program"),
    ("environment", "such as production"),
];

const MAX_PATTERN: usize = 200;
const MAX_PARTS: usize = 20;

/// As they are stored, or which is wrong.
pub fn checked(matchers: Vec<Matcher>, fingerprint: Vec<String>) -> Result<(Vec<Matcher>, Vec<String>)> {
    let matchers: Vec<Matcher> = matchers
        .into_iter()
        .map(|matcher| Matcher { field: matcher.field.trim().to_owned(), pattern: matcher.pattern.trim().to_owned() })
        .filter(|matcher| !matcher.pattern.is_empty())
        .collect();
    if matchers.is_empty() || matchers.len() > MAX_PARTS {
        return Err(Error::field("matchers", "Please give one to 20 conditions."));
    }
    for matcher in &matchers {
        let is_known = FIELDS.iter().any(|(field, _)| *field == matcher.field)
            || matcher.field.strip_prefix("tags.").is_some_and(|tag| !tag.is_empty());
        if !is_known {
            return Err(Error::field("matchers", format!("A rule cannot look at “{}”.", matcher.field)));
        }
        if matcher.pattern.chars().count() > MAX_PATTERN {
            return Err(Error::field("matchers", "A pattern has at most 200 characters."));
        }
    }
    let fingerprint: Vec<String> = fingerprint.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
    if fingerprint.is_empty() || fingerprint.len() > MAX_PARTS || fingerprint.iter().any(|part| part.chars().count() > MAX_PATTERN) {
        return Err(Error::field("fingerprint", "A fingerprint has one to 20 parts of at most 200 characters."));
    }
    Ok((matchers, fingerprint))
}

impl Rule {
    pub fn matches(&self, event: &Event) -> bool {
        !self.matchers.is_empty() && self.matchers.iter().all(|matcher| matcher.matches(event))
    }
}

impl Matcher {
    fn matches(&self, event: &Event) -> bool {
        let (is_turned, pattern) = match self.pattern.strip_prefix('!') {
            Some(pattern) => (true, pattern),
            None => (false, self.pattern.as_str()),
        };
        let pattern = Glob::new(pattern);
        is_turned != self.texts(event).into_iter().any(|text| pattern.matches(text))
    }

    fn texts<'a>(&self, event: &'a Event) -> Vec<&'a str> {
        let frames = || event.exceptions.iter().flat_map(|exception| &exception.frames).chain(event.stack.iter().flatten());
        match self.field.as_str() {
            "type" => event.exceptions.iter().map(|exception| exception.kind.as_str()).collect(),
            "value" => event.exceptions.iter().map(|exception| exception.value.as_str()).collect(),
            "message" => event.message.iter().map(|message| message.text()).collect(),
            "module" => frames().map(|frame| frame.module.as_str()).collect(),
            "function" => frames().map(|frame| frame.function.as_str()).collect(),
            "path" => frames().flat_map(|frame| [frame.filename.as_str(), frame.abs_path.as_str()]).collect(),
            "url" => vec![event.request.url.as_str()],
            "transaction" => vec![&event.transaction],
            "level" => vec![event.level.as_str()],
            "logger" => vec![&event.logger],
            "release" => vec![&event.release],
            "environment" => vec![&event.environment],
            field => match field.strip_prefix("tags.") {
                Some(tag) => event.tags.iter().filter(|(key, _)| key == tag).map(|(_, value)| value.as_str()).collect(),
                None => Vec::new(),
            },
        }
    }
}

/// `*` and `?`, without case. Takes time in proportion to text × pattern at worst, never more.
struct Glob(Vec<char>);

impl Glob {
    fn new(pattern: &str) -> Glob {
        Glob(pattern.chars().flat_map(char::to_lowercase).collect())
    }

    fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().take(4_096).flat_map(char::to_lowercase).collect();
        let (mut at, mut place) = (0, 0);
        // Where to go on when what follows the last star does not fit.
        let mut star: Option<(usize, usize)> = None;
        while at < text.len() {
            match self.0.get(place) {
                Some('*') => {
                    star = Some((place, at));
                    place += 1;
                }
                Some(letter) if *letter == '?' || *letter == text[at] => {
                    at += 1;
                    place += 1;
                }
                _ => match star {
                    Some((behind, from)) => {
                        star = Some((behind, from + 1));
                        place = behind + 1;
                        at = from + 1;
                    }
                    None => return false,
                },
            }
        }
        self.0[place..].iter().all(|letter| *letter == '*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_texts_without_case() {
        for (pattern, text, fits) in [
            ("Timeout*", "timeouterror", true),
            ("*timeout", "ReadTimeout", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*", "", true),
            ("", "x", false),
            ("*a*b*c", "xxaxxbxxbc", true),
            ("*a*b*c", "xxaxxbxxcd", false),
        ] {
            assert_eq!(Glob::new(pattern).matches(text), fits, "{pattern} on {text}");
        }
        let (evil, text) = ("*a".repeat(100), "a".repeat(4_000));
        assert!(!Glob::new(&format!("{evil}b")).matches(&text));
    }

    #[test]
    fn a_rule_is_checked_before_it_is_kept() {
        let matcher = |field: &str, pattern: &str| Matcher { field: field.into(), pattern: pattern.into() };
        let fingerprint = || vec!["timeouts".to_owned()];
        assert!(checked(vec![matcher("type", "Timeout*")], fingerprint()).is_ok());
        assert!(checked(vec![matcher("tags.tenant", "acme")], fingerprint()).is_ok());
        for (matchers, parts) in [
            (vec![], fingerprint()),
            (vec![matcher("type", " ")], fingerprint()),
            (vec![matcher("colour", "red")], fingerprint()),
            (vec![matcher("tags.", "x")], fingerprint()),
            (vec![matcher("type", "x")], vec![" ".to_owned()]),
        ] {
            assert!(checked(matchers, parts).is_err());
        }
    }
}
