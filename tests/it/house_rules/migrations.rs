//! Migrations: tables belong to the folder they stand in, point only at their own or at identity, and never change.

use std::collections::BTreeMap;
use std::fmt::Write;

use regex::Regex;
use ring::digest::{SHA256, digest};

use super::code::{TextFile, expect_none, files, root};

const LOCK: &str = "tests/it/migrations.lock";

fn migrations() -> Vec<TextFile> {
    files().into_iter().filter(|file| file.path.ends_with(".sql") && file.path.contains("migrations")).collect()
}

/// The crate a migration belongs to: the folder after app/spine/ or app/capabilities/.
fn owner(file: &TextFile) -> String {
    file.path.split('/').nth(2).unwrap_or_default().to_owned()
}

/// The statements without comments, in one lower-case line each.
fn statements(text: &str) -> Vec<String> {
    let bare: String = text.lines().map(|line| line.split("--").next().unwrap_or("")).collect::<Vec<_>>().join(" ");
    bare.split(';')
        .map(|statement| statement.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|statement| !statement.is_empty())
        .collect()
}

fn captures(text: &str, pattern: &str) -> Vec<String> {
    let pattern = Regex::new(pattern).unwrap_or_else(|error| panic!("{error}"));
    pattern.captures_iter(text).filter_map(|found| found.get(1)).map(|name| name.as_str().to_owned()).collect()
}

/// A check of every statement of every migration.
fn offences(check: impl Fn(&str, &str) -> Option<String>) -> Vec<String> {
    let mut found = Vec::new();
    for file in migrations() {
        let owner = owner(&file);
        found.extend(
            statements(&file.text)
                .iter()
                .filter_map(|statement| check(&owner, statement))
                .map(|offence| format!("{}: {offence}", file.path)),
        );
    }
    found
}

#[test]
fn tables_carry_the_name_of_their_crate() {
    let offences = offences(|owner, statement| {
        let names = captures(statement, r"(?i)^create (?:virtual )?table (?:if not exists )?(\w+)");
        names.into_iter().find(|name| !name.starts_with(&format!("{owner}_")))
    });
    expect_none("These tables do not say whose they are:", "Name a table <crate>_<plural>.", &offences);
}

#[test]
fn tables_are_strict() {
    let strict = Regex::new(r"(?i)\)[^()]*\bstrict\b[^()]*$").unwrap_or_else(|error| panic!("{error}"));
    let offences = offences(|_, statement| {
        let is_table = statement.to_lowercase().starts_with("create table");
        (is_table && !strict.is_match(statement)).then(|| statement.chars().take(60).collect())
    });
    expect_none("SQLite checks the types of STRICT tables only:", "End the statement with `) strict`.", &offences);
}

#[test]
fn indexes_say_their_table_and_columns() {
    let name = Regex::new(r"(?i)^create (?:unique )?index (?:if not exists )?(\w+) on (\w+)").unwrap_or_else(|error| panic!("{error}"));
    let offences = offences(|_, statement| {
        let found = name.captures(statement)?;
        (!found[1].starts_with(&format!("{}_by_", &found[2]))).then(|| format!("{} on {}", &found[1], &found[2]))
    });
    expect_none("These indexes do not say what they serve:", "Name an index <table>_by_<columns>.", &offences);
}

#[test]
fn foreign_keys_stay_at_home_or_point_at_identity() {
    let offences = offences(|owner, statement| {
        let tables = captures(statement, r"(?i)\breferences (\w+)");
        tables.into_iter().find(|table| !table.starts_with(&format!("{owner}_")) && !table.starts_with("identity_"))
    });
    expect_none(
        "These foreign keys tie capabilities together:",
        "Hold the id without `references`, and listen to the fact that says it is gone.",
        &offences,
    );
}

#[test]
fn no_column_is_named_status() {
    let offences = offences(|_, statement| {
        let is_column = !captures(statement, r"(?i)[(,] ?(status) (?:text|integer|any)").is_empty()
            || !captures(statement, r"(?i)add column (status)\b").is_empty();
        is_column.then(|| statement.chars().take(60).collect())
    });
    expect_none("`status` means too much to be a column:", "Say state; an HTTP status is a code.", &offences);
}

#[test]
fn keywords_are_lower_case() {
    let loud = Regex::new(r"\b(CREATE|TABLE|INDEX|INSERT|SELECT|UPDATE|DELETE|NOT NULL|PRIMARY KEY|REFERENCES|STRICT)\b")
        .unwrap_or_else(|error| panic!("{error}"));
    let offences = offences(|_, statement| loud.find(statement).map(|found| found.as_str().to_owned()));
    expect_none("SQL is written in lower case here:", "Write the keywords in lower case.", &offences);
}

#[test]
fn migration_files_are_numbered_without_gaps() {
    let mut by_folder: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in migrations() {
        let folder = file.path.strip_suffix(file.name()).unwrap_or_default().to_owned();
        by_folder.entry(folder).or_default().push(file.name().to_owned());
    }
    let mut found = Vec::new();
    for (folder, names) in by_folder {
        // A folder may hold the files of both databases, each with its own row of numbers: at most two of a number.
        let mut numbers: Vec<&str> = names.iter().map(|name| name.get(..5).unwrap_or_default()).collect();
        let most = numbers.iter().map(|number| numbers.iter().filter(|other| other == &number).count()).max().unwrap_or(0);
        numbers.dedup();
        let wanted: Vec<String> = (1..=numbers.len()).map(|number| format!("{number:04}_")).collect();
        if numbers != wanted || most > 2 {
            found.push(format!("{folder}: {}", names.join(", ")));
        }
    }
    expect_none("Migrations run in the order of their numbers:", "Number them 0001, 0002, … within their folder.", &found);
}

/// With MIGRATIONS_LOCK=extend (`tests/run lock`) new files are added; a changed one fails all the same.
#[test]
fn a_migration_never_changes_once_it_is_locked() {
    let path = root().join(LOCK);
    let lock = std::fs::read_to_string(&path).unwrap_or_default();
    let mut locked: BTreeMap<String, String> =
        lock.lines().filter_map(|line| line.split_once("  ")).map(|(hash, file)| (file.to_owned(), hash.to_owned())).collect();
    let present: BTreeMap<String, String> = migrations().into_iter().map(|file| (file.path.clone(), hash(&file.text))).collect();
    let changed: Vec<String> = locked
        .iter()
        .filter(|(file, hash)| present.get(*file) != Some(*hash))
        .map(|(file, _)| if present.contains_key(file) { format!("{file} was changed") } else { format!("{file} is gone") })
        .collect();
    expect_none(
        "Databases out there have run these files as they were:",
        "Undo the change and write a new migration. (Never released? Delete its line from tests/it/migrations.lock and run tests/run lock.)",
        &changed,
    );
    let new: Vec<String> = present.keys().filter(|file| !locked.contains_key(*file)).cloned().collect();
    #[expect(clippy::disallowed_methods, reason = "the switch of `tests/run lock`; there is no config in a test")]
    let extends = std::env::var("MIGRATIONS_LOCK").is_ok_and(|value| value == "extend");
    if extends {
        locked.extend(present);
        let text = locked.iter().fold(String::new(), |mut text, (file, hash)| {
            let _ = writeln!(text, "{hash}  {file}");
            text
        });
        std::fs::write(&path, text).unwrap_or_else(|error| panic!("{LOCK}: {error}"));
        return;
    }
    expect_none("These migrations are not locked yet:", "Run tests/run lock and commit tests/it/migrations.lock with them.", &new);
}

fn hash(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
