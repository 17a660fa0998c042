//! Which frames are not the founder's own code, and which belong to nobody.

use crate::normal::Frame;

/// What the language puts between two of a program's own calls, or after the last: it changes with timing and versions, not with the bug.
pub fn is_noise(frame: &Frame) -> bool {
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
