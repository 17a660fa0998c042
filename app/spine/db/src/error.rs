//! SQLite's errors as the house's kinds, each with the statement that met it.

use kernel::{Error, Kind};
use rusqlite::ErrorCode;
use rusqlite::ffi;

pub(crate) const DISK_SENTENCE: &str = "The disk does not take any more data. Free some space, then try again; nothing was half-written.";

/// `sql` is shortened: its first words name the place well enough, and no value stands in it.
pub(crate) fn query_error(sql: &str, source: rusqlite::Error) -> Error {
    let extended = source.sqlite_error().map(|error| error.extended_code);
    let error = match (source.sqlite_error_code(), extended) {
        (_, Some(ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY)) => {
            Error::conflict("This exists already; please choose another name.")
        }
        (_, Some(ffi::SQLITE_CONSTRAINT_FOREIGNKEY)) => Error::conflict("Something else still refers to this."),
        (Some(ErrorCode::DiskFull | ErrorCode::ReadOnly | ErrorCode::SystemIoFailure), _) => Error::unavailable(DISK_SENTENCE),
        (Some(ErrorCode::CannotOpen | ErrorCode::OutOfMemory | ErrorCode::FileLockingProtocolFailed), _) => {
            Error::unavailable("The machine gives the database too little memory or too few open files. Please try again in a moment.")
        }
        (Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase), _) => {
            Error::unavailable("The database file is damaged. Restore it from a copy; nothing that is in it is given up meanwhile.")
        }
        (Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked), _) => {
            Error::unavailable("The database is busy with another program's write. Please try again in a moment.")
        }
        _ => Error::new(Kind::Internal, format!("running `{}`", first_words(sql))),
    };
    error.because(source)
}

fn first_words(sql: &str) -> String {
    let flat: Vec<&str> = sql.split_whitespace().take(12).collect();
    flat.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever gives up a piece of data because it cannot be stored must know that it is not the data's fault.
    #[test]
    fn what_the_machine_or_the_file_lacks_is_no_fault_of_the_statement() {
        let kind = |code| query_error("select 1", rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)).kind;
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_IOERR, ffi::SQLITE_CANTOPEN, ffi::SQLITE_NOMEM, ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB]
        {
            assert_eq!(kind(code), Kind::Unavailable, "{code}");
        }
        assert_eq!((kind(ffi::SQLITE_CONSTRAINT), kind(ffi::SQLITE_ERROR)), (Kind::Internal, Kind::Internal));
    }
}
