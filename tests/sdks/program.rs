//! A program with the real Rust SDK: an error, a panic, a trace, a session.
#![expect(clippy::panic, reason = "it is the program that goes wrong")]

use std::time::Duration;

fn main() {
    // Its transport wants a provider of TLS, for plain HTTP too.
    drop(tests::Client::new("http://127.0.0.1"));
    let options =
        sentry::ClientOptions::new().release("worker@0.9.0").environment("production").traces_sample_rate(1.0).auto_session_tracking(true);
    let dsn = tests::switch("DSN").unwrap_or_default();
    let guard = sentry::init((dsn, options));
    let transaction = sentry::start_transaction(sentry::TransactionContext::new("import customers", "queue.process"));
    let failed = "twelve".parse::<u32>().map(|_| ());
    if let Err(error) = failed {
        sentry::capture_error(&error);
    }
    transaction.finish();
    let died = std::panic::catch_unwind(|| panic!("the queue is poisoned"));
    sentry::end_session();
    guard.flush(Some(Duration::from_secs(10)));
    drop(died);
}
