//! `hermetic`: everything a small SaaS needs after launch, in one binary. This file only reads the arguments.

mod boot;
mod capabilities;
mod cli;
mod config;
mod meanwhile;
mod placed;
mod ready;
mod replicate;
mod serve;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Every TLS connection of the process uses this one provider; a second installation could only be ours.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Databases, their WAL and exports hold addresses of people: nothing this process makes is for others to read.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    cli::run(cli::Arguments::parse())
}
