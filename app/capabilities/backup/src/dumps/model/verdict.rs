//! Whether what a command wrote can be a whole dump: by how it ended, by its size, by its last words.

use super::{Check, Kind, size};

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

/// Text dumps say at their end that they are whole. `None` for kinds that do not.
pub fn ending(kind: Kind, tail: &[u8]) -> Option<Check> {
    let text = String::from_utf8_lossy(tail);
    let last = text.trim_end().lines().last().unwrap_or_default().trim();
    let (is_whole, wanted) = match kind {
        Kind::Mysql => (last.starts_with("-- Dump completed"), "-- Dump completed"),
        Kind::Sqlite => (last == "COMMIT;", "COMMIT;"),
        Kind::Postgresql | Kind::Command => return None,
    };
    Some(match is_whole {
        true => Check::ok("Ending", format!("It ends with “{wanted}”.")),
        false => Check::failed("Ending", format!("It does not end with “{wanted}”, as a whole dump does: it was cut off.")),
    })
}
