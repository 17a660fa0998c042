//! The part of a name that stays the same over builds, browsers and instances.

/// The part of a function's name that stays the same over builds, browsers and instances. Empty where it has none.
pub fn function(name: &str, platform: &str) -> String {
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
pub fn state_machine(module: &str, function: &str) -> Option<(String, String)> {
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

/// Classes that are made at run time have numbers in their names.
pub fn plain_module(module: &str) -> String {
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
pub fn without_hash(file: &str) -> String {
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
}
