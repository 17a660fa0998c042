//! What is done to each of the two, one after the other.

use kernel::time::Stopwatch;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::child::{Helper, Meter, Taken, this};
use crate::lag::{self, Lag};
use crate::measure::{self, Usage};
use crate::real::{self, Real};
use crate::server::{Asked, Server};
use tests::table::{self, Row};

const RATE: u32 = 200;
const MB: f64 = 1_000_000.0;
/// After a phase: what is under way arrives.
const SETTLE: Duration = Duration::from_secs(3);
/// Both are watched once they have merged for the first time: until then the start is measured, which comes once.
const WARM: u64 = 40;
/// Until nothing of the start is left to do: both merge after half a minute.
const CALM: Duration = Duration::from_secs(40);
/// Both are watched this long after they met a large database; the real one merges it once more after 30 s.
const FIRST: Duration = Duration::from_secs(60);
const RESTORES: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Nobody,
    Ours,
    Real,
}

struct Bench {
    server: Server,
    folder: tempfile::TempDir,
}

/// A writer with somebody who copies.
struct Pair {
    writer: Helper,
    real: Option<Real>,
    copier: u32,
}

pub fn run() {
    let seconds = tests::switch("COPIES_SECONDS").and_then(|text| text.parse().ok()).unwrap_or(60);
    let _ = real::program();
    let mut bench = Bench { server: Server::start(), folder: tempfile::tempdir().unwrap() };
    sustained(&mut bench, seconds);
    idle(&mut bench, seconds);
    large(&mut bench, 200);
    if tests::switch("COPIES_LARGE").is_some() {
        large(&mut bench, 1_000);
    }
}

impl Bench {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// On the database `name`, copied to the path `name` of the bucket.
    fn start(&self, who: Who, name: &str) -> Pair {
        let (database, spool) = (self.path(&format!("{name}.db")), self.path(&format!("{name}.spool")));
        let (path, url) = (text(&database), self.server.url(name));
        let writer = match who {
            Who::Ours => Helper::start(&["write", path, text(&spool), &url]),
            Who::Nobody | Who::Real => Helper::start(&["write", path]),
        };
        let real = (who == Who::Real).then(|| Real::start(self.folder.path(), &database, &url));
        Pair { copier: real.as_ref().map_or(writer.pid(), Real::pid), writer, real }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

impl Pair {
    /// Gives the file with the time of each commit.
    fn commit(&mut self, seconds: u64, rate: u32, file: &Path) -> String {
        self.writer.ask(&format!("{seconds} {rate} {}", text(file)));
        std::fs::read_to_string(file).unwrap()
    }

    fn end(self) {
        drop(self.real);
        drop(self.writer);
    }
}

struct Sustained {
    taken: Taken,
    lag: Lag,
    asked: Asked,
}

fn sustain(bench: &mut Bench, who: Who, name: &str, seconds: u64) -> Sustained {
    let times = bench.path("times");
    let mut pair = bench.start(who, name);
    pair.commit(WARM, RATE, &times);
    std::thread::sleep(SETTLE);
    let before = bench.server.asked(name);
    let meter = Meter::start(pair.copier);
    let times = pair.commit(seconds, RATE, &times);
    std::thread::sleep(SETTLE);
    let taken = meter.read();
    let folder = bench.server.folder.join(name);
    let sustained = Sustained { taken, lag: lag::measure(&times, &folder), asked: bench.server.asked(name).since(before) };
    println!("{name}: {:?} {:?}", sustained.lag, lag::levels(&folder));
    pair.end();
    sustained
}

fn sustained(bench: &mut Bench, seconds: u64) {
    let nobody = sustain(bench, Who::Nobody, "nobody", seconds);
    let ours = sustain(bench, Who::Ours, "ours", seconds);
    let real = sustain(bench, Who::Real, "real", seconds);
    // A writer alone takes now more, now less: what lies on both sides of the two is compared.
    let after = sustain(bench, Who::Nobody, "nobody-after", seconds);
    let percent = |seconds_taken: f64| seconds_taken / (seconds as f64 + SETTLE.as_secs_f64()) * 100.0;
    let base = f64::midpoint(nobody.taken.cpu_seconds, after.taken.cpu_seconds);
    let written = |taken: &Taken| taken.written_bytes as f64 / MB;
    table::print(
        &format!("{RATE} commits/s for {seconds} s"),
        &[
            Row::shown("lag, p50", "ms", ours.lag.p50, real.lag.p50),
            Row::at_most("lag, p95", "ms", 150.0, ours.lag.p95, real.lag.p95),
            Row::shown("lag, max", "ms", ours.lag.max, real.lag.max),
            Row::shown("commits in no object", "", ours.lag.missing as f64, real.lag.missing as f64),
            Row::at_most("processor, of one core", "%", 1.0, percent(ours.taken.cpu_seconds - base), percent(real.taken.cpu_seconds)),
            Row::shown("  of it the writer alone (not counted)", "%", percent(base), percent(base)),
            Row::at_most_real(
                "memory (ours: with the writer)",
                "MB",
                ours.taken.memory.resident_bytes as f64 / MB,
                real.taken.memory.resident_bytes as f64 / MB,
            ),
            Row::shown("memory of the writer alone", "MB", nobody.taken.memory.resident_bytes as f64 / MB, 0.0),
            Row::shown("objects put", "", ours.asked.puts, real.asked.puts),
            Row::shown("requests", "", ours.asked.requests, real.asked.requests),
            Row::shown("bytes up", "MB", ours.asked.bytes_up / MB, real.asked.bytes_up / MB),
            Row::shown("bytes written to disk", "MB", written(&ours.taken) - written(&nobody.taken), written(&real.taken)),
        ],
    );
}

/// Both at once: neither does anything to the other. Nothing is committed: the merges of earlier commits come up to an hour later.
fn idle(bench: &mut Bench, seconds: u64) {
    let names = ["idle-ours", "idle-real"];
    let mut pairs = Vec::new();
    for (who, name) in [Who::Ours, Who::Real].into_iter().zip(names) {
        pairs.push(bench.start(who, name));
    }
    std::thread::sleep(CALM);
    let before = names.map(|name| bench.server.asked(name));
    let meters: Vec<Meter> = pairs.iter().map(|pair| Meter::start(pair.copier)).collect();
    std::thread::sleep(Duration::from_secs(seconds));
    let taken: Vec<Taken> = meters.iter().map(Meter::read).collect();
    let asked: Vec<Asked> = names.iter().zip(before).map(|(name, before)| bench.server.asked(name).since(before)).collect();
    let percent = |at: usize| taken[at].cpu_seconds / seconds as f64 * 100.0;
    table::print(
        &format!("idle for {seconds} s"),
        &[
            Row::at_most("requests", "", 0.0, asked[0].requests, asked[1].requests),
            Row::shown("  listings", "", asked[0].lists, asked[1].lists),
            Row::shown("processor, of one core", "%", percent(0), percent(1)),
            Row::shown(
                "memory (ours: with the writer)",
                "MB",
                taken[0].memory.resident_bytes as f64 / MB,
                taken[1].memory.resident_bytes as f64 / MB,
            ),
        ],
    );
    pairs.into_iter().for_each(Pair::end);
}

struct Large {
    /// Seconds until a snapshot was there.
    there: f64,
    asked: Asked,
    taken: Taken,
    restores: Vec<Restored>,
}

struct Restored {
    seconds: f64,
    cpu_seconds: f64,
    peak_bytes: u64,
}

fn large(bench: &mut Bench, megabytes: usize) {
    let filled = bench.path("filled.db");
    drop(Helper::start(&["fill", text(&filled), &megabytes.to_string()]));
    let size = filled.metadata().unwrap().len() as f64;
    let ours = meet(bench, Who::Ours, &format!("ours-{megabytes}"), &filled);
    let real = meet(bench, Who::Real, &format!("real-{megabytes}"), &filled);
    std::fs::remove_file(&filled).unwrap();
    let peak = |large: &Large| large.taken.memory.peak_bytes as f64 / MB;
    let mut rows = vec![
        Row::shown("snapshot there after", "s", ours.there, real.there),
        Row::at_most("uploaded, of the database's size", "×", 1.1, ours.asked.bytes_up / size, real.asked.bytes_up / size),
        Row::shown("uploaded", "MB", ours.asked.bytes_up / MB, real.asked.bytes_up / MB),
        Row::shown("processor", "s", ours.taken.cpu_seconds, real.taken.cpu_seconds),
        Row::at_most("peak of memory (ours: with the writer)", "MB", 64.0, peak(&ours), peak(&real)),
    ];
    for round in 0..RESTORES {
        let (ours, real) = (&ours.restores[round], &real.restores[round]);
        rows.push(Row::at_most_real(&format!("restore {}", round + 1), "s", ours.seconds, real.seconds));
        rows.push(Row::shown("  processor", "s", ours.cpu_seconds, real.cpu_seconds));
        rows.push(Row::shown("  peak of memory", "MB", ours.peak_bytes as f64 / MB, real.peak_bytes as f64 / MB));
    }
    table::print(&format!("a database of {:.0} MB, the first {} s", size / MB, FIRST.as_secs()), &rows);
}

fn meet(bench: &mut Bench, who: Who, name: &str, filled: &Path) -> Large {
    let database = bench.path(&format!("{name}.db"));
    std::fs::copy(filled, &database).unwrap();
    let watch = Stopwatch::start();
    let mut pair = bench.start(who, name);
    let meter = Meter::start(pair.copier);
    let folder = bench.server.folder.join(name);
    let mut there = None;
    while there.is_none() || watch.elapsed() < FIRST {
        pair.commit(1, 4, &bench.path("times"));
        let has_snapshot = lag::levels(&folder).iter().any(|(level, files, _)| level == "0009" && *files > 0);
        there = there.or(has_snapshot.then(|| watch.elapsed().as_secs_f64()));
        assert!(watch.elapsed() < 10 * FIRST, "{name}: no snapshot yet");
    }
    std::thread::sleep(SETTLE);
    let taken = meter.read();
    println!("{name}: {:?}", lag::levels(&folder));
    let asked = bench.server.asked(name);
    pair.end();
    let restores = (0..RESTORES).map(|_| restore(bench, who, name, &database)).collect();
    Large { there: there.unwrap_or_default(), asked, taken, restores }
}

fn restore(bench: &Bench, who: Who, name: &str, database: &Path) -> Restored {
    let (out, url) = (bench.path("restored.db"), bench.server.url(name));
    let mut command = match who {
        Who::Ours | Who::Nobody => {
            let mut command = this();
            command.args(["restore", &url, text(&out)]).stdout(Stdio::null());
            command
        }
        Who::Real => real::restore(&url, &out),
    };
    let restored = run_to_end(&mut command);
    let (wanted, size) = (database.metadata().unwrap().len(), out.metadata().unwrap().len());
    assert!(size >= wanted.min(size) && size > wanted / 2, "{name}: {size} of {wanted} bytes were restored");
    std::fs::remove_file(out).unwrap();
    restored
}

fn run_to_end(command: &mut Command) -> Restored {
    let watch = Stopwatch::start();
    let mut child = command.spawn().unwrap();
    let mut peak_bytes = 0;
    let (ended, cpu_seconds) = loop {
        peak_bytes = peak_bytes.max(measure::memory(child.id()).peak_bytes);
        // Of a process that has ended and was not waited for yet, all of it.
        let cpu_seconds = Usage::read(child.id()).cpu_seconds;
        if let Some(ended) = child.try_wait().unwrap() {
            break (ended, cpu_seconds);
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let seconds = watch.elapsed().as_secs_f64();
    assert!(ended.success(), "{command:?}: {ended}");
    Restored { seconds, cpu_seconds, peak_bytes }
}
