//! A process that takes one line and answers with one line.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::measure::{self, Memory, Usage};

/// Ended when dropped: its input ends, or it is killed.
pub struct Helper {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// Its first line.
    pub hello: String,
}

/// This program, as one of its parts.
pub fn this() -> Command {
    Command::new(std::env::current_exe().unwrap())
}

impl Helper {
    pub fn start(words: &[&str]) -> Helper {
        let mut child = this().args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut helper = Helper { child, input, output, hello: String::new() };
        helper.hello = helper.line();
        helper
    }

    pub fn ask(&mut self, line: &str) -> String {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
        self.line()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.output.read_line(&mut line).unwrap() > 0, "a part of the benchmark has ended");
        line.trim_end().to_owned()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.wait();
    }
}

/// Processor time and memory of a process over a stretch of time.
pub struct Meter {
    pid: u32,
    before: Usage,
}

/// What it took.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    pub cpu_seconds: f64,
    pub written_bytes: u64,
    pub memory: Memory,
}

impl Meter {
    /// The peak of memory starts anew.
    pub fn start(pid: u32) -> Meter {
        let _ = std::fs::write(format!("/proc/{pid}/clear_refs"), "5");
        Meter { pid, before: Usage::read(pid) }
    }

    pub fn read(&self) -> Taken {
        let now = Usage::read(self.pid);
        Taken {
            cpu_seconds: now.cpu_seconds - self.before.cpu_seconds,
            written_bytes: now.written_bytes - self.before.written_bytes,
            memory: measure::memory(self.pid),
        }
    }
}
