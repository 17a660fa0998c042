//! What backup promises, one sentence each.

mod doors;
mod drills;
mod dumps;
mod dumps_doors;
mod dumps_keys;
mod dumps_postgres;
mod dumps_rules;
mod dumps_runs;
mod dumps_sqlite;
mod dumps_trouble;
mod durable;
mod house;
mod watching;
