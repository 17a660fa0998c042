//! What the list of replays is asked for: `user:ann url:/checkout errors:>0 duration:>60 since:24h`.
//!
//! Words without a name are looked for in person and addresses. What is not understood is told as a problem and does not narrow the list.

use ingest::EventId;
use kernel::Time;
use kernel::ids::ProjectId;
use kernel::time::DAY;
use std::time::Duration;

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
    /// Ids of errors are compared as a whole.
    Error,
    Trace,
    /// The SDK's own id of the replay.
    Replay,
}

/// A moment that somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    At(Time),
    /// So long before now.
    Ago(Duration),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// In lower case.
    Free(String),
    Text(Field, String),
    Number(Count, Compare),
    Project(ProjectId),
    /// Began then or later.
    Since(When),
    /// Began before.
    Until(When),
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
    // Phones begin a question with a capital.
    let (name, lower) = (name.to_lowercase(), value.to_lowercase());
    if !is_known(&name) {
        return if looks_meant(&name, value) { Err(unknown(&name, value)) } else { free() };
    }
    if value.is_empty() {
        return Err(format!("“{name}:” needs something after the colon."));
    }
    if let Some(count) = count(&name) {
        let compare = compare(&lower).ok_or_else(|| format!("“{word}”: please compare with a number, such as {name}:>0."))?;
        return Ok(Term::Number(count, compare));
    }
    if let Some(field) = field(&name) {
        return text(field, lower).ok_or_else(|| format!("“{word}”: {name}: wants an id, 32 digits and letters a to f."));
    }
    match name.as_str() {
        "project" => {
            project(value).map(Term::Project).ok_or_else(|| format!("There is no project “{value}” (by its name, slug or number)."))
        }
        "is" => match lower.as_str() {
            "pinned" => Ok(Term::Pinned),
            "buffered" => Ok(Term::Buffered),
            _ => Err(format!("“{word}”: a replay can be is:pinned or is:buffered.")),
        },
        "has" => {
            has(&lower).ok_or_else(|| format!("“{word}”: it can have a user, url, error, trace, release, environment, browser or os."))
        }
        _ => {
            let is_until = name == "until";
            let when = when(value, is_until).ok_or_else(|| {
                format!("“{word}”: please say a time, such as {name}:24h, {name}:2026-11-30 or {name}:2026-11-30T14:00 (UTC).")
            })?;
            Ok(if is_until { Term::Until(when) } else { Term::Since(when) })
        }
    }
}

fn is_known(name: &str) -> bool {
    field(name).is_some() || count(name).is_some() || matches!(name, "project" | "is" | "has" | "since" | "until")
}

/// Whether an unknown name before a colon was meant as one, and is not the beginning of an address: `https://…`, `localhost:3000/cart`.
fn looks_meant(name: &str, value: &str) -> bool {
    let plain = name.trim_start_matches(['-', '!']);
    let is_name = plain.starts_with(|c: char| c.is_ascii_alphabetic())
        && plain.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let after_digits = value.trim_start_matches(|c: char| c.is_ascii_digit());
    // No host has a low line in its name.
    let is_port = after_digits.len() < value.len() && !name.contains('_') && (after_digits.is_empty() || after_digits.starts_with('/'));
    is_name && !value.starts_with("//") && (!is_port || is_known(plain))
}

fn unknown(name: &str, value: &str) -> String {
    if is_known(name.trim_start_matches(['-', '!'])) {
        return format!("“{name}:{value}”: a term cannot be turned into its opposite.");
    }
    format!("“{name}:” is not known here; see what can be searched for. A part of an address is found with \"url:{name}:{value}\".")
}

/// `None`: no id where one is wanted.
fn text(field: Field, value: String) -> Option<Term> {
    let is_id = match field {
        Field::Error | Field::Replay => EventId::parse(&value).is_some(),
        Field::Trace => value.chars().all(|c| c.is_ascii_hexdigit() || c == '-'),
        _ => true,
    };
    is_id.then_some(Term::Text(field, value))
}

fn has(what: &str) -> Option<Term> {
    match what {
        "errors" => Some(Term::Number(Count::Errors, Compare::Above(0))),
        "rage" => Some(Term::Number(Count::Rage, Compare::Above(0))),
        "dead" => Some(Term::Number(Count::Dead, Compare::Above(0))),
        field_name => field(field_name).map(Term::Has),
    }
}

/// `30m`, `24h`, `7d`, `2026-11-30`, `2026-11-30T14:00`, in UTC. A day that something lasts until is in it.
fn when(text: &str, is_end: bool) -> Option<When> {
    let text = text.to_uppercase().replace(' ', "T");
    if let Some(day) = Time::parse_rfc3339(&format!("{text}T00:00:00Z")) {
        return Some(When::At(if is_end { day + DAY } else { day }));
    }
    let stamp = [format!("{text}:00Z"), format!("{text}Z"), text.clone()].iter().find_map(|stamp| Time::parse_rfc3339(stamp));
    if let Some(at) = stamp {
        return Some(When::At(at));
    }
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "M" => 60,
        "H" => 3_600,
        "D" => 86_400,
        _ => return None,
    };
    Some(When::Ago(Duration::from_secs(u64::from(number.parse::<u32>().ok()?) * seconds)))
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
            // Phones begin with a capital.
            ("User:Ann", Term::Text(Field::User, "ann".to_owned())),
            ("Errors:>0", Term::Number(Count::Errors, Compare::Above(0))),
            ("error:4F2C0000-0000-0000-0000-000000000001", Term::Text(Field::Error, "4f2c0000-0000-0000-0000-000000000001".to_owned())),
            ("trace:0af7", Term::Text(Field::Trace, "0af7".to_owned())),
            ("since:24h", Term::Since(When::Ago(Duration::from_secs(86_400)))),
            ("until:7d", Term::Until(When::Ago(Duration::from_secs(7 * 86_400)))),
            ("since:2026-03-02", Term::Since(When::At(Time(1_772_409_600_000)))),
            ("until:2026-03-02", Term::Until(When::At(Time(1_772_409_600_000) + DAY))),
            ("since:2026-03-02T14:30", Term::Since(When::At(Time(1_772_461_800_000)))),
            ("\"until:2026-03-02 14:30\"", Term::Until(When::At(Time(1_772_461_800_000)))),
            ("until:2026-03-02t14:30:00+01:00", Term::Until(When::At(Time(1_772_458_200_000)))),
            // An address is no name with a value.
            ("https://shop.example/a", Term::Free("https://shop.example/a".to_owned())),
            ("localhost:3000/cart", Term::Free("localhost:3000/cart".to_owned())),
            ("shop.example:8080", Term::Free("shop.example:8080".to_owned())),
            ("/wiki/talk:cart", Term::Free("/wiki/talk:cart".to_owned())),
        ];
        for (text, wanted) in cases {
            let search = parse(text);
            assert_eq!((search.terms, search.problems), (vec![wanted], Vec::<String>::new()), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_told() {
        let texts = [
            "duration:long",
            "project:nope",
            "is:nice",
            "has:luck",
            "user:",
            "errors:>",
            "rage:-1",
            "-url:/admin",
            "!has:user",
            "-errors:5",
            "user.email:ann",
            "count_errors:>0",
            "count_errors:5",
            "TypeError:",
            "error:TypeError",
            "replay:7",
            "trace:nothing",
            "since:yesterday",
            "until:",
            "since:-3h",
            "since:2026-13-01",
            "until:é",
        ];
        for text in texts {
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
