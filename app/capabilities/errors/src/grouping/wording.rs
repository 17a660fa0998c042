//! The same failure in the words of Chrome, Firefox and Safari: one wording for all.

use std::borrow::Cow;

/// Type and text as one browser would say it.
pub fn common<'a>(kind: &'a str, value: &'a str) -> (&'a str, Cow<'a, str>) {
    let first = value.lines().next().unwrap_or_default().trim().trim_start_matches("Uncaught ").trim_end_matches('.');
    if let Some((kind, text)) = fixed(first) {
        return (kind, Cow::Borrowed(text));
    }
    let said = if kind == "TypeError" { property(first).or_else(|| not_a_function(first)) } else { None };
    let said = said.or_else(|| if kind == "ReferenceError" { not_defined(first) } else { None });
    match said {
        Some(said) => (kind, Cow::Owned(said)),
        None => (kind, Cow::Borrowed(value)),
    }
}

/// Texts that mean the same, whatever stands around them.
fn fixed(text: &str) -> Option<(&'static str, &'static str)> {
    let is = |list: &[&str]| list.contains(&text);
    let starts = |list: &[&str]| list.iter().any(|start| text.starts_with(start));
    if is(&[
        "Failed to fetch",
        "NetworkError when attempting to fetch resource",
        "Load failed",
        "Network request failed",
        "cancelled",
        "The network connection was lost",
    ]) {
        return Some(("TypeError", "Failed to fetch"));
    }
    if is(&["Maximum call stack size exceeded", "too much recursion"]) {
        return Some(("RangeError", "Maximum call stack size exceeded"));
    }
    if starts(&["ResizeObserver loop"]) {
        return Some(("Error", "ResizeObserver loop"));
    }
    if starts(&[
        "Failed to fetch dynamically imported module",
        "error loading dynamically imported module",
        "Importing a module script failed",
        "Unable to preload CSS",
        "Loading chunk",
        "Loading CSS chunk",
    ]) {
        return Some(("ChunkLoadError", "A part of the program could not be loaded"));
    }
    let is_json = text.contains("in JSON at position")
        || text.ends_with("is not valid JSON")
        || text == "Unexpected end of JSON input"
        || starts(&["JSON.parse:", "JSON Parse error:"]);
    is_json.then_some(("SyntaxError", "Invalid JSON"))
}

/// A property of nothing.
fn property(text: &str) -> Option<String> {
    // Chrome: Cannot read properties of undefined (reading 'x'); before 2021: Cannot read property 'x' of undefined.
    if let Some(rest) = text.strip_prefix("Cannot read properties of ").or_else(|| text.strip_prefix("Cannot set properties of ")) {
        let (what, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        return Some(of_nothing(quoted(rest), what));
    }
    if let Some(rest) = text.strip_prefix("Cannot read property ").or_else(|| text.strip_prefix("Cannot set property ")) {
        let (name, what) = rest.rsplit_once(" of ")?;
        return Some(of_nothing(Some(name.trim_matches(['\'', '"'])), what));
    }
    // Firefox: can't access property "x", a.b is undefined.
    if let Some(rest) = text.strip_prefix("can't access property ") {
        let what = rest.rsplit_once(" is ").map(|(_, what)| what)?;
        return Some(of_nothing(quoted(rest), what));
    }
    // Safari: undefined is not an object (evaluating 'a.b.x').
    let (what, rest) = text.split_once(" is not an object (evaluating ")?;
    let expression = quoted(rest)?;
    let left = expression.split(" = ").next().unwrap_or(expression);
    let name =
        left.trim_end_matches(')').rsplit(['.', '[']).next().map(|name| name.trim_end_matches(']').split('(').next().unwrap_or(name));
    Some(of_nothing(name, what))
}

fn of_nothing(name: Option<&str>, what: &str) -> String {
    let what = if what.starts_with("null") { "null" } else { "undefined" };
    format!("Property {} of {what}", name.unwrap_or("?"))
}

/// Chrome and Firefox: a.b is not a function; Safari goes on: (In 'a.b()', 'a.b' is undefined).
fn not_a_function(text: &str) -> Option<String> {
    let (expression, rest) = text.split_once(" is not a function")?;
    let is_all = rest.is_empty() || rest.starts_with('.') || rest.starts_with(" (");
    let name = expression.rsplit('.').next().unwrap_or(expression);
    is_all.then(|| format!("{name} is not a function"))
}

fn not_defined(text: &str) -> Option<String> {
    let name = text.strip_suffix(" is not defined").or_else(|| text.strip_prefix("Can't find variable: "))?;
    Some(format!("{name} is not defined"))
}

fn quoted(text: &str) -> Option<&str> {
    let start = text.find(['\'', '"'])?;
    let quote = text[start..].chars().next()?;
    let inner = &text[start + 1..];
    Some(&inner[..inner.find(quote)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_browsers_say_one_thing() {
        let families: &[(&str, &[&str])] = &[
            (
                "TypeError",
                &[
                    "Cannot read properties of undefined (reading 'amount')",
                    "Cannot read property 'amount' of undefined",
                    "can't access property \"amount\", cart.total is undefined",
                    "undefined is not an object (evaluating 'cart.total.amount')",
                ],
            ),
            (
                "TypeError",
                &[
                    "Cannot read properties of null (reading 'x')",
                    "can't access property \"x\", y is null",
                    "null is not an object (evaluating 'y.x')",
                ],
            ),
            ("TypeError", &["cart.pay is not a function", "cart.pay is not a function. (In 'cart.pay()', 'cart.pay' is undefined)"]),
            ("ReferenceError", &["jQuery is not defined", "Can't find variable: jQuery"]),
            ("TypeError", &["Failed to fetch", "NetworkError when attempting to fetch resource.", "Load failed"]),
            (
                "SyntaxError",
                &[
                    "Unexpected token < in JSON at position 0",
                    "Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON",
                    "JSON.parse: unexpected character at line 1 column 1 of the JSON data",
                    "JSON Parse error: Unrecognized token '<'",
                ],
            ),
        ];
        let mut seen = std::collections::BTreeSet::new();
        for (kind, texts) in families {
            let said: std::collections::BTreeSet<String> = texts.iter().map(|text| common(kind, text).1.into_owned()).collect();
            assert_eq!(said.len(), 1, "{said:?}");
            assert!(seen.insert(said), "two families became one");
        }
        assert_eq!(common("RangeError", "Maximum call stack size exceeded"), common("InternalError", "too much recursion"));
        assert_eq!(common("ValueError", "Cannot read it"), ("ValueError", Cow::Borrowed("Cannot read it")));
    }
}
