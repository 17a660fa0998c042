//! What a dump is, and what is decided about it: no SQL, no clock, no await.
//!
//! - [`Draft`]: what a person says of it; [`Secrets`]: what is sealed; [`Dump`]: with its state; [`Run`]: one time it ran
//! - [`command`]: a line becomes an argument list, a connection URL becomes environment; [`validate`]: the draft, checked
//! - [`schedule`]: when it runs, when it is overdue; [`rotation`]: which dumps may go; [`verdict`]: whether a size can be right

pub mod command;
pub mod rotation;
pub mod schedule;
pub mod validate;
pub mod verdict;

use std::collections::BTreeMap;

use kernel::Time;
use kernel::ids::DumpId;
use serde::{Deserialize, Serialize};

/// What is dumped, and therefore how it is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    #[default]
    Postgresql,
    Mysql,
    Sqlite,
    Command,
}

/// For whom a dump is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    /// The instance's own key.
    #[default]
    Instance,
    /// A key whose secret half is not here.
    Recipient,
    Passphrase,
    None,
}

/// A dump as a person writes it; also the API's and the file's form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Draft {
    pub key: String,
    pub name: String,
    pub kind: Kind,
    pub command: String,
    /// A destination by its name; empty for the only one there is.
    pub place: String,
    /// Either this, on full hours of UTC …
    pub every_hours: Option<u32>,
    /// … or this, in the instance's zone.
    pub cron: String,
    pub time_limit_minutes: u32,
    pub grace_minutes: u32,
    /// Of the file inside: `dump`, `sql`. Empty for the kind's own.
    pub extension: String,
    pub encryption: Encryption,
    pub recipient: String,
    /// A dump that is so many times smaller than the last good one is doubted.
    pub size_factor: u32,
    pub keep_last: u32,
    pub keep_daily: u32,
    pub keep_weekly: u32,
    pub keep_monthly: u32,
    /// Gets the dump on its standard input after each upload; ends with 0 when it could be restored.
    pub restore_command: String,
    pub paused: bool,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            key: String::new(),
            name: String::new(),
            kind: Kind::default(),
            command: String::new(),
            place: String::new(),
            every_hours: None,
            cron: String::new(),
            time_limit_minutes: 120,
            grace_minutes: 60,
            extension: String::new(),
            encryption: Encryption::default(),
            recipient: String::new(),
            size_factor: 2,
            keep_last: 3,
            keep_daily: 7,
            keep_weekly: 4,
            keep_monthly: 6,
            restore_command: String::new(),
            paused: false,
        }
    }
}

/// Sealed at rest as one JSON text.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Secrets {
    /// How PostgreSQL is reached.
    pub url: String,
    /// A server on which a database may be made, restored into and dropped.
    pub scratch_url: String,
    pub passphrase: String,
    pub environment: BTreeMap<String, String>,
    /// There are some, sealed with a key file that is gone: they count as unset and must be entered again.
    #[serde(skip)]
    pub is_lost: bool,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("•••")
    }
}

/// A stored dump and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Dump {
    pub id: DumpId,
    pub draft: Draft,
    pub next_at: Option<Time>,
    pub due_at: Option<Time>,
    pub wanted_at: Option<Time>,
    pub wanted_by: String,
    pub trouble: Option<Trouble>,
    pub is_lost: bool,
    pub created_at: Time,
    pub changed_at: Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trouble {
    pub kind: TroubleKind,
    pub since: Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    Failed,
    Missed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Running,
    Good,
    Failed,
    /// It is there and whole, but so much smaller than the last one that a person should look.
    Doubtful,
    /// The server stopped meanwhile.
    Interrupted,
}

/// One thing that was proven, or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub name: String,
    pub is_ok: bool,
    pub note: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub id: i64,
    pub dump: DumpId,
    /// `schedule`, `retry`, `restart`, or who asked for it.
    pub started_by: String,
    pub started_at: Time,
    pub ended_at: Option<Time>,
    pub outcome: Outcome,
    pub result: RunResult,
    pub place: String,
    pub encryption: Encryption,
    /// The age recipient whose key opens it; empty where none does.
    pub recipient: String,
    /// The key of an upload that did not end: nobody knows whether there is an object.
    pub leftover: Option<String>,
    pub removed_at: Option<Time>,
}

/// What a run came to, as it is written down at its end.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunResult {
    pub raw_bytes: u64,
    pub stored_bytes: u64,
    pub exit_code: Option<i32>,
    pub checks: Vec<Check>,
    /// A sentence; empty when all went well.
    pub problem: String,
    /// The end of what the command wrote to its standard error.
    pub log: String,
    pub object_key: Option<String>,
    pub sha256: String,
}

impl Run {
    /// It can be fetched.
    pub fn object(&self) -> Option<&str> {
        if self.removed_at.is_some() { None } else { self.result.object_key.as_deref() }
    }
}

impl Dump {
    /// It failed once and is tried again before anybody is told.
    pub fn is_retrying(&self) -> bool {
        self.wanted_at.is_some() && self.wanted_by == schedule::RETRY
    }

    /// A good one is there, and nothing speaks against it. `last`: of the runs that came to a verdict.
    pub fn is_well(&self, last: Option<Outcome>) -> bool {
        self.trouble.is_none() && last == Some(Outcome::Good)
    }
}

impl Draft {
    pub fn extension(&self) -> &str {
        match (self.extension.as_str(), self.kind) {
            ("", Kind::Postgresql) => "dump",
            ("", Kind::Mysql | Kind::Sqlite) => "sql",
            ("", Kind::Command) => "bin",
            (own, _) => own,
        }
    }
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Postgresql, Kind::Mysql, Kind::Sqlite, Kind::Command];

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Postgresql => "postgresql",
            Kind::Mysql => "mysql",
            Kind::Sqlite => "sqlite",
            Kind::Command => "command",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Kind::Postgresql => "PostgreSQL",
            Kind::Mysql => "MySQL or MariaDB",
            Kind::Sqlite => "SQLite file",
            Kind::Command => "Any command",
        }
    }

    /// What a new dump of this kind starts with.
    pub fn preset(self) -> &'static str {
        match self {
            Kind::Postgresql => "pg_dump --format=custom --no-password",
            Kind::Mysql => "mysqldump --single-transaction --quick --routines --events --user=backup mydatabase",
            Kind::Sqlite => "sqlite3 -readonly /srv/app/app.db .dump",
            Kind::Command => "",
        }
    }

    pub fn parse(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl Encryption {
    pub const ALL: [Encryption; 4] = [Encryption::Instance, Encryption::Recipient, Encryption::Passphrase, Encryption::None];

    pub fn as_str(self) -> &'static str {
        match self {
            Encryption::Instance => "instance",
            Encryption::Recipient => "recipient",
            Encryption::Passphrase => "passphrase",
            Encryption::None => "none",
        }
    }

    pub fn parse(text: &str) -> Option<Encryption> {
        Encryption::ALL.into_iter().find(|one| one.as_str() == text)
    }

    /// What is encrypted for somebody else cannot be proven beyond its bytes.
    pub fn can_be_opened_here(self) -> bool {
        self != Encryption::Recipient
    }
}

impl TroubleKind {
    pub fn as_str(self) -> &'static str {
        match self {
            TroubleKind::Failed => "failed",
            TroubleKind::Missed => "missed",
        }
    }
}

impl Outcome {
    pub const ALL: [Outcome; 5] = [Outcome::Running, Outcome::Good, Outcome::Failed, Outcome::Doubtful, Outcome::Interrupted];

    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Running => "running",
            Outcome::Good => "good",
            Outcome::Failed => "failed",
            Outcome::Doubtful => "doubtful",
            Outcome::Interrupted => "interrupted",
        }
    }

    pub fn parse(text: &str) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

impl Secrets {
    /// What a program may have written into its log and nobody should read there: passwords both as typed and as they are meant.
    pub fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = self.environment.values().cloned().collect();
        for url in [&self.url, &self.scratch_url] {
            words.push(url.clone());
            words.extend(command::passwords(url));
        }
        words.push(self.passphrase.clone());
        words.retain(|word| word.len() >= 6);
        // The longest first, or a part would hide the whole.
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        words
    }
}

impl Check {
    pub fn ok(name: &str, note: impl Into<String>) -> Check {
        Check { name: name.to_owned(), is_ok: true, note: note.into() }
    }

    pub fn failed(name: &str, note: impl Into<String>) -> Check {
        Check { name: name.to_owned(), is_ok: false, note: note.into() }
    }
}

/// `1.4 MB`, by thousands, as the sizes of objects are billed.
pub fn size(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1_000.0 && unit + 1 < units.len() {
        value /= 1_000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", units[unit]) }
}
