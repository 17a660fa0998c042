//! SQL of the status page, one file per noun. Reading functions take a reader, writing ones a transaction; nothing here decides.

pub mod components;
pub mod exports;
pub mod logo;
pub mod maintenances;
pub mod notices;
pub mod reports;
pub mod subscribers;
pub mod templates;

use std::str::FromStr;

/// A column that holds one of a closed set of words.
fn word<T: FromStr<Err = kernel::Error>>(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    text.parse()
        .map_err(|error: kernel::Error| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error)))
}
