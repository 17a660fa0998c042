//! One binary for everything that needs the whole repository or the whole product.
//!
//! - `house_rules`: the rules of the house
//! - `first_run`, `kill9`, `hung_channel`, `security`, `openapi`, `packaging`, `replica`, `disasters`, `stale_copy`, `reports`, `sdks`, `browser`: the real binary, started by each test
//! - `routes`: the table of routes as the binary prints it

#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test says what is wrong by panicking and may print what it measured"
)]

mod browser;
mod disasters;
mod first_run;
mod full_disk;
mod house_rules;
mod hung_channel;
mod kill9;
mod openapi;
mod packaging;
mod replica;
mod reports;
mod routes;
mod sdks;
mod security;
mod stale_copy;
