//! E-mail addresses in URLs, paths and queries.

use super::{Found, Mode};

pub fn find(text: &str, mode: Mode, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(sign) = bytes[at..].iter().position(|byte| matches!(byte, b'@' | b'%')).map(|next| at + next) {
        at = sign + 1;
        let len = match &bytes[sign..] {
            [b'@', ..] => 1,
            [b'%', b'4', b'0', ..] => 3,
            _ => continue,
        };
        if let Some((start, end)) = around(bytes, sign, len)
            && (mode == Mode::Query || len == 3 || is_in_address(bytes, start))
        {
            found.push(Found { start, end, rule: "@email" });
            at = end;
        }
    }
}

/// Where the address around its sign begins and ends.
fn around(bytes: &[u8], sign: usize, len: usize) -> Option<(usize, usize)> {
    let is_local = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'+' | b'-' | b'%');
    let start = sign - bytes[..sign].iter().rev().take(64).take_while(|byte| is_local(byte)).count();
    // `email%3Dann%40example.com`: what is encoded before is no part of it.
    let start = bytes[start..sign]
        .windows(3)
        .rposition(|part| matches!(part, [b'%', b'2' | b'3', b'6' | b'F' | b'f' | b'D' | b'd']))
        .map_or(start, |at| start + at + 3);
    let is_domain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let from = sign + len;
    let mut end = from + bytes[from..].iter().take(255).take_while(|byte| is_domain(byte)).count();
    while end > from && matches!(bytes[end - 1], b'.' | b'-') {
        end -= 1;
    }
    let domain = &bytes[from..end];
    let dot = domain.iter().rposition(|byte| *byte == b'.')?;
    let last = &domain[dot + 1..];
    // `react-dom@18.2.0`, `sprite@2x.png`
    let is_file =
        ["js", "mjs", "cjs", "ts", "css", "map", "json", "html", "png", "jpg", "jpeg", "svg", "webp", "avif", "gif", "woff", "ttf"]
            .iter()
            .any(|ending| last.eq_ignore_ascii_case(ending.as_bytes()));
    (start < sign && dot > 0 && last.len() >= 2 && last.iter().all(u8::is_ascii_alphabetic) && !is_file).then_some((start, end))
}

/// Whether what begins here is part of a URL, a path or a query.
fn is_in_address(bytes: &[u8], start: usize) -> bool {
    let is_outside = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'(' | b'`');
    let word = &bytes[..start];
    let word = &word[word.iter().rev().take(256).position(is_outside).map_or(word.len().saturating_sub(256), |back| word.len() - back)..];
    match word.last() {
        // `ssh://git@example.com`: who signs in, and not in the path.
        Some(b'/') => !word.ends_with(b"://"),
        Some(b'?' | b'&') => true,
        Some(b'=') => word.iter().any(|byte| matches!(byte, b'?' | b'&' | b'/')) || word.len() == start,
        Some(b':') => word.ends_with(b"mailto:"),
        Some(b',' | b';') => word.starts_with(b"/") || word.windows(3).any(|part| part == b"://"),
        _ => false,
    }
}
