//! Which frames are not the founder's own code, and which belong to nobody.

use crate::normal::Frame;

/// What the language puts between two of a program's own calls, or after the last: it changes with timing and versions, not with the bug.
pub fn is_noise(frame: &Frame) -> bool {
    const FILES: &[&str] = &["node:", "internal/", "native ", "[native code]", "<anonymous>", "<frozen "];
    const PARTS: &[&str] = &[
        "regenerator-runtime",
        "regeneratorRuntime",
        "asyncToGenerator",
        "/tslib/",
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
        "sentry::",
        "backtrace::",
        "anyhow::",
        "eyre::",
        "runtime.goexit",
        "runtime.gopanic",
        "asyncGeneratorStep",
        "regeneratorRuntime",
        "processTicksAndRejections",
        "__awaiter",
        "Generator.next",
        "__tryCatch",
        "__libc_start",
    ];
    // Whole names: a program's own `_start_worker` begins like one of them.
    const NAMES: &[&str] = &["_start", "clone3", "_regenerator", "_regeneratorRuntime"];
    let starts = |text: &str, list: &[&str]| list.iter().any(|start| text.starts_with(start));
    let file = if frame.built.is_some() || frame.abs_path.is_empty() { &frame.filename } else { &frame.abs_path };
    starts(&frame.filename, FILES)
        || starts(file, FILES)
        || PARTS.iter().any(|part| file.contains(part))
        || MODULES.iter().any(|module| frame.module.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
        || starts(&frame.function, FUNCTIONS)
        || NAMES.contains(&frame.function.as_str())
        // `sentry_core::…`, `<sentry_panic::…`: the crates of the SDK.
        || frame.function.trim_start_matches('<').strip_prefix("sentry_").is_some_and(|rest| rest.contains("::"))
}

/// The founder's own code: what a person wants to see first.
pub fn is_app(frame: &Frame) -> bool {
    !is_noise(frame) && is_own(frame)
}

/// As the SDK says; where it does not, by where libraries lie.
pub fn is_own(frame: &Frame) -> bool {
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
    fn what_only_begins_like_the_languages_own_is_the_founders() {
        let frame = |function: &str, filename: &str| Frame { function: function.into(), filename: filename.into(), ..Frame::default() };
        for (function, file, noise) in [
            ("_start", "", true),
            ("_start_worker", "jobs.py", false),
            ("clone3", "", true),
            ("clone3d", "shapes.js", false),
            ("sentry_panic::PanicIntegration::panic_handler", "", true),
            ("<sentry_core::Hub as Clone>::clone", "", true),
            ("sentry_tunnel", "views.py", false),
            ("regeneratorRuntime.mark", "app.js", true),
            ("regeneratorOf", "app.js", false),
            ("__awaiter", "node_modules/tslib/tslib.es6.js", true),
            ("__rest", "./node_modules/tslib/tslib.es6.js", true),
            ("pay", "src/assetslib/cart.ts", false),
            ("run", "shop/threading.py", false),
        ] {
            assert_eq!(is_noise(&frame(function, file)), noise, "{function} in {file}");
        }
    }
}
