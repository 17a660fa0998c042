//! Whether what a command wrote can be a whole dump: by how it ended, by its size, by its last words.

use super::{Check, Kind, command, size};

/// How the command ended.
pub fn exit(code: Option<i32>) -> Check {
    match code {
        Some(0) => Check::ok("Exit code", "0"),
        Some(code) => Check::failed("Exit code", format!("The command ended with exit code {code}; its last words are in the log.")),
        None => Check::failed("Exit code", "The command was ended by a signal; its last words are in the log."),
    }
}

pub fn is_not_empty(raw: u64) -> Check {
    if raw == 0 {
        return Check::failed("Size", "The command wrote nothing to its standard output.");
    }
    Check::ok("Size", size(raw))
}

/// Against the last good one. Growth is only remarked upon: more data is no loss.
pub fn compared(raw: u64, last_good: Option<u64>, factor: u32) -> Check {
    let factor = u64::from(factor.max(1));
    match last_good {
        Some(last) if raw.saturating_mul(factor) < last => Check::failed(
            "Size compared",
            format!(
                "It shrank from {} to {}, to less than 1/{factor} of the last good one. If that is right, accept it.",
                size(last),
                size(raw)
            ),
        ),
        Some(last) if raw / factor > last => {
            Check::ok("Size compared", format!("It grew from {} to {}, more than {factor} times.", size(last), size(raw)))
        }
        Some(last) => Check::ok("Size compared", format!("{}; the last good one had {}.", size(raw), size(last))),
        None => Check::ok("Size compared", "There is no earlier good one to compare with."),
    }
}

/// Text dumps say at their end that they are whole. `None` for those that do not.
pub fn ending(kind: Kind, words: &[String], tail: &[u8]) -> Option<Check> {
    let text = String::from_utf8_lossy(tail);
    let last = text.trim_end().lines().last().unwrap_or_default().trim();
    let (is_whole, wanted) = match kind {
        // Since 2025 another line may follow.
        Kind::Postgresql if command::is_plain_text(words) => {
            let wanted = match command::is_of_cluster(words) {
                true => "-- PostgreSQL database cluster dump complete",
                false => "-- PostgreSQL database dump complete",
            };
            (text.lines().any(|line| line.trim_end() == wanted), wanted)
        }
        Kind::Mysql => (last.starts_with("-- Dump completed"), "-- Dump completed"),
        Kind::Sqlite => (last == "COMMIT;", "COMMIT;"),
        Kind::Postgresql | Kind::Command => return None,
    };
    // `sqlite3` ends with 0 all the same, and says why in what it dumps.
    if let Some(error) =
        text.lines().find_map(|line| line.trim().strip_prefix("/**** ERROR: ")).filter(|_| kind == Kind::Sqlite && !is_whole)
    {
        let said = error.trim_end_matches(['*', '/', ' ']);
        let note = format!(
            "sqlite3 gave up: {said}. A file in WAL mode that no program has open is read only by an account that may write beside it."
        );
        return Some(Check::failed("Ending", note));
    }
    Some(match is_whole {
        true => Check::ok("Ending", format!("It ends with “{wanted}”.")),
        false => Check::failed("Ending", format!("It does not end with “{wanted}”, as a whole dump does: it was cut off.")),
    })
}
