//! What the list of replays is asked for: `user:ann url:/checkout errors:>0 duration:>60`.
//!
//! Words without a name are looked for in person and addresses. What is not understood is told as a problem and does not narrow the list.

use kernel::ids::ProjectId;

/// Longer questions are cut.
const LONGEST: usize = 500;
const MOST_TERMS: usize = 20;

/// A comparison with a whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    Above(i64),
    AtLeast(i64),
    Below(i64),
    AtMost(i64),
    Equal(i64),
}

/// A column that is a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Seconds.
    Duration,
    Errors,
    Rage,
    Dead,
    Slow,
    Abandoned,
    UTurns,
    Segments,
}

/// A column that is a text, compared without regard to case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    User,
    Url,
    Release,
    Environment,
    Browser,
    Os,
    /// Ids of errors and traces are compared as a whole.
    Error,
    Trace,
    /// The SDK's own id of the replay.
    Replay,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// In lower case.
    Free(String),
    Text(Field, String),
    Number(Count, Compare),
    Project(ProjectId),
    Pinned,
    /// Kept because an error happened.
    Buffered,
    /// Has something in this field.
    Has(Field),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    pub text: String,
    pub terms: Vec<Term>,
    /// Sentences about what was not understood.
    pub problems: Vec<String>,
}

impl Search {
    /// `project` gives the id of a project by its slug, name or number.
    pub fn parse(text: &str, project: &dyn Fn(&str) -> Option<ProjectId>) -> Search {
        let text: String = text.chars().take(LONGEST).collect();
        let mut search = Search { text: text.trim().to_owned(), ..Search::default() };
        for word in words(&text).into_iter().take(MOST_TERMS) {
            match term(&word, project) {
                Ok(term) => search.terms.push(term),
                Err(problem) => search.problems.push(problem),
            }
        }
        search
    }
}

/// At spaces, except within quotes, which go away.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            c if c.is_whitespace() && !is_quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

fn term(word: &str, project: &dyn Fn(&str) -> Option<ProjectId>) -> Result<Term, String> {
    let free = || Ok(Term::Free(word.to_lowercase()));
    let Some((name, value)) = word.split_once(':') else { return free() };
    let lower = value.to_lowercase();
    let is_known = field(name).is_some() || count(name).is_some() || matches!(name, "project" | "is" | "has");
    if is_known && value.is_empty() {
        return Err(format!("“{name}:” needs something after the colon."));
    }
    if let Some(count) = count(name) {
        let compare = compare(value).ok_or_else(|| format!("“{word}”: please compare with a number, such as {name}:>0."))?;
        return Ok(Term::Number(count, compare));
    }
    match name {
        "project" => {
            project(value).map(Term::Project).ok_or_else(|| format!("There is no project “{value}” (by its name, slug or number)."))
        }
        "is" => match lower.as_str() {
            "pinned" => Ok(Term::Pinned),
            "buffered" => Ok(Term::Buffered),
            _ => Err(format!("“{word}”: a replay can be is:pinned or is:buffered.")),
        },
        "has" => match field(&lower) {
            Some(field) => Ok(Term::Has(field)),
            None if matches!(lower.as_str(), "errors" | "rage" | "dead") => {
                Ok(Term::Number(count(&lower).unwrap_or(Count::Errors), Compare::Above(0)))
            }
            None => Err(format!("“{word}”: it can have a user, url, error, trace, release, environment, browser or os.")),
        },
        _ => field(name).map_or_else(free, |field| Ok(Term::Text(field, lower.clone()))),
    }
}

fn field(name: &str) -> Option<Field> {
    Some(match name {
        "user" | "person" => Field::User,
        "url" | "page" => Field::Url,
        "release" => Field::Release,
        "environment" | "env" => Field::Environment,
        "browser" => Field::Browser,
        "os" => Field::Os,
        "error" => Field::Error,
        "trace" => Field::Trace,
        "replay" | "id" => Field::Replay,
        _ => return None,
    })
}

fn count(name: &str) -> Option<Count> {
    Some(match name {
        "duration" => Count::Duration,
        "errors" => Count::Errors,
        "rage" => Count::Rage,
        "dead" => Count::Dead,
        "slow" => Count::Slow,
        "abandoned" => Count::Abandoned,
        "uturns" | "u_turns" => Count::UTurns,
        "segments" => Count::Segments,
        _ => return None,
    })
}

fn compare(text: &str) -> Option<Compare> {
    let number = |text: &str| text.trim_end_matches('s').parse::<u32>().ok().map(i64::from);
    if let Some(rest) = text.strip_prefix(">=") {
        return number(rest).map(Compare::AtLeast);
    }
    if let Some(rest) = text.strip_prefix("<=") {
        return number(rest).map(Compare::AtMost);
    }
    match text.as_bytes().first()? {
        b'>' => number(&text[1..]).map(Compare::Above),
        b'<' => number(&text[1..]).map(Compare::Below),
        b'=' => number(&text[1..]).map(Compare::Equal),
        _ => number(text).map(Compare::Equal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Search {
        Search::parse(text, &|name| (name == "shop").then_some(ProjectId(4)))
    }

    #[test]
    fn each_name_narrows_by_its_own_column() {
        let cases = [
            ("ann", Term::Free("ann".to_owned())),
            ("\"Ann B\"", Term::Free("ann b".to_owned())),
            ("user:Ann@Example.com", Term::Text(Field::User, "ann@example.com".to_owned())),
            ("url:/checkout", Term::Text(Field::Url, "/checkout".to_owned())),
            ("url:\"/a b\"", Term::Text(Field::Url, "/a b".to_owned())),
            ("duration:>60", Term::Number(Count::Duration, Compare::Above(60))),
            ("duration:<=90s", Term::Number(Count::Duration, Compare::AtMost(90))),
            ("errors:>0", Term::Number(Count::Errors, Compare::Above(0))),
            ("rage:2", Term::Number(Count::Rage, Compare::Equal(2))),
            ("dead:>=1", Term::Number(Count::Dead, Compare::AtLeast(1))),
            ("project:shop", Term::Project(ProjectId(4))),
            ("is:pinned", Term::Pinned),
            ("has:user", Term::Has(Field::User)),
            ("has:rage", Term::Number(Count::Rage, Compare::Above(0))),
            // An address is no name with a value.
            ("https://shop.example/a", Term::Free("https://shop.example/a".to_owned())),
        ];
        for (text, wanted) in cases {
            let search = parse(text);
            assert_eq!((search.terms, search.problems), (vec![wanted], Vec::<String>::new()), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_told() {
        for text in ["duration:long", "project:nope", "is:nice", "has:luck", "user:", "errors:>", "rage:-1"] {
            let search = parse(text);
            assert_eq!((search.terms.len(), search.problems.len()), (0, 1), "{text}");
        }
    }

    #[test]
    fn whatever_is_asked_has_an_end() {
        let search = parse(&"a ".repeat(10_000));
        assert!(search.terms.len() <= MOST_TERMS);
        assert!(parse("\"\"  ").terms.is_empty());
    }
}
