//! Whole lifetimes on a frozen clock: seconds to months of commits, merges and deletions, machines that die and are restored,
//! older states that go on, a second destination that is away for hours. What the windows promise is there at every moment.
//!
//! - [`World`]: two destinations, the machine of the moment, and the [`Moment`]s it went through
//! - [`World::settle`]: until nothing is left to do at this time

use kernel::time::{DAY, HOUR, MINUTE, SECOND, Stopwatch};
use kernel::{Clock, Time};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::address::S3Options;
use crate::capture::seal_restored;
use crate::engine::{Destination, Options, Replica, StartOptions};
use crate::files::{Listing, SNAPSHOT_LEVEL, Span};
use crate::lease::Owner;
use crate::levels::{Windows, expired};
use crate::queue::{Next, next_fresh, next_merged};
use crate::restore::{self, RestoreError, Restored, Wanted};
use crate::source::Source;
use crate::store::Store;
use crate::tests::support::{Dice, Writer, digest_file, insert, seeds};

const LONG: Duration = Duration::from_secs(20);
const START: Time = Time(1_700_000_000_000);

// HERMETIC_SEEDS is the number of seeds of a part.

#[test]
fn every_promised_moment_of_a_long_life_comes_back_part_one() {
    lifetimes(0);
}

#[test]
fn every_promised_moment_of_a_long_life_comes_back_part_two() {
    lifetimes(1_000_000);
}

#[test]
fn every_promised_moment_of_a_long_life_comes_back_part_three() {
    lifetimes(2_000_000);
}

#[test]
fn every_promised_moment_of_a_long_life_comes_back_part_four() {
    lifetimes(3_000_000);
}

fn lifetimes(start: u64) {
    for seed in 1..=seeds(5) {
        lifetime(start + seed);
    }
}

fn lifetime(seed: u64) {
    let mut world = World::new(seed);
    for _ in 0..30 {
        match world.dice.roll(16) {
            0..=3 => world.burst(),
            4..=6 => world.pass(MINUTE, 90),
            7 | 8 => world.pass(HOUR, 30),
            9 => world.pass(DAY, 40),
            10 => world.restart(),
            11 => world.lose_the_machine(),
            12 => world.go_back(),
            13 => world.toggle_far(),
            14 => world.check_latest(),
            _ => world.check_some_moment(),
        }
    }
    world.set_far_away(false);
    world.settle();
    world.check_latest();
    for _ in 0..3 {
        world.check_some_moment();
    }
    world.check_far();
}

/// A state that was at the first destination.
#[derive(Debug, Clone)]
struct Moment {
    txid: u64,
    at: Time,
    digest: String,
}

struct World {
    seed: u64,
    dice: Dice,
    clock: Clock,
    home: tempfile::TempDir,
    is_far_away: bool,
    machines: u32,
    writer: Arc<Writer>,
    life: Option<Life>,
    moments: Vec<Moment>,
}

struct Life {
    runtime: Runtime,
    replica: Replica,
}

impl World {
    fn new(seed: u64) -> World {
        let home = tempfile::tempdir().unwrap();
        let first = home.path().join("machine-1");
        std::fs::create_dir(&first).unwrap();
        let writer = Arc::new(Writer::open(&first.join("app.db"), ""));
        writer.run("create table notes (id integer primary key, text text)");
        let dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let clock = Clock::frozen(START);
        let mut world = World { seed, dice, clock, home, is_far_away: false, machines: 1, writer, life: None, moments: Vec::new() };
        world.start();
        world
    }

    fn machine(&self) -> PathBuf {
        self.home.path().join(format!("machine-{}", self.machines))
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn store(&self, name: &str) -> Store {
        Store::open(&self.folder(name).to_str().unwrap().parse().unwrap(), &S3Options::default()).unwrap()
    }

    fn life(&self) -> &Life {
        self.life.as_ref().unwrap()
    }

    /// Begins to copy on the present machine, and is done when its state is at the first destination.
    fn start(&mut self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let to = |name: &str| Destination { name: name.to_owned(), store: self.store(name), is_append_only: false };
        let options = Options {
            idle: Duration::from_millis(1),
            gather: Duration::from_millis(1),
            retry: Duration::from_millis(5),
            checkpoint_bytes: 100_000,
            ..Options::default()
        };
        let start = StartOptions {
            source: Arc::clone(&self.writer) as Arc<dyn Source>,
            spool: self.machine().join("spool"),
            destinations: vec![to("near"), to("far")],
            owner: Owner { id: format!("machine {}", self.machines), host: "a host".to_owned() },
            options,
            clock: self.clock.clone(),
            shutdown: CancellationToken::new(),
        };
        let replica = runtime.block_on(async { Replica::start(start).unwrap() });
        self.life = Some(Life { runtime, replica });
        self.settle();
        self.note();
    }

    /// At once, in the middle of whatever it does.
    fn kill(&mut self) {
        if let Some(life) = self.life.take() {
            drop(life.replica);
            life.runtime.shutdown_timeout(LONG);
        }
    }

    /// A few commits, some within the same half minute.
    fn burst(&mut self) {
        for _ in 0..2 + self.dice.roll(8) {
            self.clock.advance(SECOND * self.dice.roll(40) as u32);
            self.commit();
            self.life().runtime.block_on(self.life().replica.reached(LONG)).unwrap();
            self.note();
        }
        if self.dice.roll(2) == 0 {
            self.settle();
        }
    }

    fn commit(&mut self) {
        self.writer.set_empties(self.dice.roll(2) == 0);
        match self.dice.roll(5) {
            0 => self.writer.run("delete from notes where id % 3 = 1"),
            1 => self.writer.run("update notes set text = text || 'x' where id % 4 = 0"),
            _ => self.writer.run(&insert(1 + self.dice.roll(8) as u32, 50 + self.dice.roll(900) as u32)),
        }
    }

    fn note(&mut self) {
        let spool = self.life().replica.capture().spool().clone();
        let newest = spool.listing().level(0).next_back().copied();
        if let Some(newest) = newest.filter(|newest| self.moments.last().is_none_or(|last| last.txid < newest.span.max)) {
            self.moments.push(Moment { txid: newest.span.max, at: newest.at, digest: self.writer.digest() });
        }
    }

    fn pass(&mut self, unit: Duration, most: u64) {
        let until = self.clock.now() + unit * (1 + self.dice.roll(most)) as u32 + Duration::from_millis(self.dice.roll(3) * 999);
        // What runs all the while merges when it is due, not all of it after days.
        for step in [SECOND * 30, MINUTE * 5, HOUR] {
            let next = self.clock.now() + step;
            if next < until {
                self.clock.set(next);
                self.settle();
            }
        }
        self.clock.set(until);
        self.settle();
        if self.dice.roll(2) == 0 {
            self.burst();
        }
    }

    /// Until all that is due now is done at each destination that can be reached.
    fn settle(&mut self) {
        let (life, seed) = (self.life(), self.seed);
        let names: &[&str] = if self.is_far_away { &["near"] } else { &["near", "far"] };
        let sweeping = Stopwatch::start();
        let settled = async {
            while names.iter().any(|name| life.replica.look(name, |_| ()).is_none()) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            // A destination that knew more than this machine asks for a whole copy, and nothing else says when that was made.
            life.replica.capture().run(&*self.writer, self.writer.known(), self.clock.now()).unwrap();
            life.replica.reached(LONG).await.unwrap();
            // The second time for what the first one's uploads made due.
            for _ in 0..2 {
                life.replica.tend_now().await;
                while !names.iter().all(|name| life.is_settled(name, self.clock.now(), &sweeping)) {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        };
        let settled = life.runtime.block_on(async { tokio::time::timeout(LONG, settled).await });
        settled.unwrap_or_else(|_| panic!("seed {seed}: never settled; {:#?}", life.replica.status()));
    }

    fn restart(&mut self) {
        if self.dice.roll(2) == 0 {
            self.commit();
        }
        self.kill();
        self.clock.advance(SECOND * self.dice.roll(100) as u32);
        self.start();
    }

    /// The newest state on a new machine; what had not left the old one is lost.
    fn lose_the_machine(&mut self) {
        if self.dice.roll(2) == 0 {
            self.burst();
        }
        let acknowledged = self.moments.last().unwrap().txid;
        self.kill();
        let restored = self.move_to(Wanted::Latest);
        assert!(restored.txid >= acknowledged, "seed {}: {restored:?}, {acknowledged} was acknowledged", self.seed);
        self.start();
    }

    /// An older state on a new machine, which goes on behind the newest transaction.
    fn go_back(&mut self) {
        let Some(older) = self.promised().into_iter().rev().nth(self.dice.roll(4) as usize) else { return };
        self.kill();
        self.move_to(Wanted::At(older.at));
        self.start();
    }

    fn move_to(&mut self, wanted: Wanted) -> Restored {
        // The dead machine's lease runs out.
        self.clock.advance(SECOND * (61 + self.dice.roll(300) as u32));
        self.machines += 1;
        std::fs::create_dir(self.machine()).unwrap();
        let database = self.machine().join("app.db");
        let restored = self.restore("near", wanted, &database).unwrap_or_else(|error| self.fail(wanted, &error));
        self.assert_is_known(&restored, &database);
        seal_restored(&database, &self.machine().join("spool"), &restored).unwrap();
        self.writer = Arc::new(Writer::open(&database, ""));
        restored
    }

    fn toggle_far(&mut self) {
        self.set_far_away(!self.is_far_away);
        if !self.is_far_away {
            self.check_far();
        }
    }

    /// A file lies where its folder was.
    fn set_far_away(&mut self, is_away: bool) {
        if self.is_far_away == is_away {
            return;
        }
        self.is_far_away = is_away;
        let (there, aside) = (self.folder("far"), self.folder("far-aside"));
        if is_away {
            std::fs::rename(&there, &aside).unwrap();
            std::fs::write(&there, "").unwrap();
        } else {
            std::fs::remove_file(&there).unwrap();
            std::fs::rename(&aside, &there).unwrap();
        }
    }

    fn check_far(&mut self) {
        if self.is_far_away {
            return;
        }
        // A destination that is behind when a machine is restored gets what it misses with the next commit.
        self.burst();
        self.settle();
        self.check_that_newest("far");
    }

    fn check_latest(&mut self) {
        self.settle();
        self.check_that_newest("near");
    }

    fn check_that_newest(&mut self, place: &str) {
        let out = self.folder("out.db");
        let restored = self.restore(place, Wanted::Latest, &out).unwrap_or_else(|error| self.fail(place, &error));
        assert_eq!(digest_file(&out), self.writer.digest(), "seed {}, {place}: {restored:?}", self.seed);
        std::fs::remove_file(out).unwrap();
    }

    /// Any time since the beginning: what comes is the last state before it that must still be there, or a later one.
    fn check_some_moment(&mut self) {
        self.settle();
        // A destination that came back and was not known again had everything copied once more.
        self.note();
        let chosen = self.dice.roll(self.moments.len() as u64) as usize;
        let at = self.moments[chosen].at + Duration::from_millis(self.dice.roll(3) * 7_000);
        let newest = self.moments.iter().rposition(|moment| moment.at <= at).unwrap();
        let promised = self.promised().into_iter().rfind(|moment| moment.at <= at);
        let out = self.folder("out.db");
        match self.restore("near", Wanted::At(at), &out) {
            Ok(restored) => {
                self.assert_is_known(&restored, &out);
                assert!(restored.txid <= self.moments[newest].txid, "seed {}: {restored:?} is of after {at}", self.seed);
                let least = promised.as_ref().map_or(0, |moment| moment.txid);
                assert!(restored.txid >= least, "seed {}, {at}: {restored:?}, promised was {promised:?}", self.seed);
                std::fs::remove_file(out).unwrap();
            }
            Err(RestoreError::TooEarly(_)) if promised.is_none() => {}
            Err(error) => self.fail((at, promised), &error),
        }
    }

    /// Moments that the windows keep: each for an hour; then the last of each half minute, five minutes, hour.
    fn promised(&self) -> Vec<Moment> {
        let windows = Windows::default();
        let now = self.clock.now();
        let is_promised = |(moment, next): &(&Moment, Option<&Moment>)| {
            let age = now.since(moment.at);
            let grain = match age {
                age if age <= windows.transactions => return true,
                age if age <= windows.half_minutes => SECOND * 30,
                age if age <= windows.five_minutes => MINUTE * 5,
                age if age <= windows.hours => HOUR,
                _ => return false,
            };
            let stretch = |at: Time| at.0.div_euclid(grain.as_millis() as i64);
            next.is_none_or(|next| stretch(next.at) != stretch(moment.at))
        };
        let with_next = self.moments.iter().enumerate().map(|(index, moment)| (moment, self.moments.get(index + 1)));
        with_next.filter(is_promised).map(|(moment, _)| moment.clone()).collect()
    }

    fn restore(&self, place: &str, wanted: Wanted, out: &Path) -> Result<Restored, RestoreError> {
        let store = self.store(place);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let survey = restore::survey(&store).await?;
            let plan = survey.plan(&store, wanted).await?;
            restore::run(&store, &survey, plan, out, &|_| ()).await
        })
    }

    /// What was restored is the state that was recorded under its number; one that was never recorded was not acknowledged.
    fn assert_is_known(&self, restored: &Restored, database: &Path) {
        let digest = digest_file(database);
        if let Some(moment) = self.moments.iter().find(|moment| moment.txid == restored.txid) {
            assert_eq!(digest, moment.digest, "seed {}: {restored:?}", self.seed);
        }
        assert_eq!(restored.damaged, Vec::<String>::new(), "seed {}", self.seed);
    }

    fn fail(&self, what: impl std::fmt::Debug, error: &RestoreError) -> ! {
        panic!("seed {}: {what:?} at {}: {error}", self.seed, self.clock.now());
    }
}

impl Life {
    fn is_settled(&self, name: &str, now: Time, sweeping: &Stopwatch) -> bool {
        let local = self.replica.capture().spool().listing().clone();
        let is_settled = |remote: &Listing| {
            let waits_for_copy =
                remote.level_max(SNAPSHOT_LEVEL) == 0 && remote.level(0).next().is_none_or(|first| first.span == Span { min: 1, max: 1 });
            // A lane sweeps once a minute at most, so what was swept just now may have to wait.
            let is_swept = expired(remote, &Windows::default(), now).is_empty() || sweeping.elapsed() > Duration::from_millis(100);
            next_fresh(&local, remote, 0) == Next::Nothing && next_merged(&local, remote).is_none() && !waits_for_copy && is_swept
        };
        self.replica.look(name, is_settled).unwrap_or(false)
    }
}
