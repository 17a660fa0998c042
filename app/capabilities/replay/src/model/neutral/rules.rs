//! Names of elements and attributes, addresses, style sheets: what of them stays.

use std::borrow::Cow;

/// In the place of a picture that would be fetched: one transparent pixel.
pub const PIXEL: &str = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";
/// Elements whose place is kept and whose nature is not: a player hides it.
const INERT: &str = "noscript";

/// The name under which an element is built. What runs, embeds or changes the base of addresses is something else.
pub fn element(name: &str) -> &str {
    let is_name = !name.is_empty()
        && name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':'));
    if !is_name {
        return "div";
    }
    // `svg:script` is one, too.
    let local = name.rsplit(':').next().unwrap_or_default();
    let is_active = [
        "script",
        "object",
        "embed",
        "applet",
        "base",
        "frame",
        "frameset",
        "portal",
        "fencedframe",
        "webview",
        "param",
        "handler",
        "listener",
    ]
    .iter()
    .any(|active| local.eq_ignore_ascii_case(active));
    if is_active { INERT } else { name }
}

/// What becomes of an attribute.
#[derive(Debug, PartialEq, Eq)]
pub enum Fate<'a> {
    Same,
    Gone,
    Other(Cow<'a, str>),
}

/// `element` is its name as far as it is known: attributes that come before it are judged the hardest.
pub fn attribute<'a>(element: Option<&str>, name: &str, value: &'a str) -> Fate<'a> {
    let lower = name.to_ascii_lowercase();
    let local = lower.rsplit(':').next().unwrap_or_default();
    if !is_attribute_name(name) || local.starts_with("on") || is_dropped(local) {
        return Fate::Gone;
    }
    if is_address(local) {
        return address(element, local, value);
    }
    if runs(value) {
        return Fate::Gone;
    }
    if matches!(local, "style" | "_csstext") || may_fetch(value) {
        return match style(value) {
            Cow::Borrowed(_) => Fate::Same,
            changed => Fate::Other(changed),
        };
    }
    Fate::Same
}

/// What a page may call an attribute, `@click` of templates among it.
fn is_attribute_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 256
        && !name.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '>' | '<' | '/' | '='))
}

/// Nothing to look at, and each of them sends, loads or runs something.
fn is_dropped(name: &str) -> bool {
    matches!(
        name,
        "srcdoc"
            | "http-equiv"
            | "content"
            | "ping"
            | "formaction"
            | "action"
            | "manifest"
            | "dynsrc"
            | "lowsrc"
            | "longdesc"
            | "profile"
            | "classid"
            | "codebase"
            | "archive"
            | "code"
            | "autofocus"
            | "download"
            | "allow"
            | "sandbox"
            | "csp"
            | "is"
            | "nonce"
            | "integrity"
            | "srcset"
            | "imagesrcset"
            | "attributionsrc"
            | "popovertarget"
            | "base"
    )
}

fn is_address(name: &str) -> bool {
    matches!(name, "src" | "href" | "poster" | "data" | "background" | "cite" | "rr_dataurl" | "rr_src" | "rr_captured" | "usemap")
}

fn address<'a>(element: Option<&str>, name: &str, value: &'a str) -> Fate<'a> {
    let plain = plain(value);
    let is_fragment = plain.starts_with('#');
    let element = element.map(str::to_ascii_lowercase);
    let element = element.as_deref().unwrap_or_default();
    match (name, element) {
        ("href", _) if is_fragment => Fate::Same,
        ("usemap", _) if is_fragment => Fate::Same,
        // It still looks like a link, and leads nowhere.
        ("href", "a" | "area") => Fate::Other(Cow::Borrowed("#")),
        ("src" | "poster" | "rr_dataurl" | "href", "img" | "image" | "input" | "video" | "canvas") if is_picture(&plain) => Fate::Same,
        ("src", "source" | "audio" | "video" | "track") if is_sound(&plain) => Fate::Same,
        ("src", "img" | "input") => Fate::Other(Cow::Borrowed(PIXEL)),
        _ => Fate::Gone,
    }
}

/// Without what browsers skip in an address, in lower case; enough of it to see what kind it is.
fn plain(value: &str) -> String {
    value.chars().filter(|c| !c.is_whitespace() && !c.is_control() && *c != '\u{feff}').take(64).flat_map(char::to_lowercase).collect()
}

fn is_picture(plain: &str) -> bool {
    let kinds = ["png", "jpeg", "jpg", "gif", "webp", "avif", "bmp", "x-icon", "vnd.microsoft.icon", "svg+xml"];
    is_data(plain, "image/", &kinds)
}

fn is_sound(plain: &str) -> bool {
    plain.starts_with("data:audio/") || plain.starts_with("data:video/")
}

fn is_data(plain: &str, group: &str, kinds: &[&str]) -> bool {
    let Some(kind) = plain.strip_prefix("data:").and_then(|rest| rest.strip_prefix(group)) else { return false };
    let end = kind.find([';', ',']).unwrap_or(kind.len());
    kinds.contains(&&kind[..end])
}

/// Whether a value holds a program, wherever it stands: drawings animate addresses by lists of them.
fn runs(value: &str) -> bool {
    if !value.contains(':') {
        return false;
    }
    let squeezed: String = value.chars().filter(|c| !c.is_whitespace() && !c.is_control()).flat_map(char::to_lowercase).collect();
    ["javascript:", "vbscript:", "livescript:", "data:text/html", "data:application/xhtml", "data:text/xml", "data:application/xml"]
        .iter()
        .any(|scheme| squeezed.contains(scheme))
}

/// Words with which a style sheet fetches something.
const FETCHING: [&str; 4] = ["url(", "@import", "image-set(", "image("];

/// Whether a text could fetch something if it were a style.
pub fn may_fetch(text: &str) -> bool {
    text.contains('\\') && text.contains('(') || find_ignoring_case(text, 0, &FETCHING).is_some()
}

/// A style sheet, or a part of one, that fetches nothing: each `url(…)` is empty unless it is data or a place in the same drawing.
pub fn style(text: &str) -> Cow<'_, str> {
    if text.contains('\\') && hides_words(text) {
        return Cow::Owned(String::new());
    }
    let mut clean: Option<String> = None;
    let mut from = 0;
    while let Some((at, word)) = find_ignoring_case(text, from, &FETCHING) {
        let after = at + word.len();
        let out = clean.get_or_insert_with(|| String::with_capacity(text.len()));
        out.push_str(&text[from..at]);
        if word == "url(" {
            let (inside, end) = argument(text, after);
            out.push_str("url(");
            if is_harmless(inside) {
                out.push_str(inside);
            }
            out.push(')');
            from = end;
        } else {
            // A name that no browser knows.
            out.push_str("x-");
            out.push_str(word.trim_start_matches('@'));
            from = after;
        }
    }
    match clean {
        Some(mut clean) => {
            clean.push_str(&text[from..]);
            if clean == text { Cow::Borrowed(text) } else { Cow::Owned(clean) }
        }
        None => Cow::Borrowed(text),
    }
}

/// What stands in the parentheses that begin here, and where they end; what does not end goes to the end of the text.
fn argument(text: &str, start: usize) -> (&str, usize) {
    let rest = &text[start..];
    let skipped = rest.len() - rest.trim_start().len();
    let quote = rest[skipped..].chars().next().filter(|c| matches!(c, '"' | '\''));
    let end = match quote {
        Some(quote) => {
            rest[skipped + 1..].find(quote).and_then(|at| rest[skipped + 1 + at..].find(')').map(|close| skipped + 1 + at + close))
        }
        None => rest.find(')'),
    };
    match end {
        Some(end) => (&rest[..end], start + end + 1),
        None => (rest, text.len()),
    }
}

fn is_harmless(argument: &str) -> bool {
    let plain = plain(argument.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')));
    let fonts = ["woff", "woff2", "ttf", "otf", "sfnt", "opentype", "truetype"];
    plain.starts_with('#')
        || is_picture(&plain)
        || is_data(&plain, "font/", &fonts)
        || ["data:application/font", "data:application/x-font", "data:application/vnd.ms-fontobject"]
            .iter()
            .any(|kind| plain.starts_with(kind))
}

/// Whether a backslash writes one of the words that are looked for: nobody does that in earnest.
fn hides_words(text: &str) -> bool {
    let unescaped = unescape(text);
    let count = |text: &str| {
        let (mut count, mut from) = (0, 0);
        while let Some((at, word)) = find_ignoring_case(text, from, &FETCHING) {
            (count, from) = (count + 1, at + word.len());
        }
        count
    };
    count(&unescaped) != count(text)
}

/// As style sheets mean it: up to six hexadecimal digits and one space, or any character.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        let mut code = String::new();
        while let Some(digit) = chars.next_if(|c| code.len() < 6 && c.is_ascii_hexdigit()) {
            code.push(digit);
        }
        if code.is_empty() {
            // A backslash before the end of a line is nothing at all.
            plain.extend(chars.next().filter(|c| *c != '\n'));
        } else {
            let _ = chars.next_if(|c| c.is_whitespace());
            plain.push(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }
    plain
}

/// The first of these words (in lower case, ASCII) from here on.
fn find_ignoring_case<'w>(text: &str, from: usize, words: &[&'w str]) -> Option<(usize, &'w str)> {
    let bytes = text.as_bytes();
    (from..bytes.len()).find_map(|at| {
        // All of them have one of these two signs.
        if !matches!(bytes[at] | 0x20, b'u' | b'i') && bytes[at] != b'@' {
            return None;
        }
        let word = words
            .iter()
            .find(|word| bytes[at..].len() >= word.len() && bytes[at..at + word.len()].eq_ignore_ascii_case(word.as_bytes()))?;
        Some((at, *word))
    })
}
