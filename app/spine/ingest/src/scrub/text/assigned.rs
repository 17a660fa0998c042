//! Names with values inside of a text. The name decides, the way it is written decides where the value ends.

use super::super::FILTERED;
use super::super::keys::{Names, Verdict, is_query_secret};
use super::{Found, Mode};

/// Names are looked for this far back from their sign.
const LONGEST_NAME: usize = 80;

/// Of a value without quotes this much decides whether it goes. What stays is looked at again from the next sign on: without a bound the
/// work would grow with the square of the text.
const DECIDING: usize = 512;

pub fn find(text: &str, mode: Mode, names: &Names, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(sign) = bytes[at..].iter().position(|byte| matches!(byte, b'=' | b':')).map(|next| at + next) {
        at = sign + 1;
        let part = if bytes[sign..].starts_with(b"://") { userinfo(text, sign) } else { value(text, sign, mode, names) };
        if let Some(part) = part {
            at = part.end;
            found.push(part);
        }
    }
}

/// `https://USER:PASSWORD@host`.
fn userinfo(text: &str, colon: usize) -> Option<Found> {
    let start = colon + 3;
    let is_end =
        |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\' | b',');
    let authority = &text.as_bytes()[start..];
    let authority = &authority[..authority.iter().position(|byte| is_end(*byte)).unwrap_or(authority.len())];
    let end = authority.iter().rposition(|byte| *byte == b'@')?;
    let before = &text[start..start + end];
    let scheme = &text[..colon];
    // Bundlers put versions there (`webpack://shop@1.0/./src`), and `git` is everybody's name.
    let is_harmless = before.is_empty() || before == "git" || before == FILTERED || scheme.ends_with("webpack") || scheme.ends_with("app");
    (!is_harmless).then_some(Found { start, end: start + end, rule: "@userpass" })
}

/// How the name before the sign is written.
struct Name<'t> {
    text: &'t str,
    is_quoted: bool,
    is_spaced: bool,
    /// Behind `?` or `&`.
    follows_query: bool,
    /// There, or first of a text: a parameter.
    is_parameter: bool,
}

fn name(text: &str, sign: usize) -> Option<Name<'_>> {
    let bytes = text.as_bytes();
    let mut end = sign;
    let spaces = bytes[..end].iter().rev().take(3).take_while(|byte| **byte == b' ').count();
    end -= spaces;
    let is_quoted = matches!(bytes[..end].last(), Some(b'"' | b'\''));
    if is_quoted {
        end -= 1;
        end -= bytes[..end].iter().rev().take(16).take_while(|byte| **byte == b'\\').count();
    }
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$' | b'[' | b']' | b'%');
    let len = bytes[..end].iter().rev().take(LONGEST_NAME).take_while(|byte| is_part(byte)).count();
    let start = end - len;
    let follows_query = start > 0 && matches!(bytes[start - 1], b'?' | b'&');
    (len > 1).then(|| Name {
        text: &text[start..end],
        is_quoted,
        is_spaced: spaces > 0,
        follows_query,
        is_parameter: start == 0 || follows_query,
    })
}

fn value(text: &str, sign: usize, mode: Mode, names: &Names) -> Option<Found> {
    let bytes = text.as_bytes();
    let before = sign.checked_sub(1).map(|at| bytes[at]);
    // Comparisons and paths (`a == b`, `Foo::bar`) assign nothing.
    if matches!(bytes.get(sign + 1), Some(b'=' | b':')) || matches!(before, Some(b'=' | b'!' | b'<' | b'>' | b':')) {
        return None;
    }
    let name = name(text, sign)?;
    if mode == Mode::Code && !name.is_parameter {
        return None;
    }
    let verdict = match names.verdict(name.text, std::iter::empty()) {
        Some(verdict) => verdict,
        None if name.is_parameter && is_query_secret(name.text) => Verdict { rule: "@token", takes_numbers: true, takes_all: false },
        None => return None,
    };
    if names.is_safe(name.text, std::iter::empty()) {
        return None;
    }
    let mut start = sign + 1;
    // `"password" => "…"`
    start += usize::from(bytes.get(start) == Some(&b'>'));
    let spaces = bytes[start..].iter().take(3).take_while(|byte| **byte == b' ').count();
    start += spaces;
    // Gone already, maybe cut off; its end is not looked for again and again.
    if text[start..].starts_with("[Filtered") {
        return None;
    }
    let is_spaced = name.is_spaced || (spaces > 0 && bytes[sign] == b'=');
    let is_colon = bytes[sign] == b':';
    let (start, end) = match quote(text, start) {
        Some((from, to)) => (from, to),
        // A literal in a line of source can hold a query.
        None if mode == Mode::Source && !name.follows_query => return None,
        None if matches!(bytes.get(start), Some(b'{' | b'[')) => bracketed(bytes, start, name.is_quoted)?,
        None => bare(
            text,
            start,
            &Bare { verdict, is_quoted_name: name.is_quoted, is_loose: is_spaced || (is_colon && !name.is_quoted), is_colon },
        )?,
    };
    (end > start && !is_nothing(&text[start..end])).then_some(Found { start, end, rule: verdict.rule })
}

/// A value in quotes, which may be escaped any number of times: JSON in JSON. Without its end it goes to the text's: it was cut off.
fn quote(text: &str, start: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    // Python's `u'…'` and `b'…'`.
    let prefix = usize::from(matches!(bytes.get(start), Some(b'u' | b'b')) && matches!(bytes.get(start + 1), Some(b'"' | b'\'')));
    let slashes = bytes.get(start + prefix..)?.iter().take(16).take_while(|byte| **byte == b'\\').count();
    let quote = *bytes.get(start + prefix + slashes).filter(|byte| matches!(byte, b'"' | b'\''))?;
    let from = start + prefix + slashes + 1;
    let mut run = 0;
    for (at, byte) in bytes[from..].iter().enumerate() {
        if *byte == quote && if slashes == 0 { run % 2 == 0 } else { run == slashes } {
            return Some((from, from + at - slashes.min(run)));
        }
        run = if *byte == b'\\' { run + 1 } else { 0 };
    }
    Some((from, text.len()))
}

/// An object or list. Of a name that is not quoted only `[…]` without spaces counts: prose has brackets, too.
fn bracketed(bytes: &[u8], start: usize, is_quoted_name: bool) -> Option<(usize, usize)> {
    if !is_quoted_name {
        return None;
    }
    let mut depth = 0_usize;
    for (at, byte) in bytes[start..].iter().enumerate() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let is_empty = bytes[start + 1..start + at].iter().all(u8::is_ascii_whitespace);
            return (!is_empty).then_some((start, start + at + 1));
        }
    }
    Some((start, bytes.len()))
}

struct Bare {
    verdict: Verdict,
    is_quoted_name: bool,
    /// Written as prose is (`Invalid token: expected…`): only what looks like a secret is one.
    is_loose: bool,
    is_colon: bool,
}

/// A value without quotes: up to whatever ends one.
fn bare(text: &str, start: usize, how: &Bare) -> Option<(usize, usize)> {
    let rest = &text[start..];
    let near = &rest[..rest.floor_char_boundary(DECIDING)];
    let is_end = |c: char| c.is_whitespace() || matches!(c, '&' | ';' | ',' | '"' | '\'' | '<' | '>' | ')' | '}' | ']' | '`' | '|');
    let word = &near[..near.find(is_end).unwrap_or(near.len())];
    let is_cut = word.len() == near.len() && near.len() < rest.len();
    let is_number = !is_cut && word.parse::<f64>().is_ok();
    if (!is_cut && is_placeholder(word)) || (is_number && !how.verdict.takes_numbers) {
        return None;
    }
    if how.is_colon && !how.is_quoted_name && matches!(how.verdict.rule, "@cookie" | "@authorization") {
        return header(rest, near, how.verdict).map(|len| (start, start + len));
    }
    let goes = !how.is_loose || (is_strong(how.verdict) && looks_secret(word));
    goes.then(|| (start, start + rest.find(is_end).unwrap_or(rest.len())))
}

/// `Cookie: a=b; c=d` goes to the end of its line, `Authorization: Basic …` with both of its words.
fn header(rest: &str, near: &str, verdict: Verdict) -> Option<usize> {
    let is_end = |c: char| matches!(c, '\n' | '\r' | '"' | '\'');
    let until = |text: &str, is_end: &dyn Fn(char) -> bool| text.find(is_end).unwrap_or(text.len());
    let line = &near[..until(near, &is_end)];
    if verdict.rule == "@cookie" {
        return line.contains('=').then(|| rest[..until(rest, &is_end)].trim_end().len());
    }
    let word_from = |from: usize| from + until(&rest[from..], &|c| c == ' ' || is_end(c));
    let mut words = line.split(' ');
    let first = words.next().unwrap_or_default();
    let is_scheme = ["basic", "bearer", "digest", "token", "apikey", "negotiate"].iter().any(|scheme| first.eq_ignore_ascii_case(scheme));
    match (is_scheme, words.next()) {
        (true, Some(second)) if looks_secret(second) => Some(word_from(first.len() + 1)),
        (false, _) if looks_secret(first) => Some(word_from(0)),
        _ => None,
    }
}

/// In prose only what is clearly the name of a secret counts.
fn is_strong(verdict: Verdict) -> bool {
    verdict.takes_numbers || matches!(verdict.rule, "@token" | "@ip")
}

/// Long enough and no word: has a digit, or capitals inside, or signs that words do not have.
fn looks_secret(word: &str) -> bool {
    let word = word.trim_end_matches(['.', '!', '?', ':']);
    let is_odd = |(at, byte): (usize, u8)| {
        byte.is_ascii_digit()
            || (at > 0 && byte.is_ascii_uppercase())
            || matches!(byte, b'!' | b'#' | b'$' | b'%' | b'^' | b'*' | b'+' | b'/' | b'@')
    };
    word.len() >= 6 && word.bytes().enumerate().any(is_odd) && !word.contains('(')
}

/// Nothing, or what stands for a value: `null`, `$1`, `%s`, `:token`, `{token}`, `***`.
fn is_placeholder(word: &str) -> bool {
    let is_word = ["null", "none", "nil", "undefined", "true", "false"].iter().any(|one| word.eq_ignore_ascii_case(one));
    let is_bound =
        word.starts_with(['$', '?', ':', '{', '%', '<']) && word.len() < 40 && !word.starts_with("%2") && !word.starts_with("%3");
    is_word || is_bound || is_nothing(word)
}

fn is_nothing(value: &str) -> bool {
    value.starts_with("[Filtered") || !value.bytes().any(|byte| byte.is_ascii_alphanumeric() || byte >= 0x80)
}
