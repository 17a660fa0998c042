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
    // Drawings animate attributes by name: to another address, too.
    if local == "attributename" && is_called(value) {
        return Fate::Gone;
    }
    // A link without it fetches nothing, whatever address a later change gives it.
    if local == "rel" && !element.is_some_and(|element| ["a", "area"].iter().any(|tag| tag.eq_ignore_ascii_case(element))) {
        return Fate::Gone;
    }
    if runs(value) {
        return Fate::Gone;
    }
    let clean = match local {
        // The first of the element's texts.
        "_csstext" => piece(style(value)),
        "style" => style(value),
        _ if may_fetch(value) => style(value),
        _ => return Fate::Same,
    };
    match clean {
        Cow::Borrowed(_) => Fate::Same,
        changed => Fate::Other(changed),
    }
}

/// Whether an attribute of this name would be judged by where it leads or what it does.
fn is_called(name: &str) -> bool {
    let lower = name.trim().to_ascii_lowercase();
    let local = lower.rsplit(':').next().unwrap_or_default();
    local.starts_with("on") || is_dropped(local) || is_address(local)
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
        // Of these two it would be the player's own page that is fetched.
        ("href", "image" | "link") if is_fragment => Fate::Gone,
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

/// Without what browsers skip in an address, and nothing else: `d ata:` is a path of this server. In lower case; enough of it to see
/// what kind it is.
fn plain(value: &str) -> String {
    let skipped = |c: char| matches!(c, '\t' | '\n' | '\r');
    value.trim_start_matches(is_space).chars().filter(|c| !skipped(*c)).take(64).map(|c| c.to_ascii_lowercase()).collect()
}

/// As style sheets and attributes have it.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')
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
const FETCHING: [&str; 5] = ["url(", "@import", "image-set(", "image(", "src("];
/// A sign without width that belongs to no word and ends each escape.
const JOINT: char = '\u{2060}';

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
        from = match word {
            "url(" => {
                out.push_str(word);
                argument(text, after, out)
            }
            // An unknown rule ends where the known one did. Without its sign it would be the selector of the next rule.
            "@import" => {
                out.push_str("@x-import");
                after
            }
            // A name that no browser knows.
            _ => {
                out.push_str("x-");
                out.push_str(word);
                after
            }
        };
    }
    match clean {
        Some(mut clean) => {
            clean.push_str(&text[from..]);
            if clean == text { Cow::Borrowed(text) } else { Cow::Owned(clean) }
        }
        None => Cow::Borrowed(text),
    }
}

/// Writes what stays of the parentheses that begin here, and says where to go on. What reads as one address here may be a comment or a
/// text to a browser, with live rules after it: so nothing is copied beyond the next word, which is judged for itself.
fn argument(text: &str, start: usize, out: &mut String) -> usize {
    let next = find_ignoring_case(text, start, &FETCHING).map_or(text.len(), |(at, _)| at);
    let known = &text[start..next];
    let end = closing(known);
    let inside = &known[..end.unwrap_or(known.len())];
    // Whatever follows, an address that begins so is no other.
    if is_harmless(inside) {
        out.push_str(inside);
        return start + inside.len();
    }
    out.push(')');
    end.or_else(|| closing(&text[start..])).map_or(text.len(), |end| start + end + 1)
}

/// Where the parentheses end that this is the inside of.
fn closing(rest: &str) -> Option<usize> {
    let skipped = rest.len() - rest.trim_start_matches(is_space).len();
    match rest[skipped..].chars().next().filter(|c| matches!(c, '"' | '\'')) {
        Some(quote) => {
            let inside = skipped + 1;
            let end = inside + rest[inside..].find(quote)?;
            rest[end..].find(')').map(|close| end + close)
        }
        None => rest.find(')'),
    }
}

fn is_harmless(argument: &str) -> bool {
    let inside = argument.trim_start_matches(is_space);
    let plain = plain(inside.strip_prefix(['"', '\'']).unwrap_or(inside));
    let fonts = ["woff", "woff2", "ttf", "otf", "sfnt", "opentype", "truetype"];
    plain.starts_with('#')
        || is_picture(&plain)
        || is_data(&plain, "font/", &fonts)
        || ["data:application/font", "data:application/x-font", "data:application/vnd.ms-fontobject"]
            .iter()
            .any(|kind| plain.starts_with(kind))
}

/// One text of a page. Browsers join the texts of a style sheet, and a change tells a text without its element: so none begins with
/// the rest of a word that is looked for, or ends within an escape. Readers see nothing of it.
pub fn piece(text: Cow<'_, str>) -> Cow<'_, str> {
    let begins = if text.contains('\\') { begins_within(&unescape(&text)) } else { begins_within(&text) };
    let digits = text.strip_suffix('\r').unwrap_or(&text).trim_end_matches(|c: char| c.is_ascii_hexdigit());
    let ends = digits.ends_with('\\');
    if !begins && !ends {
        return text;
    }
    let joint = |is_there: bool| if is_there { JOINT.to_string() } else { String::new() };
    Cow::Owned(joint(begins) + &text + &joint(ends))
}

fn begins_within(text: &str) -> bool {
    FETCHING.iter().any(|word| {
        (1..word.len()).any(|from| {
            let rest = &word[from..];
            let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_') || !c.is_ascii();
            text.get(..rest.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(rest))
                && (rest.ends_with('(') || !text[rest.len()..].starts_with(is_word))
        })
    })
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

/// As style sheets mean it: up to six hexadecimal digits and one space, or any character. A parenthesis that is written so opens nothing
/// (`.bg-\[url\(a\)\]` is a name, and a frequent one).
fn unescape(text: &str) -> String {
    let of_a_name = |c: char| if c == '(' { char::REPLACEMENT_CHARACTER } else { c };
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
            plain.extend(chars.next().filter(|c| *c != '\n').map(of_a_name));
        } else {
            // Browsers make one of the two signs of a line's end before they read.
            if chars.next_if(|c| c.is_whitespace()) == Some('\r') {
                let _ = chars.next_if_eq(&'\n');
            }
            plain.push(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32).map_or(char::REPLACEMENT_CHARACTER, of_a_name));
        }
    }
    plain
}

/// The first of these words (in lower case, ASCII) from here on.
fn find_ignoring_case<'w>(text: &str, from: usize, words: &[&'w str]) -> Option<(usize, &'w str)> {
    let bytes = text.as_bytes();
    (from..bytes.len()).find_map(|at| {
        // All of them begin with one of these signs.
        if !matches!(bytes[at] | 0x20, b'u' | b'i' | b's') && bytes[at] != b'@' {
            return None;
        }
        let word = words
            .iter()
            .find(|word| bytes[at..].len() >= word.len() && bytes[at..at + word.len()].eq_ignore_ascii_case(word.as_bytes()))?;
        Some((at, *word))
    })
}
