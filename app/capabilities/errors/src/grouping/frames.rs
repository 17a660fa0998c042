//! Which frames of a stack count, and as what. Line numbers never do: they move with every edit above.

use serde::{Deserialize, Serialize};

use crate::normal::{Event, Exception, Frame};

/// What of one frame counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Part {
    /// Its module, or the name of its file.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub place: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub function: String,
    /// The source line, where the language's functions are often nameless.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub line: String,
}

impl Part {
    /// A file alone says little: every error of a bundle stands in it.
    fn is_strong(&self) -> bool {
        !self.function.is_empty() || !self.line.is_empty()
    }
}

/// More than this many different frames tell problems apart no better; the innermost count.
const MAX_PARTS: usize = 100;
/// A source line that is longer is not one that a person wrote.
const MAX_LINE: usize = 120;
/// Frames that call each other in turn: cycles of so many are taken for recursion.
const MAX_CYCLE: usize = 6;

/// The frames of one exception that count.
pub struct Stack {
    /// With whether they are the founder's own code.
    parts: Vec<(Part, bool)>,
}

impl Stack {
    pub fn says_something(&self, is_app: bool) -> bool {
        self.parts.iter().any(|(part, in_app)| part.is_strong() && (*in_app || !is_app))
    }

    /// Oldest call first, recursion once. Nameless callbacks without a source line are left out: browsers show some and hide others.
    pub fn parts(&self, is_app: bool) -> Vec<Part> {
        let wanted = self.parts.iter().filter(|(part, in_app)| part.is_strong() && (*in_app || !is_app)).map(|(part, _)| part);
        let mut parts = without_recursion(wanted);
        let extra = parts.len().saturating_sub(MAX_PARTS);
        parts.drain(..extra);
        parts
    }
}

pub fn stack(event: &Event, exception: &Exception) -> Stack {
    let parts = exception.frames.iter().filter_map(|frame| {
        let platform = if frame.platform.is_empty() { event.platform.as_str() } else { frame.platform.as_str() };
        if is_noise(frame) {
            return None;
        }
        let part = part(frame, platform);
        (part != Part::default()).then(|| (part, is_own(frame)))
    });
    Stack { parts: parts.collect() }
}

fn without_recursion<'a>(parts: impl Iterator<Item = &'a Part>) -> Vec<Part> {
    let mut kept: Vec<Part> = Vec::new();
    for part in parts {
        kept.push(part.clone());
        let length = kept.len();
        let cycle = (1..=MAX_CYCLE).find(|cycle| length >= 2 * cycle && kept[length - cycle..] == kept[length - 2 * cycle..length - cycle]);
        if let Some(cycle) = cycle {
            kept.truncate(length - cycle);
        }
    }
    kept
}

fn part(frame: &Frame, platform: &str) -> Part {
    let is_script = matches!(platform, "javascript" | "node" | "python" | "php" | "ruby" | "perl" | "lua" | "elixir" | "bun" | "deno");
    let is_javascript = matches!(platform, "javascript" | "node" | "bun" | "deno");
    let is_built = is_javascript && is_minified(frame);
    let line = if is_script && !is_built { source_line(frame) } else { String::new() };
    if let Some((place, function)) = state_machine(&frame.module, &frame.function) {
        return Part { place, function, line };
    }
    let name = function(&frame.function, platform);
    // A minifier gives another name in each build.
    let name = if is_built && name.chars().count() <= 3 { String::new() } else { name };
    Part { place: place(frame, is_javascript), function: name, line }
}

/// A bundle that no map was found for: a long line far to the right, or a file that says so.
fn is_minified(frame: &Frame) -> bool {
    if frame.built.is_some() {
        return false;
    }
    let is_long = frame.context_line.as_ref().is_some_and(|line| line.len() > 300);
    let is_far = frame.column.is_some_and(|column| column > 250);
    let is_web = frame.abs_path.starts_with("http") && frame.context_line.is_none();
    is_long || is_far || frame.filename.ends_with(".min.js") || (is_web && function(&frame.function, "javascript").chars().count() <= 3)
}

fn source_line(frame: &Frame) -> String {
    let Some(line) = &frame.context_line else { return String::new() };
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_plain = line.chars().count() <= MAX_LINE && !line.contains("{snip}");
    if is_plain { line } else { String::new() }
}

fn place(frame: &Frame, is_javascript: bool) -> String {
    if !frame.module.is_empty() && !is_javascript {
        return plain_module(&frame.module);
    }
    let file = frame.filename.rsplit(['/', '\\']).next().unwrap_or_default();
    if file.is_empty() || file.starts_with('<') || file.starts_with('[') {
        return plain_module(&frame.module);
    }
    without_hash(file).to_lowercase()
}

/// Classes that are made at run time have numbers in their names.
fn plain_module(module: &str) -> String {
    let cuts = [
        "$$EnhancerBy",
        "$$FastClassBy",
        "$$SpringCGLIB",
        "$HibernateProxy",
        "_$$_jvst",
        "_$$_javassist",
        "$$Lambda",
        "$Lambda$",
        "@anonymous",
        "$Proxy",
    ];
    let end = cuts.iter().filter_map(|cut| module.find(cut)).min().unwrap_or(module.len());
    module[..end].to_owned()
}

/// `app.3f2a9c1b.js`, `index-BxYz12Qa.js` → without what each build changes.
fn without_hash(file: &str) -> String {
    let Some((stem, extension)) = file.rsplit_once('.') else { return file.to_owned() };
    let Some(place) = stem.rfind(['.', '-', '_']) else { return file.to_owned() };
    let tail = &stem[place + 1..];
    let is_hash = (8..=64).contains(&tail.len())
        && tail.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && (tail.bytes().any(|byte| byte.is_ascii_digit()) || tail.bytes().all(|byte| byte.is_ascii_hexdigit()))
        && is_random(tail);
    if is_hash { format!("{}.{extension}", &stem[..place]) } else { file.to_owned() }
}

/// `component2` is a name, `BxYz12Qa` is not.
fn is_random(tail: &str) -> bool {
    let digits_at_end = tail.bytes().rev().take_while(u8::is_ascii_digit).count();
    let word = &tail[..tail.len() - digits_at_end];
    !(digits_at_end < tail.len()
        && word.bytes().all(|byte| byte.is_ascii_lowercase())
        && !word.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The part of a function's name that stays the same over builds, browsers and instances. Empty where it has none.
fn function(name: &str, platform: &str) -> String {
    let name = name.trim();
    let plain = match platform {
        "javascript" | "node" | "bun" | "deno" => javascript(name),
        "ruby" => ruby(name),
        "php" => name.split("@anonymous").next().unwrap_or_default().split('\0').next().unwrap_or_default().to_owned(),
        "native" | "rust" | "c" | "cocoa" | "swift" | "go" => native(name),
        "java" | "kotlin" | "scala" | "clojure" => java(name),
        "csharp" | "dotnet" => csharp(name),
        "dart" | "flutter" => name.replace(".<anonymous closure>", "").replace(".<fn>", ""),
        "python" => name.rsplit("<locals>.").next().unwrap_or_default().to_owned(),
        _ => name.to_owned(),
    };
    let is_nameless = matches!(
        plain.as_str(),
        "" | "?"
            | "<anonymous>"
            | "(anonymous)"
            | "anonymous"
            | "<lambda>"
            | "{closure}"
            | "<redacted>"
            | "<unknown>"
            | "eval"
            | "Anonymous function"
    );
    if is_nameless { String::new() } else { plain }
}

/// Chrome says `async Object.pay [as onClick]`, Firefox `promise callback*pay/<`, Safari `pay`.
fn javascript(name: &str) -> String {
    let name = name.split(" [as ").next().unwrap_or_default();
    let name = name.rsplit_once('*').map_or(name, |(_, after)| after);
    let name = name.strip_prefix("async ").unwrap_or(name);
    let name = name.strip_prefix("new ").unwrap_or(name).trim();
    let name = name.split(['/', '<']).find(|part| !part.is_empty()).filter(|_| !name.starts_with('<')).unwrap_or_default();
    let last = name.rsplit('.').next().unwrap_or_default().trim_start_matches('#');
    // What Node calls whatever it was given to call later is no name either.
    let is_nameless =
        matches!(last, "global code" | "module code" | "eval code" | "native code" | "callback*" | "_onTimeout" | "_onImmediate");
    if is_nameless { String::new() } else { last.to_owned() }
}

/// `block (2 levels) in pay`, `_app_views_cart_erb__3391_7020`.
fn ruby(name: &str) -> String {
    let name = match name.split_once(" in ") {
        Some((before, name)) if before.starts_with("block") || before.starts_with("rescue") || before.starts_with("ensure") => name,
        _ => name,
    };
    match name.find("__") {
        Some(place) if name[place..].bytes().all(|byte| byte == b'_' || byte.is_ascii_digit()) => name[..place].to_owned(),
        _ => name.to_owned(),
    }
}

/// Without the compiler's hash, and without the closures within a function.
fn native(name: &str) -> String {
    let name = match name.rfind("::h") {
        Some(place) if name.len() - place == 19 && name[place + 3..].bytes().all(|byte| byte.is_ascii_hexdigit()) => &name[..place],
        _ => name,
    };
    name.replace("::{{closure}}", "").replace("::{closure}", "").replace("::{closure#0}", "").replace("{{closure}}", "")
}

/// Lambdas and async methods are classes and methods that the compiler names: `<PayAsync>b__0_1`.
fn csharp(name: &str) -> String {
    match name.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        Some((inner, _)) if !inner.is_empty() => inner.to_owned(),
        _ => name.to_owned(),
    }
}

/// `Shop.Cart+<PayAsync>d__5.MoveNext` is `Shop.Cart.PayAsync`.
fn state_machine(module: &str, function: &str) -> Option<(String, String)> {
    let (class, machine) = module.split_once("+<")?;
    let (method, _) = machine.split_once(">d__")?;
    (function == "MoveNext").then(|| (class.to_owned(), method.to_owned()))
}

fn java(name: &str) -> String {
    let name = match name.strip_prefix("lambda$") {
        Some(rest) => rest.split('$').next().unwrap_or(rest),
        None => name,
    };
    let digits = name.bytes().rev().take_while(u8::is_ascii_digit).count();
    match name[..name.len() - digits].strip_suffix("__") {
        Some(plain) if digits > 0 => plain.to_owned(),
        _ => name.to_owned(),
    }
}

/// What the language puts between two of a program's own calls, or after the last: it changes with timing and versions, not with the bug.
fn is_noise(frame: &Frame) -> bool {
    const FILES: &[&str] = &["node:", "internal/", "native ", "[native code]", "<anonymous>", "<frozen "];
    const PARTS: &[&str] = &[
        "regenerator-runtime",
        "regeneratorRuntime",
        "asyncToGenerator",
        "tslib",
        "zone.js",
        "core-js/",
        "es6-promise",
        "/bluebird/",
        "@sentry/",
        "@sentry-internal/",
        "/asyncio/",
        "/gevent/",
        "/concurrent/futures/",
        "/greenlet/",
        "/sentry_sdk/",
        "/eventlet/",
        "/threading.py",
    ];
    const MODULES: &[&str] = &[
        "asyncio",
        "gevent",
        "greenlet",
        "eventlet",
        "concurrent.futures",
        "threading",
        "sentry_sdk",
        "sun.reflect",
        "jdk.internal.reflect",
        "java.lang.reflect",
    ];
    const FUNCTIONS: &[&str] = &[
        "tokio::",
        "<tokio::",
        "futures_util::",
        "futures_core::",
        "<futures_util::",
        "std::panicking",
        "std::panic",
        "std::rt::",
        "std::sys",
        "std::thread",
        "std::backtrace",
        "core::panicking",
        "core::ops::function",
        "<core::pin::Pin",
        "<alloc::boxed::Box",
        "rust_begin_unwind",
        "__rust_",
        "_rust_begin",
        "sentry_",
        "sentry::",
        "backtrace::",
        "anyhow::",
        "eyre::",
        "runtime.goexit",
        "runtime.gopanic",
        "asyncGeneratorStep",
        "regenerator",
        "processTicksAndRejections",
        "__awaiter",
        "Generator.next",
        "__tryCatch",
        "_start",
        "__libc_start",
        "clone3",
    ];
    let starts = |text: &str, list: &[&str]| list.iter().any(|start| text.starts_with(start));
    let file = if frame.built.is_some() || frame.abs_path.is_empty() { &frame.filename } else { &frame.abs_path };
    starts(&frame.filename, FILES)
        || starts(file, FILES)
        || PARTS.iter().any(|part| file.contains(part))
        || MODULES.iter().any(|module| frame.module.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
        || starts(&frame.function, FUNCTIONS)
}

/// The founder's own code: what a person wants to see first.
pub fn is_app(frame: &Frame) -> bool {
    !is_noise(frame) && is_own(frame)
}

/// As the SDK says; where it does not, by where libraries lie.
fn is_own(frame: &Frame) -> bool {
    const LIBRARIES: &[&str] = &[
        "node_modules/",
        "site-packages/",
        "dist-packages/",
        "/usr/lib/",
        "/usr/local/lib/",
        "/vendor/",
        "/gems/",
        ".cargo/registry",
        "/rustc/",
        "/pkg/mod/",
        "webpack/",
    ];
    let lies_in_library = || {
        let file = if frame.abs_path.is_empty() { &frame.filename } else { &frame.abs_path };
        file.is_empty() || LIBRARIES.iter().any(|library| file.contains(library))
    };
    frame.in_app.unwrap_or_else(|| !lies_in_library())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_functions_are_the_same_in_all_browsers_and_builds() {
        for (platform, name, plain) in [
            ("javascript", "async Object.pay [as onClick]", "pay"),
            ("javascript", "pay/<", "pay"),
            ("javascript", "pay</inner", "pay"),
            ("javascript", "Cart.prototype.pay", "pay"),
            ("javascript", "new Cart", "Cart"),
            ("javascript", "HTMLDocument.<anonymous>", ""),
            ("javascript", "<anonymous>", ""),
            ("javascript", "?", ""),
            ("javascript", "module code", ""),
            ("javascript", "asyncPay", "asyncPay"),
            ("javascript", "Cart.#total", "total"),
            ("node", "Timeout._onTimeout", ""),
            ("python", "<lambda>", ""),
            ("python", "pay", "pay"),
            ("ruby", "block (2 levels) in pay", "pay"),
            ("ruby", "_app_views_cart_erb__3391_7020", "_app_views_cart_erb"),
            ("native", "shop::pay::h0123456789abcdef", "shop::pay"),
            ("native", "shop::pay::{{closure}}", "shop::pay"),
            ("native", "<redacted>", ""),
            ("java", "lambda$pay$3", "pay"),
            ("clojure", "fn__1234", "fn"),
            ("javascript", "promise callback*pay/<", "pay"),
            ("javascript", "async*pay", "pay"),
            ("csharp", "<Pay>b__0_1", "Pay"),
            ("dart", "Cart.pay.<anonymous closure>", "Cart.pay"),
            ("python", "pay.<locals>.inner", "inner"),
            ("php", "class@anonymous\0/srv/x.php:3", "class"),
        ] {
            assert_eq!(function(name, platform), plain, "{platform} {name:?}");
        }
    }

    #[test]
    fn hashes_of_builds_leave_the_names_of_files() {
        for (file, plain) in [
            ("app.3f2a9c1b.js", "app.js"),
            ("index-BxYz12Qa.js", "index.js"),
            ("component-component2.js", "component-component2.js"),
            ("date-holidays.js", "date-holidays.js"),
            ("main.js", "main.js"),
            ("chunk-deadbeef.js", "chunk.js"),
            ("Makefile", "Makefile"),
        ] {
            assert_eq!(without_hash(file), plain, "{file}");
        }
        assert_eq!(state_machine("Shop.Cart+<PayAsync>d__5", "MoveNext"), Some(("Shop.Cart".into(), "PayAsync".into())));
        assert_eq!(plain_module("com.shop.Cart$$EnhancerBySpringCGLIB$$1a2b"), "com.shop.Cart");
    }

    #[test]
    fn recursion_counts_once_whatever_its_depth() {
        let part = |name: &str| Part { function: name.into(), ..Part::default() };
        let names = |list: &str| -> String {
            let parts: Vec<Part> = list.chars().map(|name| part(&name.to_string())).collect();
            without_recursion(parts.iter()).into_iter().map(|part| part.function).collect()
        };
        assert_eq!(names("abbbbbc"), "abc");
        assert_eq!(names("aBCBCBCd"), "aBCd");
        assert_eq!(names("axyzxyzxyzxyzb"), "axyzb");
        assert_eq!(names("abcabd"), "abcabd");
    }
}
