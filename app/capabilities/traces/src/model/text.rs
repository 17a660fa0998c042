//! Names with their ids taken out, so that `/users/12` and `/users/13` are one endpoint.

/// The longest name that is kept, in characters: the wire's own limit.
pub const MAX_NAME: usize = 200;

/// One line without control characters, at most `max` characters long.
pub fn one_line(text: &str, max: usize) -> String {
    let mut line = String::with_capacity(text.len().min(max * 4));
    for letter in text.trim().chars().take(max) {
        line.push(if letter.is_control() { ' ' } else { letter });
    }
    line
}

/// `GET https://example.com/users/12?page=2` → `GET /users/*`.
pub fn parameterised(name: &str) -> String {
    let line = one_line(name, MAX_NAME * 4);
    let words: Vec<String> = line.split_whitespace().map(word).collect();
    one_line(&words.join(" "), MAX_NAME)
}

fn word(word: &str) -> String {
    let path = match word.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => word,
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').map(|part| if is_id(part) { "*" } else { part }).collect();
    parts.join("/")
}

/// Whether a part of a path names one of many: numbers, uuids, hashes, tokens, addresses.
fn is_id(part: &str) -> bool {
    if part.is_empty() {
        return false;
    }
    if part.contains('@') || part.contains("%40") {
        return true;
    }
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 {
        return part.len() > 40;
    }
    let is_number = part.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.' | b':' | b','));
    let is_long = part.len() >= 20 && digits >= 4;
    is_number || is_long || longest_run(part, |byte| byte.is_ascii_digit()) >= 4 || has_hash(part)
}

/// Eight or more hexadecimal digits on end, some of them figures and some letters.
fn has_hash(part: &str) -> bool {
    part.split(|letter: char| !letter.is_ascii_hexdigit())
        .any(|run| run.len() >= 8 && run.bytes().any(|byte| byte.is_ascii_digit()) && run.bytes().any(|byte| byte.is_ascii_alphabetic()))
}

fn longest_run(part: &str, is_in: impl Fn(u8) -> bool) -> usize {
    let (mut longest, mut run) = (0, 0);
    for byte in part.bytes() {
        run = if is_in(byte) { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}
