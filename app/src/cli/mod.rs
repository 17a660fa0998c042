//! The commands. Each prints for a person; `--json` prints for scripts. Errors are one sentence on standard error.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command answers on standard output and complains on standard error")]

/// Prints a line on standard output. A reader that has seen enough (`| head`) ends the command without a complaint.
macro_rules! say {
    ($($part:tt)*) => { crate::cli::print_line(format_args!($($part)*)) };
}

mod apply;
mod backup;
mod copy_now;
mod demo;
mod demo_target;
mod doctor;
mod heir;
mod member;
mod probe;
mod restore;
mod settings;
mod status;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

use crate::config::{self, Config, LogFormat, Overrides};
use crate::{boot, serve};

/// Everything a small SaaS needs after launch, in one binary.
#[derive(Debug, Parser)]
#[command(name = "hermetic", version = boot::VERSION, arg_required_else_help = true)]
pub struct Arguments {
    #[command(flatten)]
    overrides: Overrides,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve,
    /// Run a throw-away instance: a local site that fails now and then, and two programs that report
    Demo(demo::Options),
    /// Make projects, monitors, channels, rules and components what a file says; shows a plan first
    Apply(apply::Options),
    /// Check from here on behalf of a server elsewhere
    Probe(probe::Options),
    /// The public status page
    #[command(subcommand)]
    Status(status::Command),
    /// The databases from their copies into a folder
    Restore(restore::Options),
    /// Copies of the databases
    #[command(subcommand)]
    Backup(backup::Command),
    /// Rehearse a restore: into a folder that is removed
    Drill(backup::Drill),
    /// People who may sign in
    #[command(subcommand)]
    Member(member::Command),
    /// Settings of this instance
    #[command(subcommand)]
    Settings(settings::Command),
    /// Say what is set up and what is not right
    Doctor(doctor::Options),
    /// Print the version
    Version,
}

pub fn run(arguments: Arguments) -> ExitCode {
    match execute(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hermetic: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn execute(arguments: Arguments) -> Result<()> {
    if let Command::Version = arguments.command {
        say!("hermetic {}", boot::VERSION);
        return Ok(());
    }
    let config = config::load(&arguments.overrides)?;
    start_log(&config, &arguments.command)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // Readers of two files, one password at a time, name look-ups: more threads would only cost memory.
        .max_blocking_threads(24)
        .build()
        .context("The runtime cannot be started")?;
    let outcome = runtime.block_on(dispatch(&config, arguments));
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    outcome
}

async fn dispatch(config: &Config, arguments: Arguments) -> Result<()> {
    match arguments.command {
        Command::Serve => serve::prepare(config, false).await?.run().await,
        Command::Demo(options) => demo::run(&options, &arguments.overrides).await,
        Command::Apply(options) => apply::run(config, &options).await,
        Command::Probe(options) => probe::run(config, &options).await,
        Command::Status(command) => status::run(config, command).await,
        Command::Restore(options) => restore::run(config, &options).await,
        Command::Backup(command) => backup::run(config, command).await,
        Command::Drill(options) => backup::drill(config, &options).await,
        Command::Member(command) => member::run(config, command).await,
        Command::Settings(command) => settings::run(config, command).await,
        Command::Doctor(options) => doctor::run(config, &options).await,
        Command::Version => Ok(()),
    }
}

/// The server and the probe say what they do; the other commands only what went wrong.
fn start_log(config: &Config, command: &Command) -> Result<()> {
    let runs_long = matches!(command, Command::Serve | Command::Probe(_));
    let wanted = if runs_long { config.log.as_str() } else { "warn" };
    let filter = EnvFilter::try_new(wanted)
        .map_err(|_| anyhow::anyhow!("log is a level such as info, or parts such as “info,uptime=debug”, not “{wanted}”."))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Json => log.json().init(),
        LogFormat::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init(),
    }
    Ok(())
}

fn print_line(line: std::fmt::Arguments<'_>) {
    use std::io::Write as _;
    if let Err(error) = writeln!(std::io::stdout(), "{line}") {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        eprintln!("hermetic: The answer cannot be written: {error}.");
        std::process::exit(1);
    }
}

/// Asks at the terminal; without one the answer is no.
fn confirm(question: &str) -> bool {
    use std::io::{IsTerminal as _, Write as _};
    if !std::io::stdin().is_terminal() {
        return false;
    }
    print!("{question} [y/N] ");
    let _ = std::io::stdout().flush();
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}
