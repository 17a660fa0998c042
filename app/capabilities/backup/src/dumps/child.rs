//! A program of the founder's: started without a shell and without our environment, in a process group of its own that ends
//! with the run.
//!
//! Nouns: [`Order`] (what to start), [`Running`] (it runs; dropped, it and its children are killed), [`Ended`].

use std::collections::BTreeMap;
use std::process::Stdio;

use kernel::{Error, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

/// So much of what a program says on its standard error is kept: the end tells why.
pub const LOG: usize = 8 << 10;
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// What a small helper may answer.
const ANSWER: usize = 64 << 10;

pub struct Order<'a> {
    pub arguments: &'a [String],
    pub environment: &'a BTreeMap<String, String>,
}

pub struct Running {
    pub child: Child,
    pub input: Option<ChildStdin>,
    pub output: Option<ChildStdout>,
    pub errors: Option<ChildStderr>,
    group: Group,
}

pub struct Ended {
    pub code: Option<i32>,
    pub output: Vec<u8>,
    pub log: Vec<u8>,
}

/// All processes the program started, unless they left its group on purpose.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Group {
    /// Once: the number may be somebody else's later.
    fn kill(&mut self) {
        if let Some(group) = self.0.take() {
            // Nobody may be left; that is well.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Order<'_> {
    /// Nothing of our environment goes along: it holds our own credentials.
    pub fn start(&self, has_input: bool) -> Result<Running> {
        let Some((program, arguments)) = self.arguments.split_first() else {
            return Err(Error::invalid("There is no command to run."));
        };
        let mut command = Command::new(program);
        command.args(arguments).env_clear().env("PATH", PATH).env("LANG", "C.UTF-8").envs(self.environment).current_dir("/");
        command.stdin(if has_input { Stdio::piped() } else { Stdio::null() }).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| not_started(program, &error))?;
        let group = Group(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw));
        let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        Ok(Running { child, input, output, errors, group })
    }

    /// Runs a helper to its end; for those that answer little.
    pub async fn answer(&self) -> Result<Ended> {
        let mut running = self.start(false)?;
        let (output, errors) = (running.output.take(), running.errors.take());
        let (output, log, code) = tokio::join!(tail(output, ANSWER), tail(errors, LOG), running.end());
        Ok(Ended { code, output, log })
    }
}

impl Running {
    pub fn kill(&mut self) {
        self.group.kill();
    }

    /// Waits for the program; whoever it left behind in its group ends with it, or would hold our pipes open. The exit code, or
    /// `None` when a signal ended it.
    pub async fn end(&mut self) -> Option<i32> {
        let status = self.child.wait().await;
        self.group.kill();
        status.ok().and_then(|status| status.code())
    }
}

fn not_started(program: &str, error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            Error::invalid(format!("The program “{program}” was not found. Install it on this machine, or give its whole path."))
        }
        std::io::ErrorKind::PermissionDenied => {
            Error::invalid(format!("The program “{program}” may not be run by the account Hermetic runs as."))
        }
        _ => Error::unavailable(format!("The program “{program}” could not be started: {error}.")),
    }
}

/// Reads to the end and keeps the last bytes.
pub async fn tail(reader: Option<impl AsyncRead + Unpin>, most: usize) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(mut reader) = reader else { return kept };
    let mut buffer = [0; 4_096];
    while let Ok(read @ 1..) = reader.read(&mut buffer).await {
        kept.extend_from_slice(&buffer[..read]);
        if kept.len() > most * 2 {
            kept.drain(..kept.len() - most);
        }
    }
    let surplus = kept.len().saturating_sub(most);
    kept.drain(..surplus);
    kept
}

/// As text, without what must not be read there.
pub fn readable(log: &[u8], secrets: &[String]) -> String {
    let mut text: String = String::from_utf8_lossy(log).chars().filter(|c| *c == '\n' || *c == '\t' || !c.is_control()).collect();
    for secret in secrets {
        text = text.replace(secret, "•••");
    }
    text.trim_end().to_owned()
}
