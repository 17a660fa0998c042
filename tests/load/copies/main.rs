//! The benchmark of the copies: our replica and the real litestream, on the same S3 server, with the same writer and seeds.
//!
//! - `server`: the S3 server, in a process of its own
//! - `writer`: the database that is written, alone or with our replica beside it, in a process of its own
//! - `real`: the real program
//! - `phases`: what is done to each; `lag`: commit → object, read from the server's folder
//!
//! Run by `tests/run copies`. COPIES_SECONDS shortens the sustained and the idle phase, COPIES_LARGE=1 adds 1 GB of database.
#![expect(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a driver run by hand: it prints its table and stops at what is broken"
)]

mod child;
mod lag;
#[path = "../measure.rs"]
mod measure;
mod phases;
mod real;
mod server;
mod writer;

use std::path::Path;

#[expect(clippy::disallowed_methods, reason = "it starts itself with other words for each of its parts")]
fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        [] => phases::run(),
        ["server"] => server::run(),
        ["write", database] => writer::run(Path::new(database), None),
        ["write", database, spool, url] => writer::run(Path::new(database), Some((Path::new(spool), url))),
        ["fill", database, megabytes] => writer::fill(Path::new(database), megabytes.parse().unwrap()),
        ["restore", url, out] => writer::restore(url, Path::new(out)),
        _ => panic!("it takes no words: COPIES_SECONDS and COPIES_LARGE are variables"),
    }
}
