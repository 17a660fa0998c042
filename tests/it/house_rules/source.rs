//! What Rust source may and may not say.

use regex::Regex;

use super::code::{TextFile, block, expect_none, lines_where, rust_files};

const LONGEST_FILE: usize = 800;
const LONGEST_FUNCTION: usize = 120;

fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap_or_else(|error| panic!("{error}"))
}

/// Lines of shipped source (no comments, no strings) outside `exempt` that match.
fn shipped_lines(matching: &str, exempt: impl Fn(&TextFile) -> bool) -> Vec<String> {
    let matching = pattern(matching);
    rust_files()
        .iter()
        .filter(|file| !file.is_test_code() && !exempt(file))
        .flat_map(|file| lines_where(&file.path, &file.code(), |line| matching.is_match(line)))
        .collect()
}

fn is_store(file: &TextFile) -> bool {
    file.name() == "store.rs" || file.path.contains("/store/") || file.path.starts_with("app/spine/db/")
}

#[test]
fn every_file_opens_with_its_promise() {
    let offences: Vec<String> = rust_files()
        .iter()
        .filter(|file| !file.is_test_code() || file.path.starts_with("tests/"))
        .filter(|file| !file.text.starts_with("//!"))
        .map(|file| file.path.clone())
        .collect();
    expect_none(
        "These files do not say what they are for:",
        "Start the file with `//!`: one sentence of promise, then its nouns.",
        &offences,
    );
}

#[test]
fn files_stay_short() {
    let offences: Vec<String> = rust_files()
        .iter()
        .map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(file, lines)| format!("{}: {lines} lines", file.path))
        .collect();
    expect_none("These files are too long:", "A file past 400 lines becomes a folder of the same name; 800 is the end.", &offences);
}

#[test]
fn functions_stay_short() {
    let head = pattern(r"\bfn\s+(\w+)");
    let mut offences = Vec::new();
    for file in rust_files() {
        let code = file.all_code();
        for found in head.captures_iter(&code) {
            let (Some(whole), Some(name)) = (found.get(0), found.get(1)) else { continue };
            let rest = &code[whole.end()..];
            let Some(open) = rest.find(['{', ';']).filter(|place| rest.as_bytes()[*place] == b'{') else { continue };
            let (lines, _) = block(&code, whole.end() + open);
            if lines > LONGEST_FUNCTION {
                let line = code[..whole.start()].matches('\n').count() + 1;
                offences.push(format!("{}:{line}: fn {} has {lines} lines", file.path, name.as_str()));
            }
        }
    }
    expect_none("These functions are too long:", "Nine in ten stay under 60 lines; 120 is the end. Name the parts.", &offences);
}

#[test]
fn sql_lives_in_store_files() {
    let offences = shipped_lines(r"\brusqlite\b", is_store);
    expect_none(
        "rusqlite is named outside a store:",
        "SQL and row mapping belong into store.rs (or a file in the folder store/) of the crate that owns the table.",
        &offences,
    );
}

#[test]
fn store_files_hold_all_statements() {
    let statement = pattern(
        r#"(?i)["\s(](select\s[\w\s.,()*'"=]+?\sfrom\s+\w+_\w+|insert\s+(or\s+\w+\s+)?into\s+\w+|update\s+\w+_\w+\s+set\s|delete\s+from\s+\w+)"#,
    );
    let offences: Vec<String> = rust_files()
        .iter()
        .filter(|file| file.path.starts_with("app/") && !file.is_test_code() && !is_store(file))
        .flat_map(|file| lines_where(&file.path, &file.code_with_strings(), |line| statement.is_match(line)))
        .collect();
    expect_none("SQL stands outside a store:", "Move the statement into store.rs of the crate that owns the table.", &offences);
}

#[test]
fn only_the_binary_reads_environment_and_arguments() {
    let offences =
        shipped_lines(r"\benv::(var|vars|var_os|vars_os|args|args_os|set_var|remove_var)\b", |file| file.path.starts_with("app/src/"));
    expect_none(
        "Environment or arguments are read below the binary:",
        "Read it in app/src/config.rs and pass it down through Boot.",
        &offences,
    );
}

#[test]
fn only_the_kernel_reads_clocks() {
    let reading = pattern(r"\b(SystemTime|Instant|Timestamp|Zoned|OffsetDateTime|Utc|Local)::now\b");
    let offences: Vec<String> = rust_files()
        .iter()
        .filter(|file| file.path != "app/spine/kernel/src/time.rs")
        .flat_map(|file| lines_where(&file.path, &file.all_code(), |line| reading.is_match(line)))
        .collect();
    expect_none(
        "A clock is read outside kernel::time:",
        "Take `now: Time` as an argument, or measure spans with kernel::time::Stopwatch.",
        &offences,
    );
}

#[test]
fn only_the_kernel_draws_random_numbers() {
    let offences = shipped_lines(r"\b(thread_rng|rand::rng|SystemRandom|OsRng|getrandom|fastrand)\b", |file| {
        file.path == "app/spine/kernel/src/rng.rs" || file.path == "app/spine/kernel/src/secret.rs"
    });
    expect_none("Randomness is drawn outside kernel::rng:", "Call kernel::rng.", &offences);
}

#[test]
fn elements_that_do_not_escape_stand_only_in_raw() {
    let tag = pattern(r"<(textarea|title|script|style|noscript)\b|\binner_html\b");
    let text = pattern(r"(?i)<(textarea|script|noscript)\b");
    let mut offences = Vec::new();
    for file in rust_files().iter().filter(|file| !file.is_test_code() && file.path != "frontend/src/raw.rs") {
        offences.extend(lines_where(&file.path, &file.code(), |line| tag.is_match(line)));
        offences.extend(lines_where(&file.path, &file.code_with_strings(), |line| text.is_match(line)));
    }
    offences.sort();
    offences.dedup();
    expect_none(
        "Leptos 0.8 does not escape the children of these elements:",
        "Use the parts in frontend/src/raw.rs, the one file that may write them.",
        &offences,
    );
}

#[test]
fn banned_words_are_not_types() {
    let banned = pattern(r"\b(struct|enum|type|trait|union)\s+(Session|User|Account|Segment|Event)\b");
    let mut offences = Vec::new();
    for file in rust_files() {
        // An error occurrence sent by an SDK is the one Event; its payload has the one User.
        if file.path.starts_with("app/capabilities/errors/") || file.path.starts_with("app/spine/ingest/") {
            continue;
        }
        offences.extend(lines_where(&file.path, &file.all_code(), |line| banned.is_match(line)));
    }
    expect_none(
        "These words mean four things each:",
        "Say Login, Member, Contact, Customer, Audience, Chunk or Fact: the naming table has the noun.",
        &offences,
    );
}

#[test]
fn nothing_is_left_for_later() {
    let later = pattern(&[r"\b(TO", r"DO|FIX", r"ME|X", r"XX)\b|\b(to", r"do|unimple", r"mented|d", r"bg)!"].concat());
    let mut offences = Vec::new();
    for file in super::code::files() {
        let is_source = [".rs", ".ts", ".mjs", ".js", ".css", ".sql", ".toml"].iter().any(|ending| file.path.ends_with(ending))
            || file.path == "tests/run";
        if is_source {
            offences.extend(lines_where(&file.path, &file.text, |line| later.is_match(line)));
        }
    }
    expect_none("Something was left for later:", "Do it, or open an issue and describe the gap there.", &offences);
}

#[test]
fn no_test_is_switched_off() {
    let ignored = pattern(r"#\[\s*ignore\b");
    let offences: Vec<String> =
        rust_files().iter().flat_map(|file| lines_where(&file.path, &file.all_code(), |line| ignored.is_match(line))).collect();
    expect_none("These tests never run:", "Mend the test or delete it; a slow one gets a section of its own in tests/run.", &offences);
}

#[test]
fn lints_are_expected_with_a_reason() {
    let silenced = pattern(r"#!?\[\s*allow\(|#!?\[\s*expect\([^\]]*\)\]");
    let mut offences = Vec::new();
    for file in rust_files() {
        offences.extend(lines_where(&file.path, &file.all_code(), |line| silenced.is_match(line) && !line.contains("reason =")));
    }
    expect_none("Lints are silenced without a word:", "Write #[expect(lint, reason = \"the fact that forces it\")].", &offences);
}

#[test]
fn a_select_lists_its_columns() {
    let star = pattern(r"(?i)\bselect\s+(distinct\s+)?(\w+\.)?\*");
    let offences: Vec<String> = super::code::files()
        .iter()
        .filter(|file| (file.path.starts_with("app/") && file.is_rust() && !file.is_test_code()) || file.path.ends_with(".sql"))
        .flat_map(|file| lines_where(&file.path, &file.text, |line| star.is_match(line)))
        .collect();
    expect_none("These statements take whatever is there:", "List the columns: a new one then cannot shift the old ones.", &offences);
}
