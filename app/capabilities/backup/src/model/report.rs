//! What a drill found: [`Report`], the text that is signed; and how rows and pages are compared.

use kernel::Time;
use kernel::ids::DrillId;
use serde::{Deserialize, Serialize};

/// One rehearsal, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drill {
    pub id: DrillId,
    pub file: String,
    pub destination: String,
    pub outcome: Outcome,
    pub asked_by: String,
    pub asked_at: Time,
    pub ended_at: Option<Time>,
    /// One sentence; empty while it is not over.
    pub summary: String,
    /// As it was signed; empty while it is not over.
    pub report: String,
    pub signature: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Asked,
    Running,
    Passed,
    Failed,
}

impl Outcome {
    pub const ALL: [Outcome; 4] = [Outcome::Asked, Outcome::Running, Outcome::Passed, Outcome::Failed];

    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Asked => "asked",
            Outcome::Running => "running",
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
        }
    }

    pub fn parse(text: &str) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Report {
    pub drill: i64,
    pub instance: String,
    pub version: String,
    pub file: String,
    pub destination: String,
    pub started_at: Time,
    pub ended_at: Time,
    /// The transaction that was restored and compared. `None`, here and below: it did not come so far.
    pub txid: Option<u64>,
    pub page_size: u32,
    pub pages: Option<u64>,
    /// Pages that are not what the live file had at that transaction.
    pub differing_pages: u64,
    pub first_differing: Vec<u32>,
    pub tables: Vec<TableRows>,
    pub integrity: Option<Vec<String>>,
    pub sentinel: String,
    pub has_sentinel: Option<bool>,
    /// From the sentinel's commit to its arrival: what would have been lost.
    pub lag_ms: Option<u64>,
    /// From the first request to the file on disk.
    pub restore_ms: Option<u64>,
    pub fetched_files: u64,
    pub fetched_bytes: u64,
    /// Objects that were led around, each with what is wrong.
    pub damaged: Vec<String>,
    /// What makes it fail, one sentence each.
    pub problems: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableRows {
    pub table: String,
    pub live: Option<u64>,
    pub restored: Option<u64>,
}

impl Report {
    pub fn has_passed(&self) -> bool {
        self.problems.is_empty()
    }

    /// Draws its conclusions from what was measured.
    pub fn conclude(&mut self) {
        for finding in self.integrity.iter().flatten().take(5) {
            self.problems.push(format!("The restored file is not sound: {finding}."));
        }
        if self.differing_pages > 0 {
            let first: Vec<String> = self.first_differing.iter().map(ToString::to_string).collect();
            let (count, pages) = (self.differing_pages, self.pages.unwrap_or(0));
            self.problems.push(format!("{count} of {pages} pages are not what the live file had (first: {}).", first.join(", ")));
        }
        for table in self.tables.iter().filter(|table| table.live != table.restored).take(5) {
            let rows = |count: Option<u64>| count.map_or("no such table".to_owned(), |count| format!("{count} rows"));
            let (live, restored) = (rows(table.live), rows(table.restored));
            self.problems.push(format!("The table {} had {live} and has {restored} in the copy.", table.table));
        }
        if self.has_sentinel == Some(false) {
            self.problems.push("The row that the drill had written before is not in the copy.".to_owned());
        }
    }

    pub fn summary(&self) -> String {
        match self.problems.first() {
            Some(problem) => problem.clone(),
            None => format!("{} pages and {} tables are the same as in the live file.", self.pages.unwrap_or(0), self.tables.len()),
        }
    }
}

/// Both sides by name; both are in order.
pub fn compare_rows(live: Vec<(String, u64)>, restored: Vec<(String, u64)>) -> Vec<TableRows> {
    let mut tables: std::collections::BTreeMap<String, (Option<u64>, Option<u64>)> = std::collections::BTreeMap::new();
    for (table, rows) in live {
        tables.entry(table).or_default().0 = Some(rows);
    }
    for (table, rows) in restored {
        tables.entry(table).or_default().1 = Some(rows);
    }
    tables.into_iter().map(|(table, (live, restored))| TableRows { table, live, restored }).collect()
}

/// Bytes that must be free for a restore of this size, so that the instance itself is left room.
pub fn needed_room(bytes: u64) -> u64 {
    bytes.saturating_add(bytes / 10).saturating_add(256 << 20)
}
