//! What is left of a message when everything that differs from event to event is taken out.

use regex::Regex;
use std::borrow::Cow;
use std::sync::LazyLock;

/// Of a message the first two lines tell what it is; dumps follow.
const MAX_LINES: usize = 2;
const MAX_LENGTH: usize = 500;

/// In this order; the first that fits at a place wins, so that an address is not taken for a number with dots.
const KINDS: &[(&str, &str)] = &[
    ("email", r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+"),
    ("url", r#"\b[a-z][a-z0-9+.-]{1,20}://[^\s'"<>)\]]+"#),
    ("traceparent", r"\b00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]\b"),
    ("uuid", r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b"),
    ("sha", r"\b(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{40})\b"),
    ("md5", r"\b[0-9a-fA-F]{32}\b"),
    (
        "date",
        r"\b(?:\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?: ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?)?|\d{1,2}/\d{1,2}/\d{2,4}|\d{1,2}:\d{2}:\d{2}(?:[.,]\d{1,9})?|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? \d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2}(?: (?:GMT|UTC|[+-]\d{4}))?|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}\d{1,2}(?: \d{2}:\d{2}:\d{2})? \d{4})",
    ),
    (
        "ip",
        r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d{1,5})?\b|\b(?:[0-9a-fA-F]{1,4}:){4,7}[0-9a-fA-F]{1,4}\b|\b(?:[0-9a-fA-F]{1,4}:){1,6}:(?:[0-9a-fA-F]{1,4}\b)?",
    ),
    ("duration", r"\b\d+(?:\.\d+)? ?(?:ns|µs|us|ms|s|sec|secs|seconds|min|mins|minutes|h|hours|days)\b"),
    ("hex", r"\b0[xX][0-9a-fA-F]+\b"),
    // `user_3195`, `order-77`, `ORD-2024-0001`: no word boundary lies before their digits.
    ("id", r"\b[A-Za-z][A-Za-z]*(?:[_#:-][A-Za-z0-9]*\d[A-Za-z0-9]*)+\b"),
    ("float", r"[-+]?\b\d+\.\d+(?:[eE][-+]?\d+)?\b"),
    ("int", r"[-+]?\b\d+\b"),
    ("token", r"\b[A-Za-z0-9]*\d[A-Za-z0-9]*\b"),
    ("quoted", r#"="(?:[^"\\]|\\.)*"|='(?:[^'\\]|\\.)*'"#),
];

static VARYING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let all: Vec<String> = KINDS.iter().map(|(name, pattern)| format!("(?P<{name}>{pattern})")).collect();
    Regex::new(&all.join("|")).ok()
});

/// `User 42 not found at 12:03:11` → `User <int> not found at <date>`.
pub fn template(message: &str) -> String {
    let mut lines = message.lines().map(str::trim).filter(|line| !line.is_empty()).take(MAX_LINES);
    let (first, second) = (lines.next().unwrap_or_default(), lines.next());
    let text: Cow<'_, str> = match second {
        Some(second) => Cow::Owned(format!("{first}\n{second}")),
        None => Cow::Borrowed(first),
    };
    let text = match text.char_indices().nth(MAX_LENGTH) {
        Some((end, _)) => &text[..end],
        None => &text,
    };
    // Most messages have nothing that varies.
    let may_vary = text.bytes().any(|byte| byte.is_ascii_digit() || matches!(byte, b'@' | b'=')) || text.contains("://") || has_hex(text);
    let Some(varying) = VARYING.as_ref().filter(|_| may_vary) else { return text.to_owned() };
    varying.replace_all(text, |found: &regex::Captures<'_>| replacement(found)).into_owned()
}

/// A digest can consist of letters only.
fn has_hex(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_hexdigit()).any(|run| run.len() >= 32)
}

fn replacement(found: &regex::Captures<'_>) -> String {
    let Some((name, text)) = KINDS.iter().find_map(|(name, _)| found.name(name).map(|text| (*name, text.as_str()))) else {
        return String::new();
    };
    match name {
        // The word before the id says of what it is one.
        "id" => match text.find(['_', '#', ':', '-']) {
            Some(place) => format!("{}{}<id>", &text[..place], &text[place..=place]),
            None => "<id>".to_owned(),
        },
        "quoted" => "=<quoted>".to_owned(),
        // `utf8`, `sha256`, `h2`: names with a digit; what is an id mixes them.
        "token" if !is_mixed(text) => text.to_owned(),
        "token" => "<hex>".to_owned(),
        name => format!("<{name}>"),
    }
}

/// Eight characters or more that change between letters and digits at least twice, or hexadecimal of seven or more with both.
fn is_mixed(text: &str) -> bool {
    let bytes = text.as_bytes();
    let changes = bytes.windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count();
    let is_hex = bytes.iter().all(u8::is_ascii_hexdigit) && bytes.iter().any(u8::is_ascii_alphabetic);
    (bytes.len() >= 8 && changes >= 2) || (bytes.len() >= 7 && is_hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_varies_is_named_and_what_means_something_stays() {
        for (message, wanted) in [
            ("User 42 not found", "User <int> not found"),
            ("user_3195 has no plan", "user_<id> has no plan"),
            ("order ORD-2024-0001 failed", "order ORD-<id> failed"),
            ("mail to ada@example.com bounced", "mail to <email> bounced"),
            ("GET https://api.example.com/v1/users/7?x=1 failed", "GET <url> failed"),
            ("connect to 10.1.2.3:5432 refused", "connect to <ip> refused"),
            ("connect to fe80:0:0:1:2:3:4:5 refused", "connect to <ip> refused"),
            ("job 0f8fad5b-d9cb-469f-a165-70867728950e died", "job <uuid> died"),
            ("blob da39a3ee5e6b4b0d3255bfef95601890afd80709 is gone", "blob <sha> is gone"),
            ("etag d41d8cd98f00b204e9800998ecf8427e", "etag <md5>"),
            ("at 2026-11-23T14:39:00.123Z", "at <date>"),
            ("at 2026-11-23 14:39:00", "at <date>"),
            ("on 2026-11-23", "on <date>"),
            ("Mon, 23 Nov 2026 14:39:00 GMT", "<date>"),
            ("took 153 ms", "took <duration>"),
            ("took 1.5s", "took <duration>"),
            ("segfault at 0x7ffe12", "segfault at <hex>"),
            ("ratio 0.75 of -3", "ratio <float> of <int>"),
            (r#"token="abc" is bad"#, "token=<quoted> is bad"),
            ("commit 3f2a9c1 is unknown", "commit <hex> is unknown"),
            ("utf8 and sha256 and h2 stay", "utf8 and sha256 and h2 stay"),
            ("std::vec::Vec has no such thing", "std::vec::Vec has no such thing"),
            ("nothing varies", "nothing varies"),
            ("", ""),
        ] {
            assert_eq!(template(message), wanted, "{message}");
        }
    }

    #[test]
    fn only_the_first_two_lines_count_and_nothing_is_too_long() {
        assert_eq!(template("\n a 1 \n\n b \n c"), "a <int>\nb");
        assert!(template(&"é".repeat(10_000)).chars().count() <= MAX_LENGTH);
        assert!(VARYING.is_some(), "the pattern compiles");
    }
}
