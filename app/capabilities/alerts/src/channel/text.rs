//! Cutting and escaping text for the wire. Lengths are counted in UTF-16 units of what is really sent, the strictest of the ways in which
//! receivers count characters; a cut never splits an escape.

use serde_json::Value;

/// At most `max` UTF-16 units, escaped by `escape` (a character's replacement, `None` = as it is); control characters but line breaks become blanks.
pub fn clip(text: &str, max: usize, escape: impl Fn(char) -> Option<&'static str>) -> String {
    clip_by(text, max, escape, char::len_utf16)
}

/// Like [`clip`], counted in bytes.
pub fn clip_bytes(text: &str, max: usize) -> String {
    clip_by(text, max, |_| None, char::len_utf8)
}

/// As it is, on one line.
pub fn line(text: &str, max: usize) -> String {
    clip(&text.replace(['\n', '\r', '\t'], " "), max, |_| None)
}

/// The fullest of a few versions whose JSON has at most `limit` bytes: a total cannot be kept by the limits of the parts alone, because
/// escapes and scripts need several bytes a character. `build` gets the share of each part's length in percent.
pub fn fitting(limit: usize, build: impl Fn(usize) -> Value) -> Value {
    for percent in [100, 50, 25, 10] {
        let body = build(percent);
        if body.to_string().len() <= limit {
            return body;
        }
    }
    build(5)
}

/// What the HTML modes of Slack and Telegram want: exactly these three.
pub fn angle(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    }
}

/// Keeps `@everyone` and `@name` from calling anybody: a word joiner after an `@` that does not stand inside a word (addresses stay whole).
pub fn calm_mentions(text: &str) -> String {
    let mut calm = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        calm.push(c);
        if c == '@' && !before.is_alphanumeric() {
            calm.push('\u{2060}');
        }
        before = c;
    }
    calm
}

fn clip_by(text: &str, max: usize, escape: impl Fn(char) -> Option<&'static str>, count: impl Fn(char) -> usize) -> String {
    let mut clipped = String::new();
    let mut length = 0;
    // The length before the last pieces, to make room for the ellipsis.
    let mut ends: Vec<(usize, usize)> = Vec::new();
    for c in text.chars() {
        let c = if c.is_control() && c != '\n' { ' ' } else { c };
        let piece_length: usize = escape(c).map_or_else(|| count(c), |piece| piece.chars().map(&count).sum());
        if length + piece_length > max {
            return ellipsis(clipped, &ends, max, count('…'));
        }
        ends.push((clipped.len(), length));
        match escape(c) {
            Some(piece) => clipped.push_str(piece),
            None => clipped.push(c),
        }
        length += piece_length;
    }
    clipped
}

fn ellipsis(mut clipped: String, ends: &[(usize, usize)], max: usize, room: usize) -> String {
    let Some((at, _)) = ends.iter().rev().find(|(_, length)| length + room <= max) else {
        return String::new();
    };
    clipped.truncate(*at);
    clipped.push('…');
    clipped
}
