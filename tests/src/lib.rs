//! What the end-to-end tests stand on: the real binary in a temporary folder, clients that behave like people and programs,
//! targets that misbehave on command, sinks that remember what arrived.
//!
//! - [`process`]: starts, kills and restarts `hermetic`
//! - [`client`]: a browser without a screen: cookies, forms, redirects
//! - [`forms`]: reads the forms of a page
//! - [`people`]: the owner, members of each role, keys
//! - [`otp`]: the six digits of an authenticator app
//! - [`target`]: a site to be watched, up or down per path
//! - [`sink`]: a webhook receiver that remembers
//! - [`table`]: figures of a benchmark beside the peer's
//! - [`wait`]: bounded waiting for another process

#![expect(clippy::panic, reason = "a test says what is wrong by panicking; this crate is nothing but tests")]

pub mod client;
pub mod forms;
pub mod otp;
pub mod people;
pub mod process;
pub mod sink;
pub mod table;
pub mod target;
pub mod wait;

pub use client::{Answer, Client};
pub use process::{Demo, Hermetic, target_dir};
pub use sink::Sink;
pub use target::Target;
pub use wait::{eventually, eventually_async};

/// A switch of the test run, given in the environment: there is no config in a test.
pub fn switch(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "tests have no config file; their switches come by environment")]
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The top of the repository.
pub fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(std::path::Path::to_path_buf).unwrap_or_default()
}
