//! 1,000 issues and 1,000,000 events, made by copying rows while nobody serves them: sending so many takes a quarter of an hour.

use rusqlite::{Connection, params};
use std::path::Path;
use tests::table::{self, Row};

use crate::ours::Ours;

const ISSUES: i64 = 1_000;
const EVENTS: i64 = 1_000_000;

pub async fn run(ours: Ours) {
    let stopped = ours.stop().await;
    let data = stopped.folder.path().join("data");
    let generations = issues(&data);
    events(&data, generations);
    let ours = stopped.start().await;
    let issues = ours.number("hermetic.db", "select count(*) from errors_issues");
    let events = ours.number("telemetry.db", "select count(*) from errors_events");
    let pages = ours.pages().await;
    let found = ours.time("/errors?q=total").await;
    let tagged = ours.time("/errors?q=environment:staging").await;
    table::print(
        &format!("{issues} issues, {events} events, ours alone"),
        &[
            Row::at_most("issue list", "ms", 20.0, pages.list.ms, 0.0),
            Row::at_most("issue list, HTML", "kB", 100.0, pages.list.bytes / 1e3, 0.0),
            Row::at_most("issue list, free text", "ms", 20.0, found.ms, 0.0),
            Row::at_most("issue list, by a tag", "ms", 20.0, tagged.ms, 0.0),
            Row::at_most("event page", "ms", 10.0, pages.event.ms, 0.0),
        ],
    );
}

/// Doubles the issues with their hashes and what hangs on them. A copied hash is the first one plus the number of the generation.
fn issues(data: &Path) -> i64 {
    let connection = Connection::open(data.join("hermetic.db")).unwrap();
    let max = |table: &str| connection.query_row(&format!("select max(id) from {table}"), [], |row| row.get::<_, i64>(0)).unwrap();
    let (first_issues, first_hashes) = (max("errors_issues"), max("errors_hashes"));
    let mut generation = 0;
    while connection.query_row("select count(*) from errors_issues", [], |row| row.get::<_, i64>(0)).unwrap() < ISSUES {
        generation += 1;
        let (issue, hash) = (first_issues * generation, first_hashes * generation);
        copy(&connection, "errors_issues", &[("id", format!("id + {issue}"))], &format!("id <= {first_issues}"));
        let hashes =
            [("id", format!("id + {hash}")), ("issue_id", format!("issue_id + {issue}")), ("hash", format!("hash + {generation}"))];
        copy(&connection, "errors_hashes", &hashes, &format!("id <= {first_hashes}"));
        for table in ["errors_hours", "errors_days", "errors_tags", "errors_releases", "errors_users"] {
            copy(&connection, table, &[("hash_id", format!("hash_id + {hash}"))], &format!("hash_id <= {first_hashes}"));
        }
    }
    generation
}

fn events(data: &Path, generations: i64) {
    let connection = Connection::open(data.join("telemetry.db")).unwrap();
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let (span, count) = (number("select max(id) from ingest_items"), number("select count(*) from errors_events"));
    for round in 1..=(EVENTS / count) {
        let by = span * round;
        connection.execute_batch("begin").unwrap();
        let items = [("id", format!("id + {by}")), ("event_id", "randomblob(16)".to_owned())];
        copy(&connection, "ingest_items", &items, &format!("id <= {span} and kind = 1"));
        let rows = [("item_id", format!("item_id + {by}")), ("hash", format!("hash + {}", round % (generations + 1)))];
        copy(&connection, "errors_events", &rows, &format!("item_id <= {span}"));
        connection.execute_batch("commit").unwrap();
    }
    // They were digested as those that they are copies of: nobody is to begin with them while pages are timed.
    let last = number("select max(id) from ingest_items");
    let state = Connection::open(data.join("hermetic.db")).unwrap();
    state.execute("update ingest_cursors set item_id = ?", [last]).unwrap();
}

/// Copies the rows of a table with some columns computed.
fn copy(connection: &Connection, table: &str, computed: &[(&str, String)], rows: &str) {
    let mut named = connection.prepare("select name from pragma_table_info(?)").unwrap();
    let columns: Vec<String> = named.query_map(params![table], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let values: Vec<&str> = columns
        .iter()
        .map(|column| computed.iter().find(|(name, _)| name == column).map_or(column.as_str(), |(_, value)| value.as_str()))
        .collect();
    connection
        .execute(&format!("insert into {table} ({}) select {} from {table} where {rows}", columns.join(", "), values.join(", ")), [])
        .unwrap();
}
